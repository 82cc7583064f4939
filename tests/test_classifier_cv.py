"""ShallowNetClassifierCV: GridSearchCV's answers to the digit, and an estimator like any other."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import sklearn
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning, NotFittedError
from sklearn.metrics import fbeta_score, get_scorer, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures

from sk_shallow import Activation, ShallowNetClassifier, ShallowNetClassifierCV
from sk_shallow._threads import n_blas_threads

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
FOLDS = StratifiedKFold(3, shuffle=True, random_state=0)
GRID = {"hidden_width": [2, 5], "learning_rate": ["auto", 0.5], "l2_regularization": [1.0, "auto"]}
PLURAL = {"hidden_widths": [2, 5], "learning_rates": ["auto", 0.5], "l2_regularizations": [1.0, "auto"]}
SHARED = {"max_iter": 60, "random_state": 0}


def both(X, y, s=None, *, shared=None, search=None, **params):
    """Return our search and scikit-learn's, fitted to the same."""
    shared, search = SHARED | (shared or {}), {"cv": FOLDS, "scoring": "neg_log_loss"} | (search or {})
    given = params if s is None else params | {"sample_weight": s}
    ours = ShallowNetClassifierCV(**PLURAL, **shared, **search).fit(X, y, **given)
    theirs = GridSearchCV(ShallowNetClassifier(**shared), GRID, **search).fit(X, y, **given)
    return ours, theirs


def same(ours, theirs):
    assert list(ours.cv_results_) == list(theirs.cv_results_)
    for name, expected in theirs.cv_results_.items():
        found = ours.cv_results_[name]
        if "time" in name:
            assert found.shape == expected.shape
        elif name == "params":
            assert found == expected
        else:
            assert type(found) is type(expected)
            assert found.dtype == expected.dtype
            if found.dtype.kind == "f":
                assert_array_equal(found, expected)
            else:
                assert_array_equal(found, expected)


@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, pd.DataFrame, lambda X: X.astype(np.float32)])
def test_the_answers_are_those_of_grid_search(kind, form):
    X, y = make_problem(kind, n=90)
    ours, theirs = both(form(X), y, search={"return_train_score": True})
    same(ours, theirs)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_index_ == theirs.best_index_
    assert_allclose(ours.best_score_, theirs.best_score_)
    assert_allclose(ours.predict_proba(form(X)), theirs.predict_proba(form(X)))
    assert_allclose(ours.score(form(X), y), theirs.score(form(X), y))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(
    "shared", [{"class_weight": "balanced"}, {"solver": "lbfgs"}, {"solver": "adam"}], ids=str
)
def test_the_same_for_weights_and_solvers(weighted, shared):
    X, y = make_problem("multiclass", n=90)
    s = np.random.RandomState(0).uniform(0.5, 2, size=90) if weighted else None
    grid = {} if shared.get("solver") != "lbfgs" else {"learning_rates": ["auto"]}
    search = {"cv": FOLDS, "scoring": "accuracy"}
    ours = ShallowNetClassifierCV(**PLURAL | grid, **SHARED, **shared, **search).fit(X, y, sample_weight=s)
    singular = GRID | {name.removesuffix("s"): values for name, values in grid.items()}
    theirs = GridSearchCV(ShallowNetClassifier(**SHARED, **shared), singular, **search)
    same(ours, theirs.fit(X, y, sample_weight=s))


@pytest.mark.parametrize(
    "search",
    [
        {"scoring": ["accuracy", "neg_log_loss"], "refit": "accuracy"},
        {"scoring": {"a": "accuracy"}, "refit": "a"},
        {"scoring": lambda estimator, X, y: estimator.decision_function(X).max(), "refit": True},
        {"scoring": "accuracy", "refit": lambda results: int(np.argmin(results["mean_test_score"]))},
        {"scoring": "accuracy", "refit": False},
        {"scoring": "neg_log_loss", "n_jobs": 2},
        {"cv": 4},
    ],
)
def test_the_same_for_any_scoring_and_refit(search):
    X, y = make_problem("binary", n=80)
    ours, theirs = both(X, y, search=search)
    same(ours, theirs)
    assert hasattr(ours, "best_score_") == hasattr(theirs, "best_score_")
    assert hasattr(ours, "best_estimator_") == hasattr(theirs, "best_estimator_")
    if search.get("refit") is not False:
        assert_allclose(ours.score(X, y), theirs.score(X, y))


@pytest.mark.parametrize("n_jobs", [2, 3, -1])
def test_the_same_for_any_number_of_jobs(n_jobs):
    X, y = make_problem("multiclass", n=80)
    same(*both(X, y, search={"n_jobs": n_jobs, "cv": 3}))


def test_bits_are_those_of_grid_search_where_rounding_decides():
    X, y = make_problem("multiclass", n=90)
    grid = {"hidden_width": [3, 6], "learning_rate": [1.0, 2.0], "l2_regularization": [1.0]}
    for shared in ({"activation": "tanh"}, {"solver": "adam", "activation": "relu"}):
        base = ShallowNetClassifier(max_iter=80, tol=0, random_state=0, **shared)
        plural = {f"{name}s": values for name, values in grid.items()}
        ours = ShallowNetClassifierCV(**plural, max_iter=80, tol=0, random_state=0, cv=FOLDS, **shared)
        for dtype in (np.float64, np.float32):
            theirs = GridSearchCV(base, grid, scoring="neg_log_loss", cv=FOLDS).fit(X.astype(dtype), y)
            found = ours.fit(X.astype(dtype), y).cv_results_
            assert_array_equal(found["mean_test_score"], theirs.cv_results_["mean_test_score"])


def test_what_diverges_scores_the_error_score_and_is_named_once():
    X, y = make_problem("binary", n=90)
    search = ShallowNetClassifierCV(
        (2, 4), learning_rates=(0.3, 1e6), l2_regularizations=(1.0,), cv=FOLDS, **SHARED
    )
    with pytest.warns(ConvergenceWarning) as told:
        search.fit(X, y)
    (text,) = [str(each.message) for each in told if "diverged" in str(each.message)]
    assert text.startswith("6 of 12 fits diverged, and score nan")
    assert "learning_rate=1000000.0" in text
    assert "learning_rate=0.3" not in text
    assert not any(issubclass(each.category, UserWarning) and "non-finite" in str(each.message) for each in told)
    rate = search.cv_results_["param_learning_rate"]
    assert np.isnan(search.cv_results_["mean_test_score"][rate == 1e6]).all()
    assert np.isfinite(search.cv_results_["mean_test_score"][rate != 1e6]).all()
    assert set(search.cv_results_["rank_test_score"][rate == 1e6]) == {3}
    assert search.best_params_["learning_rate"] == 0.3
    search.set_params(error_score=-7.0).fit(X, y)
    assert (search.cv_results_["mean_test_score"][rate == 1e6] == -7).all()
    with pytest.raises(ValueError, match="not finite or has risen"):
        search.set_params(error_score="raise").fit(X, y)
    with pytest.raises(ValueError, match="All the 6 fits failed"):
        search.set_params(error_score=np.nan, learning_rates=(1e6,)).fit(X, y)


def test_what_fails_scores_the_error_score_and_is_named():
    X, y = make_problem("binary", n=90)
    plural = {"learning_rates": ("auto", 0.1), "l2_regularizations": (1.0,)}
    search = ShallowNetClassifierCV(
        (2,), **plural, solver="lbfgs", scoring=["accuracy"], refit="accuracy", cv=FOLDS
    )
    with pytest.warns(FitFailedWarning, match=r"3 of 6 fits failed.*learning_rate=0.1.*does not go with"):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_accuracy"]).tolist() == [False, True]


@pytest.mark.filterwarnings("ignore:One or more of the test scores")
@pytest.mark.parametrize("penalty", [1.0, "auto"])
def test_an_error_of_one_fit_is_not_that_of_the_others(penalty):
    def steep(Z):
        if np.abs(Z).max() > 40:
            raise ValueError("too far out")
        return np.tanh(Z)

    X, y = make_problem("binary", n=90)
    mine = {"activation": Activation(steep, lambda Z: 1 - np.tanh(Z) ** 2), "max_iter": 30, "tol": 0}
    plural = {"learning_rates": (0.3, 300.0), "l2_regularizations": (penalty,)}
    search = ShallowNetClassifierCV((3,), **plural, **mine, cv=FOLDS, random_state=0)
    with pytest.warns(FitFailedWarning, match="3 of 6 fits failed.*too far out"):
        found = search.fit(X, y).cv_results_["mean_test_score"]
    base = ShallowNetClassifier(3, l2_regularization=penalty, **mine, random_state=0)
    grid = GridSearchCV(base, {"learning_rate": [0.3, 300.0]}, scoring="neg_log_loss", cv=FOLDS)
    with pytest.warns(FitFailedWarning):
        assert_array_equal(found, grid.fit(X, y).cv_results_["mean_test_score"])


def test_an_interrupt_in_a_stack_leaves_everything_as_it_was():
    calls = []

    def interrupted(Z):
        calls.append(Z.shape)
        if len(calls) == 20:
            raise KeyboardInterrupt
        return np.tanh(Z)

    X, y = make_problem("binary", n=90)
    activation = Activation(interrupted, lambda Z: 1 - np.tanh(Z) ** 2)
    for penalty in (1.0, "auto"):
        calls.clear()
        search = ShallowNetClassifierCV(
            (3, 4), l2_regularizations=(penalty,), learning_rates=(0.3,), activation=activation
        )
        before, threads, errors = dict(vars(search)), n_blas_threads(), np.geterr()
        with pytest.raises(KeyboardInterrupt):
            search.fit(X, y)
        assert (dict(vars(search)), n_blas_threads(), np.geterr()) == (before, threads, errors)


def test_nothing_of_an_earlier_network_stays():
    X, y = make_problem("binary", n=60)
    search = ShallowNetClassifierCV((3,), max_iter=20, cv=FOLDS)
    fresh = set(vars(clone(search).set_params(refit=False).fit(X, y)))
    assert set(vars(search.fit(X, y).set_params(refit=False).fit(X, y))) == fresh


@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_what_is_called_in_a_search_has_its_parameters_checked():
    X, y = make_problem("binary", n=60)
    scorer = make_scorer(fbeta_score, beta=-1)
    with pytest.warns(UserWarning, match="Scoring failed"):
        search = ShallowNetClassifierCV((2,), scoring=scorer, cv=3, max_iter=5).fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).all()


@pytest.mark.parametrize(
    "scoring",
    [
        lambda estimator, X, y: estimator.score(X, y),
        lambda estimator, X, y: float(estimator.hidden_width),
        lambda estimator, X, y: {"a": estimator.score(X, y), "b": 0.0},
    ],
)
def test_scorers_get_the_best_estimator(scoring):
    X, y = make_problem("binary", n=60)
    refit = "a" if isinstance(scoring(ShallowNetClassifier(2, max_iter=1).fit(X, y), X, y), dict) else True
    search = {"scoring": scoring, "refit": refit, "cv": 3}
    ours = ShallowNetClassifierCV((2, 3), **search, max_iter=20, random_state=0).fit(X, y)
    theirs = GridSearchCV(ShallowNetClassifier(max_iter=20, random_state=0), {"hidden_width": [2, 3]}, **search)
    assert ours.score(X, y) == theirs.fit(X, y).score(X, y)


def test_the_default_score_takes_a_sparse_indicator():
    X, Y = make_problem("multilabel", n=60)
    search = ShallowNetClassifierCV((2, 3), cv=3, max_iter=20, random_state=0)
    dense = search.fit(X, Y).cv_results_["mean_test_score"]
    assert np.isfinite(dense).all()
    assert_array_equal(search.fit(X, sp.csr_matrix(Y)).cv_results_["mean_test_score"], dense)


def test_the_default_score_is_finite_where_a_fold_lacks_a_class():
    X, y = make_problem("multiclass", n=40)
    y = np.where(np.arange(40) == 7, 9, y)  # a class of one row: unknown to the network of its fold
    splits = [LeaveOneOut(), KFold(4), [(np.arange(30), np.arange(30, 34))]]
    for cv in splits:
        for refit in (True, "merge"):
            search = ShallowNetClassifierCV((2,), cv=cv, refit=refit, max_iter=5, random_state=0).fit(X, y)
            assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_the_default_score_is_that_of_scikit_learn():
    for kind in ("binary", "multiclass"):
        X, y = make_problem(kind, n=90)
        s = np.linspace(0.5, 2, 90)
        search = ShallowNetClassifierCV((2, 3), cv=FOLDS, max_iter=60, random_state=0)
        own = search.fit(X, y, sample_weight=s).cv_results_["mean_test_score"]
        search.set_params(scoring="neg_log_loss").fit(X, y, sample_weight=s)
        assert_array_equal(own, search.cv_results_["mean_test_score"])


@pytest.mark.parametrize("kind", [tuple, list, lambda place: np.isin(np.arange(60), place)])
@pytest.mark.parametrize("refit", [True, "merge"])
def test_splits_of_any_form(kind, refit):
    X, y = make_problem("binary", n=60)
    known = [(range(40), range(40, 60)), (range(20, 60), range(20))]
    search = ShallowNetClassifierCV((2,), cv=known, refit=refit, max_iter=10, random_state=0).fit(X, y)
    other = clone(search).set_params(cv=[tuple(map(kind, split)) for split in known]).fit(X, y)
    assert_array_equal(search.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"])
    assert_array_equal(search.predict_proba(X), other.predict_proba(X))


def test_rows_that_say_nothing_choose_nothing():
    X, y = make_problem("binary", n=60)
    far, s = X.copy(), np.ones(60)
    far[3], s[3] = 1.7e308 * np.array([1, -1] * (X.shape[1] // 2) + [1] * (X.shape[1] % 2)), 0
    empty = [(np.arange(40), np.arange(40, 60)), (np.arange(20, 60), np.arange(0))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert ShallowNetClassifierCV(cv=3, max_iter=20).fit(far, y, sample_weight=s).hidden_width_ == 192
        assert ShallowNetClassifierCV(cv=empty, max_iter=20).fit(X, y).hidden_width_ == 192


def test_one_weight_for_all_and_four_rows_of_four_classes():
    X, y = make_problem("binary", n=60)
    search = ShallowNetClassifierCV((2,), max_iter=10, random_state=0)
    same_weight = search.fit(X, y, sample_weight=2.0).cv_results_["mean_test_score"]
    assert_array_equal(
        search.fit(X, y, sample_weight=np.full(60, 2.0)).cv_results_["mean_test_score"], same_weight
    )
    assert ShallowNetClassifierCV(max_iter=10).fit(np.eye(4), np.arange(4)).n_splits_ == 2


@pytest.mark.parametrize("refit", [True, "merge"])
def test_a_warning_turned_into_an_error_undoes_nothing(refit):
    X, y = make_problem("binary", n=60)
    search = ShallowNetClassifierCV((2,), refit=refit, cv=3, max_iter=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        with pytest.raises(ConvergenceWarning):
            search.fit(X, y)
    assert search.predict(X).shape == y.shape


def test_what_is_requested_of_a_search_stays_its_own():
    X, y = make_problem("binary", n=60)
    search = ShallowNetClassifierCV((2,), cv=3, max_iter=5)
    before = set(vars(search))
    with sklearn.config_context(enable_metadata_routing=True):
        search.fit(X, y)
    assert "_metadata_request" not in set(vars(search)) - before


def test_an_unknown_parameter_of_fit_is_named():
    X, y = make_problem("binary", n=60)
    with pytest.raises(TypeError, match="unexpected keyword argument 'weights'"):
        ShallowNetClassifierCV((3,)).fit(X, y, weights=np.ones(60))


def test_fits_that_do_not_converge_are_told_of_once():
    X, y = make_problem("binary", n=90)
    search = ShallowNetClassifierCV((2, 4), refit=False, cv=FOLDS, max_iter=3, random_state=0)
    with pytest.warns(ConvergenceWarning) as told:
        search.fit(X, y)
    assert [str(each.message)[:40] for each in told] == ["6 of 6 fits have this or the like to tell"[:40]]
    for refit in (True, "merge"):
        with pytest.warns(ConvergenceWarning) as told:
            search.set_params(refit=refit).fit(X, y)
        assert len(told) <= 2  # of the networks that remain, one of each width
        assert all(str(each.message).startswith("The iterations were used up") for each in told)


def test_times_are_shares_of_those_of_the_stack():
    X, y = make_problem("binary", n=90)
    search = ShallowNetClassifierCV((2, 40), learning_rates=(0.1,), l2_regularizations=(1.0,), cv=FOLDS, **SHARED)
    narrow, wide = search.fit(X, y).cv_results_["mean_fit_time"]
    assert 0 < narrow < wide


def test_groups_reach_the_splitter():
    X, y = make_problem("binary", n=90)
    groups = np.arange(90) // 10
    same(*both(X, y, search={"cv": GroupKFold(3)}, groups=groups))


def test_groups_and_weights_are_routed():
    X, y = make_problem("binary", n=90)
    groups, s = np.arange(90) // 10, np.linspace(0.5, 2, 90)
    with sklearn.config_context(enable_metadata_routing=True):
        ours = ShallowNetClassifierCV((2, 5), cv=GroupKFold(3), **SHARED)
        ours.fit(X, y, sample_weight=s, groups=groups)
        scorer = get_scorer("neg_log_loss").set_score_request(sample_weight=True)
        base = ShallowNetClassifier(**SHARED).set_fit_request(sample_weight=True)
        grid = {"hidden_width": [2, 5], "learning_rate": ["auto"], "l2_regularization": ["auto"]}
        theirs = GridSearchCV(base, grid, cv=GroupKFold(3), scoring=scorer).fit(
            X, y, sample_weight=s, groups=groups
        )
        same(ours, theirs)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_least_log_loss_is_chosen_and_score_is_accuracy(kind):
    X, y = make_problem(kind, n=90)
    clf = ShallowNetClassifierCV((1, 8), l2_regularizations=(1e6, 10.0), **SHARED).fit(X, y)
    assert clf.best_params_["l2_regularization"] == 10.0
    assert clf.best_index_ == np.argmax(clf.cv_results_["mean_test_score"])
    assert clf.cv_results_["mean_test_score"].max() < 0
    assert clf.score(X, y) == np.mean((clf.predict(X) == y).reshape(90, -1).all(axis=1))


def test_what_remains_is_a_fitted_network():
    X, y = make_problem("multiclass", n=90)
    clf = ShallowNetClassifierCV((2, 6), **SHARED).fit(pd.DataFrame(X, columns=list("abcdefgh")[: X.shape[1]]), y)
    best = clf.best_estimator_
    assert clf.hidden_width_ == clf.best_params_["hidden_width"] == clf.hidden_coef_.shape[0]
    for name in (name for name in vars(best) if name.endswith("_")):
        assert_array_equal(getattr(clf, name), getattr(best, name), err_msg=name)
    assert clf.feature_names_in_[0] == "a"
    assert (
        clf.set_output(transform="pandas").transform(pd.DataFrame(X, columns=clf.feature_names_in_)).shape[0] == 90
    )
    again = pickle.loads(pickle.dumps(clf))
    table = pd.DataFrame(X, columns=clf.feature_names_in_)
    assert_array_equal(again.predict(table), clf.predict(table))
    assert repr(clone(clf)) == repr(clf)
    assert "hidden_widths=(2, 6)" in repr(clf)


def test_it_can_be_nested_and_piped():
    X, y = make_problem("binary", n=90)
    model = make_pipeline(PolynomialFeatures(), ShallowNetClassifierCV((2, 4), cv=2, **SHARED))
    assert cross_val_score(model, X, y, cv=3).mean() > 0.6


def test_without_a_refit_there_is_no_network():
    X, y = make_problem("binary", n=60)
    clf = ShallowNetClassifierCV((2, 4), refit=False, **SHARED).fit(X, y)
    assert set(clf.best_params_) == set(GRID)
    for method in (clf.predict, clf.predict_proba, clf.transform):
        with pytest.raises(NotFittedError, match="refit=False: set refit=True"):
            method(X)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"hidden_widths": (0, 4)}, "'hidden_width' parameter of ShallowNetClassifier"),
        ({"learning_rates": ("fast",)}, "'learning_rate' parameter"),
        ({"l2_regularizations": ()}, "l2_regularizations is empty"),
        ({"cv": 1}, "'cv' parameter of ShallowNetClassifierCV must be an int in"),
        ({"activation": "softmax"}, "'activation' parameter"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_lost(wrong, message):
    X, y = make_problem("binary", n=60)
    clf = ShallowNetClassifierCV((2, 4), **SHARED).fit(X, y)
    before = {name: value for name, value in vars(clf).items() if name.endswith("_")}
    with pytest.raises(ValueError, match=message):
        clf.set_params(**wrong).fit(X, y)
    assert {name: value for name, value in vars(clf).items() if name.endswith("_")} == before


def test_few_rows_of_a_class_mean_fewer_folds():
    X, y = make_problem("binary", n=60)
    y = np.where(np.arange(60) < 3, 1, 0)
    assert ShallowNetClassifierCV((2,), **SHARED).fit(X, y).n_splits_ == 3
    one = ShallowNetClassifierCV((2,), **SHARED).fit(X, np.zeros(60))
    assert_array_equal(one.predict(X), np.zeros(60))
