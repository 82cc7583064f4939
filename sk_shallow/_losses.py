"""Losses from raw outputs Z2: g2, L and their gradient A2 - Y. A loss knows nothing of X.

``activation`` to ``gradient`` are pure and work rowwise on arrays (n, k) of any array namespace.
``encode`` and ``fused`` are the same mathematics for the kernel: outputs are rows (k, m), so that
softmax reduces along the long, contiguous axis, and Z2 is overwritten by the weighted gradient.
There every term of the cost is written so that it is never negative and nothing cancels: a cost of
1e-15 is right to its last digits, in float32 too.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from sk_shallow._activations import sigmoid, softplus
from sk_shallow._array_api import Array, namespace
from sk_shallow._compiled import LOOPS


class OutputBuffers:
    """Z2 (k, m) and the work space of a loss for m examples: E of the same shape, r (m,), and flat views."""

    def __init__(self, Z2: np.ndarray, E: np.ndarray | None = None, r: np.ndarray | None = None) -> None:
        (k, m), dtype = Z2.shape[-2:], Z2.dtype
        self.Z2, self.E = Z2, np.empty_like(Z2) if E is None else E
        self.r = np.empty((*Z2.shape[:-2], m), dtype=dtype) if r is None else r
        self.flat_Z2, self.flat_E = self.Z2.reshape(-1), self.E.reshape(-1)
        self.ones_k, self.ones_m = np.ones(k, dtype=dtype), np.ones(m, dtype=dtype)

    @property
    def each(self) -> list["OutputBuffers"]:
        """Those of each network, views where there are several."""
        return [self]

    def places(self, place: np.ndarray) -> np.ndarray:
        """Return where in a flat Z2 the numbers stand that are at `place` (m,) in that of one network."""
        return place

    def of_outputs(self, values: np.ndarray) -> np.ndarray:
        """Return a value of each example in a form that goes with E, for each output."""
        return values

    def over_outputs(self, E: np.ndarray) -> np.ndarray:
        """Return the sum over the outputs, for each example."""
        return self.ones_k.dot(E)

    def over_examples(self, values: np.ndarray, s: np.ndarray) -> Any:
        """Return the sum of the values of the examples times their weights."""
        return values.dot(s)

    def is_finite(self, value: Any) -> bool:
        """Tell whether a sum over examples is finite."""
        return math.isfinite(value)


class StackOutputBuffers(OutputBuffers):
    """The same for C networks and the same examples: Z2 and E are (C, k, m), values of examples (C, m).

    Batches of products, so that each network has the bits that it has alone.
    """

    def __init__(self, Z2: np.ndarray) -> None:
        super().__init__(Z2)
        self._starts = np.arange(len(Z2))[:, None] * Z2[0].size
        self._each = [OutputBuffers(*own) for own in zip(Z2, self.E, self.r, strict=True)]

    @property
    def each(self) -> list[OutputBuffers]:
        """Those of each network."""
        return self._each

    def places(self, place: np.ndarray) -> np.ndarray:
        """Return where each network has the numbers that are at `place`, (C, m)."""
        return place + self._starts

    def of_outputs(self, values: np.ndarray) -> np.ndarray:
        """Return (C, 1, m)."""
        return values[:, None, :]

    def over_outputs(self, E: np.ndarray) -> np.ndarray:
        """Return (C, m)."""
        return np.matmul(self.ones_k, E)

    def over_examples(self, values: np.ndarray, s: np.ndarray) -> Any:
        """Return (C,), or (C, k) of values of each output."""
        return np.matmul(values, s) if values.ndim > 2 else np.matmul(values[:, None, :], s)[:, 0]

    def is_finite(self, value: Any) -> bool:
        """Tell whether it is for all networks."""
        return bool(np.isfinite(value).all())


class Signs(NamedTuple):
    """Targets of m examples for sigmoid outputs: 1 - 2 Y and s (1 - 2 Y), both (k, m)."""

    sign: np.ndarray
    weighted: np.ndarray


class SigmoidCrossEntropy:
    """k independent sigmoid outputs: binary (k = 1) and multilabel targets.

        A2 = 1 / (1 + exp(-Z2))
        L = sum_l softplus(Z2_l) - Y_l Z2_l         (-{y log a2 + (1 - y) log(1 - a2)})
        dL/dZ2 = A2 - Y

    Y is (n, k) of 0 and 1.
    """

    def activation(self, Z2: Array) -> Array:
        """Return the probabilities A2 = g2(Z2), shape (n, k)."""
        return sigmoid(Z2)

    def log_activation(self, Z2: Array) -> Array:
        """Return log A2 without forming A2, shape (n, k)."""
        return -softplus(-Z2)

    def value(self, Z2: Array, Y: Array) -> Array:
        """Return the loss of each example, shape (n,)."""
        xp = namespace(Z2)
        return xp.sum(softplus(xp.where(Y > 0, -Z2, Z2)), axis=1)

    def gradient(self, Z2: Array, Y: Array) -> Array:
        """Return dL/dZ2 = A2 - Y of each example, shape (n, k)."""
        return self.activation(Z2) - Y

    def curvature(self, A2: Array) -> tuple[Array, Array]:
        """Return q and r, both (n, k): the Hessian of L in Z2 is diag(q) - r rᵀ for each example."""
        return A2 * (1 - A2), 0 * A2

    def start(self, prior: np.ndarray) -> np.ndarray:
        """Return the b2 at which every example gets the probabilities `prior`, shape (k,)."""
        return np.log(prior) - np.log1p(-prior)

    def buffer(self, k: int, m: int, dtype: np.dtype) -> Signs:
        """Return space for the targets of m examples."""
        return Signs(np.empty((k, m), dtype=dtype), np.empty((k, m), dtype=dtype))

    def encode(self, y: np.ndarray, s: np.ndarray, buffer: Any) -> Signs:
        """Return the targets of m examples, y (m, k) of 0 and 1, weighted by s (m,), in a ``buffer``."""
        sign, weighted = buffer
        np.multiply(y.T, sign.dtype.type(-2), out=sign)
        np.add(sign, 1, out=sign)
        np.multiply(sign, s, out=weighted)
        return buffer

    def fused(self, outputs: OutputBuffers, targets: Any, s: np.ndarray) -> Any:
        """Return sum s L and overwrite Z2 by s (A2 - Y), for Z2 (k, m) and s (m,).

        With t = z for y = 0 and t = -z for y = 1, L = softplus(t) = max(t, 0) + log(1 + exp(-|t|)) and
        A2 - Y = ± sigmoid(t) = ± exp(t - softplus(t)): nothing overflows, nothing cancels.
        """
        sign, weighted = targets
        if LOOPS is not None:
            for each in outputs.each:
                LOOPS.sigmoid(each.Z2, sign, weighted, each.E)
            return np.add.reduce(outputs.over_examples(outputs.E, s), axis=-1)
        Z2, E = outputs.Z2, outputs.E
        np.multiply(Z2, sign, Z2)
        np.abs(Z2, E)
        np.negative(E, E)
        np.exp(E, E)
        loss = np.log1p(E)
        np.add(loss, np.maximum(Z2, 0, out=E), loss)
        value = np.add.reduce(outputs.over_examples(loss, s), axis=-1)
        np.subtract(Z2, loss, Z2)
        np.exp(Z2, Z2)
        np.multiply(Z2, weighted, Z2)
        return value


class Places(NamedTuple):
    """Targets of m examples for softmax outputs: where each one's class stands in a raveled Z2 (k, m)."""

    place: np.ndarray
    column: np.ndarray


class SoftmaxCrossEntropy:
    """One softmax over k outputs: one of k classes. With k = 1 the class is certain.

        A2_c = exp(Z2_c) / sum_j exp(Z2_j)
        L = log sum_j exp(Z2_j) - sum_c Y_c Z2_c    (-sum_c y_c log a2_c)
        dL/dZ2 = A2 - Y

    Y is (n, k), one-hot.
    """

    def activation(self, Z2: Array) -> Array:
        """Return the probabilities A2 = g2(Z2), shape (n, k)."""
        xp = namespace(Z2)
        with np.errstate(over="ignore"):
            E = xp.exp(Z2 - xp.max(Z2, axis=1, keepdims=True))
        return E / xp.sum(E, axis=1, keepdims=True)

    def log_activation(self, Z2: Array) -> Array:
        """Return log A2 without forming A2, shape (n, k)."""
        xp = namespace(Z2)
        with np.errstate(over="ignore"):
            shifted = Z2 - xp.max(Z2, axis=1, keepdims=True)
        # A difference of outputs can overflow although both are finite.
        shifted = xp.where(xp.isfinite(shifted), shifted, xp.finfo(Z2.dtype).min / 2)
        return shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))

    def value(self, Z2: Array, Y: Array) -> Array:
        """Return the loss of each example, shape (n,)."""
        return -namespace(Z2).sum(Y * self.log_activation(Z2), axis=1)

    def gradient(self, Z2: Array, Y: Array) -> Array:
        """Return dL/dZ2 = A2 - Y of each example, shape (n, k)."""
        return self.activation(Z2) - Y

    def curvature(self, A2: Array) -> tuple[Array, Array]:
        """Return q and r, both (n, k): the Hessian of L in Z2 is diag(q) - r rᵀ for each example."""
        return A2, A2

    def start(self, prior: np.ndarray) -> np.ndarray:
        """Return the b2 at which every example gets the probabilities `prior`, shape (k,)."""
        return np.log(prior)

    def buffer(self, k: int, m: int, dtype: np.dtype) -> Places:
        """Return space for the targets of m examples."""
        return Places(np.empty(m, dtype=np.intp), np.arange(m))

    def encode(self, y: np.ndarray, s: np.ndarray, buffer: Any) -> Places:
        """Return the targets of m examples, class codes y (m,), in a ``buffer``."""
        place, column = buffer
        np.multiply(y, len(column), place)
        np.add(place, column, place)
        return buffer

    def fused(self, outputs: OutputBuffers, targets: Any, s: np.ndarray) -> Any:
        """Return sum s L and overwrite Z2 by s (A2 - Y), for Z2 (k, m) and s (m,).

        With r = the sum of exp(z_c - z_y) over the other classes, L = log(1 + r), A2_c = exp(z_c - z_y) /
        (1 + r) and A2_y - 1 = -r / (1 + r): nothing cancels. What overflows is computed again with care.
        """
        r = self._exponentials(outputs, targets.place)
        value = outputs.over_examples(np.log1p(r), s)
        if not outputs.is_finite(value):
            if outputs.Z2.ndim > 2:  # those of several networks
                return np.array([self.fused(each, targets, s) for each in outputs.each])
            return self._careful(outputs, targets.place, s)
        self._gradients(outputs, targets.place, r, s)
        return value

    def _exponentials(self, outputs: OutputBuffers, place: np.ndarray) -> np.ndarray:
        """Write E = exp(z_c - z_y), 0 in the place of y, and return r."""
        if LOOPS is not None:
            for each in outputs.each:
                LOOPS.softmax(each.Z2, place, each.E, each.r)
            return outputs.r
        E, places = outputs.E, outputs.places(place)
        np.subtract(outputs.Z2, outputs.of_outputs(outputs.flat_Z2[places]), E)
        np.exp(E, E)
        outputs.flat_E[places] = 0
        return outputs.over_outputs(E)

    def _gradients(self, outputs: OutputBuffers, place: np.ndarray, r: np.ndarray, s: np.ndarray) -> None:
        """Overwrite Z2 by s (A2 - Y), from E and r, which are changed."""
        if LOOPS is not None:
            for each in outputs.each:
                LOOPS.softmax_chain(each.Z2, place, each.E, each.r, s)
            return
        outputs.flat_E[outputs.places(place)] = -r
        np.add(r, outputs.ones_m, r)
        np.multiply(outputs.E, outputs.of_outputs(s / r), outputs.Z2)

    def _careful(self, outputs: OutputBuffers, place: np.ndarray, s: np.ndarray) -> Any:
        """Do what ``fused`` does relative to the largest output, so that no exponential overflows.

        With z relative to it and r as before, L = log(1 + r + (exp(z_y) - 1)) - z_y.
        """
        Z2, E, flat_E = outputs.Z2, outputs.E, outputs.flat_E
        np.subtract(Z2, np.maximum.reduce(Z2, axis=0), E)
        z = np.maximum(flat_E[place], np.finfo(E.dtype).min / 2)
        np.exp(E, E)
        flat_E[place] = 0
        r = outputs.over_outputs(E)
        rest = r + np.expm1(z)
        value = (np.log1p(rest) - z).dot(s)
        flat_E[place] = -r
        np.multiply(E, s / (rest + 1), Z2)
        return value


#: Any of the losses.
Loss = SigmoidCrossEntropy | SoftmaxCrossEntropy

#: The losses by the name of their output activation g2.
LOSSES: dict[str, Loss] = {"sigmoid": SigmoidCrossEntropy(), "softmax": SoftmaxCrossEntropy()}
