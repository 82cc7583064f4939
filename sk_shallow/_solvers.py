"""Solvers: from a callable θ → (J, ∇J) and a start to a sequence of states.

They know a vector and a callable, never a network and never X. Gradient descent and Adam are one
generator of states with two step rules; L-BFGS is scipy's, behind the same records.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from scipy.optimize import minimize as scipy_minimize

from sk_shallow._stopping import Rule, State, StopReason, Trace, bounded, first_reason

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]
#: Called once an epoch with the solver's random generator; yields the objective of each batch.
Batches = Callable[[np.random.RandomState], Iterable[Objective]]


class Memory(NamedTuple):
    """What a solver needs to go on exactly where it stopped, besides θ.

    `rule` is the step rule's own; `shuffling` is the state of the random generator of batches.
    """

    rule: Any = None
    shuffling: Any = None


class StepRule(Protocol):
    """Turns a gradient into a step, given the memory of the steps before."""

    def step(self, gradient: np.ndarray, memory: Any) -> tuple[np.ndarray, Any]:
        """Return the step to add to θ, and the new memory. A memory of None means the first step."""


@dataclass(frozen=True)
class Nesterov:
    """θ ← θ − α∇J(θ), with Nesterov momentum μ in the form of Sutskever et al. (2013).

        v ← μ v − α ∇J(θ),        θ ← θ + μ v − α ∇J(θ)

    With μ = 0 there is no velocity, and each step is plain gradient descent.
    """

    learning_rate: float
    momentum: float = 0.0

    def step(self, gradient: np.ndarray, memory: Any) -> tuple[np.ndarray, Any]:
        """Return the step to add to θ, and the new velocity."""
        plain = -self.learning_rate * gradient
        if self.momentum == 0:
            return plain, None
        velocity = plain if memory is None else self.momentum * memory + plain
        return self.momentum * velocity + plain, velocity


@dataclass(frozen=True)
class Adam:
    """Adam of Kingma & Ba (2015), algorithm 1, with bias correction."""

    learning_rate: float
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def step(self, gradient: np.ndarray, memory: Any) -> tuple[np.ndarray, Any]:
        """Return the step to add to θ, and the new moments with their count."""
        m, v, t = (0.0, 0.0, 0) if memory is None else memory
        t += 1
        m = self.beta_1 * m + (1 - self.beta_1) * gradient
        v = self.beta_2 * v + (1 - self.beta_2) * gradient**2
        rate = self.learning_rate * (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)
        # epsilon is scaled with the second moment's correction, as in algorithm 1 itself.
        step = np.sqrt(v)
        step += self.epsilon * (1 - self.beta_2**t) ** 0.5
        np.divide(m, step, out=step)
        step *= -rate
        return step, (m, v, t)


def descend(
    objective: Objective, theta: np.ndarray, rule: StepRule, memory: Memory, batches: Batches | None = None
) -> Iterator[State]:
    """Yield the state before the first iteration and after each one, without end.

    An iteration is one step on the full objective or, with `batches`, a step on each batch of an
    epoch. The full cost and gradient at a new θ serve its state and the next full-batch step.
    """
    loss, gradient = objective(theta)
    first_loss = loss
    rng = None if batches is None else np.random.RandomState(0)
    if rng is not None:
        rng.set_state(memory.shuffling)
    while True:
        yield State(theta, loss, gradient, memory)
        if batches is None or rng is None:
            step, step_memory = rule.step(gradient, memory.rule)
            theta, memory = theta + step, Memory(step_memory)
        else:
            theta, step_memory = _epoch(theta, rule, memory.rule, batches(rng), first_loss)
            memory = Memory(step_memory, rng.get_state())
        loss, gradient = objective(theta)


def _epoch(
    theta: np.ndarray, rule: StepRule, memory: Any, batches: Iterable[Objective], first_loss: float
) -> tuple[np.ndarray, Any]:
    """Make a step on each batch; leave early when a batch's cost is not bounded."""
    for batch in batches:
        loss, gradient = batch(theta)
        step, memory = rule.step(gradient, memory)
        theta = theta + step
        if not bounded(loss, first_loss):
            break
    return theta, memory


class Result(NamedTuple):
    """How a run ended: the state to keep, the costs on the way, and why it stopped."""

    state: State
    losses: list[float]
    reason: StopReason


def run(states: Iterator[State], rules: Sequence[Rule]) -> Result:
    """Follow a generator of states until a rule says stop.

    The state kept is the last one, or the best one where the run diverged.
    """
    trace = Trace()
    for state in states:
        trace.record(state)
        reason = first_reason(rules, trace)
        if reason is not None:
            break
    return _result(trace, reason)


def _result(trace: Trace, reason: StopReason | None) -> Result:
    assert trace.last is not None
    assert trace.best is not None
    assert reason is not None
    kept = trace.best if reason is StopReason.DIVERGED else trace.last
    return Result(kept, trace.losses, reason)


def run_lbfgs(objective: Objective, theta: np.ndarray, rules: Sequence[Rule]) -> Result:
    """Minimise with scipy's L-BFGS-B, recording the state at every iterate.

    scipy works in float64; the objective is asked in the dtype of `theta`. scipy's own
    tolerances are off: the rules decide, so that every solver means the same by `tol`.
    """
    trace, dtype = Trace(), theta.dtype
    seen: list[State] = []

    def evaluate(x: np.ndarray) -> tuple[float, np.ndarray]:
        at = x.astype(dtype)
        loss, gradient = objective(at)
        seen[:] = [State(at, loss, gradient, Memory())]
        return loss, gradient.astype(np.float64)

    def follow(x: np.ndarray) -> StopReason | None:
        # scipy accepts the point that it evaluated last; another one is evaluated again.
        if not seen or not np.array_equal(seen[0].theta, x.astype(dtype)):
            evaluate(x)
        trace.record(seen[0])
        return first_reason(rules, trace)

    def callback(x: np.ndarray) -> None:
        reasons.append(follow(x))
        if reasons[-1] is not None:
            raise StopIteration

    start = theta.astype(np.float64)
    reasons = [follow(start)]
    if reasons[-1] is None:
        options = {"maxiter": 2**31 - 1, "maxfun": 2**31 - 1, "ftol": 0.0, "gtol": 0.0, "maxls": 50}
        scipy_minimize(evaluate, start, jac=True, method="L-BFGS-B", callback=callback, options=options)  # type: ignore[call-overload]
    return _result(trace, reasons[-1] or StopReason.STALLED)


#: The names of the solvers. Parameter checks, error messages and dispatch read it.
SOLVERS = ("gd", "lbfgs", "adam")

#: Step sizes that suit standardised columns. L-BFGS begins with a step of length 1 at most.
LEARNING_RATES = {"gd": 0.5, "lbfgs": 1.0, "adam": 0.01}


def solve(
    solver: str,
    objective: Objective,
    theta: np.ndarray,
    rules: Sequence[Rule],
    *,
    learning_rate: float,
    momentum: float,
    memory: Memory,
    batches: Batches | None = None,
) -> Result:
    """Minimise `objective` from `theta` with the named solver until one of `rules` stops it."""
    if solver == "lbfgs":
        return run_lbfgs(objective, theta, rules)
    rule: StepRule = Adam(learning_rate) if solver == "adam" else Nesterov(learning_rate, momentum)
    return run(descend(objective, theta, rule, memory, batches), rules)
