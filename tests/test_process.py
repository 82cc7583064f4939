"""The process is as it was: after success, failure and Ctrl-C; in forks and among threads."""

import os
import signal
import subprocess
import sys
import threading
import warnings
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from conftest import make_problem
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from threadpoolctl import threadpool_limits

import sk_shallow
from sk_shallow import Activation, ShallowNetClassifier
from sk_shallow._threads import n_blas_threads

PACKAGE = str(Path(sk_shallow.__file__).parent)
X, Y = make_problem("multiclass", n=120)
LARGE, LARGE_Y = make_problem("multiclass", n=6_000, d=30)
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def process_state():
    """What a fit must leave alone."""
    return n_blas_threads(), np.geterr(), list(warnings.filters), threading.active_count()


class InterruptAt:
    """Raises KeyboardInterrupt at the n-th call or return of a frame of the package, in this thread."""

    def __init__(self, n):
        self.left = n

    def __call__(self, frame, event, argument):
        if event in ("call", "return") and frame.f_code.co_filename.startswith(PACKAGE):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt
        return

    def __enter__(self):
        self.before = sys.getprofile()
        sys.setprofile(self)

    def __exit__(self, *error):
        sys.setprofile(self.before)


CALLS = {
    "gd": lambda clf: clf.fit(X, Y),
    "lbfgs": lambda clf: clf.set_params(solver="lbfgs").fit(X, Y),
    "batches": lambda clf: clf.set_params(batch_size=50).fit(X, Y),
    "threads": lambda clf: clf.set_params(hidden_width=64).fit(LARGE, LARGE_Y),
    "partial_fit": lambda clf: clf.partial_fit(X, Y, classes=np.arange(4)),
    "predict": lambda clf: clf.predict(X),
    "predict many": lambda clf: clf.predict_proba(np.tile(LARGE, (10, 1))[:, :5]),
}


@quiet
@pytest.mark.parametrize("name", CALLS)
def test_an_interrupt_at_any_call_or_return_leaves_the_process_as_it_was(name):
    def estimator():
        clf = ShallowNetClassifier(3, max_iter=2, random_state=0)
        return clf.fit(X, Y) if name.startswith("predict") else clf

    CALLS[name](estimator())  # imports what comes late
    state, n = process_state(), 0
    while True:
        n += 1
        clf = estimator()
        before = vars(clf).copy()
        try:
            with InterruptAt(n):
                CALLS[name](clf)
        except KeyboardInterrupt:
            assert process_state() == state, n
            fitted = hasattr(clf, "hidden_coef_")
            assert fitted == hasattr(clf, "stop_reason_")
            assert fitted or vars(clf).keys() == before.keys()
        else:
            break
    assert n > 30
    assert process_state() == state


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="POSIX timers")
def test_real_interrupts_leave_the_process_as_it_was():
    code = """
import itertools, signal, sys, threading, warnings
import numpy as np
from sk_shallow import ShallowNetClassifier
from sk_shallow._threads import n_blas_threads
warnings.simplefilter("ignore")
X = np.random.RandomState(0).normal(size=(60, 4)); y = np.arange(60) % 3
clf = ShallowNetClassifier(3, max_iter=1, random_state=0).fit(X, y)
filters = list(warnings.filters)
state = lambda: (n_blas_threads(), np.geterr(), list(warnings.filters), threading.active_count())
before, hits = state(), 0
delays = np.random.RandomState(1).uniform(5e-5, 2.5e-3, size=400)
for delay in delays:
    try:
        signal.signal(signal.SIGALRM, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, delay)
        for _ in range(10):
            clf.fit(X, y); clf.predict(X)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        hits += 1
    after = state()
    assert after == before, (after, before)
assert hits > 100, hits
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@quiet
@pytest.mark.parametrize("error", [ValueError, StopIteration, KeyboardInterrupt])
@pytest.mark.parametrize("solver", ["gd", "lbfgs"])
@pytest.mark.parametrize("n", [60, 6_000])
def test_an_error_of_the_users_function_comes_through(error, solver, n):
    calls, state = [], process_state()

    def fail(Z):
        calls.append(Z.shape)
        if len(calls) == 3:
            raise error("from the activation")
        return np.tanh(Z)

    rows, labels = make_problem("binary", n=n, d=30)
    clf = ShallowNetClassifier(64, solver=solver, activation=Activation(fail, lambda Z: 1 - np.tanh(Z) ** 2))
    with pytest.raises(error, match="from the activation"):
        clf.fit(rows, labels)
    assert process_state() == state
    assert not hasattr(clf, "hidden_coef_")


@quiet
def test_an_error_in_a_prediction_comes_through_and_leaves_the_process_as_it_was():
    state = process_state()
    clf = ShallowNetClassifier(64, max_iter=2).fit(LARGE, LARGE_Y)

    def fail(Z):
        raise StopIteration("from the activation")

    clf._fitted_activation = Activation(fail, fail)
    with pytest.raises(StopIteration):
        clf.predict(np.tile(LARGE, (3, 1)))
    assert process_state() == state


@quiet
def test_a_warning_turned_into_an_error_does_not_undo_a_finished_fit():
    clf = ShallowNetClassifier(3, max_iter=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(Warning, match="max_iter"):
            clf.fit(X, Y)
    assert clf.predict(X).shape == Y.shape


def fit_bits(seed):
    """Return the parameters of a fit as bytes; to be called anywhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf = ShallowNetClassifier(20, max_iter=3, random_state=seed).fit(LARGE, LARGE_Y)
    return clf.hidden_coef_.tobytes() + clf.output_coef_.tobytes() + clf.predict_proba(LARGE).tobytes()


@quiet
def test_fits_in_threads_processes_and_forks_give_the_bits_of_serial_fits():
    serial = [fit_bits(seed) for seed in range(3)]
    assert Parallel(n_jobs=2, backend="threading")(delayed(fit_bits)(seed) for seed in range(3)) == serial
    assert Parallel(n_jobs=2, backend="loky")(delayed(fit_bits)(seed) for seed in range(3)) == serial
    if hasattr(os, "fork"):
        with get_context("fork").Pool(2) as pool:
            assert pool.map(fit_bits, range(3)) == serial


@pytest.mark.skipif(not hasattr(os, "fork"), reason="POSIX")
def test_a_child_forked_during_fits_can_fit():
    # In a process of its own: coverage has a lock that a fork may leave held.
    code = """
import os, signal, threading, warnings
import numpy as np
from sk_shallow import ShallowNetClassifier
from sk_shallow._threads import n_blas_threads
warnings.simplefilter("ignore")
X = np.random.RandomState(0).normal(size=(120, 5)); y = np.arange(120) % 4
fit = lambda: ShallowNetClassifier(3, max_iter=1, random_state=0).fit(X, y)
fit()  # what is imported late has locks of its own
limit, stop = n_blas_threads(), threading.Event()
def keep_fitting():
    while not stop.is_set():
        fit()
threads = [threading.Thread(target=keep_fitting) for _ in range(2)]
[thread.start() for thread in threads]
statuses = []
for _ in range(300):
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a child that hangs is killed by a signal
        fit()
        os._exit(0 if n_blas_threads() == limit else 3)
    statuses.append(os.waitpid(child, 0)[1])
stop.set()
[thread.join() for thread in threads]
assert set(statuses) == {0}, statuses
assert n_blas_threads() == limit
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr


@quiet
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("method", ["decision_function", "transform"])
def test_predictions_do_not_depend_on_the_number_of_threads(dtype, method):
    clf = ShallowNetClassifier(64, max_iter=2, random_state=0).fit(LARGE.astype(dtype), LARGE_Y)
    for n in (1, 7, 300, 6_000):
        results = []
        for limit in (1, 2):
            with threadpool_limits(limit, user_api="blas"):
                results.append(getattr(clf, method)(LARGE[:n].astype(dtype)))
        assert_array_equal(*results)
