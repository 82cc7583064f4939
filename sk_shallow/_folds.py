"""What a search takes where it is told neither folds nor a score: stratified ones, and the log-loss."""

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn import get_config
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import KFold, StratifiedKFold

from sk_shallow._array_api import Array


def least_log_loss(codes: Any) -> Any:
    """Return the scorer of the log-loss, negative, for y as class codes (n,) or an indicator (n, k).

    Where metadata is routed and there is one label a row, it is scikit-learn's.
    """
    if get_config()["enable_metadata_routing"] and (codes is None or (codes.ndim == 1 and codes.max() > 0)):
        return get_scorer("neg_log_loss").set_score_request(sample_weight=True)
    return _log_loss


def _log_loss(estimator: Any, X: Array, y: Array, sample_weight: Array = None) -> float:
    """Return the log-loss, negative, of rows that may lack a class, or have one that the network does not know.

    For several labels a row it is summed over labels; of one class, which is certain, it is 0.
    """
    P, classes = estimator.predict_proba(X), estimator.classes_
    if estimator._output_kind().multilabel:
        Y: Any = y
        Y = Y.toarray() if sp.issparse(y) else np.asarray(y)
        return sum(_of_label(labels, p, [0, 1], sample_weight) for labels, p in zip(Y.T, P.T, strict=True))
    labels = np.union1d(classes, np.unique(np.asarray(y)))
    if len(labels) == 1:
        return 0.0
    if len(labels) > len(classes):  # those unknown have no probability
        known, P = P, np.zeros((len(P), len(labels)))
        P[:, np.searchsorted(labels, classes)] = known
    return _of_label(y, P[:, 1] if P.shape[1] == 2 else P, labels, sample_weight)


def _of_label(y: Any, P: np.ndarray, labels: Any, sample_weight: Any) -> float:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The y_prob values do not sum to one", UserWarning)
        return -float(log_loss(y, P, labels=labels, sample_weight=sample_weight))


def folds_of(codes: Any, most: int) -> Any:
    """Return folds, stratified where there is one label a row; fewer where a class has fewer rows."""
    if codes is None or codes.ndim == 2:
        return KFold(most if codes is None else min(most, len(codes)))
    counts = np.bincount(codes)[np.unique(codes)]
    n_folds = min(most, max(2, int(counts.min())))
    return StratifiedKFold(n_folds) if counts.max() >= n_folds else KFold(n_folds)
