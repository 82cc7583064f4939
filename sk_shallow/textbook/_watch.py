"""A look into a fit: what it minimises, as arrays of the textbook, and the states that its solver tells."""

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from typing import Any, NamedTuple, TypeVar

import numpy as np
import scipy.sparse as sp
from sklearn.base import clone

from sk_shallow import _network
from sk_shallow._activations import Activation
from sk_shallow._classifier import ShallowNetClassifier
from sk_shallow._course import Setting, Watch
from sk_shallow._fitting import fit_network
from sk_shallow._held_out import Given
from sk_shallow._losses import LOSSES
from sk_shallow._parameters import Parameters
from sk_shallow._preparation import prepare
from sk_shallow._solvers import Run, State
from sk_shallow._validation import without_early_stopping

T = TypeVar("T")
#: J of parameters, real or complex.
Cost = Callable[[Parameters], Any]


class Seen(NamedTuple):
    """A state of a fit, and what it is a state of.

    Attributes
    ----------
    setting : Setting
    state : State
    iteration : int
        How many were made before it. A state told anew, under another λ or at another θ, has that of the one
        whose place it takes.
    """

    setting: Setting
    state: State
    iteration: int

    @property
    def X(self) -> np.ndarray:
        """X (n, d) as it counts: dense, float64."""
        X = self.setting.scaling.astype(np.float64).scaled(self.setting.problem.X)
        return X.toarray() if bool(sp.issparse(X)) else X

    @property
    def Y(self) -> np.ndarray:
        """The targets (n, k) of 0 and 1."""
        encoded, outputs = self.setting.problem.targets.encoded, self.setting.problem.targets.outputs
        return outputs.indicator(encoded)

    @property
    def s(self) -> np.ndarray:
        """The weights of the rows (n,)."""
        weights = self.setting.problem.weights
        shares = weights.shares(np.dtype(np.float64))
        return np.ones(weights.n) if shares is None else shares * weights.sum

    @property
    def penalty(self) -> float:
        """λ, set against the sum of `s`."""
        return self.setting.objective.penalty * float(self.s.sum())

    @property
    def activation(self) -> Activation:
        """g1."""
        return self.setting.recipe.activation

    @property
    def output(self) -> str:
        """g2: "sigmoid" or "softmax"."""
        loss = self.setting.problem.targets.outputs.loss
        return next(name for name, known in LOSSES.items() if known is loss)


class _Enough(Exception):  # noqa: N818
    """What was to be seen has been seen."""


def watch_fit(
    estimator: Any, X: Any, y: Any, see: Callable[[Seen], None], *, sample_weight: Any = None, max_iter: int = 1
) -> Any:
    """Fit a copy of an estimator, show each state to `see`, and return the record of the fit.

    A fitted estimator goes on from its network; a fresh one starts at random.
    """
    estimator = getattr(estimator, "best_estimator_", estimator)  # of a search
    if not isinstance(estimator, ShallowNetClassifier):
        raise ValueError(
            f"A ShallowNetClassifier is wanted, got {type(estimator).__name__}: of a pipeline, pass its last "
            "step, and X as the steps before it transform it."
        )
    if max_iter < 1:
        raise ValueError(f"n_steps must be 1 at least, got {max_iter}.")
    is_fitted = hasattr(estimator, "hidden_coef_")
    copy = deepcopy(estimator).set_params(warm_start=True) if is_fitted else clone(estimator)
    without_early_stopping(copy).set_params(max_iter=max_iter)._validate_params()
    prepared = prepare(copy, X, y, sample_weight, Given())
    problem = prepared.problem._replace(X=prepared.problem.X.astype(np.float64))
    return fit_network(problem, prepared.recipe, prepared.before, copy.random_state, lambda _: [_Look(see)])[1]


class _Look(Watch):
    """Shows each state."""

    def __init__(self, see: Callable[[Seen], None]) -> None:
        self._see = see

    def after(self, setting: Setting, run: Run) -> None:
        """Show the last state."""
        self._see(Seen(setting, run.state, run.n_iter))


def seen_at_the_start(estimator: Any, X: Any, y: Any, see: Callable[[Seen], T], **how: Any) -> T:
    """Return what `see` returns of the first state."""
    found: list[T] = []

    def once(seen: Seen) -> None:
        found.append(see(seen))
        raise _Enough

    with suppress(_Enough):
        watch_fit(estimator, X, y, once, **how)
    return found[0]


def cost_of(seen: Seen, most: int | None = None) -> Cost:
    """Return the textbook's J for the rows of a fit, or for `most` of them at random."""
    X, Y, s = seen.X, seen.Y, seen.s
    penalty, activation, output = seen.penalty / float(s.sum()), seen.activation, seen.output
    if most is not None and len(X) > most:
        rows = np.sort(np.random.RandomState(0).permutation(len(X))[:most])
        X, Y, s = X[rows], Y[rows], s[rows]
    l2 = penalty * float(s.sum())

    def cost(parameters: Parameters) -> Any:
        layers = _network.forward(X, parameters, activation=activation, output=output)
        return _network.cost(layers, Y, s, parameters, output=output, l2_regularization=l2)

    return cost
