"""GridSearchCV with the fits of a fold side by side.

How rows are split, metadata routed, networks scored and ranked: all of that is scikit-learn's. How the networks of
a fold come about is ours, and that one which has diverged scores as one whose fit has failed.
"""

import math
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed

from sk_shallow._array_api import Array
from sk_shallow._classifier import ShallowNetClassifier
from sk_shallow._recipe import Recipe, recipe_of
from sk_shallow._solvers import StopReason
from sk_shallow._stack import fit_from_starts
from sk_shallow._validation import (
    check_method_params,
    insert_error_scores,
    safe_split,
    score_of,
    scorers_of,
)

#: So many combinations are named in a warning.
_MOST_NAMED = 4
#: Text and category of a warning.
Told = tuple[str, type[Warning]]
#: A combination of parameters.
Params = dict[str, Any]


class DivergedError(ValueError):
    """A network has diverged, and is no candidate."""


class Fitted(NamedTuple):
    """What came of a candidate: an estimator or an error, its time in s, and what there is to tell."""

    estimator: ShallowNetClassifier | None
    error: Exception | None
    seconds: float
    told: list[Told]

    def fitted(self) -> ShallowNetClassifier:
        """Return the estimator, or raise the error that there is none."""
        if self.error is not None:
            raise self.error
        assert self.estimator is not None
        return self.estimator


def fit_candidates(
    base: ShallowNetClassifier,
    candidates: Sequence[Params],
    X: Array,
    y: Array,
    sample_weight: Array = None,
    random_states: Sequence[Any] | None = None,
    keep_diverged: bool = False,
) -> list[Fitted]:
    """Fit a classifier of each combination of parameters, side by side.

    `random_states` are one for each; else they are that of `base`. With `keep_diverged`, a diverged one has the
    best network that it met, as by ``fit``.
    """
    started = time.perf_counter()
    fitted: dict[int, Fitted] = {}
    recipes: dict[int, tuple[ShallowNetClassifier, Recipe]] = {}
    try:
        problem, _, _, columns = base._prepare(X, y, sample_weight)
    except Exception as error:
        return [Fitted(None, error, 0.0, [])] * len(candidates)
    for number, candidate in enumerate(candidates):
        estimator = clone(base).set_params(**candidate)
        try:
            recipes[number] = estimator, recipe_of(estimator)
        except ValueError as error:
            fitted[number] = Fitted(None, error, 0.0, [])
    prepared = (time.perf_counter() - started) / len(candidates)
    states = [deepcopy(base.random_state) for _ in candidates] if random_states is None else random_states
    outcomes = fit_from_starts(problem, [recipe for _, recipe in recipes.values()], [states[i] for i in recipes])
    for (number, (estimator, recipe)), outcome in zip(recipes.items(), outcomes, strict=True):
        network, record, why, seconds = outcome
        told: list[Told] = []
        if network is not None and record is not None:
            told = estimator._keep(problem, recipe, network, record, columns)
            if record.reason is StopReason.DIVERGED and not keep_diverged:
                why = DivergedError(next(text for text, kind in told if kind is ConvergenceWarning))
        fitted[number] = Fitted(None if why else estimator, why, seconds + prepared, told)
    return [fitted[number] for number in range(len(candidates))]


class Fold(NamedTuple):
    """A part of the rows to fit to and the rest to score on, and all that is the same for each."""

    base: ShallowNetClassifier
    candidates: list[Params]
    scorer: Any
    routed: Any
    error_score: Any
    return_train_score: bool
    #: The classes of all rows, where what networks say of the rest of the rows is to be kept; None: it is not.
    keeps_outputs_of: Any = None

    def of_some(self, numbers: list[int]) -> "Fold":
        """Return a fold of some of the candidates."""
        return self._replace(candidates=[self.candidates[number] for number in numbers])

    def results(self, X: Any, y: Any, train: Any, test: Any) -> list[dict[str, Any]]:
        """Return what GridSearchCV formats, for each candidate, and what there is to tell of it."""
        X_train, y_train = safe_split(self.base, X, y, train)
        fit_params = dict(check_method_params(X, self.routed.estimator.fit, train))
        sample_weight = fit_params.pop("sample_weight", None)
        for name in fit_params:
            raise TypeError(f"ShallowNetClassifier.fit() got an unexpected keyword argument {name!r}")
        fitted = fit_candidates(self.base, self.candidates, X_train, y_train, sample_weight)
        X_test, y_test = safe_split(self.base, X, y, test, train)
        scored = {"test_scores": (X_test, y_test, check_method_params(X, self.routed.scorer.score, test))}
        if self.return_train_score:
            scored["train_scores"] = X_train, y_train, check_method_params(X, self.routed.scorer.score, train)
        return [self._result(each, scored) | {"outputs": self._outputs(each, X_test)} for each in fitted]

    def _outputs(self, fitted: Fitted, X: Any) -> np.ndarray | None:
        """Return Z2 (m, k) of the rest of the rows, where it is kept, finite, and of a network of all classes."""
        classes, estimator = self.keeps_outputs_of, fitted.estimator
        if classes is None or estimator is None or not np.array_equal(classes, estimator.classes_):
            return None
        try:
            return estimator._raw_outputs(X)
        except ValueError:  # there are no such rows, or one is too far out
            return None

    def _result(self, fitted: Fitted, scored: dict[str, Any]) -> dict[str, Any]:
        if fitted.error is not None and self.error_score == "raise":
            raise fitted.error
        started = time.perf_counter()
        scores, ended = {}, started
        for name, (X, y, params) in scored.items():
            scores[name] = self._scores(fitted.estimator, X, y, params)
            ended = ended if name == "train_scores" else time.perf_counter()
        return scores | {
            "fit_time": fitted.seconds,
            "score_time": 0.0 if fitted.estimator is None else ended - started,
            "fit_error": fitted.error,
            "told": fitted.told,
        }

    def _scores(self, estimator: ShallowNetClassifier | None, X: Any, y: Any, params: Any) -> Any:
        if estimator is not None:
            return score_of(estimator, X, y, self.scorer, params, self.error_score)
        several = scorers_of(self.scorer)
        return self.error_score if several is None else dict.fromkeys(several, self.error_score)


class StackedGrid(GridSearchCV):
    """GridSearchCV of a ShallowNetClassifier; a fold, not a fit, is what runs at once with others.

    Attributes
    ----------
    told_ : list of (str, type)
        What there is to tell of the fits, a text for each kind of trouble: which ones diverged or failed; and
        where no network is fitted to all rows, how many did not converge.
    tests_ : list of ndarray
        The rows to score on, for each fold.
    outputs_ : list of lists of ndarray or None
        For each candidate and fold, Z2 of those rows, where `keeps_outputs_of` was set to the classes.
    """

    keeps_outputs_of: Any = None

    def fit(self, X: Array, y: Array, **params: Any) -> Self:
        """Fit all candidates on all folds, and the best one to all rows."""
        scorer, metric = self._get_scorers()
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(check_method_params(X, params))
        cv = check_cv(self.cv, y, classifier=True)
        splits = [tuple(map(np.asarray, split)) for split in cv.split(X, y, **routed.splitter.split)]
        candidates = list(ParameterGrid(self.param_grid))
        if not splits:
            raise ValueError("No fits were performed: cv gave no splits.")
        fold = Fold(
            clone(self.estimator),
            candidates,
            scorer,
            routed,
            self.error_score,
            self.return_train_score,
            self.keeps_outputs_of,
        )
        out = self._results(fold, X, y, splits)
        self.told_ = _told(candidates, out, len(splits), self.error_score)
        if not self.refit and self.keeps_outputs_of is None:  # else those fitted to all rows speak for themselves
            self.told_ += _told_besides(out)
        self.tests_, outputs = [test for _, test in splits], [each.pop("outputs") for each in out]
        self.outputs_ = [outputs[i : i + len(splits)] for i in range(0, len(out), len(splits))]
        self.n_splits_, self.scorer_ = len(splits), scorers_of(scorer) or scorer
        self._choose(candidates, out, metric)
        if self.refit:
            started = time.time()
            self.best_estimator_ = self._refitted(X, y, routed.estimator.fit.get("sample_weight"))
            self.refit_time_ = time.time() - started
        return self

    def _refitted(self, X: Any, y: Any, sample_weight: Any) -> ShallowNetClassifier:
        (best,) = fit_candidates(self.estimator, [self.best_params_], X, y, sample_weight, keep_diverged=True)
        self.told_ += best.told
        return best.fitted()

    def _results(self, fold: Fold, X: Any, y: Any, splits: list[Any]) -> list[dict[str, Any]]:
        """Return the results of each candidate on each fold, in GridSearchCV's order.

        The candidates of a fold are shared out, so that as many jobs have equal work as run at once.
        """
        n_jobs = effective_n_jobs(self.n_jobs)
        n_shares = min(n_jobs // math.gcd(n_jobs, len(splits)), len(fold.candidates))
        widths = [candidate.get("hidden_width", 0) for candidate in fold.candidates]
        widest_first = sorted(range(len(widths)), key=lambda i: -widths[i])
        jobs = [
            (widest_first[share::n_shares], split) for share in range(n_shares) for split in range(len(splits))
        ]
        parallel = Parallel(n_jobs=self.n_jobs, pre_dispatch=self.pre_dispatch)
        results = parallel(delayed(fold.of_some(some).results)(X, y, *splits[split]) for some, split in jobs)
        found = {
            (number, split): result
            for (some, split), of_job in zip(jobs, results, strict=True)
            for number, result in zip(some, of_job, strict=True)
        }
        return [found[number, split] for number in range(len(widths)) for split in range(len(splits))]

    def _choose(self, candidates: Sequence[Params], out: list[dict[str, Any]], metric: Any) -> None:
        """Make the table of results, and find the best candidate where a score or the user says which it is."""
        if callable(self.scoring):
            insert_error_scores(out, self.error_score)
        self.multimetric_ = isinstance(out[0]["test_scores"], dict)
        if callable(self.scoring) and self.multimetric_:
            self._check_refit_for_multimetric(out[0]["test_scores"])
            metric = self.refit
        with warnings.catch_warnings():
            if any(each["fit_error"] is not None for each in out):  # told in other words
                warnings.filterwarnings("ignore", "One or more of the", UserWarning)
            self.cv_results_ = self._format_results(candidates, self.n_splits_, out)
        if not self.refit and self.multimetric_:
            return
        self.best_index_ = self._select_best_index(self.refit, metric, self.cv_results_)
        self.best_params_ = self.cv_results_["params"][self.best_index_]
        if not callable(self.refit):
            self.best_score_ = self.cv_results_[f"mean_test_{metric}"][self.best_index_]


def _told(
    candidates: list[dict[str, Any]], out: list[dict[str, Any]], n_splits: int, error_score: Any
) -> list[Told]:
    """Return what there is to tell of fits that diverged or failed, or raise where all have."""
    of_candidate = [candidate for candidate in candidates for _ in range(n_splits)]
    errors = [each["fit_error"] for each in out]
    diverged = [i for i, error in enumerate(errors) if isinstance(error, DivergedError)]
    failed = [i for i, error in enumerate(errors) if error is not None and i not in set(diverged)]
    if len(diverged) + len(failed) == len(out):
        raise ValueError(f"All the {len(out)} fits failed. The first one: {errors[0]}") from errors[0]
    told: list[Told] = []
    for places, what, category in (
        (diverged, "diverged", ConvergenceWarning),
        (failed, "failed", FitFailedWarning),
    ):
        if places:
            named = _named([of_candidate[i] for i in places])
            text = f"{len(places)} of {len(out)} fits {what}, and score {error_score}: {named}. "
            told.append((f"{text}The first one: {errors[places[0]]}", category))
    return told


def _told_besides(out: list[dict[str, Any]]) -> list[Told]:
    """Return what there is to tell of fits that have not failed, a text for each kind of trouble."""
    told: list[Told] = []
    texts_of = [each["told"] for each in out if each["fit_error"] is None]
    for category in (ConvergenceWarning, UserWarning):
        texts = Counter(text for texts in texts_of for text, kind in texts if kind is category)
        if texts:
            (first, _), n = texts.most_common(1)[0], sum(texts.values())
            told.append((f"{n} of {len(out)} fits have this or the like to tell: {first}", category))
    return told


def _named(candidates: list[dict[str, Any]]) -> str:
    """Name candidates, each with the number of its fits."""
    counts = Counter(
        ", ".join(f"{name}={value!r}" for name, value in candidate.items()) for candidate in candidates
    )
    named = [f"{{{name}}} ({n})" for name, n in list(counts.items())[:_MOST_NAMED]]
    return "; ".join(named) + (f"; and {len(counts) - _MOST_NAMED} more" if len(counts) > _MOST_NAMED else "")
