"""What a search takes where it is told neither folds nor a score: stratified ones, and the log-loss."""

from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import KFold, StratifiedKFold

from sk_shallow._array_api import Array


def least_log_loss(codes: Any) -> Any:
    """Return the scorer of the log-loss, negative, for y as class codes (n,) or an indicator (n, k)."""
    if codes is not None and (codes.ndim == 2 or codes.max() == 0):
        return _of_each_label
    scorer = get_scorer("neg_log_loss")
    return scorer.set_score_request(sample_weight=True) if get_config()["enable_metadata_routing"] else scorer


def _of_each_label(estimator: Any, X: Array, y: Array, sample_weight: Array = None) -> float:
    """Return the log-loss, negative, summed over labels; of one class, which is certain, 0."""
    if not estimator._output_kind().multilabel:
        return 0.0
    P = estimator.predict_proba(X)
    losses = [
        log_loss(labels, np.column_stack([1 - p, p]), labels=[0, 1], sample_weight=sample_weight)
        for labels, p in zip(np.asarray(y).T, P.T, strict=True)
    ]
    return -float(sum(losses))


def folds_of(codes: Any, most: int) -> Any:
    """Return folds, stratified where there is one label a row; fewer where a class has fewer rows."""
    if codes is None or codes.ndim == 2:
        return KFold(most if codes is None else min(most, len(codes)))
    fewest = int(np.bincount(codes)[np.unique(codes)].min())
    return StratifiedKFold(min(most, max(2, fewest)))
