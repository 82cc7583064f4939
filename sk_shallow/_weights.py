"""The weights of the examples: sample_weight times class_weight, whatever their size."""

import math
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from sk_shallow._targets import Targets, listed


class Weights(NamedTuple):
    """The weight of each example, (n,), float64, in units of 2**exponent; values None: all are 1.

    The largest value is between 1/2 and 1, so that their sum neither overflows nor vanishes.
    """

    values: np.ndarray | None
    exponent: int
    n: int

    @property
    def total(self) -> float:
        """The sum of the values."""
        return float(self.n if self.values is None else self.values.sum())

    @property
    def sum(self) -> float:
        """S, the sum of the weights; at most the largest float64."""
        try:
            return math.ldexp(self.total, self.exponent)
        except OverflowError:
            return float(np.finfo(np.float64).max)

    def shares(self, dtype: np.dtype) -> np.ndarray | None:
        """Return s / S, (n,)."""
        return None if self.values is None else (self.values / self.total).astype(dtype)

    def penalty(self, l2_regularization: float, dtype: np.dtype) -> float:
        """Return λ / S."""
        try:
            penalty = math.ldexp(l2_regularization / self.total, -self.exponent)
        except OverflowError:
            penalty = math.inf
        if penalty > np.finfo(dtype).max / 2**20:
            raise ValueError(
                f"sample_weight sums to {self.sum:.3g}: next to it, l2_regularization={l2_regularization:.3g} is "
                "too large to compute with. Divide the weights by their mean, or lower l2_regularization."
            )
        return penalty


def weights_of(
    sample_weight: np.ndarray | None, class_weight: Any, targets: Targets, *, partial: bool = False
) -> Weights:
    """Return the weights of the examples from a checked `sample_weight` (n,) or None."""
    n = len(targets.encoded)
    if sample_weight is None and class_weight is None:
        return Weights(None, 0, n)
    mantissas, exponents = np.frexp(np.ones(n) if sample_weight is None else sample_weight)
    s, exponent = _in_reach(mantissas, exponents)
    if class_weight is not None:
        by_class = _class_weights(class_weight, targets, s, partial)[targets.outputs.codes(targets.encoded)]
        more, by = np.frexp(by_class)
        s, exponent = _in_reach(mantissas * more, exponents + by)
    return Weights(s, exponent, n)


def _in_reach(mantissas: np.ndarray, exponents: np.ndarray) -> tuple[np.ndarray, int]:
    """Return weights in units of a power of two that brings the largest near 1, and its exponent."""
    positive = mantissas > 0
    if not positive.any():
        raise ValueError(
            "sample_weight is zero for every row (after class_weight, if given): there is nothing to learn "
            "from. Give at least one row a positive weight."
        )
    exponent = int(exponents[positive].max())
    return np.ldexp(mantissas, exponents - exponent), exponent


def _class_weights(class_weight: Any, targets: Targets, s: np.ndarray, partial: bool) -> np.ndarray:
    """Return the weight of each class, shape (n_classes,)."""
    classes = targets.outputs.classes
    if targets.outputs.multilabel:
        raise ValueError(
            f"class_weight={class_weight!r} needs one label a row, but y is a multilabel indicator. Use "
            "sample_weight instead."
        )
    if isinstance(class_weight, str):
        return _balanced(targets, s, partial)
    unknown = [label for label in class_weight if label not in classes.tolist()]
    if unknown:
        raise ValueError(
            f"class_weight names labels that are not in y: {listed(unknown)}. The classes are {listed(classes)}."
        )
    wrong = {label: w for label, w in class_weight.items() if not (isinstance(w, Real) and 0 <= float(w) < np.inf)}
    if wrong:
        raise ValueError(f"class_weight must map labels to finite weights >= 0, got {wrong}.")
    return np.array([class_weight.get(label, 1.0) for label in classes.tolist()], dtype=np.float64)


def _balanced(targets: Targets, s: np.ndarray, partial: bool) -> np.ndarray:
    """Return S / (K S_c) for each class c; 1 for one without weight."""
    if partial:
        raise ValueError(
            "class_weight='balanced' cannot be known from part of the data: for partial_fit pass "
            "a dict of weights (see sklearn.utils.class_weight.compute_class_weight)."
        )
    codes = targets.outputs.codes(targets.encoded)
    weights, present = np.ones(len(targets.outputs.classes)), np.unique(codes[s > 0])
    weights[present] = compute_class_weight("balanced", classes=present, y=codes[s > 0], sample_weight=s[s > 0])
    return weights
