"""Who is measured by ``benchmarks.defaults``: our classifier and its peers, all with their defaults."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.table import Table
from sk_shallow import ShallowNetClassifier, ShallowNetClassifierCV

OURS, LBFGS, UNSCALED = "ours", "ours lbfgs", "ours, standardize=False"
OURS_CV = "ours CV"
VALIDATED, VALIDATED_ALONE, MLP_VALIDATED = (
    "ours, early stopping",
    "ours, early stopping, λ = 1",
    "MLPClassifier, early stopping",
)
MLP, LOGISTIC, BOOSTING = "MLPClassifier", "LogisticRegression", "HistGradientBoosting"
LOGISTIC_CV, SHARES = "LogisticRegressionCV", "shares"
#: Settings that solver="lbfgs" refuses.
DESCENT_ONLY = {"learning_rate", "momentum", "batch_size"}

Settings = dict[str, Any]


def _ours(settings: Settings, seed: int) -> Any:
    arguments: Settings = {"random_state": seed} | settings
    return ShallowNetClassifier(**arguments)


def _ours_lbfgs(settings: Settings, seed: int) -> Any:
    kept = {name: value for name, value in settings.items() if name not in DESCENT_ONLY}
    return _ours(kept | {"solver": "lbfgs"}, seed)


def _ours_unscaled(settings: Settings, seed: int) -> Any:
    return _ours(settings | {"standardize": False}, seed)


def _ours_cv(settings: Settings, seed: int) -> Any:
    arguments: Settings = {"random_state": seed} | settings
    return ShallowNetClassifierCV(**arguments)


def _ours_validated(settings: Settings, seed: int) -> Any:
    return _ours(settings | {"early_stopping": True}, seed)


def _ours_validated_alone(settings: Settings, seed: int) -> Any:
    return _ours_validated({"l2_regularization": 1.0} | settings, seed)


def _mlp_validated(_: Settings, seed: int) -> Any:
    return MLPClassifier(early_stopping=True, random_state=seed)


def _mlp(_: Settings, seed: int) -> Any:
    return MLPClassifier(random_state=seed)


def _logistic(_: Settings, seed: int) -> Any:
    return LogisticRegression(max_iter=1000)


def _boosting(_: Settings, seed: int) -> Any:
    return HistGradientBoostingClassifier(random_state=seed)


def _logistic_cv(_: Settings, seed: int) -> Any:
    return LogisticRegressionCV(
        scoring="neg_log_loss", l1_ratios=(0,), max_iter=1000, use_legacy_attributes=False, random_state=seed
    )


def _shares(_: Settings, seed: int) -> Any:
    return DummyClassifier(strategy="prior")


@dataclass(frozen=True)
class Candidate:
    """How an estimator is made from the settings of the command line and a seed, and where it takes part.

    `scaled`: behind a StandardScaler of the numeric columns, where X is dense.
    """

    make: Callable[[Settings, int], Any]
    scaled: bool = False
    ours: bool = False
    only: frozenset[str] | None = None
    never: frozenset[str] = frozenset()

    def takes_part(self, group: str) -> bool:
        """Return whether the group is measured with it."""
        return group not in self.never and (self.only is None or group in self.only)

    def estimator(self, table: Table, settings: Settings, seed: int) -> Any:
        """Return what is fitted to the table's rows."""
        model = self.make(settings, seed)
        if not self.scaled or table.is_sparse:
            return model
        scaler: Any = StandardScaler()
        if table.numeric is not None:
            scaler = ColumnTransformer([("scaled", scaler, table.numeric)], remainder="passthrough")
        return make_pipeline(scaler, model)


CANDIDATES = {
    OURS: Candidate(_ours, ours=True),
    LBFGS: Candidate(_ours_lbfgs, ours=True),
    OURS_CV: Candidate(_ours_cv, ours=True),
    # Of four rows there are none to hold out.
    VALIDATED: Candidate(_ours_validated, ours=True, never=frozenset({"few", "many_classes"})),
    VALIDATED_ALONE: Candidate(_ours_validated_alone, ours=True, never=frozenset({"few", "many_classes"})),
    MLP_VALIDATED: Candidate(_mlp_validated, scaled=True, never=frozenset({"few", "many_classes"})),
    UNSCALED: Candidate(_ours_unscaled, scaled=True, ours=True, only=frozenset({"onehot"})),
    MLP: Candidate(_mlp, scaled=True),
    LOGISTIC: Candidate(_logistic, scaled=True),
    # It needs dense rows, and minutes for a tree a class of hundreds.
    BOOSTING: Candidate(_boosting, never=frozenset({"text", "many_classes"})),
    LOGISTIC_CV: Candidate(_logistic_cv, scaled=True, only=frozenset({"wide", "noise"})),
    SHARES: Candidate(_shares, only=frozenset({"wide", "noise"})),
}
