"""How time grows with rows, and what threads and processes gain."""

import os
from collections.abc import Callable, Iterator

from sklearn.model_selection import GridSearchCV

from benchmarks.contenders import limited, ours
from benchmarks.data import Problem, Size, dense
from benchmarks.plan import Plan, Row
from benchmarks.timing import best_seconds, step_seconds
from sk_shallow import ShallowNetClassifier


def scaling(plan: Plan) -> Iterator[Row]:
    """A step by rows; then pairs, the second of which ought to be no slower than the first."""
    for exponent in (2, 3) if plan.smoke else (3, 4, 5, 6):
        size = Size(10**exponent, 54, 64, 7)
        seconds = step_seconds({"ours": ours(dense(size))}, plan.iterations(size), plan.rounds)["ours"]
        yield {"case": f"step, {size}", "ours ms": seconds * 1e3, "ns/row": seconds / size.n * 1e9}
    if (os.cpu_count() or 1) < 2:
        print("one core: threads and processes skipped")
        return
    size = plan.size(Size(100_000, 54, 64, 7))
    problem = dense(size)
    runs = {f"step, {t} BLAS threads, {size}": limited(ours(problem), t) for t in (1, 2)}
    yield from pair(step_seconds(runs, plan.iterations(size), plan.rounds))
    searches = {f"GridSearchCV of {n_fits(plan)} fits, n_jobs={j}": search(plan, j) for j in (1, 2)}
    yield from pair(best_seconds(searches, plan.rounds))


def pair(seconds: dict[str, float]) -> Iterator[Row]:
    """Yield a row for each time, with the first time over it."""
    first = next(iter(seconds.values()))
    for case, value in seconds.items():
        yield {"case": case, "ours ms": value * 1e3, "gain": first / value}


def grid(plan: Plan) -> dict[str, list]:
    """Return the parameters searched."""
    if plan.smoke:
        return {"hidden_width": [2, 4]}
    return {"hidden_width": [4, 8, 16, 32], "learning_rate": [0.05, 0.1, 0.2, 0.4, 0.8]}


def n_fits(plan: Plan) -> int:
    """Return the number of fits in 5 folds."""
    count = 5
    for values in grid(plan).values():
        count *= len(values)
    return count


def search(plan: Plan, n_jobs: int) -> Callable[[], object]:
    """Return a search over many small fits."""
    problem: Problem = dense(Size(100 if plan.smoke else 500, 20, 8, 3))
    estimator = ShallowNetClassifier(
        activation="tanh", l2_regularization=1.0, max_iter=10 if plan.smoke else 200, tol=0, random_state=0
    )
    return lambda: GridSearchCV(estimator, grid(plan), n_jobs=n_jobs, cv=5, refit=False).fit(problem.X, problem.y)
