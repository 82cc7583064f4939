"""HiddenUnitsDisplay: what each hidden unit responds to."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.utils import check_array

from sk_shallow._displays._drawing import (
    COLOURS,
    DIVERGING,
    axes,
    check_count,
    check_network,
    names_of_features,
    shortened,
    strongest,
    weights_of_scaled_columns,
)

_KINDS = ("heatmap", "images", "lines")
#: More columns or units than these are not named one by one, or not drawn unless they are asked for.
_MOST_NAMES, _MOST_UNITS = 40, 64


class HiddenUnitsDisplay:
    """What each hidden unit responds to: its weights as a heat map, as images, or as lines in a plane.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    weights : ndarray of shape (h, d)
        W1 of scaled columns, strongest units first.
    units : ndarray of shape (h,)
        The number of each unit in the network.
    feature_names : list of str
    image_shape : tuple of int, default=None
        How the columns are pixels of an image.
    lines : ndarray of shape (h, 3), default=None
        For two columns: w1, w2 and b of each unit, of raw columns.
    X : ndarray of shape (n, 2), default=None
        Rows to draw beside the lines.
    regions : tuple of ndarrays of shape (r,), (r,), (r, r), default=None
        For two columns: a grid, and the class predicted at (x, y), by rows of y, as its place in ``classes_``.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Of images, that which holds them all.
    axes_ : list of matplotlib Axes
        One for each image, otherwise `ax_` alone.
    figure_ : matplotlib Figure

    See Also
    --------
    NetworkDisplay : The network, drawn with all of its weights.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_shallow import HiddenUnitsDisplay, ShallowNetClassifier
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> clf = ShallowNetClassifier(8, random_state=0).fit(X, y)
    >>> display = HiddenUnitsDisplay.from_estimator(clf)
    >>> display.weights.shape
    (8, 4)
    """

    def __init__(
        self,
        *,
        weights: np.ndarray,
        units: np.ndarray,
        feature_names: Sequence[str],
        image_shape: tuple[int, int] | None = None,
        lines: np.ndarray | None = None,
        X: np.ndarray | None = None,
        regions: tuple[np.ndarray, np.ndarray, np.ndarray] | None = None,
    ) -> None:
        self.weights, self.units, self.feature_names = weights, units, list(feature_names)
        self.image_shape, self.lines, self.X, self.regions = image_shape, lines, X, regions

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any = None,
        *,
        feature_names: Sequence[str] | None = None,
        image_shape: tuple[int, int] | None = None,
        n_units: int | None = None,
        kind: str = "auto",
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Draw the hidden units of a fitted network.

        Parameters
        ----------
        estimator : ShallowNetClassifier
            Fitted.
        X : array-like of shape (n, 2), default=None
            Rows to draw beside lines.
        feature_names : sequence of d str, default=None
            None: those of the DataFrame that it was fitted on, or x0, x1, …
        image_shape : tuple of int, default=None
            Height and width, if the columns are pixels.
        n_units : int, default=None
            How many, the strongest first; None: at most 64.
        kind : {"auto", "heatmap", "images", "lines"}, default="auto"
            "auto": images where `image_shape` is given, lines for two columns, else the heat map.
        ax : matplotlib Axes, default=None
            None: of a new figure.
        **options
            Of :meth:`plot`.

        Returns
        -------
        display : HiddenUnitsDisplay

        Raises
        ------
        NotFittedError, TypeError
            If it is not fitted, or is no ShallowNetClassifier.
        ValueError
            If names, the shape of images or the kind do not fit the network.
        """
        check_network(estimator, cls.__name__)
        check_count(n_units, "n_units")
        d = estimator.n_features_in_
        if X is not None and np.shape(X)[-1] != d:
            raise ValueError(f"X has {np.shape(X)[-1]} columns, but the network has {d}.")
        if image_shape is not None and len(image_shape) != 2:
            raise ValueError(f"image_shape must be a height and a width, got {image_shape}.")
        if image_shape is not None and int(np.prod(image_shape)) != d:
            raise ValueError(
                f"image_shape={image_shape} has {np.prod(image_shape)} pixels, but X has {d} columns."
            )
        units = strongest(estimator, n_units or _MOST_UNITS)
        planar: dict[str, Any] = {}
        if d == 2:
            lines = np.column_stack([estimator.hidden_coef_, estimator.hidden_intercept_])[units]
            rows = None if X is None else check_array(X)
            planar = {"lines": lines, "X": rows, "regions": _regions(estimator, *_extent(lines, rows))}
        display = cls(
            weights=weights_of_scaled_columns(estimator)[units],
            units=units,
            feature_names=names_of_features(estimator, feature_names),
            image_shape=image_shape,
            **planar,
        )
        return display.plot(ax, kind=kind, **options)

    def plot(self, ax: Any = None, *, kind: str = "auto", cmap: str = DIVERGING) -> Self:
        """Draw the units.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        kind : {"auto", "heatmap", "images", "lines"}, default="auto"
        cmap : str, default="RdBu"
            Of weights, 0 in its middle.

        Returns
        -------
        display : HiddenUnitsDisplay

        Raises
        ------
        ValueError
            If the kind is unknown, or does not fit the network.
        """
        if kind == "auto":
            kind = "images" if self.image_shape else "lines" if self.lines is not None else "heatmap"
        if kind not in _KINDS:
            raise ValueError(f"kind must be 'auto', 'heatmap', 'images' or 'lines', got {kind!r}.")
        if kind == "images" and self.image_shape is None:
            raise ValueError("kind='images' needs image_shape, the height and width of the images.")
        if kind == "lines" and self.lines is None:
            raise ValueError(f"kind='lines' needs a network on two columns; this one has {self.weights.shape[1]}.")
        size = self._size(kind)
        self.ax_ = axes(ax, type(self).__name__, figsize=size)
        self.figure_, self.axes_ = self.ax_.figure, [self.ax_]
        {"heatmap": self._heatmap, "images": self._images, "lines": self._lines}[kind](cmap)
        return self

    def _size(self, kind: str) -> tuple[float, float]:
        h, d = self.weights.shape
        return (min(4 + 0.25 * d, 14), min(2 + 0.22 * h, 12)) if kind == "heatmap" else (6.4, 5.4)

    def _heatmap(self, cmap: str) -> None:
        largest = float(np.abs(self.weights).max()) or 1.0
        image = self.ax_.imshow(self.weights, cmap=cmap, vmin=-largest, vmax=largest, aspect="auto")
        self.figure_.colorbar(image, ax=self.ax_, label="weight, columns scaled")
        if len(self.feature_names) <= _MOST_NAMES:
            turn = {"rotation": 45, "ha": "right", "rotation_mode": "anchor", "parse_math": False}
            self.ax_.set_xticks(range(len(self.feature_names)), map(shortened, self.feature_names), **turn)
        if len(self.units) <= _MOST_NAMES:
            self.ax_.set_yticks(range(len(self.units)), self.units)
        self.ax_.set(
            xlabel="column", ylabel="hidden unit" if len(self.units) < 8 else "hidden unit, strongest first"
        )

    def _images(self, cmap: str) -> None:
        n = len(self.weights)
        n_columns = int(np.ceil(n**0.5))
        n_rows = -(-n // n_columns)
        self.ax_.set_axis_off()
        self.ax_.set_title("weights of hidden units, strongest first: blue above 0, red below")
        self.axes_ = []
        for i, (unit, weights) in enumerate(zip(self.units, self.weights, strict=True)):
            row, column = divmod(i, n_columns)
            place = (column / n_columns, 1 - (row + 1) / n_rows, 0.92 / n_columns, 0.86 / n_rows)
            inset = self.ax_.inset_axes(place)
            largest = float(np.abs(weights).max()) or 1.0
            inset.imshow(weights.reshape(self.image_shape), cmap=cmap, vmin=-largest, vmax=largest)
            inset.set(xticks=[], yticks=[])
            if n <= 36:
                inset.set_title(str(unit), fontsize=7, pad=1)
            self.axes_.append(inset)

    def _lines(self, cmap: str) -> None:
        assert self.lines is not None
        low, high = _extent(self.lines, self.X)
        self._colour()
        for i, (unit, (w1, w2, b)) in enumerate(zip(self.units, self.lines, strict=True)):
            colour, corners = COLOURS[i % len(COLOURS)], _within(w1, w2, b, low, high)
            if len(corners) < 2:
                continue
            self.ax_.plot(*corners.T, color=colour, linewidth=1.5, label=f"unit {unit}")
            norm = (w1 * w1 + w2 * w2) ** 0.5
            middle, side = corners.mean(axis=0), np.array([w1, w2]) / norm * 0.12 * (high - low).min()
            arrow = {"arrowstyle": "->", "color": colour}
            self.ax_.annotate("", middle + side, middle, arrowprops=arrow)
        if self.X is not None:
            self.ax_.plot(*self.X.T, ".", color="0.5", markersize=3, zorder=0, label="rows")
        x, y = self.feature_names
        self.ax_.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), xlabel=shortened(x), ylabel=shortened(y))
        self.ax_.set_title("where each unit bends, and the side on which it grows", fontsize=10)
        if len(self.units) <= 12:
            self.ax_.legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)

    def _colour(self) -> None:
        """Draw where each class is predicted, behind the lines."""
        if self.regions is None:
            return
        from matplotlib.colors import ListedColormap

        x, y, codes = self.regions
        n = int(codes.max()) + 1
        colours = ListedColormap([COLOURS[c % len(COLOURS)] for c in range(n)])
        self.ax_.pcolormesh(x, y, codes, cmap=colours, vmin=-0.5, vmax=n - 0.5, alpha=0.18, zorder=-1, linewidth=0)


def _extent(lines: np.ndarray, X: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of what is drawn: of the rows, or around where the lines lie nearest to 0."""
    if X is not None:
        low, high = X.min(axis=0), X.max(axis=0)
    else:
        w, b = lines[:, :2], lines[:, 2:]
        nearest = -b * w / np.maximum((w * w).sum(axis=1, keepdims=True), np.finfo(float).tiny)
        low, high = np.quantile(nearest, 0.05, axis=0), np.quantile(nearest, 0.95, axis=0)
    around = 0.1 * np.maximum(high - low, 1e-12)
    return low - around, high + around


def _regions(
    estimator: Any, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Return a grid and the class predicted on it; None for several labels a row."""
    if estimator._output_kind().multilabel:
        return None
    x, y = (np.linspace(*ends, 200) for ends in zip(low, high, strict=True))
    corners = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    names = getattr(estimator, "feature_names_in_", None)
    Z2 = estimator.decision_function(corners if names is None else pd.DataFrame(corners, columns=names))
    codes = Z2.argmax(axis=1) if Z2.ndim == 2 else (Z2 > 0).astype(int)
    return x, y, codes.reshape(len(y), len(x))


def _within(w1: float, w2: float, b: float, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return where the line w1 x + w2 y + b = 0 leaves a rectangle, (2, 2), or fewer rows where it misses it."""
    found = []
    for x in (low[0], high[0]):
        if w2 and low[1] <= (y := -(w1 * x + b) / w2) <= high[1]:
            found.append((x, y))
    for y in (low[1], high[1]):
        if w1 and low[0] <= (x := -(w2 * y + b) / w1) <= high[0]:
            found.append((x, y))
    corners = np.unique(np.array(found).reshape(-1, 2), axis=0)
    return corners[[0, -1]] if len(corners) > 1 else corners
