"""GridSearchCV with the fits of a fold side by side.

How rows are split, metadata routed, networks scored and ranked: all of that is scikit-learn's. How the networks of
a fold come about is ours, and that one which has diverged scores as one whose fit has failed.
"""

import math
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from joblib import effective_n_jobs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, FitFailedWarning
from sklearn.model_selection import GridSearchCV, ParameterGrid, check_cv
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed

from sk_shallow._array_api import Array
from sk_shallow._callbacks import Task
from sk_shallow._candidates import DivergedError, Fitted, Params, fit_candidates
from sk_shallow._classifier import ShallowNetClassifier
from sk_shallow._held_out import Given
from sk_shallow._keeping import Told
from sk_shallow._preparation import Rows
from sk_shallow._validation import (
    check_method_params,
    insert_error_scores,
    safe_split,
    score_of,
    scorers_of,
)

#: So many combinations are named in a warning.
_MOST_NAMED = 4
#: No rows to hold out are given.
_NOTHING = Given()


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
    given: Given = _NOTHING

    def of_some(self, numbers: list[int]) -> "Fold":
        """Return a fold of some of the candidates."""
        return self._replace(candidates=[self.candidates[number] for number in numbers])

    def results(self, X: Any, y: Any, train: Any, test: Any, task: Task | None) -> list[dict[str, Any]]:
        """Return what GridSearchCV formats, for each candidate, and what there is to tell of it."""
        X_train, y_train = safe_split(self.base, X, y, train)
        fit_params = dict(check_method_params(X, self.routed.estimator.fit, train))
        rows = Rows(X_train, y_train, fit_params.pop("sample_weight", None))
        given = self.given._replace(**check_method_params(X, {"groups": self.given.groups}, train))
        for name in fit_params.keys() - given._fields:
            raise TypeError(f"ShallowNetClassifier.fit() got an unexpected keyword argument {name!r}")
        own_task = None if task is None else task.of(lambda: rows).begin()
        fitted = fit_candidates(self.base, self.candidates, rows, given, task=own_task)
        if own_task is not None:
            own_task.end()
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
        For each candidate and fold, Z2 of those rows, where `run` was told the classes.
    """

    def run(
        self,
        X: Array,
        y: Array,
        params: dict[str, Any],
        given: Given,
        task: Task | None = None,
        keeps_outputs_of: Any = None,
    ) -> Self:
        """Fit all candidates on all folds, and the best one to all rows.

        `given` are rows to hold out of each fit, `task` what callbacks are told of, and `keeps_outputs_of` the
        classes of all rows, where what networks say of the rest of a fold is to be kept.
        """
        scorer, metric = self._get_scorers()
        X, y = indexable(X, y)
        routed = self._get_routed_params_for_fit(check_method_params(X, params))
        cv = check_cv(self.cv, y, classifier=True)
        splits = [tuple(map(np.asarray, split)) for split in cv.split(X, y, **routed.splitter.split)]
        candidates = list(ParameterGrid(self.param_grid))
        if not splits:
            raise ValueError("No fits were performed: cv gave no splits.")
        train_scores = self.return_train_score
        base, error_score = clone(self.estimator), self.error_score
        fold = Fold(base, candidates, scorer, routed, error_score, train_scores, keeps_outputs_of, given)
        self.n_splits_, self.scorer_ = len(splits), scorers_of(scorer) or scorer
        self._given = given
        self._task = None if task is None else task.with_attributes({"scorer_": self.scorer_})
        out = self._results(fold, X, y, splits)
        self.told_ = _told(candidates, out, len(splits), self.error_score)
        if not self.refit and keeps_outputs_of is None:  # else those fitted to all rows speak for themselves
            self.told_ += _told_besides(out)
        self.tests_, outputs = [test for _, test in splits], [each.pop("outputs") for each in out]
        self.outputs_ = [outputs[i : i + len(splits)] for i in range(0, len(out), len(splits))]
        self._choose(candidates, out, metric)
        if self.refit:
            started = time.time()
            self.best_estimator_ = self._refitted(X, y, routed.estimator.fit.get("sample_weight"))
            self.refit_time_ = time.time() - started
        return self

    def _refitted(self, X: Any, y: Any, sample_weight: Any) -> ShallowNetClassifier:
        (best,) = self.fit_on_all(X, y, sample_weight, [self.best_params_])
        self.told_ += best.told
        return best.fitted()

    def fit_on_all(
        self, X: Any, y: Any, sample_weight: Any, candidates: list[Params], random_states: Any = None
    ) -> list[Fitted]:
        """Fit networks to all rows."""
        task = None if self._task is None else self._task.part("refit", len(candidates), in_turn=False).begin()
        rows = Rows(X, y, sample_weight)
        fitted = fit_candidates(self.estimator, candidates, rows, self._given, random_states, True, task)
        if task is not None:
            task.end()
        return fitted

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
        search = None
        if self._task is not None:
            search = self._task.part("search", len(jobs), in_turn=False).begin()
        results = parallel(
            delayed(fold.of_some(some).results)(X, y, *splits[split], _part_of(search, number, len(some)))
            for number, (some, split) in enumerate(jobs)
        )
        if search is not None:
            search.end()
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


def _part_of(search: Task | None, number: int, n_candidates: int) -> Task | None:
    """Return the task of a job, which is a fold, or where there are more jobs than folds, a part of one."""
    return None if search is None else search.part("fold", n_candidates, number, in_turn=False)


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
