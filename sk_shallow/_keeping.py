"""From checked values to a fitted estimator, in one assignment: and what there is to tell of the fit."""

from collections.abc import Callable
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from sk_shallow._advice import Ending, light_weights_text, warning_text
from sk_shallow._fitting import Watches, fit_network, unwatched
from sk_shallow._outcome import Network, Record
from sk_shallow._preparation import Prepared
from sk_shallow._stack import fit_from_starts
from sk_shallow._stored import attributes_of

#: Text and category of a warning.
Told = tuple[str, type[Warning]]


def fit_and_keep(
    estimator: Any, prepared: Prepared, watches: Callable[[int], Watches] = lambda _: unwatched
) -> list[Told]:
    """Fit as values, store at once, and return what there is to tell; `watches` of each start look on."""
    problem, recipe, before, *_ = prepared
    if before is None and recipe.n_init > 1:
        network, record = fit_from_starts(problem, [recipe], [estimator.random_state], [watches])[0].fitted()
    else:
        network, record = fit_network(problem, recipe, before, estimator.random_state, watches(0))
    return keep(estimator, prepared, network, record)


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
