"""J and ∇J as a sum over parts of the rows, equal to the textbook's to rounding.

A part turns [W1 b1] and [W2 b2] into its Σ s L and the gradient of that. What must be known of all rows
(their total weight, the scaling, the cut into blocks) is decided before; how parts are mapped (in turn,
over threads) is given, and does not change the result: parts are summed in their order.
"""

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from operator import methodcaller
from typing import Any

import numpy as np

from sk_shallow._kernel import Block, Buffers, Kernel, LayerMatrices, Workbench
from sk_shallow._parameters import Shape
from sk_shallow._rows import Index
from sk_shallow._scaling import Scaling
from sk_shallow._threads import Map

#: Blocks are summed in this many parts at most; a part is the work of one thread.
_N_PARTS = 16


class Examples:
    """Rows with targets and weights, loaded a block at a time; and the buffers that blocks share.

    Parameters
    ----------
    kernel : Kernel
    y : ndarray of shape (n,), class codes, or (n, k), 0 and 1
        In the form that ``loss.encode`` takes.
    s : ndarray of shape (n,) or None
        Weights that sum to 1; None means 1/n.
    """

    def __init__(self, kernel: Kernel, y: np.ndarray, s: np.ndarray | None) -> None:
        self.kernel, self.n = kernel, len(y)
        self._y, self._s = y, s
        self._workbench = Workbench(partial(Buffers, kernel))

    def load(self, index: Index, buffers: Buffers, factor: float = 1.0) -> Block:
        """Prepare the rows `index` in `buffers`; `factor` multiplies their weights."""
        if self._s is None:
            buffers.s.fill(factor / self.n)
        else:
            np.multiply(self._s[index], factor, out=buffers.s)
        targets = self.kernel.loss.encode(self._y[index], buffers.s, buffers.targets)
        return Block(self.kernel.rows.load(index, buffers.X), targets, buffers.s)

    def keep(self, index: slice) -> Block:
        """Prepare the rows `index` in memory of their own."""
        buffers = Buffers(self.kernel, index.stop - index.start)
        buffers.X = self.kernel.rows.buffer(index.stop - index.start, kept=True)
        return self.load(index, buffers)

    def evaluate(
        self, block: Index | Block, m: int, layers: LayerMatrices, factor: float = 1.0
    ) -> tuple[float, np.ndarray]:
        """Return Σ s L and its gradient of m rows: loaded ones, or those that an index names, times `factor`."""
        buffers = self._workbench.take(m)
        loaded = block if isinstance(block, Block) else self.load(block, buffers, factor)
        result = self.kernel.backward(loaded, layers, buffers)
        self._workbench.give(m, buffers)
        return result


class Part:
    """Some blocks, summed in their order: each is its rows, or loaded once and kept."""

    def __init__(self, examples: Examples, blocks: Sequence[slice | Block]) -> None:
        self._examples, self._blocks, self._others = examples, blocks, blocks[1:]

    def evaluate(self, layers: LayerMatrices) -> tuple[float, np.ndarray]:
        """Return Σ s L of the part, and its gradient, shaped like θ."""
        value, total = self._evaluate(self._blocks[0], layers)
        for block in self._others:
            more, gradient = self._evaluate(block, layers)
            value += more
            total += gradient
        return value, total

    def _evaluate(self, block: slice | Block, layers: LayerMatrices) -> tuple[float, np.ndarray]:
        m = len(block.s) if isinstance(block, Block) else block.stop - block.start
        return self._examples.evaluate(block, m, layers)


class Batch:
    """Some rows out of all, as a part: its expectation is the sum over all parts.

    Losses are weighted s n / m in a batch of m rows, so that λ means the same for every batch size
    and a batch may have no weight at all.
    """

    def __init__(self, examples: Examples, index: np.ndarray) -> None:
        self.examples, self.index = examples, index

    def evaluate(self, layers: LayerMatrices) -> tuple[float, np.ndarray]:
        """Return Σ s L of the batch, times n / m, and its gradient."""
        m = len(self.index)
        return self.examples.evaluate(self.index, m, layers, self.examples.n / m)


def parts_of(examples: Examples, slices: Sequence[slice]) -> list[Part]:
    """Group the blocks of all rows into parts."""
    per_part = -(-len(slices) // _N_PARTS)
    kept = examples.kernel.rows.kept
    blocks = [examples.keep(rows) for rows in slices] if kept else slices
    return [Part(examples, blocks[i : i + per_part]) for i in range(0, len(slices), per_part)]


class Objective:
    """The cost J(θ) and its gradient on all rows, or on a batch of them.

    Parameters
    ----------
    parts : sequence of objects with ``evaluate(layers)``
        All rows.
    batch : callable
        ``batch(index)`` returns the part of the rows `index`.
    shape : Shape
        How θ is laid out.
    scaling : Scaling
        What the parts leave to the parameters.
    penalty : float
        λ / S.
    dtype : dtype
        Of θ.
    map_parts : Map
        Applies a function to each part.
    """

    def __init__(
        self,
        parts: Sequence[Any],
        batch: Callable[[np.ndarray], Any],
        shape: Shape,
        scaling: Scaling,
        penalty: float,
        dtype: np.dtype,
        map_parts: Map,
    ) -> None:
        self._parts, self._batch, self._shape, self._map = parts, batch, shape, map_parts
        self._scaling = None if scaling.is_trivial else scaling
        self.dtype, self.penalty = dtype, penalty
        self._pulls = self._pull()
        #: A θ at which J and ∇J are known, and both.
        self._known: tuple[np.ndarray, float, np.ndarray] | None = None

    def _pull(self) -> np.ndarray | None:
        """Return λ / S for each weight in θ, 0 for each bias; None for no penalty."""
        return self._shape.weights_mask(self.dtype) * self.dtype.type(self.penalty) if self.penalty else None

    def with_penalty(self, penalty: float, theta: np.ndarray, loss: float, gradient: np.ndarray) -> "Objective":
        """Return the cost with another λ / S; at θ, of which this one told J and ∇J, it needs no pass."""
        other = copy(self)
        other.penalty = penalty
        other._pulls = other._pull()
        for cost, sign in ((self, -1), (other, 1)):
            if cost._pulls is not None:
                pull = sign * cost._pulls * theta
                loss, gradient = loss + 0.5 * float(pull.dot(theta)), gradient + pull
        other._known = theta, loss, gradient
        return other

    def __call__(self, theta: np.ndarray, rows: np.ndarray | None = None) -> tuple[float, np.ndarray]:
        """Return J(θ) and ∇J(θ), a vector to leave as it is; on some `rows`, an estimate of both."""
        if self._known is not None and theta is self._known[0] and rows is None:
            return self._known[1:]
        hidden, output = self._shape.layers(theta)
        layers = hidden if self._scaling is None else self._scaling.fold(hidden), output
        parts = self._parts if rows is None else [self._batch(rows)]
        value, gradient = parts[0].evaluate(layers) if len(parts) == 1 else self._sum(layers)
        if self._scaling is not None:
            self._scaling.adjoint(self._shape.layers(gradient)[0])
        if self._pulls is not None:  # λ / 2S (‖W1‖² + ‖W2‖²)
            pull = self._pulls * theta
            gradient += pull
            value += 0.5 * float(pull.dot(theta))
        return value, gradient

    def _sum(self, layers: LayerMatrices) -> tuple[float, np.ndarray]:
        """Return the sum over all parts, in their order."""
        (value, gradient), *others = self._map(methodcaller("evaluate", layers), self._parts)
        for other_value, other_gradient in others:
            value += other_value
            gradient += other_gradient
        return value, gradient
