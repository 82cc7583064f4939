"""The examples, a block at a time, as the fast path wants them.

A block is X̃ = [X - μ, 1] (m, d + 1): the column of ones makes the bias one more weight, and
centring before the product (not after it) keeps every digit where a mean is far larger than a
spread. The scales go into the weights of a large X, at no cost, and into the blocks of a small one,
which are made once. Any layout of X works: a block of a
column-major X is column-major, and BLAS takes either; blocks of a row-major X are one piece of
memory, which is fastest.
"""

from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp

Index = slice | np.ndarray


class DenseRows:
    """Blocks of a dense X, centred into a buffer; X itself is neither copied nor changed."""

    #: Rows a block: A, D and X̃ of a block should stay in a core's cache.
    block_elements, least_rows, most_rows = 2**17, 256, 4096

    def __init__(self, X: np.ndarray, center: np.ndarray | None, scale: np.ndarray | None) -> None:
        self.X = X
        self._center = None if center is None else center.astype(X.dtype)
        self._factor = None if scale is None else (1 / scale).astype(X.dtype)

    def buffer(self, m: int, kept: bool = False) -> np.ndarray:
        """Return space for the X̃ of at most m rows.

        It follows the layout of X, but for blocks that are made once and kept: those are
        column-major, which products like best.
        """
        column_major = kept or (self.X.flags.f_contiguous and not self.X.flags.c_contiguous)
        return np.ones((m, self.X.shape[1] + 1), dtype=self.X.dtype, order="F" if column_major else "C")

    def load(self, index: Index, buffer: Any) -> np.ndarray:
        """Return X̃ of the rows `index`, written into `buffer`."""
        if self._factor is not None and isinstance(index, np.ndarray):
            return self._prepared.take(index, axis=0)
        X = self.X[index]
        block = buffer[: len(X)]
        if self._center is None:
            block[:, :-1] = X
        else:
            np.subtract(X, self._center, out=block[:, :-1])
        if self._factor is not None:
            np.multiply(block[:, :-1], self._factor, out=block[:, :-1])
        return block

    @cached_property
    def _prepared(self) -> np.ndarray:
        """The X̃ of all rows of a small X, of which batches take theirs."""
        return self.load(slice(None), np.ones((self.X.shape[0], self.X.shape[1] + 1), dtype=self.X.dtype))

    @staticmethod
    def hidden(block: np.ndarray, W: np.ndarray, out: np.ndarray) -> None:
        """Write Z1ᵀ = W X̃ᵀ (h, m) into `out`, for W (h, d + 1)."""
        np.dot(W, block.T, out=out)

    @staticmethod
    def outer(D: np.ndarray, block: np.ndarray, out: np.ndarray) -> None:
        """Write D X̃ (h, d + 1) into `out`, for D (h, m)."""
        np.dot(D, block, out=out)


class WideRows:
    """Blocks of a dense X as they are, for X much wider than the hidden layer.

    Preparing a block would cost more than adding the bias to Z1 and summing D. The means go into the
    bias; they must not be far larger than the spreads.
    """

    block_elements, least_rows, most_rows = 2**17, 256, 4096

    def __init__(self, X: np.ndarray) -> None:
        self.X = X

    def buffer(self, m: int, kept: bool = False) -> None:
        """Return nothing: no block is copied."""

    def load(self, index: Index, buffer: Any) -> np.ndarray:
        """Return the rows `index` of X."""
        return self.X[index]

    @staticmethod
    def hidden(block: np.ndarray, W: np.ndarray, out: np.ndarray) -> None:
        """Write Z1ᵀ = W X̃ᵀ (h, m) into `out`, for W (h, d + 1)."""
        np.dot(W[:, :-1], block.T, out=out)
        np.add(out, W[:, -1:], out=out)

    @staticmethod
    def outer(D: np.ndarray, block: np.ndarray, out: np.ndarray) -> None:
        """Write D X̃ (h, d + 1) into `out`, for D (h, m)."""
        out[:, :-1] = np.dot(D, block)
        np.add.reduce(D, axis=1, out=out[:, -1])


class SparseRows:
    """Blocks of a CSR X with a column of ones appended; never centred, never made dense."""

    #: A product with a sparse block writes a whole (h, d) gradient: larger blocks, fewer of them.
    block_elements, least_rows, most_rows = 2**20, 4096, 16384

    def __init__(self, X: Any, scale: np.ndarray | None) -> None:
        if scale is not None:
            X = X @ sp.diags_array(1 / scale, dtype=X.dtype)
        ones: Any = sp.csr_array(np.ones((X.shape[0], 1), dtype=X.dtype))
        self.X = sp.hstack([X, ones], format="csr")

    def buffer(self, m: int, kept: bool = False) -> None:
        """Return nothing: sparse blocks are made anew."""

    def load(self, index: Index, buffer: Any) -> Any:
        """Return X̃ of the rows `index`."""
        return self.X[index]

    @staticmethod
    def hidden(block: Any, W: np.ndarray, out: np.ndarray) -> None:
        """Write Z1ᵀ = W X̃ᵀ (h, m) into `out`, for W (h, d + 1)."""
        out[...] = (block @ W.T).T

    @staticmethod
    def outer(D: np.ndarray, block: Any, out: np.ndarray) -> None:
        """Write D X̃ (h, d + 1) into `out`, for D (h, m)."""
        out[...] = (block.T @ D.T).T


Rows = DenseRows | WideRows | SparseRows


def even_slices(n: int, rows: int) -> list[slice]:
    """Cut n rows into equal blocks of at most about `rows`, a power of two of them up to 16, then
    a multiple of 16.

    The cut depends on n alone, so results do not depend on the number of threads; and every usual
    number of threads divides the work evenly.
    """
    if n <= rows:
        return [slice(0, n)]
    count = -(-n // rows)
    count = 1 << (count - 1).bit_length() if count <= 16 else -(-count // 16) * 16
    edges = np.linspace(0, n, min(count, n) + 1).astype(int).tolist()
    return [slice(a, b) for a, b in pairwise(edges)]
