"""W = 0: where a run can end by mistake, and the way out.

With all weights zero and b2 that of the shares of the classes, ∇J is zero under every λ. With M = Σ s r x̄ᵀ,
r = y − p, and units of slope g1'(b1), the cost nearby is

    J(W) ≈ J(0) − tr(W2 diag(g1'(b1)) W1 Mᵀ) + λ/2S (‖W1‖² + ‖W2‖²)

so that W = 0 is a minimum where λ/S is at least σ₁ g1', with σ₁ ≥ σ₂ … the singular values of M, and else a
saddle, at which a step of Newton's kind, or one against a large penalty alone, may end.
"""

import numpy as np

from sk_shallow._activations import Activation
from sk_shallow._objective import Objective
from sk_shallow._parameters import Parameters, Shape

#: A run whose cost is above this share of that of W = 0 has learnt nothing.
_NEAR = 0.999
#: From this share of σ₁ g1' on, λ/S holds W = 0: there is next to nothing to gain.
_HOLDS = 0.95
#: The way out is halved at most so often.
_HALVINGS = 24


def _sign_of_largest(rows: np.ndarray) -> np.ndarray:
    """Return the sign of the largest entry of each row, (m, 1)."""
    largest = np.abs(rows).argmax(axis=1)
    return np.sign(rows[np.arange(len(rows)), largest])[:, None]


class Saddle:
    """The network at W = 0 that knows the shares of the classes, and what leads away from it.

    Parameters
    ----------
    objective : Objective
        A pass of it for each so many outputs as there are units.
    shape : Shape
    activation : Activation
    b2 : ndarray of shape (k,)
        At which Σ s r = 0.

    Attributes
    ----------
    loss : float
        J(0).
    """

    def __init__(self, objective: Objective, shape: Shape, activation: Activation, b2: np.ndarray) -> None:
        self._shape, self._b2, self._dtype = shape, b2, objective.dtype
        h = shape.hidden_width
        self._b1 = np.linspace(0.0, 1.0, h + 1)[1:]
        self._slopes = activation.slopes(self._b1[None])[0]
        self._values = activation.values(self._b1[None])[0]
        self._M, self.loss = self._at_zero(objective)
        self._left: set[float] = set()
        largest = float(np.abs(self._M).max())
        if not (0 < largest < np.inf):  # nothing to tell by
            self._M, largest = np.zeros_like(self._M), 1.0
        squares, U = np.linalg.eigh((self._M / largest) @ (self._M / largest).T)
        self._sigma, self._U = largest * np.sqrt(np.maximum(squares[::-1], 0)), U[:, ::-1]

    def _theta(self, W1: np.ndarray, W2: np.ndarray) -> np.ndarray:
        """Return θ with b2 such that at W1 = 0 the outputs are the shares, whatever W2 is."""
        b2 = self._b2 - W2 @ self._values
        return self._shape.join(Parameters(W1, self._b1, W2, b2), dtype=self._dtype)

    def _at_zero(self, objective: Objective) -> tuple[np.ndarray, float]:
        """Return M and J(0): at W1 = 0, ∂J/∂W1 = −diag(g1'(b1)) W2ᵀ M."""
        h, d, k = self._shape.hidden_width, self._shape.n_features, self._shape.n_outputs
        M, steepest = np.zeros((k, d)), np.argsort(-np.abs(self._slopes), kind="stable")
        for first in range(0, k, h):
            outputs = np.arange(first, min(first + h, k))
            units, W2 = steepest[: len(outputs)], np.zeros((k, h))
            W2[outputs, units] = 1.0
            loss, gradient = objective(self._theta(np.zeros((h, d)), W2))
            slopes = self._slopes[units, None]
            found = self._shape.views(gradient).W1[units].astype(np.float64)
            np.divide(-found, slopes, out=M[outputs[0] : outputs[-1] + 1], where=slopes != 0)
        return M, loss - 0.5 * objective.penalty * len(outputs)

    @property
    def slope(self) -> float:
        """The mean of |g1'|."""
        return float(np.abs(self._slopes).mean())

    @property
    def holding(self) -> float:
        """The λ/S from which on W = 0 is a minimum."""
        return float(self._sigma[0]) * self.slope

    def is_near(self, loss: float) -> bool:
        """Tell whether a network with that cost has learnt nothing."""
        return loss >= _NEAR * self.loss

    def way_out(self, objective: Objective, below: float) -> np.ndarray | None:
        """Return a θ that costs less than W = 0 and `below`, from where no descent goes back; None: there is none.

        The units go along the directions that λ/S does not hold, in turn, to either side. There is none for a
        network that has learnt anything, and none a second time for the same λ.
        """
        if not self.is_near(below) or objective.penalty in self._left:
            return None
        self._left.add(objective.penalty)
        open_ways = np.flatnonzero(self._sigma * self.slope * _HOLDS > objective.penalty)
        if not len(open_ways):
            return None
        units = np.arange(self._shape.hidden_width)
        ways, side = open_ways[units // 2 % len(open_ways)], np.where(units % 2, -1.0, 1.0)
        V = (self._U.T @ self._M)[ways] / self._sigma[ways, None]
        V *= _sign_of_largest(V)  # so that another order of labels turns W2, and leaves W1
        U = (self._M @ V.T) / self._sigma[ways]
        W1, W2 = side[:, None] * V, side * np.sign(self._slopes) * U
        size, cost = (len(open_ways) / self._shape.hidden_width) ** 0.5, np.inf
        for _ in range(_HALVINGS):
            theta = self._theta(size * W1, size * W2)
            before, cost = cost, objective(theta)[0]
            if cost < min(self.loss, below):
                return theta
            if before < min(self.loss, cost):  # the lowest lies behind
                return None
            size /= 2
        return None
