"""From what ``fit`` is given to what every fit takes: checked values, and rows held out where that is wanted."""

from collections.abc import Callable
from copy import copy, deepcopy
from functools import partial
from inspect import signature
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state, indexable

from sk_shallow._array_api import Array
from sk_shallow._course import HeldOut, Problem
from sk_shallow._held_out import Given, Split, check_given, hold_out, hold_out_groups
from sk_shallow._labels import check_labels
from sk_shallow._outcome import Network
from sk_shallow._parameters import Parameters
from sk_shallow._recipe import Recipe, recipe_of
from sk_shallow._scaling import Far
from sk_shallow._stored import network_attributes, network_of
from sk_shallow._targets import Targets, encode_targets
from sk_shallow._validation import (
    check_features,
    check_sample_weight,
    check_training_features,
    leaving_no_trace,
    safe_indexing,
)
from sk_shallow._weights import weights_of

_REMEDY = "Give y_val rows of each class of y, and of no other."


class Rows(NamedTuple):
    """Rows as the user has them: X, y, and weights or None."""

    X: Any
    y: Any
    sample_weight: Any

    def part(self, index: np.ndarray, sample_weight: np.ndarray | None) -> "Rows":
        """Return some of them."""
        X, y = indexable(self.X, self.y)
        return Rows(safe_indexing(X, index), safe_indexing(y, index), sample_weight)

    @property
    def metadata(self) -> dict[str, Any]:
        """What goes with X and y to a scorer."""
        return {} if self.sample_weight is None else {"sample_weight": self.sample_weight}


class Prepared(NamedTuple):
    """What a fit is given, checked; what X says of its columns; the rows to fit to; and how others were chosen."""

    problem: Problem
    recipe: Recipe
    before: Network | None
    columns: dict[str, Any]
    rows: Callable[[], Rows] | None = None
    seed: int | None = None


def prepare(estimator: Any, X: Array, y: Array, sample_weight: Array, given: Given) -> Prepared:
    """Check what ``fit`` is given, and return it as values."""
    check_given(given, estimator.early_stopping)
    resume = estimator.warm_start and hasattr(estimator, "hidden_coef_")
    checked, columns = check_training_features(estimator, X, reset=not resume, min_samples=2)
    labels = check_labels(y, checked, estimator)
    before = network_of(estimator, labels) if resume else None
    targets = encode_targets(labels, estimator.classes_ if resume else None, all_present=resume)
    weight, rows = check_sample_weight(sample_weight, checked), Rows(X, y, sample_weight)
    recipe, all_rows = recipe_of(estimator), partial(_weighted, estimator.class_weight, checked, targets, weight)
    if not estimator.early_stopping:
        return Prepared(all_rows(), recipe, before, columns, lambda: rows, None)
    if given.X_val is not None:
        problem, to_judge = all_rows(), Rows(given.X_val, given.y_val, given.sample_weight_val)
        held_out = _given_rows(estimator, problem, columns, to_judge)
        problem = problem._replace(held_out=_judging(estimator, held_out, columns, to_judge))
        return Prepared(problem, recipe, before, columns, lambda: rows, None)
    seed = _seed(estimator, resume)
    split = _split(checked, targets, weight, given.groups, estimator.validation_fraction, seed)
    problem, held_out = _both_parts(estimator.class_weight, checked, targets, split)
    problem = problem._replace(held_out=_judging(estimator, held_out, columns, rows.part(*split.test)))
    return Prepared(problem, recipe, before, columns, lambda: rows.part(*split.train), seed)


def _weighted(
    class_weight: Any, X: Any, targets: Targets, sample_weight: np.ndarray | None, of_classes: Any = None
) -> Problem:
    return Problem(X, targets, weights_of(sample_weight, class_weight, targets, of_classes=of_classes))


def _seed(estimator: Any, resume: bool) -> int:
    """Return the seed of the choice of rows: a fit that goes on chooses the same ones."""
    known = getattr(estimator, "_held_out_seed", None) if resume else None
    if known is not None:
        return int(known)
    return int(check_random_state(deepcopy(estimator.random_state)).randint(np.iinfo(np.int32).max))


def _split(
    X: Any, targets: Targets, sample_weight: np.ndarray | None, groups: Any, fraction: float, seed: int
) -> Split:
    weights = weights_of(sample_weight, None, targets)
    if groups is None:
        return hold_out(X, targets, weights, fraction, seed)
    return hold_out_groups(targets, weights, groups, fraction, seed)


def _both_parts(class_weight: Any, X: Any, targets: Targets, split: Split) -> tuple[Problem, Problem]:
    """Return the rows to fit to and those held out; classes have the weight that the former give them."""
    kind, outputs, encoded = targets
    train, test = (Targets(kind, outputs, encoded[part.rows]) for part in split)
    fitted = _weighted(class_weight, X[split.train.rows], train, split.train.sample_weight)
    return fitted, _weighted(
        class_weight, X[split.test.rows], test, split.test.sample_weight, fitted.weights.of_classes
    )


def _given_rows(estimator: Any, problem: Problem, columns: dict[str, Any], rows: Rows) -> Problem:
    """Check given rows to judge a fit by."""
    like_X, outputs = copy(estimator), problem.targets.outputs
    like_X.__dict__ |= columns
    try:
        X = _like(problem.X, _check_features(like_X, rows.X))
        labels = check_labels(rows.y, X, estimator)
        if (labels.ndim == 2) != outputs.multilabel:
            raise ValueError("y is one label a row, and y_val a multilabel indicator, or the other way round.")
        targets = encode_targets(labels, outputs.classes, all_present=True, remedy=_REMEDY)
        weight = check_sample_weight(rows.sample_weight, X)
        return _weighted(estimator.class_weight, X, targets, weight, problem.weights.of_classes)
    except (ValueError, TypeError) as error:
        raise type(error)(f"X_val, y_val and sample_weight_val, the rows held out: {error}") from error


@leaving_no_trace
def _check_features(estimator: Any, X: Any) -> Any:
    return check_features(estimator, X, reset=False)


def _like(X: Any, X_val: Any) -> Any:
    """Return other rows as X is: dense or sparse, and of its dtype."""
    if sp.issparse(X) != sp.issparse(X_val):
        X_val = sp.csr_array(X_val) if sp.issparse(X) else X_val.toarray()
    return X_val.astype(X.dtype, copy=False)


def _judging(estimator: Any, held_out: Problem, columns: dict[str, Any], rows: Rows) -> HeldOut:
    """Return rows held out, with the scorer of the estimator if it has one."""
    if estimator.scoring is None:
        return HeldOut(held_out)
    unfitted, scorer, metadata = copy(estimator), check_scoring(estimator, estimator.scoring), rows.metadata
    unfitted.__dict__ |= columns
    if "sample_weight" not in signature(scorer).parameters:  # a function of the user's
        metadata = {}

    def score(parameters: Parameters, far: Far | None) -> float:
        fitted = copy(unfitted)
        fitted.__dict__ |= network_attributes(estimator, parameters, far, held_out.targets)
        found = scorer(fitted, rows.X, rows.y, **metadata)
        if not isinstance(found, Real):
            raise ValueError(
                f"scoring={estimator.scoring!r} must return a number for early stopping, got {found!r}."
            )
        return float(found)

    return HeldOut(held_out, score)
