"""Is a gradient the gradient? Complex steps where functions take complex numbers, else central differences."""

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state

from sk_shallow._parameters import Parameters, Shape, draw
from sk_shallow.textbook._complex_step import complex_step
from sk_shallow.textbook._watch import Cost, Seen, cost_of, seen_at_the_start

#: The step of central differences, about ε^⅓.
_STEP = 6e-6
#: Complex steps are those of a function where, at points drawn at random, this share of them agrees with central
#: differences so far: where it has a kink or takes |z|, they do not, but at a kink that a central step straddles.
_AGREE, _SHARE, _POINTS, _ENTRIES = 1e-6, 0.75, 4, 6


class GradientCheck(NamedTuple):
    """What :func:`~sk_shallow.textbook.check_gradient` finds.

    Attributes
    ----------
    difference : float
        The largest difference between a derivative and its check, next to the largest of its block (dW1, db1, dW2
        or db2).
    where : str
        The parameter, such as "W1[2, 0]".
    """

    difference: float
    where: str


def check_gradient(
    subject: Any,
    X: Any,
    y: Any,
    *,
    parameters: Parameters | None = None,
    n_checked: int = 200,
    random_state: Any = 0,
) -> GradientCheck:
    """Compare a gradient with complex steps, or with central differences where complex numbers are not taken.

    Parameters
    ----------
    subject : ShallowNetClassifier or callable
        An estimator: the gradient that its `fit` uses, with its penalty and scaling, is compared with
        differences of the cost of ``sk_shallow.textbook``; at its network if it is fitted, else at a random
        one. A callable: ``subject(parameters, X, y)`` returns J and its gradient, (dW1, db1, dW2, db2), and is
        compared with differences of its own J.
    X : array-like of shape (n, d)
        A few rows are enough.
    y : array-like of shape (n,) or (n, k)
        What `fit` takes; for a callable, what it takes.
    parameters : Parameters, default=None
        Where: W1 (h, d), b1 (h,), W2 (k, h), b2 (k,). None: the network of a fitted estimator, or a random one,
        for a callable with 4 hidden units and as many outputs as y has columns.
    n_checked : int, default=200
        So many entries of each of W1, b1, W2 and b2 are checked, at random where there are more.
    random_state : int, RandomState instance or None, default=0

    Returns
    -------
    check : GradientCheck
        The largest relative difference, and where it is. Complex steps leave rounding, some 1e-15; central
        differences leave 1e-9 of a right gradient. A wrong one is off by far more.

    Raises
    ------
    ValueError
        If `subject` is neither, or a callable returns other shapes than the parameters have.

    Notes
    -----
    Im J(θ + iε e) / ε has no difference in which digits could be lost (Squire & Trapp 1998). relu is taken with
    the slope of the side that θ is on.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_shallow import ShallowNetClassifier
    >>> from sk_shallow.textbook import check_gradient
    >>> X, y = load_iris(return_X_y=True)
    >>> check_gradient(ShallowNetClassifier(), X, y).difference < 1e-12
    True
    """
    if n_checked < 1:
        raise ValueError(f"n_checked must be 1 at least, got {n_checked}.")
    rng = check_random_state(random_state)
    if isinstance(subject, BaseEstimator):
        cost, found, at = _of_estimator(subject, X, y, parameters, rng)
    elif callable(subject):
        X, Y = check_array(X), np.asarray(y)
        shape = Shape(X.shape[1], 4, 1 if Y.ndim == 1 else Y.shape[1])
        at = _random(shape, rng) if parameters is None else Parameters(*map(np.asarray, parameters))
        cost = lambda theta: subject(theta, X, Y)[0]  # noqa: E731
        found = _like(subject(at, X, Y)[1], at, "d")
    else:
        raise ValueError(f"subject must be a ShallowNetClassifier or a callable, got {type(subject).__name__}.")
    at = Parameters(*(np.array(part, dtype=np.float64) for part in at))
    return _largest(Slopes(cost, at, rng), found, n_checked, rng)


def _of_estimator(
    estimator: BaseEstimator, X: Any, y: Any, parameters: Parameters | None, rng: np.random.RandomState
) -> tuple[Cost, Parameters, Parameters]:
    """Return the textbook's cost, the gradient of the fit, and where."""

    def gradient(seen: Seen) -> tuple[Seen, np.ndarray, Parameters]:
        shape = seen.setting.shape
        theta = seen.state.theta if hasattr(estimator, "hidden_coef_") else shape.join(_random(shape, rng))
        if parameters is not None:
            theta = shape.join(_like(parameters, shape.views(theta), ""))
        return seen, seen.setting.objective(theta)[1], shape.views(theta)

    seen, found, at = seen_at_the_start(estimator, X, y, gradient)

    return cost_of(seen), seen.setting.shape.views(found), at


def _random(shape: Shape, rng: np.random.RandomState) -> Parameters:
    """Return a network as it is drawn, but for W2 and b2, which are not zero."""
    theta = draw(shape, 1.0, rng.normal(size=shape.n_outputs), rng, np.float64)
    parameters = shape.views(theta)
    parameters.W2[...] = rng.normal(size=parameters.W2.shape) / shape.hidden_width**0.5
    return parameters


def _like(given: Any, at: Parameters, prefix: str) -> Parameters:
    """Return copies of four arrays of the shapes of W1, b1, W2 and b2."""
    parts = Parameters(*(np.array(part, dtype=np.float64) for part in given))
    for name, part, parameter in zip(Parameters._fields, parts, at, strict=True):
        if part.shape != parameter.shape:
            raise ValueError(f"{prefix}{name} has shape {part.shape}, but {name} has {parameter.shape}.")
    return parts


class Slopes:
    """∂J/∂ of any parameter: by complex steps, but where a function of a block's does not take them.

    Parameters
    ----------
    cost : callable
    at : Parameters
    rng : RandomState
    """

    def __init__(self, cost: Cost, at: Parameters, rng: np.random.RandomState) -> None:
        self._cost, self.at = cost, at
        self._complex = dict(zip(at._fields, self._takes_complex_steps(rng), strict=True))

    def __call__(self, name: str, index: tuple[int, ...]) -> float:
        """Return the derivative by one entry."""
        slope = self._by_complex_step if self._complex[name] else self._central
        return slope(self.at, name, index)

    def _takes_complex_steps(self, rng: np.random.RandomState) -> list[bool]:
        """Return for each block whether complex steps are what central differences are, at random points."""
        agreeing = np.zeros((4, 0))
        for _ in range(_POINTS):
            point = Parameters(*(part + rng.normal(size=part.shape) / part.shape[-1] ** 0.5 for part in self.at))
            agreeing = np.hstack([agreeing, [self._agreement(point, name, rng) for name in point._fields]])
        return (agreeing.mean(axis=1) >= _SHARE).tolist()

    def _agreement(self, point: Parameters, name: str, rng: np.random.RandomState) -> np.ndarray:
        """Return whether both agree for some entries of a block; not where complex numbers are not taken."""
        shape = getattr(point, name).shape
        indices = [tuple(int(rng.randint(n)) for n in shape) for _ in range(_ENTRIES)]
        central = np.array([self._central(point, name, index) for index in indices])
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                steps = np.array([self._by_complex_step(point, name, index) for index in indices])
        except Exception:  # whatever the function thinks of complex numbers
            return np.zeros(_ENTRIES)
        return np.abs(steps - central) <= _AGREE * max(float(np.abs(central).max()), float(np.abs(steps).max()))

    def _central(self, at: Parameters, name: str, index: tuple[int, ...]) -> float:
        step = _STEP * max(1.0, abs(float(getattr(at, name)[index])))
        ahead, behind = (float(self._cost(_moved(at, name, index, move))) for move in (step, -step))
        return (ahead - behind) / (2 * step)

    def _by_complex_step(self, at: Parameters, name: str, index: tuple[int, ...]) -> float:
        return float(complex_step(lambda part: self._cost(at._replace(**{name: part})), getattr(at, name), index))


def _largest(slopes: Slopes, found: Parameters, n_checked: int, rng: np.random.RandomState) -> GradientCheck:
    worst = GradientCheck(0.0, "W1[0, 0]")
    largest = max(float(np.abs(part).max()) for part in found)
    for name, part in zip(Parameters._fields, found, strict=True):
        if not np.isfinite(part).all():
            index = np.argwhere(~np.isfinite(part))[0]
            return GradientCheck(np.inf, f"{name}[{', '.join(map(str, index.tolist()))}]")
        indices = list(_some(part.shape, n_checked, rng))
        expected = np.array([slopes(name, index) for index in indices])
        given = np.array([part[index] for index in indices])
        scale = max(float(np.abs(expected).max()), float(np.abs(given).max())) or largest or 1.0
        differences = np.abs(given - expected) / scale
        i = int(np.argmax(differences))
        if differences[i] > worst.difference:
            worst = GradientCheck(float(differences[i]), f"{name}[{', '.join(map(str, indices[i]))}]")
    return worst


def _some(shape: tuple[int, ...], n: int, rng: np.random.RandomState) -> Iterator[tuple[int, ...]]:
    """Yield the indices of an array, or n of them at random."""
    size = int(np.prod(shape))
    chosen = np.arange(size) if size <= n else np.sort(rng.choice(size, n, replace=False))
    return (tuple(int(i) for i in index) for index in zip(*np.unravel_index(chosen, shape), strict=True))


def _moved(at: Parameters, name: str, index: tuple[int, ...], step: float) -> Parameters:
    part = getattr(at, name).copy()
    part[index] += step
    return at._replace(**{name: part})
