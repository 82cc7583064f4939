"""What a fit leaves, as values: a network that can go on, and a record of what happened."""

import math
from typing import NamedTuple

import numpy as np

from sk_shallow._moments import Moments
from sk_shallow._parameters import Parameters, Shape
from sk_shallow._penalty import Progress
from sk_shallow._scaling import Far, Scaling, folded
from sk_shallow._solvers import MemoryDict, Past, StopReason


class Network(NamedTuple):
    """A fitted network, and what it needs to go on: parameters for raw X, and plain state."""

    parameters: Parameters
    far: Far | None = None
    moments: Moments | None = None
    seen: np.ndarray | None = None
    memory: MemoryDict | None = None
    #: What `tol` is a share of: max|∇J| at the start of the first fit.
    reference: float | None = None
    progress: Progress | None = None
    #: θ as the solver has it, which the parameters for raw X tell but for rounding; and what another run needs to
    #: go on as this one, where that was cut off.
    theta: np.ndarray | None = None
    past: Past | None = None

    @property
    def shape(self) -> Shape:
        """The sizes of the network."""
        (h, d), k = self.parameters.W1.shape, len(self.parameters.b2)
        return Shape(d, h, k)

    def theta_for(self, scaling: Scaling, dtype: np.dtype) -> np.ndarray | None:
        """Return θ to the last bit, where the parameters are still those that it gives under that scaling."""
        theta, shape = self.theta, self.shape
        if theta is None or theta.dtype != dtype or theta.shape != (shape.size,):
            return None
        try:
            given, _ = folded(shape.views(theta), scaling, dtype)
        except ValueError:
            return None
        same = all(np.array_equal(ours, own) for ours, own in zip(given, self.parameters, strict=True))
        return theta if same else None

    def for_use(self) -> "Network":
        """Return a network without what only helps to go on to the last bit, and is as large as itself."""
        return self._replace(theta=None, past=None)

    def for_width(self, shape: Shape) -> "Network":
        """Return what a network goes on with: a wider one remembers nothing of its own, and finds λ anew."""
        own = self.shape
        if shape.hidden_width == own.hidden_width:
            return self
        memory = dict(self.memory or {})
        for name, value in memory.items():
            if np.shape(value) == (own.size,):
                memory[name] = shape.grown(value, own, np.zeros(shape.size, value.dtype))
        progress = None if self.progress is None else self.progress._replace(steps=0, estimates=1)
        return self._replace(memory=memory, progress=progress, past=None)


class Record(NamedTuple):
    """What happened in a fit: costs before each iteration and after the last, and the end.

    The first `n_earlier` costs are of another λ than the last; `penalties` has the λ of each.
    """

    losses: list[float]
    n_earlier: int
    loss: float
    grad_norm: float
    reason: StopReason
    #: The last α; None where the solver has none.
    learning_rate: float | None
    l2_regularization: float
    penalties: list[float]
    #: The last cost of each start, where there were several.
    init_losses: tuple[float, ...] = ()
    #: What the state before each iteration and after the last was worth on held-out rows, where there were any.
    validation: list[float] | None = None
    #: What starts are compared by: the cost, or what the network kept is worth on held-out rows; less is better.
    rank: float = math.inf
