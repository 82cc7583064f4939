"""Threads: limits of others hold, ours are lifted again, items come back in order."""

import threading

import numpy as np
import pytest
from conftest import make_problem
from threadpoolctl import threadpool_limits

from sk_shallow import Activation, ShallowNetClassifier
from sk_shallow._threads import in_turn, n_blas_threads, run

TWO = pytest.mark.skipif(n_blas_threads() < 2, reason="BLAS has one thread here")


def test_limits_of_others_hold():
    with threadpool_limits(1, user_api="blas"):
        assert n_blas_threads() == 1
        assert run(lambda map_items: map_items, parallel=True) is in_turn
        assert n_blas_threads() == 1


@TWO
def test_limits_that_others_set_in_another_thread_have_effect_after_a_fit():
    # threadpoolctl obeys one thread at a time: ours must let go.
    run(lambda map_items: None, parallel=False)
    found = []

    def limited():
        with threadpool_limits(1, user_api="blas"):
            found.append(n_blas_threads())

    thread = threading.Thread(target=limited)
    thread.start()
    thread.join(10)
    assert found == [1]


@TWO
def test_the_last_to_leave_lifts_the_limit():
    before = n_blas_threads()
    inside, may_leave, found = threading.Event(), threading.Event(), []

    def first(map_items):
        inside.set()
        may_leave.wait(10)

    def second(map_items):
        may_leave.set()
        thread.join(10)
        found.append(n_blas_threads())

    thread = threading.Thread(target=run, args=(first,), kwargs={"parallel": False})
    thread.start()
    assert inside.wait(10)
    run(second, parallel=True)
    assert found == [1]
    assert n_blas_threads() == before


def test_the_limit_is_lifted_after_a_failed_fit():
    before = n_blas_threads()
    X, y = make_problem("binary")

    def fail(Z):
        assert n_blas_threads() == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ShallowNetClassifier(3, activation=Activation(fail, np.cos)).fit(X, y)
    assert n_blas_threads() == before


@TWO
def test_items_are_spread_over_threads_and_come_back_in_order():
    both_at_work = threading.Barrier(2, timeout=10)

    def square(i):
        both_at_work.wait()
        return i**2, threading.get_ident()

    results = run(lambda map_items: map_items(square, range(20)), parallel=True)
    assert [value for value, _ in results] == [i**2 for i in range(20)]
    assert len({thread for _, thread in results}) == 2


@TWO
def test_the_first_error_ends_the_others_work():
    done = []

    def work(i):
        if i == 0:
            raise StopIteration("first")
        done.append(i)

    with pytest.raises(StopIteration, match="first"):
        run(lambda map_items: map_items(work, range(10_000)), parallel=True)
    assert len(done) < 9_999


def test_overflow_is_silent_inside_alone():
    before = np.geterr()
    assert run(lambda map_items: np.exp(np.array([1e3])), parallel=False) == np.inf
    assert np.geterr() == before
