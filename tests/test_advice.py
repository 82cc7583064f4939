"""Warnings: the settings in question, and advice that can help in that very case, once a candidate."""

import threading
import warnings

import numpy as np
import pytest
from conftest import make_problem, textbook
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from sk_shallow import ShallowNetClassifier, _advice
from sk_shallow._advice import Ending, warning_text
from sk_shallow._fitting import Record
from sk_shallow._recipe import recipe_of
from sk_shallow._solvers import StopReason

X, Y = make_problem("multiclass", n=200)


def warning_of(X=X, y=Y, **options):
    """Return the text of the one warning of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ShallowNetClassifier(5, **{"random_state": 0, **options}).fit(X, y)
    (one,) = caught
    assert one.category is ConvergenceWarning
    assert one.filename == __file__
    return str(one.message)


def test_a_tiny_step_is_told_to_grow():
    text = warning_of(learning_rate=1e-6, max_iter=20)
    assert "hardly: raise learning_rate, for example to 1e-05" in text
    assert "smaller" not in text
    assert "lower" not in text


def test_a_step_that_descends_steadily_may_grow_or_go_on():
    text = warning_of(learning_rate=0.3, max_iter=40, tol=1e-6)
    assert "raise learning_rate, for example to 0.6, or max_iter, or tol" in text


def test_advice_that_is_followed_already_is_not_given():
    for options in ({"max_iter": 3}, {"solver": "lbfgs", "max_iter": 3}, {"learning_rate": 1e4}):
        assert "standardize" not in warning_of(**options)
        assert "standardize=True" in warning_of(standardize=False, **options)


def test_lbfgs_is_told_neither_to_use_lbfgs_nor_of_learning_rates():
    for options in ({"max_iter": 3}, {"tol": 0, "max_iter": 10_000}):
        text = warning_of(solver="lbfgs", **options)
        assert "try solver" not in text
        assert "learning_rate" not in text


def test_float64_is_advised_for_float32_alone():
    stalled = {"solver": "lbfgs", "tol": 0, "max_iter": 10_000}
    assert "float64" in warning_of(X.astype(np.float32), **stalled)
    assert "float64" not in warning_of(X, **stalled)


def test_a_penalty_that_dwarfs_the_weights_is_named():
    text = warning_of(**textbook(l2_regularization=1e10))
    assert "lower l2_regularization" in text
    assert "smaller learning_rate" not in text
    assert "total weight of about 200" in text


def test_a_step_that_overshoots_is_told_to_shrink():
    assert "try a smaller learning_rate, for example 6" in warning_of(
        max_iter=5, tol=0, **textbook(learning_rate=60.0)
    )


def test_the_settings_in_question_are_named():
    text = warning_of(learning_rate=0.25, momentum=0.5, max_iter=7, tol=1e-6, l2_regularization=0.125)
    for setting in (
        "hidden_width=5",
        "solver='gd'",
        "learning_rate=0.25",
        "momentum=0.5",
        "l2_regularization=0.125",
        "max_iter=7",
        "tol=1e-06",
    ):
        assert setting in text


def test_a_search_prints_one_warning_a_candidate_at_most():
    grid = {"learning_rate": [1e-4, 1e-3, 1e-2], "hidden_width": [2, 4]}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        search = GridSearchCV(ShallowNetClassifier(max_iter=5, random_state=0), grid, cv=5, refit=False)
        search.fit(X, Y)
    texts = [str(w.message) for w in caught]
    assert len(texts) == len(set(texts)) == 6
    assert all(sum(f"learning_rate={rate:.3g}," in text for text in texts) == 2 for rate in grid["learning_rate"])


@pytest.mark.parametrize("reason", [StopReason.MAX_ITER, StopReason.DIVERGED, StopReason.STALLED])
@pytest.mark.parametrize("solver", ["gd", "lbfgs", "adam"])
@pytest.mark.parametrize("standardize", [False, True])
def test_every_ending_has_a_sentence_of_advice(reason, solver, standardize):
    recipe = recipe_of(ShallowNetClassifier(solver=solver, standardize=standardize))
    for losses in ([1.0, 0.5], [1.0, 1.5], [1.0, 0.5, 0.6], [1.0]):
        record = Record(losses, 0, losses[-1], 0.1, reason, recipe.learning_rate, 3.0, [3.0] * len(losses))
        text = warning_text(Ending(record, recipe, 100.0, np.dtype(float)))
        assert text.startswith(reason.message)
        assert text.endswith(".")
        assert ": ." not in text
        assert ", or ." not in text


@pytest.mark.parametrize("reason", [StopReason.CONVERGED, StopReason.SETTLED])
def test_a_good_ending_is_nothing_to_warn_of(reason):
    record = Record([1.0, 0.5], 0, 0.5, 0.1, reason, None, 3.0, [3.0, 3.0])
    assert warning_text(Ending(record, recipe_of(ShallowNetClassifier()), 100.0, np.dtype(float))) is None


def test_a_fit_that_no_python_code_calls_ends_well():
    # As from an embedding program: the stack above fit is short.
    clf = ShallowNetClassifier(3, max_iter=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        thread = threading.Thread(target=clf.fit, args=(X, Y))
        thread.start()
        thread.join(20)
        _advice.warn_once("told from the top of a stack", UserWarning, stacklevel=10_000)
    assert clf.stop_reason_ == "max_iter"
    assert [str(w.message) for w in caught][1:] == ["told from the top of a stack"]
