"""Checks of inputs and parameters. The only home of private scikit-learn imports.

Every error says which argument was wrong, what it held, and what to do about it. A check changes no
estimator: what it learns of the columns comes back as a value.
"""

import warnings
from collections.abc import Callable, Iterator
from contextvars import copy_context
from copy import copy
from functools import wraps
from numbers import Integral, Real
from typing import Any, TypeVar, cast

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.base import BaseEstimator, _fit_context
from sklearn.metrics import get_scorer_names
from sklearn.metrics._scorer import _MultimetricScorer
from sklearn.model_selection._validation import _insert_error_scores, _score
from sklearn.utils import _safe_indexing
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import _safe_split
from sklearn.utils.validation import _check_method_params, _check_sample_weight, validate_data

from sk_shallow._activations import ACTIVATIONS, Activation
from sk_shallow._solvers import SOLVERS

__all__ = [
    "CALLBACKS",
    "CALLBACKS_IN_FIT",
    "PARAMETER_CONSTRAINTS",
    "as_array",
    "check_features",
    "check_method_params",
    "check_new_rows",
    "check_sample_weight",
    "check_settings",
    "check_training_features",
    "fit_context",
    "insert_error_scores",
    "leaving_no_trace",
    "safe_indexing",
    "safe_split",
    "score_of",
    "scorers_of",
    "search_context",
    "without_early_stopping",
]

#: scikit-learn's decorator of ``fit``: parameter checks, and callbacks where it has them.
fit_context = _fit_context(prefer_skip_nested_validation=True)
#: The same for a search: what is called within, metrics of the user's too, has its parameters checked.
search_context = _fit_context(prefer_skip_nested_validation=False)

#: Where scikit-learn keeps the callbacks of an estimator; what it has while it is being fitted, and no copy of it.
CALLBACKS, CALLBACKS_IN_FIT = (
    "_skl_callbacks",
    ("_callback_fit_ctx", "_skl_callbacks_to_teardown", "_parent_callback_ctx"),
)

#: What GridSearchCV does with a fold: takes rows, and the parts of parameters that are for rows; scores.
safe_split, check_method_params, score_of = _safe_split, _check_method_params, _score
#: Takes some rows of whatever holds rows.
safe_indexing = _safe_indexing
#: Puts the error score into the results of fits that failed, where a callable has told the names of scores.
insert_error_scores = _insert_error_scores

#: What each parameter of ``ShallowNetClassifier`` may be, in scikit-learn's own terms.
PARAMETER_CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_width": [Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(set(ACTIVATIONS)), Activation],
    "solver": [StrOptions(set(SOLVERS))],
    "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, np.inf, closed="neither")],
    "momentum": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="left")],
    "batch_size": [None, Interval(Integral, 1, None, closed="left")],
    "l2_regularization": [StrOptions({"auto"}), Interval(Real, 0, np.inf, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "tol": [Interval(Real, 0, np.inf, closed="left")],
    "standardize": ["boolean"],
    "class_weight": [None, dict, StrOptions({"balanced"})],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
    "scoring": [None, StrOptions(set(get_scorer_names())), callable],
    "n_init": [Interval(Integral, 1, None, closed="left")],
    "warm_start": ["boolean"],
    "random_state": ["random_state"],
}


def scorers_of(scorer: Any) -> dict[str, Any] | None:
    """Return several scorers by name, None for one."""
    return scorer._scorers if isinstance(scorer, _MultimetricScorer) else None


Check = TypeVar("Check", bound=Callable[..., Any])


def leaving_no_trace(check: Check) -> Check:
    """Let a check, or what begins with one, leave NumPy's error state and the warning filters as they were.

    scikit-learn's checks change both for a while. They run in a copy of the context, which confines the
    error state, there "ignore" for all; and where Ctrl-C cuts a ``catch_warnings`` short on its way in,
    the filters are put back.
    """

    def quiet_check(*arguments: Any, **options: Any) -> Any:
        np.seterr(all="ignore")  # sums of the largest numbers overflow in the check for infinity
        return check(*arguments, **options)

    @wraps(check)
    def checked(*arguments: Any, **options: Any) -> Any:
        filters = warnings.filters
        try:
            return copy_context().run(quiet_check, *arguments, **options)
        except BaseException:
            warnings.filters = filters
            raise

    return cast("Check", checked)


#: The dtypes of X; others are brought into the first.
_FLOATS = (np.float64, np.float32)
#: So many numbers of new rows are few.
_FEW_NUMBERS = 2**12
_KINDS = {"c": "complex numbers", "S": "bytes", "U": "strings", "M": "dates", "m": "time differences"}
_KINDS |= {"T": "strings", "V": "records"}
_INFERRED = {
    "string": "strings",
    "bytes": "bytes",
    "complex": "complex numbers",
    "date": "dates",
    "datetime": "dates",
    "datetime64": "dates",
    "timedelta": "time differences",
    "timedelta64": "time differences",
    "period": "dates",
    "categorical": "categories",
}
_REAL = {"floating", "integer", "mixed-integer-float", "decimal", "boolean", "empty"}
_REMEDY = (
    "Turn text and categories into numbers first, for example with OneHotEncoder or TargetEncoder in a "
    "ColumnTransformer, and dates into differences from a reference date."
)
#: The values of the settings that only some solvers use, when they are not set.
_UNSET: dict[str, tuple[Any, ...]] = {
    "learning_rate": ("auto",),
    "momentum": ("auto", 0.0),
    "batch_size": (None,),
}
#: The values of settings that have no use without early stopping, when they are not set. `n_iter_no_change` is let
#: be: scikit-learn's own checks set it.
_WITHOUT_EARLY_STOPPING: dict[str, Any] = {"validation_fraction": 0.1, "scoring": None}


def without_early_stopping(estimator: Any) -> Any:
    """Return the estimator, set to hold no rows out."""
    return estimator.set_params(early_stopping=False, **_WITHOUT_EARLY_STOPPING)


def check_settings(estimator: Any) -> None:
    """Refuse a setting that the estimator has no use for, by its solver or without early stopping."""
    solver = estimator.solver
    for name, default in {} if estimator.early_stopping else _WITHOUT_EARLY_STOPPING.items():
        value = getattr(estimator, name)
        if value != default:
            raise ValueError(
                f"{name}={value!r} has no use with early_stopping=False: set that to True, or {name}={default!r}."
            )
    for name, unset in _UNSET.items():
        value = getattr(estimator, name)
        if value not in unset and name not in SOLVERS[solver].uses:
            others = [repr(other) for other, found in SOLVERS.items() if name in found.uses]
            raise ValueError(
                f"{name}={value!r} does not go with solver={solver!r}, which has no use for it: set "
                f"{name}={unset[0]!r}, or solver to {' or '.join(others)}."
            )


def _not_numbers(values: Any) -> str | None:
    """Say what an array or column holds when it is not real numbers, else None."""
    dtype = np.asarray(values[:0]).dtype
    if dtype.kind != "O":
        return _KINDS.get(dtype.kind)
    objects = np.asarray(values, dtype=object)
    inferred = pd.api.types.infer_dtype(objects.ravel(), skipna=True)
    if inferred in _REAL:
        return None
    return _INFERRED.get(inferred) or _first_that_is_none(objects)


def _first_that_is_none(objects: np.ndarray) -> str | None:
    """Name the first object that is no real number, and where it stands; None if there is none."""
    for place, value in np.ndenumerate(objects):
        if value is not None and not hasattr(value, "__float__"):
            kinds = {complex: "complex numbers", str: "objects with text among them"}
            kind = kinds.get(type(value), "objects that are no numbers")
            where = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column", "axis 2"), place, strict=False))
            return f"{kind}, first {value!r} in {where}"
    return None


def _check_real_numbers(X: Any) -> None:
    """Refuse what numpy would turn into numbers silently, or with an unclear error."""
    if sp.issparse(X) or (isinstance(X, np.ndarray) and X.dtype.kind in "fiub"):
        return
    if hasattr(X, "columns") and hasattr(X, "dtypes"):
        _check_columns(X)
    elif X is None or isinstance(X, (dict, set, Iterator)):
        what = "None" if X is None else f"a {type(X).__name__}"
        raise ValueError(f"Expected 2D array, got scalar array instead: X is {what}. Pass rows of numbers.")
    elif isinstance(X, str):
        raise ValueError(
            f"Expected 2D array, got scalar array instead: X is the string {X!r}. Pass rows of numbers; a file is "
            "read first, for example with pandas.read_csv."
        )
    elif isinstance(X, (np.ndarray, list, tuple)):
        _check_numbers(X, "X", _REMEDY)


def _check_columns(X: Any) -> None:
    """Refuse a DataFrame with columns that are not numbers."""
    if all(_is_numeric(dtype) for dtype in set(X.dtypes)):
        return
    found = {str(name): _not_numbers(X[name]) for name in dict.fromkeys(X.columns) if _is_column(X[name])}
    wrong = {name: what for name, what in found.items() if what}
    if wrong:
        columns = ", ".join(f"{name!r} ({what})" for name, what in list(wrong.items())[:5])
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise ValueError(f"X must hold real numbers, but has columns that do not: {columns}{more}. {_REMEDY}")


def _is_numeric(dtype: Any) -> bool:
    """Tell whether a dtype of NumPy, pandas or polars is one of real numbers."""
    kind = getattr(dtype, "kind", None)
    return kind in set("fiub") if isinstance(kind, str) else bool(getattr(dtype, "is_numeric", bool)())


def _is_column(values: Any) -> bool:
    """Tell whether a name stands for one column; duplicated names stand for several."""
    return getattr(values, "ndim", 1) == 1


def as_array(values: Any, name: str, remedy: str) -> np.ndarray:
    """Return values as an array of whatever dtype; refuse rows of unequal length."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        lengths = [len(row) if np.ndim(row) or hasattr(row, "__len__") else 1 for row in values]
        row = next((i for i, length in enumerate(lengths) if length != lengths[0]), 0)
        raise ValueError(
            f"{name} is ragged, an inhomogeneous sequence: row {row} holds {lengths[row]} values, row 0 holds "
            f"{lengths[0]}. {remedy}"
        ) from error
    return array


def _check_numbers(values: Any, name: str, remedy: str) -> None:
    """Refuse an array or a list that does not hold real numbers."""
    array = as_array(values, name, "Give every row one value a column.")
    what = _not_numbers(array)
    if what is None:
        return
    if what.startswith("complex numbers"):
        remedy = "Pass X.real and X.imag as columns." if name == "X" else remedy
        raise ValueError(f"Complex data not supported: {name} must hold real numbers, got {what}. {remedy}")
    message = f"{name} must hold real numbers, got an array of {what} (dtype {array.dtype}). {remedy}"
    if what.startswith("objects that are no numbers"):
        # scikit-learn's checks look for Python's own words.
        raise TypeError(f"{message} (float() argument must be a string or a real number.)")
    raise ValueError(message)


def check_features(estimator: BaseEstimator, X: Any, **options: Any) -> Any:
    """Return X of shape (n, d) as float32 or float64, an ndarray or CSR; check its column names."""
    _check_real_numbers(X)
    options |= {"dtype": _FLOATS, "accept_sparse": "csr"}
    X = validate_data(estimator, X, **options)
    return _without_duplicates(X) if sp.issparse(X) else X


def check_new_rows(estimator: BaseEstimator, X: Any) -> Any:
    """Return rows for a fitted estimator as ``check_features`` does.

    A few rows of an array are soon seen to have nothing wrong with them: scikit-learn's check takes longer than
    their prediction.
    """
    is_plain = type(X) is np.ndarray and X.ndim == 2 and 0 < X.size <= _FEW_NUMBERS and X.dtype in _FLOATS
    fits = is_plain and X.shape[1] == estimator.n_features_in_ and not hasattr(estimator, "feature_names_in_")
    return X if fits and np.isfinite(X).all() else check_features(estimator, X, reset=False)


def _without_duplicates(X: Any) -> Any:
    """Return a CSR X with every entry stored once: one stored as two halves has a square of its own."""
    if X.has_canonical_format:
        return X
    X = X.copy()
    X.sum_duplicates()
    return X


@leaving_no_trace
def check_training_features(
    estimator: BaseEstimator, X: Any, *, reset: bool, min_samples: int
) -> tuple[Any, dict[str, Any]]:
    """Return X as ``check_features`` does, and the attributes that describe its columns.

    The estimator is left as it is: scikit-learn's check writes to a stand-in.
    """
    stand_in = copy(estimator)
    X = check_features(stand_in, X, reset=reset, ensure_min_samples=min_samples)
    names = ("n_features_in_", "feature_names_in_")
    return X, {name: vars(stand_in)[name] for name in names if name in vars(stand_in)}


@leaving_no_trace
def check_sample_weight(sample_weight: Any, X: Any) -> np.ndarray | None:
    """Return sample_weight as float64, shape (n,), or None."""
    if sample_weight is None:
        return None
    remedy = "Pass one weight >= 0 a row, as an array of n numbers."
    if isinstance(sample_weight, str):
        raise ValueError(
            f"sample_weight must hold real numbers, got the string {sample_weight!r}. {remedy} For class weights "
            "such as 'balanced', set class_weight."
        )
    if isinstance(sample_weight, dict):
        raise ValueError(f"sample_weight is a dict. {remedy} For weights of classes, set class_weight.")
    if isinstance(sample_weight, complex):
        raise ValueError(f"Complex data not supported: sample_weight is {sample_weight!r}. {remedy}")
    if not isinstance(sample_weight, Real):
        _check_numbers(sample_weight, "sample_weight", remedy)
    try:
        return _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    except ValueError as error:
        raise ValueError(f"{error} {remedy}") from None


def check_matplotlib(caller: str) -> None:
    """Refuse to draw without matplotlib, and say how to get it."""
    check_matplotlib_support(caller)
