"""Checks of inputs and parameters. The only home of private scikit-learn imports.

Every error says which argument was wrong, what it held, and what to do about it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
)
from sklearn.utils.validation import _check_sample_weight, validate_data

from sk_shallow._activations import ACTIVATIONS, Activation
from sk_shallow._solvers import SOLVERS

__all__ = [
    "PARAMETER_CONSTRAINTS",
    "Targets",
    "all_or_nothing",
    "check_classes",
    "check_features",
    "check_training_data",
    "check_weights",
    "encode_targets",
    "fit_context",
]

#: scikit-learn's decorator of ``fit``: parameter checks, and callbacks where it has them.
fit_context = _fit_context(prefer_skip_nested_validation=True)

#: What each parameter of ``ShallowNetClassifier`` may be, in scikit-learn's own terms.
PARAMETER_CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_width": [Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS)), Activation],
    "solver": [StrOptions(set(SOLVERS))],
    "learning_rate": [None, Interval(Real, 0, np.inf, closed="neither")],
    "momentum": [Interval(Real, 0, 1, closed="left")],
    "batch_size": [None, Interval(Integral, 1, None, closed="left")],
    "l2_regularization": [Interval(Real, 0, np.inf, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, np.inf, closed="left")],
    "standardize": ["boolean"],
    "class_weight": [None, dict, StrOptions({"balanced"})],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
}

_KINDS = {"c": "complex numbers", "S": "bytes", "U": "strings", "M": "dates", "m": "time differences"}
_KINDS |= {"T": "strings", "V": "records"}
_INFERRED = {
    "string": "strings",
    "bytes": "bytes",
    "complex": "complex numbers",
    "mixed-integer": "a mix of numbers and other objects",
    "date": "dates",
    "datetime": "dates",
    "datetime64": "dates",
    "timedelta": "time differences",
    "timedelta64": "time differences",
    "period": "dates",
    "categorical": "categories",
}
_REMEDY = (
    "Turn text and categories into numbers first, for example with OneHotEncoder or TargetEncoder in a "
    "ColumnTransformer, and dates into differences from a reference date."
)


@contextmanager
def all_or_nothing(estimator: BaseEstimator) -> Iterator[None]:
    """Give an estimator back its attributes when the body fails or is interrupted."""
    before = vars(estimator).copy()
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


def _not_numbers(values: Any) -> str | None:
    """Say what an array or column holds when it is not real numbers, else None."""
    head = np.asarray(values[:0])
    if head.dtype.kind != "O":
        return _KINDS.get(head.dtype.kind)
    kind = pd.api.types.infer_dtype(np.asarray(values, dtype=object).ravel(), skipna=True)
    return _INFERRED.get(kind)


def _check_real_numbers(X: Any) -> None:
    """Refuse what numpy would turn into numbers silently, or with an unclear error."""
    if isinstance(X, np.ndarray) and X.dtype.kind in "fiub":
        return
    if hasattr(X, "columns") and hasattr(X, "__getitem__"):
        found = {str(name): _not_numbers(X[name]) for name in dict.fromkeys(X.columns) if _is_column(X[name])}
        wrong = {name: what for name, what in found.items() if what}
        if wrong:
            listed = ", ".join(f"{name!r} ({what})" for name, what in list(wrong.items())[:5])
            more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
            raise ValueError(f"X must hold real numbers, but has columns that do not: {listed}{more}. {_REMEDY}")
        return
    if sp.issparse(X) or not isinstance(X, (np.ndarray, list, tuple)):
        return
    try:
        array = np.asarray(X)
    except ValueError:  # ragged lists: scikit-learn's check has the clearer message
        return
    what = _not_numbers(array)
    if what == "complex numbers":
        raise ValueError(
            "Complex data not supported: X must hold real numbers. Pass X.real and X.imag as columns."
        )
    if what:
        raise ValueError(f"X must hold real numbers, got an array of {what} (dtype {array.dtype}). {_REMEDY}")


def _is_column(values: Any) -> bool:
    """Tell whether a name stands for one column; duplicated names stand for several."""
    return getattr(values, "ndim", 1) == 1


def check_features(estimator: BaseEstimator, X: Any, **options: Any) -> Any:
    """Return X of shape (n, d) as float32 or float64, an ndarray or CSR; check its column names."""
    _check_real_numbers(X)
    return validate_data(estimator, X, dtype=(np.float64, np.float32), accept_sparse="csr", **options)


def check_training_data(
    estimator: BaseEstimator, X: Any, y: Any, *, reset: bool, min_samples: int
) -> tuple[Any, Any]:
    """Return X, as ``check_features`` does, and y as an array (n,) or an indicator (n, k)."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None. Pass one label a row."
        )
    X = check_features(estimator, X, reset=reset, ensure_min_samples=min_samples)
    y = _check_labels(y)
    check_consistent_length(X, y)
    return X, y


def _check_labels(y: Any) -> np.ndarray:
    """Return y as labels (n,), or as a dense indicator (n, k) of 0 and 1."""
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
    check_classification_targets(y)
    if kind == "multilabel-indicator" and not np.isin(y, (0, 1)).all():
        raise ValueError(f"A multilabel indicator y must hold 0 and 1, got {np.unique(y).tolist()}.")
    return y


def _check_label_kinds(y: Any) -> None:
    """Refuse missing labels and labels that cannot be ordered, naming the first row of each."""
    if isinstance(y, (list, tuple)) and any(np.ndim(label) for label in y):
        return  # rows of labels: an indicator, or an error that type_of_target explains
    labels = np.empty(len(y), dtype=object) if isinstance(y, (list, tuple)) else np.asarray(y)
    if isinstance(y, (list, tuple)):
        labels[:] = y
    if labels.ndim == 0:
        raise ValueError(f"y should be a 1d array of labels, got a scalar, {y!r}. Pass one label a row.")
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
    if labels.dtype.kind == "O":
        is_text = [isinstance(label, str) for label in labels.ravel()]
        if any(is_text) and not all(is_text):
            rows = is_text.index(True), is_text.index(False)
            raise ValueError(
                f"Unknown label type: y mixes text, {labels.ravel()[rows[0]]!r} in row {rows[0]}, with "
                f"{type(labels.ravel()[rows[1]]).__name__}, {labels.ravel()[rows[1]]!r} in row {rows[1]}. "
                "Make all labels of one type, for example with y.astype(str)."
            )


class Targets(NamedTuple):
    """What y says: the sorted classes, and targets in the form that the loss encodes.

    ``encoded`` is class codes (n,) for softmax outputs; 0 and 1, shape (n, k), for sigmoid ones.
    """

    classes: np.ndarray
    encoded: np.ndarray
    multilabel: bool

    @property
    def codes(self) -> np.ndarray:
        """The place of each label in ``classes``, shape (n,). Not for multilabel targets."""
        return self.encoded.ravel() if self.encoded.ndim == 2 else self.encoded

    @property
    def n_outputs(self) -> int:
        """The number of output units, k."""
        return self.encoded.shape[1] if self.encoded.ndim == 2 else len(self.classes)

    def prior(self, s: np.ndarray | None) -> np.ndarray:
        """Return the weighted share of each class or label, shape (k,), never 0 and for sigmoids never 1."""
        epsilon = np.finfo(np.float64).eps
        if self.encoded.ndim == 2:
            return np.clip(np.average(self.encoded, axis=0, weights=s), epsilon, 1 - epsilon)
        counts = np.bincount(self.codes, weights=s, minlength=len(self.classes))
        return np.maximum(counts / counts.sum(), epsilon)


def encode_targets(y: np.ndarray, classes: np.ndarray | None = None, *, all_present: bool = False) -> Targets:
    """Return the targets of checked labels y.

    With `classes` given, a label that is not among them is an error; with `all_present`, so is a
    class without a label.
    """
    if y.ndim == 2:
        found = np.arange(y.shape[1])
        if classes is not None and not np.array_equal(found, classes):
            raise ValueError(
                f"y has {y.shape[1]} label columns, but the network was fitted on classes {_listed(classes)}. "
                "Pass the same kind of targets, or fit anew without warm_start."
            )
        return Targets(found, y.astype(np.uint8), True)
    found, codes = np.unique(y, return_inverse=True)
    if classes is None:
        classes = found
    else:
        codes = _codes_among(found, classes, all_present)[codes]
    encoded = codes.astype(np.uint8)[:, None] if len(classes) == 2 else codes.astype(np.intp)
    return Targets(classes, encoded, False)


def _codes_among(found: np.ndarray, classes: np.ndarray, all_present: bool) -> np.ndarray:
    """Return the place in `classes` of each label found."""
    known = {label: code for code, label in enumerate(classes.tolist())}
    unknown = [label for label in found.tolist() if label not in known]
    if unknown or (all_present and len(found) < len(classes)):
        wrong = f"labels {_listed(unknown)} are new" if unknown else "some classes have no row"
        raise ValueError(
            f"y does not fit the classes of this network, {_listed(classes)}: {wrong}. Name all classes in the "
            "first partial_fit, or fit anew without warm_start."
        )
    return np.array([known[label] for label in found.tolist()], dtype=np.intp)


def _listed(labels: Any) -> str:
    """Return labels for a message, at most eight of them."""
    labels = list(labels)
    return "[" + ", ".join(str(label) for label in labels[:8]) + (", …]" if len(labels) > 8 else "]")


def check_classes(estimator: BaseEstimator, classes: Any, y: np.ndarray) -> np.ndarray | None:
    """Return the classes that the first ``partial_fit`` names, or those known from before."""
    if y.ndim == 2:
        return getattr(estimator, "classes_", None)
    _check_partial_fit_first_call(estimator, classes)
    return estimator.classes_


def check_weights(
    sample_weight: Any, class_weight: Any, X: Any, targets: Targets, *, partial: bool = False
) -> np.ndarray | None:
    """Return the weight of each example, shape (n,), dtype of X; None when all are 1."""
    if sample_weight is None and class_weight is None:
        return None
    s = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
    if class_weight is not None:
        s = s * _class_weights(class_weight, targets, s, partial)[targets.codes].astype(X.dtype)
    if not s.any():
        raise ValueError(
            "sample_weight is zero for every row (after class_weight, if given): there is nothing to learn "
            "from. Give at least one row a positive weight."
        )
    with np.errstate(over="ignore"):
        total = s.sum(dtype=np.float64)
    if not np.isfinite(total):
        raise ValueError("sample_weight times class_weight overflows: divide the weights by their mean.")
    return s


def _class_weights(class_weight: Any, targets: Targets, s: np.ndarray, partial: bool) -> np.ndarray:
    """Return the weight of each class, shape (n_classes,)."""
    classes, codes = targets.classes, targets.codes
    if targets.multilabel:
        raise ValueError(
            f"class_weight={class_weight!r} needs one label a row, but y is a multilabel indicator. Use "
            "sample_weight instead."
        )
    if isinstance(class_weight, str):
        if partial:
            raise ValueError(
                "class_weight='balanced' cannot be known from part of the data: for partial_fit pass "
                "a dict of weights (see sklearn.utils.class_weight.compute_class_weight)."
            )
        present = np.unique(codes[s > 0])
        weights = np.ones(len(classes))
        if len(present):
            weights[present] = compute_class_weight(
                "balanced", classes=present, y=codes[s > 0], sample_weight=s[s > 0]
            )
        return weights
    unknown = [label for label in class_weight if label not in classes.tolist()]
    if unknown:
        raise ValueError(
            f"class_weight names labels that are not in y: {_listed(unknown)}. The classes are {_listed(classes)}."
        )
    wrong = {label: w for label, w in class_weight.items() if not (isinstance(w, Real) and 0 <= float(w) < np.inf)}
    if wrong:
        raise ValueError(f"class_weight must map labels to finite weights >= 0, got {wrong}.")
    return np.array([class_weight.get(label, 1.0) for label in classes.tolist()], dtype=np.float64)
