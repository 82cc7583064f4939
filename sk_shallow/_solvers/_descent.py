"""Gradient descent and Adam: a generator of states, on all rows or in batches, with two step rules."""

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from sk_shallow._compiled import LOOPS
from sk_shallow._solvers._state import Ask, MemoryDict, Solving, Stand, State


class StepRule(Protocol):
    """Turns a gradient into a step, given the memory of the steps before."""

    def step(self, gradient: np.ndarray, memory: MemoryDict) -> tuple[np.ndarray, MemoryDict]:
        """Return the step to add to θ, and the new memory. An empty memory means the first step."""


def _beside(rate: Any, vector: np.ndarray) -> Any:
    """Return a step size in the dtype of a vector, which NumPy does by itself where it is a number."""
    return rate.astype(vector.dtype, copy=False) if isinstance(rate, np.ndarray) else rate


@dataclass(frozen=True)
class Nesterov:
    """θ ← θ − α∇J(θ), with Nesterov momentum μ in the form of Sutskever et al. (2013).

        v ← μ v − α ∇J(θ),        θ ← θ + μ v − α ∇J(θ)

    With μ = 0 there is no velocity, and each step is plain gradient descent.
    """

    learning_rate: Any
    momentum: float = 0.0

    def step(self, gradient: np.ndarray, memory: MemoryDict) -> tuple[np.ndarray, MemoryDict]:
        """Return the step to add to θ, and the new velocity."""
        plain = -_beside(self.learning_rate, gradient) * gradient
        if self.momentum == 0:
            return plain, {}
        velocity = self.momentum * memory["velocity"] + plain if "velocity" in memory else plain
        return self.momentum * velocity + plain, {"velocity": velocity}


@dataclass(frozen=True)
class Adam:
    """Adam of Kingma & Ba (2015), algorithm 1, with bias correction."""

    learning_rate: Any
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8

    def step(self, gradient: np.ndarray, memory: MemoryDict) -> tuple[np.ndarray, MemoryDict]:
        """Return the step to add to θ, and the new moments with their count."""
        t = memory.get("n_steps", 0) + 1
        m, v = memory.get("first_moment"), memory.get("second_moment")
        m, v = (np.zeros_like(gradient) if moment is None else moment for moment in (m, v))
        rate = self.learning_rate * (1 - self.beta_2**t) ** 0.5 / (1 - self.beta_1**t)
        # epsilon is scaled with the second moment's correction, as in algorithm 1 itself.
        epsilon = self.epsilon * (1 - self.beta_2**t) ** 0.5
        m, v, step = self._moved(gradient, m, v, epsilon, rate)
        return step, {"first_moment": m, "second_moment": v, "n_steps": t}

    def _moved(self, gradient: np.ndarray, m: np.ndarray, v: np.ndarray, epsilon: float, rate: Any) -> Any:
        """Return the moments after a step, and the step."""
        betas = self.beta_1, 1 - self.beta_1, self.beta_2, 1 - self.beta_2
        if LOOPS is not None and not isinstance(rate, np.ndarray):
            moved = np.empty_like(m), np.empty_like(v), np.empty_like(gradient)
            LOOPS.adam(gradient, m, v, *moved, *betas, epsilon, -rate)
            return moved
        m, v = betas[0] * m + betas[1] * gradient, betas[2] * v + betas[3] * gradient**2
        step = np.sqrt(v)
        step += epsilon
        np.divide(m, step, out=step)
        step *= -_beside(rate, step)
        return m, v, step


def descend(theta: np.ndarray, rule: StepRule, memory: MemoryDict) -> Solving:
    """Yield the state before the first step on all rows, and after each one, without end."""
    while True:
        loss, gradient = yield Ask(theta)  # type: ignore[misc]
        yield State(theta, loss, gradient, memory)
        step, memory = rule.step(gradient, memory)
        theta = theta + step


def descend_in_batches(
    theta: np.ndarray, rule: StepRule, memory: MemoryDict, n: int, batch_size: int, rng: np.random.RandomState
) -> Solving:
    """Yield where it stands before the first epoch, and after each one, without end.

    An epoch makes a step on each batch of `batch_size` of n rows in a new order. It ends early where a
    batch's cost is not finite: the full cost will tell. `memory` may hold the state of the shuffling.
    """
    rng = _shuffling(memory, rng)
    memory = {**memory, "shuffling": rng.get_state(legacy=False)}
    while True:
        yield Stand(theta, memory)
        order = rng.permutation(n)
        for start in range(0, n, batch_size):
            loss, gradient = yield Ask(theta, order[start : start + batch_size])  # type: ignore[misc]
            step, memory = rule.step(gradient, memory)
            theta = theta + step
            if not math.isfinite(loss):
                break
        memory["shuffling"] = rng.get_state(legacy=False)


def _shuffling(memory: MemoryDict, rng: np.random.RandomState) -> np.random.RandomState:
    """Return the generator of the orders: that of the fit before, or a copy of `rng`."""
    state: Any = memory.get("shuffling") or rng.get_state(legacy=False)
    own = np.random.RandomState(0)
    own.set_state(state)
    return own
