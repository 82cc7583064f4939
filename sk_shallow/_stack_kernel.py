"""One block of rows through several networks side by side, to the same bits as each by itself.

Networks of one width are a group, and each matrix product is a batch of one product a network; g1 and the loss are
one call for all. Every network's A1 has its row of ones, as in the kernel of one network.
"""

from typing import Any

import numpy as np

from sk_shallow._kernel import Block, BlockKernel
from sk_shallow._losses import StackOutputBuffers
from sk_shallow._parameters import StackShape

#: For each group, [W1 b1] (networks, h, d + 1) and [W2 b2] (networks, k, h + 1).
GroupMatrices = list[tuple[np.ndarray, np.ndarray]]


class _GroupViews:
    """What buffers hold of one group: A1 with ones and its gradient (networks, h + 1, m), dZ2 (networks, k, m)."""

    def __init__(self, A1: np.ndarray, Z1: np.ndarray, dA1: np.ndarray, Z2: np.ndarray) -> None:
        self.A1_and_ones, self.dA1_and_ones, self.Z2 = A1, dA1, Z2
        self.A1_and_ones_T, self.ones = A1.swapaxes(1, 2), A1[:, -1]
        self.Z1, self.D = Z1[:, :-1], dA1[:, :-1]


class StackBuffers:
    """The work space of one thread for blocks of m rows: O(m Σh), whatever the number of rows."""

    def __init__(self, kernel: "StackKernel", m: int) -> None:
        shape, dtype = kernel.shape, kernel.dtype
        k = shape.n_outputs
        units = sum(each.hidden_width + 1 for each in shape.shapes)
        self.X = kernel.rows.buffer(m)
        self.A1 = np.ones((units, m), dtype=dtype)
        self.Z1 = self.A1 if kernel.activation.in_place else np.ones_like(self.A1)
        self.dA1, self.scratch = np.empty_like(self.A1), np.empty_like(self.A1)
        self.outputs = StackOutputBuffers(np.empty((len(shape.shapes), k, m), dtype=dtype))
        self.targets = kernel.loss.buffer(k, m, dtype)
        self.s = np.empty(m, dtype=dtype)
        self.gradient = np.empty(shape.size, dtype=dtype)
        self.groups: list[_GroupViews] = []
        first = 0
        for networks, each in shape.groups:
            sizes = networks.stop - networks.start, each.hidden_width + 1
            last = first + sizes[0] * sizes[1]
            A1, Z1, dA1 = (array[first:last].reshape(*sizes, m) for array in (self.A1, self.Z1, self.dA1))
            self.groups.append(_GroupViews(A1, Z1, dA1, self.outputs.Z2[networks]))
            first = last
        self.gradients = shape.layers(self.gradient)


class StackKernel(BlockKernel):
    """Several networks on one block of rows."""

    shape: StackShape

    def buffers(self, m: int) -> StackBuffers:
        """Return the work space of a fit for blocks of m rows."""
        return StackBuffers(self, m)

    def value(self, block: Block, layers: GroupMatrices, buffers: StackBuffers) -> Any:
        """Return Σ s L of a block for each network, (C,), and leave dZ2 in the place of Z2."""
        for (hidden, _), group in zip(layers, buffers.groups, strict=True):
            self.rows.hidden(block.X, hidden, out=group.Z1)
        self.activation.write(buffers.Z1, out=buffers.A1)
        for (_, output), group in zip(layers, buffers.groups, strict=True):
            group.ones[...] = 1
            np.matmul(output, group.A1_and_ones, out=group.Z2)
        return self.loss.fused(buffers.outputs, block.targets, block.s).astype(np.float64)

    def backward(
        self, block: Block, layers: GroupMatrices, buffers: StackBuffers
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return Σ s L of a block for each network, (C,), and the gradients, a new vector laid out like Θ."""
        values = self.value(block, layers, buffers)
        for (_, output), (_, d_output), group in zip(layers, buffers.gradients, buffers.groups, strict=True):
            np.matmul(group.Z2, group.A1_and_ones_T, out=d_output)
            for W2, dZ2, dA1 in zip(output, group.Z2, group.dA1_and_ones, strict=True):
                W2.T.dot(dZ2, dA1)  # as a batch, these have no BLAS where there is one output
        self.activation.chain(buffers.Z1, buffers.A1, buffers.dA1, buffers.scratch)
        for (d_hidden, _), group in zip(buffers.gradients, buffers.groups, strict=True):
            self.rows.outer(group.D, block.X, out=d_hidden)
        return values, buffers.gradient.copy()
