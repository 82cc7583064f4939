"""Moments of columns that merge, and their scaling: the one place where X is centred and scaled.

Columns whose numbers are so large or small that squares leave the range of the dtype are first
multiplied by a power of two, their unit, which is exact. All else here is in those units.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils.sparsefuncs import mean_variance_axis, min_max_axis

from sk_shallow._parameters import Parameters, Shape

#: Numbers of X that moments are taken of at a time: a block should stay in a core's cache.
_BLOCK_ELEMENTS = 2**16
#: Binary exponents up to which squares, their sums and their inverses are in the range of a dtype.
_NEAR = {np.dtype(np.float64): 400, np.dtype(np.float32): 50}
#: Exponents that a unit can have: 2**-exponent must be a number of the dtype.
_UNITS = {np.dtype(np.float64): (-1000, 1024), np.dtype(np.float32): (-120, 128)}
#: Means up to this many spreads may be folded into the intercept of a fitted network: it costs digits.
_MOST_FOLDED = {np.dtype(np.float64): 2.0**10, np.dtype(np.float32): 2.0**3}


class Moments(NamedTuple):
    """What is known of the columns of some rows: numbers that merge with those of other rows.

    weight is the sum of the rows' weights; mean, variance (about the mean), low and high have shape
    (d,), float64, in units of 2**exponent.
    """

    weight: float
    mean: np.ndarray
    variance: np.ndarray
    low: np.ndarray
    high: np.ndarray
    exponent: np.ndarray

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
        return Moments(weight, mean, variance, low, high, exponent)

    def _in_units(self, exponent: np.ndarray) -> "Moments":
        shift = self.exponent - exponent
        if not shift.any():
            return self
        mean, low, high = (np.ldexp(part, shift) for part in (self.mean, self.low, self.high))
        return Moments(self.weight, mean, np.ldexp(self.variance, 2 * shift), low, high, exponent)


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
    return Moments(weight, mean, variance, low, high, exponent)


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
        X.data *= unit[X.indices]
    weights = None if s is None else s.astype(np.float64, copy=False)
    mean, variance = mean_variance_axis(X, axis=0, weights=weights)
    return mean, variance


@dataclass
class Scaling:
    """X counts as (X unit - center) / scale, in one dtype; None stands for 1, 0 and 1.

    center, scale and unit have shape (d,); center is None for sparse X, all are None for X as it comes.
    A center is a number of X's dtype, so that what is subtracted from X is what is folded into b1.
    """

    center: np.ndarray | None = None
    scale: np.ndarray | None = None
    unit: np.ndarray | None = None

    def __post_init__(self) -> None:
        # What the columns of [W1 b1] are multiplied with, (d + 1,). Not cached_property: until Python 3.12
        # that has a lock, which a fork would leave held.
        self._factor = None if self.scale is None else np.append(1 / self.scale, self.scale.dtype.type(1))
        self._units = None if self.unit is None else np.append(self.unit, self.unit.dtype.type(1))

    @property
    def raw_center(self) -> np.ndarray:
        """The center of raw X, (d,)."""
        assert self.center is not None
        return self.center if self.unit is None else self.center / self.unit

    @property
    def raw_scale(self) -> np.ndarray:
        """The scale of raw X, (d,)."""
        assert self.scale is not None
        return self.scale if self.unit is None else self.scale / self.unit

    @property
    def is_trivial(self) -> bool:
        """Whether X counts as it is."""
        return self.center is None and self.scale is None and self.unit is None

    def astype(self, dtype: Any) -> "Scaling":
        """Return the same scaling in another dtype."""
        parts = (self.center, self.scale, self.unit)
        return Scaling(*(None if part is None else part.astype(dtype, copy=False) for part in parts))

    def split(self, *, rows_are_scaled: bool) -> tuple["Scaling", "Scaling"]:
        """Return what is done to the rows, and what is left for the parameters."""
        if rows_are_scaled:
            return self, Scaling()
        return Scaling(self.center, None, self.unit), Scaling(None, self.scale, None)

    def apply(self, X: np.ndarray, out: np.ndarray) -> None:
        """Write the scaled rows of X into `out`, both (m, d)."""
        if self.unit is not None:
            X = np.multiply(X, self.unit, out=out)
        if self.center is not None:
            X = np.subtract(X, self.center, out=out)
        if self._factor is not None:
            X = np.multiply(X, self._factor[:-1], out=out)
        if X is not out:
            out[...] = X

    def fold(self, hidden: np.ndarray) -> np.ndarray:
        """Return the [W1 b1] (h, d + 1) that does on raw X what `hidden` does on scaled X."""
        folded = hidden if self._factor is None else hidden * self._factor
        if self.center is not None:
            folded = folded if folded is not hidden else hidden.copy()
            folded[:, -1] -= folded[:, :-1] @ self.center
        return folded if self._units is None else folded * self._units

    def unfold(self, hidden: np.ndarray) -> np.ndarray:
        """Return the [W1 b1] that `fold` turns into `hidden`."""
        unfolded = hidden.copy() if self._units is None else hidden / self._units
        if self.center is not None:
            unfolded[:, -1] += unfolded[:, :-1] @ self.center
        return unfolded if self._factor is None else unfolded / self._factor

    def adjoint(self, d_hidden: np.ndarray) -> None:
        """Turn the gradient with respect to ``fold(hidden)`` into that with respect to `hidden`, in place."""
        if self._units is not None:
            d_hidden *= self._units
        if self.center is not None:
            d_hidden[:, :-1] -= np.outer(d_hidden[:, -1], self.center)
        if self._factor is not None:
            d_hidden *= self._factor


def scaling_of(moments: Moments, dtype: np.dtype, *, sparse: bool) -> Scaling:
    """Return the scaling that gives columns mean 0 and variance 1; for sparse X, mean square 1.

    Sparse X is not centred, and columns that keep their means have unit mean square, lest a far mean
    makes steps unstable. Columns that are constant, to rounding, have a scale that changes nothing.

    Raises
    ------
    ValueError
        Where a column's spread is so small that the weights of raw X would overflow.
    """
    mean, spread = moments.mean, np.sqrt(moments.variance)
    unit = np.ldexp(1.0, -moments.exponent) if moments.exponent.any() else None
    one = 1.0 if unit is None else unit
    spread[spread <= 2 * np.finfo(dtype).eps * np.abs(mean)] = 0
    # Beside weights of 1e300 all other rows may count for nothing, but not lie at infinity.
    reach = np.maximum(moments.high - mean, mean - moments.low)
    scale = np.where(spread > 0, np.maximum(spread, 2.0**-26 * reach), np.maximum(one, np.abs(mean)))
    if sparse:
        # A constant column is a bias; one of next to 0 is nothing, and takes no scale that would overflow.
        at_rest = np.where(np.abs(mean) < np.finfo(dtype).tiny * one, one, np.abs(mean))
        scale = np.where(spread > 0, np.hypot(mean, scale), at_rest)
    scaling = Scaling(None if sparse else mean.astype(dtype).astype(np.float64), scale, unit)
    _check_spreads(scaling.raw_scale, dtype)
    return scaling


def _check_spreads(scale: np.ndarray, dtype: np.dtype) -> None:
    """Refuse columns whose weights could not be written down."""
    least = 64 / float(np.finfo(dtype).max)
    if (scale < least).any():
        column = int(np.argmax(scale < least))
        raise ValueError(
            f"X has a spread of {scale[column]:.3g} in column {column}: too small for weights in {dtype.name}, "
            f"which would overflow. Multiply the column, for example by {1 / max(scale[column], 1e-300):.0e}"
            + (", or pass X as float64." if dtype == np.float32 else ".")
        )


class Far(NamedTuple):
    """What a fitted network keeps where means are so far that folding them into b1 costs digits.

    ``rest`` (h,) is what rounding took from `intercept` (h,), the b1 for raw rows: the b1 for rows
    X - center is rest + intercept + W1 center, to all digits.
    """

    center: np.ndarray
    intercept: np.ndarray
    rest: np.ndarray


def folded(parameters: Parameters, scaling: Scaling, dtype: np.dtype) -> tuple[Parameters, Far | None]:
    """Return the parameters for raw X, and what is needed besides where means are far."""
    W1, b1, W2, b2 = (part.astype(np.float64) for part in parameters)
    hidden = scaling.fold(Shape.beside(W1, b1, np.float64))
    raw = Parameters(*(part.astype(dtype) for part in (hidden[:, :-1], hidden[:, -1], W2, b2)))
    _check_finite(raw)
    if scaling.center is None or scaling.scale is None:
        return raw, None
    if np.all(np.abs(scaling.center) <= _MOST_FOLDED[dtype] * scaling.scale):
        return raw, None
    center = scaling.raw_center
    rest = b1 - (raw.b1 + raw.W1.astype(np.float64) @ center)
    return raw, Far(center.astype(dtype), raw.b1.copy(), rest)


def _check_finite(raw: Parameters) -> None:
    """Refuse parameters that overflow for raw X."""
    bad = ~np.isfinite(raw.W1).all(axis=0)
    if bad.any() or not all(np.isfinite(part).all() for part in raw):
        where = f"column {int(np.argmax(bad))}" if bad.any() else "the columns"
        raise ValueError(
            f"The weights for {where} of X overflow in {raw.W1.dtype.name}: the spread of its numbers is too "
            "small. Scale X before fit, for example by StandardScaler."
        )


def centred_intercept(raw: Parameters, far: Far) -> np.ndarray:
    """Return the b1 (h,), float64, for rows X - center; `rest` counts while b1 is the one of the fit."""
    b1 = raw.b1 + raw.W1.astype(np.float64) @ far.center.astype(np.float64)
    return b1 + far.rest if np.array_equal(raw.b1, far.intercept) else b1


def unfolded(raw: Parameters, far: Far | None, scaling: Scaling) -> Parameters:
    """Return the float64 parameters that do on scaled X what `raw` does on raw X."""
    W1, b1, W2, b2 = (part.astype(np.float64) for part in raw)
    hidden = scaling.unfold(Shape.beside(W1, b1, np.float64))
    if far is not None and scaling.center is not None:
        hidden[:, -1] = centred_intercept(raw, far) + W1 @ (scaling.raw_center - far.center)
    return Parameters(hidden[:, :-1], hidden[:, -1], W2, b2)


def rescaled(raw: Parameters, before: Moments, now: Moments, dtype: np.dtype, *, sparse: bool) -> Parameters:
    """Return parameters for raw X whose weights are as large beside the spreads of `now` as beside `before`.

    Only columns that were constant before are changed: of their spread the weights knew nothing. On
    what these columns were, the function stays.
    """
    news = (before.variance == 0) & (now.variance > 0)
    if not news.any():
        return raw
    old, new = (scaling_of(moments, dtype, sparse=sparse).raw_scale for moments in (before, now))
    W1 = raw.W1.astype(np.float64)
    changed = W1 * np.where(news, old / new, 1)
    was = np.where(news, np.ldexp(before.mean, before.exponent), 0)
    return Parameters(changed, raw.b1 + (W1 - changed) @ was, raw.W2, raw.b2)
