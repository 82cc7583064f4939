"""What the docstrings of several methods say, written once."""

import inspect
from collections.abc import Callable
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., object])

_TEXTS = {
    "X": """X : {array-like, sparse matrix or array, DataFrame} of shape (n_samples, n_features)
    Real numbers, no missing values. float32 is computed in float32, everything else in float64.""",
    "y": """y : array-like of shape (n_samples,) or indicator of shape (n_samples, n_labels)
    Labels of any type that can be sorted, or a multilabel indicator of 0 and 1.""",
    "sample_weight": """sample_weight : array-like of shape (n_samples,), default=None
    Weights s ≥ 0, finite, not all zero. None means 1 for every row.""",
    "refused": """ValueError
    For X, y, weights or parameters that cannot be used; the message names the remedy.
TypeError
    For X of objects that are neither numbers nor text.""",
    "raises": """NotFittedError
    Before ``fit``.
ValueError
    For X that does not match the columns seen in ``fit``, is not finite, or lies so far out that
    outputs overflow; the message says where.""",
}


def documented(function: Function) -> Function:
    """Put the shared texts in place of lines that name them, such as ``%(X)s``."""
    lines = []
    for line in inspect.cleandoc(function.__doc__ or "").splitlines():
        name = line.strip().removeprefix("%(").removesuffix(")s")
        lines += _TEXTS[name].splitlines() if line.startswith("%(") else [line]
    function.__doc__ = "\n".join(lines)
    return function
