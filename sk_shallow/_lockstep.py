"""Fits side by side in which nothing is to be found: all step together, as one vector with an α for each entry.

What a solver does to a vector, it does to each network of a stack: sums over a network alone are for each apart.
Each ends by its own rules, which are asked where its cost or its gradient comes near to an end, and has the record
that it would have alone, to rounding in the costs.
"""

from collections.abc import Sequence
from contextlib import closing
from typing import Any

import numpy as np

from sk_shallow._fitting import Begun
from sk_shallow._side_by_side import Stack, outcome_or_error
from sk_shallow._solvers import SOLVERS, Ask, Options, Run, State, StopReason

#: A gradient is looked at where its root mean square is at most this times what its largest entry has to fall to.
_NEAR = 1.01


def in_lockstep(stack: Stack, fits: Sequence[Begun]) -> list[Any]:
    """Return what comes of each fit: a network and its record, or an error. Solver and rules are those of all."""
    walk = _Lockstep(stack, fits)
    while walk.here:
        walk.make_steps()
    return [walk.ended[number] for number in range(len(fits))]


class _Lockstep:
    """Fits that step together: `here` are the numbers of those in the stack, `ended` what came of the others.

    The state of the stack is one `State`, with Θ for θ, and the costs (C,) for the cost.
    """

    def __init__(self, stack: Stack, fits: Sequence[Begun]) -> None:
        self._fits, self._recipe = fits, fits[0].setting.recipe
        self._runs = [Run(self._recipe.rules(None), None, fit.setting.shape.split) for fit in fits]
        self.ended: dict[int, Any] = {}
        self._n_steps, self._state = -1, State(np.concatenate([fit.theta for fit in fits]), 0.0, np.empty(0), {})
        #: The lowest costs, and the states that had them where these are not the last.
        self._lowest, self._best = np.full(len(fits), np.inf), dict[int, State]()
        #: The costs from which on a run has diverged, and the gradients at which it has converged.
        self._bounds, self._limits = np.full(len(fits), -np.inf), np.zeros(len(fits))
        self._take(stack, list(range(len(fits))))

    def _take(self, stack: Stack, numbers: list[int]) -> None:
        """Have these fits in the stack."""
        self._stack, self._shape, self.here = stack, stack.shape, numbers
        settings = [self._fits[number].setting for number in numbers]
        rates = np.array([setting.recipe.learning_rate for setting in settings])
        self._options = Options(self._shape.spread(rates), self._recipe.momentum)
        self._objective = stack.together(np.array([setting.objective.penalty for setting in settings]))
        #: Costs since then, and how many of them each run knows.
        self._losses, self._n_known = list[np.ndarray](), [0] * len(numbers)

    def make_steps(self) -> None:
        """Step until all have ended, or so many that a narrower stack is worth its making."""
        state, objective, is_known = self._state, self._objective, self._n_steps >= 0
        if is_known:
            objective = objective.knowing(state.theta, state.loss, state.gradient)
        solving = SOLVERS[self._recipe.solver].solving
        assert solving is not None
        with closing(solving(state.theta, self._options, state.memory)) as steps:
            said = next(steps)
            while True:
                if isinstance(said, Ask):
                    said = steps.send(objective(said.theta))
                    continue
                assert isinstance(said, State)  # a Stand is of batches alone
                if is_known or not self._tell(said):
                    is_known, said = False, next(steps)
                else:
                    break
        self._narrow()

    def _tell(self, state: State) -> bool:
        """Record the state after a step, and return whether to make the stack narrower."""
        losses = np.asarray(state.loss)
        self._note_best(losses)
        self._n_steps, self._state = self._n_steps + 1, state
        self._losses.append(losses)
        n_ended, broken = len(self.ended), False
        for place in self._near_an_end(state, losses):
            number = self.here[place]
            if number not in self.ended:
                run = self._informed(place, len(self._losses) - 1)
                if run.tell(self._own(state, place)):
                    self.ended[number] = outcome_or_error(self._fits[number].result, run)
                    broken |= run.reason is StopReason.DIVERGED  # its numbers would be slow to compute with
        if self._n_steps == 0:
            self._bounds = np.array([run.bound for run in self._runs])
            self._limits = np.array([self._recipe.tol * run.reference for run in self._runs])
        return len(self.ended) > n_ended and (broken or self._stack.is_too_wide(self._left()))

    def _left(self) -> list[int]:
        """Return the places of those that have not ended."""
        return [place for place, number in enumerate(self.here) if number not in self.ended]

    def _near_an_end(self, state: State, losses: np.ndarray) -> list[int]:
        """Return the places of those whose rules may say stop."""
        if self._n_steps == 0 or self._n_steps >= self._recipe.max_iter:
            return list(range(len(self.here)))
        squares = self._shape.product(state.gradient, state.gradient)
        near = squares <= self._shape.sizes * (_NEAR * self._limits[self.here]) ** 2
        return np.flatnonzero(near | ~(losses <= self._bounds[self.here])).tolist()

    def _note_best(self, losses: np.ndarray) -> None:
        """Keep the state before where a cost rises from the lowest."""
        lowest = self._lowest[self.here]
        rose = ~(losses < lowest)
        if self._best or rose.any():
            for place, number in enumerate(self.here):
                if number in self.ended:
                    continue
                if not rose[place]:
                    self._best.pop(number, None)
                elif number not in self._best and self._n_steps >= 0:
                    self._best[number] = self._own(self._state, place)
        self._lowest[self.here] = np.where(rose, lowest, losses)

    def _informed(self, place: int, n: int) -> Run:
        """Return the run of a network, which knows the first n of the costs, and is to be told the next."""
        number, known = self.here[place], self._n_known[place]
        losses = [float(each[place]) for each in self._losses[known:n]]
        self._runs[number].catch_up(losses, self._best.get(number))
        self._n_known[place] = n + 1
        return self._runs[number]

    def _own(self, state: State, place: int) -> State:
        """Return a network's own state."""
        theta, gradient, memory = self._those(state, [place])
        return State(theta, float(np.asarray(state.loss)[place]), gradient, memory)

    def _those(self, state: State, places: list[int]) -> Any:
        """Return θ, ∇J and memory of some networks."""
        take, memory = self._shape.take, state.memory.items()
        own = {name: take(value, places) if isinstance(value, np.ndarray) else value for name, value in memory}
        return take(state.theta, places), take(state.gradient, places), own

    def _narrow(self) -> None:
        """Go on with those that have not ended."""
        places = self._left()
        for place in places:
            self._informed(place, len(self._losses))
        if not places:
            self.here = []
            return
        theta, gradient, memory = self._those(self._state, places)
        losses: Any = np.asarray(self._state.loss)[places]
        self._state = State(theta, losses, gradient, memory)
        self._take(self._stack.of_places(places), [self.here[place] for place in places])
