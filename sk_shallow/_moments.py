"""What is known of columns: moments that merge.

Columns whose numbers are so large or small that squares leave the range of the dtype are first
multiplied by a power of two, their unit, which is exact. All else here is in those units.
"""

from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils.sparsefuncs import inplace_column_scale, mean_variance_axis, min_max_axis

#: Numbers of X that moments are taken of at a time: a block should stay in a core's cache.
_BLOCK_ELEMENTS = 2**16
#: Binary exponents up to which squares, their sums and their inverses are in the range of a dtype.
_NEAR = {np.dtype(np.float64): 400, np.dtype(np.float32): 50}
#: Exponents that a unit can have: 2**-exponent must be a number of the dtype.
_UNITS = {np.dtype(np.float64): (-1000, 1024), np.dtype(np.float32): (-120, 128)}


class Moments(NamedTuple):
    """What is known of the columns of some rows: numbers that merge with those of other rows.

    weight is the sum of the rows' weights; mean, variance (about the mean), low and high have shape
    (d,), float64, in units of 2**exponent. filled (d,) is the share of rows that store a number other
    than 0 there; a dense array stores all.
    """

    weight: float
    mean: np.ndarray
    variance: np.ndarray
    low: np.ndarray
    high: np.ndarray
    exponent: np.ndarray
    filled: np.ndarray

    def merge(self, other: "Moments") -> "Moments":
        """Return the moments of both sets of rows."""
        exponent = np.maximum(self.exponent, other.exponent)
        for moments, others in ((self, other), (other, self)):  # a column of zeros fits any unit
            exponent = np.where((moments.low == 0) & (moments.high == 0), others.exponent, exponent)
        a, b = self._in_units(exponent), other._in_units(exponent)
        share = 1 / (1 + a.weight / b.weight)
        mean, variance = _merged(a.mean, a.variance, b.mean, b.variance, share)
        weight = min(a.weight + b.weight, np.finfo(np.float64).max)
        low, high = np.minimum(a.low, b.low), np.maximum(a.high, b.high)
        filled = a.filled * (1 - share) + b.filled * share
        return Moments(weight, mean, variance, low, high, exponent, filled)

    def _in_units(self, exponent: np.ndarray) -> "Moments":
        shift = self.exponent - exponent
        if not shift.any():
            return self
        mean, low, high = (np.ldexp(part, shift) for part in (self.mean, self.low, self.high))
        return Moments(self.weight, mean, np.ldexp(self.variance, 2 * shift), low, high, exponent, self.filled)


def moments_of(X: Any, s: np.ndarray | None, weight: float) -> Moments:
    """Return the moments of the columns of X (n, d) under the weights s (n,), which sum to `weight`.

    Rows of weight zero count as absent.
    """
    if s is not None and not s.all():
        present = np.flatnonzero(s)
        X, s = X[present], s[present]
    low, high = min_max_axis(X, axis=0) if sp.issparse(X) else (X.min(axis=0), X.max(axis=0))
    low, high = low.astype(np.float64), high.astype(np.float64)
    constant = low == high
    exponent = _exponents(np.maximum(-low, high), X.dtype)
    unit = np.ldexp(1.0, -exponent) if exponent.any() else None
    mean, variance = _sparse_moments(X, s, unit) if sp.issparse(X) else _dense_moments(X, s, unit)
    if unit is not None:
        low, high = low * unit, high * unit
    mean[constant], variance[constant] = low[constant], 0
    filled = _filled(X, s) if sp.issparse(X) else np.ones(X.shape[1])
    return Moments(weight, mean, variance, low, high, exponent, filled)


def far_out(dtype: np.dtype) -> float:
    """Return the size from which on numbers may overflow in products."""
    return 2.0 ** _NEAR[dtype]


def _exponents(largest: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return the exponent of each column's unit: 0 for ordinary columns."""
    exponent = np.frexp(largest)[1]
    exponent[(np.abs(exponent) <= _NEAR[dtype]) | (largest == 0)] = 0
    return np.clip(exponent, *_UNITS[dtype])


def _dense_moments(X: np.ndarray, s: np.ndarray | None, unit: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return means and variances, by blocks: two passes over each, which merge."""
    n, d = X.shape
    size = max(1, _BLOCK_ELEMENTS // d)
    mean, variance, seen = np.zeros(d), np.zeros(d), 0.0
    for start in range(0, n, size):
        block = X[start : start + size].astype(np.float64, copy=False)
        block = block if unit is None else block * unit
        weights = None if s is None else s[start : start + size].astype(np.float64, copy=False)
        weight = float(len(block) if weights is None else weights.sum())
        block_mean = _weighted_sum(block, weights) / weight
        deviations = block - block_mean
        correction = _weighted_sum(deviations, weights) / weight  # what rounding took from the mean
        np.multiply(deviations, deviations, out=deviations)
        block_variance = np.maximum(_weighted_sum(deviations, weights) / weight - correction**2, 0)
        block_mean = block_mean + correction
        seen += weight
        mean, variance = _merged(mean, variance, block_mean, block_variance, weight / seen)
    return mean, variance


def _merged(
    mean: np.ndarray, variance: np.ndarray, other_mean: np.ndarray, other_variance: np.ndarray, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and variance of two sets of rows, of which the other is that share (Chan et al. 1983)."""
    far = other_mean - mean
    between = far**2 * (share * (1 - share))
    return mean + far * share, variance * (1 - share) + other_variance * share + between


def _weighted_sum(block: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    return np.add.reduce(block, axis=0) if weights is None else weights @ block


def _sparse_moments(X: Any, s: np.ndarray | None, unit: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return means and variances, zeros counted."""
    X = X.astype(np.float64)
    if unit is not None:
        inplace_column_scale(X, unit)
    weights = None if s is None else s.astype(np.float64, copy=False)
    mean, variance = mean_variance_axis(X, axis=0, weights=weights)
    return mean, variance


def _filled(X: Any, s: np.ndarray | None) -> np.ndarray:
    """Return the share of the weights s (n,) that lies on numbers other than 0, for each column of a CSR X."""
    n, d = X.shape
    weights = np.ones(n) if s is None else s.astype(np.float64, copy=False)
    stored = np.repeat(weights, np.diff(X.indptr)) * (X.data != 0)
    return np.minimum(np.bincount(X.indices, stored, d) / weights.sum(), 1)
