"""Several starts: side by side, the lowest cost kept, the first one that of a single fit."""

import numpy as np
import pytest
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from sk_shallow import ShallowNetClassifier, ShallowNetClassifierCV
from sk_shallow import _stack as stacked
from sk_shallow._stack import fit_networks, starts_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WAYS = [
    {},
    {"learning_rate": 0.3, "l2_regularization": 1.0},
    {"solver": "adam"},
    {"solver": "lbfgs"},
    {"batch_size": 30},
]


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_lowest_cost_of_fits_one_after_another_is_kept(kind, way):
    X, y = make_problem(kind, n=90)
    clf = ShallowNetClassifier(3, n_init=4, max_iter=40, random_state=0, **way).fit(X, y)
    alone = [clone(clf).set_params(n_init=1, random_state=state).fit(X, y) for state in starts_of(0, 4)]
    assert_allclose(clf.init_losses_, [each.loss_ for each in alone], rtol=1e-14)
    best = alone[int(np.argmin(clf.init_losses_))]
    for name in ("hidden_coef_", "hidden_intercept_", "output_coef_", "output_intercept_"):
        assert_array_equal(getattr(clf, name), getattr(best, name))
    assert_allclose(clf.loss_curve_, best.loss_curve_, rtol=1e-14)
    assert clf.loss_ == clf.init_losses_.min()
    assert len(set(clf.init_losses_)) == 4


def test_the_first_start_is_that_of_one():
    X, y = make_problem("binary", n=90)
    one = ShallowNetClassifier(3, max_iter=30, random_state=5).fit(X, y)
    assert_array_equal(one.init_losses_, [one.loss_])
    several = ShallowNetClassifier(3, n_init=3, max_iter=30, random_state=5).fit(X, y)
    assert several.init_losses_[0] == one.loss_


def test_a_generator_goes_on_and_a_seed_does_not():
    X, y = make_problem("binary", n=90)
    clf = ShallowNetClassifier(3, n_init=3, max_iter=30, random_state=1)
    assert_array_equal(clf.fit(X, y).init_losses_, clone(clf).fit(X, y).init_losses_)
    clf.set_params(random_state=np.random.RandomState(1))
    first = clf.fit(X, y).init_losses_
    assert first[0] == clone(clf).set_params(random_state=1).fit(X, y).init_losses_[0]
    assert not np.array_equal(first, clf.fit(X, y).init_losses_)


def test_a_diverged_start_is_kept_only_where_all_diverge():
    X, y = make_problem("binary", n=90)
    options = {"l2_regularization": 1.0, "max_iter": 60, "random_state": 0, "activation": "identity"}
    for rate in (0.3, 1e6):
        clf = ShallowNetClassifier(3, n_init=3, learning_rate=rate, **options).fit(X, y)
        assert (clf.stop_reason_ == "diverged") == (rate == 1e6)
        assert np.isfinite(clf.predict_proba(X)).all()


@pytest.mark.parametrize("failing", [[1], [0, 1, 2]])
def test_an_error_of_some_starts_is_nan_and_of_all_an_error(monkeypatch, failing):
    def some_fail(*arguments):
        outcomes = fit_networks(*arguments)
        for i in failing:
            outcomes[i] = outcomes[i]._replace(network=None, record=None, error=ValueError("no network"))
        return outcomes

    X, y = make_problem("binary", n=60)
    clf = ShallowNetClassifier(3, n_init=3, max_iter=5, random_state=0)
    monkeypatch.setattr(stacked, "fit_networks", some_fail)
    if len(failing) < 3:
        assert_array_equal(np.isnan(clf.fit(X, y).init_losses_), [False, True, False])
        assert clf.loss_ == np.nanmin(clf.init_losses_)
    else:
        with pytest.raises(ValueError, match="no network"):
            clf.fit(X, y)
        assert not hasattr(clf, "init_losses_")


def test_what_goes_on_has_no_other_start():
    X, y = make_problem("binary", n=90)
    clf = ShallowNetClassifier(3, n_init=3, max_iter=10, warm_start=True, random_state=0).fit(X, y)
    loss = clf.loss_
    assert clf.fit(X, y).loss_ < loss
    assert_array_equal(clf.init_losses_, [clf.loss_])
    part = ShallowNetClassifier(3, n_init=3, random_state=0).partial_fit(X, y, classes=[0, 1])
    assert part.init_losses_.shape == (1,)


@pytest.mark.parametrize("penalty", ["auto", 1.0])
def test_a_search_over_networks_of_several_starts(penalty):
    X, y = make_problem("binary", n=90)
    shared = {"n_init": 3, "max_iter": 30, "random_state": 0}
    ours = ShallowNetClassifierCV((2, 4), l2_regularizations=(penalty,), cv=3, **shared).fit(X, y)
    base = ShallowNetClassifier(l2_regularization=penalty, **shared)
    theirs = GridSearchCV(base, {"hidden_width": [2, 4]}, cv=3, scoring="neg_log_loss").fit(X, y)
    assert_array_equal(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"])
    assert_allclose(ours.init_losses_, theirs.best_estimator_.init_losses_, rtol=1e-14)
