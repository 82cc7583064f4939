"""Threads: limits of others hold, and ours are lifted again."""

import threading

import numpy as np
import pytest
from conftest import make_problem
from threadpoolctl import threadpool_limits

from sk_shallow import Activation, ShallowNetClassifier
from sk_shallow._threads import n_blas_threads, one_blas_thread


def test_limits_of_others_hold():
    with threadpool_limits(1, user_api="blas"):
        assert n_blas_threads() == 1


def test_the_last_to_leave_lifts_the_limit():
    before = n_blas_threads()
    first_inside, first_may_leave = threading.Event(), threading.Event()

    def first():
        with one_blas_thread():
            first_inside.set()
            first_may_leave.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert first_inside.wait(10)
    with one_blas_thread():
        first_may_leave.set()
        thread.join(10)
        assert n_blas_threads() == 1
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
