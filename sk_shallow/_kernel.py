"""One block of rows through the network: forward for fit and prediction, and back.

Examples are columns here: A1 is (h, m) and Z2 is (k, m) for a block of m rows. A row of ones under A1
makes b2 one more weight, as the rows do for b1: the layers are [W1 b1] and [W2 b2], as they stand in θ.
All work is done in buffers that are made once and used for many blocks.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Self, TypeVar

import numpy as np

from sk_shallow._activations import Activation
from sk_shallow._losses import Loss, OutputBuffers
from sk_shallow._parameters import Shape
from sk_shallow._rows import Rows

Space = TypeVar("Space")
#: [W1 b1] (h, d + 1) and [W2 b2] (k, h + 1).
LayerMatrices = tuple[np.ndarray, np.ndarray]


class Block(NamedTuple):
    """Some rows, loaded: X as its kind of rows has it, targets as the loss encodes them, weights s (m,)."""

    X: Any
    targets: Any
    s: np.ndarray


class ForwardBuffers:
    """The work space of a prediction for m rows."""

    def __init__(self, kernel: "Kernel", m: int) -> None:
        h, k = kernel.shape.hidden_width, kernel.shape.n_outputs
        self.X = kernel.rows.buffer(m)
        self.A1_and_ones = np.ones((h + 1, m), dtype=kernel.dtype)
        self.A1 = self.A1_and_ones[:-1]
        self.Z1 = self.A1 if kernel.activation.in_place else np.empty((h, m), dtype=kernel.dtype)
        self.Z2 = np.empty((k, m), dtype=kernel.dtype)


class Buffers(ForwardBuffers):
    """The work space of one thread of a fit for blocks of m rows.

    The gradient of a block is made here, in views that need no making, and copied once.
    """

    def __init__(self, kernel: "Kernel", m: int) -> None:
        super().__init__(kernel, m)
        self.outputs = OutputBuffers(self.Z2)
        self.targets = kernel.loss.buffer(kernel.shape.n_outputs, m, kernel.dtype)
        self.s = np.empty(m, dtype=kernel.dtype)
        self.A1_and_ones_T = self.A1_and_ones.T
        self.dA1_and_ones = np.empty_like(self.A1_and_ones)
        self.D = self.dA1_and_ones[:-1]
        self.scratch = np.empty_like(self.A1)
        self.gradient = np.empty(kernel.shape.size, dtype=kernel.dtype)
        self.d_hidden, self.d_output = kernel.shape.layers(self.gradient)


class Workbench(Generic[Space]):
    """Buffers that blocks share: as many come about as there are threads, for each length of block."""

    def __init__(self, make: Callable[[int], Space]) -> None:
        self._make = make
        self._free: defaultdict[int, list[Space]] = defaultdict(list)

    def take(self, m: int) -> Space:
        """Take free buffers for m rows, or make some."""
        try:
            return self._free[m].pop()
        except IndexError:
            return self._make(m)

    def give(self, m: int, buffers: Space) -> None:
        """Give buffers for m rows back."""
        self._free[m].append(buffers)


class BlockKernel:
    """What is to be known of a network, or of several, for a block of rows.

    Parameters
    ----------
    rows : Rows
        The kind of rows: how to multiply by a block.
    shape : Shape, or StackShape of several
    activation : Activation
    loss : Loss
    dtype : dtype
        float32 or float64.
    """

    def __init__(self, rows: Rows, shape: Any, activation: Activation, loss: Loss, dtype: np.dtype) -> None:
        self.rows, self.shape, self.activation, self.loss, self.dtype = rows, shape, activation, loss, dtype

    @classmethod
    def like(cls, other: "BlockKernel", shape: Any) -> Self:
        """Return one that differs in sizes alone."""
        return cls(other.rows, shape, other.activation, other.loss, other.dtype)


class Kernel(BlockKernel):
    """The network on one block of rows."""

    shape: Shape

    def buffers(self, m: int) -> "Buffers":
        """Return the work space of a fit for blocks of m rows."""
        return Buffers(self, m)

    def hidden(self, X: Any, hidden: np.ndarray, buffers: ForwardBuffers) -> np.ndarray:
        """Return A1 (h, m) of a loaded block X, in `buffers`."""
        self.rows.hidden(X, hidden, out=buffers.Z1)
        self.activation.write(buffers.Z1, out=buffers.A1)
        return buffers.A1

    def forward(self, X: Any, layers: LayerMatrices, buffers: ForwardBuffers) -> np.ndarray:
        """Return Z2 (k, m) of a loaded block X, in `buffers`."""
        self.hidden(X, layers[0], buffers)
        return layers[1].dot(buffers.A1_and_ones, buffers.Z2)

    def value(self, block: Block, layers: LayerMatrices, buffers: Buffers) -> float:
        """Return Σ s L of a block, and leave dZ2 in the place of Z2."""
        self.forward(block.X, layers, buffers)
        return float(self.loss.fused(buffers.outputs, block.targets, block.s))

    def backward(self, block: Block, layers: LayerMatrices, buffers: Buffers) -> tuple[float, np.ndarray]:
        """Return Σ s L of a block, and its gradient, a new vector laid out like θ."""
        value, dZ2 = self.value(block, layers, buffers), buffers.Z2
        dZ2.dot(buffers.A1_and_ones_T, buffers.d_output)
        layers[1].T.dot(dZ2, buffers.dA1_and_ones)
        self.activation.chain(buffers.Z1, buffers.A1, buffers.D, buffers.scratch)
        self.rows.outer(buffers.D, block.X, buffers.d_hidden)
        return value, buffers.gradient.copy()
