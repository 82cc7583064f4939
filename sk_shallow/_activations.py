"""Activations of the hidden layer: g1 and its derivative."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Array = Any


class Fused(NamedTuple):
    """An activation on NumPy buffers that are overwritten.

    ``apply(Z1)`` turns Z1 into A1; ``chain(A1, dA1, scratch)`` turns dA1 into dZ1 = dA1 ∘ g1'.
    """

    apply: Callable[[np.ndarray], object]
    chain: Callable[[np.ndarray, np.ndarray, np.ndarray], object]


@dataclass(frozen=True)
class Activation:
    """A hidden activation g1: its value and its derivative.

    Pass one as ``activation`` to use a function that :data:`ACTIVATIONS` does not name.

    Parameters
    ----------
    value : callable
        ``value(Z1)`` returns g1(Z1), elementwise, in the dtype of Z1.
    derivative : callable
        ``derivative(Z1)`` returns g1'(Z1), elementwise, in the dtype of Z1.
    name : str, default="custom"
        What it is called in a representation.
    gain : float, default=1.0
        Factor of the initial spread of W1, which keeps the spread of A1 near 1
        (He et al. 2015 for relu: the square root of 2).
    fused : Fused or None, default=None
        The same function for the fast path of a fit, in place and with g1' written from A1
        alone. None: the fast path keeps Z1 and calls ``value`` and ``derivative``.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_shallow import Activation, ShallowNetClassifier
    >>> sine = Activation(np.sin, np.cos, name="sine")
    >>> ShallowNetClassifier(activation=sine).activation.name
    'sine'
    """

    value: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    name: str = "custom"
    gain: float = 1.0
    fused: Fused | None = None

    def write(self, Z1: np.ndarray, out: np.ndarray) -> None:
        """Write A1 = g1(Z1) into `out`, which is Z1 itself where the activation is fused."""
        if self.fused is not None:
            self.fused.apply(Z1)
        else:
            out[...] = self.value(Z1)


def _namespace(Z: Array) -> Any:
    """Return the array namespace of Z; NumPy where the array does not name its own."""
    named = getattr(Z, "__array_namespace__", None)
    return named() if named is not None else np


def _tanh(Z: Array) -> Array:
    return _namespace(Z).tanh(Z)


def _tanh_derivative(Z: Array) -> Array:
    return 1 - _tanh(Z) ** 2


def _tanh_apply(Z: np.ndarray) -> None:
    np.tanh(Z, out=Z)


def _tanh_chain(A: np.ndarray, dA: np.ndarray, scratch: np.ndarray) -> None:
    np.multiply(A, A, out=scratch)
    np.multiply(scratch, dA, out=scratch)
    np.subtract(dA, scratch, out=dA)


def _sigmoid(Z: Array) -> Array:
    # 1 / (1 + exp(-z)) overflows only where its value rounds to zero.
    with np.errstate(over="ignore"):
        return 1 / (1 + _namespace(Z).exp(-Z))


def _sigmoid_derivative(Z: Array) -> Array:
    A = _sigmoid(Z)
    return A * (1 - A)


def _sigmoid_apply(Z: np.ndarray) -> None:
    np.negative(Z, out=Z)
    np.exp(Z, out=Z)
    np.add(Z, 1, out=Z)
    np.reciprocal(Z, out=Z)


def _sigmoid_chain(A: np.ndarray, dA: np.ndarray, scratch: np.ndarray) -> None:
    np.multiply(A, A, out=scratch)
    np.subtract(A, scratch, out=scratch)
    np.multiply(dA, scratch, out=dA)


def _relu(Z: Array) -> Array:
    xp = _namespace(Z)
    return xp.where(Z > 0, Z, xp.zeros_like(Z))


def _relu_derivative(Z: Array) -> Array:
    xp = _namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), xp.zeros_like(Z))


def _relu_apply(Z: np.ndarray) -> None:
    np.maximum(Z, 0, out=Z)


def _relu_chain(A: np.ndarray, dA: np.ndarray, scratch: np.ndarray) -> None:
    np.multiply(dA, A > 0, out=dA)


def _identity(Z: Array) -> Array:
    return Z


def _identity_derivative(Z: Array) -> Array:
    return _namespace(Z).ones_like(Z)


def _identity_fused(*buffers: np.ndarray) -> None:
    """A1 is Z1 and g1' is 1: nothing to do."""


def _softplus(Z: Array) -> Array:
    xp = _namespace(Z)
    return xp.logaddexp(Z, xp.zeros_like(Z))


def _softplus_apply(Z: np.ndarray) -> None:
    np.logaddexp(Z, 0, out=Z)


def _softplus_chain(A: np.ndarray, dA: np.ndarray, scratch: np.ndarray) -> None:
    np.negative(A, out=scratch)
    np.expm1(scratch, out=scratch)
    np.multiply(dA, scratch, out=dA)
    np.negative(dA, out=dA)


#: The activations that a name stands for. Parameter checks and error messages read it.
ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation(_tanh, _tanh_derivative, "tanh", 1.0, Fused(_tanh_apply, _tanh_chain)),
        Activation(_sigmoid, _sigmoid_derivative, "sigmoid", 1.0, Fused(_sigmoid_apply, _sigmoid_chain)),
        Activation(_relu, _relu_derivative, "relu", 2.0**0.5, Fused(_relu_apply, _relu_chain)),
        Activation(_identity, _identity_derivative, "identity", 1.0, Fused(_identity_fused, _identity_fused)),
        Activation(_softplus, _sigmoid, "softplus", 1.0, Fused(_softplus_apply, _softplus_chain)),
    )
}


def get_activation(activation: str | Activation) -> Activation:
    """Return the activation that a name of :data:`ACTIVATIONS` stands for."""
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation
