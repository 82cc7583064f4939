"""Losses from raw outputs Z2: g2, L and their gradient A2 - Y. A loss knows nothing of X.

Every method but ``fused`` is pure and works rowwise on arrays (n, k) of any array namespace.
``fused`` is the same mathematics for the fast path: outputs are rows (k, m), so that softmax
reduces along the long, contiguous axis, and Z2 is overwritten by the weighted gradient.
"""

from typing import Any

import numpy as np

from sk_shallow._activations import _namespace

Array = Any


class SigmoidCrossEntropy:
    """k independent sigmoid outputs: binary (k = 1) and multilabel targets.

        A2 = 1 / (1 + exp(-Z2))
        L = sum_l softplus(Z2_l) - Y_l Z2_l         (EQUATIONS: -{y log a2 + (1 - y) log(1 - a2)})
        dL/dZ2 = A2 - Y

    Y is (n, k) of 0 and 1.
    """

    def activation(self, Z2: Array) -> Array:
        """Return the probabilities A2 = g2(Z2), shape (n, k)."""
        with np.errstate(over="ignore"):
            return 1 / (1 + _namespace(Z2).exp(-Z2))

    def log_activation(self, Z2: Array) -> Array:
        """Return log A2 without forming A2, shape (n, k)."""
        xp = _namespace(Z2)
        return -xp.logaddexp(-Z2, xp.zeros_like(Z2))

    def value(self, Z2: Array, Y: Array) -> Array:
        """Return the loss of each example, shape (n,)."""
        xp = _namespace(Z2)
        return xp.sum(xp.logaddexp(Z2, xp.zeros_like(Z2)) - Y * Z2, axis=1)

    def gradient(self, Z2: Array, Y: Array) -> Array:
        """Return dL/dZ2 = A2 - Y of each example, shape (n, k)."""
        return self.activation(Z2) - Y

    def start(self, prior: np.ndarray) -> np.ndarray:
        """Return the b2 at which every example gets the probabilities `prior`, shape (k,)."""
        return np.log(prior) - np.log1p(-prior)

    def encode(self, y: np.ndarray, out: np.ndarray) -> None:
        """Write the targets of m examples, (m, k) of 0 and 1, as rows of outputs into `out` (k, m)."""
        out[...] = y.T

    def fused(self, Z2: np.ndarray, Y: np.ndarray, s: np.ndarray, scratch: np.ndarray) -> float:
        """Return sum s L and overwrite Z2 by s (A2 - Y), for Z2 (k, m), `Y` = s y (k, m), s (m,).

        The softplus is max(z, 0) + log(1 + exp(-|z|)), the sigmoid exp(z - softplus(z)): nothing
        overflows.
        """
        np.abs(Z2, out=scratch)
        np.negative(scratch, out=scratch)
        np.exp(scratch, out=scratch)
        softplus = np.log1p(scratch)
        np.add(softplus, np.maximum(Z2, 0), out=softplus)
        value = float(np.add.reduce(np.dot(softplus, s))) - float(np.vdot(Z2, Y))
        np.subtract(Z2, softplus, out=Z2)
        np.exp(Z2, out=Z2)
        np.multiply(Z2, s, out=Z2)
        np.subtract(Z2, Y, out=Z2)
        return value


class SoftmaxCrossEntropy:
    """One softmax over k outputs: one of k classes. With k = 1 the class is certain.

        A2_c = exp(Z2_c) / sum_j exp(Z2_j)
        L = log sum_j exp(Z2_j) - sum_c Y_c Z2_c    (EQUATIONS: -sum_c y_c log a2_c)
        dL/dZ2 = A2 - Y

    Y is (n, k), one-hot.
    """

    def activation(self, Z2: Array) -> Array:
        """Return the probabilities A2 = g2(Z2), shape (n, k)."""
        xp = _namespace(Z2)
        with np.errstate(over="ignore"):
            E = xp.exp(Z2 - xp.max(Z2, axis=1, keepdims=True))
        return E / xp.sum(E, axis=1, keepdims=True)

    def log_activation(self, Z2: Array) -> Array:
        """Return log A2 without forming A2, shape (n, k)."""
        xp = _namespace(Z2)
        with np.errstate(over="ignore"):
            shifted = Z2 - xp.max(Z2, axis=1, keepdims=True)
        # A difference of outputs can overflow although both are finite.
        shifted = xp.where(xp.isfinite(shifted), shifted, xp.finfo(Z2.dtype).min / 2)
        return shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))

    def value(self, Z2: Array, Y: Array) -> Array:
        """Return the loss of each example, shape (n,)."""
        return -_namespace(Z2).sum(Y * self.log_activation(Z2), axis=1)

    def gradient(self, Z2: Array, Y: Array) -> Array:
        """Return dL/dZ2 = A2 - Y of each example, shape (n, k)."""
        return self.activation(Z2) - Y

    def start(self, prior: np.ndarray) -> np.ndarray:
        """Return the b2 at which every example gets the probabilities `prior`, shape (k,)."""
        return np.log(prior)

    def encode(self, y: np.ndarray, out: np.ndarray) -> None:
        """Write the targets of m examples, class codes (m,), one-hot into `out` (k, m)."""
        out[...] = 0
        out[y, np.arange(len(y))] = 1

    def fused(self, Z2: np.ndarray, Y: np.ndarray, s: np.ndarray, scratch: np.ndarray) -> float:
        """Return sum s L and overwrite Z2 by s (A2 - Y), for Z2 (k, m), `Y` = s y (k, m), s (m,)."""
        np.subtract(Z2, np.maximum.reduce(Z2, axis=0), out=Z2)
        value = -float(np.vdot(Z2, Y))
        np.exp(Z2, out=Z2)
        total = np.add.reduce(Z2, axis=0)
        np.multiply(Z2, s / total, out=Z2)
        np.subtract(Z2, Y, out=Z2)
        return value + float(np.dot(np.log(total), s))


Loss = SigmoidCrossEntropy | SoftmaxCrossEntropy
