"""Activations of the hidden layer: g1 and its derivative."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sk_shallow._array_api import Array, namespace
from sk_shallow._compiled import loop


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

    @property
    def in_place(self) -> bool:
        """Whether A1 may be written over Z1, because g1' is known from A1 alone."""
        return False

    def write(self, Z1: np.ndarray, out: np.ndarray) -> None:
        """Write A1 = g1(Z1) into `out`, which is Z1 itself for an activation that works in place."""
        out[...] = self.values(Z1)

    def chain(self, Z1: np.ndarray, A1: np.ndarray, dA1: np.ndarray, scratch: np.ndarray) -> None:
        """Turn dA1 into dZ1 = dA1 ∘ g1'(Z1), in place."""
        np.multiply(dA1, self.slopes(Z1), out=dA1)

    def values(self, Z1: np.ndarray) -> np.ndarray:
        """Return g1(Z1), checked."""
        return self._elementwise(self.value, Z1)

    def slopes(self, Z1: np.ndarray) -> np.ndarray:
        """Return g1'(Z1), checked."""
        return self._elementwise(self.derivative, Z1)

    def _elementwise(self, function: Callable[[Array], Array], Z1: np.ndarray) -> np.ndarray:
        result = function(Z1)
        if np.shape(result) != Z1.shape or np.iscomplexobj(result):
            what = f"{'complex' if np.iscomplexobj(result) else 'real'} numbers of shape {np.shape(result)}"
            raise ValueError(
                f"activation {self.name!r}: {function!r} returned {what} for Z1 of shape {Z1.shape}. value and "
                "derivative must work elementwise on real numbers."
            )
        return np.asarray(result)


@dataclass(frozen=True)
class _InPlace(Activation):
    """An activation whose derivative is written from A1, so that one buffer serves Z1 and A1.

    ``apply(Z1, out)`` writes A1 into `out`, which is Z1; ``reverse(A1, dA1, scratch)`` overwrites dA1 by dZ1.
    """

    apply: Callable[[np.ndarray, np.ndarray], object] = np.positive
    reverse: Callable[[np.ndarray, np.ndarray, np.ndarray], object] = np.multiply

    @property
    def in_place(self) -> bool:
        return True

    def write(self, Z1: np.ndarray, out: np.ndarray) -> None:
        self.apply(Z1, out)

    def chain(self, Z1: np.ndarray, A1: np.ndarray, dA1: np.ndarray, scratch: np.ndarray) -> None:
        self.reverse(A1, dA1, scratch)


def _tanh(Z: Array) -> Array:
    return namespace(Z).tanh(Z)


def _tanh_derivative(Z: Array) -> Array:
    return 1 - _tanh(Z) ** 2


def _tanh_reverse(A: np.ndarray, dA: np.ndarray, scratch: np.ndarray) -> None:
    np.multiply(A, A, scratch)
    np.multiply(scratch, dA, scratch)
    np.subtract(dA, scratch, dA)


def sigmoid(Z: Array) -> Array:
    """Return 1 / (1 + exp(-z)), elementwise; it overflows only where its value rounds to zero."""
    with np.errstate(over="ignore"):
        return 1 / (1 + namespace(Z).exp(-Z))


def _sigmoid_derivative(Z: Array) -> Array:
    A = sigmoid(Z)
    return A * (1 - A)


def _sigmoid_apply(Z: np.ndarray, out: np.ndarray) -> None:
    np.negative(Z, out)
    np.exp(out, out)
    np.add(out, 1, out)
    np.reciprocal(out, out)


def _sigmoid_reverse(A: np.ndarray, dA: np.ndarray, scratch: np.ndarray) -> None:
    np.multiply(A, A, scratch)
    np.subtract(A, scratch, scratch)
    np.multiply(dA, scratch, dA)


def _relu(Z: Array) -> Array:
    xp = namespace(Z)
    return xp.where(Z > 0, Z, xp.zeros_like(Z))


def _relu_derivative(Z: Array) -> Array:
    xp = namespace(Z)
    return xp.where(Z > 0, xp.ones_like(Z), xp.zeros_like(Z))


def _relu_apply(Z: np.ndarray, out: np.ndarray) -> None:
    np.maximum(Z, np.zeros(Z.shape[-1], dtype=Z.dtype), out=out)  # a loop over a number is far slower


def _relu_reverse(A: np.ndarray, dA: np.ndarray, scratch: np.ndarray) -> None:
    np.multiply(dA, A > 0, dA)


def _identity(Z: Array) -> Array:
    return Z


def _identity_derivative(Z: Array) -> Array:
    return namespace(Z).ones_like(Z)


def _nothing(*buffers: np.ndarray) -> None:
    """A1 is Z1 and g1' is 1: there is nothing to write."""


def softplus(Z: Array) -> Array:
    """Return log(1 + exp(z)), elementwise, without overflow; of complex z too."""
    xp = namespace(Z)
    positive = Z > 0
    return xp.where(positive, Z, xp.zeros_like(Z)) + xp.log1p(xp.exp(xp.where(positive, -Z, Z)))


def _softplus_apply(Z: np.ndarray, out: np.ndarray) -> None:
    np.logaddexp(Z, 0, out)


def _softplus_reverse(A: np.ndarray, dA: np.ndarray, scratch: np.ndarray) -> None:
    np.negative(A, scratch)
    np.expm1(scratch, scratch)
    np.multiply(dA, scratch, dA)
    np.negative(dA, dA)


#: The activations that a name stands for. Parameter checks and error messages read it.
ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        _InPlace(
            _tanh,
            _tanh_derivative,
            "tanh",
            1.0,
            loop("tanh", np.tanh),
            loop("tanh_chain", _tanh_reverse),
        ),
        _InPlace(
            sigmoid,
            _sigmoid_derivative,
            "sigmoid",
            1.0,
            loop("logistic", _sigmoid_apply),
            loop("logistic_chain", _sigmoid_reverse),
        ),
        _InPlace(_relu, _relu_derivative, "relu", 2.0**0.5, _relu_apply, loop("relu_chain", _relu_reverse)),
        _InPlace(_identity, _identity_derivative, "identity", 1.0, _nothing, _nothing),
        _InPlace(
            softplus,
            sigmoid,
            "softplus",
            1.0,
            loop("softplus", _softplus_apply),
            loop("softplus_chain", _softplus_reverse),
        ),
    )
}


def get_activation(activation: str | Activation) -> Activation:
    """Return the activation that a name of :data:`ACTIVATIONS` stands for."""
    return ACTIVATIONS[activation] if isinstance(activation, str) else activation
