"""Early stopping: the best state on held-out rows is kept, whoever solves, and the curve is the scorer's own."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_shallow import LossCurveDisplay, ShallowNetClassifier, ShallowNetClassifierCV
from sk_shallow._stack import starts_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WAYS = [
    {},
    {"learning_rate": 0.5, "momentum": 0.8, "standardize": False},
    {"solver": "adam", "learning_rate": 0.05},
    {"solver": "lbfgs"},
    {"batch_size": 20},
    {"solver": "adam", "batch_size": 16},
]
PARAMETERS = ("hidden_coef_", "hidden_intercept_", "output_coef_", "output_intercept_")


def halves(kind, n=160, **options):
    """Rows to fit to, and others of the same kind: noisy ones, so that a fit goes too far."""
    X, y = make_problem(kind, n=n, **options)
    flipped = np.random.RandomState(1).rand(n) < 0.2
    y[flipped] = y[flipped][::-1]
    return (X[: n // 2], y[: n // 2]), (X[n // 2 :], y[n // 2 :])


def cost(clf, X, y, s=None):
    """The mean loss from the probabilities alone: a second implementation."""
    P = np.clip(clf.predict_proba(X), 1e-300, 1)
    if y.ndim == 2:
        losses = -np.where(y, np.log(P), np.log1p(-np.minimum(P, 1 - 1e-16))).sum(axis=1)
    else:
        losses = -np.log(P[np.arange(len(y)), np.searchsorted(clf.classes_, y)])
    return np.average(losses, weights=s)


def stopped(kind, **options):
    train, test = halves(kind)
    clf = ShallowNetClassifier(8, early_stopping=True, l2_regularization=0.01, random_state=0, **options)
    return clf.fit(*train, X_val=test[0], y_val=test[1]), train, test


def up_to(clf, n_iter):
    """The same fit without early stopping, for so many iterations."""
    return clone(clf).set_params(early_stopping=False, scoring=None, max_iter=n_iter)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_curve_is_the_cost_of_fits_that_end_sooner_and_the_best_is_kept(kind, way):
    clf, train, test = stopped(kind, max_iter=60, **way)
    curve = np.array(clf.validation_curve_)
    assert len(curve) == len(clf.loss_curve_) == clf.n_iter_ + 1
    best = int(np.argmin(curve))
    assert 0 < best < clf.n_iter_
    for n_iter in {1, best, clf.n_iter_}:
        shorter = up_to(clf, n_iter).fit(*train)
        assert_allclose(curve[n_iter], cost(shorter, *test), rtol=1e-12)
        if n_iter == best:
            for name in PARAMETERS:
                assert_array_equal(getattr(clf, name), getattr(shorter, name))
            assert clf.loss_ == shorter.loss_ == clf.loss_curve_[best]
            assert clf.grad_norm_ == shorter.grad_norm_
            assert clf._solver_memory.keys() == shorter._solver_memory.keys()
            for name, value in clf._solver_memory.items():
                if not isinstance(value, dict):
                    assert_array_equal(value, shorter._solver_memory[name])
    assert_allclose(cost(clf, *test), curve.min(), rtol=1e-12)


@pytest.mark.parametrize("patience", [1, 5])
def test_it_ends_after_so_many_iterations_without_a_better_score(patience):
    clf, _, _ = stopped("binary", n_iter_no_change=patience)
    curve = np.array(clf.validation_curve_)
    assert clf.stop_reason_ == "validation"
    assert not clf.converged_
    best = int(np.argmin(curve))
    assert clf.n_iter_ == best + patience
    improved = np.flatnonzero(curve[1:] < np.minimum.accumulate(curve)[:-1]) + 1
    assert np.diff(np.append(0, improved)).max() <= patience


@pytest.mark.parametrize(
    "scoring",
    ["accuracy", "neg_log_loss", "roc_auc", lambda clf, X, y: roc_auc_score(y, clf.decision_function(X))],
)
def test_scores_are_the_scorers_own(scoring):
    clf, train, test = stopped("binary", scoring=scoring, max_iter=15)
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    for n_iter in range(1, clf.n_iter_ + 1):
        assert_allclose(clf.validation_curve_[n_iter], scorer(up_to(clf, n_iter).fit(*train), *test), rtol=1e-12)
    assert_allclose(scorer(clf, *test), max(clf.validation_curve_), rtol=1e-12)
    best = int(np.argmax(clf.validation_curve_))
    assert_array_equal(clf.hidden_coef_, up_to(clf, max(best, 1)).fit(*train).hidden_coef_)


def test_weights_of_held_out_rows_count_and_those_of_classes_are_of_the_fit():
    train, (X_val, y_val) = halves("binary")
    s = np.random.RandomState(0).randint(0, 4, len(y_val))
    clf = ShallowNetClassifier(4, early_stopping=True, max_iter=10, random_state=0, l2_regularization=1.0)
    clf.fit(*train, X_val=X_val, y_val=y_val, sample_weight_val=s)
    repeated = clone(clf).fit(*train, X_val=X_val.repeat(s, 0), y_val=y_val.repeat(s))
    assert_allclose(clf.validation_curve_, repeated.validation_curve_, rtol=1e-12)
    clf.set_params(scoring="neg_log_loss").fit(*train, X_val=X_val, y_val=y_val, sample_weight_val=s)
    assert_allclose(np.negative(clf.validation_curve_), repeated.validation_curve_, rtol=1e-12)
    clf.set_params(scoring=None, class_weight={0: 3.0})
    clf.fit(*train, X_val=X_val, y_val=y_val, sample_weight_val=s)
    weighted = cost(clf, X_val, y_val, s * np.where(y_val == 0, 3.0, 1.0))
    assert_allclose(min(clf.validation_curve_), weighted, rtol=1e-12)


def test_balanced_weights_are_those_of_the_rows_that_are_fitted_to():
    (X, y), (X_val, y_val) = halves("binary")
    counts = np.bincount(y)
    given = {c: len(y) / (2 * counts[c]) for c in (0, 1)}
    options = {"early_stopping": True, "max_iter": 12, "random_state": 0}
    fits = [
        ShallowNetClassifier(4, class_weight=weight, **options).fit(X, y, X_val=X_val, y_val=y_val)
        for weight in ("balanced", given)
    ]
    assert_allclose(*(fit.validation_curve_ for fit in fits), rtol=1e-10)


@pytest.mark.parametrize("dense_fit", [True, False])
def test_dense_and_sparse_rows_can_be_held_out(dense_fit):
    (X, y), (X_val, y_val) = halves("multiclass")
    to_fit, other = (X, sp.csr_array(X_val)) if dense_fit else (sp.csr_array(X), X_val)
    clf = ShallowNetClassifier(4, early_stopping=True, max_iter=15, random_state=0)
    mixed = clf.fit(to_fit, y, X_val=other, y_val=y_val).validation_curve_
    same = X_val if dense_fit else sp.csr_array(X_val)
    assert_allclose(mixed, clone(clf).fit(to_fit, y, X_val=same, y_val=y_val).validation_curve_, rtol=1e-10)


def test_float32_stays_float32():
    (X, y), (X_val, y_val) = halves("binary", dtype=np.float32)
    clf = ShallowNetClassifier(4, early_stopping=True, random_state=0).fit(
        X, y, X_val=X_val.astype(float), y_val=y_val
    )
    assert clf.hidden_coef_.dtype == np.float32
    assert_allclose(min(clf.validation_curve_), cost(clf, X_val, y_val), rtol=1e-5)


def test_columns_with_names_are_checked_and_no_warning_is_told():
    (X, y), (X_val, y_val) = halves("binary")
    frame, frame_val = (pd.DataFrame(rows, columns=list("abcde")) for rows in (X, X_val))
    clf = ShallowNetClassifier(4, early_stopping=True, scoring="accuracy", random_state=0)
    clf.fit(frame, y, X_val=frame_val, y_val=y_val)
    clone(clf).fit(frame, pd.Series(y))
    with pytest.raises(ValueError, match=r"X_val.*[Ff]eature names"):
        clone(clf).fit(frame, y, X_val=frame_val.rename(columns={"a": "z"}), y_val=y_val)


def test_a_found_penalty_is_found_before_validation_ends_the_fit():
    (X, y), (X_val, y_val) = halves("binary", n=400)
    clf = ShallowNetClassifier(16, early_stopping=True, random_state=0).fit(X, y, X_val=X_val, y_val=y_val)
    best = int(np.argmin(clf.validation_curve_))
    assert len(set(clf.l2_regularization_curve_)) > 1
    assert clf.l2_regularization_ == clf.l2_regularization_curve_[best]
    assert clf.loss_ == clf.loss_curve_[best]
    assert_allclose(min(clf.validation_curve_), cost(clf, X_val, y_val), rtol=1e-12)


def test_rows_of_weight_zero_are_not_there():
    train, (X_val, y_val) = halves("binary")
    s = np.ones(len(y_val))
    s[:5] = 0
    clf = ShallowNetClassifier(4, early_stopping=True, max_iter=10, random_state=0)
    without = clone(clf).fit(*train, X_val=X_val[5:], y_val=y_val[5:]).validation_curve_
    X_val[:5] = 1e308
    found = clf.fit(*train, X_val=X_val, y_val=y_val, sample_weight_val=s).validation_curve_
    assert_allclose(found, without, rtol=1e-12)
    with pytest.raises(ValueError, match=r"rows of y_val have none of class \[0\]"):
        clf.fit(*train, X_val=X_val, y_val=y_val, sample_weight_val=y_val)


def test_names_of_columns_are_forgotten():
    train, test = halves("binary")
    clf = ShallowNetClassifier(4, early_stopping=True, scoring="accuracy", max_iter=5, random_state=0)
    frame = pd.DataFrame(train[0], columns=list("abcde"))
    clf.fit(frame, train[1]).fit(*train, X_val=test[0], y_val=test[1])
    assert not hasattr(clf, "feature_names_in_")


def test_a_scorer_that_takes_no_weights_gets_none():
    X, y = make_problem("binary", n=100)
    s = np.random.RandomState(0).rand(100)
    for scoring in ("rand_score", max):
        clf = ShallowNetClassifier(3, early_stopping=True, scoring=scoring, max_iter=5, random_state=0)
        if scoring is max:
            with pytest.raises(TypeError):
                clf.fit(X, y, sample_weight=s)
        else:
            assert 0 <= clf.fit(X, y, sample_weight=s).validation_curve_[-1] <= 1
    clf.set_params(scoring="accuracy").fit(X, y, X_val=X, y_val=y, sample_weight_val=2.0)


def test_a_state_that_overflows_on_a_row_is_not_the_best():
    (X, y), (X_val, y_val) = halves("binary", dtype=np.float32)
    X_val[0] = 1e34
    options = {"learning_rate": 30.0, "l2_regularization": 0.0, "n_iter_no_change": 60, "max_iter": 60}
    clf = ShallowNetClassifier(4, early_stopping=True, scoring="accuracy", random_state=0, **options)
    clf.fit(X, y, X_val=X_val, y_val=y_val)
    best = np.nanmax(clf.validation_curve_)
    assert clf.score(X_val, y_val) == pytest.approx(best)


def test_a_cost_without_bound_is_not_kept():
    X, y = make_problem("binary", n=200)
    for rate in (1e200, 1e150):
        clf = ShallowNetClassifier(4, early_stopping=True, solver="adam", learning_rate=rate, random_state=0)
        clf.set_params(l2_regularization=0.1, standardize=False).fit(X, y)
        assert clf.stop_reason_ == "diverged"
        assert clf.loss_ < 1


def test_a_search_refuses_a_fraction_without_use_at_once():
    X, y = make_problem("binary", n=60)
    with pytest.raises(ValueError, match=r"^validation_fraction=0.3 has no use"):
        ShallowNetClassifierCV((2, 3), validation_fraction=0.3).fit(X, y)


def test_divergence_is_told_before_validation():
    train, test = halves("binary")
    clf = ShallowNetClassifier(4, early_stopping=True, learning_rate=1e6, n_iter_no_change=1, random_state=0)
    clf.set_params(l2_regularization=1.0).fit(*train, X_val=test[0], y_val=test[1])
    assert clf.stop_reason_ == "diverged"


def test_a_diverging_fit_keeps_what_was_best():
    train, test = halves("binary")
    clf = ShallowNetClassifier(
        4, early_stopping=True, learning_rate=1e6, l2_regularization=1.0, random_state=0, n_iter_no_change=1000
    )
    clf.fit(*train, X_val=test[0], y_val=test[1])
    assert clf.stop_reason_ == "diverged"
    assert_allclose(np.nanmin(clf.validation_curve_), cost(clf, *test), rtol=1e-12)
    clone(clf).set_params(scoring="neg_log_loss").fit(*train, X_val=test[0], y_val=test[1])


def test_a_warm_start_goes_on_from_the_best_and_holds_out_the_same_rows():
    X, y = make_problem("binary", n=200)
    clf = ShallowNetClassifier(
        6, early_stopping=True, warm_start=True, random_state=np.random.RandomState(3), l2_regularization=0.1
    ).fit(X, y)
    best, seed = min(clf.validation_curve_), clf._held_out_seed
    clf.fit(X, y)
    assert clf._held_out_seed == seed
    assert_allclose(clf.validation_curve_[0], best, rtol=1e-14)
    assert min(clf.validation_curve_) <= best
    clf.set_params(early_stopping=False).fit(X, y)
    assert clf.validation_curve_ is None


def test_the_best_of_several_starts_is_by_the_score():
    train, test = halves("binary")
    clf = ShallowNetClassifier(
        3, n_init=4, early_stopping=True, max_iter=20, l2_regularization=0.1, random_state=0
    )
    clf.fit(*train, X_val=test[0], y_val=test[1])
    alone = [
        clone(clf).set_params(n_init=1, random_state=state).fit(*train, X_val=test[0], y_val=test[1])
        for state in starts_of(0, 4)
    ]
    best = alone[int(np.argmin([min(each.validation_curve_) for each in alone]))]
    for name in PARAMETERS:
        assert_array_equal(getattr(clf, name), getattr(best, name))
    assert_allclose(clf.validation_curve_, best.validation_curve_, rtol=1e-14)
    assert_allclose(clf.init_losses_, [each.loss_ for each in alone], rtol=1e-14)


@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs"}, {"l2_regularizations": (0.1, "auto"), "n_init": 2}])
def test_a_search_is_that_of_grid_search(options):
    X, y = make_problem("multiclass", n=150)
    folds = StratifiedKFold(3)
    shared = {"early_stopping": True, "max_iter": 30, "random_state": 0}
    options = dict(options)
    grid = {"hidden_width": [2, 5], "l2_regularization": options.pop("l2_regularizations", ["auto"])}
    ours = ShallowNetClassifierCV(
        grid["hidden_width"], l2_regularizations=grid["l2_regularization"], cv=folds, **shared, **options
    ).fit(X, y)
    theirs = GridSearchCV(ShallowNetClassifier(**shared, **options), grid, cv=folds, scoring="neg_log_loss").fit(
        X, y
    )
    assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-9)
    assert_allclose(ours.validation_curve_, theirs.best_estimator_.validation_curve_, rtol=1e-12)
    assert_array_equal(ours.hidden_coef_, theirs.best_estimator_.hidden_coef_)


def test_a_search_takes_rows_to_hold_out():
    (X, y), (X_val, y_val) = halves("binary")  # as many: they are not split as X is
    shared = {"early_stopping": True, "max_iter": 20, "random_state": 0}
    search = ShallowNetClassifierCV((2, 4), cv=3, **shared).fit(X, y, X_val=X_val, y_val=y_val)
    alone = ShallowNetClassifier(search.hidden_width_, **shared).fit(X, y, X_val=X_val, y_val=y_val)
    assert_array_equal(search.hidden_coef_, alone.hidden_coef_)
    merged = ShallowNetClassifierCV(early_stopping=True, cv=2, random_state=0, max_iter=30)
    assert merged.fit(X, y, X_val=X_val, y_val=y_val).hidden_width_ == 192


def test_rows_to_hold_out_come_through_a_pipeline_and_a_search():
    (X, y), (X_val, y_val) = halves("binary")
    X, X_val = 100 * X + 7, 100 * X_val + 7
    scaler = StandardScaler().fit(X)
    net = ShallowNetClassifier(4, early_stopping=True, standardize=False, random_state=0, max_iter=30)
    direct = clone(net).fit(scaler.transform(X), y, X_val=scaler.transform(X_val), y_val=y_val)
    with config_context(enable_metadata_routing=True):
        routed = net.set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(StandardScaler(), routed, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
        assert_allclose(pipeline[-1].validation_curve_, direct.validation_curve_, rtol=1e-9)
        grid = GridSearchCV(pipeline, {"shallownetclassifier__hidden_width": [4]}, cv=2)
        grid.fit(X, y, X_val=X_val[:-1], y_val=y_val[:-1])
        shorter = clone(direct).fit(scaler.transform(X), y, X_val=scaler.transform(X_val[:-1]), y_val=y_val[:-1])
        assert_allclose(grid.best_estimator_[-1].validation_curve_, shorter.validation_curve_, rtol=1e-9)
        search = ShallowNetClassifierCV(
            (4,), cv=2, early_stopping=True, standardize=False, random_state=0, max_iter=30
        )
        pipeline = make_pipeline(StandardScaler(), search, transform_input=["X_val"])
        pipeline.fit(X, y, X_val=X_val, y_val=y_val)
        assert_allclose(pipeline[-1].validation_curve_, direct.validation_curve_, rtol=1e-9)


def test_whole_groups_are_held_out_by_routing_and_in_a_search():
    X, y = make_problem("binary", n=200)
    groups = np.repeat(np.arange(20), 10)
    with config_context(enable_metadata_routing=True):
        net = ShallowNetClassifier(4, early_stopping=True, random_state=0, max_iter=20)
        net = net.set_fit_request(groups=True)
        theirs = GridSearchCV(net, {"hidden_width": [2, 4]}, cv=GroupKFold(3), scoring="neg_log_loss")
        theirs.fit(X, y, groups=groups)
        ours = ShallowNetClassifierCV((2, 4), early_stopping=True, random_state=0, max_iter=20, cv=GroupKFold(3))
        ours.fit(X, y, groups=groups)
        assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], rtol=1e-9)
        # Without early stopping, groups are no matter of the network.
        GridSearchCV(ShallowNetClassifier(2, max_iter=3), {"hidden_width": [2]}, cv=GroupKFold(2)).fit(
            X, y, groups=groups
        )


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        ({"validation_fraction": 0.2}, {}, "validation_fraction=0.2 has no use with early_stopping=False"),
        ({"scoring": "accuracy"}, {}, "scoring='accuracy' has no use with early_stopping=False"),
        ({}, {"X_val": 1, "y_val": 1}, "X_val and y_val passed to fit, but early_stopping=False"),
        ({}, {"groups": 1}, "groups passed to fit, but early_stopping=False"),
        ({"early_stopping": True}, {"X_val": 1}, "only X_val was passed to fit: X_val and y_val go together"),
        ({"early_stopping": True}, {"y_val": 1}, "only y_val was passed"),
        ({"early_stopping": True}, {"sample_weight_val": 1}, "only sample_weight_val was passed"),
        ({"early_stopping": True}, {"X_val": 1, "y_val": 1, "groups": 1}, "pass one of the two"),
        ({"early_stopping": True}, {"groups": 0}, "one group only"),
        ({"early_stopping": True, "scoring": lambda clf, X, y: {"a": 1}}, {}, "must return a number"),
        ({"early_stopping": True, "scoring": lambda clf, X, y: np.nan}, {}, "worth nan at the start"),
    ],
)
def test_settings_and_arguments_without_use_are_refused(options, given, message):
    X, y = make_problem("binary")
    values = {"X_val": X, "y_val": y, "sample_weight_val": np.ones(len(y)), "groups": np.arange(len(y))}
    given = {name: values[name] if one else np.zeros(len(y)) for name, one in given.items()}
    clf = ShallowNetClassifier(3, **options)
    with pytest.raises(ValueError, match=message):
        clf.fit(X, y, **given)
    assert not hasattr(clf, "hidden_coef_")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X[:, 1:], y), "X_val.* 4 features"),
        (
            lambda X, y: (X[y > 0], y[y > 0]),
            r"rows of y_val have none of class \[0\].*Give y_val rows of each class",
        ),
        (lambda X, y: (X, y + 1), r"labels \[3\] are new"),
        (lambda X, y: (X[1:], y), "inconsistent numbers of samples"),
        (lambda X, y: (X * np.nan, y), "X_val.*NaN"),
        (lambda X, y: (X, np.eye(3)[y]), "the other way round"),
    ],
)
def test_rows_that_cannot_be_held_out_are_refused(change, message):
    X, y = make_problem("multiclass", k=3)
    X_val, y_val = change(X, y)
    with pytest.raises(ValueError, match=message):
        ShallowNetClassifier(3, early_stopping=True).fit(X, y, X_val=X_val, y_val=y_val)


def test_parts_are_not_for_early_stopping():
    assert not hasattr(ShallowNetClassifier(early_stopping=True), "partial_fit")
    with pytest.raises(AttributeError) as error:
        _ = ShallowNetClassifier(early_stopping=True).partial_fit
    assert "early_stopping=False" in str(error.value.__cause__)


def test_the_display_has_the_curve_of_costs_alone():
    train, test = halves("binary")
    clf = ShallowNetClassifier(4, early_stopping=True, random_state=0).fit(*train, X_val=test[0], y_val=test[1])
    assert_allclose(LossCurveDisplay.from_estimator(clf).ax_.lines[1].get_ydata(), clf.validation_curve_)
    clf.set_params(scoring="accuracy").fit(*train, X_val=test[0], y_val=test[1])
    clf.set_params(scoring=None)  # after the fit
    lines = LossCurveDisplay.from_estimator(clf).ax_.lines
    assert not any(np.array_equal(line.get_ydata(), clf.validation_curve_) for line in lines)


def test_it_beats_a_fit_that_goes_too_far():
    train, test = halves("binary", n=300)
    clf = ShallowNetClassifier(64, l2_regularization=0.0, random_state=0)
    too_far = clone(clf).fit(*train)
    early = clf.set_params(early_stopping=True).fit(*train)
    line = LogisticRegression().fit(*train)
    assert log_loss(test[1], early.predict_proba(test[0])) < 0.7 * log_loss(
        test[1], too_far.predict_proba(test[0])
    )
    assert log_loss(test[1], early.predict_proba(test[0])) < 1.2 * log_loss(test[1], line.predict_proba(test[0]))
