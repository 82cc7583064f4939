"""Problems of a given size, made up: the time of a step depends on the sizes alone."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp


@dataclass(frozen=True)
class Size:
    """Rows, columns, hidden units, classes and number type of a problem."""

    n: int
    d: int
    h: int
    k: int
    dtype: str = "f64"

    def __str__(self) -> str:
        return f"{self.n} × {self.d} × {self.h} × {self.k} {self.dtype}"

    @property
    def numpy_dtype(self) -> np.dtype:
        """The number type as NumPy names it."""
        return np.dtype({"f32": np.float32, "f64": np.float64}[self.dtype])

    @property
    def n_outputs(self) -> int:
        """One sigmoid for two classes, else one output a class."""
        return 1 if self.k == 2 else self.k

    def small(self) -> "Size":
        """Return the size of a smoke run."""
        return replace(self, n=min(max(self.n // 500, 100), 400), d=min(self.d, 20), h=min(self.h, 8))

    def iterations(self, seconds: float) -> tuple[int, int]:
        """Return T1 and T2 such that T2 full-batch steps take about so long, from 1/2 to 3 times."""
        step = 4e-5 + 2.4e-11 * self.n * self.h * (4 * (self.d + self.k) + 150)
        long = max(4, round(seconds / step))
        return max(1, long // 6), long


class Problem(NamedTuple):
    """Rows X (n, d), standardised as they come, labels y (n,), and their size."""

    X: Any
    y: np.ndarray
    size: Size


def dense(size: Size) -> Problem:
    """Return a problem with a C-contiguous X."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((size.n, size.d), dtype=size.numpy_dtype)
    teacher = rng.standard_normal((size.d, size.k), dtype=size.numpy_dtype)
    return Problem(X, _labels(X @ teacher, size), size)


def sparse(size: Size, density: float) -> Problem:
    """Return a problem with a CSR X of about that share of nonzeros, as many in every row."""
    rng = np.random.default_rng(0)
    per_row = max(1, round(density * size.d))
    indices = rng.integers(0, size.d, size.n * per_row, dtype=np.int32)
    values = rng.standard_normal(len(indices), dtype=size.numpy_dtype)
    starts = np.arange(0, len(indices) + 1, per_row, dtype=np.int32)
    X = sp.csr_matrix((values, indices, starts), shape=(size.n, size.d))
    X.sum_duplicates()
    teacher = rng.standard_normal((size.d, size.k), dtype=size.numpy_dtype)
    return Problem(X, _labels(X @ teacher, size), size)


def _labels(scores: np.ndarray, size: Size) -> np.ndarray:
    """Return the best-scored class of each row, and every class at least once."""
    y = scores.argmax(axis=1)
    y[: size.k] = np.arange(size.k)
    return y
