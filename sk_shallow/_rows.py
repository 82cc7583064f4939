"""The examples, a block at a time, as the kernel wants them.

A prepared block is X̃ = [scaled X, 1] (m, d + 1): the column of ones makes the bias one more weight, and
centring before the product (not after it) keeps every digit where a mean is far larger than a spread.
Raw blocks are rows of X as they are. Any layout of X works: a block of a column-major X is column-major,
and BLAS takes either; blocks of a row-major X are one piece of memory, which is fastest.

Each kind of rows says how long its blocks should be, how to load one, and the two products with it.
"""

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils.sparsefuncs import inplace_column_scale

from sk_shallow._compiled import LOOPS
from sk_shallow._parameters import Shape
from sk_shallow._scaling import Scaling

#: Rows are named by a slice, or by an array of their numbers.
Index = slice | np.ndarray

#: Up to this many numbers, the prepared blocks are kept from one evaluation to the next.
_KEPT_ELEMENTS = 2**20
#: From this many products (n h (d + k)) on, a pass of a fit is worth more than one thread; and one by itself.
_PARALLEL_WORK, _PARALLEL_WORK_ONCE = 4 * 10**6, 2 * 10**7
#: Up to this many, BLAS keeps to one thread by itself: OpenBLAS's least limit is 9 216 for a vector.
_TINY_WORK = 2**13
#: X counts as wide when it has more columns than this many times the hidden units.
_WIDE = 2
#: Means up to this many spreads may be folded into the bias in a fit: it costs two digits at most.
_MOST_FOLDED = 100.0


class Prepared(NamedTuple):
    """X̃ (m, d + 1) of a block for both products: where kept, column-major for Z1, row-major for the gradient."""

    for_hidden: np.ndarray
    for_outer: np.ndarray


def _rows_of(X: Any, index: Index) -> Any:
    """Return rows of X; ``take`` gathers those that an array names faster, but would copy X of another layout."""
    named = isinstance(index, np.ndarray) and isinstance(X, np.ndarray) and X.flags.c_contiguous
    return X.take(index, axis=0) if named else X[index]


class PreparedRows:
    """Blocks of a dense X, scaled into a buffer beside a column of ones; X is neither copied nor changed.

    What `scaling` holds is done to the rows. With `kept`, blocks are made once, in both layouts; others are
    in the layout of X.
    """

    block_elements, least_rows, most_rows = 2**17, 256, 4096

    def __init__(self, X: np.ndarray, scaling: Scaling, kept: bool = False) -> None:
        self.X, self.kept = X, kept
        self._scaling, self._steps = scaling, scaling.steps(X.shape[1], X.dtype)
        self._all_rows: np.ndarray | None = None

    def buffer(self, m: int, kept: bool = False) -> np.ndarray:
        """Return space for the X̃ of m rows, in the layout of X or, for blocks to keep, column-major."""
        column_major = kept or (self.X.flags.f_contiguous and not self.X.flags.c_contiguous)
        return np.ones((m, self.X.shape[1] + 1), dtype=self.X.dtype, order="F" if column_major else "C")

    def load(self, index: Index, buffer: Any) -> Prepared:
        """Return X̃ of the rows `index`, written into `buffer`."""
        if self.kept and isinstance(index, np.ndarray):
            rows = self._prepared().take(index, axis=0)
            return Prepared(rows, rows)
        self._scale(index, buffer)
        return Prepared(buffer, np.ascontiguousarray(buffer) if self.kept else buffer)

    def _prepared(self) -> np.ndarray:
        """Return the X̃ of all rows of a small X, row-major: batches take theirs from it."""
        if self._all_rows is None:
            self._all_rows = np.ones((self.X.shape[0], self.X.shape[1] + 1), dtype=self.X.dtype)
            self._scale(slice(None), self._all_rows)
        return self._all_rows

    def _scale(self, index: Index, out: np.ndarray) -> None:
        """Write the scaled rows `index` into `out`, beside its column of ones."""
        if LOOPS is None or self._steps is None:
            return self._scaling.apply(_rows_of(self.X, index), out=out[:, :-1])
        try:
            if isinstance(index, slice):
                LOOPS.scaled(self.X[index], *self._steps, out)
            else:
                LOOPS.scaled(self.X, *self._steps, out, index)
        except BufferError:  # another layout
            self._scaling.apply(_rows_of(self.X, index), out=out[:, :-1])

    @staticmethod
    def hidden(block: Prepared, W: np.ndarray, out: np.ndarray) -> None:
        """Write Z1ᵀ = W X̃ᵀ (h, m) into `out`, for W (h, d + 1); or those of several networks, (networks, h, …)."""
        (np.dot if W.ndim == 2 else np.matmul)(W, block.for_hidden.T, out)

    @staticmethod
    def outer(D: np.ndarray, block: Prepared, out: np.ndarray) -> None:
        """Write D X̃ (h, d + 1) into `out`, for D (h, m), or those of several networks."""
        (np.dot if D.ndim == 2 else np.matmul)(D, block.for_outer, out)


class RawRows:
    """Blocks of a dense X as they are: for X much wider than the hidden layer, and for prediction.

    Preparing a block would cost more than adding the bias to Z1 and summing D.
    """

    block_elements, least_rows, most_rows = 2**17, 256, 4096
    kept = False

    def __init__(self, X: Any) -> None:
        self.X = X

    def buffer(self, m: int, kept: bool = False) -> None:
        """Return nothing: no block is copied."""

    def load(self, index: Index, buffer: Any) -> Any:
        """Return the rows `index` of X."""
        return _rows_of(self.X, index)

    @staticmethod
    def hidden(block: Any, W: np.ndarray, out: np.ndarray) -> None:
        """Write Z1ᵀ = W X̃ᵀ (h, m) into `out`, for W (h, d + 1); or those of several networks."""
        np.matmul(W[..., :-1], block.T, out=out)
        np.add(out, W[..., -1:], out=out)

    @staticmethod
    def outer(D: np.ndarray, block: Any, out: np.ndarray) -> None:
        """Write D X̃ (h, d + 1) into `out`, for D (h, m), or those of several networks."""
        out[..., :-1] = np.matmul(D, block)
        np.add.reduce(D, axis=-1, out=out[..., -1])


class SparseRows(RawRows):
    """Blocks of a CSR X as they are; never centred, never made dense."""

    #: A product with a sparse block writes a whole (h, d) gradient: larger blocks, fewer of them.
    block_elements, least_rows, most_rows = 2**20, 4096, 16384

    def __init__(self, X: Any, unit: np.ndarray | None = None) -> None:
        if unit is not None:
            X = X.copy()
            inplace_column_scale(X, unit)
        super().__init__(X)

    @staticmethod
    def hidden(block: Any, W: np.ndarray, out: np.ndarray) -> None:
        """Write Z1ᵀ = W X̃ᵀ (h, m) into `out`, for W (h, d + 1); or those of several networks."""
        d = W.shape[-1] - 1
        out[...] = (block @ W[..., :-1].reshape(-1, d).T).T.reshape(out.shape)
        np.add(out, W[..., -1:], out=out)

    @staticmethod
    def outer(D: np.ndarray, block: Any, out: np.ndarray) -> None:
        """Write D X̃ (h, d + 1) into `out`, for D (h, m), or those of several networks."""
        out[..., :-1] = (block.T @ D.reshape(-1, D.shape[-1]).T).T.reshape(*D.shape[:-1], -1)
        np.add.reduce(D, axis=-1, out=out[..., -1])


#: Any kind of rows.
Rows = PreparedRows | RawRows | SparseRows


_KINDS = {"kept": PreparedRows, "loaded": PreparedRows, "raw": RawRows, "sparse": SparseRows}


def training_rows(X: Any, scaling: Scaling, shape: Shape, kind: str | None = None) -> tuple[Rows, Scaling]:
    """Return the kind of rows that suits X in a fit, and the scaling that it leaves to the parameters.

    `kind` ("kept", "loaded", "raw" or "sparse") overrides the choice.
    """
    kind = kind or _suitable_kind(X, scaling, shape)
    at_once = kind == "kept" or (kind == "loaded" and _is_one_sweep(X, scaling))
    for_rows, rest = scaling.split(rows_are_scaled=at_once)
    if kind == "sparse":
        return SparseRows(X, for_rows.unit), rest
    if kind == "raw":
        return RawRows(X), scaling
    return PreparedRows(X, for_rows, kept=kind == "kept"), rest


def _is_one_sweep(X: np.ndarray, scaling: Scaling) -> bool:
    """Tell whether rows of X are centred and scaled in one sweep; a second one costs more than folding scales."""
    return LOOPS is not None and scaling.unit is None and X.flags.c_contiguous


def _suitable_kind(X: Any, scaling: Scaling, shape: Shape) -> str:
    if sp.issparse(X):
        return "sparse"
    if X.shape[0] * (X.shape[1] + 1) <= _KEPT_ELEMENTS:
        return "kept"
    center, scale = scaling.center, scaling.scale
    near = center is None or scale is None or bool(np.all(np.abs(center) <= _MOST_FOLDED * scale))
    wide = shape.n_features > _WIDE * shape.hidden_width
    return "raw" if wide and near and scaling.unit is None else "loaded"


def prediction_rows(X: Any, center: np.ndarray | None) -> Rows:
    """Return the kind of rows that suits X in a prediction."""
    if sp.issparse(X):
        return SparseRows(X)
    return RawRows(X) if center is None else PreparedRows(X, Scaling(center.astype(X.dtype)))


def is_parallel(n: int, shape: Shape, *, once: bool = False) -> bool:
    """Tell whether passes over n rows, or a pass made `once`, are worth more than one thread."""
    return _work(n, shape) >= (_PARALLEL_WORK_ONCE if once else _PARALLEL_WORK)


def is_tiny(n: int, shape: Shape) -> bool:
    """Tell whether a pass over n rows is so little that no BLAS spreads it over threads."""
    return _work(n, shape) <= _TINY_WORK


def _work(n: int, shape: Shape) -> int:
    return n * shape.hidden_width * (shape.n_features + shape.n_outputs)


def cut(rows: Rows | type[Rows], n: int, shape: Shape) -> list[slice]:
    """Return the blocks of n rows: by the sizes of the problem alone, never by the number of threads."""
    most = max(rows.least_rows, min(rows.most_rows, rows.block_elements // shape.hidden_width))
    return even_slices(n, min(most, -(-n // 2)) if is_parallel(n, shape) else most)


def plan_of(X: Any, scaling: Scaling, shape: Shape) -> tuple[str, list[slice]]:
    """Return the kind of rows that suits X in a fit, and its blocks: networks of the same plan can share them."""
    kind = _suitable_kind(X, scaling, shape)
    return kind, cut(_KINDS[kind], X.shape[0], shape)


def even_slices(n: int, rows: int) -> list[slice]:
    """Cut n rows into equal blocks of at most about `rows`, a power of two of them up to 16, then
    a multiple of 16, so that every usual number of threads divides the work evenly.
    """
    if n <= rows:
        return [slice(0, n)]
    count = -(-n // rows)
    count = 1 << (count - 1).bit_length() if count <= 16 else -(-count // 16) * 16
    edges = np.linspace(0, n, min(count, n) + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]
