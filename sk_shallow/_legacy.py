"""Estimators that earlier forms of version 0.1.0 pickled, brought to today's attributes."""

from typing import Any

import numpy as np

from sk_shallow._moments import Moments
from sk_shallow._targets import kind_of

#: Parameters that came later.
_LATER = {
    "n_init": 1,
    "early_stopping": False,
    "validation_fraction": 0.1,
    "n_iter_no_change": 10,
    "scoring": None,
}
#: What a fit has left since.
_LATER_LEFT = {"validation_curve_": None, "_scored": False, "_theta": None, "_past": None}


def upgraded(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of an unpickled estimator as this version has them.

    Predictions are the same. A momentum or moments kept for ``warm_start`` are forgotten, and a continued
    fit measures `tol` by its own first gradient.
    """
    if "solver" in state:
        state = {**_LATER, **state}
    if "hidden_coef_" in state:
        state = {**_LATER_LEFT, **state}
    if "_progress" in state:
        return state
    state = _of_moments(state) if "_multilabel" in state else dict(state)
    if state.get("learning_rate", "auto") is None:
        state["learning_rate"] = "auto"
    if "hidden_coef_" not in state:
        return state
    if state["_moments"] is not None:
        state["_moments"] = {"filled": np.ones(len(state["_moments"]["mean"])), **state["_moments"]}
    rate = None if state["learning_rate"] == "auto" else state["learning_rate"]
    state |= {"learning_rate_": rate, "l2_regularization_": float(state["l2_regularization"])}
    return state | {"_reference": None, "_progress": None, "_solver_memory": {}}


def _of_moments(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of a form that kept a StandardScaler, as a later one had them."""
    state = dict(state)
    scaler = state.pop("_scaler")
    kind = kind_of(state["classes_"], state.pop("_multilabel"))
    moments = None if scaler is None else _moments_of(scaler)
    return state | {"_outputs": kind, "_far": None, "_moments": moments, "_seen": None}


def _moments_of(scaler: Any) -> dict[str, Any]:
    """Return what a StandardScaler has seen; the range of a column it does not know."""
    spread, weight = np.sqrt(scaler.var_), float(np.max(scaler.n_samples_seen_))
    low, high, whole = scaler.mean_ - 2 * spread, scaler.mean_ + 2 * spread, np.ones(len(spread))
    return Moments(weight, scaler.mean_, scaler.var_, low, high, np.zeros(len(low), dtype=int), whole)._asdict()
