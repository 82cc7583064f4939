"""A misprint, and the check of gradients that refuses what is printed.

Complex steps (Squire & Trapp 1998) through the rest of the network, which know no formula, tell a right one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from sk_shallow.textbook._point import Point, derivative, point

Form = Callable[[Point], Any]


class Erratum(NamedTuple):
    """A misprint.

    Attributes
    ----------
    document : {"000", "001", "002"}
    printed, correct, why : str
    of : str or None
        What the formula is the derivative of L by, or the first quantity that goes wrong; None for words.
    printed_form, correct_form : callable or None
        The derivative at a point of one example, as printed and as it should be: see ``check``.
    """

    document: str
    printed: str
    correct: str
    why: str
    of: str | None = None
    printed_form: Form | None = None
    correct_form: Form | None = None

    def check(self, at: Point | None = None) -> tuple[float, float]:
        """Return the largest relative difference of the printed and of the correct form to complex steps.

        Parameters
        ----------
        at : SimpleNamespace, default=None
            Of ``point``; None: one with two outputs.

        Returns
        -------
        printed, correct : float
            inf for a form that fails, or has another shape than what it is the derivative by.

        Raises
        ------
        ValueError
            If the misprint is in words alone.

        Examples
        --------
        >>> from sk_shallow.textbook import ERRATA
        >>> plus = next(erratum for erratum in ERRATA if "+ g'" in erratum.printed)
        >>> printed, correct = plus.check()
        >>> printed > 0.1, correct < 1e-12
        (True, True)
        """
        if self.of is None or self.printed_form is None or self.correct_form is None:
            raise ValueError(f"{self.document}: {self.printed!r} is no formula that could be run.")
        at = point() if at is None else at
        expected = derivative(at, self.of)
        return _difference(self.printed_form, at, expected), _difference(self.correct_form, at, expected)


def _difference(form: Form, point: Point, expected: np.ndarray) -> float:
    try:
        found = np.asarray(form(point))
    except ValueError:  # shapes that do not fit
        return np.inf
    if found.shape != expected.shape:
        return np.inf
    return float(np.abs(found - expected).max() / np.abs(expected).max())
