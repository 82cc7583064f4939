"""From checked values to a fitted estimator, in one assignment: and what there is to tell of the fit."""

from collections.abc import Callable
from functools import partial
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from sk_shallow._advice import Ending, light_weights_text, warning_text
from sk_shallow._callbacks import raising_hook_errors, task_of
from sk_shallow._canonical import canonical
from sk_shallow._fitting import Watches, fit_network, unwatched
from sk_shallow._outcome import Network, Record
from sk_shallow._preparation import Prepared
from sk_shallow._stack import fit_from_starts
from sk_shallow._stored import attributes_of

#: Text and category of a warning.
Told = tuple[str, type[Warning]]


def fit_and_keep(estimator: Any, prepared: Prepared, tells: bool = True) -> list[Told]:
    """Fit as values, store at once, and return what there is to tell; `tells` callbacks, if there are any."""
    task = task_of(estimator, prepared.n_parts, prepared.rows) if tells else None
    if task is None:
        return keep(estimator, prepared, *_fitted(estimator, prepared))
    attributes = partial(attributes_left, estimator, prepared)
    with raising_hook_errors():
        outcome = _fitted(estimator, prepared, task.watches(prepared, attributes))
        task.end(reconstruction_attributes=lambda: task.shown(attributes(*outcome)))
    return keep(estimator, prepared, *outcome)


def _fitted(
    estimator: Any, prepared: Prepared, watches: Callable[[int], Watches] | None = None
) -> tuple[Network, Record]:
    problem, recipe, state = prepared.problem, prepared.recipe, estimator.random_state
    if prepared.n_starts > 1:
        return fit_from_starts(problem, [recipe], [state], None if watches is None else [watches])[0].fitted()
    problem = canonical(problem, recipe.solver)
    return fit_network(problem, recipe, prepared.before, state, unwatched if watches is None else watches(0))


def keep(estimator: Any, prepared: Prepared, network: Network, record: Record) -> list[Told]:
    """Have an estimator be a fitted network, and return what there is to tell of the fit."""
    if not estimator.warm_start:
        network = network.for_use()
    kept = {name: value for name, value in vars(estimator).items() if name != "feature_names_in_"}
    # One assignment: whatever fails or interrupts before it, the estimator is as it was.
    estimator.__dict__ = kept | attributes_left(estimator, prepared, network, record)
    weights = prepared.problem.weights
    ending = Ending(record, prepared.recipe, weights.sum, prepared.problem.X.dtype)
    texts = (
        (light_weights_text(weights, prepared.recipe), UserWarning),
        (warning_text(ending), ConvergenceWarning),
    )
    return [(text, category) for text, category in texts if text is not None]


def attributes_left(estimator: Any, prepared: Prepared, network: Network, record: Record) -> dict[str, Any]:
    """Return the attributes that a fit leaves."""
    fitted = attributes_of(estimator, network, record, prepared.recipe, prepared.problem.targets)
    return fitted | prepared.columns | {"_held_out_seed": prepared.seed}
