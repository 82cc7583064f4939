"""Growing: new units that change nothing until they are fitted, and a solver that remembers the old ones."""

import numpy as np
import pytest
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sk_shallow import ShallowNetClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WAYS = [
    {},
    {"standardize": False},
    {"learning_rate": 0.3, "momentum": 0.7, "l2_regularization": 1.0},
    {"solver": "adam", "learning_rate": 0.05},
    {"solver": "adam", "batch_size": 16},
    {"batch_size": 16},
    {"solver": "lbfgs"},
]


def grown(kind, way, dtype=np.float64, small=3, large=8, **options):
    """Return rows, a fitted network, and one that has grown and made no step."""
    X, y = make_problem(kind, n=90, dtype=dtype)
    clf = ShallowNetClassifier(small, warm_start=True, max_iter=25, random_state=0, **way, **options).fit(X, y)
    wider = ShallowNetClassifier(**clf.get_params())
    wider.__dict__ |= vars(clf)
    return X, y, clf, wider.set_params(hidden_width=large, tol=1e12).fit(X, y)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    ("kind", "dtype"), [("binary", np.float64), ("multiclass", np.float32), ("multilabel", float)]
)
def test_the_function_stays_to_the_bit(kind, dtype, way):
    X, _, clf, wider = grown(kind, way, dtype)
    assert wider.n_iter_ == 0
    assert_array_equal(wider.hidden_coef_[:3], clf.hidden_coef_)
    assert_array_equal(wider.hidden_intercept_[:3], clf.hidden_intercept_)
    assert_array_equal(wider.output_coef_, np.pad(clf.output_coef_, ((0, 0), (0, 5))))
    assert_array_equal(wider.output_intercept_, clf.output_intercept_)
    assert_array_equal(wider.predict_proba(X), clf.predict_proba(X))
    new = wider.hidden_coef_[3:]
    assert len(np.unique(new)) == new.size
    assert not np.isin(new, clf.hidden_coef_).any()


def test_new_units_are_those_of_a_draw_of_that_width():
    X, y, _, wider = grown("binary", {"standardize": False})
    start = ShallowNetClassifier(8, max_iter=1, random_state=0, learning_rate=1e-300, standardize=False).fit(X, y)
    assert_allclose(wider.hidden_coef_[3:], start.hidden_coef_[3:], rtol=1e-14)
    assert_allclose(wider.hidden_intercept_[3:], start.hidden_intercept_[3:], rtol=1e-14)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_the_memory_of_the_solver_grows_with_it(way):
    _, _, clf, wider = grown("multiclass", way)
    (h, d), k = clf.hidden_coef_.shape, len(clf.output_intercept_)
    for name, value in clf._solver_memory.items():
        found = wider._solver_memory[name]
        if not isinstance(value, np.ndarray):
            assert isinstance(value, dict) or found == value
            continue
        hidden, output = found[: 8 * (d + 1)].reshape(8, d + 1), found[8 * (d + 1) :].reshape(k, 9)
        assert_array_equal(hidden[:h], value[: h * (d + 1)].reshape(h, d + 1))
        assert_array_equal(output[:, [0, 1, 2, 8]], value[h * (d + 1) :].reshape(k, h + 1))
        assert not hidden[h:].any()
        assert not output[:, h:8].any()


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_wider_network_goes_on_and_learns_more(way):
    X, y = make_problem("multiclass", n=200, seed=3)
    clf = ShallowNetClassifier(
        1, warm_start=True, max_iter=60, random_state=0, **{"l2_regularization": 0.1, **way}
    )
    before = clf.fit(X, y).loss_
    assert clf.set_params(hidden_width=8).fit(X, y).loss_ < 0.9 * before
    assert clf.output_coef_[:, 1:].any(axis=0).all()


def test_the_penalty_is_found_anew():
    X, y = make_problem("binary", n=200)
    clf = ShallowNetClassifier(2, warm_start=True, random_state=0).fit(X, y)
    clf.set_params(hidden_width=16).fit(X, y)
    assert len(set(clf.l2_regularization_curve_)) > 1


def test_parts_can_be_learnt_by_a_network_that_grows():
    X, y = make_problem("multiclass", n=200)
    clf = ShallowNetClassifier(3, random_state=0, learning_rate=0.3)
    for _ in range(5):
        clf.partial_fit(X, y, classes=np.unique(y))
    P, n_iter = clf.predict_proba(X), clf.n_iter_
    slow = clone(clf)
    slow.__dict__ |= vars(clf)
    slow.set_params(hidden_width=7, learning_rate=1e-300).partial_fit(X, y)
    assert_allclose(slow.predict_proba(X), P, rtol=1e-10)
    assert slow.n_iter_ == n_iter + 1
    clf.set_params(hidden_width=7).partial_fit(X, y)
    assert clf.hidden_coef_.shape == (7, 5)
    clf.partial_fit(X, y)
    assert clf.output_coef_[:, 3:].any()


def test_a_network_cannot_shrink():
    X, y, clf, _ = grown("binary", {})
    before = dict(vars(clf))
    for fit in (clf.fit, clf.partial_fit):
        clf.set_params(hidden_width=2)
        with pytest.raises(ValueError, match=r"hidden_width=2 is less than the fitted network's 3 .*only grow"):
            fit(X, y)
    assert vars(clf.set_params(hidden_width=3)).keys() == before.keys()
    assert_array_equal(clf.hidden_coef_, before["hidden_coef_"])


def test_far_columns_grow_too():
    X, y = make_problem("binary", n=90)
    clf = ShallowNetClassifier(3, warm_start=True, max_iter=25, random_state=0).fit(X + 1e7, y)
    P = clf.predict_proba(X + 1e7)
    assert_array_equal(clf.set_params(hidden_width=6, tol=1e12).fit(X + 1e7, y).predict_proba(X + 1e7), P)
