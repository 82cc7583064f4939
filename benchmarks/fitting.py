"""What a fit costs: a step, a start, memory, sparse rows, and the other solvers."""

from collections.abc import Callable, Iterator

from benchmarks.contenders import limited, mlp, naive, ours
from benchmarks.data import Problem, Size, dense, sparse
from benchmarks.peers import installed
from benchmarks.plan import MB, Plan, Row
from benchmarks.products import products
from benchmarks.timing import Run, best_seconds, columns, peak_bytes, step_seconds

STEPS = [
    Size(150, 4, 10, 3),
    Size(569, 30, 16, 2),
    Size(1_797, 64, 32, 10),
    Size(2_000, 30, 16, 2, "f32"),
    Size(10_000, 54, 64, 7),
    Size(100_000, 54, 64, 7),
    Size(100_000, 54, 64, 7, "f32"),
    Size(60_000, 784, 128, 10, "f32"),
]


def steps(plan: Plan) -> Iterator[Row]:
    """One full-batch step inside ``fit``, with tanh, and ours with relu; and the matrix products alone."""
    for size in map(plan.size, STEPS):
        problem = dense(size)
        runs = {"ours": ours(problem), "ours relu": ours(problem, activation="relu")}
        runs |= {"products": products(problem), "MLP": mlp(problem), **installed(problem), "naive": naive(problem)}
        yield {"case": str(size)} | columns(step_seconds(runs, plan.iterations(size), plan.rounds))


def fixed(plan: Plan) -> Iterator[Row]:
    """A whole fit of one iteration on 150 rows: what a fit costs before it learns."""
    problem = dense(Size(150, 4, 10, 3))
    for solver in ("gd", "lbfgs", "adam"):
        fit_once = {"ours": ours(problem, solver), "MLP": mlp(problem, solver)}
        calls = {name: lambda run=run: run(1) for name, run in fit_once.items()}
        seconds = best_seconds(calls, plan.rounds, repeats=2 if plan.smoke else 100)
        yield {"case": f"fit of 1 iteration, 150 × 4, {solver}"} | columns(seconds)


def memory(plan: Plan) -> Iterator[Row]:
    """The most memory that a fit of two full-batch iterations holds beyond X and y."""
    fit_twice(ours(dense(Size(100, 4, 4, 3))))  # what is imported late does not count
    for exponent in (2, 3) if plan.smoke else (3, 4, 5, 6):
        row: Row = {"case": f"fit, n = 10^{exponent}, 54 × 64 × 7"}
        for dtype in ("f64", "f32"):
            problem = dense(Size(10**exponent, 54, 64, 7, dtype))
            row[f"X {dtype} MB"] = problem.X.nbytes / MB
            for name, run in {"ours": ours(problem), "MLP": mlp(problem)}.items():
                row[f"{name} {dtype} MB"] = peak_bytes(lambda run=run: fit_twice(run)) / MB
        yield row


def fit_twice(run: Callable[[int], int]) -> None:
    """Make two iterations."""
    run(2)


def sparse_steps(plan: Plan) -> Iterator[Row]:
    """One full-batch step on CSR rows, and the memory of a fit beyond X."""
    n, d = (500, 200) if plan.smoke else (100_000, 10_000)
    problem = sparse(Size(n, d, 64, 2), density=0.01 if plan.smoke else 0.001)
    runs = both(problem)
    row = {"case": f"step, CSR {n} × {d}, {problem.X.nnz} nonzeros, h = 64"}
    row |= columns(step_seconds(runs, (1, 5), plan.rounds))
    for name in ("ours", "MLP"):
        row[f"{name} MB"] = peak_bytes(lambda run=runs[name]: fit_twice(run)) / MB
    yield row


def solvers(plan: Plan) -> Iterator[Row]:
    """One L-BFGS iteration, and one epoch of Adam on batches of 200 rows."""
    for size in map(plan.size, (Size(1_797, 64, 32, 10), Size(100_000, 54, 64, 7))):
        problem = dense(size)
        runs = both(problem, "lbfgs")
        seconds = step_seconds(runs, plan.iterations(size), plan.rounds)
        yield {"case": f"L-BFGS iteration, {size}"} | columns(seconds)
        runs = both(problem, "adam", 200)
        epochs = (1, 3) if size.n > 10_000 else (10, 60)
        seconds = step_seconds(runs, epochs, plan.rounds)
        yield {"case": f"Adam epoch, batches of 200, {size}"} | columns(seconds)


def both(problem: Problem, solver: str = "gd", batch_size: int | None = None) -> dict[str, Run]:
    """Return our fit, MLPClassifier's, and that on one BLAS thread.

    Two BLAS threads on small matrices can cost more than they gain, all the more beside other
    processes: the third tells such a ratio from a faster fit.
    """
    theirs = mlp(problem, solver, batch_size)
    return {"ours": ours(problem, solver, batch_size), "MLP": theirs, "MLP 1 thread": limited(theirs, 1)}
