"""θ: all parameters of the network in one vector, with W1, b1, W2, b2 as views of it; Θ: those of several."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sk_shallow._array_api import Array


class Parameters(NamedTuple):
    """The four named parts of θ, or of a gradient.

    Attributes
    ----------
    W1, b1 : array of shape (h, d), (h,)
        The hidden layer.
    W2, b2 : array of shape (k, h), (k,)
        The output layer.
    """

    W1: Array
    b1: Array
    W2: Array
    b2: Array


@dataclass
class Shape:
    """The sizes of a network, and so the places of its parameters in θ.

    θ is the matrix [W1 b1] (h, d + 1) and then [W2 b2] (k, h + 1), both row-major: a bias stands
    beside the weights of its unit, so that one matrix product serves both. Views cost nothing.
    ``split`` is where [W1 b1] ends in θ and [W2 b2] begins, ``size`` the number of parameters.
    """

    n_features: int
    hidden_width: int
    n_outputs: int

    def __post_init__(self) -> None:
        self.split = self.hidden_width * (self.n_features + 1)
        self.size = self.split + self.n_outputs * (self.hidden_width + 1)
        self.layer_shapes = (self.hidden_width, self.n_features + 1), (self.n_outputs, self.hidden_width + 1)

    def layers(self, theta: Array) -> tuple[Array, Array]:
        """Return [W1 b1] (h, d + 1) and [W2 b2] (k, h + 1), views of θ."""
        (hidden_shape, output_shape), split = self.layer_shapes, self.split
        return theta[:split].reshape(hidden_shape), theta[split:].reshape(output_shape)

    @staticmethod
    def beside(W: np.ndarray, b: np.ndarray, dtype: Any) -> np.ndarray:
        """Return [W b], a new matrix."""
        layer = np.empty((W.shape[0], W.shape[1] + 1), dtype=dtype)
        layer[:, :-1], layer[:, -1] = W, b
        return layer

    @staticmethod
    def product(u: np.ndarray, v: np.ndarray) -> float:
        """Return uᵀv of two vectors like θ."""
        return float(u.dot(v))

    @staticmethod
    def spread(value: Any) -> Any:
        """Return what stands for a number at each entry of θ: itself."""
        return value

    def views(self, theta: Array) -> Parameters:
        """Return W1, b1, W2, b2 as views of θ: writing to one writes to θ."""
        hidden, output = self.layers(theta)
        return Parameters(hidden[:, :-1], hidden[:, -1], output[:, :-1], output[:, -1])

    def join(self, parameters: Parameters, dtype: Any = None) -> np.ndarray:
        """Return a new θ that holds copies of the four parts."""
        theta = np.empty(self.size, dtype=parameters.W1.dtype if dtype is None else dtype)
        for part, value in zip(self.views(theta), parameters, strict=True):
            part[...] = value
        return theta

    def grown(self, theta: np.ndarray, shape: "Shape", others: np.ndarray) -> np.ndarray:
        """Return a θ of this shape: its first units are those of a narrower θ, the rest is of `others`."""
        result = others.copy()
        for part, kept in zip(self.views(result), shape.views(theta), strict=True):
            part[tuple(map(slice, kept.shape))] = kept
        return result

    def weights_mask(self, dtype: Any) -> np.ndarray:
        """Return a vector like θ: 1 where θ holds a weight, 0 where it holds a bias."""
        mask = np.ones(self.size, dtype=dtype)
        views = self.views(mask)
        views.b1[...] = 0
        views.b2[...] = 0
        return mask


class StackShape:
    """The sizes of C networks side by side, of equal inputs and outputs, and the places of their parameters.

    Θ is the θ of each, one after the other. Networks of one width stand together, a group: their layers are
    views of Θ, [W1 b1] (networks, h, d + 1) and [W2 b2] (networks, k, h + 1).

    Parameters
    ----------
    shapes : list of Shape
        By their widths, the narrowest first.

    Attributes
    ----------
    groups : list of (slice, Shape)
        Which networks each group has, and what size they are.
    """

    def __init__(self, shapes: list[Shape]) -> None:
        self.shapes, self.n_outputs = shapes, shapes[0].n_outputs
        self.sizes = np.array([shape.size for shape in shapes])
        ends = np.cumsum(self.sizes)
        self._starts, self.size = ends - self.sizes, int(ends[-1])
        self.places = [slice(*place) for place in zip(self._starts.tolist(), ends.tolist(), strict=True)]
        self.groups: list[tuple[slice, Shape]] = []
        widths = np.array([shape.hidden_width for shape in shapes])
        for width in np.unique(widths):
            first, last = np.searchsorted(widths, [width, width + 1]).tolist()
            self.groups.append((slice(first, last), shapes[first]))

    def layers(self, theta: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return [W1 b1] and [W2 b2] of each group, views of Θ."""
        layers = []
        for networks, shape in self.groups:
            first, count = int(self._starts[networks.start]), networks.stop - networks.start
            both = theta[first : first + count * shape.size].reshape(count, shape.size)
            hidden, output = shape.layer_shapes
            layers.append(
                (both[:, : shape.split].reshape(count, *hidden), both[:, shape.split :].reshape(count, *output))
            )
        return layers

    def take(self, theta: np.ndarray, networks: list[int]) -> np.ndarray:
        """Return Θ of some of the networks, a new vector."""
        return np.concatenate([theta[self.places[network]] for network in networks])

    def product(self, u: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return uᵀv of two vectors like Θ for each network, (C,), float64."""
        return np.add.reduceat(u * v, self._starts).astype(np.float64)

    def spread(self, values: Any) -> np.ndarray:
        """Return for each entry of Θ the value of its network."""
        return np.repeat(values, self.sizes)

    def weights_mask(self, dtype: Any) -> np.ndarray:
        """Return a vector like Θ: 1 where it holds a weight, 0 where it holds a bias."""
        return np.concatenate([shape.weights_mask(dtype) for shape in self.shapes])


def draw(
    shape: Shape, gain: float, output_intercept: np.ndarray, rng: np.random.RandomState, dtype: Any
) -> np.ndarray:
    """Draw θ⁽⁰⁾: W1 and b1 at random, W2 = 0, b2 given.

    W1 is N(0, gain²/d), so that Z1 has a spread of about `gain` on standardised columns (LeCun et
    al. 1998, He et al. 2015), and b1 is uniform in [-1, 1], which spreads the units' bends over
    the data. With W2 = 0 the first cost is that of b2 alone, whatever the draw; no output is
    preferred to another, so relabelling the classes cannot change the fitted function. The draw
    is made in float64: float32 and float64 fits start from the same point.
    """
    h, d = shape.hidden_width, shape.n_features
    W1 = rng.normal(scale=gain / d**0.5, size=(h, d))
    b1 = rng.uniform(-1.0, 1.0, size=h)
    W2 = np.zeros((shape.n_outputs, h))
    return shape.join(Parameters(W1, b1, W2, output_intercept), dtype=dtype)
