"""The loops that run: compiled ones where they were built, else NumPy's."""

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

#: Set to "numpy", this environment variable has NumPy's loops run.
VARIABLE = "SK_SHALLOW_LOOPS"


def _built() -> Any:
    """Return the module of compiled loops, None where there is none, or none is wanted."""
    wanted = os.environ.get(VARIABLE, "compiled").lower()
    if wanted not in ("compiled", "numpy"):
        raise ValueError(
            f"{VARIABLE}={wanted!r} in the environment: set it to 'compiled' or 'numpy', or not at all."
        )
    if wanted == "numpy":
        return None
    try:
        return import_module("sk_shallow._loops")
    except ImportError:
        return None


#: The module of compiled loops, or None.
LOOPS: Any = _built()


def loop(name: str, otherwise: Callable[..., object]) -> Callable[..., object]:
    """Return a compiled loop from one array to another, or where arrays are not to its liking, NumPy's.

    NumPy's is given all arrays, such as scratch, the compiled one the first two.
    """
    compiled = getattr(LOOPS, name, None)
    if compiled is None:
        return otherwise

    def run(*arrays: np.ndarray) -> None:
        try:
            compiled(*arrays[:2])
        except BufferError:
            otherwise(*arrays)

    return run


def loops_in_use() -> str:
    """Return which loops run, in words."""
    if LOOPS is None:
        return f"NumPy {np.__version__}"
    return f"compiled, {LOOPS.get_level()} of {', '.join(LOOPS.levels())}"
