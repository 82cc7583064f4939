"""What a user may rely on: weights, symmetries, targets, numbers, endings."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from conftest import make_problem, textbook
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from sk_shallow import Activation, ShallowNetClassifier
from sk_shallow._parameters import Parameters

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

FULL_BATCH = [
    {"solver": "gd", "learning_rate": 0.5},
    {"solver": "gd"},
    {"solver": "gd", "momentum": 0.7, "learning_rate": 0.1},
    {"solver": "lbfgs"},
    {"solver": "adam"},
]


def few_or(many, options):
    """Return fewer iterations where steps are found from differences of gradients: there rounding grows."""
    return many if options.get("learning_rate") or options["solver"] == "adam" else 20


def parameters(clf):
    return Parameters(clf.hidden_coef_, clf.hidden_intercept_, clf.output_coef_, clf.output_intercept_)


@quiet
@pytest.mark.parametrize("options", FULL_BATCH, ids=str)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_fit_equals_repetition_under_integer_weights(options, kind, form):
    X, y = make_problem(kind, n=1000)
    s = np.random.RandomState(0).randint(0, 4, size=len(X))
    X_repeated = np.repeat(X, s, axis=0)
    if form == "sparse":
        X, X_repeated = sp.csr_array(X), sp.csr_array(X_repeated)
    clf = ShallowNetClassifier(5, max_iter=few_or(100, options), tol=0, random_state=0, **options)
    weighted = clf.fit(X, y, sample_weight=s)
    expected = parameters(weighted)
    repeated = clf.fit(X_repeated, np.repeat(y, s, axis=0))
    for part, other in zip(parameters(repeated), expected, strict=True):
        assert_allclose(part, other, atol=1e-8)


@quiet
@pytest.mark.parametrize("options", FULL_BATCH, ids=str)
def test_order_and_names_of_labels_do_not_matter(options):
    X, y = make_problem("multiclass", n=200)
    clf = ShallowNetClassifier(5, max_iter=40, random_state=0, **options)
    proba = clf.fit(X, y).predict_proba(X)
    order = np.array([2, 0, 3, 1])
    renamed = clf.fit(X, np.array(list("wxyz"))[order[y]]).predict_proba(X)
    assert_allclose(renamed[:, order], proba, atol=1e-8)


@quiet
@pytest.mark.parametrize("options", FULL_BATCH, ids=str)
def test_swapping_two_classes_swaps_their_probabilities(options):
    X, y = make_problem("binary", n=200)
    clf = ShallowNetClassifier(5, max_iter=40, random_state=0, **options)
    proba = clf.fit(X, y).predict_proba(X)
    assert_allclose(clf.fit(X, 1 - y).predict_proba(X)[:, ::-1], proba, atol=1e-8)


@quiet
@pytest.mark.parametrize("options", FULL_BATCH, ids=str)
@pytest.mark.parametrize("standardize", [False, True])
def test_permuted_columns_with_permuted_start_give_the_same_function(options, standardize):
    X, y = make_problem("multiclass", n=200)
    order = np.array([3, 0, 4, 1, 2])
    common = {"l2_regularization": 1.0, "tol": 0, "standardize": standardize, "warm_start": True}
    common |= {"random_state": 0, **options}
    clf = ShallowNetClassifier(5, max_iter=1, **common).fit(X, y)
    other = ShallowNetClassifier(5, max_iter=1, **common).fit(X[:, order], y)
    for name, part in zip(
        ("hidden_intercept_", "output_coef_", "output_intercept_"), parameters(clf)[1:], strict=True
    ):
        setattr(other, name, part.copy())
    other.hidden_coef_ = clf.hidden_coef_[:, order].copy()
    other._solver_memory = clf._solver_memory = (None, None)
    clf.set_params(max_iter=few_or(30, options)).fit(X, y)
    other.set_params(max_iter=few_or(30, options)).fit(X[:, order], y)
    assert_allclose(other.decision_function(X[:, order]), clf.decision_function(X), atol=1e-8)


@quiet
@pytest.mark.parametrize("options", FULL_BATCH, ids=str)
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_scale_of_columns_does_not_matter(options, form):
    X, y = make_problem("multiclass", n=200)
    scale, shift = np.array([1e-150, 1e150, 1e-3, 7.0, 1e6]), 0
    if form == "dense":
        shift = np.array([1e-150, -1e150, 3e-3, 50, 1e6])
    clf = ShallowNetClassifier(5, max_iter=few_or(40, options), random_state=0, **options)
    expected = clf.fit(X if form == "dense" else sp.csr_array(X), y).decision_function(X)
    changed = X * scale + shift
    given = changed if form == "dense" else sp.csr_array(changed)
    assert_allclose(clf.fit(given, y).decision_function(given), expected, atol=1e-8)


@quiet
def test_constant_columns_change_nothing_but_the_draw():
    X, y = make_problem("binary", n=200)
    X[:, 2] = 1e5
    clf = ShallowNetClassifier(5, tol=1e-6, max_iter=2000, random_state=0, **textbook(solver="lbfgs")).fit(X, y)
    assert clf.converged_
    assert np.abs(clf.hidden_coef_[:, 2]).max() < 1e-3  # the penalty alone pulls on it
    assert np.isfinite(clf.predict_proba(X)).all()


def test_cost_begins_at_the_entropy_of_y():
    for kind in ("binary", "multiclass"):
        X, y = make_problem(kind, n=200)
        clf = ShallowNetClassifier(5, l2_regularization=0, tol=1, random_state=0).fit(X, y)
        shares = np.bincount(y) / len(y)
        assert clf.n_iter_ == 0
        assert clf.loss_curve_ == [clf.loss_]
        assert_allclose(clf.loss_, -(shares * np.log(shares)).sum())
        assert_allclose(clf.predict_proba(X), np.tile(shares, (len(X), 1)))


@quiet
@pytest.mark.parametrize(
    "options", [*FULL_BATCH, {"batch_size": 10}, {"batch_size": 7, "solver": "adam"}], ids=str
)
def test_records_of_a_fit(options):
    X, y = make_problem("multiclass")
    clf = ShallowNetClassifier(5, max_iter=9, tol=1e-9, l2_regularization=0, random_state=0, **options).fit(X, y)
    assert clf.n_iter_ == 9
    assert len(clf.loss_curve_) == 10
    assert clf.loss_curve_[-1] == clf.loss_
    assert_allclose(clf.loss_, log_loss(y, clf.predict_proba(X)), rtol=1e-9)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]
    assert not clf.converged_
    assert clf.stop_reason_ == "max_iter"
    assert clf.grad_norm_ > 1e-9


@pytest.mark.parametrize("options", FULL_BATCH, ids=str)
def test_convergence_means_a_small_gradient(options, cancer):
    clf = ShallowNetClassifier(4, tol=1, max_iter=5000, random_state=0, **textbook(**options))
    first = clf.fit(*cancer).grad_norm_
    assert clf.n_iter_ == 0
    clf.set_params(tol=4e-3).fit(*cancer)
    assert clf.converged_
    assert clf.stop_reason_ == "converged"
    assert clf.grad_norm_ <= 4e-3 * first
    assert 0 < clf.n_iter_ < 5000


def test_default_fit_on_ordinary_data_ends_without_a_warning(iris, cancer):
    for X, y in (iris, cancer):
        clf = ShallowNetClassifier(random_state=0).fit(X, y)
        assert clf.converged_
        assert clf.score(X, y) > 0.95


def test_full_batch_fit_that_runs_out_of_iterations_warns(iris):
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        ShallowNetClassifier(max_iter=2).fit(*iris)


def test_batches_that_run_out_of_epochs_do_not_warn(iris):
    assert ShallowNetClassifier(batch_size=50, max_iter=2).fit(*iris).stop_reason_ == "max_iter"


@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("learning_rate", [1e3, 1e150])
def test_divergence_is_found_and_the_best_parameters_are_kept(batch_size, learning_rate):
    X, y = make_problem("multiclass", n=200)
    clf = ShallowNetClassifier(
        5, activation="relu", learning_rate=learning_rate, batch_size=batch_size, max_iter=100, random_state=0
    )
    with pytest.warns(ConvergenceWarning, match=r"learning_rate, for example 1(00|e\+149)"):
        clf.fit(X, y)
    assert clf.stop_reason_ == "diverged"
    assert clf.n_iter_ < 10
    assert len(clf.loss_curve_) == clf.n_iter_ + 1
    assert clf.loss_ == np.nanmin(clf.loss_curve_)
    assert all(np.isfinite(part).all() for part in parameters(clf))
    assert np.isfinite(clf.predict_proba(X)).all()


def test_a_cost_that_ends_higher_than_it_began_is_told():
    X, y = make_problem("multiclass", n=200)
    with pytest.warns(ConvergenceWarning, match="The cost rose from .* smaller learning_rate"):
        ShallowNetClassifier(5, max_iter=5, tol=0, random_state=0, **textbook(learning_rate=60.0)).fit(X, y)


def test_lbfgs_that_cannot_go_on_says_so():
    X, y = make_problem("binary", dtype=np.float32)
    with pytest.warns(ConvergenceWarning, match="float64"):
        clf = ShallowNetClassifier(3, solver="lbfgs", tol=0, max_iter=10_000, random_state=0).fit(X, y)
    assert clf.stop_reason_ == "stalled"


def test_one_class_is_predicted_with_probability_one(iris):
    X, _ = iris
    clf = ShallowNetClassifier(3).fit(X, ["only"] * len(X))
    assert_array_equal(clf.predict(X), ["only"] * len(X))
    assert_array_equal(clf.predict_proba(X), np.ones((len(X), 1)))
    assert_array_equal(clf.predict_log_proba(X), np.zeros((len(X), 1)))
    assert clf.decision_function(X).shape == (len(X),)


@quiet
def test_a_class_or_label_without_weight_is_never_predicted(multilabel):
    X, y = make_problem("multiclass")
    clf = ShallowNetClassifier(3, max_iter=50).fit(X, y, sample_weight=(y != 2).astype(float))
    assert 2 in clf.classes_
    assert clf.predict_proba(X)[:, 2].max() < 1e-10
    X, Y = multilabel
    Y = np.c_[Y, np.zeros(len(Y), int), np.ones(len(Y), int)]
    proba = ShallowNetClassifier(3, max_iter=50).fit(X, Y).predict_proba(X)
    assert proba[:, -2].max() < 1e-10
    assert proba[:, -1].min() > 1 - 1e-10


@quiet
def test_multilabel_outputs_are_indicators(multilabel):
    X, Y = multilabel
    clf = ShallowNetClassifier(8, max_iter=200, random_state=0).fit(X, Y)
    assert_array_equal(clf.classes_, np.arange(5))
    assert clf.predict(X).shape == clf.predict_proba(X).shape == clf.decision_function(X).shape == Y.shape
    assert_array_equal(clf.predict(X), clf.predict_proba(X) > 0.5)
    assert (clf.predict(X) == Y).mean() > 0.8
    assert_array_equal(
        ShallowNetClassifier(8, max_iter=200, random_state=0).fit(X, sp.csr_array(Y)).predict(X), clf.predict(X)
    )


@quiet
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_log_probabilities_are_finite_for_any_finite_output(kind):
    X, y = make_problem(kind)
    clf = ShallowNetClassifier(3, max_iter=2, random_state=0).fit(X, y)
    clf.output_coef_ = np.zeros_like(clf.output_coef_)
    for size in (1e3, 1e300, np.finfo(float).max):
        clf.output_intercept_ = np.where(np.arange(len(clf.output_intercept_)) % 2, -size, size)
        log_proba = clf.predict_log_proba(X)
        assert np.isfinite(log_proba).all()
        assert log_proba.max() <= 0
        proba = clf.predict_proba(X)
        assert np.isfinite(proba).all()


@quiet
def test_probability_agrees_with_decision_to_the_last_digit_of_small_ones():
    X, y = make_problem("binary")
    clf = ShallowNetClassifier(3, max_iter=2, random_state=0).fit(X, y)
    clf.output_coef_ = np.zeros_like(clf.output_coef_)
    clf.output_intercept_ = np.array([50.0])
    assert_allclose(clf.predict_proba(X)[:, 0], np.exp(-50) / (1 + np.exp(-50)), rtol=1e-12)


@quiet
def test_class_weight_multiplies_sample_weight():
    X, y = make_problem("multiclass", n=200)
    s = np.random.RandomState(0).uniform(size=len(X))
    clf = ShallowNetClassifier(4, max_iter=30, random_state=0)
    by_dict = clf.set_params(class_weight={0: 3.0, 2: 0.5}).fit(X, y, sample_weight=s).decision_function(X)
    by_hand = clf.set_params(class_weight=None).fit(X, y, sample_weight=s * np.array([3, 1, 0.5, 1])[y])
    assert_allclose(by_dict, by_hand.decision_function(X), atol=1e-12)
    balanced = clf.set_params(class_weight="balanced").fit(X, y).decision_function(X)
    weights = dict(enumerate(compute_class_weight("balanced", classes=np.arange(4), y=y)))
    assert_allclose(balanced, clf.set_params(class_weight=weights).fit(X, y).decision_function(X), atol=1e-12)


@quiet
def test_balanced_weights_see_sample_weights_as_repetitions():
    X, y = make_problem("multiclass", n=200)
    s = np.random.RandomState(0).randint(0, 3, size=len(X))
    clf = ShallowNetClassifier(4, max_iter=30, class_weight="balanced", random_state=0)
    weighted = clf.fit(X, y, sample_weight=s).decision_function(X)
    assert_allclose(weighted, clf.fit(np.repeat(X, s, axis=0), np.repeat(y, s)).decision_function(X), atol=1e-9)


@quiet
@pytest.mark.parametrize("options", [*FULL_BATCH, {"batch_size": 20}], ids=str)
def test_float32_stays_float32(options):
    X, y = make_problem("multiclass", dtype=np.float32)
    clf = ShallowNetClassifier(4, max_iter=20, random_state=0, **options).fit(X, y)
    assert {part.dtype for part in parameters(clf)} == {np.dtype(np.float32)}
    for method in ("decision_function", "predict_proba", "predict_log_proba", "transform"):
        assert getattr(clf, method)(X).dtype == np.float32
    double = ShallowNetClassifier(4, max_iter=20, random_state=0, **options).fit(X.astype(float), y)
    assert_allclose(clf.predict_proba(X), double.predict_proba(X), atol=1e-2)


@quiet
@pytest.mark.parametrize("batch_size", [None, 16])
def test_fits_with_the_same_seed_are_equal(batch_size):
    X, y = make_problem("multiclass")
    fits = [
        ShallowNetClassifier(4, max_iter=9, batch_size=batch_size, random_state=seed).fit(X, y)
        for seed in (5, 5, 6)
    ]
    assert_array_equal(fits[0].hidden_coef_, fits[1].hidden_coef_)
    assert np.abs(fits[0].hidden_coef_ - fits[2].hidden_coef_).max() > 1e-3


@quiet
def test_warm_start_goes_on_from_the_public_parameters(cancer):
    X, y = cancer
    clf = ShallowNetClassifier(4, max_iter=20, warm_start=True, random_state=0).fit(X, y)
    loss = clf.loss_
    clf.fit(X, y)
    assert_allclose(clf.loss_curve_[0], loss, rtol=1e-12)
    clf.output_coef_ = np.zeros_like(clf.output_coef_)
    clf.output_intercept_ = np.zeros(1)
    clf.set_params(l2_regularization=0).fit(X, y)
    assert_allclose(clf.loss_curve_[0], np.log(2))


@quiet
def test_warm_start_with_another_solver_forgets_the_old_ones_memory(iris):
    X, y = iris
    clf = ShallowNetClassifier(4, solver="adam", max_iter=5, warm_start=True, random_state=0).fit(X, y)
    clf.set_params(solver="gd", momentum=0.5).fit(X, y)
    clf.set_params(solver="adam", momentum=0.0, batch_size=30).fit(X, y)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]


@quiet
@pytest.mark.parametrize("options", [{}, {"solver": "adam"}, {"batch_size": 10}], ids=str)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_partial_fit_learns_in_parts(options, kind):
    X, y = make_problem(kind, n=300)
    clf = ShallowNetClassifier(6, random_state=0, **options)
    classes = None if kind == "multilabel" else np.unique(y)
    for _epoch in range(60):
        for start in range(0, 300, 50):
            clf.partial_fit(X[start : start + 50] * 10 + 3, y[start : start + 50], classes=classes)
    assert clf.n_iter_ == 360
    assert len(clf.loss_curve_) == 361
    assert clf.loss_curve_[-1] == clf.loss_
    assert np.mean(clf.loss_curve_[-6:]) < 0.8 * np.mean(clf.loss_curve_[:6])
    assert (clf.predict(X * 10 + 3) == y).mean() > 0.7


def test_partial_fit_equals_a_step_of_fit_on_the_same_rows():
    X, y = make_problem("multiclass")
    options = {"learning_rate": 0.5, "l2_regularization": 1.0, "random_state": 0}
    parts = ShallowNetClassifier(4, **options).partial_fit(X, y, classes=np.arange(4))
    with pytest.warns(ConvergenceWarning):
        whole = ShallowNetClassifier(4, max_iter=1, **options).fit(X, y)
    assert_allclose(parts.decision_function(X), whole.decision_function(X), atol=1e-12)


@pytest.mark.parametrize("last", ["dense", "sparse"])
def test_partial_fit_scales_by_all_rows_seen(last):
    X, y = make_problem("binary")
    X = X + 2
    clf = ShallowNetClassifier(4, random_state=0)
    for start in range(0, 60, 7):
        part = X[start : start + 7]
        given = sp.csr_array(part) if last == "sparse" and start > 30 else part
        clf.partial_fit(given, y[start : start + 7], classes=[0, 1])
    assert_allclose(clf._moments["mean"], X.mean(axis=0))
    assert_allclose(clf._moments["variance"], X.var(axis=0))
    assert clf._moments["weight"] == 60


def test_partial_fit_knows_how_many_numbers_all_rows_store():
    X, y = make_problem("binary")
    X = sp.csr_array(np.where(X > 0.3, X, 0))
    clf = ShallowNetClassifier(4, random_state=0)
    for rows in (slice(7), slice(7, 50), slice(50, 60)):
        clf.partial_fit(X[rows], y[rows], classes=[0, 1])
    assert_allclose(clf._moments["filled"], (X.toarray() != 0).mean(axis=0))


@quiet
@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs"}, {"solver": "adam"}], ids=str)
def test_dense_and_sparse_copies_of_one_hot_columns_do_equally_well(options):
    rng = np.random.RandomState(0)
    codes = np.floor(rng.pareto(1, size=(1500, 3)) * 4).clip(max=60).astype(int)
    effect = rng.normal(size=(61, 3))
    y = np.take_along_axis(effect, codes, axis=0).sum(axis=1) + 0.5 * rng.normal(size=1500) > 0
    X = np.eye(61)[codes].reshape(1500, -1)
    scores = []
    for form in (np.asarray, sp.csr_array):
        clf = ShallowNetClassifier(32, random_state=0, **options).fit(form(X[:1000]), y[:1000])
        scores.append(clf.score(form(X[1000:]), y[1000:]))
    assert min(scores) > 0.8
    assert abs(scores[0] - scores[1]) < 0.03


def test_partial_fit_takes_a_single_row():
    X, y = make_problem("binary")
    one_row = ShallowNetClassifier(4, random_state=0).partial_fit(X[:1], y[:1], classes=[0, 1])
    assert np.isfinite(one_row.predict_proba(X)).all()


def test_a_part_that_diverges_is_told_and_changes_nothing():
    X, y = make_problem("binary")
    clf = ShallowNetClassifier(4, random_state=0).partial_fit(X, y, classes=[0, 1])
    expected = clf.decision_function(X)
    with pytest.warns(ConvergenceWarning, match="risen without bound.*smaller learning_rate"):
        clf.set_params(learning_rate=1e6).partial_fit(X, y)
    assert_allclose(clf.decision_function(X), expected, atol=1e-12)


@quiet
@pytest.mark.parametrize("options", [{}, {"solver": "adam"}, {"solver": "adam", "batch_size": 10}], ids=str)
@pytest.mark.parametrize("n_before", [1, 5, 20])
def test_classes_that_come_late_in_parts_are_learnt(options, n_before):
    X, y = make_problem("binary", n=4000)
    late = np.r_[np.flatnonzero(y == 0)[: 50 * n_before], np.arange(2000, 3000)]
    clf = ShallowNetClassifier(random_state=0, **textbook(**options))
    for start in range(0, len(late), 50):
        rows = late[start : start + 50]
        clf.partial_fit(X[rows], y[rows], classes=[0, 1])
    assert clf.score(X[3000:], y[3000:]) > 0.75


@quiet
def test_a_late_class_among_several_and_a_late_label_are_learnt():
    for kind in ("multiclass", "multilabel"):
        X, y = make_problem(kind, n=4000)
        first = np.flatnonzero(y == 1 if kind == "multiclass" else y[:, 0] == 0)[:500]
        clf = ShallowNetClassifier(solver="adam", random_state=0)
        for rows in [*np.split(first, 10), *np.split(np.arange(1000, 3000), 40)]:
            clf.partial_fit(X[rows], y[rows], classes=np.arange(4) if kind == "multiclass" else None)
        assert (clf.predict(X[3000:]) == y[3000:]).mean() > 0.65


def test_a_part_that_has_converged_says_so():
    X, y = make_problem("binary")
    clf = ShallowNetClassifier(4, tol=10.0, random_state=0).partial_fit(X, y, classes=[0, 1])
    assert clf.converged_
    assert clf.stop_reason_ == "converged"
    assert clf.grad_norm_ <= 10.0 * clf._reference
    assert clf.n_iter_ == 1
    assert not clf.set_params(tol=1e-9).partial_fit(X, y).converged_
    assert clf.n_iter_ == 2


@quiet
def test_partial_fit_continues_the_history_of_a_fit():
    X, y = make_problem("binary")
    clf = ShallowNetClassifier(4, max_iter=5, l2_regularization=1.0, random_state=0).fit(X, y)
    before = clf.loss_curve_
    clf.partial_fit(X, y)
    assert clf.n_iter_ == 6
    assert_allclose(clf.loss_curve_[:6], before, rtol=1e-12)


@quiet
def test_every_batch_of_an_epoch_is_made_where_weights_are_uneven():
    X, y = make_problem("binary", n=4000)
    y = np.where(np.arange(4000) < 8, 1, 0)
    asked = []

    def value(Z):
        asked.append(Z.shape)
        return np.tanh(Z)

    activation = Activation(value, lambda Z: 1 - np.tanh(Z) ** 2)
    options = {"batch_size": 1, "class_weight": "balanced", "learning_rate": 0.01, "max_iter": 1}
    ShallowNetClassifier(3, activation=activation, random_state=0, **options).fit(X, y)
    assert asked.count((3, 1)) == 4000


@quiet
def test_an_estimator_fitted_anew_without_names_forgets_them():
    X, y = make_problem("binary")
    clf = ShallowNetClassifier(3, max_iter=2).fit(pd.DataFrame(X, columns=list("abcde")), y)
    assert list(clf.feature_names_in_) == list("abcde")
    assert not hasattr(clf.fit(X, y), "feature_names_in_")


@quiet
@pytest.mark.parametrize("spread", [1.0, 1e5, 1e200])
def test_a_column_that_is_constant_in_the_first_part_is_learnt_later(spread):
    X, y = make_problem("binary", n=400)
    X = X * [spread, 1, 1, 1, 1]
    first = X[:50].copy()
    first[:, 0] = 3 * spread
    clf = ShallowNetClassifier(8, random_state=0).partial_fit(first, y[:50], classes=[0, 1])
    for _ in range(30):
        clf.partial_fit(X, y)
    assert clf.loss_ < 0.6
    assert clf.score(X, y) > 0.75


@quiet
@pytest.mark.parametrize(
    "options", [{"solver": "adam"}, {"momentum": 0.9}, {"momentum": 0.9, "batch_size": 20}], ids=str
)
def test_going_on_in_another_dtype_takes_the_memory_along(options):
    X, y = make_problem("binary")
    for before, after in ((np.float64, np.float32), (np.float32, np.float64)):
        clf = ShallowNetClassifier(3, max_iter=3, warm_start=True, random_state=0, **options)
        clf.fit(X.astype(before), y).fit(X.astype(after), y)
        assert clf.hidden_coef_.dtype == after
        assert clf.partial_fit(X.astype(before), y).hidden_coef_.dtype == before


@quiet
def test_a_memory_that_is_not_finite_is_forgotten():
    X, y = make_problem("binary")
    clf = ShallowNetClassifier(3, solver="adam", warm_start=True, max_iter=1, random_state=0)
    clf.set_params(l2_regularization=1e200).fit(X, y)
    clf.set_params(l2_regularization=1.0, max_iter=300, tol=0).fit(X, y)
    assert clf.loss_ < 0.5
