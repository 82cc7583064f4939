"""A network and how it is fitted: the parameters of an estimator as a value, resolved."""

from dataclasses import dataclass
from typing import Any

from sk_shallow._activations import Activation, get_activation
from sk_shallow._penalty import Search
from sk_shallow._solvers import (
    SETTLING_EPOCHS,
    SETTLING_STEPS,
    SOLVERS,
    Rule,
    after_one_pass,
    budget,
    diverged,
    gradient_below,
    settled,
)
from sk_shallow._validation import check_settings


@dataclass(frozen=True)
class Recipe:
    """The parameters of an estimator, resolved; None for what is found in the fit."""

    hidden_width: int
    activation: Activation
    solver: str
    learning_rate: float | None
    momentum: float | None
    batch_size: int | None
    l2_regularization: float | None
    max_iter: int
    tol: float
    standardize: bool
    #: After how many iterations without a better score on held-out rows a fit ends; None: none are held out.
    patience: int | None = None
    #: How many starts a fit has that does not go on from another.
    n_init: int = 1
    #: Whether a fit goes the way of the α given to its end: else it may settle, and leaves W = 0.
    exact: bool = True
    #: One pass over rows of which more may come: ``partial_fit``.
    one_pass: bool = False

    def rules(self, search: Search | None) -> list[Rule]:
        """When to stop, or to pause for an estimate of λ."""
        if self.one_pass:
            return [diverged, after_one_pass(self.tol)]
        ends = [gradient_below(self.tol)]
        if not self.exact and self.tol > 0:
            ends.append(settled(SETTLING_STEPS if self.batch_size is None else SETTLING_EPOCHS, self.tol))
        if search is not None:
            ends = search.pausing(ends, self.max_iter)
        return [diverged, *ends, budget(self.max_iter)]


def recipe_of(estimator: Any, *, one_pass: bool = False) -> Recipe:
    """Return the recipe of an estimator's parameters; refuse settings that its solver has no use for.

    "auto" stands for a constant, a step found in the fit (on all rows alone), or a λ found in the fit.
    """
    check_settings(estimator)
    solver = SOLVERS[estimator.solver]
    rate, momentum, penalty = (
        None if setting == "auto" else float(setting)
        for setting in (estimator.learning_rate, estimator.momentum, estimator.l2_regularization)
    )
    on_all_rows = estimator.batch_size is None and not one_pass
    if rate is None and not (solver.finds_step and on_all_rows):
        rate = solver.learning_rate
    return Recipe(
        hidden_width=int(estimator.hidden_width),
        activation=get_activation(estimator.activation),
        solver=estimator.solver,
        learning_rate=rate,
        momentum=momentum,
        batch_size=None if estimator.batch_size is None else int(estimator.batch_size),
        l2_regularization=penalty,
        max_iter=int(estimator.max_iter),
        tol=float(estimator.tol),
        standardize=bool(estimator.standardize),
        patience=int(estimator.n_iter_no_change) if estimator.early_stopping else None,
        n_init=1 if one_pass else int(estimator.n_init),
        exact=estimator.learning_rate != "auto" or one_pass,
        one_pass=one_pass,
    )
