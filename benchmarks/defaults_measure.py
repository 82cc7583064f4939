"""Fits a candidate to a fold of a table, and remembers what peers had."""

import json
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, StratifiedShuffleSplit

from benchmarks.table import Table

#: What is measured of one fit.
Figures = dict[str, Any]


def folds(table: Table, n_folds: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the first of 3 splits of the rows into training and test."""
    splitter = (
        StratifiedKFold(3, shuffle=True, random_state=1)
        if table.n_train is None
        else StratifiedShuffleSplit(3, train_size=table.n_train, random_state=1)
    )
    return list(splitter.split(np.zeros(len(table.y)), table.y))[:n_folds]


def measure(estimator: Any, table: Table, train: np.ndarray, test: np.ndarray) -> Figures:
    """Fit, predict, and return the scores; the time is that of the processor."""
    X, Xt = table.X[train], table.X[test]
    with warnings.catch_warnings(record=True) as caught, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        started = time.process_time()
        P = estimator.fit(X, table.y[train]).predict_proba(Xt)
        seconds = time.process_time() - started
    model = estimator[-1] if hasattr(estimator, "steps") else estimator
    return scores(np.asarray(P), table.y[test]) | {
        "seconds": seconds,
        "warned": any(issubclass(each.category, ConvergenceWarning) for each in caught),
        "n_iter": _number(model, "n_iter_"),
        "l2": _number(model, "l2_regularization_"),
    }


def scores(P: np.ndarray, y: np.ndarray) -> Figures:
    """Return accuracy, log-loss, and the AUC (of each class against the rest, where all are there)."""
    of_truth = np.clip(P[np.arange(len(y)), y], 2e-16, 1)
    return {
        "accuracy": float((P.argmax(1) == y).mean()),
        "log_loss": float(-np.log(of_truth).mean()),
        "auc": _auc(P, y),
    }


def _auc(P: np.ndarray, y: np.ndarray) -> float | None:
    k = P.shape[1]
    if len(np.unique(y)) < k:
        return None
    if k == 2:
        return float(roc_auc_score(y, P[:, 1]))
    return float(np.mean([roc_auc_score(y == c, P[:, c]) for c in range(k)]))


def _number(model: Any, name: str) -> float | None:
    """Return the largest value of a fitted attribute; None where there is none."""
    value = getattr(model, name, None)
    return None if value is None else float(np.max(value))


class Memory:
    """Figures on disk, a line of JSON each, by table, its checksum, fold, candidate and versions."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        self.path, self.writes = path, writes
        self.known: dict[str, Figures] = {}
        if path.exists():
            records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
            self.known = {record["key"]: record["figures"] for record in records}

    def key(self, group: str, table: str, checksum: str, fold: int, candidate: str) -> str:
        """Return what figures are found by."""
        versions = f"sklearn {sklearn.__version__}, numpy {np.__version__}, scipy {scipy.__version__}"
        return f"{group} | {table} | {checksum} | {fold} | {candidate} | {versions}"

    def recall(self, key: str, measured: Callable[[], Figures]) -> Figures:
        """Return what is known of a key; else measure it, and write that down if this memory writes."""
        if key not in self.known:
            self.known[key] = measured()
            if self.writes:
                self._write(key, self.known[key])
        return self.known[key]

    def _write(self, key: str, figures: Figures) -> None:
        """Append a line at once, so that runs beside each other lose nothing."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "figures": figures}) + "\n")
