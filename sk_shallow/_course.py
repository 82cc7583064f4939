"""The course of a fit: from a start to its end, past the pauses at which λ is found, and away from W = 0.

It asks for Σ s L and its gradient, and knows not who answers: a network is evaluated alone, or in a stack.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, NoReturn

import numpy as np
import scipy.sparse as sp

from sk_shallow._objective import Objective
from sk_shallow._parameters import Parameters, Shape
from sk_shallow._penalty import Search
from sk_shallow._recipe import Recipe
from sk_shallow._saddle import Saddle
from sk_shallow._scaling import Far, Scaling
from sk_shallow._solvers import (
    SOLVERS,
    Answer,
    Ask,
    Asking,
    MemoryDict,
    Options,
    Past,
    Rule,
    Run,
    StopReason,
    diverged,
    in_dtype,
    minimise,
    told,
)
from sk_shallow._targets import Targets
from sk_shallow._weights import Weights

#: Ends at which a network may be left at W = 0 by mistake.
_STANDSTILLS = (StopReason.CONVERGED, StopReason.SETTLED, StopReason.STALLED)


class Problem(NamedTuple):
    """Checked data: X (n, d) float32 or float64, dense or CSR; targets; weights; rows held out to judge a fit."""

    X: Any
    targets: Targets
    weights: Weights
    held_out: "HeldOut | None" = None


class HeldOut(NamedTuple):
    """Rows to judge a fit by: by the mean loss, or by what `score` says of a network's parameters for raw X."""

    problem: Problem
    score: Callable[[Parameters, Far | None], float] | None = None


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


class Watch:
    """Looks on at a course, and may end it."""

    def after(self, setting: Setting, run: Run) -> StopReason | None:
        """See a run that has been told a state, with the cost that it is a state of; say whether to stop."""

    def before(self, setting: Setting, run: Run) -> None:
        """See a run that goes on to its next state."""

    def at_end(self, setting: Setting, run: Run) -> None:
        """See a run that has ended."""

    def close(self) -> None:
        """Leave, whatever has happened."""


class HookError(Exception):
    """An error of a callback that looks on, on its way out: it is none of the fit, or of a start among others."""

    def __init__(self, error: Exception) -> None:
        super().__init__(error)
        self.error = error


class Start(NamedTuple):
    """Where a course begins: at a draw, or where another fit has ended, with its memory, reference and past."""

    theta: np.ndarray
    memory: MemoryDict | None = None
    reference: float | None = None
    past: Past | None = None
    drawn: bool = True


def initial_output_intercept(problem: Problem, recipe: Recipe) -> np.ndarray:
    """Return the b2 that knows the shares of the classes."""
    outputs = problem.targets.outputs
    prior = outputs.prior(problem.targets.encoded, problem.weights.values, smooth=recipe.one_pass)
    return outputs.loss.start(prior)


def course(
    setting: Setting,
    start: Start,
    rng: np.random.RandomState,
    search: Search | None,
    watches: Sequence[Watch] = (),
) -> Asking[Run]:
    """Ask for Σ s L and its gradient until a fit has ended, and return its run.

    It need not ask for that of an epoch, of which a stack has none: threads may find it beside the next epoch.
    """
    problem, recipe, shape = setting.problem, setting.recipe, setting.shape
    n = problem.X.shape[0]
    batch_size = None if recipe.batch_size is None else min(recipe.batch_size, n)
    solving = SOLVERS[recipe.solver].solving
    options = Options(recipe.learning_rate, recipe.momentum, batch_size, n, rng)
    now = [setting]
    ended = Run(_rules(now, watches, recipe.rules(search)), start.reference, shape.split, start.past)
    b2 = initial_output_intercept(problem, recipe)
    draw, saddle = start.theta if start.drawn else None, None
    way: Way | None = Way(setting.objective, start.theta, in_dtype(start.memory, start.theta.dtype))
    while way is not None:
        now[0] = setting._replace(objective=way.objective)
        if solving is None:  # it drives itself
            minimise(recipe.solver, way.objective, way.theta, options, ended)
        else:
            steps = solving(way.theta, options, way.memory or {})
            # Those who watch see a state before the next step, and one pass is but one epoch.
            sure = 0 if watches or recipe.one_pass else recipe.max_iter
            cost_beside = partial(_cost_beside, way.objective, ended, sure, search)
            yield from told(steps, ended, partial(_answered, way.objective), cost_beside)
        way = None
        if ended.reason is StopReason.PAUSED or (not recipe.exact and ended.reason in _STANDSTILLS):
            saddle = saddle or Saddle(now[0].objective, shape, recipe.activation, b2)
            way = _way_on(now[0].objective, ended, saddle, draw, search)
        if way is not None:
            ended.resume()
            if search is not None:
                search.begin(ended.n_earlier)
    for watch in watches:
        watch.at_end(now[0], ended)
    return ended


def _rules(now: list[Setting], watches: Sequence[Watch], rules: list[Rule]) -> list[Rule]:
    """Return the rules of a run that is watched: the first asks all who watch, the last tells them to go on.

    No rule comes after the last one, so that it sees only what does not end, and never ends a run itself.
    """

    def first(run: Run) -> StopReason | None:
        reasons = [watch.after(now[0], run) for watch in watches]
        return diverged(run) or next(filter(None, reasons), None)

    def last(run: Run) -> None:
        for watch in watches:
            watch.before(now[0], run)

    return [first, *rules, last] if watches else rules


def _answered(objective: Objective, ask: Ask) -> Asking[Answer]:
    """Answer an ask for J by what is known, or by Σ s L, and the penalty to it."""
    if objective.knows(ask.theta, ask.rows):
        return objective.known
    return objective.penalised(ask.theta, *(yield ask))


def _cost_beside(
    objective: Objective, run: Run, sure: int, search: Search | None, theta: np.ndarray
) -> Callable[[], Answer] | None:
    """Begin to find the cost where a solver stands, if it is sure enough to go on from there; else return None.

    It is not after `sure` states, nor while λ is yet to be found.
    """
    if len(run.losses) >= sure or (search is not None and search.is_open):
        return None
    return objective.beside(theta)


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


def explain_start(problem: Problem, recipe: Recipe) -> NoReturn:
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
