"""A fitted network as attributes of an estimator, and back: plain arrays, numbers and dicts of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sk_shallow._moments import Moments
from sk_shallow._outcome import Network, Record
from sk_shallow._parameters import Parameters
from sk_shallow._penalty import Progress
from sk_shallow._recipe import Recipe
from sk_shallow._scaling import Far
from sk_shallow._solvers import Past, StopReason
from sk_shallow._targets import Targets


def network_attributes(
    estimator: Any, parameters: Parameters, far: Far | None, targets: Targets
) -> dict[str, Any]:
    """Return the attributes that an estimator needs to predict."""
    W1, b1, W2, b2 = parameters
    return {
        "classes_": targets.outputs.classes,
        "hidden_coef_": W1,
        "hidden_intercept_": b1,
        "output_coef_": W2,
        "output_intercept_": b2,
        "_outputs": targets.kind,
        "_fitted_activation": estimator.activation,
        "_far": _as_dict(far),
    }


def attributes_of(
    estimator: Any, network: Network, record: Record, recipe: Recipe, targets: Targets
) -> dict[str, Any]:
    """Return the attributes that a fit leaves."""
    losses, penalties = record.losses, record.penalties
    if recipe.one_pass:
        losses = getattr(estimator, "loss_curve_", [])[:-1] + losses
        penalties = getattr(estimator, "l2_regularization_curve_", [])[:-1] + penalties
    return network_attributes(estimator, network.parameters, network.far, targets) | {
        "n_iter_": len(losses) - 1,
        "loss_": record.loss,
        "loss_curve_": losses,
        "validation_curve_": record.validation,
        "init_losses_": np.array(record.init_losses or (record.loss,)),
        "learning_rate_": record.learning_rate,
        "l2_regularization_": record.l2_regularization,
        "l2_regularization_curve_": penalties,
        "grad_norm_": record.grad_norm,
        "converged_": record.reason is StopReason.CONVERGED,
        "stop_reason_": record.reason.value,
        "_moments": _as_dict(network.moments),
        "_seen": network.seen,
        "_reference": network.reference,
        "_progress": _as_dict(network.progress),
        "_solver_memory": {"solver": estimator.solver, **(network.memory or {})},
        "_scored": estimator.scoring is not None,
        "_theta": network.theta,
        "_past": _as_dict(network.past),
    }


#: What a fit leaves besides attributes whose names end with "_".
_INTERNAL = (
    "_outputs",
    "_fitted_activation",
    "_far",
    "_moments",
    "_seen",
    "_reference",
    "_progress",
    "_solver_memory",
    "_scored",
    "_theta",
    "_past",
    "_held_out_seed",
)


def of_fit(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that a fit has left."""
    return {name: value for name, value in attributes.items() if name.endswith("_") or name in _INTERNAL}


def without_fit(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes that are not of a fit: parameters, and what an estimator was told besides."""
    return {name: value for name, value in attributes.items() if not name.endswith("_") and name not in _INTERNAL}


def _as_dict(values: Any) -> dict[str, Any] | None:
    return None if values is None else values._asdict()


def network_of(estimator: Any, y: np.ndarray) -> Network:
    """Return the fitted network to go on from; check that the parameters and targets can."""
    width = estimator.hidden_coef_.shape[0]
    if width > estimator.hidden_width:
        raise ValueError(
            f"hidden_width={estimator.hidden_width} is less than the fitted network's {width} units, and a "
            "network can only grow. Set it back to go on, or fit a new network (clone, or warm_start=False)."
        )
    multilabel = estimator._output_kind().multilabel
    if (y.ndim == 2) != multilabel:
        before, now = ("a multilabel indicator", "one label a row")[:: 1 if multilabel else -1]
        raise ValueError(f"y is {now}, but the network was fitted on {before}. Fit a new network for it.")
    kept = estimator._solver_memory if isinstance(estimator._solver_memory, dict) else {}
    memory = {name: value for name, value in kept.items() if name != "solver"}
    return Network(
        estimator._parameters,
        None if estimator._far is None else Far(**estimator._far),
        None if estimator._moments is None else Moments(**estimator._moments),
        estimator._seen,
        memory if kept.get("solver") == estimator.solver else None,
        estimator._reference,
        None if estimator._progress is None else Progress(**estimator._progress),
        estimator._theta,
        None if estimator._past is None else Past(**estimator._past),
    )
