"""What predictions cost: many rows, their memory, and one row."""

import functools
from collections.abc import Iterator

from sklearn.linear_model import LogisticRegression

from benchmarks.contenders import fits, mlp_classifier, our_classifier
from benchmarks.data import Problem, Size, dense
from benchmarks.plan import MB, Plan, Row
from benchmarks.timing import best_seconds, columns, peak_bytes


def prediction(plan: Plan) -> Iterator[Row]:
    """Many rows by each number type and method, then one row."""
    for dtype in ("f64", "f32"):
        problem = dense(plan.size(Size(1_000_000, 54, 64, 7, dtype)))
        for method in ("predict_proba", "predict"):
            yield many_rows(problem, method, plan)
    yield one_row(plan)


def fitted(problem: Problem, n: int = 2_000) -> dict[str, object]:
    """Return both classifiers after one iteration on the first n rows."""
    subset = Problem(problem.X[:n], problem.y[:n], problem.size)
    estimators = {"ours": our_classifier(subset), "MLP": mlp_classifier(subset)}
    for estimator in estimators.values():
        fits(estimator, subset)(1)
    return estimators


def many_rows(problem: Problem, method: str, plan: Plan) -> Row:
    """Return time, throughput and memory beyond input and output."""
    estimators = fitted(problem)
    calls = {name: functools.partial(getattr(e, method), problem.X) for name, e in estimators.items()}
    seconds = best_seconds(calls, plan.rounds)
    row = {"case": f"{method}, {problem.size}"} | columns(seconds)
    for name, call in calls.items():
        row[f"{name} Mrows/s"] = problem.size.n / seconds[name] / 1e6
        row[f"{name} extra MB"] = (peak_bytes(call) - call().nbytes) / MB
    return row


def one_row(plan: Plan) -> Row:
    """Return the time of ``predict_proba`` on one row, also that of LogisticRegression."""
    problem = dense(Size(2_000, 54, 64, 7))
    estimators = fitted(problem)
    estimators["LogisticRegression"] = LogisticRegression().fit(problem.X, problem.y)
    calls = {name: functools.partial(e.predict_proba, problem.X[:1]) for name, e in estimators.items()}
    seconds = best_seconds(calls, plan.rounds, repeats=5 if plan.smoke else 500)
    return {"case": "predict_proba, 1 row of 54"} | columns(seconds)
