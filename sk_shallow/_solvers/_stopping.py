"""When to stop: small rules on the states of a solver, and what each way to end means."""

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from sk_shallow._solvers._state import State, largest_entry


class StopReason(StrEnum):
    """The ways to end."""

    CONVERGED = "converged"
    SETTLED = "settled"
    MAX_ITER = "max_iter"
    DIVERGED = "diverged"
    STALLED = "stalled"
    VALIDATION = "validation"
    CALLBACK = "callback"
    #: The run goes on, with another cost; no fit ends so.
    PAUSED = "paused"

    @property
    def message(self) -> str:
        """What it means to a person, in a sentence."""
        return _MESSAGES[self]


_MESSAGES = {
    StopReason.CONVERGED: "The gradient has fallen to the share tol of its first size.",
    StopReason.SETTLED: "The cost no longer falls in any way that matters.",
    StopReason.MAX_ITER: "The iterations were used up before the gradient was small.",
    StopReason.DIVERGED: "The cost is not finite or has risen without bound.",
    StopReason.STALLED: "No step lowers the cost any further at this precision.",
    StopReason.VALIDATION: "The score on held-out rows no longer gets better.",
    StopReason.CALLBACK: "A callback has stopped the fit.",
    StopReason.PAUSED: "The cost is about to change.",
}

#: A cost has settled where it falls in so many steps, or epochs, by no more than this share of it, or this times
#: tol² where that is less: an excess of cost is as the square of the gradient.
SETTLING_STEPS, SETTLING_EPOCHS, _SETTLING_SHARE, _SETTLING_OF_TOL = 50, 10, 5e-3, 600.0
#: A gradient of this many units of rounding is zero.
_ROUNDING = 4.0
#: The cost, in units of max(1, first cost), from which on a run counts as diverged. A cost of some
#: hundred nats an example means outputs in the hundreds: no descent comes back from there.
DIVERGENCE_FACTOR = 100.0


class Run:
    """What a run has seen, and why it ended: it is told each state, and asks the rules.

    Parameters
    ----------
    rules : sequence of callables
        ``rule(run)`` returns a StopReason or None; the first reason counts.
    reference : float or None
        The size of a gradient that `tol` is a share of; None: that of the first state told.
    outputs_from : int
        Where in θ the parameters begin whose first gradient it is of; of all, where that is zero to rounding.
    past : Past or None
        Of a run that was cut off, for this one to go on with where it begins at the same cost, to the last bit.
    """

    def __init__(
        self,
        rules: Sequence["Rule"],
        reference: float | None = None,
        outputs_from: int = 0,
        past: "Past | None" = None,
    ) -> None:
        self.rules = rules
        self._outputs_from = outputs_from
        self._reference = reference
        self._past = past
        self.losses: list[float] = []
        self.best: State | None = None
        self.last: State | None = None
        self.reason: StopReason | None = None
        #: The cost from which on the run counts as diverged.
        self.bound = 0.0
        #: How many costs belong to an earlier cost function.
        self.n_earlier = 0
        #: The costs of this cost function at each θ, and how many moves from the last one were taken back.
        self.reached: list[float] = []
        self.n_taken_back = 0
        #: What the states were worth on held-out rows, where there are any, and the one to keep for that.
        self.validation: list[float] | None = None
        self.chosen: Chosen | None = None

    @property
    def n_iter(self) -> int:
        """The number of steps made: one fewer than states."""
        return len(self.losses) - 1

    def tell(self, state: State) -> bool:
        """Record a state, and return whether to stop."""
        is_first = not self.losses
        self.losses.append(state.loss)
        if is_first:
            self._begin(state)
        elif self.reached and self.last is not None and state.theta is self.last.theta:
            self.n_taken_back += 1
        else:
            self.reached.append(state.loss)
            self.n_taken_back = 0
        self.last = state
        if self.best is None or state.loss < self.best.loss:
            self.best = state
        for rule in self.rules:
            if reason := rule(self):
                self.reason = reason
                return True
        return False

    def _begin(self, state: State) -> None:
        """Take the first state, of a new run or of one that was cut off there."""
        past = self._past
        if past is None or past.reached[-1] != state.loss:
            past = Past(
                np.array([state.loss]), 0, min(DIVERGENCE_FACTOR * max(1.0, state.loss), sys.float_info.max)
            )
        self.reached, self.n_taken_back, self.bound = past.reached.tolist(), past.n_taken_back, past.bound

    @property
    def past(self) -> "Past":
        """What another run needs to go on as this one would."""
        return Past(np.array(self.reached[-1 - SETTLING_STEPS :]), self.n_taken_back, self.bound)

    def catch_up(self, losses: list[float], best: State | None) -> None:
        """Record costs of states that were told to others, and the best state so far if it was not the last."""
        self.losses += losses
        self.reached += losses
        self.best, self.last, self.n_taken_back = best, None, 0

    @property
    def reference(self) -> float:
        """The size of a gradient that `tol` is a share of."""
        if self._reference is None:
            gradient = self.state.gradient
            of_outputs = largest_entry(gradient[self._outputs_from :])
            self._reference = largest_entry(gradient) if _is_nothing(of_outputs, gradient.dtype) else of_outputs
        return self._reference

    @property
    def state(self) -> State:
        """The last state told."""
        assert self.last is not None
        return self.last

    def resume(self) -> None:
        """Go on, from the last state with another cost, or from another, which is told in its place."""
        self.losses.pop()
        self.n_earlier = len(self.losses)
        self.best, self.reason, self._past = None, None, None
        self.reached, self.n_taken_back = [], 0

    @property
    def kept(self) -> State:
        """The state to keep: the best on held-out rows; without any the last, or the best of a diverged run."""
        if self.chosen is not None:
            return self.chosen.state
        kept = self.best if self.reason is StopReason.DIVERGED else self.last
        assert kept is not None
        return kept

    @property
    def kept_from(self) -> int:
        """The iteration whose λ the state to keep has."""
        return self.n_iter if self.chosen is None else self.chosen.n_iter


class Past(NamedTuple):
    """What the rules look back on: the last costs reached, how many moves were taken back, the bound of costs."""

    reached: np.ndarray
    n_taken_back: int
    bound: float


class Chosen(NamedTuple):
    """The state that is best on held-out rows, its iteration, and what it costs there: less is better."""

    state: State
    n_iter: int
    cost: float


Rule = Callable[[Run], StopReason | None]


def diverged(run: Run) -> StopReason | None:
    """Stop when the cost is not finite or has risen without bound."""
    return None if -sys.float_info.max <= run.losses[-1] <= run.bound else StopReason.DIVERGED


def _is_nothing(size: float, dtype: np.dtype) -> bool:
    """Tell whether the size of a gradient is zero to rounding."""
    return size <= _ROUNDING * float(np.finfo(dtype).eps)


def gradient_below(tol: float) -> Rule:
    """Stop when max|∇J| is at most the share tol of the run's reference.

    A reference that is zero to rounding ends the run at once.
    """

    def rule(run: Run) -> StopReason | None:
        reference = run.reference
        nothing = tol > 0 and _is_nothing(reference, run.state.gradient.dtype)
        return (
            StopReason.CONVERGED if run.state.gradient_at_most(reference if nothing else tol * reference) else None
        )

    return rule


def settled(window: int, tol: float) -> Rule:
    """Stop when `window` steps have lowered the cost by next to nothing, or were all taken back."""
    share = min(_SETTLING_SHARE, _SETTLING_OF_TOL * min(tol, 1.0) ** 2)

    def rule(run: Run) -> StopReason | None:
        if run.n_taken_back >= window:
            return StopReason.STALLED
        if len(run.reached) <= window:
            return None
        fell = run.reached[-1 - window] - run.reached[-1]
        return StopReason.SETTLED if fell <= share * run.reached[-1] else None

    return rule


def budget(max_iter: int) -> Rule:
    """Stop after max_iter steps."""

    def rule(run: Run) -> StopReason | None:
        return StopReason.MAX_ITER if len(run.losses) > max_iter else None

    return rule


def after_one_pass(tol: float) -> Rule:
    """Stop after one step, and tell whether the gradient is small then, as ``gradient_below`` has it."""
    converged = gradient_below(tol)

    def rule(run: Run) -> StopReason | None:
        return None if run.n_iter < 1 else converged(run) or StopReason.MAX_ITER

    return rule
