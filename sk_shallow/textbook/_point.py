"""One example and a network, by name, and the derivative of L by any of its quantities: complex steps alone."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np

from sk_shallow._activations import sigmoid
from sk_shallow.textbook._complex_step import complex_step

#: The quantities of one example, by name.
Point = SimpleNamespace


def loss(a: Any, y: Any) -> Any:
    """Return the sum over outputs of −{y log a + (1 − y) log(1 − a)}."""
    return -(y * np.log(a) + (1 - y) * np.log(1 - a)).sum()


def point(d: int = 3, h: int = 4, k: int = 2, *, seed: int = 0) -> Point:
    """Return one example and a network, and all that forward propagation finds, as columns.

    Parameters
    ----------
    d, h, k : int
        Features, hidden units, outputs (sigmoids).
    seed : int, default=0

    Returns
    -------
    point : SimpleNamespace
        With x (d, 1), y (k, 1), W1, b1, z1, a1, W2, b2, z2, a2, and dz2 = a2 − y.
    """
    draw = np.random.RandomState(seed).normal
    x, y = draw(size=(d, 1)), np.arange(k)[:, None] % 2 * 1.0
    W1, b1, W2, b2 = draw(size=(h, d)), draw(size=(h, 1)), draw(size=(k, h)), draw(size=(k, 1))
    z1 = W1 @ x + b1
    a1 = sigmoid(z1)
    z2 = W2 @ a1 + b2
    a2 = sigmoid(z2)
    return Point(x=x, y=y, W1=W1, b1=b1, z1=z1, a1=a1, W2=W2, b2=b2, z2=z2, a2=a2, dz2=a2 - y)


def loss_from(point: Point, name: str, value: np.ndarray) -> Any:
    """Return L with `value` in place of one quantity; what comes after it in the network is computed anew."""
    known = vars(point) | {name: value}
    steps: dict[str, Callable[[dict[str, Any]], Any]] = {
        "z1": lambda p: p["W1"] @ p["x"] + p["b1"],
        "a1": lambda p: sigmoid(p["z1"]),
        "z2": lambda p: p["W2"] @ p["a1"] + p["b2"],
        "a2": lambda p: sigmoid(p["z2"]),
    }
    after = {"W1": "z1", "b1": "z1", "W2": "z2", "b2": "z2", "z1": "a1", "a1": "z2", "z2": "a2", "a2": ""}[name]
    begun = False
    for step, function in steps.items():
        begun = begun or step == after
        if begun:
            known[step] = function(known)
    return loss(known["a2"], known["y"])


def derivative(point: Point, name: str) -> np.ndarray:
    """Return ∂L/∂ of one quantity, of its shape, by complex steps.

    Parameters
    ----------
    point : SimpleNamespace
    name : {"W1", "b1", "z1", "a1", "W2", "b2", "z2", "a2"}

    Returns
    -------
    derivative : ndarray
    """
    value = getattr(point, name)
    found = np.empty(value.shape)
    for index in np.ndindex(value.shape):
        found[index] = complex_step(lambda moved: loss_from(point, name, moved), value, index)
    return found
