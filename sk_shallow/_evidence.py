"""λ by evidence: how many directions of θ the data determine, and how large the weights are.

At the best λ, λ (‖W1‖² + ‖W2‖²) equals γ, the number of directions of θ that the data determine (MacKay
1992). It follows from the eigenvalues e of the curvature of the summed loss, which the Kronecker-factored
Gauss-Newton matrix has layer by layer (Martens & Grosse 2015): Σ e / (e + λ). A few thousand rows are enough for
the spectrum, so that its cost is bounded.

Before anything is learnt, λ is the one at which noise as strong as y could not grow, lowered by the share of y
that is no noise.

All is for weights s of the rows that sum to 1, and a number of rows S that they stand for.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.utils import gen_batches
from sklearn.utils.extmath import row_norms

from sk_shallow._activations import Activation
from sk_shallow._losses import Loss
from sk_shallow._parameters import Parameters
from sk_shallow._scaling import Scaling
from sk_shallow._weights import Weights

#: λ where there is no estimate, and the least and the largest that there may be.
FIRST_PENALTY, LEAST_PENALTY, _LARGEST = 3.0, 0.03, 1000.0
#: λ is so much more than MacKay's, and γ at most _RANK times the number of rows that are uncertain.
_BOOST, _RANK = 1.5, 3.0
#: Rows for the spectrum, where the matrices of the inputs are at most _NARROW wide, and where they are wider.
_MOST_ROWS, _ROWS_OF_WIDE, _NARROW, _LEAST_ROWS = 2048, 1024, 1024, 128
#: Rows that are scaled at once to put all in order.
_ROWS_AT_ONCE = 4096
#: Most products for the matrix of the hidden units' factors.
_MOST_WORK = 2 * 10**8


class Sample(NamedTuple):
    """Rows for the spectrum: X (m, d) as it counts, float64 or CSR, and weights s (m,) that sum to 1."""

    X: Any
    s: np.ndarray


def most_rows(n_features: int, hidden_width: int, n_outputs: int) -> int:
    """Return the number of rows that keeps the cost of a spectrum bounded."""
    affordable = max(_LEAST_ROWS, _MOST_WORK // (n_outputs * hidden_width**2))
    return min(_MOST_ROWS if n_features <= _NARROW else _ROWS_OF_WIDE, affordable)


def sample_of(
    X: Any, y: np.ndarray, weights: Weights, scaling: Scaling, direction: np.ndarray, most: int
) -> Sample:
    """Return at most `most` of the rows X (n, d): the same ones whether a row is weighted or repeated.

    Rows are put in an order that knows their contents alone, that of their products with `direction` (d,) and
    then of y (n,), and taken at equal distances of the sum of their weights: they are as varied as all rows are.
    """
    n = X.shape[0]
    values = weights.each
    if max(n, weights.sum) <= most:
        return Sample(scaling.scaled(X), values / weights.total)
    order = np.lexsort((y, _products(X, scaling, direction)))
    ends = np.cumsum(values[order])
    places = (np.arange(most) + 0.5) * (ends[-1] / most)
    counts = np.bincount(np.searchsorted(ends, places, side="right").clip(max=n - 1), minlength=n)
    taken = np.flatnonzero(counts)
    return Sample(scaling.scaled(X[order[taken]]), counts[taken] / most)


def _products(X: Any, scaling: Scaling, direction: np.ndarray) -> np.ndarray:
    """Return the products of the rows, as they count, with `direction`."""
    rows = gen_batches(X.shape[0], _ROWS_AT_ONCE)
    return np.concatenate([scaling.scaled(X[some]) @ direction for some in rows])


@dataclass
class Layers:
    """The network on a sample: what both estimates need.

    Z1 and A1 are (m, h); q and r (m, k) give the curvature of the loss in Z2 of each row,
    Λ = diag(q) − r rᵀ; ``trace`` (m,) is tr Λ, and ``covariance`` (k, k) is Σ s Λ.
    """

    sample: Sample
    parameters: Parameters
    activation: Activation
    loss: Loss

    def __post_init__(self) -> None:
        (X, s), (W1, b1, W2, b2) = self.sample, self.parameters
        self.Z1 = X @ W1.T + b1
        self.A1 = self.activation.values(self.Z1)
        self.A2 = self.loss.activation(self.A1 @ W2.T + b2)
        self.q, self.r = self.loss.curvature(self.A2)
        self.trace = _trace(self.q, self.r)
        self.covariance = np.diag(s @ self.q) - (self.r.T * s) @ self.r

    @property
    def uncertain(self) -> float:
        """The share of rows whose class the network does not know, of the most that there could be.

        It is the mean of tr Λ, next to that of the mean probabilities, times that of even ones: a rare class
        has few rows, though each may be known as well or as badly as any.
        """
        even = self.loss.activation(np.zeros((1, self.A2.shape[1])))
        mean = (self.sample.s @ self.A2)[None]
        of_even, of_mean = (float(_trace(*self.loss.curvature(A2))[0]) for A2 in (even, mean))
        return float(self.sample.s @ self.trace) * (of_even / of_mean if of_mean > 0 else 1.0)

    @property
    def largest_variance(self) -> float:
        """The variance of r in the direction of the outputs in which it is largest."""
        return float(np.linalg.eigvalsh(self.covariance)[-1])

    def noise(self, n_rows: float) -> float:
        """Return about the norm of Σ r x̄ᵀ if y, of the shares known, knew nothing of x."""
        X, s = self.sample
        spread = float(s @ row_norms(X, squared=True)) - float(((s @ X) ** 2).sum())
        return math.sqrt(max(n_rows * self.largest_variance * spread, 0.0))

    def spectrum(self) -> np.ndarray:
        """Return the eigenvalues e/S of the curvature of both layers, biases left out.

        With Bᵢ = g1'(z1ᵢ) ∘ W2ᵀ Λᵢ^½:

            layer 1:  e = eig(Σ wᵢ x̄ᵢ x̄ᵢᵀ / Σ w) ⊗ eig(Σ sᵢ Bᵢ Bᵢᵀ),    wᵢ = sᵢ ‖Bᵢ‖²
            layer 2:  e = eig(Σ vᵢ āᵢ āᵢᵀ / Σ v) ⊗ eig(Σ sᵢ Λᵢ),          vᵢ = sᵢ tr Λᵢ
        """
        (X, s), W2, q = self.sample, self.parameters.W2, self.q
        D = self.activation.slopes(self.Z1)
        R, roots = D * (self.r @ W2), np.sqrt(s[:, None] * q)
        w = s * np.maximum(D * D * (q @ W2**2) - R * R, 0).sum(axis=1)
        # Λ = Σ_c q_c (e_c − r)(e_c − r)ᵀ, so that Bᵢ has a column √q_c (g1' ∘ W2_c − g1' ∘ W2ᵀ r) for each c.
        factors = ((D * w2 - R) * roots[:, c, None] for c, w2 in enumerate(W2))
        first = np.outer(_of_inputs(X, s, w), _of_squares(factors, roots.size, D.shape[1]))
        second = np.outer(_of_inputs(self.A1, s, s * self.trace), _eigenvalues(self.covariance))
        return np.concatenate([first.ravel(), second.ravel()])


def _trace(q: np.ndarray, r: np.ndarray) -> np.ndarray:
    """Return tr Λ of each row, (m,)."""
    return np.maximum(q - r * r, 0).sum(axis=1)


def _of_squares(factors: Iterable[np.ndarray], n_rows: int, width: int) -> np.ndarray:
    """Return the eigenvalues, but for zeros, of Σ FᵀF over matrices F of that width and so many rows in all."""
    if n_rows > width:
        return _eigenvalues(reduce(np.add, (F.T @ F for F in factors)))
    F = np.concatenate(list(factors))
    return _eigenvalues(F @ F.T)


def _eigenvalues(matrix: np.ndarray) -> np.ndarray:
    return np.maximum(np.linalg.eigvalsh(matrix), 0)


def _of_inputs(X: Any, s: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return the eigenvalues, but for zeros, of Σ wᵢ x̄ᵢ x̄ᵢᵀ / Σ w, for x̄ centred by the weights s."""
    root = np.sqrt(w / max(float(w.sum()), np.finfo(np.float64).tiny))
    mean, is_sparse = s @ X, bool(sp.issparse(X))
    if not is_sparse:
        rows = (X - mean) * root[:, None]
        return _eigenvalues(rows.T @ rows if X.shape[1] <= X.shape[0] else rows @ rows.T)
    if X.shape[1] > X.shape[0]:
        products = X @ mean
        gram = (X @ X.T).toarray() - products[:, None] - products + mean @ mean
        return _eigenvalues(gram * np.outer(root, root))
    weighted = X.multiply(root[:, None]).tocsr()
    middle = weighted.T @ root
    gram = (weighted.T @ weighted).toarray() - np.outer(middle, mean) - np.outer(mean, middle)
    return _eigenvalues(gram + float(root @ root) * np.outer(mean, mean))


def penalty_by_evidence(layers: Layers, penalty: float, n_rows: float) -> float:
    """Return the λ at which the size of the weights agrees with what the data determine.

    With g = Σ e / (e + λ) and u = 3 S · uncertain, a bound where hardly any row is uncertain,

        γ = g u / (g + u),        λ = 1.5 γ / (‖W1‖² + ‖W2‖²), from 0.03 to 1000

    Parameters
    ----------
    layers : Layers
    penalty : float
        λ up to now.
    n_rows : float
        S.
    """
    e = layers.spectrum()
    g, u = float((e / (e + penalty / n_rows)).sum()), _RANK * n_rows * layers.uncertain
    if g + u == 0:
        return LEAST_PENALTY
    W1, _, W2, _ = layers.parameters
    return float(np.clip(_BOOST * g * u / (g + u) / ((W1**2).sum() + (W2**2).sum()), LEAST_PENALTY, _LARGEST))


def penalty_at_the_start(layers: Layers, d_output: np.ndarray, n_rows: float) -> float:
    """Return the λ to begin with at W2 = 0, where the outputs know the shares of the classes alone.

    A network under a penalty stays at W = 0 where λ exceeds the norm of Σ r xᵀ, r = y − p. If y knew nothing
    of x, that norm would be about the root of N = Σ |r|² |x|²; F tells how much larger it is:

        λ = √(c N d / (‖W1‖² max(1, F))),    N = Σ |r|² |ā|²,    F = ‖Σ r āᵀ‖² / N,    from 0.03 to 1000

    in the hidden outputs ā, centred, which are to x as W1 is to 1; c is the largest share of a direction in
    the variance of r.

    Parameters
    ----------
    layers : Layers
    d_output : ndarray of shape (k, h)
        The gradient of the mean loss with respect to W2, −Σ r āᵀ / S.
    n_rows : float
        S.
    """
    (_, s), W1, A1 = layers.sample, layers.parameters.W1, layers.A1
    variance = float(np.trace(layers.covariance))
    noise = variance * float(s @ ((A1 - s @ A1) ** 2).sum(axis=1))  # N / S
    size = float((W1**2).sum())
    if noise <= 0 or size <= 0:
        return FIRST_PENALTY
    signal = max(1.0, n_rows * (float((d_output.astype(np.float64) ** 2).sum()) / noise))
    direction = layers.largest_variance / variance
    squared = direction * noise * W1.shape[1] / size * (n_rows / signal)
    return float(np.clip(np.sqrt(squared), LEAST_PENALTY, _LARGEST))
