"""Estimators that an earlier form of version 0.1.0 pickled, brought to today's attributes."""

from typing import Any

import numpy as np

from sk_shallow._scaling import Moments
from sk_shallow._targets import kind_of


def upgraded(state: dict[str, Any]) -> dict[str, Any]:
    """Return the attributes of an unpickled estimator as this version has them.

    Predictions are the same. A momentum or moments kept for ``warm_start`` are forgotten.
    """
    if "_multilabel" not in state:
        return state
    state = dict(state)
    scaler = state.pop("_scaler")
    kind = kind_of(state["classes_"], state.pop("_multilabel"))
    moments = None if scaler is None else _moments_of(scaler)
    return state | {"_outputs": kind, "_far": None, "_moments": moments, "_seen": None, "_solver_memory": {}}


def _moments_of(scaler: Any) -> dict[str, Any]:
    """Return what a StandardScaler has seen; of the range of a column it knows no more than the spread."""
    spread, weight = np.sqrt(scaler.var_), float(np.max(scaler.n_samples_seen_))
    low, high = scaler.mean_ - spread, scaler.mean_ + spread
    return Moments(weight, scaler.mean_, scaler.var_, low, high, np.zeros(len(low), dtype=int))._asdict()
