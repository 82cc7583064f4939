"""What the parameters of a search say: which combinations, of which network, by which folds and scores."""

from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import clone

from sk_shallow._classifier import ShallowNetClassifier
from sk_shallow._folds import folds_of, least_log_loss
from sk_shallow._grid import StackedGrid
from sk_shallow._held_out import Given
from sk_shallow._validation import PARAMETER_CONSTRAINTS, check_settings

#: What is searched over, by the parameter of the network that it is for.
SEARCHED = {
    "hidden_width": "hidden_widths",
    "learning_rate": "learning_rates",
    "l2_regularization": "l2_regularizations",
}
#: Parameters that are the network's own.
SHARED = tuple(name for name in PARAMETER_CONSTRAINTS if name not in (*SEARCHED, "warm_start", "scoring"))
#: What is searched over where nothing is given, and where something else is.
_USUAL: dict[str, list[Any]] = {"hidden_width": [64], "learning_rate": ["auto"], "l2_regularization": ["auto"]}
_DEFAULT = _USUAL | {"l2_regularization": ["auto", 1.0]}
#: The folds of cv=None, where one network is chosen and where several are merged.
_MOST_FOLDS, _MERGED_FOLDS = 5, 3
_SEVERAL = (list, tuple, set, dict)


def base_of(estimator: Any) -> ShallowNetClassifier:
    """Return the network that all combinations are set on."""
    base = ShallowNetClassifier(**{name: getattr(estimator, name) for name in SHARED})
    if get_config()["enable_metadata_routing"]:
        wanted = dict.fromkeys(Given._fields, bool(estimator.early_stopping))
        base.set_fit_request(sample_weight=True, **wanted)
    return base


def merges_networks(estimator: Any) -> bool:
    """Tell whether several networks are merged."""
    by_default = estimator.refit is True and estimator.scoring is None and not _given(estimator)
    return estimator.refit == "merge" or by_default


def check_combinations(estimator: Any, base: ShallowNetClassifier) -> None:
    """Refuse values that are none for the network, and several scores where networks are merged."""
    check_settings(base)
    if merges_networks(estimator):
        check_one_score(estimator, isinstance(estimator.scoring, _SEVERAL))
    for name, values in _grid(estimator).items():
        for value in values:
            clone(base).set_params(**{name: value})._validate_params()


def check_one_score(estimator: Any, has_several: bool) -> None:
    """Refuse several scores."""
    if has_several:
        names = f": {list(estimator.scoring)}" if isinstance(estimator.scoring, _SEVERAL) else ""
        raise ValueError(
            f"refit='merge' keeps the combination of the best score too, but scoring has several{names}. "
            "Give one, or name one of them as refit."
        )


def _given(estimator: Any) -> list[str]:
    return [name for name, plural in SEARCHED.items() if getattr(estimator, plural) is not None]


def _grid(estimator: Any) -> dict[str, list[Any]]:
    default = _USUAL if _given(estimator) else _DEFAULT
    grid = {}
    for name, plural in SEARCHED.items():
        values = getattr(estimator, plural)
        if values is not None and (np.ndim(values) == 0 or len(values) == 0):
            raise ValueError(f"{plural} is empty or no sequence, {values!r}: give one value at least.")
        grid[name] = default[name] if values is None else list(values)
    return grid


def search_of(estimator: Any, base: ShallowNetClassifier, merges: bool = False, codes: Any = None) -> StackedGrid:
    """Return the search; `codes` are the classes of the rows (n,), or their labels (n, k)."""
    return StackedGrid(
        base,
        _grid(estimator),
        scoring=least_log_loss(codes) if estimator.scoring is None else estimator.scoring,
        cv=folds_of(codes, _MERGED_FOLDS if merges else _MOST_FOLDS) if estimator.cv is None else estimator.cv,
        refit=False if merges else estimator.refit,
        error_score=estimator.error_score,
        return_train_score=estimator.return_train_score,
        n_jobs=estimator.n_jobs,
    )
