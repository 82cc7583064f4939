"""Who is measured: each makes the same full-batch gradient steps on the same penalised cost.

A contender is a function of a problem that returns a run: T iterations from a fresh start.
"""

from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from benchmarks.data import Problem
from benchmarks.timing import Run
from sk_shallow import ShallowNetClassifier

LEARNING_RATE = {"gd": 0.01, "adam": 0.001, "lbfgs": None}
#: The penalty λ of all contenders: that of ShallowNetClassifier, and MLPClassifier's `alpha`.
L2 = 1.0


def our_classifier(
    problem: Problem, solver: str = "gd", batch_size: int | None = None, activation: str = "tanh"
) -> ShallowNetClassifier:
    """Return ShallowNetClassifier for `max_iter` iterations and no fewer."""
    return ShallowNetClassifier(
        hidden_width=problem.size.h,
        activation=activation,
        solver=solver,
        learning_rate=LEARNING_RATE[solver] or "auto",
        batch_size=batch_size,
        l2_regularization=L2,
        tol=0,
        random_state=0,
    )


def mlp_classifier(problem: Problem, solver: str = "gd", batch_size: int | None = None) -> MLPClassifier:
    """Return MLPClassifier set up for the same iterations as `our_classifier`."""
    return MLPClassifier(
        hidden_layer_sizes=(problem.size.h,),
        activation="tanh",
        solver={"gd": "sgd"}.get(solver, solver),
        batch_size=len(problem.y) if batch_size is None else batch_size,
        shuffle=batch_size is not None,
        learning_rate_init=LEARNING_RATE[solver] or 0.001,
        momentum=0,
        nesterovs_momentum=False,
        alpha=L2,
        tol=0,
        n_iter_no_change=10**9,
        max_fun=10**9,
        early_stopping=False,
        random_state=0,
    )


def fits(estimator: Any, problem: Problem) -> Run:
    """Return the run that fits the estimator."""

    def run(T: int) -> int:
        return estimator.set_params(max_iter=T).fit(problem.X, problem.y).n_iter_

    return run


def ours(problem: Problem, solver: str = "gd", batch_size: int | None = None, activation: str = "tanh") -> Run:
    """Return our fit as a run."""
    return fits(our_classifier(problem, solver, batch_size, activation), problem)


def mlp(problem: Problem, solver: str = "gd", batch_size: int | None = None) -> Run:
    """Return MLPClassifier's fit as a run."""
    return fits(mlp_classifier(problem, solver, batch_size), problem)


def limited(run: Run, n_threads: int) -> Run:
    """Return the run under a limit of threadpoolctl."""

    def run_limited(T: int) -> int:
        with threadpool_limits(n_threads, user_api="blas"):
            return run(T)

    return run_limited


def initial_weights(problem: Problem) -> list[np.ndarray]:
    """Return W1 (d, h), b1, W2 (h, k) and b2 for the loops that have no `fit`."""
    size, rng = problem.size, np.random.default_rng(0)
    shapes = (size.d, size.h), (size.h,), (size.h, size.n_outputs), (size.n_outputs,)
    return [rng.uniform(-0.1, 0.1, shape).astype(size.numpy_dtype) for shape in shapes]


def indicators(problem: Problem) -> np.ndarray:
    """Return Y (n, k): one column of 0 and 1 for two classes, else one a class."""
    size = problem.size
    Y = problem.y[:, None] == (np.arange(1, 2) if size.k == 2 else np.arange(size.k))
    return Y.astype(size.numpy_dtype)


def naive(problem: Problem) -> Run:
    """Return the loop as one writes it from the formulas, in NumPy."""
    X, Y = problem.X, indicators(problem)
    n = len(X)

    def step(W1: Any, b1: Any, W2: Any, b2: Any) -> tuple[float, list[Any]]:
        A1 = np.tanh(X @ W1 + b1)
        Z2 = A1 @ W2 + b2
        cost, A2 = _sigmoid_cost(Z2, Y) if Y.shape[1] == 1 else _softmax_cost(Z2, Y)
        cost += L2 / (2 * n) * (np.sum(W1**2) + np.sum(W2**2))
        dZ2 = (A2 - Y) / n
        dZ1 = (dZ2 @ W2.T) * (1 - A1**2)
        gradients = X.T @ dZ1 + L2 / n * W1, dZ1.sum(axis=0), A1.T @ dZ2 + L2 / n * W2, dZ2.sum(axis=0)
        old = (W1, b1, W2, b2)
        return cost, [w - LEARNING_RATE["gd"] * g for w, g in zip(old, gradients, strict=True)]

    def run(T: int) -> int:
        weights, costs = initial_weights(problem), []
        for _ in range(T):
            cost, weights = step(*weights)
            costs.append(cost)
        return len(costs)

    return run


def _sigmoid_cost(Z2: np.ndarray, Y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean cross-entropy of sigmoid outputs, and those."""
    return float(np.mean(np.logaddexp(0, Z2) - Y * Z2)), 1 / (1 + np.exp(-Z2))


def _softmax_cost(Z2: np.ndarray, Y: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean cross-entropy of softmax outputs, and those."""
    Z2 = Z2 - Z2.max(axis=1, keepdims=True)
    log_A2 = Z2 - np.log(np.exp(Z2).sum(axis=1, keepdims=True))
    return float(-np.sum(Y * log_A2) / len(Y)), np.exp(log_A2)
