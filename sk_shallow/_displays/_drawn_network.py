"""NetworkDisplay: the network, drawn: units in three columns, weights by width and colour."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from sk_shallow._displays._drawing import (
    NEGATIVE,
    POSITIVE,
    axes,
    check_count,
    check_network,
    names_of_features,
    names_of_outputs,
    shortened,
    strongest,
    weights_of_scaled_columns,
)

#: Weights below this share of the largest of their layer are not drawn: they would be a haze.
_FAINT = 0.05
#: Units are drawn one by one up to this many in a layer.
_MOST_UNITS = 60


class NetworkDisplay:
    """The network, drawn: columns at the left, hidden units, classes at the right.

    The width of a line is the size of a weight beside the largest of its layer, its colour the sign.
    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    hidden : ndarray of shape (h, d)
        W1 of scaled columns, in the order in which units and columns are drawn.
    output : ndarray of shape (k, h)
        W2.
    feature_names : list of d str
    output_names : list of k str
    units : ndarray of shape (h,)
        The number of each hidden unit in the network.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : list of matplotlib LineCollection
        The weights of W1 and of W2.

    See Also
    --------
    HiddenUnitsDisplay : The weights of the hidden layer, as a heat map or images.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_shallow import NetworkDisplay, ShallowNetClassifier
    >>> data = load_iris(as_frame=True)
    >>> clf = ShallowNetClassifier(6, random_state=0).fit(data.data, data.target_names[data.target])
    >>> display = NetworkDisplay.from_estimator(clf)
    >>> display.output_names
    ['setosa', 'versicolor', 'virginica']
    """

    def __init__(
        self,
        *,
        hidden: np.ndarray,
        output: np.ndarray,
        feature_names: Sequence[str],
        output_names: Sequence[str],
        units: np.ndarray,
    ) -> None:
        self.hidden, self.output, self.units = hidden, output, units
        self.feature_names, self.output_names = list(feature_names), list(output_names)

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        *,
        feature_names: Sequence[str] | None = None,
        class_names: Sequence[str] | None = None,
        n_units: int | None = None,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Draw a fitted network.

        Parameters
        ----------
        estimator : ShallowNetClassifier
            Fitted.
        feature_names : sequence of d str, default=None
            None: those of the DataFrame that it was fitted on, or x0, x1, …
        class_names : sequence of str, default=None
            One for each class or label; None: ``classes_``.
        n_units : int, default=None
            How many hidden units, the strongest first, 60 at most; None: all of those.
        ax : matplotlib Axes, default=None
            None: of a new figure, as large as the network needs.
        **options
            Of :meth:`plot`.

        Returns
        -------
        display : NetworkDisplay

        Raises
        ------
        NotFittedError, TypeError
            If it is not fitted, or is no ShallowNetClassifier.
        ValueError
            If there are not as many names as columns or classes, or there are more than 60 columns or classes.
        """
        check_network(estimator, cls.__name__)
        check_count(n_units, "n_units")
        W1, W2 = weights_of_scaled_columns(estimator), estimator.output_coef_
        most = max(W1.shape[1], W2.shape[0])
        if most > _MOST_UNITS:
            raise ValueError(
                f"A network with {most} columns or outputs cannot be drawn legibly: at most {_MOST_UNITS}. "
                "HiddenUnitsDisplay shows the weights of any number."
            )
        units = _untangled(strongest(estimator, min(n_units or _MOST_UNITS, _MOST_UNITS)), W1, W2)
        outputs = names_of_outputs(estimator, class_names)
        if len(outputs) == 2 and W2.shape[0] == 1:
            outputs = outputs[1:]
        display = cls(
            hidden=W1[units],
            output=W2[:, units],
            feature_names=names_of_features(estimator, feature_names),
            output_names=outputs,
            units=units,
        )
        return display.plot(ax, **options)

    def plot(self, ax: Any = None, *, fontsize: float = 9.0) -> Self:
        """Draw the network.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None: of a new figure, as large as the network needs.
        fontsize : float, default=9.0
            Of the names.

        Returns
        -------
        display : NetworkDisplay
        """
        from matplotlib.lines import Line2D

        sizes = self.hidden.shape[1], len(self.units), len(self.output_names)
        height = max(3.0, 0.24 * max(sizes))
        self.ax_ = axes(ax, type(self).__name__, figsize=(8.0, height))
        self.figure_ = self.ax_.figure
        places = [_column(n, max(sizes)) for n in sizes]
        left, middle, right = places
        self.lines_ = [self._weights(self.hidden, left, middle, 0), self._weights(self.output, middle, right, 1)]
        for x, (ys, colour) in enumerate(zip(places, ("0.25", "white", "0.25"), strict=True)):
            self.ax_.plot(
                np.full(len(ys), x), ys, "o", color=colour, markeredgecolor="black", zorder=3, markersize=7
            )
        for y, name in zip(places[0], self.feature_names, strict=True):
            self.ax_.text(-0.05, y, shortened(name), ha="right", va="center", fontsize=fontsize, parse_math=False)
        for y, name in zip(places[2], self.output_names, strict=True):
            self.ax_.text(2.05, y, shortened(name), ha="left", va="center", fontsize=fontsize, parse_math=False)
        self.ax_.set(xlim=(-0.1, 2.1), ylim=(-0.8, max(sizes) + 0.6))
        self.ax_.set_axis_off()
        titles = ("columns", f"{len(self.units)} hidden units", "log-odds of")
        for x, (title, side) in enumerate(zip(titles, ("right", "center", "left"), strict=True)):
            self.ax_.text(x, max(sizes) + 0.1, title, ha=side, va="bottom", fontsize=fontsize, style="italic")
        handles = [Line2D([], [], color=colour, linewidth=3) for colour in (POSITIVE, NEGATIVE)]
        legend = {"loc": "upper center", "bbox_to_anchor": (0.5, 0.0), "ncols": 2, "frameon": False}
        self.ax_.legend(handles, ["weight above 0", "below 0"], fontsize=fontsize, **legend)
        return self

    def _weights(self, W: np.ndarray, left: np.ndarray, right: np.ndarray, x: int) -> Any:
        """Draw the weights (right, left) between two columns of units, the smallest first."""
        from matplotlib.collections import LineCollection
        from matplotlib.colors import to_rgba

        sizes = np.abs(W) / (float(np.abs(W).max()) or 1.0)
        order = np.argsort(sizes, axis=None)
        order = order[sizes.ravel()[order] >= _FAINT]
        to, start = np.unravel_index(order, W.shape)
        ends = np.stack(
            [
                np.column_stack([np.full(len(order), x), left[start]]),
                np.column_stack([np.full(len(order), x + 1), right[to]]),
            ],
            axis=1,
        )
        shares = sizes[to, start]
        colours = [
            to_rgba(POSITIVE if W[i, j] > 0 else NEGATIVE, 0.15 + 0.85 * share)
            for i, j, share in zip(to, start, shares, strict=True)
        ]
        lines = LineCollection(list(ends), linewidths=0.3 + 3.2 * shares, colors=colours, zorder=1)
        return self.ax_.add_collection(lines)


def _column(n: int, most: int) -> np.ndarray:
    """Return the heights of n units, spread evenly over the height of the largest column, from the top."""
    step = most / n
    return most - step * (np.arange(n) + 0.5)


def _untangled(units: np.ndarray, W1: np.ndarray, W2: np.ndarray) -> np.ndarray:
    """Return the units ordered by where their weights lie, so that fewer lines cross."""
    left, right = np.abs(W1[units]), np.abs(W2[:, units].T)
    height = sum((W @ np.linspace(0, 1, W.shape[1])) / np.maximum(W.sum(axis=1), 1e-300) for W in (left, right))
    return units[np.argsort(height, kind="stable")]
