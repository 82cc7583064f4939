"""J and ∇J as a sum over parts of the rows, equal to the textbook's to rounding.

A part turns [W1 b1] and [W2 b2] into its Σ s L and the gradient of that. What must be known of all rows
(their total weight, the scaling, the cut into blocks) is decided before; how parts are mapped (in turn,
over threads) is given, and does not change the result: parts are summed in their order.
"""

from collections.abc import Callable, Sequence
from copy import copy
from operator import methodcaller
from types import SimpleNamespace
from typing import Any

import numpy as np

from sk_shallow._kernel import Block, Kernel, Workbench
from sk_shallow._rows import Index
from sk_shallow._scaling import Scaling
from sk_shallow._stack_kernel import StackKernel
from sk_shallow._threads import Map, Threads

#: The network on a block, or several side by side.
AnyKernel = Kernel | StackKernel
#: Blocks are summed in this many parts at most; a part is the work of one thread.
_N_PARTS = 16


class Examples:
    """Rows with targets and weights, loaded a block at a time; and the buffers that blocks share.

    Parameters
    ----------
    kernel : Kernel or StackKernel
    y : ndarray of shape (n,), class codes, or (n, k), 0 and 1
        In the form that ``loss.encode`` takes.
    s : ndarray of shape (n,) or None
        Weights that sum to 1; None means 1/n.
    """

    def __init__(self, kernel: AnyKernel, y: np.ndarray, s: np.ndarray | None) -> None:
        self.kernel, self.n = kernel, len(y)
        self._y, self._s = y, s
        self._workbench: Workbench[Any] = Workbench(kernel.buffers)

    def under(self, kernel: AnyKernel) -> "Examples":
        """Return the same examples as another kernel has them."""
        return Examples(kernel, self._y, self._s)

    def load(self, index: Index, buffers: Any, factor: float = 1.0) -> Block:
        """Prepare the rows `index` in `buffers`; `factor` multiplies their weights."""
        if self._s is None:
            buffers.s.fill(factor / self.n)
        else:
            np.multiply(self._s[index], factor, out=buffers.s)
        targets = self.kernel.loss.encode(self._y[index], buffers.s, buffers.targets)
        return Block(self.kernel.rows.load(index, buffers.X), targets, buffers.s)

    def keep(self, index: slice) -> Block:
        """Prepare the rows `index` in memory of their own."""
        kernel, m = self.kernel, index.stop - index.start
        targets = kernel.loss.buffer(kernel.shape.n_outputs, m, kernel.dtype)
        own = SimpleNamespace(X=kernel.rows.buffer(m, kept=True), targets=targets, s=np.empty(m, kernel.dtype))
        return self.load(index, own)

    def apply(self, function: Any, block: Index | Block, m: int, layers: Any, factor: float = 1.0) -> Any:
        """Return what `function` makes of m rows: loaded ones, or those of an index, times `factor`."""
        buffers = self._workbench.take(m)
        loaded: Block = block if isinstance(block, Block) else self.load(block, buffers, factor)
        result = function(loaded, layers, buffers)
        self._workbench.give(m, buffers)
        return result


class Part:
    """Some blocks, summed in their order: each is its rows, or loaded once and kept."""

    def __init__(self, examples: Examples, blocks: Sequence[slice | Block]) -> None:
        self._examples, self._blocks, self._others = examples, blocks, blocks[1:]

    def evaluate(self, layers: Any) -> tuple[Any, np.ndarray]:
        """Return Σ s L of the part, and its gradient, shaped like θ."""
        value, total = self._evaluate(self._blocks[0], layers)
        for block in self._others:
            more, gradient = self._evaluate(block, layers)
            value += more
            total += gradient
        return value, total

    def value(self, layers: Any) -> Any:
        """Return Σ s L of the part."""
        function = self._examples.kernel.value
        return sum(self._examples.apply(function, block, _n_rows(block), layers) for block in self._blocks)

    def _evaluate(self, block: slice | Block, layers: Any) -> tuple[Any, np.ndarray]:
        return self._examples.apply(self._examples.kernel.backward, block, _n_rows(block), layers)


def _n_rows(block: slice | Block) -> int:
    return len(block.s) if isinstance(block, Block) else block.stop - block.start


class Batch:
    """Some rows out of all, as a part: its expectation is the sum over all parts.

    Losses are weighted s n / m in a batch of m rows, so that λ means the same for every batch size
    and a batch may have no weight at all.
    """

    def __init__(self, examples: Examples, index: np.ndarray) -> None:
        self.examples, self.index = examples, index

    def evaluate(self, layers: Any) -> tuple[Any, np.ndarray]:
        """Return Σ s L of the batch, times n / m, and its gradient."""
        m = len(self.index)
        return self.examples.apply(self.examples.kernel.backward, self.index, m, layers, self.examples.n / m)


def blocks_of(examples: Examples, slices: Sequence[slice]) -> Sequence[slice | Block]:
    """Return the blocks of all rows, loaded where they are to be kept."""
    return [examples.keep(rows) for rows in slices] if examples.kernel.rows.kept else slices


def parts_of(examples: Examples, blocks: Sequence[slice | Block]) -> list[Part]:
    """Group the blocks of all rows into parts."""
    per_part = -(-len(blocks) // _N_PARTS)
    return [Part(examples, blocks[i : i + per_part]) for i in range(0, len(blocks), per_part)]


class Objective:
    """The cost J(θ) and its gradient on all rows, or on a batch of them.

    Parameters
    ----------
    parts : sequence of objects with ``evaluate(layers)``
        All rows.
    batch : callable
        ``batch(index)`` returns the part of the rows `index`.
    shape : Shape, or StackShape of a StackObjective
        How θ is laid out.
    scaling : Scaling
        What the parts leave to the parameters.
    penalty : float or ndarray of shape (C,)
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
        shape: Any,
        scaling: Scaling,
        penalty: Any,
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
        if not np.any(self.penalty):
            return None
        return self._shape.weights_mask(self.dtype) * self._shape.spread(self.dtype.type(self.penalty))

    def with_penalty(self, penalty: float, theta: np.ndarray, loss: Any, gradient: np.ndarray) -> "Objective":
        """Return the cost with another λ / S; at θ, of which this one told J and ∇J, it needs no pass."""
        other = copy(self)
        other.penalty = penalty
        other._pulls = other._pull()
        for cost, sign in ((self, -1), (other, 1)):
            if cost._pulls is not None:
                pull = sign * cost._pulls * theta
                loss, gradient = loss + 0.5 * self._shape.product(pull, theta), gradient + pull
        return other.knowing(theta, loss, gradient)

    def knowing(self, theta: np.ndarray, loss: Any, gradient: np.ndarray) -> "Objective":
        """Return the same cost, that needs no pass at θ."""
        other = copy(self)
        other._known = theta, loss, gradient
        return other

    def __call__(self, theta: np.ndarray, rows: np.ndarray | None = None) -> tuple[Any, np.ndarray]:
        """Return J(θ) and ∇J(θ), a vector to leave as it is; on some `rows`, an estimate of both."""
        if self.knows(theta, rows):
            return self.known
        return self.penalised(theta, *self.data(theta, rows))

    def knows(self, theta: np.ndarray, rows: np.ndarray | None) -> bool:
        """Tell whether `known` is what is asked for."""
        return self._known is not None and theta is self._known[0] and rows is None

    @property
    def known(self) -> tuple[Any, np.ndarray]:
        """J and ∇J at the θ that was told."""
        assert self._known is not None
        return self._known[1:]

    def data(self, theta: np.ndarray, rows: np.ndarray | None = None) -> tuple[Any, np.ndarray]:
        """Return J(θ) and ∇J(θ) without the penalty: Σ s L, and its gradient, a new vector."""
        layers = self._layers(theta)
        parts = self._parts if rows is None else [self._batch(rows)]
        return self._of_theta(*(parts[0].evaluate(layers) if len(parts) == 1 else self._sum(layers)))

    def beside(self, theta: np.ndarray) -> Callable[[], tuple[Any, np.ndarray]] | None:
        """Begin a pass over all rows in other threads, return what waits for J and ∇J; None without threads."""
        if self.knows(theta, None) or not isinstance(self._map, Threads):
            return None
        results = self._map.beside(methodcaller("evaluate", self._layers(theta)), self._parts)
        return lambda: self.penalised(theta, *self._of_theta(*_summed(results())))

    def value(self, theta: np.ndarray) -> Any:
        """Return Σ s L, by the first half of a pass."""
        return sum(self._map(methodcaller("value", self._layers(theta)), self._parts))

    def _layers(self, theta: np.ndarray) -> Any:
        """Return what parts take for θ."""
        hidden, output = self._shape.layers(theta)
        return hidden if self._scaling is None else self._scaling.fold(hidden), output

    def _of_theta(self, value: Any, gradient: np.ndarray) -> tuple[Any, np.ndarray]:
        """Return Σ s L and its gradient, once that of what parts took is turned into that of θ, in place."""
        if self._scaling is not None:
            self._pull_back(self._scaling, gradient)
        return value, gradient

    def _pull_back(self, scaling: Scaling, gradient: np.ndarray) -> None:
        """Turn the gradient of what parts took into that of θ, in place."""
        scaling.adjoint(self._shape.layers(gradient)[0])

    def penalised(self, theta: np.ndarray, value: Any, gradient: np.ndarray) -> tuple[Any, np.ndarray]:
        """Return J and ∇J from what ``data`` returned, which is changed."""
        if self._pulls is not None:  # λ / 2S (‖W1‖² + ‖W2‖²)
            pull = self._pulls * theta
            gradient += pull
            value += 0.5 * self._shape.product(pull, theta)
        return value, gradient

    def _sum(self, layers: Any) -> tuple[Any, np.ndarray]:
        """Return the sum over all parts."""
        return _summed(self._map(methodcaller("evaluate", layers), self._parts))


def _summed(results: list[tuple[Any, np.ndarray]]) -> tuple[Any, np.ndarray]:
    """Return the sum of what parts returned, in their order."""
    (value, gradient), *others = results
    for other_value, other_gradient in others:
        value += other_value
        gradient += other_gradient
    return value, gradient


class StackObjective(Objective):
    """The costs of several networks side by side: J is (C,), and θ is Θ of a StackShape."""

    def _layers(self, theta: np.ndarray) -> Any:
        layers = self._shape.layers(theta)
        if self._scaling is None:
            return layers
        return [(self._scaling.fold(hidden), output) for hidden, output in layers]

    def _pull_back(self, scaling: Scaling, gradient: np.ndarray) -> None:
        for hidden, _ in self._shape.layers(gradient):
            scaling.adjoint(hidden)
