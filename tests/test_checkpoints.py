"""A process that is killed in the middle of a fit, and another one that goes on to the same bits."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import joblib
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_breast_cancer, load_digits

from sk_shallow import ShallowNetClassifier

pytest.importorskip("sklearn.callback")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WAYS = [
    {},
    {"tol": 0.0, "max_iter": 70},
    {"learning_rate": 0.3, "momentum": 0.9, "l2_regularization": 1.0, "max_iter": 60},
    {"solver": "adam", "batch_size": 100, "max_iter": 30},
    {"standardize": False, "learning_rate": 1e-3, "max_iter": 60},
]


class Checkpoint:
    """Stores the network of every few iterations."""

    def __init__(self, path, every=5):
        self.path, self.every = path, every

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "iteration" and context.task_id % self.every == 0:
            joblib.dump(fitted_estimator, f"{self.path}.new")
            os.replace(f"{self.path}.new", self.path)


class KilledAt(Checkpoint):
    """Also kills the process in an iteration."""

    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "iteration" and context.task_id == 13:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a kill that cannot be caught")
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_killed_fit_goes_on_to_the_same_bits(way, tmp_path):
    code = (
        "import sys; from test_checkpoints import *; path, way = sys.argv[1], eval(sys.argv[2]);"
        "clf = ShallowNetClassifier(16, random_state=0, **way).set_callbacks(KilledAt(path));"
        "clf.fit(*load_digits(return_X_y=True))"
    )
    path = tmp_path / "network.joblib"
    command = [sys.executable, "-W", "ignore", "-c", code, str(path), repr(way)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    ended = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()

    X, y = load_digits(return_X_y=True)
    expected = ShallowNetClassifier(16, random_state=0, **way).fit(X, y)
    network = joblib.load(path)
    assert network.n_iter_ == 11
    assert network.stop_reason_ == "callback"
    network.set_params(warm_start=True, max_iter=network.max_iter - network.n_iter_).fit(X, y)
    assert network.n_iter_ + 11 == expected.n_iter_
    assert network.stop_reason_ == expected.stop_reason_
    for name in ("hidden_coef_", "hidden_intercept_", "output_coef_", "output_intercept_"):
        assert_array_equal(getattr(network, name), getattr(expected, name))
    assert network.loss_curve_ == expected.loss_curve_[11:]


def test_a_sequence_of_warm_starts_is_one_fit_to_the_bit():
    X, y = load_digits(return_X_y=True)
    one = ShallowNetClassifier(8, max_iter=126, random_state=0).fit(X, y)
    several = ShallowNetClassifier(8, max_iter=7, random_state=0, warm_start=True)
    curve = []
    while len(curve) < one.n_iter_:
        curve += several.fit(X, y).loss_curve_[:-1]
    assert [*curve, several.loss_] == one.loss_curve_
    assert several.stop_reason_ == one.stop_reason_
    assert_array_equal(several.hidden_coef_, one.hidden_coef_)


def test_a_sequence_of_single_iterations_settles_where_one_fit_does():
    X, y = load_breast_cancer(return_X_y=True)
    one = ShallowNetClassifier(6, momentum=0.5, random_state=0).fit(X, y)
    several = ShallowNetClassifier(6, momentum=0.5, max_iter=1, random_state=0, warm_start=True)
    for _ in range(one.n_iter_):
        several.fit(X, y)
    assert_array_equal(several.hidden_coef_, one.hidden_coef_)
    assert several.stop_reason_ == one.stop_reason_


def test_a_network_that_is_changed_goes_on_from_what_it_is():
    X, y = load_digits(return_X_y=True)
    clf = ShallowNetClassifier(8, max_iter=7, random_state=0, warm_start=True).fit(X, y)
    clf.output_coef_ = 0.5 * clf.output_coef_
    changed = clf.predict_proba(X)
    clf.set_params(max_iter=1, learning_rate=1e-300).fit(X, y)
    assert abs(clf.predict_proba(X) - changed).max() < 1e-12
