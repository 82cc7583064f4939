"""Bad input: a clear error, and a fitted estimator that stays as it was. Good input of every kind."""

import copy

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from conftest import make_problem, textbook
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import DataConversionWarning, NotFittedError

from sk_shallow import Activation, ShallowNetClassifier

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
]

X, Y = make_problem("multiclass", n=30, d=3, k=3)
FRAME = pd.DataFrame(X, columns=["a", "b", "c"])


def with_value(value, dtype=float):
    changed = X.astype(dtype)
    changed[2, 1] = value
    return changed


@pytest.fixture
def fitted():
    """A fitted network and a check that it is still what it was."""
    clf = ShallowNetClassifier(3, max_iter=3, random_state=0).fit(FRAME, Y)
    before = copy.deepcopy(vars(clf))
    yield clf
    assert vars(clf).keys() == before.keys()
    for name, value in before.items():
        if isinstance(value, np.ndarray):
            assert_array_equal(getattr(clf, name), value)
        elif isinstance(value, (int, float, str, list, bool)) and name not in PARAMETERS:
            assert getattr(clf, name) == value
    assert np.isfinite(clf.predict_proba(FRAME)).all()


PARAMETERS = ShallowNetClassifier().get_params()
DATES = np.array(["2024-01-01"] * 30, dtype="datetime64[D]")

BAD_X = {
    "nan": (with_value(np.nan), "X contains NaN"),
    "inf": (with_value(np.inf), "X contains infinity"),
    "complex": (X.astype(complex), "Complex data not supported.*X.real"),
    "strings": (X.astype(str), "array of strings.*OneHotEncoder"),
    "list of strings": (X.astype(str).tolist(), "array of strings"),
    "object strings": (X.astype(str).astype(object), "array of strings"),
    "dates": (np.c_[DATES, DATES, DATES], "array of dates.*reference date"),
    "pandas text": (FRAME.assign(b="u"), r"columns that do not: 'b' \(strings\).*OneHotEncoder"),
    "pandas dates": (FRAME.assign(c=pd.Timestamp("2024-01-01")), r"'c' \(dates\)"),
    "pandas categories": (FRAME.assign(a=pd.Categorical(["u"] * 30)), r"'a' \(strings\)"),
    "polars text": (pl.DataFrame({"a": X[:, 0], "b": ["u"] * 30, "c": X[:, 2]}), r"'b' \(strings\)"),
    "no rows": (X[:0], "0 sample"),
    "one row": (X[:1], "1 sample.*minimum of 2"),
    "no columns": (X[:, :0], "0 feature"),
    "1-D": (X[:, 0], "(?s)Expected 2D array, got 1D array.*[Rr]eshape"),
    "3-D": (np.stack([X, X]), "dim 3"),
    "ragged": ([[1, 2, 3], *[[3, 4]] * 29], "X is ragged.*row 1 holds 2 values, row 0 holds 3"),
    "one text among objects": (with_value("a", object), r"X must hold real numbers.*first 'a' in row 2, column 1"),
    "one dict among objects": (with_value({}, object), r"must hold real numbers.*first \{\} in row 2, column 1"),
    "one complex among objects": (with_value(1j, object), "Complex data not supported: X.*1j in row 2, column 1"),
    "a string": ("rows.csv", "X is the string 'rows.csv'.*read_csv"),
}


@pytest.mark.parametrize("name", BAD_X)
def test_bad_X_is_refused(fitted, name):  # noqa: N802
    bad, message = BAD_X[name]
    rows = len(bad)
    with pytest.raises((ValueError, TypeError), match=message):
        fitted.fit(bad, Y[:rows])
    if name not in ("no rows", "one row"):
        with pytest.raises((ValueError, TypeError), match=r"X|feature|dim|D array"):
            fitted.predict(bad)


BAD_Y = {
    "nan": (np.where(Y == 0, np.nan, Y), "y contains NaN or another missing label.*first in row"),
    "none": ([None, *["u"] * 29], "missing label.*row 0"),
    "pandas NA": (pd.array([1, pd.NA, *[2] * 28], dtype="Int64"), "missing label.*row 1"),
    "infinite": (np.where(Y == 0, np.inf, Y), "y contains infinity"),
    "mixed list": (["u", 1, *["v"] * 28], r"mixes text, 'u' in row 0, with int, 1 in row 1.*astype\(str\)"),
    "mixed array": (np.array([1, "u", *[2] * 28], dtype=object), "mixes text"),
    "continuous": (X[:, 0], "Unknown label type: continuous"),
    "multioutput": (np.c_[Y, Y], "several labels a row.*MultiLabelBinarizer"),
    "indicator of -1 and 1": (np.where(X > 0, 1, -1), "must hold 0 and 1, got"),
    "too short": (Y[:-1], "inconsistent numbers of samples"),
    "none at all": (None, "requires y to be passed, but the target y is None"),
    "scalar": (1, "scalar"),
    "ragged": ([[0, 1], [1]] * 15, "y is ragged.*row 1 holds 1 values, row 0 holds 2.*MultiLabelBinarizer"),
    "complex": (Y * 1j, "Complex data not supported: y"),
    "complex list": ([1j, *[0] * 29], "Complex data not supported: y"),
}


@pytest.mark.parametrize("name", BAD_Y)
def test_bad_y_is_refused(fitted, name):
    bad, message = BAD_Y[name]
    with pytest.raises(ValueError, match=message):
        fitted.fit(X, bad)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (-np.ones(30), "Negative values in data passed to `sample_weight`"),
        (np.full(30, np.nan), "sample_weight contains NaN"),
        (np.zeros(30), "zero"),
        (np.ones(29), r"sample_weight.shape == \(29,\), expected \(30,\)"),
        (np.ones((30, 2)), "Sample weights must be 1D"),
        ("balanced", "the string 'balanced'.*class_weight"),
        (["a"] * 30, r"sample_weight must hold real numbers, got an array of strings.*one weight >= 0 a row"),
        (["1.5", *[2.0] * 29], "sample_weight must hold real numbers"),
        (np.ones(30) * 1j, "Complex data not supported: sample_weight"),
        (2j, "Complex data not supported: sample_weight"),
        ([[1.0], [1.0, 2.0]] * 15, "sample_weight is ragged.*row 1 holds 2 values, row 0 holds 1"),
    ],
)
def test_bad_weights_are_refused(fitted, weights, message):
    with pytest.raises(ValueError, match=message):
        fitted.fit(X, Y, sample_weight=weights)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (FRAME[["a", "b"]], "missing"),
        (FRAME.rename(columns={"b": "z"}), "unseen at fit time:\n- z"),
        (FRAME[["b", "a", "c"]], "same order"),
        (X[:, :2], "X has 2 features, but ShallowNetClassifier is expecting 3"),
    ],
)
@pytest.mark.parametrize("method", ["predict", "predict_proba", "transform", "decision_function", "partial_fit"])
def test_other_columns_than_in_fit_are_refused(frame, message, method):
    clf = ShallowNetClassifier(3, max_iter=3).fit(FRAME, Y)
    arguments = (frame, Y) if method == "partial_fit" else (frame,)
    with pytest.raises(ValueError, match=message):
        getattr(clf, method)(*arguments)


BAD_PARAMETERS = [
    *[("hidden_width", v) for v in (0, -3, 2.5, "wide", None)],
    *[("activation", v) for v in ("step", None, np.tanh)],
    *[("solver", v) for v in ("newton", None)],
    *[("learning_rate", v) for v in (0, -1.0, np.nan, np.inf, "fast")],
    *[("momentum", v) for v in (1.0, -0.1, None)],
    *[("batch_size", v) for v in (0, 2.5, "auto")],
    *[("l2_regularization", v) for v in (-1, np.inf, np.nan, None)],
    *[("max_iter", v) for v in (0, 1.5, None)],
    *[("tol", v) for v in (-1e-9, np.inf, np.nan, None)],
    *[("standardize", v) for v in ("yes", 2, None)],
    *[("class_weight", v) for v in ("auto", [1, 2])],
    *[("warm_start", v) for v in ("yes", None)],
    *[("random_state", v) for v in (-1, "seed")],
]


@pytest.mark.parametrize(("name", "value"), BAD_PARAMETERS)
def test_bad_parameters_are_refused_by_name(fitted, name, value):
    with pytest.raises(ValueError, match=f"The '{name}' parameter of ShallowNetClassifier must be"):
        fitted.set_params(**{name: value}).fit(X, Y)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({7: 1.0}, r"labels that are not in y: \[7\]. The classes are \[0, 1, 2\]"),
        ({0: -1.0}, "finite weights >= 0"),
        ({0: "heavy"}, "finite weights >= 0"),
        ({0: 0, 1: 0, 2: 0}, "zero for every row"),
    ],
)
def test_bad_class_weights_are_refused(fitted, class_weight, message):
    with pytest.raises(ValueError, match=message):
        fitted.set_params(class_weight=class_weight).fit(X, Y)


def test_class_weight_is_not_for_multilabel_targets(fitted):
    with pytest.raises(ValueError, match="Use sample_weight instead"):
        fitted.set_params(class_weight="balanced").fit(X, (X > 0).astype(int))


@pytest.mark.parametrize(
    ("solver", "name", "value", "unset"),
    [
        ("lbfgs", "batch_size", 8, "None"),
        ("lbfgs", "learning_rate", 0.1, "'auto'"),
        ("lbfgs", "momentum", 0.5, "'auto'"),
        ("adam", "momentum", 0.5, "'auto'"),
    ],
)
def test_a_setting_that_the_solver_has_no_use_for_is_refused(fitted, solver, name, value, unset):
    message = f"{name}={value} does not go with solver='{solver}'.*{name}={unset}.*'gd'"
    with pytest.raises(ValueError, match=message):
        fitted.set_params(solver=solver, **{name: value}).fit(X, Y)


def test_integers_of_few_bits_are_parameters_like_others():
    clf = ShallowNetClassifier(np.int16(4), max_iter=np.int8(3), batch_size=np.uint8(200))
    assert clf.fit(np.tile(X, (20, 1)), np.tile(Y, 20)).hidden_coef_.shape == (4, 3)


@pytest.mark.parametrize("name", ["momentum", "l2_regularization", "solver", "hidden_width", "activation"])
def test_every_partial_fit_checks_its_parameters(name):
    clf = ShallowNetClassifier(3).partial_fit(X, Y, classes=[0, 1, 2])
    before = vars(clf).copy()
    with pytest.raises(ValueError, match=f"The '{name}' parameter of ShallowNetClassifier must be"):
        clf.set_params(**{name: -5}).partial_fit(X, Y)
    assert vars(clf.set_params(**{name: before[name]})) == before


@pytest.mark.parametrize(
    ("rows", "y", "options", "message"),
    [
        (FRAME, Y + 1, {}, r"labels \[3\] are new"),
        (FRAME, np.where(Y == 2, 1, Y), {}, r"classes \[2\] have no row"),
        (FRAME[["a", "b"]], Y, {}, "missing"),
        (FRAME, Y, {"hidden_width": 2}, "hidden_width=2 is less than the fitted network's 3"),
        (FRAME, (X > 0).astype(int), {}, "a multilabel indicator, but the network was fitted on one label"),
    ],
)
def test_warm_start_with_another_problem_is_refused(fitted, rows, y, options, message):
    with pytest.raises(ValueError, match=message):
        fitted.set_params(warm_start=True, **options).fit(rows, y)


def test_warm_start_from_multilabel_to_labels_is_refused():
    indicator = (X > 0).astype(int)
    clf = ShallowNetClassifier(3, max_iter=3, warm_start=True).fit(X, indicator)
    with pytest.raises(ValueError, match="one label a row, but the network was fitted on a multilabel"):
        clf.fit(X, Y)
    with pytest.raises(ValueError, match="2 label columns"):
        clf.fit(X, indicator[:, :2])


def test_partial_fit_refuses_unknown_classes(fitted):
    with pytest.raises(ValueError, match=r"labels \[3\] are new"):
        fitted.partial_fit(FRAME, Y + 1)
    with pytest.raises(ValueError, match="not the same as on last call"):
        fitted.partial_fit(FRAME, Y, classes=[0, 1])
    with pytest.raises(ValueError, match="'balanced' cannot be known from part"):
        fitted.set_params(class_weight="balanced").partial_fit(FRAME, Y)


def test_a_failed_first_partial_fit_leaves_nothing():
    clf = ShallowNetClassifier(3)
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        clf.partial_fit(X, Y)
    with pytest.raises(ValueError, match="are new"):
        clf.partial_fit(X, Y, classes=[0, 1])
    assert vars(clf).keys() == PARAMETERS.keys()
    with pytest.raises(NotFittedError):
        clf.predict(X)


def test_partial_fit_is_not_for_lbfgs():
    clf = ShallowNetClassifier(solver="lbfgs")
    assert not hasattr(clf, "partial_fit")
    with pytest.raises(AttributeError, match="partial_fit"):
        clf.partial_fit(X, Y, classes=[0, 1, 2])


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, StopIteration])
def test_an_interrupted_fit_changes_nothing(fitted, error):
    def interrupt(Z):
        raise error

    fitted.set_params(activation=Activation(interrupt, np.cos))
    for method in (fitted.fit, fitted.partial_fit):
        with pytest.raises(error):
            method(FRAME * 2, Y)


def test_fit_changes_none_of_its_arguments():
    for form in (np.ascontiguousarray, np.asfortranarray, sp.csr_array):
        given, y, s = form(X.copy()), Y.copy(), np.arange(30.0)
        ShallowNetClassifier(3, max_iter=3).fit(given, y, sample_weight=s)
        assert_array_equal(given.toarray() if sp.issparse(given) else given, X)
        assert_array_equal(y, Y)
        assert_array_equal(s, np.arange(30.0))


def test_a_fitted_network_does_not_see_later_changes_of_its_arguments():
    given = X.copy()
    clf = ShallowNetClassifier(3, max_iter=3, random_state=0).fit(given, Y)
    expected = clf.predict_proba(X)
    given[:] = 0
    assert_array_equal(clf.predict_proba(X), expected)


@pytest.mark.parametrize(
    "given",
    [
        X.tolist(),
        np.asfortranarray(X),
        X[::1, ::-1][:, ::-1],
        X.astype(object),
        FRAME,
        FRAME.convert_dtypes(),
        pl.DataFrame(FRAME.to_dict("list")),
        np.longdouble(X),
    ],
    ids=["list", "column-major", "strided", "object", "pandas", "nullable pandas", "polars", "longdouble"],
)
def test_every_dense_form_of_X_gives_the_same_fit(given):  # noqa: N802
    clf = ShallowNetClassifier(3, max_iter=20, random_state=0)
    expected = clf.fit(X, Y).predict_proba(X)
    assert_allclose(clf.fit(given, Y).predict_proba(given), expected, atol=1e-9)


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_matrix, sp.coo_matrix, sp.csc_array, sp.coo_array])
def test_every_sparse_form_of_X_gives_the_same_fit(form):  # noqa: N802
    clf = ShallowNetClassifier(3, max_iter=20, random_state=0)
    expected = clf.fit(sp.csr_array(X), Y).predict_proba(sp.csr_array(X))
    given = form(X)
    for method in ("predict_proba", "transform", "decision_function", "predict"):
        assert isinstance(getattr(clf.fit(given, Y), method)(given), np.ndarray)
    assert_allclose(clf.predict_proba(given), expected, atol=1e-12)
    assert_allclose(clf.predict_proba(X), expected, atol=1e-12)


@pytest.mark.parametrize("dtype", [int, np.uint8, bool, np.float16])
def test_other_real_dtypes_become_float64(dtype):
    given = (X > 0).astype(dtype)
    clf = ShallowNetClassifier(3, max_iter=3).fit(given, Y)
    assert clf.hidden_coef_.dtype == clf.predict_proba(given).dtype == np.float64


@pytest.mark.parametrize(
    "labels",
    [
        np.array([10, -3, 7]),
        np.array(["u", "vv", "w"]),
        np.array(["u", "vv", "w"], dtype=object),
        pd.Categorical(["u", "vv", "w"]),
        np.array([0.0, 1.0, 5.0]),
        pd.array([4, 5, 6], dtype="Int64"),
        pd.array(["u", "v", "w"], dtype="string"),
    ],
)
def test_labels_of_every_type_come_back(labels):
    y = labels[Y]
    clf = ShallowNetClassifier(8, max_iter=300, random_state=0, **textbook()).fit(X, y)
    assert_array_equal(clf.classes_, np.unique(np.asarray(labels)))
    assert set(clf.predict(X)) <= set(np.asarray(labels))
    assert clf.score(X, y) > 0.6


def test_boolean_labels_come_back():
    clf = ShallowNetClassifier(3, max_iter=30).fit(X, Y == 1)
    assert clf.predict(X).dtype == bool


def test_indicators_of_every_form_give_the_same_fit():
    indicator = (X > 0).astype(int)
    clf = ShallowNetClassifier(3, max_iter=10, random_state=0)
    expected = clf.fit(X, indicator).predict_proba(X)
    for form in (indicator.tolist(), sp.csr_matrix(indicator), sp.csc_array(indicator), pd.DataFrame(indicator)):
        assert_array_equal(clf.fit(X, form).predict_proba(X), expected)


def test_a_column_of_labels_warns_and_works():
    with pytest.warns(DataConversionWarning):
        ShallowNetClassifier(3, max_iter=3).fit(X, Y[:, None])
