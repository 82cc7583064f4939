"""LossCurveDisplay: the cost of one or several fits, iteration by iteration."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np

from sk_shallow._displays._drawing import COLOURS, axes, check_network


class Curve(NamedTuple):
    """The costs of one fit.

    Attributes
    ----------
    loss : ndarray of shape (n_iter + 1,)
    validation : ndarray or None
        Costs on held-out rows, if the fit had any.
    changes : list of int
        The iterations from which on λ is another.
    stop_reason : str
    """

    loss: np.ndarray
    validation: np.ndarray | None
    changes: list[int]
    stop_reason: str


class LossCurveDisplay:
    """The cost of one or several fits, iteration by iteration.

    It is recommended to use :meth:`from_estimator`.

    Parameters
    ----------
    curves : dict of str to Curve
        By the name of each fit.

    Attributes
    ----------
    ax_ : matplotlib Axes
    figure_ : matplotlib Figure
    lines_ : dict of str to matplotlib Line2D
        The curves of the cost, by name.

    See Also
    --------
    DescentPathDisplay : The way that the descent took.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_shallow import LossCurveDisplay, ShallowNetClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = ShallowNetClassifier(random_state=0).fit(X, y)
    >>> display = LossCurveDisplay.from_estimator(clf)
    >>> display.ax_.get_xlabel()
    'iteration'
    """

    def __init__(self, curves: Mapping[str, Curve]) -> None:
        self.curves = dict(curves)

    @classmethod
    def from_estimator(cls, estimator: Any, *, name: str | None = None, ax: Any = None, **options: Any) -> Self:
        """Draw the costs that fits have recorded.

        Parameters
        ----------
        estimator : ShallowNetClassifier, list of them, or dict from names to them
            Fitted.
        name : str, default=None
            In the legend, of a single one.
        ax : matplotlib Axes, default=None
            None: of a new figure.
        **options
            Of :meth:`plot`.

        Returns
        -------
        display : LossCurveDisplay

        Raises
        ------
        NotFittedError, TypeError
            If one is not fitted, or is no ShallowNetClassifier.
        ValueError
            If there is none.
        """
        if isinstance(estimator, Mapping):
            fits = {str(key).lstrip("_") or "fit": fit for key, fit in estimator.items()}
        elif isinstance(estimator, Sequence):
            fits = {f"{i}: {_described(fit)}": fit for i, fit in enumerate(estimator)}
        else:
            fits = {name or _described(estimator): estimator}
        if not fits:
            raise ValueError("There is no fit to draw: pass a fitted estimator, or several in a list or dict.")
        for fit in fits.values():
            check_network(fit, cls.__name__)
        return cls({key: _curve(fit) for key, fit in fits.items()}).plot(ax, **options)

    def plot(self, ax: Any = None, *, logarithmic: bool = True, marks: bool = True) -> Self:
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            None: of a new figure.
        logarithmic : bool, default=True
            Whether the cost is drawn on a logarithmic scale.
        marks : bool, default=True
            Whether to mark where λ was found, and how each fit ended.

        Returns
        -------
        display : LossCurveDisplay
        """
        self.ax_ = axes(ax, type(self).__name__)
        self.figure_ = self.ax_.figure
        self.lines_: dict[str, Any] = {}
        for i, (name, curve) in enumerate(self.curves.items()):
            self._draw(name, curve, COLOURS[i % len(COLOURS)], marks)
        if logarithmic and all((curve.loss > 0).all() for curve in self.curves.values()):
            self.ax_.set_yscale("log")
        if marks and any(curve.changes for curve in self.curves.values()):
            self.ax_.plot([], [], "|", color="0.3", markersize=12, markeredgewidth=2, label="λ found anew")
        self.ax_.set(xlabel="iteration", ylabel="cost J")
        if len(self.curves) <= 6:
            self.ax_.legend(frameon=False)
        else:
            self.ax_.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return self

    def _draw(self, name: str, curve: Curve, colour: str, marks: bool) -> None:
        loss, label = curve.loss, f"{name} ({curve.stop_reason})" if marks else name
        (self.lines_[name],) = self.ax_.plot(loss, color=colour, label=label)
        if curve.validation is not None:
            self.ax_.plot(curve.validation, color=colour, linestyle="--", label=f"{name}, held-out rows")
        if not marks:
            return
        last = len(loss) - 1
        self.ax_.plot(
            last, loss[last], "o" if curve.stop_reason in ("converged", "settled") else "X", color=colour
        )
        at = curve.changes
        self.ax_.plot(at, loss[at], "|", color=colour, markersize=12, markeredgewidth=2)


def _described(estimator: Any) -> str:
    if not hasattr(estimator, "hidden_width"):
        return type(estimator).__name__
    return f"{estimator.hidden_width} units, {estimator.solver}"


def _curve(estimator: Any) -> Curve:
    penalties = np.array(estimator.l2_regularization_curve_)
    validation = None if estimator._scored else estimator.validation_curve_  # of costs alone
    return Curve(
        np.array(estimator.loss_curve_),
        None if validation is None else np.array(validation),
        (np.flatnonzero(np.diff(penalties)) + 1).tolist(),
        estimator.stop_reason_,
    )
