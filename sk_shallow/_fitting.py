"""The recipe of every fit: checked data and a description of a network in, a network and a record out.

All of it is values: nothing here knows an estimator. ``fit_network`` scales, starts, minimises, folds.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state

from sk_shallow._activations import Activation
from sk_shallow._kernel import Kernel
from sk_shallow._objective import Batch, Examples, Objective, parts_of
from sk_shallow._parameters import Parameters, Shape, draw
from sk_shallow._rows import cut, is_parallel, training_rows
from sk_shallow._scaling import Far, Moments, Scaling, far_out, folded, moments_of, rescaled, scaling_of, unfolded
from sk_shallow._solvers import (
    MemoryDict,
    Options,
    Rule,
    Run,
    StopReason,
    after_one_pass,
    budget,
    diverged,
    gradient_below,
    minimise,
)
from sk_shallow._targets import Targets
from sk_shallow._threads import Map, run
from sk_shallow._weights import Weights


class Problem(NamedTuple):
    """Checked training data: X (n, d) float32 or float64, dense or CSR; targets; weights."""

    X: Any
    targets: Targets
    weights: Weights


@dataclass(frozen=True)
class Recipe:
    """A network and how it is fitted: the parameters of the estimator, resolved."""

    hidden_width: int
    activation: Activation
    solver: str
    learning_rate: float
    momentum: float
    batch_size: int | None
    l2_regularization: float
    max_iter: int
    tol: float
    standardize: bool
    #: One pass over rows of which more may come: ``partial_fit``.
    one_pass: bool = False

    @property
    def rules(self) -> list[Rule]:
        """When to stop."""
        if self.one_pass:
            return [diverged, after_one_pass(self.tol)]
        return [diverged, gradient_below(self.tol), budget(self.max_iter)]


class Network(NamedTuple):
    """A fitted network, and what it needs to go on: parameters for raw X, and plain state."""

    parameters: Parameters
    far: Far | None = None
    moments: Moments | None = None
    seen: np.ndarray | None = None
    memory: MemoryDict | None = None


class Record(NamedTuple):
    """What happened in a fit: costs before each iteration and after the last, and the end."""

    losses: list[float]
    loss: float
    grad_norm: float
    reason: StopReason


def fit_network(
    problem: Problem, recipe: Recipe, before: Network | None, random_state: Any
) -> tuple[Network, Record]:
    """Fit a network to a problem: from a random start, or going on from the network `before`.

    Raises
    ------
    ValueError
        Where the numbers of X or the weights leave no network that is finite.
    """
    problem = _without_absent(problem)
    shape = Shape(problem.X.shape[1], recipe.hidden_width, problem.targets.outputs.n_outputs)

    def job(map_parts: Map) -> tuple[Network, Record]:
        rng = check_random_state(random_state)
        moments = _moments(problem, recipe, before)
        scaling = _scaling(problem, moments)
        theta = _start(problem, recipe, shape, scaling, moments, before, rng)
        objective = _objective(problem, recipe, shape, scaling, map_parts)
        ended = _minimise(objective, theta, problem, recipe, before, rng)
        return _network(ended, shape, scaling, moments, problem, before), _record(ended)

    return run(job, parallel=is_parallel(problem.X.shape[0], shape))


def _without_absent(problem: Problem) -> Problem:
    """Leave out rows of weight zero whose numbers could overflow: they must count as absent."""
    X, (kind, outputs, encoded), weights = problem
    if weights.values is None or weights.values.all():
        return problem
    absent = weights.values == 0
    if np.abs(X[absent]).max() < far_out(X.dtype):
        return problem
    present, values = ~absent, weights.values[~absent]
    return Problem(
        X[present], Targets(kind, outputs, encoded[present]), weights._replace(values=values, n=len(values))
    )


def _moments(problem: Problem, recipe: Recipe, before: Network | None) -> Moments | None:
    """Return the moments of the columns: of these rows, or for parts of all rows seen so far."""
    if not recipe.standardize:
        return None
    moments = moments_of(problem.X, problem.weights.values, problem.weights.sum)
    if before is None or before.moments is None or not recipe.one_pass:
        return moments
    return before.moments.merge(moments)


def _scaling(problem: Problem, moments: Moments | None) -> Scaling:
    if moments is None:
        return Scaling()
    return scaling_of(moments, problem.X.dtype, sparse=sp.issparse(problem.X))


def _start(
    problem: Problem,
    recipe: Recipe,
    shape: Shape,
    scaling: Scaling,
    moments: Moments | None,
    before: Network | None,
    rng: np.random.RandomState,
) -> np.ndarray:
    """Return θ⁽⁰⁾: the network before, for scaled X, or a draw that knows the shares of the classes."""
    dtype, outputs = problem.X.dtype, problem.targets.outputs
    prior = outputs.prior(problem.targets.encoded, problem.weights.values, smooth=recipe.one_pass)
    b2 = outputs.loss.start(prior)
    if before is None:
        return draw(shape, recipe.activation.gain, b2, rng, dtype)
    raw, far = before.parameters, before.far
    if moments is not None and before.moments is not None and recipe.one_pass:
        raw = rescaled(raw, before.moments, moments, dtype, sparse=sp.issparse(problem.X))
    theta = shape.join(unfolded(raw, far, scaling), dtype=dtype)
    if recipe.one_pass and before.seen is not None:
        # An output that has met but one answer so far is far on that side: it begins anew.
        news = _seen(problem, before).all(axis=0) & ~before.seen.all(axis=0)
        shape.views(theta).b2[news] = b2[news]
    return theta


def _seen(problem: Problem, before: Network | None) -> np.ndarray:
    """Return which answers of each output have come in all rows seen so far."""
    seen = problem.targets.outputs.seen(problem.targets.encoded, problem.weights.values)
    return seen if before is None or before.seen is None else seen | before.seen


def _objective(problem: Problem, recipe: Recipe, shape: Shape, scaling: Scaling, map_parts: Map) -> Objective:
    """Decide what must be known of all rows, once; parts know no more than their own."""
    X, targets, weights = problem
    rows, rest = training_rows(X, scaling.astype(X.dtype), shape)
    kernel = Kernel(rows, shape, recipe.activation, targets.outputs.loss, X.dtype)
    examples = Examples(kernel, targets.encoded, weights.shares(X.dtype))
    return Objective(
        parts_of(examples, cut(rows, X.shape[0], shape)),
        lambda index: Batch(examples, index),
        shape,
        rest,
        weights.penalty(recipe.l2_regularization, X.dtype),
        X.dtype,
        map_parts,
    )


def _minimise(
    objective: Objective,
    theta: np.ndarray,
    problem: Problem,
    recipe: Recipe,
    before: Network | None,
    rng: np.random.RandomState,
) -> Run:
    n = problem.X.shape[0]
    batch_size = None if recipe.batch_size is None else min(recipe.batch_size, n)
    options = Options(recipe.learning_rate, recipe.momentum, batch_size, n, rng)
    memory = None if before is None else _in_dtype(before.memory, theta.dtype)
    ended = minimise(recipe.solver, objective, theta, recipe.rules, options, memory)
    if not math.isfinite(ended.kept.loss):
        _explain_start(problem, recipe)
    return ended


def _in_dtype(memory: MemoryDict | None, dtype: np.dtype) -> MemoryDict | None:
    """Return a solver's memory in the dtype of θ; none where it is not finite, and would stop all steps."""
    floats = {name: value for name, value in (memory or {}).items() if isinstance(value, np.ndarray)}
    if memory is None or not all(np.isfinite(value).all() for value in floats.values()):
        return None
    return memory | {name: value.astype(dtype, copy=False) for name, value in floats.items()}


def _explain_start(problem: Problem, recipe: Recipe) -> NoReturn:
    """Say why no cost met was finite, not even the first."""
    X = problem.X
    largest = np.abs(X).max(axis=0)
    column = int(np.argmax(largest.toarray() if sp.issparse(X) else largest))
    remedy = "" if recipe.standardize else "set standardize=True, or "
    own = "" if recipe.activation.in_place else f"check that activation {recipe.activation.name!r} is finite, and "
    raise ValueError(
        f"The cost is not finite at the start: {own}look at X, which has its largest numbers in column {column}, "
        f"up to {np.abs(X[:, [column]]).max():.3g} ({remedy}scale that column; parts must be of one scale), and "
        f"at l2_regularization={recipe.l2_regularization:.3g}."
    )


def _network(
    ended: Run,
    shape: Shape,
    scaling: Scaling,
    moments: Moments | None,
    problem: Problem,
    before: Network | None,
) -> Network:
    parameters, far = folded(shape.views(ended.kept.theta), scaling, problem.X.dtype)
    return Network(parameters, far, moments, _seen(problem, before), ended.kept.memory)


def _record(ended: Run) -> Record:
    assert ended.reason is not None
    return Record(ended.losses, ended.kept.loss, ended.kept.grad_norm, ended.reason)
