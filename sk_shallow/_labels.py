"""Checks of labels: y, and the classes that ``partial_fit`` is told of."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from sk_shallow._targets import listed
from sk_shallow._validation import as_array, leaving_no_trace


@leaving_no_trace
def check_labels(y: Any, X: Any, estimator: BaseEstimator) -> np.ndarray:
    """Return y as labels (n,), or as a dense indicator (n, k) of 0 and 1, as long as X."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None. Pass one label a row."
        )
    y = y.toarray() if hasattr(y, "toarray") else y
    _check_label_kinds(y)
    y = np.asarray(y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = column_or_1d(y, warn=True)
    kind = type_of_target(y, input_name="y")
    if kind == "multiclass-multioutput":
        raise ValueError(
            f"Unknown label type: y of shape {y.shape} holds several labels a row that are not 0 or 1. Pass one "
            "label a row, or a multilabel indicator of 0 and 1 (see MultiLabelBinarizer)."
        )
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        check_classification_targets(y)  # raises; it looks for the kind again
    if kind == "multilabel-indicator" and not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"A multilabel indicator y must hold 0 and 1, got {listed(np.unique(y))}. "
            "Pass (y == value).astype(int)."
        )
    check_consistent_length(X, y)
    return y


def _check_label_kinds(y: Any) -> None:
    """Refuse missing labels and labels that cannot be ordered, naming the first row of each."""
    if isinstance(y, (list, tuple)) and any(np.ndim(label) for label in _rows_of(y)):
        as_array(y, "y", "Pass one label a row, or make an indicator of sets of labels with MultiLabelBinarizer.")
        return
    labels = np.empty(len(y), dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y)
    if isinstance(y, (list, tuple)):
        labels[:] = y
    if labels.ndim == 0:
        raise ValueError(f"y should be a 1d array of labels, got a scalar, {y!r}. Pass one label a row.")
    objects = labels.ravel() if labels.dtype.kind == "O" else np.empty(0, dtype=object)
    if labels.dtype.kind == "c" or any(isinstance(label, complex) for label in objects):
        raise ValueError(
            "Complex data not supported: y must hold labels, and complex numbers have no order. Turn them into "
            "text, for example with y.astype(str)."
        )
    missing = np.asarray(pd.isna(labels))
    if missing.any():
        row = int(np.flatnonzero(missing.reshape(len(labels), -1).any(axis=1))[0])
        raise ValueError(
            f"Input y contains NaN or another missing label ({missing.sum()} in all, first in row {row}). "
            "Drop those rows, or give the missing labels a name of their own."
        )
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        row = int(np.flatnonzero(~np.isfinite(labels).reshape(len(labels), -1).all(axis=1))[0])
        raise ValueError(f"Input y contains infinity (first in row {row}). Drop those rows.")
    if len(objects):
        _check_no_mix(objects)


def _rows_of(y: Any) -> list[Any]:
    """Return the rows of a list that are rows themselves; text is a label."""
    return [row if hasattr(row, "__len__") and not isinstance(row, (str, bytes)) else 0 for row in y]


def _check_no_mix(labels: np.ndarray) -> None:
    """Refuse text beside other labels: they have no order."""
    is_text = [isinstance(label, str) for label in labels]
    if any(is_text) and not all(is_text):
        text, other = is_text.index(True), is_text.index(False)
        raise ValueError(
            f"Unknown label type: y mixes text, {labels[text]!r} in row {text}, with "
            f"{type(labels[other]).__name__}, {labels[other]!r} in row {other}. "
            "Make all labels of one type, for example with y.astype(str)."
        )


@leaving_no_trace
def check_classes(classes: Any, known: np.ndarray | None, y: np.ndarray) -> np.ndarray | None:
    """Return the classes that the first ``partial_fit`` names, or those `known` from before."""
    if y.ndim == 2 or (classes is None and known is not None):
        return known
    if classes is None:
        raise ValueError(
            "classes must be passed on the first call to partial_fit: all labels that will ever come."
        )
    named = unique_labels(classes)
    if known is not None and not np.array_equal(known, named):
        raise ValueError(
            f"classes={listed(np.asarray(classes))} is not the same as on last call to partial_fit, "
            f"which was {listed(known)}. Leave classes out, or fit a new network."
        )
    return named if known is None else known
