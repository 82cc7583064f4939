"""The weights of the examples: sample_weight times class_weight, whatever their size."""

import math
import sys
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from sk_shallow._targets import Targets, listed


class Weights(NamedTuple):
    """The weight of each example, (n,), float64, in units of 2**exponent; values None: all are 1.

    The largest value is near 1, so that their sum neither overflows nor vanishes.
    """

    values: np.ndarray | None
    exponent: int
    n: int
    #: The weight of each class that is in them, (n_classes,), as a factor and a binary exponent.
    of_classes: tuple[np.ndarray, np.ndarray] | None = None

    @property
    def total(self) -> float:
        """The sum of the values."""
        return float(self.n if self.values is None else self.values.sum())

    @property
    def sum(self) -> float:
        """S, the sum of the weights, within the range of float64."""
        try:
            return max(math.ldexp(self.total, self.exponent), math.ulp(0.0))
        except OverflowError:
            return sys.float_info.max

    @property
    def n_rows(self) -> float:
        """The number of equal rows that they stand for: S, or where that is less, Kish's (Σ s)² / Σ s².

        Counts stand for their sum, shares that sum to 1 for as many rows as there are.
        """
        if self.values is None:
            return float(self.n)
        return max(self.sum, self.total**2 / float((self.values**2).sum()))

    @property
    def each(self) -> np.ndarray:
        """The values, ones where all are 1."""
        return np.ones(self.n) if self.values is None else self.values

    @property
    def one(self) -> float:
        """A weight of 1, in the unit of the values."""
        return math.ldexp(1.0, -self.exponent)

    @property
    def are_counts(self) -> bool:
        """Whether all weights are whole numbers: of rows that are repeated."""
        if self.values is None:
            return True
        s = np.ldexp(self.values, self.exponent)
        return bool(np.isfinite(s).all() and (s == np.floor(s)).all())

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
            found = "The rows are" if self.values is None else "sample_weight sums to"
            remedy = "Lower it." if self.values is None else "Divide the weights by their mean, or lower it."
            raise ValueError(
                f"{found} {self.sum:.3g}: next to that, l2_regularization={l2_regularization:.3g} is too large to "
                f"compute with in {np.dtype(dtype).name}. {remedy}"
            )
        return penalty


def weights_of(
    sample_weight: np.ndarray | None,
    class_weight: Any,
    targets: Targets,
    *,
    partial: bool = False,
    of_classes: tuple[np.ndarray, np.ndarray] | None = None,
) -> Weights:
    """Return the weights of the examples from a checked `sample_weight` (n,) or None.

    The weights of the classes are those `of_classes` where it is given: of other rows of the same fit.
    """
    n = len(targets.encoded)
    if sample_weight is None and class_weight is None:
        return Weights(None, 0, n)
    mantissas, exponents = np.frexp(np.ones(n) if sample_weight is None else sample_weight)
    s, exponent = _in_reach(mantissas, exponents)
    if class_weight is not None:
        of_classes = of_classes or _class_weights(class_weight, targets, mantissas, exponents, partial)
        more, by = of_classes
        codes = targets.outputs.codes(targets.encoded)
        s, exponent = _in_reach(mantissas * more[codes], exponents + by[codes])
    return Weights(s, exponent, n, of_classes)


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


def _class_weights(
    class_weight: Any, targets: Targets, mantissas: np.ndarray, exponents: np.ndarray, partial: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Return the weight of each class, (n_classes,), as a factor and a binary exponent."""
    classes = targets.outputs.classes
    if targets.outputs.multilabel:
        raise ValueError(
            f"class_weight={class_weight!r} needs one label a row, but y is a multilabel indicator. Use "
            "sample_weight instead."
        )
    if not isinstance(class_weight, str):
        return np.frexp(_given(class_weight, classes))
    if partial:
        raise ValueError(
            "class_weight='balanced' cannot be known from part of the data: for partial_fit pass "
            "a dict of weights (see sklearn.utils.class_weight.compute_class_weight)."
        )
    return _balanced(targets.outputs.codes(targets.encoded), len(classes), mantissas, exponents)


def _given(class_weight: dict[Any, Any], classes: np.ndarray) -> np.ndarray:
    """Return the weights of a dict, 1 for a class that it does not name."""
    unknown = [label for label in class_weight if label not in classes.tolist()]
    if unknown:
        raise ValueError(
            f"class_weight names labels that are not in y: {listed(unknown)}. The classes are {listed(classes)}."
        )
    wrong = {label: w for label, w in class_weight.items() if not _is_weight(w)}
    if wrong:
        raise ValueError(f"class_weight must map labels to finite weights >= 0, got {wrong}.")
    return np.array([class_weight.get(label, 1.0) for label in classes.tolist()], dtype=np.float64)


def _is_weight(weight: Any) -> bool:
    try:
        return isinstance(weight, Real) and 0 <= float(weight) < math.inf
    except OverflowError:
        return False


def _balanced(
    codes: np.ndarray, n_classes: int, mantissas: np.ndarray, exponents: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return S / (K S_c) for each class c; each S_c in units of its own, so that none overflows or vanishes.

    compute_class_weight has the same formula, for sums within the range of float64.
    """
    top = np.full(n_classes, np.iinfo(exponents.dtype).min // 2)
    np.maximum.at(top, codes[mantissas > 0], exponents[mantissas > 0])
    sums = np.bincount(codes, np.ldexp(mantissas, exponents - top[codes]), n_classes)
    present = sums > 0
    total = np.ldexp(sums, top - top.max()).sum()
    return total / present.sum() / np.where(present, sums, 1), np.where(present, top.max() - top, 0)
