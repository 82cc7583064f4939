"""λ in a fit: begun by the first gradient, and found by evidence once the network has come far enough."""

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

#: Of the λ that holds W = 0, the share that a network grows well under.
LETS_GO = 0.5


class Progress(NamedTuple):
    """How far the search for λ has come: plain numbers, which a continued fit takes up.

    `penalty` is λ for weights that stand for their number of rows (``Weights.n_rows``), `steps` the
    number of steps made, `estimates` the number of marks that are behind, `rows` the number of rows seen
    in other parts.
    """

    penalty: float = FIRST_PENALTY
    steps: int = 0
    estimates: int = 0
    rows: float = 0.0


class Search:
    """Estimates λ when a run has made so many steps as each mark says, or has converged before.

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

    @property
    def share(self) -> float:
        """λ / S."""
        return self.progress.penalty / self._n_rows

    @property
    def penalty(self) -> float:
        """λ, set against the sum S of the weights as they are."""
        return self.progress.penalty * (self._weights.sum / self._n_rows)

    def pausing(self, ends: list[Rule], max_iter: int) -> list[Rule]:
        """Return rules that pause a run for an estimate of λ at each mark, or where one of `ends` comes before."""

        def is_open(run: Run) -> bool:
            return self.progress.estimates < len(self._marks) and run.n_iter < max_iter

        def at_mark(run: Run) -> StopReason | None:
            due = is_open(run) and self._steps(run.n_iter) >= self._marks[self.progress.estimates]
            return StopReason.PAUSED if due else None

        def instead_of(end: Rule) -> Rule:
            return lambda run: (reason := end(run)) and (StopReason.PAUSED if is_open(run) else reason)

        return [at_mark, *map(instead_of, ends)]

    def _steps(self, n_iter: int) -> int:
        return self.progress.steps + n_iter * self._steps_an_iteration

    def note(self, run: Run) -> None:
        """Record how many steps a run made, on how many rows, once it has ended."""
        self.progress = self.progress._replace(steps=self._steps(run.n_iter), rows=self._n_rows)

    def estimate(self, state: State, n_iter: int, saddle: Saddle) -> None:
        """Estimate λ at a state, after so many iterations; where the spectrum cannot be had, λ stays.

        A network at W = 0 would tell any λ. Before the first estimate of another, λ is lowered to what does not
        hold it there; one that such an estimate holds there has nothing to learn.
        """
        first, early = self.progress.estimates == 0, self.progress.estimates <= 1
        behind = sum(mark <= self._steps(n_iter) for mark in self._marks)
        self.progress = self.progress._replace(estimates=max(self.progress.estimates + 1, behind))
        lets_go = LETS_GO * saddle.holding * self._n_rows or np.inf
        if first:
            self._set(min(self._at_the_start(state), lets_go))
        elif not saddle.is_near(state.loss):
            self._set(self._by_evidence(state))
        elif early:
            self._set(min(self.progress.penalty, lets_go))

    def _set(self, penalty: float) -> None:
        """Take λ to three digits, so that what sums are rounded by makes no other; not where it is no number."""
        if np.isfinite(penalty):
            self.progress = self.progress._replace(penalty=float(f"{max(penalty, LEAST_PENALTY):.3g}"))

    def _at_the_start(self, state: State) -> float:
        try:
            d_output = self._shape.views(state.gradient).W2
            return penalty_at_the_start(self._layers(state.theta), d_output, self._n_rows)
        except (np.linalg.LinAlgError, MemoryError):
            return self.progress.penalty

    def _by_evidence(self, state: State) -> float:
        try:
            return penalty_by_evidence(self._layers(state.theta), self.progress.penalty, self._n_rows)
        except (np.linalg.LinAlgError, MemoryError):
            return self.progress.penalty

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
