"""Networks of several combinations of parameters, fitted to the same rows side by side."""

import time
from collections.abc import Sequence
from copy import copy, deepcopy
from functools import partial
from typing import Any, NamedTuple

from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from sk_shallow._callbacks import Task
from sk_shallow._classifier import ShallowNetClassifier
from sk_shallow._course import HookError
from sk_shallow._held_out import Given
from sk_shallow._keeping import Told, attributes_left, keep
from sk_shallow._outcome import Network, Record
from sk_shallow._preparation import Prepared, Rows, prepare
from sk_shallow._recipe import recipe_of
from sk_shallow._solvers import StopReason
from sk_shallow._stack import Outcome, fit_from_starts
from sk_shallow._stored import of_fit

#: A combination of parameters.
Params = dict[str, Any]


class DivergedError(ValueError):
    """A network has diverged, and is no candidate."""


class Fitted(NamedTuple):
    """What came of a candidate: an estimator or an error, its time in s, and what there is to tell."""

    estimator: ShallowNetClassifier | None
    error: Exception | None
    seconds: float
    told: list[Told]

    def fitted(self) -> ShallowNetClassifier:
        """Return the estimator, or raise the error that there is none."""
        if self.error is not None:
            raise self.error
        assert self.estimator is not None
        return self.estimator


def fit_candidates(
    base: ShallowNetClassifier,
    candidates: Sequence[Params],
    rows: Rows,
    given: Given,
    random_states: Sequence[Any] | None = None,
    keep_diverged: bool = False,
    task: Task | None = None,
) -> list[Fitted]:
    """Fit a classifier of each combination of parameters, side by side.

    `random_states` are one for each; else they are that of `base`. With `keep_diverged`, a diverged one has the
    best network that it met, as by ``fit``. Each fit is a part of `task`, of which callbacks are told.
    """
    started = time.perf_counter()
    fitted: dict[int, Fitted] = {}
    members: dict[int, tuple[ShallowNetClassifier, Prepared]] = {}
    try:
        prepared = prepare(base, *rows, given)
    except Exception as error:
        return [Fitted(None, error, 0.0, [])] * len(candidates)
    for number, candidate in enumerate(candidates):
        estimator = clone(base).set_params(**candidate)
        try:
            members[number] = estimator, prepared._replace(recipe=recipe_of(estimator))
        except ValueError as error:
            fitted[number] = Fitted(None, error, 0.0, [])
    shared = (time.perf_counter() - started) / len(candidates)
    states = [deepcopy(base.random_state) for _ in candidates] if random_states is None else random_states
    outcomes = _outcomes(members, [states[i] for i in members], task)
    for (number, (estimator, own)), outcome in zip(members.items(), outcomes, strict=True):
        network, record, why, seconds = outcome
        told: list[Told] = []
        if network is not None and record is not None:
            told = keep(estimator, own, network, record)
            if record.reason is StopReason.DIVERGED and not keep_diverged:
                why = DivergedError(next(text for text, kind in told if kind is ConvergenceWarning))
        fitted[number] = Fitted(None if why else estimator, why, seconds + shared, told)
    return [fitted[number] for number in range(len(candidates))]


def _outcomes(
    members: dict[int, tuple[ShallowNetClassifier, Prepared]], states: list[Any], task: Task | None
) -> list[Outcome]:
    """Fit to the same rows: side by side, or one after another while callbacks look on."""
    if task is not None:
        parts = zip(members.items(), states, strict=True)
        return [_watched(task, number, *member, state) for (number, member), state in parts]
    if not members:
        return []
    problem = next(iter(members.values()))[1].problem
    return fit_from_starts(problem, [prepared.recipe for _, prepared in members.values()], states)


def _watched(
    task: Task, number: int, estimator: ShallowNetClassifier, prepared: Prepared, random_state: Any
) -> Outcome:
    """Fit one; an error of a callback is one of the fit, as in GridSearchCV."""
    attributes = partial(_left, estimator, prepared)
    try:
        part = task.part("candidate", prepared.n_parts, number, prepared.rows).begin()
        watches = part.watches(prepared, attributes)
        (outcome,) = fit_from_starts(prepared.problem, [prepared.recipe], [random_state], [watches])
        if outcome.error is None:
            part.end(reconstruction_attributes=lambda: part.shown(attributes(*outcome.fitted())))
        else:
            part.close()
    except HookError as error:
        return Outcome(None, None, error.error, 0.0)
    return outcome


def _left(estimator: ShallowNetClassifier, prepared: Prepared, network: Network, record: Record) -> dict[str, Any]:
    """Return what a search has of a network in the course of its fit."""
    fitted = copy(estimator)
    fitted.__dict__ |= attributes_left(estimator, prepared, network, record)
    return of_network(fitted)


def of_network(estimator: ShallowNetClassifier) -> dict[str, Any]:
    """Return what a search has of its best network."""
    fitted = of_fit(vars(estimator))
    return fitted | {"best_estimator_": estimator, "hidden_width_": len(fitted["hidden_coef_"])}
