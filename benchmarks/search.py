"""A grid in one stack a fold, beside scikit-learn's GridSearchCV of our classifier and of MLPClassifier.

All take full-batch steps of plain gradient descent on the same standardised rows, with the same folds, the same
number of iterations and the same scores, on two processes.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from benchmarks.contenders import L2
from benchmarks.data import Size, dense
from benchmarks.plan import Plan, Row
from benchmarks.timing import best_seconds, columns
from sk_shallow import ShallowNetClassifier, ShallowNetClassifierCV

N_JOBS = 2
RATES = (0.01, 0.03, 0.1, 0.2, 0.3, 0.5)


class Grid(NamedTuple):
    """What is searched over, on how many folds, for how many iterations."""

    rates: tuple[float, ...]
    widths: tuple[int, ...]
    n_folds: int
    n_iter: int

    def __str__(self) -> str:
        return f"{len(self.rates)} α × {len(self.widths)} h × {self.n_folds} folds × {self.n_iter} iterations"


def search(plan: Plan) -> Iterator[Row]:
    """Small tables, where calls cost most, and one where the products do."""
    grid = Grid((0.1, 0.3), (4, 8), 2, 5) if plan.smoke else Grid(RATES, (8, 16, 32, 64), 5, 200)
    for name, load in {"iris": load_iris, "breast_cancer": load_breast_cancer, "digits": load_digits}.items():
        raw, y = load(return_X_y=True)
        for dtype in (np.float64, np.float32):
            X = StandardScaler().fit_transform(raw).astype(dtype)
            yield _row(f"{name} {'f64' if dtype is np.float64 else 'f32'}, {grid}", X, y, grid, plan.rounds)
    large = Grid((0.1, 0.3), (4, 8), 2, 2) if plan.smoke else Grid((0.1, 0.2, 0.3), (32, 64), 3, 50)
    X, y, size = dense(plan.size(Size(100_000, 54, 64, 7)))
    yield _row(f"{size.n} × {size.d}, {size.k} classes, {large}", X, y, large, min(plan.rounds, 2))


def _row(case: str, X: np.ndarray, y: np.ndarray, grid: Grid, rounds: int) -> Row:
    makers = {"ours": _ours, "GridSearchCV": _grid_of_ours, "MLP": _grid_of_mlp}
    calls = {name: _fitting(make(grid, len(X)), X, y) for name, make in makers.items()}
    return {"case": case} | columns(best_seconds(calls, rounds), 1.0, "s")


def _fitting(estimator: Any, X: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    return lambda: estimator.fit(X, y)


def _how(grid: Grid) -> dict[str, Any]:
    cv = StratifiedKFold(grid.n_folds, shuffle=True, random_state=0)
    return {"cv": cv, "scoring": "neg_log_loss", "refit": False, "n_jobs": N_JOBS}


def _ours(grid: Grid, _: int) -> ShallowNetClassifierCV:
    return ShallowNetClassifierCV(
        grid.widths,
        learning_rates=grid.rates,
        l2_regularizations=(L2,),
        max_iter=grid.n_iter,
        tol=0,
        random_state=0,
        **_how(grid),
    )


def _grid_of_ours(grid: Grid, _: int) -> GridSearchCV:
    base = ShallowNetClassifier(l2_regularization=L2, max_iter=grid.n_iter, tol=0, random_state=0)
    return GridSearchCV(base, {"hidden_width": grid.widths, "learning_rate": grid.rates}, **_how(grid))


def _grid_of_mlp(grid: Grid, n: int) -> GridSearchCV:
    base = MLPClassifier(
        solver="sgd",
        momentum=0,
        batch_size=n,
        alpha=L2,
        max_iter=grid.n_iter,
        tol=0,
        n_iter_no_change=grid.n_iter,
        random_state=0,
    )
    widths = [(h,) for h in grid.widths]
    return GridSearchCV(base, {"hidden_layer_sizes": widths, "learning_rate_init": grid.rates}, **_how(grid))
