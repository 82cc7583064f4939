"""Networks merged into one: whose outputs are the mean of theirs, chosen by rows that they were not fitted to."""

import pickle

import numpy as np
import pytest
import scipy.sparse as sp
import sklearn
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from sk_shallow import ShallowNetClassifier, ShallowNetClassifierCV
from sk_shallow import _merge as merging
from sk_shallow._losses import LOSSES
from sk_shallow._merge import N_MERGED, Choice, choose

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)


def members(search, X, y, s=None):
    """Return the networks that a search has merged, each fitted by itself: the first start of each is known."""
    base = ShallowNetClassifier(max_iter=search.max_iter, random_state=search.random_state)
    firsts = {str(params): params for params in search.merged_params_}
    return {key: clone(base).set_params(**params).fit(X, y, s) for key, params in firsts.items()}


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, lambda X: X.astype(np.float32), lambda X: X + 1e7])
def test_the_outputs_are_the_mean_of_the_networks_times_the_factor(kind, form, monkeypatch):
    X, y = make_problem(kind, n=120)
    X = form(X)
    monkeypatch.setattr(merging, "_choice", lambda *_: Choice([2, 0, 1], 0.9))
    search = ShallowNetClassifierCV((3, 4, 6), refit="merge", cv=3, max_iter=60, random_state=0).fit(X, y)
    outputs = [member.decision_function(X) for member in members(search, X, y).values()]
    assert len(outputs) == N_MERGED
    rtol = 1e-4 if X.dtype == np.float32 else 1e-6
    assert_allclose(search.decision_function(X), 0.9 * np.mean(outputs, axis=0), rtol=rtol, atol=rtol)
    widths = [params["hidden_width"] for params in search.merged_params_]
    assert search.hidden_width_ == sum(widths) == len(search.hidden_coef_) == search.best_estimator_.hidden_width
    assert_array_equal(search.predict(X), search.best_estimator_.predict(X))
    assert search.hidden_coef_.dtype == X.dtype


def test_one_network_three_times_is_three_starts():
    X, y = make_problem("binary", n=120)
    search = ShallowNetClassifierCV((5,), refit="merge", max_iter=60, random_state=3).fit(X, y)
    (first,) = members(search, X, y).values()
    assert len(search.merged_params_) == N_MERGED
    assert_array_equal(search.hidden_coef_[:5], first.hidden_coef_)
    starts = search.hidden_coef_.reshape(N_MERGED, -1)
    assert len(np.unique(starts, axis=0)) == N_MERGED
    again = clone(search).fit(X, y)
    assert_array_equal(again.hidden_coef_, search.hidden_coef_)
    generator = clone(search).set_params(random_state=np.random.RandomState(3)).fit(X, y)
    assert_array_equal(generator.hidden_coef_, search.hidden_coef_)


def test_the_choice_is_greedy_and_takes_what_helps():
    rng = np.random.RandomState(0)
    truth = rng.normal(size=(400, 1)) * 2
    Y = (rng.uniform(size=(400, 1)) < 1 / (1 + np.exp(-truth))).astype(float)
    s = np.full(400, 1 / 400)
    noisy = [truth + rng.normal(size=truth.shape) for _ in range(2)]
    Z2 = np.array([rng.normal(size=truth.shape), *noisy, np.full_like(truth, np.nan)])
    with np.errstate(all="ignore"):
        choice = choose(Z2, Y, s, LOSSES["sigmoid"])
    assert set(choice.numbers) == {1, 2}  # the mean of both has less noise than either
    assert choose(Z2[:1], Y, s, LOSSES["sigmoid"]).numbers == [0] * N_MERGED
    one_at_a_time = [float(s @ LOSSES["sigmoid"].value(Z, Y)) for Z in Z2[:3]]
    assert choice.numbers[0] == int(np.argmin(one_at_a_time))


@pytest.mark.parametrize("scale", [0.25, 0.8, 1.0, 1.5, 8.0])
def test_the_factor_goes_half_way_to_outputs_that_are_as_sure_as_they_should_be(scale):
    rng = np.random.RandomState(0)
    truth = rng.normal(size=(4000, 3)) * 2
    P = np.exp(truth) / np.exp(truth).sum(axis=1, keepdims=True)
    Y = np.eye(3)[[rng.choice(3, p=p) for p in P]]
    choice = choose(scale * truth[None], Y, np.full(4000, 1 / 4000), LOSSES["softmax"])
    assert_allclose(choice.factor, np.clip(scale, 0.5, 2) ** -0.5, rtol=0.05)


def test_the_default_search_merges_and_a_given_grid_does_not():
    X, y = make_problem("binary", n=150)
    default = ShallowNetClassifierCV(random_state=0).fit(X, y)
    assert len(default.merged_params_) == N_MERGED
    assert default.n_splits_ == 3
    assert set(default.best_params_) == {"hidden_width", "learning_rate", "l2_regularization"}
    for given in (
        {"hidden_widths": (4,)},
        {"learning_rates": (0.3,)},
        {"l2_regularizations": (1.0,)},
        {"scoring": "accuracy"},
    ):
        search = ShallowNetClassifierCV(max_iter=30, random_state=0, **given).fit(X, y)
        assert search.n_splits_ == 5
        assert not hasattr(search, "merged_params_")
        assert search.hidden_width_ == search.best_params_["hidden_width"]
    search = ShallowNetClassifierCV(refit=False, random_state=0).fit(X, y)
    assert not hasattr(search, "hidden_coef_")


def test_what_was_merged_before_is_forgotten():
    X, y = make_problem("binary", n=100)
    search = ShallowNetClassifierCV((3,), refit="merge", max_iter=30).fit(X, y)
    assert not hasattr(search.set_params(refit=True).fit(X, y), "merged_params_")


def test_several_scores_and_a_merge_are_refused():
    X, y = make_problem("binary", n=60)
    search = ShallowNetClassifierCV(refit="merge", scoring=["accuracy", "neg_log_loss"])
    with pytest.raises(ValueError, match=r"scoring has several: \['accuracy', 'neg_log_loss'\]"):
        search.fit(X, y)
    search.set_params(scoring=lambda estimator, X, y: {"a": 1.0, "b": 2.0})
    with pytest.raises(ValueError, match="scoring has several"):
        search.fit(X, y)
    assert not hasattr(search, "cv_results_")


def test_a_merged_network_has_the_parameters_of_its_members():
    X, y = make_problem("binary", n=90)
    grid = {"learning_rates": (0.3,), "l2_regularizations": (1.0,)}
    best = ShallowNetClassifierCV((3,), **grid, refit="merge", max_iter=20).fit(X, y).best_estimator_
    assert (best.learning_rate, best.l2_regularization, best.hidden_width) == (0.3, 1.0, 9)
    assert clone(best).fit(X, y).hidden_coef_.shape == best.hidden_coef_.shape


def test_a_member_that_diverges_on_all_rows_is_the_best_that_it_met(monkeypatch):
    X, y = make_problem("binary", n=90)
    monkeypatch.setattr(merging, "_choice", lambda *_: Choice([0, 1, 1], 1.0))
    grid = {"learning_rates": (1e6, 0.3), "l2_regularizations": (1.0,)}
    search = ShallowNetClassifierCV((3,), **grid, refit="merge", max_iter=20)
    with pytest.warns(ConvergenceWarning, match="the best network met is kept"):
        search.fit(X, y)
    assert np.isfinite(search.predict_proba(X)).all()


@pytest.mark.parametrize(
    "shared", [{"n_jobs": 2}, {"class_weight": "balanced"}, {"solver": "lbfgs"}, {"batch_size": 30}]
)
def test_a_merge_on_other_ways(shared):
    X, y = make_problem("multiclass", n=120)
    search = ShallowNetClassifierCV(
        refit="merge", hidden_widths=(3, 5), max_iter=40, random_state=0, **shared
    ).fit(X, y)
    assert len(search.merged_params_) == N_MERGED
    if "n_jobs" in shared:
        alone = clone(search).set_params(n_jobs=None).fit(X, y)
        assert_array_equal(alone.predict_proba(X), search.predict_proba(X))
        assert alone.merged_factor_ == search.merged_factor_


def test_weights_are_routed_to_a_merge():
    X, y = make_problem("binary", n=90)
    s = np.linspace(0.5, 2, 90)
    plain = ShallowNetClassifierCV(refit="merge", max_iter=40, random_state=0).fit(X, y, sample_weight=s)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(plain).fit(X, y, sample_weight=s)
    assert_allclose(routed.predict_proba(X), plain.predict_proba(X))


def test_no_weight_on_held_out_rows_chooses_nothing():
    X, y = make_problem("binary", n=60)
    s = np.r_[np.ones(40), np.zeros(20)]
    folds = [(np.arange(40), np.arange(40, 60))]
    score = lambda estimator, X, y, sample_weight=None: estimator.score(X, y)  # noqa: E731
    search = ShallowNetClassifierCV((3, 4), refit="merge", cv=folds, scoring=score, max_iter=20)
    search.fit(X, y, sample_weight=s)
    assert search.merged_params_ == [search.best_params_] * N_MERGED


def test_a_diverged_candidate_is_not_merged():
    X, y = make_problem("binary", n=100)
    search = ShallowNetClassifierCV((3,), learning_rates=(1e6, 0.3), refit="merge", max_iter=30).fit(X, y)
    assert {params["learning_rate"] for params in search.merged_params_} == {0.3}


def test_folds_without_a_class_choose_nothing():
    X, y = make_problem("multiclass", n=60)
    y = np.where(np.arange(60) == 5, 9, y)  # a class of one row
    search = ShallowNetClassifierCV(refit="merge", hidden_widths=(3, 4), cv=3, scoring="accuracy", max_iter=30)
    with pytest.warns(UserWarning, match="least populated"):
        search.fit(X, y)
    assert set(search.classes_) == {0, 1, 2, 3, 9}
    only = np.array_split(np.arange(60), [20])
    search.set_params(cv=[(np.delete(np.arange(60), 5), only[0]), (only[1], only[0])], refit="merge").fit(X, y)
    assert search.merged_params_ == [search.best_params_] * N_MERGED
    assert search.merged_factor_ == 1


def test_weights_count_in_the_choice():
    X, y = make_problem("binary", n=200)
    s = np.random.RandomState(0).randint(0, 3, 200)
    weighted = ShallowNetClassifierCV((3, 6), cv=FOLDS, refit="merge", max_iter=60, random_state=0)
    train = [(a, b) for a, b in FOLDS.split(X, y)]
    repeat = np.repeat(np.arange(200), s)
    where = [(np.flatnonzero(np.isin(repeat, a)), np.flatnonzero(np.isin(repeat, b))) for a, b in train]
    weighted.set_params(cv=train).fit(X, y, sample_weight=s)
    repeated = clone(weighted).set_params(cv=where).fit(X[repeat], y[repeat])
    assert weighted.merged_params_ == repeated.merged_params_
    assert_allclose(weighted.merged_factor_, repeated.merged_factor_, rtol=1e-4)
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-4)


def test_a_merged_network_is_an_estimator_like_any_other():
    X, y = make_problem("multiclass", n=150)
    search = ShallowNetClassifierCV(random_state=0, max_iter=100).fit(X, y)
    loaded = pickle.loads(pickle.dumps(search))
    assert_array_equal(loaded.predict_proba(X), search.predict_proba(X))
    assert log_loss(y, search.predict_proba(X)) < 1
    assert search.transform(X).shape == (150, search.hidden_width_)
    assert search.n_iter_ > 0
    assert clone(search.best_estimator_).fit(X, y).hidden_coef_.shape == search.hidden_coef_.shape
