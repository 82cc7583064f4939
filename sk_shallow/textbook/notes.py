"""Document 000, handwritten notes: examples are columns, activations are any, and sums run over axis 1.

X (n0, m) holds one example a column, y (n2, m) its targets. W1 (n1, n0), b1 (n1, 1), W2 (n2, n1) and b2 (n2, 1)
are the parameters; g1 is any hidden activation, g2 the sigmoid or the softmax.

The notes go three times over the same ground, and so does this page: the logistic regression that they recall
(``logistic``, ``logistic_gradients``), one example (``backward_one``), all m at once (``backward``).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sk_shallow._activations import Activation, get_activation, sigmoid
from sk_shallow._losses import LOSSES
from sk_shallow._parameters import Parameters

__all__ = [
    "Gradients",
    "Layers",
    "backward",
    "backward_one",
    "columns",
    "cost",
    "forward",
    "gradient_descent",
    "logistic",
    "logistic_gradients",
    "output_derivative",
    "rows",
]


class Layers(NamedTuple):
    """What forward propagation computes.

    Attributes
    ----------
    Z1, A1 : ndarray of shape (n1, m)
    Z2, A2 : ndarray of shape (n2, m)
    """

    Z1: np.ndarray
    A1: np.ndarray
    Z2: np.ndarray
    A2: np.ndarray


class Gradients(NamedTuple):
    """What backward propagation computes, in the order in which it does.

    Attributes
    ----------
    dZ2 : ndarray of shape (n2, m)
    dW2, db2 : ndarrays of the shapes of W2 and b2
    dZ1 : ndarray of shape (n1, m)
    dW1, db1 : ndarrays of the shapes of W1 and b1
    """

    dZ2: np.ndarray
    dW2: np.ndarray
    db2: np.ndarray
    dZ1: np.ndarray
    dW1: np.ndarray
    db1: np.ndarray


def columns(parameters: Parameters) -> Parameters:
    """Return W1, b1, W2, b2 with each bias as a column, from those of a network with examples as rows.

    Parameters
    ----------
    parameters : Parameters
        b1 (n1,) and b2 (n2,).

    Returns
    -------
    parameters : Parameters
        b1 (n1, 1) and b2 (n2, 1).
    """
    W1, b1, W2, b2 = parameters
    return Parameters(W1, b1[:, None], W2, b2[:, None])


def rows(gradients: Gradients) -> Parameters:
    """Return dW1, db1, dW2, db2 in the shapes of a network with examples as rows.

    Parameters
    ----------
    gradients : Gradients

    Returns
    -------
    gradient : Parameters
        db1 (n1,) and db2 (n2,).
    """
    return Parameters(gradients.dW1, gradients.db1[:, 0], gradients.dW2, gradients.db2[:, 0])


def logistic(x: np.ndarray, w: np.ndarray, b: float) -> tuple[float, float]:
    """Return z and a of logistic regression: x, w, b → z = wᵀx + b → a = σ(z) → L(a, y).

    Parameters
    ----------
    x, w : ndarray of shape (n0,)
    b : float

    Returns
    -------
    z, a : float

    Notes
    -----
    000, "Rewind about computing gradients for logistic regression".
    """
    z = float(w @ x) + b
    return z, float(sigmoid(z))


def logistic_gradients(x: np.ndarray, a: float, y: float) -> tuple[float, float, np.ndarray, float]:
    """Return da, dz, dw, db of logistic regression, one factor of the chain rule after the other.

    Parameters
    ----------
    x : ndarray of shape (n0,)
    a : float
        σ(wᵀx + b).
    y : {0, 1}

    Returns
    -------
    da : float
        ∂L/∂a = −y/a + (1 − y)/(1 − a); printed without the y.
    dz : float
        da · a (1 − a) = a − y.
    dw : ndarray of shape (n0,)
        dz · x.
    db : float
        dz.

    Notes
    -----
    000, "Rewind about computing gradients for logistic regression".

    Examples
    --------
    >>> import numpy as np
    >>> from sk_shallow.textbook import notes
    >>> z, a = notes.logistic(np.array([1.0, -1.0]), np.array([0.5, 0.5]), 0.0)
    >>> notes.logistic_gradients(np.array([1.0, -1.0]), a, 1)
    (-2.0, -0.5, array([-0.5,  0.5]), -0.5)
    """
    da = -y / a + (1 - y) / (1 - a)
    dz = da * a * (1 - a)
    return da, dz, dz * x, dz


def forward(
    X: np.ndarray, parameters: Parameters, *, g1: str | Activation = "sigmoid", g2: str = "sigmoid"
) -> Layers:
    """Return Z1 = W1 X + b1, A1 = g1(Z1), Z2 = W2 A1 + b2, A2 = g2(Z2).

    Parameters
    ----------
    X : ndarray of shape (n0, m)
    parameters : Parameters
        b1 and b2 are columns.
    g1 : str or Activation, default="sigmoid"
    g2 : {"sigmoid", "softmax"}, default="sigmoid"
        The softmax is over the n2 outputs of each column.

    Returns
    -------
    layers : Layers

    Notes
    -----
    000, "forward propagation".
    """
    W1, b1, W2, b2 = parameters
    Z1 = W1 @ X + b1
    A1 = get_activation(g1).value(Z1)
    Z2 = W2 @ A1 + b2
    A2 = LOSSES[g2].activation(Z2.T).T
    return Layers(Z1, A1, Z2, A2)


def cost(layers: Layers, y: np.ndarray, *, g2: str = "sigmoid") -> float:
    """Return J = 1/m Σᵢ L(ŷᵢ, yᵢ), from Z2.

    Parameters
    ----------
    layers : Layers
        Of ``forward``.
    y : ndarray of shape (n2, m)
    g2 : {"sigmoid", "softmax"}, default="sigmoid"

    Returns
    -------
    J : float

    Notes
    -----
    000, "Cost function".
    """
    return float(LOSSES[g2].value(layers.Z2.T, y.T).mean())


def output_derivative(A2: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return da2 = ∂L/∂a of sigmoid outputs, before g2' makes dz2 = a2 − y of it.

    Parameters
    ----------
    A2 : ndarray of shape (n2, m)
        Neither 0 nor 1.
    y : ndarray of shape (n2, m)

    Returns
    -------
    da2 : ndarray of shape (n2, m)
        −y/a2 + (1 − y)/(1 − a2).

    Notes
    -----
    000, "Back Propagation for Neural Network".
    """
    return -y / A2 + (1 - y) / (1 - A2)


def backward_one(
    x: np.ndarray, y: np.ndarray, layers: Layers, parameters: Parameters, *, g1: str | Activation = "sigmoid"
) -> Gradients:
    """Return the gradients of L on one example.

    Parameters
    ----------
    x : ndarray of shape (n0, 1)
    y : ndarray of shape (n2, 1)
    layers : Layers
        Of ``forward``, m = 1.
    parameters : Parameters
    g1 : str or Activation, default="sigmoid"

    Returns
    -------
    gradients : Gradients
        dz2 = a2 − y, dW2 = dz2 a1ᵀ, db2 = dz2; dz1 = W2ᵀ dz2 ∘ g1'(z1), dW1 = dz1 xᵀ, db1 = dz1.

    Notes
    -----
    000, "Summary of gradient descent"; printed with + in place of ∘.
    """
    dz2 = layers.A2 - y
    dW2 = dz2 @ layers.A1.T
    db2 = dz2
    dz1 = parameters.W2.T @ dz2 * get_activation(g1).derivative(layers.Z1)
    dW1 = dz1 @ x.T
    db1 = dz1
    return Gradients(dz2, dW2, db2, dz1, dW1, db1)


def backward(
    X: np.ndarray, Y: np.ndarray, layers: Layers, parameters: Parameters, *, g1: str | Activation = "sigmoid"
) -> Gradients:
    """Return the gradients of J on m examples.

    Parameters
    ----------
    X : ndarray of shape (n0, m)
    Y : ndarray of shape (n2, m)
    layers : Layers
        Of ``forward``.
    parameters : Parameters
    g1 : str or Activation, default="sigmoid"

    Returns
    -------
    gradients : Gradients
        The factor 1/m stands in dW and db, not in dZ.

    Notes
    -----
    000, "Vectorize backward propagation", as printed.
    """
    m = X.shape[1]
    dZ2 = layers.A2 - Y
    dW2 = 1 / m * dZ2 @ layers.A1.T
    db2 = 1 / m * np.sum(dZ2, axis=1, keepdims=True)
    dZ1 = parameters.W2.T @ dZ2 * get_activation(g1).derivative(layers.Z1)
    dW1 = 1 / m * dZ1 @ X.T
    db1 = 1 / m * np.sum(dZ1, axis=1, keepdims=True)
    return Gradients(dZ2, dW2, db2, dZ1, dW1, db1)


def gradient_descent(
    X: np.ndarray,
    Y: np.ndarray,
    parameters: Parameters,
    *,
    alpha: float,
    g1: str | Activation = "sigmoid",
    g2: str = "sigmoid",
) -> Iterator[tuple[float, Parameters]]:
    """Repeat without end: predict, find the partial derivatives, and update all parameters by them.

    Parameters
    ----------
    X : ndarray of shape (n0, m)
    Y : ndarray of shape (n2, m)
    parameters : Parameters
        The first ones.
    alpha : float
        α, the learning rate.
    g1 : str or Activation, default="sigmoid"
    g2 : {"sigmoid", "softmax"}, default="sigmoid"

    Yields
    ------
    J : float
        The cost before a step.
    parameters : Parameters
        Those after it.

    Notes
    -----
    000, "Gradient descent": w := w − α dw, b := b − α db.

    Examples
    --------
    >>> from itertools import islice
    >>> import numpy as np
    >>> from sk_shallow.textbook import notes
    >>> X, Y = np.array([[-1.0, 1.0]]), np.array([[0, 1]])
    >>> start = notes.Parameters(np.ones((1, 1)), np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 1)))
    >>> [round(J, 3) for J, _ in islice(notes.gradient_descent(X, Y, start, alpha=1.0), 3)]
    [0.615, 0.591, 0.571]
    """
    while True:
        layers = forward(X, parameters, g1=g1, g2=g2)
        _, dW2, db2, _, dW1, db1 = backward(X, Y, layers, parameters, g1=g1)
        W1, b1, W2, b2 = parameters
        parameters = Parameters(W1 - alpha * dW1, b1 - alpha * db1, W2 - alpha * dW2, b2 - alpha * db2)
        yield cost(layers, Y, g2=g2), parameters
