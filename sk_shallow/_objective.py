"""J and ∇J over blocks of rows: the fast path, equal to ``_network.py`` to rounding.

Examples are columns here: A1 is (h, m) and Z2 is (k, m) for a block of m rows, so softmax reduces
along the long, contiguous axis. A row of ones under A1 and a column of ones beside X make each
bias one more weight: the layers are [W1 b1] and [W2 b2], as they stand in θ. All work is done in
buffers made once a fit. Blocks are summed in sixteen groups at most, each in order: how the rows
are cut depends on n alone, so the result does not depend on the number of threads.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple, Self

import numpy as np
import scipy.sparse as sp

from sk_shallow._activations import Activation
from sk_shallow._losses import Loss
from sk_shallow._parameters import Shape
from sk_shallow._rows import DenseRows, Index, Rows, SparseRows, WideRows, even_slices
from sk_shallow._threads import n_blas_threads, one_blas_thread

#: Up to this many numbers, the prepared blocks are kept from one evaluation to the next.
KEPT_ELEMENTS = 2**20
#: Blocks are summed in this many groups at most; a group is the work of one thread.
N_GROUPS = 16
#: From this many products (n h (d + k)) on, a pass is worth more than one thread.
PARALLEL_WORK = 8 * 10**6
#: X counts as wide when it has more columns than this many times the hidden units.
WIDE = 2
#: Means up to this many spreads may be folded into the bias: it costs two digits at most.
MOST_FOLDED = 100.0


class Block(NamedTuple):
    """Some rows, prepared: X̃ (m, d + 1), weighted targets Y = s y (k, m), weights s (m,)."""

    X: Any
    Y: np.ndarray
    s: np.ndarray


class _Buffers:
    """The work space of one thread for blocks of m rows."""

    def __init__(
        self, rows: Rows, shape: Shape, activation: Activation, m: int, dtype: Any, kept: bool = False
    ) -> None:
        h, k = shape.hidden_width, shape.n_outputs
        self.X = rows.buffer(m, kept)
        self.Y = np.empty((k, m), dtype=dtype)
        self.s = np.empty(m, dtype=dtype)
        self.A1 = np.ones((h + 1, m), dtype=dtype)
        self.Z1 = self.A1[:-1] if activation.fused else np.empty((h, m), dtype=dtype)
        self.D = np.empty((h, m), dtype=dtype)
        self.scratch = np.empty((h, m), dtype=dtype)
        self.Z2 = np.empty((k, m), dtype=dtype)
        self.E = np.empty((k, m), dtype=dtype)


class Objective:
    """The cost J(θ) and its gradient on all rows, or on batches of them.

    Use as a context manager: inside, BLAS is held to one thread, our own threads are up, and
    numbers may overflow silently: a cost that is not finite is the solver's to judge.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d)
    y : ndarray of shape (n,), class codes, or (n, k), 0 and 1
        In the form that ``loss.encode`` takes.
    s : ndarray of shape (n,) or None
        Example weights; None means 1.
    center, scale : ndarray of shape (d,) or None
        X counts as (X - center) / scale.
    shape, activation, loss, l2_regularization
        The network and its penalty λ.
    """

    def __init__(
        self,
        X: Any,
        y: np.ndarray,
        s: np.ndarray | None,
        *,
        center: np.ndarray | None,
        scale: np.ndarray | None,
        shape: Shape,
        activation: Activation,
        loss: Loss,
        l2_regularization: float,
    ) -> None:
        n, dtype = X.shape[0], X.dtype
        self.n, self.shape, self.activation, self.loss = n, shape, activation, loss
        self._y, self._dtype = y, dtype
        small = n * (shape.n_features + 1) <= KEPT_ELEMENTS
        self._rows = _rows_of(X, center, scale, shape, small)
        self._center = None
        if isinstance(self._rows, WideRows) and center is not None:
            self._center = center.astype(dtype)
        self._total = float(n if s is None else s.sum(dtype=np.float64))
        self._s = None if s is None else (s / self._total).astype(dtype)
        self._multiplier = None if scale is None or small else np.append(1 / scale, 1).astype(dtype)
        self._penalty = None
        if l2_regularization:
            self._penalty = shape.weights_mask(dtype) * dtype.type(l2_regularization / self._total)
        self._slices = even_slices(n, block_rows(self._rows, n, shape))
        self._free: dict[int, list[_Buffers]] = {}
        self._groups: list[list[Any]] = self._cut(keep=small)
        self._map: Callable[..., Iterable[Any]] = map
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        n_threads = min(n_blas_threads(), len(self._groups))
        self._stack.enter_context(one_blas_thread())
        self._stack.enter_context(np.errstate(all="ignore"))
        if n_threads > 1:
            pool = ThreadPoolExecutor(n_threads, initializer=partial(np.seterr, all="ignore"))
            self._map = self._stack.enter_context(pool).map
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._map = map
        self._stack.close()

    def __call__(self, theta: np.ndarray) -> tuple[float, np.ndarray]:
        """Return J(θ) and ∇J(θ), a new vector."""
        layers = self._scaled_layers(theta)
        if len(self._groups) == 1:
            return self._finish(theta, *self._sum_group(layers, self._groups[0]))
        sums = iter(self._map(partial(self._sum_group, layers), self._groups))
        value, gradient = next(sums)
        for other_value, other_gradient in sums:
            value += other_value
            gradient += other_gradient
        return self._finish(theta, value, gradient)

    def batches(self, size: int, rng: np.random.RandomState) -> Iterator[Callable[..., Any]]:
        """Yield, for each batch of a shuffled epoch, its objective θ → (J, ∇J).

        Its expectation is J: losses are weighted s n / (m S) in a batch of m rows, so that λ means
        the same for every batch size and a batch may have no weight at all.
        """
        order = rng.permutation(self.n)
        for start in range(0, self.n, size):
            yield partial(self._batch, order[start : start + size])

    def _batch(self, index: np.ndarray, theta: np.ndarray) -> tuple[float, np.ndarray]:
        buffers = self._take(len(index))
        block = self._load(index, buffers, self.n / len(index))
        gradient = np.empty_like(theta)
        value = self._evaluate(self._scaled_layers(theta), block, buffers, gradient)
        self._give(buffers, len(index))
        return self._finish(theta, value, gradient)

    def _cut(self, keep: bool) -> list[list[Any]]:
        """Return the groups of blocks: prepared ones to keep, or their rows."""
        per_group = -(-len(self._slices) // N_GROUPS)
        items: list[Any] = self._slices
        if keep:
            items = [self._load(rows, self._buffers(_length(rows), kept=True)) for rows in self._slices]
        return [items[i : i + per_group] for i in range(0, len(items), per_group)]

    def _load(self, index: Index, buffers: _Buffers, factor: float = 1.0) -> Block:
        """Prepare the rows `index` in `buffers`; `factor` multiplies their weights."""
        if self._s is None:
            buffers.s.fill(factor / self._total)
        else:
            np.multiply(self._s[index], factor, out=buffers.s)
        self.loss.encode(self._y[index], buffers.Y)
        np.multiply(buffers.Y, buffers.s, out=buffers.Y)
        return Block(self._rows.load(index, buffers.X), buffers.Y, buffers.s)

    def _take(self, m: int) -> _Buffers:
        """Take free buffers for m rows, or make some: as many come about as there are threads."""
        free = self._free.setdefault(m, [])
        try:
            return free.pop()
        except IndexError:
            return self._buffers(m)

    def _buffers(self, m: int, kept: bool = False) -> _Buffers:
        return _Buffers(self._rows, self.shape, self.activation, m, self._dtype, kept)

    def _give(self, buffers: _Buffers, m: int) -> None:
        self._free[m].append(buffers)

    def _scaled_layers(self, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return [W1 b1] for unscaled rows, and [W2 b2]."""
        hidden, output = self.shape.layers(theta)
        if self._multiplier is not None:
            hidden = hidden * self._multiplier
        if self._center is not None:
            hidden[:, -1] -= hidden[:, :-1] @ self._center
        return hidden, output

    def _sum_group(self, layers: tuple[np.ndarray, np.ndarray], group: list[Any]) -> tuple[float, np.ndarray]:
        """Return the summed cost and gradient of a group's blocks, in their order."""
        value, total, part = 0.0, np.empty(self.shape.size, dtype=self._dtype), None
        for item in group:
            m = _length(item)
            buffers = self._take(m)
            block = item if isinstance(item, Block) else self._load(item, buffers)
            if part is None:
                value += self._evaluate(layers, block, buffers, total)
                part = np.empty_like(total) if len(group) > 1 else total
            else:
                value += self._evaluate(layers, block, buffers, part)
                total += part
            self._give(buffers, m)
        return value, total

    def _evaluate(
        self, layers: tuple[np.ndarray, np.ndarray], block: Block, buffers: _Buffers, out: np.ndarray
    ) -> float:
        """Return a block's Σ s L and write its gradient into `out`; the penalty comes later."""
        hidden, output = layers
        d_hidden, d_output = self.shape.layers(out)
        A1, D, Z2 = buffers.A1, buffers.D, buffers.Z2
        self._rows.hidden(block.X, hidden, out=buffers.Z1)
        self.activation.write(buffers.Z1, out=A1[:-1])
        np.dot(output, A1, out=Z2)
        value = self.loss.fused(Z2, block.Y, block.s, buffers.E)  # Z2 is dZ2 from here on
        np.dot(Z2, A1.T, out=d_output)
        np.dot(output[:, :-1].T, Z2, out=D)
        if self.activation.fused:
            self.activation.fused.chain(A1[:-1], D, buffers.scratch)
        else:
            D *= self.activation.derivative(buffers.Z1)
        self._rows.outer(D, block.X, out=d_hidden)
        return value

    def _finish(self, theta: np.ndarray, value: float, gradient: np.ndarray) -> tuple[float, np.ndarray]:
        """Undo the scaling of the rows in the gradient and add the penalty."""
        if self._multiplier is not None:
            d_hidden, _ = self.shape.layers(gradient)
            if self._center is not None:
                d_hidden[:, :-1] -= np.outer(d_hidden[:, -1], self._center)
            d_hidden *= self._multiplier
        if self._penalty is not None:
            pull = self._penalty * theta
            gradient += pull
            value += 0.5 * float(np.dot(pull, theta))
        return value, gradient


def _length(item: slice | Block) -> int:
    return len(item.s) if isinstance(item, Block) else item.stop - item.start


def block_rows(rows: Rows, n: int, shape: Shape) -> int:
    """Return how many of n rows a block should have at most."""
    most = int(np.clip(rows.block_elements // shape.hidden_width, rows.least_rows, rows.most_rows))
    work = n * shape.hidden_width * (shape.n_features + shape.n_outputs)
    return min(most, -(-n // 2)) if work >= PARALLEL_WORK else most


def _rows_of(X: Any, center: np.ndarray | None, scale: np.ndarray | None, shape: Shape, small: bool) -> Rows:
    """Return the blocks of X that suit it: scaled and kept, prepared at each pass, or raw."""
    if sp.issparse(X):
        return SparseRows(X, scale if small else None)
    wide = shape.n_features > WIDE * shape.hidden_width
    near = center is None or scale is None or bool(np.all(np.abs(center) <= MOST_FOLDED * scale))
    if wide and near and not small:
        return WideRows(X)
    return DenseRows(X, center, scale if small else None)
