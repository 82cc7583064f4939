"""Early stopping: each state of a fit is judged on rows that were held out, and the best one is kept."""

import math
from collections.abc import Callable

import numpy as np

from sk_shallow._course import HeldOut, Setting, Watch
from sk_shallow._fitted import OutputOverflowError
from sk_shallow._penalty import Search
from sk_shallow._scaling import folded
from sk_shallow._solvers import Chosen, Run, State, StopReason, diverged


class EarlyStopping(Watch):
    """Ends a run where so many iterations have made nothing better of rows held out, and has the best state kept.

    While λ is yet to be found it ends nothing, and from each new λ on it counts anew.

    Parameters
    ----------
    held_out : HeldOut
    value : callable
        ``value(θ)`` is the mean loss of the rows.
    patience : int
    search : Search or None
    """

    def __init__(
        self, held_out: HeldOut, value: Callable[[np.ndarray], float], patience: int, search: Search | None
    ) -> None:
        self._score, self._value, self._patience, self._search = held_out.score, value, patience, search
        self._sign = 1 if held_out.score is None else -1
        self._last: tuple[np.ndarray, float] | None = None
        #: The best state of the iterations before this one.
        self._earlier: Chosen | None = None

    def after(self, setting: Setting, run: Run) -> StopReason | None:
        """Judge the last state."""
        curve = run.validation = [] if run.validation is None else run.validation
        if run.n_iter < len(curve):  # told anew, in another's place
            del curve[run.n_iter :]
            run.chosen = self._earlier
        self._earlier = run.chosen
        curve.append(self._judged(setting, run.state))
        cost = self._sign * curve[-1]
        if run.chosen is None or (cost < run.chosen.cost and not diverged(run)):
            run.chosen = Chosen(run.state, run.n_iter, cost)
        if self._search is not None and self._search.is_open:
            return None
        without = run.n_iter - max(run.chosen.n_iter, run.n_earlier)
        return StopReason.VALIDATION if without >= self._patience else None

    def _judged(self, setting: Setting, state: State) -> float:
        if self._last is None or self._last[0] is not state.theta:
            found = self._value(state.theta) if self._score is None else self._scored(setting, state)
            if self._last is None and not math.isfinite(found):
                raise ValueError(
                    f"The held-out rows are worth {found} at the start, before the first step, nothing to go "
                    "by: look for outliers among them, or choose another scoring."
                )
            self._last = state.theta, found
        return self._last[1]

    def _scored(self, setting: Setting, state: State) -> float:
        assert self._score is not None
        if not math.isfinite(state.loss):
            return math.nan
        try:
            parameters, far = folded(setting.shape.views(state.theta), setting.scaling, state.theta.dtype)
        except ValueError:
            return math.nan
        try:
            return float(self._score(parameters, far))
        except OutputOverflowError:
            if self._last is None:
                raise
            return math.nan
