"""At home in scikit-learn: what people put around a classifier."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, cross_val_predict, cross_val_score
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import get_tags

from sk_shallow import ShallowNetClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def small(**options):
    return ShallowNetClassifier(4, **{"max_iter": 40, "random_state": 0, **options})


def test_pipeline_with_text_and_number_columns(iris):
    X, y = iris
    frame = pd.DataFrame(X, columns=list("abcd")).assign(text=np.where(X[:, 0] > 6, "long", "short"))
    encode = make_column_transformer(
        (OneHotEncoder(), make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    pipeline = make_pipeline(encode, small())
    assert cross_val_score(pipeline, frame, y, cv=3).mean() > 0.8


def test_feature_union_of_hidden_outputs(iris):
    X, y = iris
    union = FeatureUnion([("hidden", small()), ("pca", PCA(2))])
    assert union.fit_transform(X, y).shape == (150, 6)
    assert make_pipeline(union, LogisticRegression(max_iter=1000)).fit(X, y).score(X, y) > 0.9


def test_a_soft_vote_is_the_mean_of_its_members(iris):
    X, y = iris
    names = np.array(["u", "v", "w"])[y]
    pair = [("a", small()), ("b", LogisticRegression(max_iter=1000))]
    vote = VotingClassifier(pair, voting="soft").fit(X, names)
    members = [small().fit(X, y), LogisticRegression(max_iter=1000).fit(X, y)]
    assert_allclose(vote.predict_proba(X), np.mean([m.predict_proba(X) for m in members], axis=0), atol=1e-12)
    assert_array_equal(vote.classes_, ["u", "v", "w"])


def test_one_against_the_rest_is_a_network_a_class(iris):
    X, y = iris
    rest = OneVsRestClassifier(small()).fit(X, y)
    alone = np.column_stack([small().fit(X, y == c).predict_proba(X)[:, 1] for c in range(3)])
    assert_allclose(rest.predict_proba(X), alone / alone.sum(axis=1, keepdims=True), atol=1e-12)


def test_stacking_sees_out_of_fold_probabilities(iris):
    X, y = iris
    stack = StackingClassifier([("a", small()), ("b", small(activation="relu"))], cv=3).fit(X, y)
    members = [small().fit(X, y), small(activation="relu").fit(X, y)]
    assert_allclose(stack.transform(X), np.hstack([m.predict_proba(X) for m in members]), atol=1e-12)


def test_calibration_keeps_the_order_of_a_networks_scores(cancer):
    X, y = cancer
    calibrated = CalibratedClassifierCV(small(), cv=3, ensemble=False).fit(X, y)
    scores = small().fit(X, y).decision_function(X)
    assert (np.diff(calibrated.predict_proba(X)[np.argsort(scores), 1]) >= 0).all()


def test_grid_search_over_learning_rate_and_width_in_two_processes(iris):
    grid = {"learning_rate": [0.1, 0.5], "hidden_width": [2, 8]}
    results = [
        GridSearchCV(small(), grid, cv=3, scoring="neg_log_loss", n_jobs=n_jobs).fit(*iris).cv_results_
        for n_jobs in (1, 2)
    ]
    assert_allclose(results[0]["mean_test_score"], results[1]["mean_test_score"], atol=1e-9)
    assert len(set(results[0]["mean_test_score"].round(6))) == 4


def test_halving_search(iris):
    search = HalvingGridSearchCV(
        small(), {"hidden_width": [2, 4, 8]}, cv=3, random_state=0, resource="max_iter", max_resources=90
    )
    assert search.fit(*iris).best_score_ > 0.8


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "decision_function"])
def test_cross_val_predict(method, iris):
    out = cross_val_predict(small(), *iris, cv=3, method=method)
    assert out.shape == ((150,) if method == "predict" else (150, 3))


def test_permutation_importance_finds_the_column_that_matters():
    X = np.random.RandomState(0).normal(size=(200, 3))
    clf = small().fit(X, X[:, 1] > 0)
    assert permutation_importance(clf, X, X[:, 1] > 0, random_state=0).importances_mean.argmax() == 1


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_set_output(library, iris):
    X, y = iris
    clf = small().set_output(transform=library)
    names = [f"shallownetclassifier{i}" for i in range(4)]
    pipeline = make_pipeline(StandardScaler(), small()).set_output(transform=library)
    for out in (clf.fit_transform(X, y), clf.fit(X, y).transform(X), pipeline.fit(X, y).transform(X)):
        assert type(out).__module__.split(".")[0] == library
        assert list(out.columns) == names
    assert_array_equal(small().fit(X, y).get_feature_names_out(), names)


def test_sample_weight_is_routed_through_a_pipeline(iris):
    X, y = iris
    s = np.where(y == 0, 0.0, 1.0)
    with config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            small().set_fit_request(sample_weight=True).set_score_request(sample_weight=True),
        )
        routed = pipeline.fit(X, y, sample_weight=s)
        assert routed.predict_proba(X)[:, 0].max() < 1e-6
        assert routed.score(X, y, sample_weight=s) > 0.9


def test_clone_and_repr_show_what_was_set():
    clf = ShallowNetClassifier(7, solver="adam", learning_rate=0.01)
    assert clone(clf).get_params() == clf.get_params()
    assert repr(clf) == "ShallowNetClassifier(hidden_width=7, learning_rate=0.01, solver='adam')"
    html = clf._repr_html_()
    assert "sk_shallow.ShallowNetClassifier.html" in html


@pytest.mark.parametrize("options", [{}, {"batch_size": 30}, {"solver": "adam"}])
def test_pickle_keeps_predictions_and_goes_on(options, iris):
    X, y = iris
    clf = small(warm_start=True, **options).fit(X, y)
    loaded = pickle.loads(pickle.dumps(clf))
    assert_array_equal(loaded.predict_proba(X), clf.predict_proba(X))
    assert_array_equal(loaded.fit(X, y).predict_proba(X), clf.fit(X, y).predict_proba(X))


@pytest.mark.parametrize(("learning_rate", "share"), [(0.5, 1.2), ("auto", 2.2)])
def test_pickle_is_about_as_large_as_the_parameters_and_the_last_move(learning_rate, share):
    X = np.random.RandomState(0).normal(size=(300, 100))
    clf = ShallowNetClassifier(64, learning_rate=learning_rate, max_iter=5).fit(X, X[:, 0] > 0)
    size = sum(a.nbytes for a in [*clf.coefs_, *clf.intercepts_])
    assert len(pickle.dumps(clf)) < share * size


def test_tags():
    tags = get_tags(ShallowNetClassifier())
    assert is_classifier(ShallowNetClassifier())
    assert tags.input_tags.sparse
    assert not tags.input_tags.allow_nan
    assert tags.classifier_tags.multi_label
    assert tags.target_tags.required
    assert tags.transformer_tags.preserves_dtype == ["float64", "float32"]


def test_views_in_the_layout_of_mlp_classifier_are_read_only(iris):
    clf = small().fit(*iris)
    mlp = MLPClassifier((4,), max_iter=1).fit(*iris)
    for ours, theirs in zip(clf.coefs_ + clf.intercepts_, mlp.coefs_ + mlp.intercepts_, strict=True):
        assert ours.shape == theirs.shape
        with pytest.raises(ValueError, match="read-only"):
            ours[...] = 0
    assert np.shares_memory(clf.coefs_[0], clf.hidden_coef_)
