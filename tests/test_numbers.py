"""Numbers of any size: a good fit where arithmetic allows one, else an error that says where."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem, textbook
from numpy.testing import assert_allclose, assert_array_equal

from sk_shallow import ShallowNetClassifier
from sk_shallow._activations import ACTIVATIONS

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
pytestmark = quiet
X, Y = make_problem("multiclass", n=200)
SOLVERS = [{"solver": "gd"}, {"solver": "lbfgs"}, {"solver": "adam"}, {"batch_size": 50}]


def error_of(call):
    """Return the message of a ValueError, None where there is none."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return None


def fitted(X, y=Y, s=None, **options):
    """Return a fitted network, and check that it is finite, as are its predictions."""
    clf = ShallowNetClassifier(5, max_iter=40, random_state=0, **textbook(**options)).fit(X, y, sample_weight=s)
    parts = clf.hidden_coef_, clf.hidden_intercept_, clf.output_coef_, clf.output_intercept_
    assert all(np.isfinite(part).all() for part in parts)
    assert np.isfinite(clf.loss_)
    assert np.isfinite(clf.predict_proba(X)).all()
    return clf


@pytest.mark.parametrize("options", SOLVERS, ids=str)
@pytest.mark.parametrize("form", ["dense", "sparse"])
@pytest.mark.parametrize("factor", [1e200, 1e300, 1e-200, 1e-300])
def test_columns_of_any_scale_give_the_same_function(options, form, factor):
    given, changed = (sp.csr_array(A) if form == "sparse" else A for A in (X, X * [1, factor, 1, 1 / factor, 1]))
    expected = fitted(given, **options).decision_function(given)
    assert_allclose(fitted(changed, **options).decision_function(changed), expected, atol=1e-8)


@pytest.mark.parametrize("factor", [1e30, 1e37, 1e-30, 1e-36])
def test_float32_columns_of_any_scale_give_the_same_function(factor):
    given = X.astype(np.float32)
    expected = fitted(given).decision_function(given)
    changed = (X * [1, factor, 1, 1, 1]).astype(np.float32)
    assert_allclose(fitted(changed).decision_function(changed), expected, atol=2e-3)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_columns_that_fill_the_range_of_the_dtype_are_fitted(dtype):
    signs, full = X.astype(dtype), X.astype(dtype)
    signs[:, 1] = np.sign(X[:, 1])
    full[:, 1] = np.sign(X[:, 1]) * np.finfo(dtype).max
    assert_allclose(fitted(full).predict_proba(full), fitted(signs).predict_proba(signs), atol=1e-3)


@pytest.mark.parametrize("constant", [0.0, 7.0, 1e5, 1e300, -1e300, 1e-310, 5e-324])
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_a_constant_column_of_any_size_changes_nothing_that_is_learnt(constant, form):
    changed = X.copy()
    changed[:, 2] = constant
    clf = fitted(sp.csr_array(changed) if form == "sparse" else changed)
    assert clf.score(changed, Y) > 0.5
    if form == "dense":
        other = X.copy()
        other[:, 2] = 0
        assert_allclose(clf.predict_proba(changed), fitted(other).predict_proba(other), atol=1e-9)


@pytest.mark.parametrize(
    ("factor", "dtype", "remedy"), [(1e-310, np.float64, "by"), (1e-42, np.float32, "float64")]
)
def test_a_spread_too_small_for_weights_is_told_by_column(factor, dtype, remedy):
    changed = (X * [1, 1, 1, factor, 1]).astype(dtype)
    clf = ShallowNetClassifier(5)
    with pytest.raises(ValueError, match=f"column 3: too small for weights in {np.dtype(dtype).name}.*{remedy}"):
        clf.fit(changed, Y)
    assert not hasattr(clf, "hidden_coef_")
    if dtype == np.float32:
        fitted(changed.astype(np.float64))


@pytest.mark.parametrize("options", SOLVERS, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("factor", [1e150, 1e300])
def test_huge_columns_as_they_come_leave_a_finite_network_or_raise(options, activation, factor):
    clf = ShallowNetClassifier(5, standardize=False, activation=activation, max_iter=20, random_state=0, **options)
    changed = X * [1, factor, 1, 1, 1]
    message = error_of(lambda: clf.fit(changed, Y))
    if message is not None:
        assert "column 1" in message
        assert "standardize=True" in message
    else:
        assert np.isfinite(clf.hidden_coef_).all()
        assert np.isfinite(clf.output_coef_).all()
        assert np.isfinite(clf.loss_)


def test_a_start_that_is_not_finite_is_told_by_column():
    huge = np.sign(X) * [1e308, 1.7e308, 1e308, 1e308, 1e308]
    with pytest.raises(ValueError, match=r"cost is not finite at the start.*column 1.*standardize=True"):
        ShallowNetClassifier(5, standardize=False, activation="relu").fit(huge, Y)


@pytest.mark.parametrize("options", SOLVERS, ids=str)
@pytest.mark.parametrize("factor", [1e300, 1e-300, 1e308])
def test_weights_of_any_size_count_as_their_ratios(options, factor):
    s = np.random.RandomState(0).uniform(0.5, 1, size=len(X))
    expected = fitted(X, s=s, l2_regularization=0, **options).decision_function(X)
    assert_allclose(
        fitted(X, s=s * factor, l2_regularization=0, **options).decision_function(X), expected, atol=1e-8
    )


@pytest.mark.parametrize("options", SOLVERS, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_one_weight_that_dwarfs_all_others_is_fitted(options, dtype):
    s = np.ones(len(X))
    s[3] = 1e300
    clf = fitted(X.astype(dtype), s=s, l2_regularization=0, **options)
    assert clf.predict(X[3:4]) == Y[3]


def test_class_weights_of_any_size_multiply():
    s = np.where(Y == 0, 1e-300, 1e200)
    expected = fitted(X, class_weight={0: 1.0, 1: 1.0, 2: 1.0, 3: 1.0}, l2_regularization=0)
    clf = fitted(X, s=s, class_weight={0: 1e300, 1: 1e-200, 2: 1e-200, 3: 1e-200}, l2_regularization=0)
    assert_allclose(clf.predict_proba(X), expected.predict_proba(X), atol=1e-6)


def test_weights_next_to_which_the_penalty_overflows_are_told():
    with pytest.raises(ValueError, match=r"sample_weight sums to .*l2_regularization=1 .*Divide the weights by"):
        ShallowNetClassifier(5, l2_regularization=1.0).fit(X, Y, sample_weight=np.full(len(X), 5e-324))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("output", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_cost_of_a_nearly_perfect_fit_is_small_positive_and_that_of_the_network(dtype, output, solver):
    rows, labels = make_problem(output, n=60, d=30, k=3)
    options = {"l2_regularization": 0, "max_iter": 3000, "tol": 0, "random_state": 0, "activation": "tanh"}
    options |= {"learning_rate": 0.3} if solver == "adam" else {}
    clf = ShallowNetClassifier(8, solver=solver, **options).fit(rows.astype(dtype), labels)
    assert min(clf.loss_curve_) >= 0
    double = clf.predict_log_proba(rows.astype(dtype)).astype(np.float64)
    if output == "multilabel":
        return
    assert 0 <= clf.loss_ < 1e-3
    mean = -np.mean(double[np.arange(60), labels])
    assert_allclose(clf.loss_, mean, rtol=1e-2, atol=1e-6)


@pytest.mark.parametrize("far", [10.0, 1e3, 1e6])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_float32_predictions_are_those_of_the_fitted_network_for_far_means(far, activation):
    rows = (X + far).astype(np.float32)  # what rounding to float32 left of X
    clf = fitted(rows, activation=activation)
    loss = -np.mean(clf.predict_log_proba(rows)[np.arange(len(Y)), Y].astype(float)) + _penalty(clf, rows)
    assert_allclose(clf.loss_, loss, rtol=1e-5)
    near = fitted((rows - np.float32(far)).astype(np.float32), activation=activation)
    assert_allclose(clf.loss_, near.loss_, rtol=1e-2)


def _penalty(clf, rows):
    scaled = clf.hidden_coef_.astype(float) * rows.astype(float).std(axis=0)
    return ((scaled**2).sum() + (clf.output_coef_.astype(float) ** 2).sum()) / 2 / len(rows)


@pytest.mark.parametrize("far", [1e3, 1e9])
def test_float64_predictions_lose_no_digits_to_far_means(far):
    rows = X + far
    clf, shifted = fitted(rows), fitted(rows - far)
    assert_allclose(clf.decision_function(rows), shifted.decision_function(rows - far), atol=1e-14 * far + 1e-8)


def test_public_parameters_stay_the_truth_where_means_are_far():
    rows = (X + 1e4).astype(np.float32)
    clf = fitted(rows)
    clf.hidden_intercept_ = np.zeros_like(clf.hidden_intercept_)
    clf.hidden_coef_ = np.zeros_like(clf.hidden_coef_)
    assert_array_equal(clf.transform(rows), np.zeros((len(rows), 5)))


def test_warm_start_goes_on_without_losing_digits_where_means_are_far():
    rows = (X + 1e5).astype(np.float32)
    clf = ShallowNetClassifier(5, max_iter=20, warm_start=True, random_state=0).fit(rows, Y)
    loss = clf.loss_
    assert_allclose(clf.fit(rows, Y).loss_curve_[0], loss, rtol=1e-5)


@pytest.mark.parametrize("activation", [*ACTIVATIONS])
def test_rows_so_far_out_that_outputs_overflow_are_told(activation):
    clf = fitted(X, activation=activation)
    rows = X.copy()
    rows[7] = [1e308, -1e308, 1e308, 1e308, -1e308]
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform"):
        message = error_of(lambda method=method: getattr(clf, method)(rows))
        assert "row 7 of X" in message if message else np.isfinite(getattr(clf, method)(rows)).all()


def test_entries_stored_twice_count_as_their_sum():
    whole = sp.csr_array(X)
    halves = sp.csr_array(
        (np.repeat(whole.data / 2, 2), np.repeat(whole.indices, 2), whole.indptr * 2), whole.shape
    )
    stored = halves.nnz
    for standardize in (True, False):
        clf = fitted(halves, standardize=standardize)
        assert_array_equal(clf.hidden_coef_, fitted(whole, standardize=standardize).hidden_coef_)
    assert halves.nnz == stored


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_rows_of_weight_zero_are_absent_however_huge(activation, form):
    rows, s = X.copy(), np.ones(len(X))
    rows[[0, 5]] = np.finfo(float).max * np.sign(X[[0, 5]])
    s[[0, 5]] = 0
    given, kept = (sp.csr_array(A) if form == "sparse" else A for A in (rows, X[s > 0]))
    clf = ShallowNetClassifier(5, activation=activation, max_iter=40, random_state=0)
    proba = clf.fit(given, Y, sample_weight=s).predict_proba(X)
    assert_allclose(proba, clf.fit(kept, Y[s > 0]).predict_proba(X), atol=1e-9)


def test_sums_of_weights_that_underflow_go_on_in_parts():
    clf = ShallowNetClassifier(3, l2_regularization=0, class_weight={False: 1e-300, True: 1e-300})
    for _ in range(3):
        clf.partial_fit(X, Y == 1, classes=[False, True], sample_weight=np.full(len(X), 1e-300))
    assert np.isfinite(clf.loss_)


@pytest.mark.parametrize("size", [1e3, 1e5, 1e9])
def test_a_step_is_found_for_columns_of_any_size(size):
    X = np.random.RandomState(0).normal(size=(300, 3))
    y = (X[:, 0] > 0).astype(int)
    clf = ShallowNetClassifier(standardize=False, l2_regularization=1.0, random_state=0).fit(size * X, y)
    assert clf.score(size * X, y) > 0.9
