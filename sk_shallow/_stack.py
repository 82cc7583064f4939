"""Several fits to the same rows at once: their networks stand side by side, and one pass evaluates them all.

Each goes its own way: it has its own α, λ and end, by the same rules as alone, and leaves the stack when it has
ended.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import deepcopy
from functools import partial
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from sk_shallow._canonical import canonical
from sk_shallow._course import HookError, Problem
from sk_shallow._fitting import (
    Begun,
    Watches,
    begin,
    fit_network,
    moments_and_scaling,
    shape_of,
    unwatched,
    without_absent,
)
from sk_shallow._lockstep import in_lockstep
from sk_shallow._moments import Moments
from sk_shallow._outcome import Network, Record
from sk_shallow._recipe import Recipe
from sk_shallow._rows import is_parallel, plan_of
from sk_shallow._scaling import Scaling
from sk_shallow._side_by_side import Stack, by_courses, outcome_or_error
from sk_shallow._solvers import SOLVERS, StopReason
from sk_shallow._threads import Map, run

#: The most numbers that one of the work arrays of a stack of several networks has: they are to stay in the cache.
MOST_NUMBERS = 2**18


class Outcome(NamedTuple):
    """What came of a fit among others: a network and its record, or an error; and its share of the time, in s."""

    network: Network | None
    record: Record | None
    error: Exception | None
    seconds: float

    def fitted(self) -> tuple[Network, Record]:
        """Return the network and its record, or raise the error that there is none."""
        if self.error is not None:
            raise self.error
        assert self.network is not None
        assert self.record is not None
        return self.network, self.record


def fit_from_starts(
    problem: Problem,
    recipes: Sequence[Recipe],
    random_states: Sequence[Any],
    watches: Sequence[Callable[[int], Watches]] | None = None,
) -> list[Outcome]:
    """Fit a network of each recipe from as many random starts as it says, all side by side.

    Of the starts, one that has not diverged and has the lowest cost is the outcome, or where rows are held out,
    the best score; their time is its time. `watches` say for each recipe and start who looks on.
    """
    states = [starts_of(state, recipe.n_init) for recipe, state in zip(recipes, random_states, strict=True)]
    repeated = [recipe for recipe in recipes for _ in range(recipe.n_init)]
    looking = None
    if watches is not None:
        each = zip(watches, recipes, strict=True)
        looking = [own(start) for own, recipe in each for start in range(recipe.n_init)]
    outcomes = iter(fit_networks(problem, repeated, list(chain.from_iterable(states)), looking))
    return [_best(list(islice(outcomes, recipe.n_init))) for recipe in recipes]


def _best(starts: list[Outcome]) -> Outcome:
    """Return the outcome of the best start, with the costs and the time of all."""

    def rank(outcome: Outcome) -> tuple[bool, float]:
        record = outcome.record
        return (True, math.inf) if record is None else (record.reason is StopReason.DIVERGED, record.rank)

    best = min(starts, key=rank)
    if len(starts) > 1 and best.record is not None:
        losses = tuple(start.record.loss if start.record else math.nan for start in starts)
        best = best._replace(record=best.record._replace(init_losses=losses))
    return best._replace(seconds=sum(start.seconds for start in starts))


def starts_of(random_state: Any, n: int) -> list[Any]:
    """Return n random states: the first draws what `random_state` would have drawn; a generator goes on."""
    if n == 1:
        return [random_state]
    first = deepcopy(random_state)
    return [first, *check_random_state(random_state).randint(np.iinfo(np.int32).max, size=n - 1).tolist()]


def fit_networks(
    problem: Problem,
    recipes: Sequence[Recipe],
    random_states: Sequence[Any],
    watches: Sequence[Watches] | None = None,
) -> list[Outcome]:
    """Fit a network of each recipe to a problem, from a random start: as by ``fit_network``.

    The recipes differ in width, α and λ alone. Each has a copy of its random state to itself.

    Those with steps on all rows go side by side, the others one after another, and so do all that are watched. The
    time of a stack is shared by the number of units times passes. An error of a fit is its outcome, and does not
    concern the others.
    """
    problem = canonical(problem, recipes[0].solver)
    able = [] if watches else [i for i, recipe in enumerate(recipes) if _can_stack(recipe)]
    outcomes: dict[int, Outcome] = {}
    if len(able) > 1:
        with suppress(Exception):  # an error that concerns all is met again by each alone, and is then its outcome
            outcomes = _fit_stacks(without_absent(problem), recipes, random_states)
    for i, recipe in enumerate(recipes):
        if i not in outcomes:
            outcomes[i] = _fit_alone(problem, recipe, random_states[i], watches[i] if watches else unwatched)
    return [outcomes[i] for i in range(len(recipes))]


def _fit_stacks(problem: Problem, recipes: Sequence[Recipe], random_states: Sequence[Any]) -> dict[int, Outcome]:
    """Return the outcomes of those that go side by side, but for stacks in which an error stopped all."""
    moments, scaling = run(lambda _: moments_and_scaling(problem, recipes[0], None), parallel=False)
    outcomes: dict[int, Outcome] = {}
    for kind, places in stacks_of(problem, scaling, recipes):
        members = [(recipes[i], random_states[i]) for i in places]
        with suppress(Exception):
            outcomes |= zip(places, _fit_stack(problem, members, moments, scaling, kind), strict=True)
    return outcomes


def stacks_of(problem: Problem, scaling: Scaling, recipes: Sequence[Recipe]) -> list[tuple[str, list[int]]]:
    """Return the numbers of the recipes that go side by side, and their kind of rows, for each stack.

    Networks whose rows would be cut into the same blocks can share them; those in which something is found do not
    mix with those in which all is given. From narrow to wide, they fill stacks in turn, each up to
    ``MOST_NUMBERS`` hidden outputs of a block.
    """
    alike = defaultdict(list)
    for i, recipe in enumerate(recipes):
        if _can_stack(recipe):
            kind, blocks = plan_of(problem.X, scaling.astype(problem.X.dtype), shape_of(problem, recipe))
            alike[_is_plain(recipe), kind, blocks[0].stop, len(blocks)].append(i)
    stacks: list[tuple[str, list[int]]] = []
    for (_, kind, rows, _), numbers in alike.items():
        most, units = MOST_NUMBERS // rows, math.inf
        for i in sorted(numbers, key=lambda i: recipes[i].hidden_width):
            units += recipes[i].hidden_width + 1
            if units > most:
                stacks.append((kind, []))
                units = recipes[i].hidden_width + 1
            stacks[-1][1].append(i)
    return [(kind, places) for kind, places in stacks if len(places) > 1]


def _can_stack(recipe: Recipe) -> bool:
    return SOLVERS[recipe.solver].solving is not None and recipe.batch_size is None


def _is_plain(recipe: Recipe) -> bool:
    """Tell whether nothing is found in the fit: such networks step together."""
    return recipe.exact and recipe.l2_regularization is not None and recipe.patience is None


def _fit_alone(problem: Problem, recipe: Recipe, random_state: Any, watches: Watches) -> Outcome:
    started = time.perf_counter()
    try:
        network, record = fit_network(problem, recipe, None, deepcopy(random_state), watches)
    except HookError:
        raise
    except Exception as error:
        return Outcome(None, None, error, time.perf_counter() - started)
    return Outcome(network, record, None, time.perf_counter() - started)


def _fit_stack(
    problem: Problem, members: list[tuple[Recipe, Any]], moments: Moments | None, scaling: Scaling, kind: str
) -> list[Outcome]:
    """Fit networks side by side, each with its random state; their widths do not fall."""
    started, first = time.perf_counter(), members[0][0]
    shapes = [shape_of(problem, recipe) for recipe, _ in members]

    def job(map_parts: Map) -> list[Any]:
        stack = Stack.of(problem, first.activation, shapes, scaling, kind, map_parts)

        def begun(place: int) -> Any:
            (recipe, random_state), objective = members[place], partial(stack.alone, place)
            return outcome_or_error(
                begin, problem, recipe, moments, scaling, None, deepcopy(random_state), objective
            )

        fits = [begun(place) for place in range(len(members))]
        ready = [place for place, fit in enumerate(fits) if isinstance(fit, Begun)]
        if not ready:
            return fits
        stack, begun_fits = stack.of_places(ready), [fits[place] for place in ready]
        if _is_plain(first):
            ends = in_lockstep(stack, begun_fits)
        else:
            ends = by_courses(stack, begun_fits, _held_out(problem, stack, scaling, map_parts))
        ended = dict(zip(ready, ends, strict=True))
        return [ended.get(place, fit) for place, fit in enumerate(fits)]

    ended = run(job, parallel=any(is_parallel(problem.X.shape[0], shape) for shape in shapes))
    work = [shape.hidden_width * _n_passes(end) for shape, end in zip(shapes, ended, strict=True)]
    seconds = (time.perf_counter() - started) / sum(work)
    return [_outcome(end, seconds * own) for end, own in zip(ended, work, strict=True)]


def _held_out(problem: Problem, stack: Stack, scaling: Scaling, map_parts: Map) -> Stack | None:
    """Return the networks of a stack on the rows that are held out, if any."""
    if problem.held_out is None:
        return None
    return Stack.of(problem.held_out.problem, stack.activation, stack.shape.shapes, scaling, None, map_parts)


def _outcome(end: Any, seconds: float) -> Outcome:
    if isinstance(end, Exception):
        return Outcome(None, None, end, seconds)
    network, record = end
    return Outcome(network, record, None, seconds)


def _n_passes(end: Any) -> int:
    return 1 if isinstance(end, Exception) else len(end[1].losses)
