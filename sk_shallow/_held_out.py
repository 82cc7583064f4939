"""Rows held out of a fit: a share of all rows, or given ones.

A share is taken by what the rows hold, not by where they stand: their order makes no difference, and a row of
weight 3 is held out, or split, as three rows would be.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.utils import check_consistent_length, column_or_1d

from sk_shallow._canonical import hashed, keys_of
from sk_shallow._targets import Targets, listed
from sk_shallow._weights import Weights

#: Rows that are alike are held out whole where a class has so many that about this many of them are.
_FEW_HELD_OUT = 2.0
#: Groups are dealt out to so many hands at most, some of which are held out.
_MOST_HANDS = 20


class Given(NamedTuple):
    """What ``fit`` was told of rows to hold out, unchecked."""

    groups: Any = None
    X_val: Any = None
    y_val: Any = None
    sample_weight_val: Any = None


class Part(NamedTuple):
    """Some rows, by number, and their weights if rows have any."""

    rows: np.ndarray
    sample_weight: np.ndarray | None


class Split(NamedTuple):
    """Which rows are fitted to, and which are held out."""

    train: Part
    test: Part


def check_given(given: Given, early_stopping: bool) -> None:
    """Refuse arguments of ``fit`` that have no use, or lack one that they need."""
    named = [name for name, value in given._asdict().items() if value is not None]
    if named and not early_stopping:
        raise ValueError(
            f"{' and '.join(named)} passed to fit, but early_stopping=False: no rows are held out. "
            "Set early_stopping=True, or leave them out."
        )
    rows = [name for name in named if name != "groups"]
    if (given.X_val is None) != (given.y_val is None) or (given.X_val is None and "sample_weight_val" in named):
        raise ValueError(
            f"Of X_val, y_val and sample_weight_val, only {' and '.join(rows)} was passed to fit: "
            "X_val and y_val go together, and weights go with them."
        )
    if given.X_val is not None and given.groups is not None:
        raise ValueError("groups say what to hold out, but X_val is what is held out: pass one of the two.")


def hold_out(X: Any, targets: Targets, weights: Weights, fraction: float, seed: int) -> Split:
    """Hold out a share of the weight of each class, or of all rows where there are several labels a row.

    Rows come in the order of a hash of what they hold, and the first ones are held out. Where weights are whole
    numbers, rows that are alike are one row of the sum of their weights; of few such rows, each is split between
    both sides, as are the rows that it stands for.

    Parameters
    ----------
    X : ndarray or CSR of shape (n, d)
    targets : Targets
    weights : Weights
        Of `sample_weight` alone.
    fraction : float
    seed : int

    Raises
    ------
    ValueError
        Where a class has too few rows to be on both sides.
    """
    keys, s, are_counts = keys_of(X, seed), weights.each, weights.are_counts
    if targets.outputs.multilabel:
        keys += keys_of(targets.encoded, seed)
    if not are_counts:  # rows of other weights are not alike
        keys += hashed(s)
    held, order = np.zeros(len(s)), np.argsort(keys, kind="stable")
    for rows in _strata(targets, order[s[order] > 0]):
        held[rows] = _held_weight(keys[rows], s[rows], fraction, weights.one if are_counts else None)
    split = _split(s - held, held, weights)
    _check_classes(targets, split, "Give it more rows, or pass rows to hold out as X_val and y_val.")
    return split


def _split(kept: np.ndarray, held: np.ndarray, weights: Weights) -> Split:
    def part(s: np.ndarray) -> Part:
        index = np.flatnonzero(s > 0)
        return Part(index, None if weights.values is None else np.ldexp(s[index], weights.exponent))

    return Split(part(kept), part(held))


def _strata(targets: Targets, order: np.ndarray) -> list[np.ndarray]:
    """Return rows in their order, for each class apart."""
    if targets.outputs.multilabel:
        return [order]
    codes = targets.outputs.codes(targets.encoded)[order]
    by_class = order[np.argsort(codes, kind="stable")]
    return [rows for rows in np.split(by_class, np.cumsum(np.bincount(codes))) if len(rows)]


def _held_weight(keys: np.ndarray, s: np.ndarray, fraction: float, unit: float | None) -> np.ndarray:
    """Return how much of the weight of each row is held out; a `unit` is what one of several equal rows weighs."""
    alike = np.arange(len(s)) if unit is None else np.cumsum(np.diff(keys, prepend=keys[:1]) != 0)
    W = np.bincount(alike, s)
    if unit is not None and fraction * W.sum() ** 2 / (W**2).sum() < _FEW_HELD_OUT:
        return _split_rows(s / unit, fraction) * unit
    taken = np.cumsum(W) - W / 2 <= fraction * W.sum()
    taken[0], taken[-1] = True, False
    return np.where(taken[alike], s, 0.0)


def _split_rows(s: np.ndarray, fraction: float) -> np.ndarray:
    """Return how many of the rows that each row stands for are held out: those at evenly spaced places."""
    ends = np.cumsum(s)
    total = float(ends[-1])
    count = min(max(1, round(fraction * total)), total - 1)
    places = np.floor(ends * (count / total) + 0.5)  # so many lie before each end
    return np.minimum(np.diff(places, prepend=0.0), s)


def hold_out_groups(targets: Targets, weights: Weights, groups: Any, fraction: float, seed: int) -> Split:
    """Hold out whole groups, with about a share of the rows of each class, whatever they weigh.

    Raises
    ------
    ValueError
        Where there are fewer than two groups, or a class is in those held out alone, or in none of them.
    """
    s, groups = weights.each, _check_groups(groups, targets)
    present, held = np.flatnonzero(s > 0), np.zeros(len(s))
    named, groups = np.unique(groups[present], return_inverse=True)
    n_groups = len(named)
    if n_groups < 2:
        raise ValueError(
            "groups has one group only: to hold one out, there must be two at least. Leave groups out, or pass "
            "rows to hold out as X_val and y_val."
        )
    codes = np.zeros(len(groups), int)
    if not targets.outputs.multilabel:
        codes = targets.outputs.codes(targets.encoded)[present]
    n_hands = min(n_groups, _MOST_HANDS, max(2, int(np.bincount(codes).max())))
    hands = StratifiedGroupKFold(n_hands, shuffle=True, random_state=seed)
    n_held = min(max(1, round(fraction * n_hands)), n_hands - 1)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        dealt = [test for _, test in hands.split(np.zeros(len(codes)), codes, groups)]
    rows = present[np.concatenate([hand for hand in dealt if len(hand)][:n_held])]
    held[rows] = s[rows]
    split = _split(s - held, held, weights)
    _check_classes(targets, split, "Pass rows to hold out as X_val and y_val.")
    return split


def _check_groups(groups: Any, targets: Targets) -> np.ndarray:
    """Return the number of the group of each row."""
    try:
        groups = column_or_1d(groups, warn=False)
    except ValueError as error:
        raise ValueError(f"groups: {error} Give each row one group.") from error
    check_consistent_length(targets.encoded, groups)
    codes, _ = pd.factorize(groups)
    if (codes < 0).any():
        row = int(np.argmax(codes < 0))
        raise ValueError(f"groups has no value in row {row}. Give each row a group, if need be one of its own.")
    return codes


def _check_classes(targets: Targets, split: Split, remedy: str) -> None:
    """Refuse a split in which a class is missing on one side."""
    if targets.outputs.multilabel:
        if not len(split.train.rows) or not len(split.test.rows):
            raise ValueError(f"There are too few rows to hold any out for early_stopping=True. {remedy}")
        return
    codes = targets.outputs.codes(targets.encoded)
    check_present(targets.outputs.classes, codes[split.train.rows], "to fit to", remedy)
    check_present(targets.outputs.classes, codes[split.test.rows], "held out for early_stopping=True", remedy)


def check_present(classes: np.ndarray, codes: np.ndarray, which: str, remedy: str) -> None:
    """Refuse rows that lack a class."""
    missing = np.bincount(codes, minlength=len(classes)) == 0
    if missing.any():
        raise ValueError(f"The rows {which} have none of class {listed(classes[missing])}. {remedy}")
