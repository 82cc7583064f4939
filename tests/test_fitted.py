"""What a fitted network does with rows: the textbook's numbers, by blocks, in little memory."""

import pickle
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import NotFittedError

from sk_shallow import ACTIVATIONS, Activation, ShallowNetClassifier, _validation, textbook
from sk_shallow._fitted import Forward
from sk_shallow._parameters import Shape
from sk_shallow._scaling import Far
from sk_shallow._targets import Multiclass

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
CUSTOM = Activation(np.sin, np.cos, name="sine")
METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")


@pytest.mark.parametrize("activation", [*ACTIVATIONS.values(), CUSTOM], ids=lambda a: a.name)
@pytest.mark.parametrize("form", ["C", "F", "csr"])
@pytest.mark.parametrize("far", [False, True])
def test_prediction_equals_textbook(activation, form, far):
    X, _ = make_problem("multiclass", n=5000)
    shape = Shape(5, 7, 4)
    parameters = shape.views(np.random.RandomState(0).normal(size=shape.size))
    given = sp.csr_array(X) if form == "csr" else np.asarray(X, order=form)
    layers = textbook.forward(X, parameters, activation=activation, output="softmax")
    center = Far(np.arange(5.0), parameters.b1.copy(), np.zeros(7)) if far else None
    forward = Forward(parameters, activation, Multiclass(np.arange(4)), center)
    for expected, hidden in ((layers.A1, True), (layers.Z2, False)):
        out = forward.write(given, np.empty_like(expected), lambda block: block, hidden=hidden)
        assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_methods_of_an_estimator_that_is_not_fitted_say_so(method):
    with pytest.raises(NotFittedError, match="not fitted"):
        getattr(ShallowNetClassifier(), method)([[1.0]])


@pytest.mark.parametrize("h", [64, 4096])
def test_a_prediction_holds_little_besides_its_result(h):
    X = np.random.RandomState(0).normal(size=(20_000, 5))
    clf = ShallowNetClassifier(h, max_iter=1).fit(X[:50], X[:50, 0] > 0)
    clf.predict(X)
    tracemalloc.start()
    clf.predict(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 45e6


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame])
def test_the_check_of_a_wide_frame_looks_at_no_column(library, monkeypatch):
    rows = np.random.RandomState(0).normal(size=(40, 300))
    frame = library({f"c{i}": column for i, column in enumerate(rows.T)})
    clf = ShallowNetClassifier(3, max_iter=2).fit(frame, rows[:, 0] > 0)

    def looked_at(self, key):
        raise AssertionError(key)

    monkeypatch.setattr(library, "__getitem__", looked_at)
    clf.predict(frame)


def test_state_is_plain():
    def is_plain(value):
        if isinstance(value, dict):
            return all(isinstance(name, str) and is_plain(part) for name, part in value.items())
        return value is None or isinstance(value, (np.ndarray, int, float, str, bool))

    X, y = make_problem("binary")
    for options in ({"momentum": 0.5}, {"solver": "adam"}, {"batch_size": 20}, {"solver": "lbfgs"}):
        clf = ShallowNetClassifier(3, max_iter=2, random_state=0, **options).fit(X + 1e6, y)
        private = {name: value for name, value in vars(clf).items() if name.startswith("_")}
        assert private.keys() >= {"_far", "_moments", "_solver_memory", "_outputs"}
        assert all(is_plain(value) for value in private.values())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_a_pickle_of_the_version_before_predicts_and_goes_on():
    path = Path(__file__).parent / "data" / "fitted_by_1699202.pickle"
    clf, X, proba = pickle.loads(path.read_bytes())
    assert_array_equal(clf.predict(X), np.asarray(clf.classes_)[proba.argmax(axis=1)])
    assert_allclose(clf.predict_proba(X), proba, atol=1e-12)
    assert clf.fit(X, clf.predict(X)).loss_curve_[0] < 0.5 * np.log(3)


class Kin(np.ndarray):
    """An array of another class."""


def holding(value):
    changed = X_NEW.copy()
    changed[1, 2] = value
    return changed


X_NEW = np.random.RandomState(1).normal(size=(4, 5))
NEW_ROWS = {
    "float64": X_NEW,
    "float32": X_NEW.astype(np.float32),
    "column-major": np.asfortranarray(X_NEW),
    "one row": X_NEW[:1],
    "strides": np.repeat(X_NEW, 2, axis=1)[::2, ::2],
    "integers": X_NEW.astype(int),
    "big-endian": X_NEW.astype(">f8"),
    "longdouble": X_NEW.astype(np.longdouble),
    "objects": X_NEW.astype(object),
    "a list": X_NEW.tolist(),
    "a frame": pd.DataFrame(X_NEW, columns=list("abcde")),
    "a kin": X_NEW.view(Kin),
    "masked": np.ma.masked_array(X_NEW, X_NEW > 5),
    "nan": holding(np.nan),
    "inf": holding(-np.inf),
    "complex": X_NEW + 1j,
    "no rows": X_NEW[:0],
    "too narrow": X_NEW[:, 1:],
    "one dimension": X_NEW[0],
    "three dimensions": X_NEW[None],
}


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("form", NEW_ROWS)
def test_a_few_rows_are_checked_as_many_are(form, named, monkeypatch):
    X, y = make_problem("multiclass", n=30, d=5)
    clf = ShallowNetClassifier(3, max_iter=2, learning_rate=0.1, l2_regularization=1.0, random_state=0)
    clf.fit(pd.DataFrame(X, columns=list("abcde")) if named else X, y)

    def outcome():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = clf.predict_proba(NEW_ROWS[form])
                return found.dtype, found.tolist(), [str(warning.message) for warning in caught]
            except (TypeError, ValueError) as error:
                return type(error), str(error), [str(warning.message) for warning in caught]

    soon = outcome()
    monkeypatch.setattr(_validation, "_FEW_NUMBERS", 0)
    assert soon == outcome()
