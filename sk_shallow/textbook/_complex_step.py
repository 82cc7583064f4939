"""Derivatives by complex steps (Squire & Trapp 1998): no difference is taken, so no digits are lost."""

from collections.abc import Callable
from typing import Any

import numpy as np

#: Far below rounding.
_STEP = 1e-30


def complex_step(function: Callable[[np.ndarray], Any], value: np.ndarray, index: Any = ...) -> Any:
    """Return Im f(v + i ε) / ε.

    Parameters
    ----------
    function : callable
        Takes complex arrays.
    value : ndarray
        v.
    index : index of `value`, default=...
        Which entries are moved: one, or all of an elementwise function.

    Returns
    -------
    derivative : float or ndarray
        Of what `function` returns.
    """
    moved = value.astype(complex)
    moved[index] += 1j * _STEP
    return np.imag(function(moved)) / _STEP
