"""Column means and scales, and folding them into and out of the parameters."""

from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import StandardScaler

from sk_shallow._parameters import Parameters

#: Rows that the scaler sees at a time: it makes copies of what it sees.
_ROWS = 8192


class Scaling(NamedTuple):
    """X counts as (X - center) / scale. center is None for sparse X, both for raw X.

    center (d,) holds the means of the columns, scale (d,) their standard deviations; for sparse X,
    scale holds their root mean squares.
    """

    center: np.ndarray | None = None
    scale: np.ndarray | None = None

    def fold(self, parameters: Parameters) -> Parameters:
        """Return the parameters that do on raw X what `parameters` do on scaled X."""
        W1, b1, W2, b2 = (part.astype(np.float64) for part in parameters)
        if self.scale is not None:
            W1 = W1 / self.scale
        if self.center is not None:
            b1 = b1 - W1 @ self.center
        return Parameters(W1, b1, W2, b2)

    def unfold(self, parameters: Parameters) -> Parameters:
        """Return the parameters that do on scaled X what `parameters` do on raw X."""
        W1, b1, W2, b2 = (part.astype(np.float64) for part in parameters)
        if self.center is not None:
            b1 = b1 + W1 @ self.center
        if self.scale is not None:
            W1 = W1 * self.scale
        return Parameters(W1, b1, W2, b2)


def update_scaler(scaler: StandardScaler | None, X: Any, s: np.ndarray | None) -> StandardScaler:
    """Return a scaler that has seen what `scaler` has, if given, and the rows of X.

    Rows of weight zero count as absent. Sparse X is scaled, not centred.
    """
    seen = StandardScaler(with_mean=not sp.issparse(X))
    if scaler is not None and scaler.with_mean == seen.with_mean:
        seen = deepcopy(scaler)
    for start in range(0, X.shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        if s is None:
            seen.partial_fit(X[rows])
        elif s[rows].any():
            kept = np.flatnonzero(s[rows]) + start
            seen.partial_fit(X[kept] if len(kept) < s[rows].size else X[rows], sample_weight=s[kept])
    return seen


def scaling_of(scaler: StandardScaler, dtype: Any) -> Scaling:
    """Return the means and scales of a scaler, in float64, such as `dtype` can represent.

    The scales can be inverted in `dtype`, and the means that are subtracted from X in `dtype` are
    the very ones that are folded into b1.
    """
    limits = np.finfo(dtype)
    if scaler.with_mean:
        center, scale = scaler.mean_.astype(dtype).astype(np.float64), scaler.scale_
    else:
        # Columns that keep their means have unit mean square, lest a far mean makes steps unstable.
        center, scale = None, np.hypot(scaler.mean_, np.sqrt(scaler.var_))
        scale[scale == 0] = 1
    return Scaling(center, np.clip(scale, 1 / limits.max, limits.max))
