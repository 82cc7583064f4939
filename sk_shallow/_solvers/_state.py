"""What solvers and those who run them say to each other."""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

#: What a solver needs to go on exactly where it stopped, besides θ: plain arrays and numbers.
MemoryDict = dict[str, Any]


def in_dtype(memory: MemoryDict | None, dtype: np.dtype) -> MemoryDict | None:
    """Return a solver's memory in the dtype of θ; none where it is not finite, and would stop all steps."""
    floats = {name: value for name, value in (memory or {}).items() if isinstance(value, np.ndarray)}
    if memory is None or not all(np.isfinite(value).all() for value in floats.values()):
        return None
    return memory | {name: value.astype(dtype, copy=False) for name, value in floats.items()}


def largest_entry(gradient: np.ndarray) -> float:
    """Return the largest absolute entry; inf where one is not a number."""
    largest = float(np.abs(gradient).max())
    return math.inf if math.isnan(largest) else largest


@dataclass(slots=True)
class Ask:
    """A solver asks for J and ∇J at θ: on all rows, or on those numbered `rows`."""

    theta: np.ndarray
    rows: np.ndarray | None = None


@dataclass(slots=True)
class State:
    """A solver tells where it stands: θ, J(θ), ∇J(θ), and what it needs besides to go on.

    For several networks as one vector, J is one number for each.

    The arrays are never changed afterwards.
    """

    theta: np.ndarray
    loss: Any
    gradient: np.ndarray
    memory: MemoryDict

    @property
    def grad_norm(self) -> float:
        """The largest absolute entry of the gradient; inf where one is not a number."""
        return largest_entry(self.gradient)

    def gradient_at_most(self, tol: float) -> bool:
        """Tell whether ``grad_norm <= tol``; most often its root mean square, found faster, says no."""
        larger = 1.001 * tol
        if float(self.gradient.dot(self.gradient)) > self.gradient.size * larger * larger:
            return False
        return self.grad_norm <= tol


class Stand(NamedTuple):
    """A solver tells where it stands before it is known what that costs: its next steps do not depend on it."""

    theta: np.ndarray
    memory: MemoryDict

    def at(self, loss: float, gradient: np.ndarray) -> State:
        """Return the state, once its cost is known."""
        return State(self.theta, loss, gradient, self.memory)


#: J and ∇J.
Answer = tuple[float, np.ndarray]

#: Answers an ask: from θ and the rows, None for all, to J and ∇J.
Evaluate = Callable[[np.ndarray, np.ndarray | None], Answer]

#: Yields what it asks and what it tells; is sent (J, ∇J) for each ask.
Solving = Generator[Ask | State | Stand, Answer | None, None]

Result = TypeVar("Result")
#: Yields what it asks, is sent (J, ∇J) for each ask, and returns a result.
Asking = Generator[Ask, Answer, Result]
