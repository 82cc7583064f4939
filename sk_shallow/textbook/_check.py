"""Is a gradient the gradient? Complex steps where functions take complex numbers, else central differences."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state

from sk_shallow import _network
from sk_shallow._parameters import Parameters, Shape, draw
from sk_shallow.textbook._watch import Seen, seen_at_the_start

#: J of parameters, real or complex.
Cost = Callable[[Parameters], Any]
#: The step of complex differences: below rounding, as nothing is subtracted; and that of central ones, about ε^⅓.
_COMPLEX, _REAL = 1e-30, 6e-6
#: Complex steps are those of the function where they agree so far with central differences.
_AGREE = 1e-4


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
    n_checked: int = 500,
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
    n_checked : int, default=500
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
    rng = check_random_state(random_state)
    if isinstance(subject, BaseEstimator):
        cost, found, at = _of_estimator(subject, X, y, parameters, rng)
    elif callable(subject):
        X, Y = check_array(X), np.asarray(y)
        at = (
            _random(Shape(X.shape[1], 4, 1 if Y.ndim == 1 else Y.shape[1]), rng)
            if parameters is None
            else parameters
        )
        cost = lambda theta: subject(theta, X, Y)[0]  # noqa: E731
        found = _four(subject(at, X, Y)[1], at)
    else:
        raise ValueError(f"subject must be a ShallowNetClassifier or a callable, got {type(subject).__name__}.")
    return _largest(cost, found, at, n_checked, rng)


def _of_estimator(
    estimator: BaseEstimator, X: Any, y: Any, parameters: Parameters | None, rng: np.random.RandomState
) -> tuple[Cost, Parameters, Parameters]:
    """Return the textbook's cost, the gradient of the fit, and where."""

    def gradient(seen: Seen) -> tuple[Seen, np.ndarray, Parameters]:
        shape = seen.setting.shape
        theta = seen.state.theta if hasattr(estimator, "hidden_coef_") else shape.join(_random(shape, rng))
        theta = theta if parameters is None else shape.join(Parameters(*map(np.asarray, parameters)))
        return seen, seen.setting.objective(theta)[1], shape.views(theta)

    seen, found, at = seen_at_the_start(estimator, X, y, gradient)

    def cost(theta: Parameters) -> Any:
        layers = _network.forward(seen.X, theta, activation=seen.activation, output=seen.output)
        return _network.cost(layers, seen.Y, seen.s, theta, output=seen.output, l2_regularization=seen.penalty)

    return cost, seen.setting.shape.views(found), at


def _random(shape: Shape, rng: np.random.RandomState) -> Parameters:
    """Return a network as it is drawn, but for W2 and b2, which are not zero."""
    theta = draw(shape, 1.0, rng.normal(size=shape.n_outputs), rng, np.float64)
    parameters = shape.views(theta)
    parameters.W2[...] = rng.normal(size=parameters.W2.shape) / shape.hidden_width**0.5
    return parameters


def _four(gradient: Any, at: Parameters) -> Parameters:
    parts = Parameters(*map(np.asarray, gradient))
    for name, part, parameter in zip(Parameters._fields, parts, at, strict=True):
        if part.shape != np.shape(parameter):
            raise ValueError(f"d{name} has shape {part.shape}, but {name} has {np.shape(parameter)}.")
    return parts


def _largest(
    cost: Cost, found: Parameters, at: Parameters, n_checked: int, rng: np.random.RandomState
) -> GradientCheck:
    at = Parameters(*(np.array(part, dtype=np.float64) for part in at))
    slope = _slope_of(cost, at, rng)
    worst = GradientCheck(0.0, "W1[0, 0]")
    largest = max(float(np.abs(part).max()) for part in found)
    for name, part in zip(Parameters._fields, found, strict=True):
        indices = list(_some(part.shape, n_checked, rng))
        expected = np.array([slope(name, index) for index in indices])
        given = np.array([part[index] for index in indices])
        scale = max(float(np.abs(expected).max()), float(np.abs(given).max())) or largest or 1.0
        differences = np.abs(given - expected) / scale
        i = int(np.argmax(np.where(np.isnan(differences), np.inf, differences)))
        if not differences[i] <= worst.difference:
            worst = GradientCheck(float(differences[i]), f"{name}[{', '.join(map(str, indices[i]))}]")
    return worst


def _some(shape: tuple[int, ...], n: int, rng: np.random.RandomState) -> Iterator[tuple[int, ...]]:
    """Yield the indices of an array, or n of them at random."""
    size = int(np.prod(shape))
    chosen = np.arange(size) if size <= n else np.sort(rng.choice(size, n, replace=False))
    return (tuple(int(i) for i in index) for index in zip(*np.unravel_index(chosen, shape), strict=True))


def _moved(at: Parameters, name: str, index: tuple[int, ...], step: complex) -> Parameters:
    part = getattr(at, name).astype(np.result_type(np.float64, type(step)))
    part[index] += step
    return at._replace(**{name: part})


def _slope_of(cost: Cost, at: Parameters, rng: np.random.RandomState) -> Callable[[str, tuple[int, ...]], float]:
    """Return ∂J/∂ of an entry: by complex steps, if they are what central differences are nearly."""

    def central(name: str, index: tuple[int, ...]) -> float:
        step = _REAL * max(1.0, abs(float(getattr(at, name)[index])))
        ahead, behind = (float(cost(_moved(at, name, index, sign * step))) for sign in (1, -1))
        return (ahead - behind) / (2 * step)

    def by_complex_step(name: str, index: tuple[int, ...]) -> float:
        return float(np.imag(cost(_moved(at, name, index, 1j * _COMPLEX)))) / _COMPLEX

    tried = [
        (name, index) for name, part in zip(at._fields, at, strict=True) for index in _some(part.shape, 3, rng)
    ]
    try:
        with np.errstate(all="ignore"):
            pairs = np.array([(by_complex_step(*entry), central(*entry)) for entry in tried])
    except (TypeError, ValueError):
        return central
    gap = np.abs(pairs[:, 0] - pairs[:, 1]).max()
    return by_complex_step if gap <= _AGREE * max(np.abs(pairs[:, 1]).max(), _AGREE) else central
