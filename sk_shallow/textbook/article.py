"""Document 002, a blog article: one symbol at a time, and the chain rule as a product of named factors.

One example (x, y), one hidden unit: W1, b1, W2, b2, and all that lies between, are numbers. The network is five
functions in a row, L(a2(Z2(a1(Z1)))), each with its derivatives beside it. ``chain_rule`` multiplies them along
the path from L to each parameter, and keeps the factors; ``path`` is the way that one weight takes downhill.

The formulas are taken at their word: where a2 rounds to 0 or 1, as on columns that are not scaled, they divide by
zero or overflow, and Python says so. ``fit`` computes the same from Z2, and does not.

Where there are several units, every weight has a path of its own, and one through each unit that it feeds:
``gradient`` adds them up, and finds the numbers of the other two documents.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from sk_shallow._parameters import Parameters

__all__ = [
    "L",
    "Path",
    "Z1",
    "Z2",
    "a1",
    "a2",
    "chain_rule",
    "dL_da2",
    "dZ1_dW1",
    "dZ1_db1",
    "dZ2_dW2",
    "dZ2_da1",
    "dZ2_db2",
    "da1_dZ1",
    "da2_dZ2",
    "gradient",
    "path",
    "update",
]


def Z1(W1: float, x: float, b1: float) -> float:
    """Return W1 x + b1 (002, "The neural network")."""
    return W1 * x + b1


def a1(Z1: float) -> float:
    """Return the sigmoid 1 / (1 + e^−Z1); printed without the parentheses (002, "The neural network")."""
    return 1 / (1 + math.exp(-Z1))


def Z2(W2: float, a1: float, b2: float) -> float:
    """Return W2 a1 + b2 (002, "The neural network")."""
    return W2 * a1 + b2


def a2(Z2: float) -> float:
    """Return the sigmoid 1 / (1 + e^−Z2), which is what the network predicts (002, "The neural network")."""
    return 1 / (1 + math.exp(-Z2))


def L(a2: float, y: float) -> float:
    """Return −{y ln a2 + (1 − y) ln(1 − a2)}; printed without the minus (002, "Loss function derivative")."""
    return -(y * math.log(a2) + (1 - y) * math.log(1 - a2))


def dL_da2(a2: float, y: float) -> float:
    """Return −y/a2 + (1 − y)/(1 − a2); printed with y/a2 (002, "Loss function derivative")."""
    return -y / a2 + (1 - y) / (1 - a2)


def da2_dZ2(a2: float) -> float:
    """Return a2 (1 − a2) (002, "Second sigmoid function derivative")."""
    return a2 * (1 - a2)


def dZ2_dW2(a1: float) -> float:
    """Return a1, with which W2 is multiplied (002, "W2 Derivative")."""
    return a1


def dZ2_db2() -> float:
    """Return 1 (002, "b2 Derivative")."""
    return 1.0


def dZ2_da1(W2: float) -> float:
    """Return W2, with which a1 is multiplied; printed as dW2 (002, "First lineal function derivative")."""
    return W2


def da1_dZ1(a1: float) -> float:
    """Return a1 (1 − a1) (002, "First sigmoid function derivative")."""
    return a1 * (1 - a1)


def dZ1_dW1(x: float) -> float:
    """Return x, with which W1 is multiplied (002, "W1 Derivative")."""
    return x


def dZ1_db1() -> float:
    """Return 1 (002, "b1 Derivative")."""
    return 1.0


class Path(NamedTuple):
    """The chain rule along one path.

    Attributes
    ----------
    to : str
        What L is differentiated by.
    factors : dict of str to float
        The derivatives along the path, by name, from L on.
    """

    to: str
    factors: dict[str, float]

    @property
    def derivative(self) -> float:
        """The product of the factors."""
        return math.prod(self.factors.values())

    def __str__(self) -> str:
        names, values = " · ".join(self.factors), " · ".join(f"{value:.4g}" for value in self.factors.values())
        return f"dL/d{self.to} = {names} = {values} = {self.derivative:.4g}"


def chain_rule(x: float, y: float, W1: float, b1: float, W2: float, b2: float) -> dict[str, Path]:
    """Return the path from L to each parameter.

    Parameters
    ----------
    x, y : float
        One example.
    W1, b1, W2, b2 : float

    Returns
    -------
    paths : dict of str to Path
        To "W2", "b2", "W1" and "b1".

    Notes
    -----
    002, "W2 Derivative" to "b1 Derivative".

    Examples
    --------
    >>> from sk_shallow.textbook import article
    >>> for path in article.chain_rule(x=2.0, y=1, W1=0.5, b1=-1.0, W2=1.0, b2=0.5).values():
    ...     print(path)
    dL/dW2 = dL/da2 · da2/dZ2 · dZ2/dW2 = -1.368 · 0.1966 · 0.5 = -0.1345
    dL/db2 = dL/da2 · da2/dZ2 · dZ2/db2 = -1.368 · 0.1966 · 1 = -0.2689
    dL/dW1 = dL/da2 · da2/dZ2 · dZ2/da1 · da1/dZ1 · dZ1/dW1 = -1.368 · 0.1966 · 1 · 0.25 · 2 = -0.1345
    dL/db1 = dL/da2 · da2/dZ2 · dZ2/da1 · da1/dZ1 · dZ1/db1 = -1.368 · 0.1966 · 1 · 0.25 · 1 = -0.06724
    """
    hidden = a1(Z1(W1, x, b1))
    predicted = a2(Z2(W2, hidden, b2))
    to_Z2 = {"dL/da2": dL_da2(predicted, y), "da2/dZ2": da2_dZ2(predicted)}
    to_Z1 = to_Z2 | {"dZ2/da1": dZ2_da1(W2), "da1/dZ1": da1_dZ1(hidden)}
    return {
        "W2": Path("W2", to_Z2 | {"dZ2/dW2": dZ2_dW2(hidden)}),
        "b2": Path("b2", to_Z2 | {"dZ2/db2": dZ2_db2()}),
        "W1": Path("W1", to_Z1 | {"dZ1/dW1": dZ1_dW1(x)}),
        "b1": Path("b1", to_Z1 | {"dZ1/db1": dZ1_db1()}),
    }


def gradient(X: np.ndarray, Y: np.ndarray, parameters: Parameters) -> Parameters:
    """Return ∇J of a network of h units on n examples: the mean over examples of sums over paths.

    Parameters
    ----------
    X : ndarray of shape (n, d)
    Y : ndarray of shape (n, 1)
    parameters : Parameters
        W1 (h, d), b1 (h,), W2 (1, h), b2 (1,).

    Returns
    -------
    gradient : Parameters
        Of the shapes of the parameters.
    """
    W1, b1, (W2,), (b2,) = (part.tolist() for part in parameters)
    dW1, db1, dW2, db2 = (np.zeros(part.shape) for part in parameters)
    for x, (y,) in zip(X.tolist(), Y.tolist(), strict=True):
        hidden = [a1(_sum_of(Z1, row, x) + b) for row, b in zip(W1, b1, strict=True)]
        predicted = a2(_sum_of(Z2, W2, hidden) + b2)
        dZ2 = dL_da2(predicted, y) * da2_dZ2(predicted)
        db2[0] += dZ2 * dZ2_db2()
        for j, a in enumerate(hidden):
            dW2[0, j] += dZ2 * dZ2_dW2(a)
            dZ1 = dZ2 * dZ2_da1(W2[j]) * da1_dZ1(a)
            db1[j] += dZ1 * dZ1_db1()
            for i, x_i in enumerate(x):
                dW1[j, i] += dZ1 * dZ1_dW1(x_i)
    n = len(X)
    return Parameters(dW1 / n, db1 / n, dW2 / n, db2 / n)


def _sum_of(Z: Callable[[float, float, float], float], weights: list[float], inputs: list[float]) -> float:
    return sum(Z(W, value, 0.0) for W, value in zip(weights, inputs, strict=True))


def update(W: float, dW: float, learning_rate: float) -> float:
    """Return ``W - learning_rate * dW``: W moves against the sign of dW (002, "Gradient Descent")."""
    return W - learning_rate * dW


def path(dW: Callable[[float], float], W: float, *, learning_rate: float, n_steps: int) -> list[float]:
    """Return the way that one weight takes, all others held.

    Parameters
    ----------
    dW : callable
        The derivative of the loss at a W.
    W : float
        Where it starts.
    learning_rate : float
        Above 0.
    n_steps : int

    Returns
    -------
    path : list of n_steps + 1 floats

    Notes
    -----
    002, "Gradient Descent": "the color points are the path that W has to follow".

    Examples
    --------
    >>> from sk_shallow.textbook import article
    >>> def dW2(W2):
    ...     return article.chain_rule(x=2.0, y=1, W1=0.5, b1=-1.0, W2=W2, b2=0.5)["W2"].derivative
    >>> [round(W, 3) for W in article.path(dW2, -4.0, learning_rate=10.0, n_steps=3)]
    [-4.0, 0.088, 1.924, 2.865]
    """
    way = [W]
    for _ in range(n_steps):
        way.append(update(way[-1], dW(way[-1]), learning_rate))
    return way
