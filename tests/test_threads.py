"""Threads: limits of others hold, ours are lifted again, items come back in order."""

import threading

import numpy as np
import pytest
from conftest import make_problem
from threadpoolctl import threadpool_limits

from sk_shallow import Activation, ShallowNetClassifier
from sk_shallow._threads import Threads, in_turn, n_blas_threads, run

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


def epochs(n=3_000, **parameters):
    """Return a fit in batches whose passes over all rows are worth more than one thread."""
    X, y = make_problem("multiclass", n=n, d=20)
    settings = {"solver": "adam", "batch_size": 300, "max_iter": 6, "tol": 0, "random_state": 0} | parameters
    return ShallowNetClassifier(128, **settings).fit(X, y)


@pytest.fixture
def passes_beside(monkeypatch):
    """The passes that were begun beside an epoch."""
    begun, beside = [], Threads.beside

    def counted(self, function, items):
        begun.append(len(items))
        return beside(self, function, items)

    monkeypatch.setattr(Threads, "beside", counted)
    return begun


@TWO
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "gd"])
@pytest.mark.parametrize(
    ("parameters", "reason"),
    [({}, "max_iter"), ({"tol": 0.2, "max_iter": 50}, "converged"), ({}, "diverged")],
)
def test_the_cost_found_beside_the_next_epoch_has_the_same_bits(passes_beside, solver, parameters, reason):
    rate = {"gd": 0.1, "adam": 0.003}[solver] * (1e6 if reason == "diverged" else 1)
    settings = {"solver": solver, "learning_rate": rate, "l2_regularization": 1.0} | parameters
    found = epochs(**settings)
    # None beside an epoch that is not to be, at max_iter.
    assert len(passes_beside) == found.n_iter_ + (reason != "max_iter")
    with threadpool_limits(1, user_api="blas"):
        alone = epochs(**settings)
    assert found.stop_reason_ == alone.stop_reason_ == reason
    np.testing.assert_array_equal(found.loss_curve_, alone.loss_curve_)
    np.testing.assert_array_equal(found.hidden_coef_, alone.hidden_coef_)
    assert found.grad_norm_ == alone.grad_norm_
    for fit in (found, alone):  # the solver's memory is that of the end, too
        fit.set_params(warm_start=True, max_iter=2, tol=0).fit(*make_problem("multiclass", n=3_000, d=20))
    np.testing.assert_array_equal(found.loss_curve_, alone.loss_curve_)


@TWO
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_no_epoch_is_made_in_vain_while_the_cost_is_to_change(passes_beside):
    clf = epochs(l2_regularization="auto", learning_rate=0.003, max_iter=20)
    n_before = int(np.flatnonzero(np.diff(clf.l2_regularization_curve_))[-1]) + 1
    assert 0 < len(passes_beside) <= clf.n_iter_ - n_before
    del passes_beside[:]
    X, y = make_problem("multiclass", n=3_000, d=20)
    clf.partial_fit(X, y)
    clf.set_params(early_stopping=True).fit(X, y)
    assert passes_beside == []


@TWO
@pytest.mark.parametrize("error", [ZeroDivisionError, StopIteration])
def test_an_error_beside_an_epoch_is_the_fits(passes_beside, error):
    before, n_calls = n_blas_threads(), []

    def fail(Z):
        n_calls.append(Z.shape)
        if len(n_calls) > 30 and max(Z.shape) > 300:
            raise error("of the user")
        return np.tanh(Z)

    with pytest.raises(error, match="of the user"):
        epochs(
            activation=Activation(fail, lambda Z: 1 - np.tanh(Z) ** 2), learning_rate=0.003, l2_regularization=1
        )
    assert len(passes_beside) > 1
    assert n_blas_threads() == before


@TWO
def test_what_is_done_beside_a_caller_that_fails_is_not_begun_any_more(monkeypatch):
    done, left, let_be = [], threading.Event(), Threads.let_be

    def leave(self):
        let_be(self)
        left.set()

    def work(i):
        done.append(i)
        assert left.wait(10)

    def fail(threads):
        threads.beside(work, range(1_000))
        raise ZeroDivisionError

    monkeypatch.setattr(Threads, "let_be", leave)
    with pytest.raises(ZeroDivisionError):
        run(fail, parallel=True)
    assert len(done) < n_blas_threads()
