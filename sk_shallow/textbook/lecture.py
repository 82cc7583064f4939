"""Document 001, lecture slides: examples are rows, 1/n stands in dZ2, and the algorithm has four steps.

X (n, d) holds one example a row, Y (n, k) its targets; the slides have k = 1. W1 (h, d), b1 (h, 1), W2 (k, h) and
b2 (k, 1) are the parameters, with biases as columns, and σ the sigmoid. k > 1 is for one label of k (softmax).

The slides find the gradient of one example with a diagonal matrix D (``backward_one``), write it with ∘ in place
of D (``backward_one_hadamard``), say that the gradient of n is the mean (``average``), and that a product of
matrices is that sum (``broadcasting_sum``), which leads to all n at once (``backward``).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sk_shallow._activations import ACTIVATIONS, sigmoid
from sk_shallow._losses import LOSSES
from sk_shallow._parameters import Parameters

__all__ = [
    "Gradients",
    "Layers",
    "average",
    "backward",
    "backward_one",
    "backward_one_hadamard",
    "broadcasting_sum",
    "cost",
    "forward",
    "forward_one",
    "gradient_descent",
    "initialize",
]

_sigma_prime = ACTIVATIONS["sigmoid"].derivative


class Layers(NamedTuple):
    """What forward propagation computes: of one example columns, of n examples rows.

    Attributes
    ----------
    Z1, A1 : ndarray of shape (h, 1) or (n, h)
    Z2, A2 : ndarray of shape (k, 1) or (n, k)
    """

    Z1: np.ndarray
    A1: np.ndarray
    Z2: np.ndarray
    A2: np.ndarray


class Gradients(NamedTuple):
    """What backpropagation computes, in the order in which it does.

    Attributes
    ----------
    dZ2 : ndarray of the shape of Z2
    db2, dW2 : ndarrays of the shapes of b2 and W2
    dZ1 : ndarray of the shape of Z1
    db1, dW1 : ndarrays of the shapes of b1 and W1
    """

    dZ2: np.ndarray
    db2: np.ndarray
    dW2: np.ndarray
    dZ1: np.ndarray
    db1: np.ndarray
    dW1: np.ndarray


def forward_one(x: np.ndarray, parameters: Parameters, *, output: str = "sigmoid") -> Layers:
    """Return z1 = b1 + W1 x, a1 = σ(z1), z2 = b2 + W2 a1, a2 = σ(z2) of one example.

    Parameters
    ----------
    x : ndarray of shape (d, 1)
    parameters : Parameters
        b1 (h, 1) and b2 (k, 1).
    output : {"sigmoid", "softmax"}, default="sigmoid"

    Returns
    -------
    layers : Layers
        Columns.

    Notes
    -----
    001, "Recall".
    """
    W1, b1, W2, b2 = parameters
    z1 = b1 + W1 @ x
    a1 = sigmoid(z1)
    z2 = b2 + W2 @ a1
    return Layers(z1, a1, z2, LOSSES[output].activation(z2.T).T)


def forward(X: np.ndarray, parameters: Parameters, *, output: str = "sigmoid") -> Layers:
    """Return Z1 = b1ᵀ + X W1ᵀ, A1 = σ(Z1), Z2 = b2ᵀ + A1 W2ᵀ, A2 = σ(Z2) of n examples.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    parameters : Parameters
        b1 (h, 1) and b2 (k, 1): the slides print b2 without ᵀ, for k = 1.
    output : {"sigmoid", "softmax"}, default="sigmoid"

    Returns
    -------
    layers : Layers
        Rows: b1ᵀ is broadcast along them.

    Notes
    -----
    001, "Forward propagation".
    """
    W1, b1, W2, b2 = parameters
    Z1 = b1.T + X @ W1.T
    A1 = sigmoid(Z1)
    Z2 = b2.T + A1 @ W2.T
    return Layers(Z1, A1, Z2, LOSSES[output].activation(Z2))


def cost(layers: Layers, Y: np.ndarray, *, output: str = "sigmoid") -> float:
    """Return J = −1/n Σᵢ {yᵢ log a2ᵢ + (1 − yᵢ) log(1 − a2ᵢ)}; for the softmax, −1/n Σᵢ Σ_c y_ic log a2_ic.

    Parameters
    ----------
    layers : Layers
        Of ``forward``.
    Y : ndarray of shape (n, k)
    output : {"sigmoid", "softmax"}, default="sigmoid"

    Returns
    -------
    J : float

    Notes
    -----
    001, "Cost function".
    """
    return float(LOSSES[output].value(layers.Z2, Y).mean())


def backward_one(x: np.ndarray, y: np.ndarray, layers: Layers, parameters: Parameters) -> Gradients:
    """Return the gradients of one example, with D = diag(a1 (1 − a1)).

    Parameters
    ----------
    x : ndarray of shape (d, 1)
    y : ndarray of shape (k, 1)
    layers : Layers
        Of ``forward_one``.
    parameters : Parameters

    Returns
    -------
    gradients : Gradients
        dz2 = a2 − y, db2 = dz2, dW2 = dz2 a1ᵀ, dz1 = D W2ᵀ dz2, db1 = dz1, dW1 = dz1 xᵀ. The slides put the
        number dz2 before D W2ᵀ, which they may for k = 1.

    Notes
    -----
    001, "For only one training example".
    """
    a1 = layers.A1
    D = np.diag((a1 * (1 - a1))[:, 0])
    dz2 = layers.A2 - y
    dz1 = D @ parameters.W2.T @ dz2
    return Gradients(dz2, dz2, dz2 @ a1.T, dz1, dz1, dz1 @ x.T)


def backward_one_hadamard(x: np.ndarray, y: np.ndarray, layers: Layers, parameters: Parameters) -> Gradients:
    """Return the gradients of one example, with D W2ᵀ dz2 = (W2ᵀ dz2) ∘ σ'(z1).

    Parameters
    ----------
    x : ndarray of shape (d, 1)
    y : ndarray of shape (k, 1)
    layers : Layers
        Of ``forward_one``.
    parameters : Parameters

    Returns
    -------
    gradients : Gradients
        Those of ``backward_one``.

    Notes
    -----
    001, "Furthermore, notice that".
    """
    dz2 = layers.A2 - y
    dz1 = (parameters.W2.T @ dz2) * _sigma_prime(layers.Z1)
    return Gradients(dz2, dz2, dz2 @ layers.A1.T, dz1, dz1, dz1 @ x.T)


def average(X: np.ndarray, Y: np.ndarray, parameters: Parameters, *, output: str = "sigmoid") -> Parameters:
    """Return dθ = 1/n Σᵢ ∂L(yᵢ, aᵢ)/∂θ: the mean of the gradients of one example each.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    Y : ndarray of shape (n, k)
    parameters : Parameters
    output : {"sigmoid", "softmax"}, default="sigmoid"

    Returns
    -------
    gradient : Parameters
        dW1, db1, dW2, db2.

    Notes
    -----
    001, "For general case".
    """
    examples = []
    for x, y in zip(X[:, :, None], Y[:, :, None], strict=True):
        one = backward_one(x, y, forward_one(x, parameters, output=output), parameters)
        examples.append((one.dW1, one.db1, one.dW2, one.db2))
    return Parameters(*(np.mean(parts, axis=0) for parts in zip(*examples, strict=True)))


def broadcasting_sum(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return Σ_k a_k b_k as one product a b.

    Parameters
    ----------
    a : ndarray of shape (p, K)
        a_k is its column k, a number or a column vector.
    b : ndarray of shape (K, q)
        b_k is its row k, a number or a row vector.

    Returns
    -------
    ab : ndarray of shape (p, q)

    Notes
    -----
    001, "We use broadcasting": with a = dZ2ᵀ and b = A1, it is dW2 of all examples.
    """
    return a @ b


def backward(X: np.ndarray, Y: np.ndarray, layers: Layers, parameters: Parameters) -> Gradients:
    """Return the gradients of n examples.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    Y : ndarray of shape (n, k)
    layers : Layers
        Of ``forward``.
    parameters : Parameters

    Returns
    -------
    gradients : Gradients
        dZ2 = 1/n (A2 − Y), db2 = dZ2ᵀ 1, dW2 = dZ2ᵀ A1, dZ1 = dZ2 W2 ∘ σ'(Z1), db1 = dZ1ᵀ 1, dW1 = dZ1ᵀ X.

    Notes
    -----
    001, "Then, we have", as printed.
    """
    n = len(X)
    one = np.ones((n, 1))
    dZ2 = 1 / n * (layers.A2 - Y)
    db2 = dZ2.T @ one
    dW2 = broadcasting_sum(dZ2.T, layers.A1)
    dZ1 = dZ2 @ parameters.W2 * _sigma_prime(layers.Z1)
    db1 = dZ1.T @ one
    dW1 = broadcasting_sum(dZ1.T, X)
    return Gradients(dZ2, db2, dW2, dZ1, db1, dW1)


def initialize(d: int, h: int, k: int, random_state: np.random.RandomState) -> Parameters:
    """Return θ⁽⁰⁾, all of it drawn from the normal distribution (Step 1).

    Parameters
    ----------
    d, h, k : int
        Features, hidden units, outputs.
    random_state : RandomState

    Returns
    -------
    parameters : Parameters
    """
    draw = random_state.normal
    return Parameters(draw(size=(h, d)), draw(size=(h, 1)), draw(size=(k, h)), draw(size=(k, 1)))


def gradient_descent(
    X: np.ndarray, Y: np.ndarray, theta: Parameters, *, alpha: float, output: str = "sigmoid"
) -> Iterator[tuple[float, Parameters]]:
    """Go through Steps 2 to 4 of batch gradient descent, without end.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    Y : ndarray of shape (n, k)
    theta : Parameters
        θ⁽⁰⁾ (Step 1: ``initialize``).
    alpha : float
        α, the learning rate.
    output : {"sigmoid", "softmax"}, default="sigmoid"

    Yields
    ------
    J : float
        J(θ⁽ᵗ⁾).
    theta : Parameters
        θ⁽ᵗ⁺¹⁾.

    Notes
    -----
    001, "(Batch) gradient descent algorithm".

    Examples
    --------
    >>> from itertools import islice
    >>> import numpy as np
    >>> from sk_shallow.textbook import lecture
    >>> X, Y = np.array([[-1.0], [1.0]]), np.array([[0], [1]])
    >>> theta = lecture.initialize(1, 2, 1, np.random.RandomState(0))
    >>> costs = [J for J, theta in islice(lecture.gradient_descent(X, Y, theta, alpha=1.0), 50)]
    >>> costs[0] > costs[10] > costs[49]
    True
    """
    while True:  # Step 4: go back to Step 2
        layers = forward(X, theta, output=output)
        gradients = backward(X, Y, layers, theta)  # Step 2: ∇J(θ⁽ᵗ⁾)
        slopes = (gradients.dW1, gradients.db1, gradients.dW2, gradients.db2)
        theta = Parameters(*(part - alpha * slope for part, slope in zip(theta, slopes, strict=True)))  # Step 3
        yield cost(layers, Y, output=output), theta
