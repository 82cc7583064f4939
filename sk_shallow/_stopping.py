"""When to stop: small rules on the state of a solver, and what each way to end means."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np


class State(NamedTuple):
    """Where a solver stands: θ, J(θ), ∇J(θ), and what it needs besides to go on.

    The arrays are never changed afterwards.
    """

    theta: np.ndarray
    loss: float
    gradient: np.ndarray
    memory: object = None

    @property
    def grad_norm(self) -> float:
        """The largest absolute entry of the gradient."""
        return float(np.abs(self.gradient).max())


class StopReason(StrEnum):
    """The ways to end, each with what it means to a person."""

    CONVERGED = "converged"
    MAX_ITER = "max_iter"
    DIVERGED = "diverged"
    STALLED = "stalled"

    @property
    def message(self) -> str:
        """What happened, in a sentence."""
        return _MESSAGES[self]

    def advice(self, first_loss: float, loss: float, learning_rate: float | None) -> str:
        """What a person could try; `learning_rate` is None where the solver finds its own steps."""
        smaller = "" if learning_rate is None else f"a smaller learning_rate, for example {learning_rate / 10:.3g}"
        if self is StopReason.STALLED:
            return "Raise tol, or pass X as float64."
        if self is StopReason.DIVERGED:
            remedy = f"Try {smaller} instead of {learning_rate:.3g}." if smaller else "Scale the columns of X."
            return f"The best network met, of cost {loss:.4g}, is kept. {remedy}"
        if smaller and loss > first_loss:
            return f"The cost rose from {first_loss:.4g} to {loss:.4g}: try {smaller}."
        return "Raise max_iter (or tol), scale the columns (standardize=True), or try solver='lbfgs'."


_MESSAGES = {
    StopReason.CONVERGED: "The largest entry of the gradient is at most tol.",
    StopReason.MAX_ITER: "The iterations were used up before the gradient fell to tol.",
    StopReason.DIVERGED: "The cost is not finite or has risen without bound.",
    StopReason.STALLED: "No step lowers the cost any further at this precision.",
}


@dataclass
class Trace:
    """What a run has seen: the cost at every state, the best state, the last one."""

    losses: list[float] = field(default_factory=list)
    best: State | None = None
    last: State | None = None

    @property
    def n_iter(self) -> int:
        """The number of steps made: one fewer than states."""
        return len(self.losses) - 1

    def record(self, state: State) -> None:
        """Append a state."""
        self.losses.append(state.loss)
        self.last = state
        if self.best is None or state.loss < self.best.loss:
            self.best = state


Rule = Callable[[Trace], StopReason | None]

#: The cost, in units of max(1, first cost), from which on a run counts as diverged. A cost of some
#: hundred nats an example means outputs in the hundreds: no descent comes back from there.
DIVERGENCE_FACTOR = 100.0


def bounded(loss: float, first_loss: float) -> bool:
    """Tell whether a cost is finite and has not risen without bound."""
    return math.isfinite(loss) and loss <= DIVERGENCE_FACTOR * max(1.0, first_loss)


def diverged(trace: Trace) -> StopReason | None:
    """Stop when the cost is not finite or has risen without bound."""
    return None if bounded(trace.losses[-1], trace.losses[0]) else StopReason.DIVERGED


def gradient_below(tol: float) -> Rule:
    """Stop when max|∇J| <= tol."""

    def rule(trace: Trace) -> StopReason | None:
        assert trace.last is not None
        return StopReason.CONVERGED if trace.last.grad_norm <= tol else None

    return rule


def budget(max_iter: int) -> Rule:
    """Stop after max_iter steps."""

    def rule(trace: Trace) -> StopReason | None:
        return StopReason.MAX_ITER if trace.n_iter >= max_iter else None

    return rule


def first_reason(rules: Sequence[Rule], trace: Trace) -> StopReason | None:
    """Return the first reason that the rules, in order, give for stopping."""
    for rule in rules:
        reason = rule(trace)
        if reason is not None:
            return reason
    return None
