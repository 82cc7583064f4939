"""λ found in a fit: always a number to use, the same for the same data in another form, taken up where it was."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_allclose

from sk_shallow import ACTIVATIONS, Activation, ShallowNetClassifier

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:sample_weight sums")
pytestmark = quiet
KINDS = ["binary", "multiclass", "multilabel"]
SOLVERS = [{}, {"solver": "lbfgs"}, {"solver": "adam"}, {"batch_size": 40}, {"solver": "adam", "batch_size": 40}]
SOLVERS += [{"learning_rate": 0.5}, {"momentum": 0.9}, {"momentum": 0.0}]
every_kind = pytest.mark.parametrize("kind", KINDS)
every_solver = pytest.mark.parametrize("options", SOLVERS, ids=str)
own = Activation(np.arctan, lambda z: 1 / (1 + z**2))


def fitted(X, y, s=None, **options):
    """Return a fit that is sound: λ, the cost and the network are finite."""
    clf = ShallowNetClassifier(**{"hidden_width": 6, "max_iter": 150, "random_state": 0, **options})
    clf.fit(X, y, sample_weight=s)
    assert type(clf.l2_regularization_) is float
    assert 0 < clf.l2_regularization_ < np.inf
    assert np.isfinite(clf.loss_curve_).all()
    assert np.isfinite(clf.hidden_coef_).all()
    assert np.isfinite(clf.output_coef_).all()
    return clf


@every_kind
@every_solver
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_penalty_is_found_whatever_is_fitted(kind, options, form, weighted):
    X, y = make_problem(kind, n=150)
    s = np.random.RandomState(0).uniform(size=150) if weighted else None
    clf = fitted(form(X), y, s, **options)
    assert 0.01 < clf.l2_regularization_ < 1000
    assert clf.l2_regularization_ != 3.0
    assert (clf.learning_rate_ is None) == (options.get("solver") == "lbfgs")


@every_kind
@pytest.mark.parametrize("activation", [*ACTIVATIONS, own], ids=lambda a: getattr(a, "name", a))
def test_a_penalty_is_found_for_every_activation(kind, activation):
    X, y = make_problem(kind, n=150)
    assert fitted(X, y, activation=activation).l2_regularization_ != 3.0


def test_noise_is_penalised_and_a_signal_is_not():
    X, y = make_problem("multiclass", n=1000)
    noise = np.random.RandomState(0).permutation(y)
    weak, strong = (fitted(X, labels, hidden_width=32, max_iter=500) for labels in (noise, y))
    assert weak.l2_regularization_ > 3 * strong.l2_regularization_
    shares = np.bincount(y) / len(y)
    entropy = -(shares * np.log(shares)).sum()
    assert weak.loss_ > 0.97 * entropy
    assert strong.loss_ < 0.8 * entropy


def test_a_penalty_that_is_given_is_left_alone():
    X, y = make_problem("binary", n=150)
    for penalty in (0.0, 0.25, 40):
        clf = ShallowNetClassifier(6, l2_regularization=penalty, max_iter=150, random_state=0).fit(X, y)
        assert clf.l2_regularization_ == penalty
        assert clf.partial_fit(X, y).l2_regularization_ == penalty


@every_kind
@pytest.mark.parametrize("n", [300, 3000])
@pytest.mark.parametrize(
    ("options", "atol"),
    [({"max_iter": 20}, 1e-7), ({"solver": "lbfgs", "max_iter": 20}, 1e-5), ({"learning_rate": 0.5}, 1e-7)],
    ids=str,
)
def test_weights_are_repetitions_with_everything_found(kind, n, options, atol):
    X, y = make_problem(kind, n=n)
    s = np.random.RandomState(0).randint(0, 4, size=n)
    weighted = fitted(X, y, s, **options)
    order = np.random.RandomState(1).permutation(s.sum())
    for rows in (np.repeat(np.arange(n), s), np.repeat(np.arange(n), s)[order]):
        repeated = fitted(X[rows], y[rows], **options)
        assert_allclose(repeated.l2_regularization_, weighted.l2_regularization_, rtol=1e-6)
        assert_allclose(repeated.decision_function(X), weighted.decision_function(X), atol=atol)


@pytest.mark.parametrize("options", [{"max_iter": 20}, {"learning_rate": 0.5}], ids=str)
@pytest.mark.parametrize("form", ["dense", "sparse"])
def test_scale_of_columns_and_order_of_labels_make_no_difference(options, form):
    X, y = make_problem("multiclass", n=200)
    changed = X * [1, 1e150, 1e-150, 7, 1e3] + (0 if form == "sparse" else np.array([3, 0, 0, -50, 0]))
    X, changed = (sp.csr_array(A) if form == "sparse" else A for A in (X, changed))
    expected = fitted(X, y, **options)
    order = np.array([2, 0, 3, 1])
    for clf, given, columns in (
        (fitted(changed, y, **options), changed, slice(None)),
        (fitted(X, order[y], **options), X, order),
    ):
        assert_allclose(clf.l2_regularization_, expected.l2_regularization_, rtol=1e-6)
        assert_allclose(
            clf.decision_function(given)[:, columns], expected.decision_function(X), rtol=1e-5, atol=1e-6
        )


@pytest.mark.parametrize("size", [1e-300, 1e-3, 0.1, 0.5])
@pytest.mark.parametrize("uneven", [False, True])
def test_light_weights_give_the_same_network_and_a_penalty_as_light(size, uneven):
    X, y = make_problem("binary", n=200)
    s = np.random.RandomState(0).uniform(0.5, 1, size=200) if uneven else np.ones(200)
    s = s / s.max() * (s.sum() / (s**2).sum() if uneven else 1) * s.max()  # Σ s = (Σ s)² / Σ s²
    whole, light = (fitted(X, y, s * factor, learning_rate=0.5) for factor in (1, size))
    assert_allclose(light.decision_function(X), whole.decision_function(X), atol=1e-8)
    assert_allclose(light.l2_regularization_, size * whole.l2_regularization_, rtol=1e-8)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"learning_rate": 0.5}, {"solver": "adam"}], ids=str)
@every_kind
def test_150_fits_of_one_iteration_are_one_of_150(options, kind):
    X, y = make_problem(kind, n=100)
    common = {"tol": 0, "random_state": 0, **options}
    whole = ShallowNetClassifier(5, max_iter=150, **common).fit(X, y)
    steps, curve = ShallowNetClassifier(5, max_iter=1, warm_start=True, **common), []
    for _ in range(150):
        curve.append(steps.fit(X, y).loss_curve_[0])
    assert_allclose(curve[:60], whole.loss_curve_[:60], rtol=1e-6)
    if "learning_rate" in options or "solver" in options:  # elsewhere rounding grows
        assert_allclose([*curve, steps.loss_], whole.loss_curve_, rtol=1e-6)
        assert_allclose(steps.l2_regularization_, whole.l2_regularization_, rtol=1e-6)
        assert_allclose(steps.decision_function(X), whole.decision_function(X), rtol=1e-6, atol=1e-6)
    else:
        assert_allclose(steps.l2_regularization_, whole.l2_regularization_, rtol=0.1)
        assert_allclose(steps.loss_, whole.loss_, rtol=0.05)
    for name in ("estimates", "steps", "begun_below", "could_hold"):
        assert_allclose(steps._progress[name], whole._progress[name], rtol=1e-12)
    assert 3 <= whole._progress["estimates"] <= 4
    assert 110 < whole._progress["steps"] <= 150


@every_solver
def test_a_fit_that_ends_before_the_first_mark_has_a_penalty(options):
    X, y = make_problem("multiclass", n=100)
    few = fitted(X, y, max_iter=1, tol=0, **options)
    early = fitted(X, y, tol=0.9, **options)
    assert few.n_iter_ == 1
    assert early.converged_
    assert few.l2_regularization_ >= 3.0
    assert early.l2_regularization_ > 0


def test_in_parts_the_penalty_is_3_against_all_rows_seen():
    X, y = make_problem("multiclass", n=300)
    clf, seen = ShallowNetClassifier(6, random_state=0), 0.0
    for rows, size in ((slice(100), 1.0), (slice(100, 130), 1.0), (slice(130, 300), 4.0)):
        s = np.full(len(X[rows]), size)
        seen += s.sum()
        clf.partial_fit(X[rows], y[rows], classes=np.arange(4), sample_weight=s)
        assert_allclose(clf.l2_regularization_, 3 * s.sum() / seen)


HARD = {
    "constant": (np.ones((20, 3)), np.arange(20) % 2, {}),
    "zero": (np.zeros((20, 3)), np.arange(20) % 3, {}),
    "sparse and empty": (sp.csr_array((20, 3)), np.arange(20) % 2, {}),
    "one class": (np.random.RandomState(0).normal(size=(20, 3)), np.zeros(20), {}),
    "one label of two": (np.random.RandomState(0).normal(size=(20, 3)), np.tile([[0, 1]], (20, 1)), {}),
    "two rows": (np.array([[0.0, 1], [1, 0]]), [0, 1], {}),
    "two equal rows": (np.ones((2, 3)), [0, 1], {}),
    "wide and sparse": (sp.random(60, 5000, 0.01, "csr", random_state=0), np.arange(60) % 2, {}),
    "wide": (np.random.RandomState(0).normal(size=(30, 2000)), np.arange(30) % 3, {}),
    "150 classes": (np.random.RandomState(0).normal(size=(600, 5)), np.arange(600) % 150, {}),
    "huge": (np.random.RandomState(0).normal(size=(60, 3)) * [1e200, 1, 1e-200], np.arange(60) % 2, {}),
    "huge as it comes": (np.random.RandomState(0).normal(size=(60, 3)) * 1e6, np.arange(60) % 2, {}),
    "one unit": (np.random.RandomState(0).normal(size=(60, 3)), np.arange(60) % 2, {"hidden_width": 1}),
}
HARD["huge as it comes"][2]["standardize"] = False


@pytest.mark.parametrize("name", HARD)
@pytest.mark.parametrize("options", SOLVERS[:4], ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_penalty_never_breaks_a_fit(name, options, dtype):
    X, y, more = HARD[name]
    if dtype == np.float32 and name == "huge":
        return
    clf = fitted(X.astype(dtype), y, **options, **more)
    assert np.isfinite(clf.predict_proba(X.astype(dtype))).all()


@pytest.mark.parametrize("factor", [1e100, 1e150])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_numbers_beyond_squares_as_they_come_leave_a_finite_network_or_are_told(factor, activation):
    X, y = make_problem("binary")
    clf = ShallowNetClassifier(5, activation=activation, standardize=False, random_state=0, max_iter=70)
    message = None
    try:
        clf.fit(X * factor, y)
    except ValueError as error:
        message = str(error)
    if message is not None:
        assert "standardize=True" in message
    else:
        assert np.isfinite(clf.hidden_coef_).all()
        assert 0 < clf.l2_regularization_ < np.inf


@pytest.mark.parametrize("weight", [1e-300, 1e-8, 1e300])
def test_weights_of_any_size_leave_a_penalty_that_is_finite(weight):
    X, y = np.random.RandomState(0).normal(size=(40, 3)), np.arange(40) % 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf = ShallowNetClassifier(4, random_state=0, max_iter=70).fit(X, y, sample_weight=np.full(40, weight))
    assert 0 < clf.l2_regularization_ < np.inf
    assert np.isfinite(clf.decision_function(X)).all()


def test_weights_are_repetitions_where_their_sum_alone_exceeds_the_sample():
    rng = np.random.RandomState(0)
    X, s = rng.normal(size=(1500, 5)), rng.randint(1, 3, size=1500)
    y = (X[:, 0] + rng.normal(size=1500) > 0).astype(int)
    weighted, repeated = fitted(X, y, s), fitted(np.repeat(X, s, axis=0), np.repeat(y, s))
    assert weighted.l2_regularization_ == repeated.l2_regularization_
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-6)


@every_solver
def test_an_activation_that_returns_no_array_is_taken_as_one(options):
    X, y = make_problem("binary", n=60)
    lists = Activation(lambda Z: np.tanh(Z).tolist(), lambda Z: (1 - np.tanh(Z) ** 2).tolist())
    expected = fitted(X, y, activation=Activation(np.tanh, lambda Z: 1 - np.tanh(Z) ** 2), **options)
    assert_allclose(fitted(X, y, activation=lists, **options).predict_proba(X), expected.predict_proba(X))


@every_solver
def test_the_curve_has_the_penalty_of_each_cost(options):
    X, y = make_problem("binary", n=150)
    clf = fitted(X, y, **options)
    assert len(clf.l2_regularization_curve_) == clf.n_iter_ + 1
    assert clf.l2_regularization_curve_[-1] == clf.l2_regularization_
    assert len(set(clf.l2_regularization_curve_)) > 1
    given = fitted(X, y, l2_regularization=2.0, **options)
    assert given.l2_regularization_curve_ == [2.0] * (given.n_iter_ + 1)


def test_the_curve_of_penalties_goes_on_with_partial_fit():
    X, y = make_problem("binary", n=150)
    clf = ShallowNetClassifier(4, random_state=0)
    for _ in range(3):
        clf.partial_fit(X, y, classes=[0, 1])
    assert len(clf.l2_regularization_curve_) == len(clf.loss_curve_) == clf.n_iter_ + 1
