"""The network of the equations as it stands in a textbook: forward, cost, backward.

Pure functions on arrays of any namespace that follows the array API standard: NumPy, JAX, CuPy,
array-api-strict. ``fit`` computes the same numbers faster; a test holds the two equal.

Notation, here and in the docs: X (n, d) holds one example a row, W1 (h, d), b1 (h,), W2 (k, h) and b2 (k,)
are the parameters, Y (n, k) holds 0 and 1 (one-hot for softmax), s (n,) the weights of the examples.
"""

from typing import NamedTuple

from sk_shallow._activations import Activation, get_activation
from sk_shallow._array_api import Array, namespace
from sk_shallow._losses import LOSSES
from sk_shallow._parameters import Parameters

__all__ = ["Layers", "Parameters", "backward", "cost", "forward"]


class Layers(NamedTuple):
    """What forward propagation computes.

    Attributes
    ----------
    Z1, A1 : array of shape (n, h)
        Inputs and outputs of the hidden units.
    Z2, A2 : array of shape (n, k)
        Raw outputs, and probabilities.
    """

    Z1: Array
    A1: Array
    Z2: Array
    A2: Array


def forward(X: Array, parameters: Parameters, *, activation: str | Activation, output: str) -> Layers:
    """Propagate examples through the network.

    Parameters
    ----------
    X : array of shape (n, d)
        Examples.
    parameters : Parameters
        W1, b1, W2, b2.
    activation : str or Activation
        g1, by name or as an :class:`~sk_shallow.Activation`.
    output : {"sigmoid", "softmax"}
        g2.

    Returns
    -------
    layers : Layers
        Z1 = X W1ᵀ + b1, A1 = g1(Z1), Z2 = A1 W2ᵀ + b2, A2 = g2(Z2).

    Examples
    --------
    >>> import numpy as np
    >>> from sk_shallow import textbook
    >>> parameters = textbook.Parameters(np.eye(2), np.zeros(2), np.ones((1, 2)), np.zeros(1))
    >>> textbook.forward(np.array([[1.0, -1.0]]), parameters, activation="tanh", output="sigmoid").A2
    array([[0.5]])
    """
    W1, b1, W2, b2 = parameters
    Z1 = X @ W1.T + b1
    A1 = get_activation(activation).value(Z1)
    Z2 = A1 @ W2.T + b2
    A2 = LOSSES[output].activation(Z2)
    return Layers(Z1, A1, Z2, A2)


def cost(
    layers: Layers, Y: Array, s: Array, parameters: Parameters, *, output: str, l2_regularization: float = 0.0
) -> Array:
    """Return J = 1/S { Σᵢ sᵢ L(a2ᵢ, yᵢ) + λ/2 (‖W1‖² + ‖W2‖²) }, S = Σᵢ sᵢ, computed from Z2.

    Parameters
    ----------
    layers : Layers
        Of ``forward``.
    Y : array of shape (n, k)
        Targets of 0 and 1.
    s : array of shape (n,)
        Weights of the examples.
    parameters : Parameters
        W1, b1, W2, b2.
    output : {"sigmoid", "softmax"}
        g2, and with it the cross-entropy L.
    l2_regularization : float, default=0.0
        λ.

    Returns
    -------
    J : array of shape ()
        The cost.
    """
    xp = namespace(layers.Z2)
    W1, _, W2, _ = parameters
    penalty = l2_regularization / 2 * (xp.sum(W1**2) + xp.sum(W2**2))
    return (xp.sum(s * LOSSES[output].value(layers.Z2, Y)) + penalty) / xp.sum(s)


def backward(
    layers: Layers,
    X: Array,
    Y: Array,
    s: Array,
    parameters: Parameters,
    *,
    activation: str | Activation,
    output: str,
    l2_regularization: float = 0.0,
) -> Parameters:
    """Return ∇J by the chain rule, from the output layer back to the hidden one.

    Parameters
    ----------
    layers : Layers
        Of ``forward``.
    X, Y, s, parameters, activation, output, l2_regularization
        As in ``forward`` and ``cost``.

    Returns
    -------
    gradient : Parameters
        dW1, db1, dW2, db2, in the shapes of the parameters.
    """
    xp = namespace(layers.Z2)
    W1, _, W2, _ = parameters
    S = xp.sum(s)
    dZ2 = (s / S)[:, None] * LOSSES[output].gradient(layers.Z2, Y)
    dW2 = dZ2.T @ layers.A1 + l2_regularization / S * W2
    db2 = xp.sum(dZ2, axis=0)
    dZ1 = (dZ2 @ W2) * get_activation(activation).derivative(layers.Z1)
    dW1 = dZ1.T @ X + l2_regularization / S * W1
    db1 = xp.sum(dZ1, axis=0)
    return Parameters(dW1, db1, dW2, db2)
