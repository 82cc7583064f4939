"""What each step of a fit computes, by the names of the equations."""

from collections.abc import Sequence
from typing import Any, NamedTuple, overload

import numpy as np
import pandas as pd

from sk_shallow import _network
from sk_shallow.textbook._watch import Seen, watch_fit


class Step(NamedTuple):
    """The quantities of one iteration, at the parameters before its move.

    Attributes
    ----------
    W1, b1, W2, b2 : ndarray of shape (h, d), (h,), (k, h), (k,)
        Of the columns as they count.
    Z1, A1, Z2, A2 : ndarray of shape (n, h), (n, h), (n, k), (n, k)
    J : float
        The cost.
    dZ2, dW2, db2, dZ1, dW1, db1 : ndarray
        The gradients of J, of the shapes of Z2, W2, b2, Z1, W1 and b1.
    l2_regularization : float
        λ.
    """

    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray
    Z1: np.ndarray
    A1: np.ndarray
    Z2: np.ndarray
    A2: np.ndarray
    J: float
    dZ2: np.ndarray
    dW2: np.ndarray
    db2: np.ndarray
    dZ1: np.ndarray
    dW1: np.ndarray
    db1: np.ndarray
    l2_regularization: float


class Trace(Sequence[Step]):
    """The steps of a fit: ``trace[t]`` is iteration t, ``trace[-1]`` the last.

    Attributes
    ----------
    X : ndarray of shape (n, d)
        The rows as they count, scaled where the estimator scales.
    Y : ndarray of shape (n, k)
        The targets, 0 and 1.
    s : ndarray of shape (n,)
        The weights of the rows.
    """

    def __init__(self, X: np.ndarray, Y: np.ndarray, s: np.ndarray, steps: Sequence[Step]) -> None:
        self.X, self.Y, self.s, self._steps = X, Y, s, tuple(steps)

    def __len__(self) -> int:
        return len(self._steps)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | Sequence[Step]:
        return self._steps[index]

    def __repr__(self) -> str:
        return f"Trace of {len(self)} states, J from {self[0].J:.4g} to {self[-1].J:.4g}"

    def to_frame(self) -> pd.DataFrame:
        """Return all numbers in a table.

        Returns
        -------
        frame : DataFrame
            A row for each number, by step, quantity, row and column (0 for what has none), with its `value`.
        """
        parts = [_long(t, name, value) for t, step in enumerate(self) for name, value in step._asdict().items()]
        return pd.concat(parts).set_index(["step", "quantity", "row", "column"]).sort_index()


def _long(t: int, name: str, value: np.ndarray | float) -> pd.DataFrame:
    array = np.atleast_1d(value)
    matrix = array.reshape(len(array), -1)
    row, column = np.indices(matrix.shape)
    return pd.DataFrame(
        {"step": t, "quantity": name, "row": row.ravel(), "column": column.ravel(), "value": matrix.ravel()}
    )


def trace(estimator: Any, X: Any, y: Any, n_steps: int = 1, *, sample_weight: Any = None) -> Trace:
    """Run some iterations of `fit`, and return what each of them computes.

    Parameters
    ----------
    estimator : ShallowNetClassifier
        A fresh one starts at random, a fitted one goes on from its network. It is left as it is.
    X : array-like of shape (n, d)
    y : array-like of shape (n,) or (n, L)
    n_steps : int, default=1
        How many iterations; fewer are made where the fit ends before.
    sample_weight : array-like of shape (n,), default=None

    Returns
    -------
    trace : Trace
        A step more than iterations, as `loss_curve_` has: the last is where the fit would go on. The quantities
        are those of ``sk_shallow.textbook``, in float64, on all rows (of weight zero only those that do no
        harm); the parameters and J are those of the fit.

    Raises
    ------
    ValueError
        If the estimator is another, `n_steps` is below 1, or ``fit`` refuses X or y.

    Notes
    -----
    A move that was taken back leaves the parameters as they were. Where λ changes, the step stands under the new
    one.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_shallow import ShallowNetClassifier
    >>> from sk_shallow.textbook import trace
    >>> X, y = np.array([[0.0], [1.0], [2.0]]), [0, 0, 1]
    >>> clf = ShallowNetClassifier(2, learning_rate=0.5, l2_regularization=0, random_state=0)
    >>> steps = trace(clf, X, y, n_steps=2)
    >>> steps
    Trace of 3 states, J from 0.6365 to 0.3653
    >>> bool(np.allclose(steps[1].W2, steps[0].W2 - 0.5 * steps[0].dW2))
    True
    >>> steps.to_frame().loc[(0, "dZ2")].value.round(3).tolist()
    [0.111, 0.111, -0.222]
    """
    seen: dict[int, Step] = {}
    data: list[np.ndarray] = []

    def see(now: Seen) -> None:
        if not data:
            data.extend((now.X, now.Y, now.s))
        seen[now.iteration] = _step(now, *data)

    watch_fit(estimator, X, y, see, sample_weight=sample_weight, max_iter=n_steps)
    X, Y, s = data
    return Trace(X, Y, s, [seen[t] for t in sorted(seen)])


def _step(now: Seen, X: np.ndarray, Y: np.ndarray, s: np.ndarray) -> Step:
    how: Any = {"activation": now.activation, "output": now.output}
    parameters = now.setting.shape.views(now.state.theta)
    layers, penalty = _network.forward(X, parameters, **how), now.penalty
    dZ2 = (s / s.sum())[:, None] * (layers.A2 - Y)
    dZ1 = (dZ2 @ parameters.W2) * now.activation.derivative(layers.Z1)
    dW1, db1, dW2, db2 = _network.backward(layers, X, Y, s, parameters, **how, l2_regularization=penalty)
    return Step(*parameters, *layers, now.state.loss, dZ2, dW2, db2, dZ1, dW1, db1, penalty)
