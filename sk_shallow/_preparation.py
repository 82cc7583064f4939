"""From what ``fit`` is given to what every fit takes: checked values, and rows held out where that is wanted."""

from collections.abc import Callable
from copy import copy, deepcopy
from functools import cache
from inspect import signature
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.metrics import check_scoring
from sklearn.utils import check_random_state, indexable

from sk_shallow._array_api import Array
from sk_shallow._course import HeldOut, Problem
from sk_shallow._held_out import Given, Part, check_given, check_present, hold_out, hold_out_groups
from sk_shallow._labels import check_classes, check_labels
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


class Checked(NamedTuple):
    """X (n, d), targets, and weights (n,) or None: without those of classes."""

    X: Any
    targets: Targets
    sample_weight: np.ndarray | None

    def part(self, part: Part) -> "Checked":
        """Return some of the rows, with weights of their own."""
        kind, outputs, encoded = self.targets
        return Checked(self.X[part.rows], Targets(kind, outputs, encoded[part.rows]), part.sample_weight)

    def problem(self, class_weight: Any, like: Problem | None = None) -> Problem:
        """Return the problem that they are; classes have the weights that they have in another one, if given."""
        of_classes = None if like is None else like.weights.of_classes
        weights = weights_of(self.sample_weight, class_weight, self.targets, of_classes=of_classes)
        return Problem(self.X, self.targets, weights)


class Prepared(NamedTuple):
    """What a fit is given, checked; what X says of its columns; the rows to fit to; and how others were chosen."""

    problem: Problem
    recipe: Recipe
    before: Network | None
    columns: dict[str, Any]
    rows: Callable[[], Rows]
    seed: int | None = None

    @property
    def n_starts(self) -> int:
        """How many starts the fit has."""
        return self.recipe.n_init if self.before is None else 1

    @property
    def n_parts(self) -> int:
        """How many parts callbacks are told of: starts, or where there is one, the most iterations."""
        return self.recipe.max_iter if self.n_starts == 1 else self.n_starts


def prepare(estimator: Any, X: Array, y: Array, sample_weight: Array, given: Given) -> Prepared:
    """Check what ``fit`` is given, and return it as values."""
    check_given(given, estimator.early_stopping)
    resume = estimator.warm_start and hasattr(estimator, "hidden_coef_")
    found, columns = check_training_features(estimator, X, reset=not resume, min_samples=2)
    labels = check_labels(y, found, estimator)
    before = network_of(estimator, labels) if resume else None
    targets = encode_targets(labels, estimator.classes_ if resume else None, all_present=resume)
    checked = Checked(found, targets, check_sample_weight(sample_weight, found))
    rows = Rows(X, y, None if sample_weight is None else checked.sample_weight)
    problem, recipe = checked.problem(estimator.class_weight), recipe_of(estimator)
    prepared = Prepared(problem, recipe, before, columns, lambda: rows)
    if not estimator.early_stopping:
        return prepared
    if given.X_val is not None:
        return _judged_by_given_rows(estimator, prepared, given)
    return _judged_by_a_share(estimator, prepared, checked, rows, given.groups)


def prepare_part(estimator: Any, X: Array, y: Array, classes: Array, sample_weight: Array) -> Prepared:
    """Check what ``partial_fit`` is given, and return it as values."""
    resume = hasattr(estimator, "hidden_coef_")
    if resume:
        estimator._validate_params()  # scikit-learn does so in the first call alone
    found, columns = check_training_features(estimator, X, reset=not resume, min_samples=1)
    labels, rows = check_labels(y, found, estimator), Rows(X, y, sample_weight)
    before = network_of(estimator, labels) if resume else None
    targets = encode_targets(labels, check_classes(classes, getattr(estimator, "classes_", None), labels))
    weight = check_sample_weight(sample_weight, found)
    problem = Problem(found, targets, weights_of(weight, estimator.class_weight, targets, partial=True))
    return Prepared(problem, recipe_of(estimator, one_pass=True), before, columns, lambda: rows)


def _judged_by_given_rows(estimator: Any, prepared: Prepared, given: Given) -> Prepared:
    rows, problem = Rows(given.X_val, given.y_val, given.sample_weight_val), prepared.problem
    checked = _check_given_rows(estimator, prepared, rows)
    rows = rows._replace(sample_weight=checked.sample_weight)
    judged = checked.problem(estimator.class_weight, problem)
    score = _score_of(estimator, prepared, problem.targets, lambda: rows)
    return prepared._replace(problem=problem._replace(held_out=HeldOut(judged, score)))


def _judged_by_a_share(estimator: Any, prepared: Prepared, checked: Checked, rows: Rows, groups: Any) -> Prepared:
    (X, targets, sample_weight), fraction = checked, estimator.validation_fraction
    seed, weights = _seed(estimator, prepared.before is not None), weights_of(sample_weight, None, targets)
    if groups is None:
        train, test = hold_out(X, targets, weights, fraction, seed)
    else:
        train, test = hold_out_groups(targets, weights, groups, fraction, seed)
    problem = checked.part(train).problem(estimator.class_weight)
    judged = checked.part(test).problem(estimator.class_weight, problem)
    score = _score_of(estimator, prepared, targets, lambda: rows.part(*test))
    problem = problem._replace(held_out=HeldOut(judged, score))
    return prepared._replace(problem=problem, rows=cache(lambda: rows.part(*train)), seed=seed)


def _seed(estimator: Any, resume: bool) -> int:
    """Return the seed of the choice of rows: a fit that goes on chooses the same ones."""
    known = getattr(estimator, "_held_out_seed", None) if resume else None
    if known is not None:
        return int(known)
    return int(check_random_state(deepcopy(estimator.random_state)).randint(np.iinfo(np.int32).max))


def _check_given_rows(estimator: Any, prepared: Prepared, rows: Rows) -> Checked:
    """Check rows to judge a fit by."""
    problem, outputs = prepared.problem, prepared.problem.targets.outputs
    try:
        X = _like(problem.X, _check_features(_with_columns(estimator, prepared.columns), rows.X))
        labels = check_labels(rows.y, X, estimator)
        if (labels.ndim == 2) != outputs.multilabel:
            raise ValueError("y is one label a row, and y_val a multilabel indicator, or the other way round.")
        targets = encode_targets(labels, outputs.classes, remedy=_REMEDY)
        weight = check_sample_weight(rows.sample_weight, X)
        if not outputs.multilabel:
            counts = slice(None) if weight is None else weight > 0
            check_present(outputs.classes, outputs.codes(targets.encoded)[counts], "of y_val", _REMEDY)
        return Checked(X, targets, weight)
    except (ValueError, TypeError) as error:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        raise kind(f"X_val, y_val and sample_weight_val, the rows held out: {error}") from error


def _with_columns(estimator: Any, columns: dict[str, Any]) -> Any:
    """Return a copy of an estimator that knows these columns, and no others."""
    other = copy(estimator)
    other.__dict__ = {name: value for name, value in vars(other).items() if name != "feature_names_in_"} | columns
    return other


@leaving_no_trace
def _check_features(estimator: Any, X: Any) -> Any:
    return check_features(estimator, X, reset=False)


def _takes_weights(scorer: Any) -> bool:
    """Tell whether weights can be passed to a scorer: its metric may have no use for them."""
    try:
        return "sample_weight" in signature(getattr(scorer, "_score_func", scorer)).parameters
    except ValueError:  # a builtin
        return False


def _like(X: Any, X_val: Any) -> Any:
    """Return other rows as X is: dense or sparse, and of its dtype."""
    if sp.issparse(X) != sp.issparse(X_val):
        X_val = sp.csr_array(X_val) if sp.issparse(X) else X_val.toarray()
    with np.errstate(over="ignore"):  # what is infinite then is told of at the start of the fit
        return X_val.astype(X.dtype, copy=False)


def _score_of(
    estimator: Any, prepared: Prepared, targets: Targets, rows: Callable[[], Rows]
) -> Callable[[Parameters, Far | None], float] | None:
    """Return what tells the score of a network on rows, where the estimator has a scorer."""
    if estimator.scoring is None:
        return None
    scorer, judged = check_scoring(estimator, estimator.scoring), rows()
    metadata = judged.metadata
    if not _takes_weights(scorer):
        metadata = {}
    bare = _with_columns(estimator, prepared.columns)

    def score(parameters: Parameters, far: Far | None) -> float:
        fitted = copy(bare)
        fitted.__dict__ |= network_attributes(estimator, parameters, far, targets)
        found = scorer(fitted, judged.X, judged.y, **metadata)
        if not isinstance(found, Real):
            raise ValueError(
                f"For early stopping, scoring must return a number, got {found!r} from "
                f"{getattr(estimator.scoring, '__name__', repr(estimator.scoring))}."
            )
        return float(found)

    return score
