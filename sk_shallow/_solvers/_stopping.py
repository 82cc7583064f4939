"""When to stop: small rules on the states of a solver, and what each way to end means."""

import sys
from collections.abc import Callable, Sequence
from enum import StrEnum

from sk_shallow._solvers._state import State


class StopReason(StrEnum):
    """The ways to end."""

    CONVERGED = "converged"
    MAX_ITER = "max_iter"
    DIVERGED = "diverged"
    STALLED = "stalled"

    @property
    def message(self) -> str:
        """What it means to a person, in a sentence."""
        return _MESSAGES[self]


_MESSAGES = {
    StopReason.CONVERGED: "The largest entry of the gradient is at most tol.",
    StopReason.MAX_ITER: "The iterations were used up before the gradient fell to tol.",
    StopReason.DIVERGED: "The cost is not finite or has risen without bound.",
    StopReason.STALLED: "No step lowers the cost any further at this precision.",
}

#: The cost, in units of max(1, first cost), from which on a run counts as diverged. A cost of some
#: hundred nats an example means outputs in the hundreds: no descent comes back from there.
DIVERGENCE_FACTOR = 100.0


class Run:
    """What a run has seen, and why it ended: it is told each state, and asks the rules.

    Parameters
    ----------
    rules : sequence of callables
        ``rule(run)`` returns a StopReason or None; the first reason counts.
    """

    def __init__(self, rules: Sequence["Rule"]) -> None:
        self.rules = rules
        self.losses: list[float] = []
        self.best: State | None = None
        self.last: State | None = None
        self.reason: StopReason | None = None
        #: The cost from which on the run counts as diverged.
        self.bound = 0.0

    @property
    def n_iter(self) -> int:
        """The number of steps made: one fewer than states."""
        return len(self.losses) - 1

    def tell(self, state: State) -> bool:
        """Record a state, and return whether to stop."""
        if self.last is None:
            self.bound = min(DIVERGENCE_FACTOR * max(1.0, state.loss), sys.float_info.max)
        self.losses.append(state.loss)
        self.last = state
        if self.best is None or state.loss < self.best.loss:
            self.best = state
        for rule in self.rules:
            if reason := rule(self):
                self.reason = reason
                return True
        return False

    @property
    def kept(self) -> State:
        """The state to keep: the last one, or the best one where the run diverged."""
        kept = self.best if self.reason is StopReason.DIVERGED else self.last
        assert kept is not None
        return kept


Rule = Callable[[Run], StopReason | None]


def diverged(run: Run) -> StopReason | None:
    """Stop when the cost is not finite or has risen without bound."""
    return None if -sys.float_info.max <= run.losses[-1] <= run.bound else StopReason.DIVERGED


def gradient_below(tol: float) -> Rule:
    """Stop when max|∇J| <= tol."""

    def rule(run: Run) -> StopReason | None:
        assert run.last is not None
        return StopReason.CONVERGED if run.last.gradient_at_most(tol) else None

    return rule


def budget(max_iter: int) -> Rule:
    """Stop after max_iter steps."""

    def rule(run: Run) -> StopReason | None:
        return StopReason.MAX_ITER if len(run.losses) > max_iter else None

    return rule


def after_one_pass(tol: float) -> Rule:
    """Stop after one step, and tell whether max|∇J| <= tol then."""
    converged = gradient_below(tol)

    def rule(run: Run) -> StopReason | None:
        return None if run.n_iter < 1 else converged(run) or StopReason.MAX_ITER

    return rule
