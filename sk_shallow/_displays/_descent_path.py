"""DescentPathDisplay: the cost on a plane through the start and the end of a fit, and the way between them."""

from typing import Any, NamedTuple, Self

import numpy as np

from sk_shallow._displays._drawing import axes
from sk_shallow.textbook._watch import Seen, cost_of, watch_fit

#: More points of a path are thinned out, and more rows are sampled.
_MOST_POINTS, _MOST_ROWS = 400, 2000


class Plane(NamedTuple):
    """A plane in the space of all parameters: origin + u · first + v · second."""

    origin: np.ndarray
    first: np.ndarray
    second: np.ndarray

    def theta(self, u: float, v: float) -> np.ndarray:
        """Return the parameters at a point."""
        return self.origin + u * self.first + v * self.second

    def project(self, theta: np.ndarray) -> np.ndarray:
        """Return u and v (…, 2) of what lies nearest."""
        return (theta - self.origin) @ np.stack([self.first, self.second], axis=1)


class DescentPathDisplay:
    """The cost on a plane through the start, the end and the main direction of a fit, with the way that it took.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    u, v : ndarray of shape (r,)
        The grid: along the line from the start to the end, and across it.
    cost : ndarray of shape (r, r)
        J at (u, v), by rows of v.
    path : ndarray of shape (m, 2)
        u and v of each state, its projection.
    path_cost : ndarray of shape (m,)
        J of each state itself.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    surface_ : matplotlib artist
        The contours, or the surface.
    path_ : matplotlib artist
        The line of the path.

    See Also
    --------
    LossCurveDisplay : The same costs, iteration by iteration.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_shallow import DescentPathDisplay, ShallowNetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = ShallowNetClassifier(8, learning_rate=0.5, l2_regularization=1.0, random_state=0)
    >>> display = DescentPathDisplay.from_estimator(clf, X, y, n_steps=50, grid_resolution=10)
    >>> display.path.shape
    (51, 2)
    """

    def __init__(
        self, *, u: np.ndarray, v: np.ndarray, cost: np.ndarray, path: np.ndarray, path_cost: np.ndarray
    ) -> None:
        self.u, self.v, self.cost, self.path, self.path_cost = u, v, cost, path, path_cost

    @classmethod
    def from_estimator(
        cls,
        estimator: Any,
        X: Any,
        y: Any,
        *,
        sample_weight: Any = None,
        n_steps: int | None = None,
        grid_resolution: int = 40,
        margin: float = 0.25,
        ax: Any = None,
        **options: Any,
    ) -> Self:
        """Run a fit, and draw its way.

        Parameters
        ----------
        estimator : ShallowNetClassifier
            A fresh one starts at random, a fitted one goes on from its network. It is left as it is.
        X : array-like of shape (n, d)
            The cost is that of all rows, or of 2 000 of them at random.
        y : array-like of shape (n,) or (n, L)
        sample_weight : array-like of shape (n,), default=None
        n_steps : int, default=None
            How many iterations; None: `max_iter`.
        grid_resolution : int, default=40
            So many points along each axis; each is a pass over the rows.
        margin : float, default=0.25
            How far the plane reaches beyond the path, as a share of its extent.
        ax : matplotlib Axes, default=None
            None: of a new figure. For ``kind="surface"`` one with ``projection="3d"``.
        **options
            Of :meth:`plot`.

        Returns
        -------
        display : DescentPathDisplay

        Raises
        ------
        ValueError
            If the fit makes no step, or `grid_resolution` is below 2.

        Notes
        -----
        The plane is spanned by the line from the first to the last θ and by the main direction of the path beside
        it (its first principal component; a random one where the path is straight). Where λ is found in the fit,
        the cost is that of the last one.
        """
        if grid_resolution < 2:
            raise ValueError(f"grid_resolution must be 2 at least, got {grid_resolution}.")
        thetas: list[np.ndarray] = []
        last: list[Seen] = []

        def see(now: Seen) -> None:
            last[:] = [now]
            if not thetas or now.state.theta is not thetas[-1]:
                thetas.append(now.state.theta)

        n_steps = estimator.max_iter if n_steps is None else n_steps
        watch_fit(estimator, X, y, see, sample_weight=sample_weight, max_iter=n_steps)
        if len(thetas) < 2:
            raise ValueError("The fit made no step, so there is no path: it begins where it ends.")
        of_parameters, views = cost_of(last[0], _MOST_ROWS), last[0].setting.shape.views
        cost = lambda theta: float(of_parameters(views(theta)))  # noqa: E731
        chosen = np.unique(np.linspace(0, len(thetas) - 1, _MOST_POINTS).round().astype(int))
        states = np.array(thetas, dtype=np.float64)[chosen]
        plane = _plane(states)
        path = plane.project(states)
        u, v = (_grid(path[:, i], grid_resolution, margin, np.ptp(path, axis=0).max()) for i in (0, 1))
        costs = np.array([[cost(plane.theta(a, b)) for a in u] for b in v])
        display = cls(u=u, v=v, cost=costs, path=path, path_cost=np.array([cost(theta) for theta in states]))
        return display.plot(ax, **options)

    def plot(self, ax: Any = None, *, kind: str = "contour", cmap: str = "viridis") -> Self:
        """Draw the cost and the path.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
        kind : {"contour", "surface"}, default="contour"
        cmap : str, default="viridis"

        Returns
        -------
        display : DescentPathDisplay

        Raises
        ------
        ValueError
            If `kind` is another, or a surface is to be drawn on axes without ``projection="3d"``.
        """
        if kind not in ("contour", "surface"):
            raise ValueError(f"kind must be 'contour' or 'surface', got {kind!r}.")
        in_space = kind == "surface"
        self.ax_ = axes(ax, type(self).__name__, projection="3d" if in_space else None)
        if in_space != hasattr(self.ax_, "get_zlim"):
            raise ValueError(f"kind={kind!r} needs axes {'with' if in_space else 'without'} projection='3d'.")
        self.figure_ = self.ax_.figure
        (self._surface if in_space else self._contours)(cmap)
        self.ax_.set(xlabel="along start–end", ylabel="across")
        self.ax_.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, 1.1), ncols=3)
        return self

    def _contours(self, cmap: str) -> None:
        import matplotlib.pyplot as plt

        levels = _levels(self.cost)
        self.surface_ = self.ax_.contourf(self.u, self.v, self.cost, levels=levels, cmap=cmap, extend="both")
        self.ax_.contour(self.u, self.v, self.cost, levels=levels, colors="white", linewidths=0.4)
        plt.colorbar(self.surface_, ax=self.ax_, label="cost J", format="%.3g")
        (self.path_,) = self.ax_.plot(*self.path.T, ".-", color="#D55E00", markersize=4, linewidth=1, label="path")
        self.ax_.plot(*self.path[0], "o", color="white", markeredgecolor="black", label="start")
        self.ax_.plot(*self.path[-1], "*", color="#F0E442", markeredgecolor="black", markersize=15, label="end")

    def _surface(self, cmap: str) -> None:
        u, v = np.meshgrid(self.u, self.v)
        self.surface_ = self.ax_.plot_surface(u, v, self.cost, cmap=cmap, alpha=0.75, linewidth=0)
        (self.path_,) = self.ax_.plot(
            *self.path.T, self.path_cost, ".-", color="#D55E00", markersize=4, label="path", zorder=5
        )
        ends = ((0, "o", "white", 6, "start"), (-1, "*", "#F0E442", 15, "end"))
        for i, marker, colour, size, label in ends:
            where = ([self.path[i, 0]], [self.path[i, 1]], [self.path_cost[i]])
            style = {"color": colour, "markeredgecolor": "black", "markersize": size, "zorder": 6}
            self.ax_.plot(*where, marker, label=label, **style)
        self.ax_.set_zlabel("cost J")


def _plane(states: np.ndarray) -> Plane:
    """Return the plane through the first and the last state and the main direction beside that line."""
    first = states[-1] - states[0]
    first = first / np.linalg.norm(first)
    beside = states - states[0]
    beside = beside - np.outer(beside @ first, first)
    if np.abs(beside).max() > 1e-10 * max(1.0, np.abs(states).max()):
        second = np.linalg.svd(beside, full_matrices=False)[2][0]
        second = second * np.sign((beside @ second)[np.abs(beside @ second).argmax()])
    else:
        second = np.random.RandomState(0).normal(size=first.shape)
        second = second - (second @ first) * first
        second = second / np.linalg.norm(second)
    return Plane(states[0], first, second)


def _grid(values: np.ndarray, n: int, margin: float, extent: float) -> np.ndarray:
    """Return n points from below the least value to above the largest."""
    around = margin * max(float(np.ptp(values)), 0.3 * extent)
    return np.linspace(values.min() - around, values.max() + around, n)


def _levels(cost: np.ndarray) -> np.ndarray:
    """Return levels that are denser where the cost is low."""
    low, high = float(cost.min()), float(np.quantile(cost, 0.98))
    return low + (max(high, low + 1e-12) - low) * np.linspace(0, 1, 25) ** 2
