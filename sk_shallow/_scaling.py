"""The scaling of columns: the one place where X is centred and scaled, and θ follows.

A scaling acts in the units of the columns' moments.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils.sparsefuncs import inplace_column_scale

from sk_shallow._moments import Moments
from sk_shallow._parameters import Parameters, Shape

#: How far, as a share, a variance may be from the largest one and the column still count as one of two values.
_TWO_VALUES = 1e-9
#: Means up to this many spreads may be folded into the intercept of a fitted network: it costs digits.
_MOST_FOLDED = {np.dtype(np.float64): 2.0**10, np.dtype(np.float32): 2.0**3}


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

    def steps(self, d: int, dtype: Any) -> tuple[np.ndarray, np.ndarray] | None:
        """Return what d columns are less, and then times; None where more is done to them."""
        if self.unit is not None:
            return None
        center = np.zeros(d, dtype) if self.center is None else self.center
        return center, np.ones(d, dtype) if self._factor is None else self._factor[:-1]

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

    def scaled(self, X: Any) -> Any:
        """Return the scaled rows of X, dense or CSR, a copy in float64."""
        is_sparse = bool(sp.issparse(X))
        if not is_sparse:
            out = np.empty(X.shape)
            self.apply(X.astype(np.float64), out=out)
            return out
        X = X.astype(np.float64, copy=True)
        if self.unit is not None:
            inplace_column_scale(X, self.unit)
        if self.scale is not None:
            X.data /= self.scale[X.indices]
        return X

    def fold(self, hidden: np.ndarray) -> np.ndarray:
        """Return the [W1 b1] (h, d + 1) that does on raw X what `hidden` does on scaled X; of several at once."""
        folded = hidden if self._factor is None else hidden * self._factor
        if self.center is not None:
            folded = folded if folded is not hidden else hidden.copy()
            folded[..., -1] -= folded[..., :-1] @ self.center
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
            d_hidden[..., :-1] -= d_hidden[..., -1:] * self.center
        if self._factor is not None:
            d_hidden *= self._factor


def scaling_of(moments: Moments, dtype: np.dtype, *, sparse: bool) -> Scaling:
    """Return the scaling of columns: dense ones are centred, sparse ones are not.

    - Dense columns are divided by their standard deviation, or where they have two values by their
      distance: else rare ones would be huge.
    - Sparse columns are divided by the root mean square of the numbers that they store, so that
      indicators keep their 0 and 1, rare ones too.
    - Columns that are constant, to rounding, have a scale that changes nothing.

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
        stored = np.hypot(mean, scale) / np.sqrt(np.where(moments.filled > 0, moments.filled, 1))
        scale = np.where(spread > 0, stored, at_rest)
    else:
        scale = np.where(_has_two_values(moments) & (spread > 0), moments.high - moments.low, scale)
    scaling = Scaling(None if sparse else mean.astype(dtype).astype(np.float64), scale, unit)
    _check_spreads(scaling.raw_scale, dtype)
    return scaling


def _has_two_values(moments: Moments) -> np.ndarray:
    """Tell which columns hold two values: they alone reach the largest variance that their range allows.

    That is (mean − low)(high − mean) (Bhatia & Davis 2000).
    """
    largest = (moments.mean - moments.low) * (moments.high - moments.mean)
    return moments.variance >= (1 - _TWO_VALUES) * largest


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
