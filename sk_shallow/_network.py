"""The network of EQUATIONS.md, as it stands in a textbook.

Pure functions on arrays of any namespace that follows the array API standard: NumPy, JAX, CuPy,
array-api-strict. The fast path in ``_objective.py`` computes the same numbers; a test holds the
two equal. Notation: X (n, d), W1 (h, d), b1 (h,), W2 (k, h), b2 (k,), Y (n, k), s (n,).
"""

from typing import Any, NamedTuple

from sk_shallow._activations import Activation, _namespace
from sk_shallow._losses import Loss
from sk_shallow._parameters import Parameters

Array = Any


class Layers(NamedTuple):
    """What forward propagation computes: Z1, A1 (n, h) and Z2, A2 (n, k)."""

    Z1: Array
    A1: Array
    Z2: Array
    A2: Array


def forward(X: Array, parameters: Parameters, activation: Activation, loss: Loss) -> Layers:
    """Propagate examples X (n, d) through the network."""
    W1, b1, W2, b2 = parameters
    Z1 = X @ W1.T + b1
    A1 = activation.value(Z1)
    Z2 = A1 @ W2.T + b2
    A2 = loss.activation(Z2)
    return Layers(Z1, A1, Z2, A2)


def cost(
    layers: Layers, Y: Array, s: Array, parameters: Parameters, loss: Loss, l2_regularization: float
) -> Array:
    """J = 1/S { Σᵢ sᵢ L(a2ᵢ, yᵢ) + λ/2 (‖W1‖² + ‖W2‖²) }, S = Σᵢ sᵢ, computed from Z2."""
    xp = _namespace(layers.Z2)
    W1, _, W2, _ = parameters
    penalty = l2_regularization / 2 * (xp.sum(W1**2) + xp.sum(W2**2))
    return (xp.sum(s * loss.value(layers.Z2, Y)) + penalty) / xp.sum(s)


def backward(
    layers: Layers,
    X: Array,
    Y: Array,
    s: Array,
    parameters: Parameters,
    activation: Activation,
    loss: Loss,
    l2_regularization: float,
) -> Parameters:
    """∇J by the chain rule, from the output layer back to the hidden one."""
    xp = _namespace(layers.Z2)
    W1, _, W2, _ = parameters
    S = xp.sum(s)
    dZ2 = (s / S)[:, None] * loss.gradient(layers.Z2, Y)
    dW2 = dZ2.T @ layers.A1 + l2_regularization / S * W2
    db2 = xp.sum(dZ2, axis=0)
    dZ1 = (dZ2 @ W2) * activation.derivative(layers.Z1)
    dW1 = dZ1.T @ X + l2_regularization / S * W1
    db1 = xp.sum(dZ1, axis=0)
    return Parameters(dW1, db1, dW2, db2)
