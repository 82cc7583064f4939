"""The recipe of every fit: checked data and a description of a network in, a network and a record out.

All of it is values: nothing here knows an estimator. ``fit_network`` scales, starts, minimises, folds.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state

from sk_shallow._kernel import Kernel
from sk_shallow._moments import Moments, far_out, moments_of
from sk_shallow._objective import Batch, Examples, Objective, parts_of
from sk_shallow._parameters import Parameters, Shape, draw
from sk_shallow._penalty import Progress, Search
from sk_shallow._recipe import Recipe
from sk_shallow._rows import cut, is_parallel, training_rows
from sk_shallow._saddle import Saddle
from sk_shallow._scaling import Far, Scaling, folded, rescaled, scaling_of, unfolded
from sk_shallow._solvers import (
    FIRST_STEP,
    SOLVERS,
    MemoryDict,
    Options,
    Run,
    State,
    StopReason,
    in_dtype,
    minimise,
)
from sk_shallow._targets import Targets
from sk_shallow._threads import Map, run
from sk_shallow._weights import Weights

#: Ends at which a network may be left at W = 0 by mistake.
_STANDSTILLS = (StopReason.CONVERGED, StopReason.SETTLED, StopReason.STALLED)


class Problem(NamedTuple):
    """Checked training data: X (n, d) float32 or float64, dense or CSR; targets; weights."""

    X: Any
    targets: Targets
    weights: Weights


class Network(NamedTuple):
    """A fitted network, and what it needs to go on: parameters for raw X, and plain state."""

    parameters: Parameters
    far: Far | None = None
    moments: Moments | None = None
    seen: np.ndarray | None = None
    memory: MemoryDict | None = None
    #: What `tol` is a share of: max|∇J| at the start of the first fit.
    reference: float | None = None
    progress: Progress | None = None


class Record(NamedTuple):
    """What happened in a fit: costs before each iteration and after the last, and the end.

    The first `n_earlier` costs are of another λ than the last; `penalties` has the λ of each.
    """

    losses: list[float]
    n_earlier: int
    loss: float
    grad_norm: float
    reason: StopReason
    #: The last α; None where the solver has none.
    learning_rate: float | None
    l2_regularization: float
    penalties: list[float]


class Setting(NamedTuple):
    """What a fit minimises, as long as it runs: J of θ for X as `scaling` has it count."""

    problem: Problem
    recipe: Recipe
    shape: Shape
    scaling: Scaling
    objective: Objective


class Way(NamedTuple):
    """What a run goes on with: a cost, a θ, and a solver's memory."""

    objective: Objective
    theta: np.ndarray
    memory: MemoryDict | None


#: Sees each state of a run, with the cost that it is a state of, and its iteration.
Watch = Callable[[Setting, State, int], None]


def fit_network(
    problem: Problem, recipe: Recipe, before: Network | None, random_state: Any, watch: Watch | None = None
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
        search = _search(problem, recipe, shape, scaling, before)
        objective = _objective(problem, recipe, shape, scaling, _penalty_share(problem, recipe, search), map_parts)
        setting = Setting(problem, recipe, shape, scaling, objective)
        ended = _minimise(setting, theta, before, rng, search, watch)
        network = _network(ended, shape, scaling, moments, problem, before, search)
        return network, _record(ended, recipe, search)

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
    dtype, b2 = problem.X.dtype, _shares(problem, recipe)
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


def _shares(problem: Problem, recipe: Recipe) -> np.ndarray:
    """Return the b2 that knows the shares of the classes."""
    outputs = problem.targets.outputs
    prior = outputs.prior(problem.targets.encoded, problem.weights.values, smooth=recipe.one_pass)
    return outputs.loss.start(prior)


def _search(
    problem: Problem, recipe: Recipe, shape: Shape, scaling: Scaling, before: Network | None
) -> Search | None:
    """Return the search for λ, None where it is given."""
    if recipe.l2_regularization is not None:
        return None
    n, batch = problem.X.shape[0], recipe.batch_size
    progress = Progress() if before is None else before.progress or Progress()
    if before is not None:  # λ is not at its start, though parts may have made no estimate
        progress = progress._replace(estimates=max(1, progress.estimates))
    return Search(
        problem,
        shape,
        scaling.astype(np.float64),
        recipe.activation,
        () if recipe.one_pass else (0, *SOLVERS[recipe.solver].marks),
        1 if batch is None else -(-n // batch),
        progress if recipe.one_pass else progress._replace(rows=0.0),
    )


def _penalty_share(problem: Problem, recipe: Recipe, search: Search | None) -> float:
    """Return λ / S."""
    if search is not None:
        return search.share
    assert recipe.l2_regularization is not None
    return problem.weights.penalty(recipe.l2_regularization, problem.X.dtype)


def _seen(problem: Problem, before: Network | None) -> np.ndarray:
    """Return which answers of each output have come in all rows seen so far."""
    seen = problem.targets.outputs.seen(problem.targets.encoded, problem.weights.values)
    return seen if before is None or before.seen is None else seen | before.seen


def _objective(
    problem: Problem, recipe: Recipe, shape: Shape, scaling: Scaling, penalty: float, map_parts: Map
) -> Objective:
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
        penalty,
        X.dtype,
        map_parts,
    )


def _minimise(
    setting: Setting,
    theta: np.ndarray,
    before: Network | None,
    rng: np.random.RandomState,
    search: Search | None,
    watch: Watch | None,
) -> Run:
    problem, recipe, shape = setting[:3]
    n = problem.X.shape[0]
    batch_size = None if recipe.batch_size is None else min(recipe.batch_size, n)
    options = Options(recipe.learning_rate, recipe.momentum, batch_size, n, rng)
    memory = None if before is None else in_dtype(before.memory, theta.dtype)
    rules = recipe.rules(search)
    if watch is not None:
        rules.insert(0, lambda run: watch(setting, run.state, run.n_iter))
    ended = Run(rules, None if before is None else before.reference, shape.split)
    draw, saddle = theta if before is None else None, None
    way: Way | None = Way(setting.objective, theta, memory)
    while way is not None:
        setting = setting._replace(objective=way.objective)
        minimise(recipe.solver, *way[:2], options, ended, way.memory)
        way = None
        if ended.reason is StopReason.PAUSED or (not recipe.exact and ended.reason in _STANDSTILLS):
            saddle = saddle or Saddle(setting.objective, shape, recipe.activation, _shares(problem, recipe))
            way = _way_on(setting.objective, ended, saddle, draw, search)
        if way is not None:
            ended.resume()
            if search is not None:
                search.begin(ended.n_earlier)
    if search is not None:
        search.note(ended)
    if not math.isfinite(ended.kept.loss):
        _explain_start(problem, recipe)
    return ended


def _way_on(
    objective: Objective, ended: Run, saddle: Saddle, draw: np.ndarray | None, search: Search | None
) -> Way | None:
    """Return how a run goes on: from W = 0, or with another λ where it has paused for that; None: it has ended."""
    state = ended.state
    if draw is None or ended.n_iter > 0:  # the draw is at no saddle
        out = saddle.way_out(objective, state.loss)
        if out is not None:
            return Way(objective, out, None)
    if ended.reason is not StopReason.PAUSED or search is None:
        return None
    anew = search.estimate(state, saddle)
    objective = objective.with_penalty(search.share, state.theta, state.loss, state.gradient)
    return Way(objective, draw, None) if anew and draw is not None else Way(objective, state.theta, state.memory)


def _explain_start(problem: Problem, recipe: Recipe) -> NoReturn:
    """Say why no cost met was finite, not even the first."""
    X = problem.X
    largest = np.abs(X).max(axis=0)
    column = int(np.argmax(largest.toarray() if sp.issparse(X) else largest))
    remedy = "" if recipe.standardize else "set standardize=True, or "
    penalty = recipe.l2_regularization
    given = "" if penalty is None else f", and at l2_regularization={penalty:.3g}"
    own = "" if recipe.activation.in_place else f"check that activation {recipe.activation.name!r} is finite, and "
    raise ValueError(
        f"The cost is not finite at the start: {own}look at X, which has its largest numbers in column {column}, "
        f"up to {np.abs(X[:, [column]]).max():.3g} ({remedy}scale that column; parts must be of one scale){given}."
    )


def _network(
    ended: Run,
    shape: Shape,
    scaling: Scaling,
    moments: Moments | None,
    problem: Problem,
    before: Network | None,
    search: Search | None,
) -> Network:
    parameters, far = folded(shape.views(ended.kept.theta), scaling, problem.X.dtype)
    return Network(
        parameters,
        far,
        moments,
        _seen(problem, before),
        ended.kept.memory,
        ended.reference,
        None if search is None else search.progress,
    )


def _record(ended: Run, recipe: Recipe, search: Search | None) -> Record:
    assert ended.reason is not None
    kept = ended.kept
    rate = recipe.learning_rate
    if rate is None and SOLVERS[recipe.solver].finds_step:
        rate = kept.memory.get("step", FIRST_STEP)
    penalty = recipe.l2_regularization if search is None else search.penalty
    assert penalty is not None
    losses = ended.losses
    penalties = [penalty] * len(losses) if search is None else search.curve(len(losses))
    return Record(losses, ended.n_earlier, kept.loss, kept.grad_norm, ended.reason, rate, penalty, penalties)
