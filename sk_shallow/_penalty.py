"""λ in a fit: begun by the first gradient, and found by evidence once the network has come far enough."""

import math
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from sk_shallow._activations import Activation
from sk_shallow._evidence import (
    FIRST_PENALTY,
    LEAST_PENALTY,
    Layers,
    Sample,
    most_rows,
    penalty_at_the_start,
    penalty_by_evidence,
    sample_of,
)
from sk_shallow._parameters import Shape
from sk_shallow._saddle import Saddle
from sk_shallow._scaling import Scaling
from sk_shallow._solvers import Rule, Run, State, StopReason
from sk_shallow._targets import Targets
from sk_shallow._weights import Weights

#: Shares of the λ that could hold W = 0: under the first a network grows well, the second is the most of all.
_LETS_GO, _MOST = 0.5, 0.9
#: A cost from this share of that of W = 0 on is of a network that has not begun to learn.
_BEGUN = 0.99
#: What the λ of the start is multiplied by where it kept a network from that.
_LOWERED = 0.25


class Progress(NamedTuple):
    """How far the search for λ has come: plain numbers, which a continued fit takes up.

    `penalty` is λ for weights that stand for their number of rows (``Weights.n_rows``), `steps` the
    number of steps made since the cost is below `begun_below`, `estimates` the number of marks that are
    behind, `rows` the number of rows seen in other parts, `could_hold` the λ that could hold W = 0.
    """

    penalty: float = FIRST_PENALTY
    steps: int = 0
    estimates: int = 0
    rows: float = 0.0
    begun_below: float = math.inf
    could_hold: float | None = None


def _found(estimate: Callable[[], float], otherwise: float) -> float:
    """Return an estimate, or `otherwise` where the spectrum cannot be had."""
    try:
        return estimate()
    except (np.linalg.LinAlgError, MemoryError):
        return otherwise


class Search:
    """Estimates λ when a network has learnt for so many steps as each mark says, or has converged before.

    Parameters
    ----------
    data : tuple of X (n, d), Targets, Weights
    shape : Shape
    scaling : Scaling
        What X counts as.
    activation : Activation
    marks : tuple of int
    steps_an_iteration : int
        More than one for an epoch of batches.
    progress : Progress
        Of the fit before.
    """

    def __init__(
        self,
        data: tuple[Any, Targets, Weights],
        shape: Shape,
        scaling: Scaling,
        activation: Activation,
        marks: tuple[int, ...],
        steps_an_iteration: int,
        progress: Progress,
    ) -> None:
        self._X, self._targets, self._weights = data
        self._shape, self._scaling, self._activation = shape, scaling, activation
        self._marks, self._steps_an_iteration = marks, steps_an_iteration
        self.progress = progress
        self._sample: Sample | None = None
        self._n_rows = progress.rows + self._weights.n_rows
        #: The iteration from which on steps count, beside those of the fit before.
        self._from, self._before = 0, progress.steps
        self._began = [(0, progress)]

    @property
    def share(self) -> float:
        """λ / S."""
        return self.progress.penalty / self._n_rows

    @property
    def penalty(self) -> float:
        """λ, set against the sum S of the weights as they are."""
        return self._of_sum(self.progress)

    def _of_sum(self, progress: Progress) -> float:
        return progress.penalty * (self._weights.sum / self._n_rows)

    @property
    def is_open(self) -> bool:
        """Tell whether λ is yet to be estimated."""
        return self.progress.estimates < len(self._marks)

    def pausing(self, ends: list[Rule], max_iter: int) -> list[Rule]:
        """Return rules that pause a run for an estimate of λ at each mark, or where one of `ends` comes before."""

        def is_open(run: Run) -> bool:
            return self.is_open and run.n_iter < max_iter

        def at_mark(run: Run) -> StopReason | None:
            if run.losses[-1] >= self.progress.begun_below:
                self._from, self._before = run.n_iter, 0
            due = is_open(run) and self._steps(run.n_iter) >= self._marks[self.progress.estimates]
            return StopReason.PAUSED if due else None

        def instead_of(end: Rule) -> Rule:
            def rule(run: Run) -> StopReason | None:
                reason = end(run)
                if reason and is_open(run):
                    return StopReason.PAUSED
                # Where the iterations are used up, the next call makes the estimate, and looks back as far.
                return None if reason is StopReason.SETTLED and self.is_open else reason

            return rule

        return [at_mark, *map(instead_of, ends)]

    def _steps(self, n_iter: int) -> int:
        return self._before + (n_iter - self._from) * self._steps_an_iteration

    def progress_at(self, n_iter: int) -> Progress:
        """Return how far the search had come when a run was at an iteration, to go on from there."""
        return self._at(n_iter)._replace(steps=max(self._steps(n_iter), 0), rows=self._n_rows)

    def penalty_at(self, n_iter: int) -> float:
        """Return λ as it was at an iteration, set against the sum S."""
        return self._of_sum(self._at(n_iter))

    def _at(self, n_iter: int) -> Progress:
        return [progress for index, progress in self._began if index <= n_iter][-1]

    def estimate(self, state: State, saddle: Saddle) -> bool:
        """Estimate λ at a state, and return whether to begin anew with it.

        A network near W = 0 would tell any λ: that of the start is then lowered, and otherwise left as it is.
        Where the spectrum cannot be had, λ stays too.
        """
        before, layers = self.progress.estimates, cache(lambda: self._layers(state.theta))
        self.progress = self.progress._replace(estimates=before + 1, begun_below=_BEGUN * saddle.loss)
        if (most := self.progress.could_hold) is None:
            most = self._could_hold(layers, saddle)
            self.progress = self.progress._replace(could_hold=most)
        penalty = self.progress.penalty
        if before == 0:
            d_output = self._shape.views(state.gradient).W2
            found = _found(lambda: penalty_at_the_start(layers(), d_output, self._n_rows), penalty)
            self._set(min(found, _LETS_GO * most))
        elif state.loss < self.progress.begun_below:
            found = _found(lambda: penalty_by_evidence(layers(), penalty, self._n_rows), penalty)
            self._set(min(found, _MOST * most))
        elif before == 1 and most > 0 and penalty > LEAST_PENALTY:
            self.progress = self.progress._replace(estimates=1)
            self._set(_LOWERED * penalty)
            return True
        else:
            self.progress = self.progress._replace(estimates=len(self._marks))
        return False

    def begin(self, index: int) -> None:
        """Note that the costs of a run are of this λ from one on."""
        self._began.append((index, self.progress))

    def curve(self, n: int) -> list[float]:
        """Return λ at each of n costs."""
        penalties = np.empty(n)
        for index, progress in self._began:
            penalties[index:] = self._of_sum(progress)
        return penalties.tolist()

    def _could_hold(self, layers: Callable[[], Layers], saddle: Saddle) -> float:
        """Return the λ that holds W = 0, or that would if y were noise: it also has to hold what is not linear."""
        noise = _found(lambda: layers().noise(self._n_rows), 0.0)
        return max(saddle.holding * self._n_rows, saddle.slope * noise)

    def _set(self, penalty: float) -> None:
        """Take λ to three digits, so that what sums are rounded by makes no other; not where it is no number."""
        if np.isfinite(penalty):
            self.progress = self.progress._replace(penalty=float(f"{max(penalty, LEAST_PENALTY):.3g}"))

    def _layers(self, theta: np.ndarray) -> Layers:
        if self._sample is None:
            self._sample = self._take_sample(theta)
        parameters = self._shape.views(theta.astype(np.float64))
        return Layers(self._sample, parameters, self._activation, self._targets.outputs.loss)

    def _take_sample(self, theta: np.ndarray) -> Sample:
        shape, encoded = self._shape, self._targets.encoded
        y = encoded if encoded.ndim == 1 else encoded @ 2.0 ** -np.arange(encoded.shape[1])
        most = most_rows(shape.n_features, shape.hidden_width, shape.n_outputs)
        direction = shape.views(theta.astype(np.float64)).W1[0]
        return sample_of(self._X, y, self._weights, self._scaling, direction, most)
