"""Arrays of NumPy and of any other namespace that follows the array API standard."""

from typing import Any

import numpy as np

#: An array of any namespace.
Array = Any


def namespace(array: Array) -> Any:
    """Return the array namespace of an array; NumPy where it does not name its own."""
    named = getattr(array, "__array_namespace__", None)
    return named() if named is not None else np
