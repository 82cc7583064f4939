"""Shared test material."""

import os

# scikit-learn runs its array API checks only where scipy was told to before its import.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, make_multilabel_classification


@pytest.fixture(scope="session")
def iris():
    """150 rows, 4 columns, 3 classes."""
    return load_iris(return_X_y=True)


@pytest.fixture(scope="session")
def cancer():
    """569 rows, 30 columns, 2 classes."""
    return load_breast_cancer(return_X_y=True)


@pytest.fixture(scope="session")
def multilabel():
    """100 rows, 20 columns, 5 labels."""
    return make_multilabel_classification(n_samples=100, random_state=0)


def textbook(**options):
    """Return settings under which a fit finds nothing by itself: α, λ and no momentum, tanh; then the options."""
    rate = {"gd": 0.5, "lbfgs": "auto", "adam": 0.01}[options.get("solver", "gd")]
    return {"activation": "tanh", "l2_regularization": 1.0, "learning_rate": rate, **options}


def make_problem(kind, n=60, d=5, k=4, seed=0, dtype=np.float64):
    """Return X (n, d) and a target of the kind "binary", "multiclass" or "multilabel"."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n, d)).astype(dtype)
    raw = X @ rng.normal(size=(d, k)) + rng.normal(size=(n, k))
    if kind == "binary":
        return X, (raw[:, 0] > 0).astype(int)
    if kind == "multiclass":
        return X, raw.argmax(axis=1)
    return X, (raw > 0).astype(int)
