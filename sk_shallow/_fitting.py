"""The recipe of every fit: checked data and a description of a network in, a network and a record out.

All of it is values: nothing here knows an estimator. ``fit_network`` scales, starts, minimises, folds.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils import check_random_state

from sk_shallow._course import Problem, Setting, Start, Watch, course, explain_start, initial_output_intercept
from sk_shallow._early_stopping import EarlyStopping
from sk_shallow._kernel import Kernel
from sk_shallow._moments import Moments, far_out, moments_of
from sk_shallow._objective import AnyKernel, Batch, Examples, Objective, blocks_of, parts_of
from sk_shallow._outcome import Network, Record
from sk_shallow._parameters import Shape, draw
from sk_shallow._penalty import Progress, Search
from sk_shallow._recipe import Recipe
from sk_shallow._rows import cut, is_parallel, training_rows
from sk_shallow._scaling import Scaling, folded, rescaled, scaling_of, unfolded
from sk_shallow._solvers import (
    FIRST_STEP,
    SOLVERS,
    Asking,
    Run,
    State,
    StopReason,
    drive,
)
from sk_shallow._targets import Targets
from sk_shallow._threads import Map, run


class Begun(NamedTuple):
    """A fit that is about to take its course: what it minimises, from which θ, and how it goes on from before."""

    setting: Setting
    theta: np.ndarray
    moments: Moments | None
    before: Network | None
    rng: np.random.RandomState
    search: Search | None

    def course(
        self, value: Callable[[np.ndarray], float] | None = None, watches: Sequence[Watch] = ()
    ) -> Asking[Run]:
        """Return what the fit asks, and then its run; ``value(θ)`` is the mean loss of rows held out, if any."""
        before = self.before
        start = (
            Start(self.theta)
            if before is None
            else Start(self.theta, before.memory, before.reference, before.past, drawn=False)
        )
        if value is not None:
            held_out, patience = self.setting.problem.held_out, self.setting.recipe.patience
            assert held_out is not None
            assert patience is not None
            watches = [EarlyStopping(held_out, value, patience, self.search), *watches]
        return course(self.setting, start, self.rng, self.search, watches)

    def result(self, ended: Run) -> tuple[Network, Record]:
        """Return the network of a run that has ended, for raw X, and the record.

        Raises
        ------
        ValueError
            Where no cost was finite, not even the first, or the weights for raw X are not.
        """
        if not math.isfinite(ended.kept.loss):
            explain_start(self.setting.problem, self.setting.recipe)
        return self._outcome(ended, ended.kept, ended.kept_from)

    def so_far(self, run: Run) -> tuple[Network, Record]:
        """Return what there would be if a run was stopped, and had its last state."""
        return self._outcome(run, run.state, run.n_iter)

    def _outcome(self, run: Run, kept: State, kept_from: int) -> tuple[Network, Record]:
        return _network(run, self, kept, kept_from), _record(run, self, kept, kept_from)


#: Returns who looks on at a fit.
Watches = Callable[[Begun], Sequence[Watch]]


def unwatched(fit: Begun) -> Sequence[Watch]:
    """Return nobody."""
    return ()


def fit_network(
    problem: Problem,
    recipe: Recipe,
    before: Network | None,
    random_state: Any,
    watches: Watches = unwatched,
) -> tuple[Network, Record]:
    """Fit a network to a problem: from a random start, or going on from the network `before`.

    Raises
    ------
    ValueError
        Where the numbers of X or the weights leave no network that is finite.
    """
    problem = without_absent(problem)

    def job(map_parts: Map) -> tuple[Network, Record]:
        moments, scaling = moments_and_scaling(problem, recipe, before)
        objective = _objectives(problem, recipe, scaling, map_parts)
        fit = begin(problem, recipe, moments, scaling, before, random_state, objective)
        value = None
        if problem.held_out is not None:
            value = _objectives(problem.held_out.problem, recipe, scaling, map_parts)(0.0).value
        looking = watches(fit)
        try:
            return fit.result(drive(fit.course(value, looking), fit.setting.objective.data))
        finally:
            for watch in looking:
                watch.close()

    return run(job, parallel=is_parallel(problem.X.shape[0], shape_of(problem, recipe)))


def _objectives(
    problem: Problem, recipe: Recipe, scaling: Scaling, map_parts: Map
) -> Callable[[float], Objective]:
    """Return the cost of a network on all rows for each λ / S, on the same blocks."""
    shape, dtype, loss = shape_of(problem, recipe), problem.X.dtype, problem.targets.outputs.loss
    rows, rest = training_rows(problem.X, scaling.astype(dtype), shape)
    examples = examples_of(problem, Kernel(rows, shape, recipe.activation, loss, dtype))
    parts = parts_of(examples, blocks_of(examples, cut(rows, problem.X.shape[0], shape)))
    return lambda penalty: Objective(parts, partial(Batch, examples), shape, rest, penalty, dtype, map_parts)


def begin(
    problem: Problem,
    recipe: Recipe,
    moments: Moments | None,
    scaling: Scaling,
    before: Network | None,
    random_state: Any,
    objective: Callable[[float], Objective],
) -> Begun:
    """Begin a fit; ``objective(λ / S)`` is what it minimises."""
    rng, shape = check_random_state(random_state), shape_of(problem, recipe)
    before = None if before is None else before.for_width(shape)
    theta = _start(problem, recipe, shape, scaling, moments, before, rng)
    search = _search(problem, recipe, shape, scaling, before)
    setting = Setting(problem, recipe, shape, scaling, objective(_penalty_share(problem, recipe, search)))
    return Begun(setting, theta, moments, before, rng, search)


def shape_of(problem: Problem, recipe: Recipe) -> Shape:
    """Return the sizes of the network."""
    return Shape(problem.X.shape[1], recipe.hidden_width, problem.targets.outputs.n_outputs)


def examples_of(problem: Problem, kernel: AnyKernel) -> Examples:
    """Return the rows of a problem, as a kernel has them."""
    return Examples(kernel, problem.targets.encoded, problem.weights.shares(problem.X.dtype))


def without_absent(problem: Problem) -> Problem:
    """Leave out rows of weight zero whose numbers could overflow: they must count as absent."""
    X, (kind, outputs, encoded), weights, held_out = problem
    if held_out is not None:
        held_out = held_out._replace(problem=without_absent(held_out.problem))
        problem = problem._replace(held_out=held_out)
    if weights.values is None or weights.values.all():
        return problem
    absent = weights.values == 0
    if np.abs(X[absent]).max() < far_out(X.dtype):
        return problem
    present, values = ~absent, weights.values[~absent]
    return Problem(
        X[present],
        Targets(kind, outputs, encoded[present]),
        weights._replace(values=values, n=len(values)),
        held_out,
    )


def _moments(problem: Problem, recipe: Recipe, before: Network | None) -> Moments | None:
    """Return the moments of the columns: of these rows, or for parts of all rows seen so far."""
    if not recipe.standardize:
        return None
    moments = moments_of(problem.X, problem.weights.values, problem.weights.sum)
    if before is None or before.moments is None or not recipe.one_pass:
        return moments
    return before.moments.merge(moments)


def moments_and_scaling(
    problem: Problem, recipe: Recipe, before: Network | None
) -> tuple[Moments | None, Scaling]:
    """Return what is known of the columns, and what they count as; nothing, and as they are, without scaling."""
    moments = _moments(problem, recipe, before)
    if moments is None:
        return None, Scaling()
    return moments, scaling_of(moments, problem.X.dtype, sparse=sp.issparse(problem.X))


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
    dtype, b2 = problem.X.dtype, initial_output_intercept(problem, recipe)
    if before is None:
        return draw(shape, recipe.activation.gain, b2, rng, dtype)
    raw, far, fitted = before.parameters, before.far, before.shape
    if moments is not None and before.moments is not None and recipe.one_pass:
        raw = rescaled(raw, before.moments, moments, dtype, sparse=sp.issparse(problem.X))
    theta = None if recipe.one_pass else before.theta_for(scaling, dtype)
    if theta is None:
        theta = fitted.join(unfolded(raw, far, scaling), dtype=dtype)
    if shape.hidden_width > fitted.hidden_width:
        theta = shape.grown(theta, fitted, draw(shape, recipe.activation.gain, b2, rng, dtype))
    if recipe.one_pass and before.seen is not None:
        # An output that has met but one answer so far is far on that side: it begins anew.
        news = _seen(problem, before).all(axis=0) & ~before.seen.all(axis=0)
        shape.views(theta).b2[news] = b2[news]
    return theta


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
        (problem.X, problem.targets, problem.weights),
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


def _network(run: Run, fit: Begun, kept: State, kept_from: int) -> Network:
    problem, _, shape, scaling, _ = fit.setting
    parameters, far = folded(shape.views(kept.theta), scaling, problem.X.dtype)
    was_cut_off = run.reason in (None, StopReason.MAX_ITER, StopReason.CALLBACK)
    return Network(
        parameters,
        far,
        fit.moments,
        _seen(problem, fit.before),
        kept.memory,
        run.reference,
        None if fit.search is None else fit.search.progress_at(kept_from),
        kept.theta,
        run.past if was_cut_off and kept is run.last else None,
    )


def _record(run: Run, fit: Begun, kept: State, kept_from: int) -> Record:
    recipe, search = fit.setting.recipe, fit.search
    rate = recipe.learning_rate
    if rate is None and SOLVERS[recipe.solver].finds_step:
        rate = kept.memory.get("step", FIRST_STEP)
    penalty = recipe.l2_regularization if search is None else search.penalty_at(kept_from)
    assert penalty is not None
    losses = list(run.losses)
    return Record(
        losses,
        run.n_earlier,
        kept.loss,
        kept.grad_norm,
        run.reason or StopReason.CALLBACK,
        rate,
        penalty,
        [penalty] * len(losses) if search is None else search.curve(len(losses)),
        validation=None if run.validation is None else list(run.validation),
        rank=kept.loss if run.chosen is None else run.chosen.cost,
    )
