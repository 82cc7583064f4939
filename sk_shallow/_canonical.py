"""Rows by what they hold: a number for each, and rows that are alike as one, in an order that is theirs alone."""

from typing import Any

import numpy as np
import pandas as pd

from sk_shallow._course import Problem
from sk_shallow._solvers import SOLVERS
from sk_shallow._targets import Targets
from sk_shallow._weights import weights_of

#: More rows than these are left as they are: sums over so many differ by rounding alone, and hashing costs time.
_MOST_ROWS = 2**14


def keys_of(X: Any, seed: int = 0) -> np.ndarray:
    """Return a number for each row (n,), uint64, as if at random, by what it holds, dense or sparse."""
    n, d = X.shape
    factors = pd.util.hash_array(np.arange(d)) | np.uint64(1)
    found = np.zeros(n, dtype=np.uint64)
    if not isinstance(X, np.ndarray):
        entries = hashed(X.data) * factors[X.indices]
        sums = np.concatenate([found[:1], np.cumsum(entries, dtype=np.uint64)])
        found = sums[X.indptr[1:]] - sums[X.indptr[:-1]]
    else:
        for column, factor in zip(X.T, factors, strict=True):
            found += hashed(column) * factor
    return pd.util.hash_array(found ^ pd.util.hash_array(np.array([seed])))


def hashed(numbers: np.ndarray) -> np.ndarray:
    """Return a hash of each number, uint64: 0 for a zero of either sign."""
    zero = pd.util.hash_array(np.zeros(1))
    return pd.util.hash_array(np.add(numbers, 0.0, dtype=np.float64)) - zero


def canonical(problem: Problem, solver: str) -> Problem:
    """Return a problem with rows that are alike as one, of the sum of their weights, in the order of their keys.

    Weights are then repetitions to the last bit, and the order of rows makes no difference: for L-BFGS, which
    blows rounding up. For other solvers, and large problems, it is returned as it is.
    """
    X, (kind, outputs, encoded), weights = problem.X, problem.targets, problem.weights
    if SOLVERS[solver].solving is not None or X.shape[0] > _MOST_ROWS:
        return problem
    s = weights.each
    present = np.flatnonzero(s > 0)
    keys = keys_of(X)[present] + keys_of(encoded.reshape(len(encoded), -1), 1)[present]
    _, first, alike = np.unique(keys, return_index=True, return_inverse=True)
    rows, sums = present[first], np.bincount(alike, s[present])
    merged = Targets(kind, outputs, encoded[rows])
    one = weights_of(sums, None, merged)
    return problem._replace(
        X=X[rows], targets=merged, weights=one._replace(exponent=one.exponent + weights.exponent)
    )
