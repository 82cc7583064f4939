"""Solvers on plain problems, without a network: where they go, why they end, and what they leave alone."""

from dataclasses import asdict

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal, assert_equal

from sk_shallow._solvers import (
    SOLVERS,
    Options,
    Run,
    State,
    after_one_pass,
    budget,
    diverged,
    gradient_below,
    minimise,
)

CURVATURES = np.logspace(0, -6, 8)
Q = np.linalg.qr(np.random.RandomState(0).normal(size=(8, 8)))[0]
START = np.random.RandomState(1).normal(size=8)
N = 23
ROWS = np.random.RandomState(2).normal(size=(N, 8))
BATCHES = {"batch_size": 5, "n": N}
RUNS = [*((solver, {"momentum": 0.9}) for solver in SOLVERS), ("gd", BATCHES), ("adam", BATCHES)]
every_solver = pytest.mark.parametrize("solver", SOLVERS)
every_run = pytest.mark.parametrize(("solver", "options"), RUNS)


def ill_conditioned(theta, rows=None):
    A = ((Q * CURVATURES) @ Q.T).astype(theta.dtype)
    return 0.5 * float(theta @ A @ theta), A @ theta


def stiff(theta, rows=None):
    """Directions of curvature 1 and 1e-8."""
    curvature = np.array([1, 1e-8] * 4, theta.dtype)
    return 0.5 * float(curvature @ theta**2), curvature * theta


def rosenbrock(theta, rows=None):
    """A thousandth as high as it is known, so that plain steps of size 1 stay in the valley."""
    x, y = theta[::2], theta[1::2]
    value = (1 - x) ** 2 + 100 * (y - x**2) ** 2
    return float(value.sum()) / 1e3, np.ravel([2 * x - 2 - 400 * x * (y - x**2), 200 * (y - x**2)], "F") / 1e3


def nearest_mean(theta, rows=None):
    """A mean over rows: half the squared distance to each."""
    away = theta - (ROWS if rows is None else ROWS[rows]).astype(theta.dtype)
    return 0.5 * float(np.mean((away**2).sum(axis=1))), away.mean(axis=0)


PROBLEMS = [ill_conditioned, stiff, rosenbrock, nearest_mean]


def solve(solver, problem, theta=START, *, tol=0.0, max_iter=100, rules=None, memory=None, rate=None, **options):
    """Return the run and the states that it was told."""
    states = []
    rules = [diverged, gradient_below(tol), budget(max_iter)] if rules is None else rules
    rate = {"gd": 1.0, "adam": 0.05, "lbfgs": 1.0}[solver] if rate is None else rate
    options = Options(rate, **{"rng": np.random.RandomState(0), **options})
    with np.errstate(all="ignore"):  # as every fit runs
        run = Run([lambda run: states.append(run.last), *rules])
        minimise(solver, problem, theta, options, run, memory)
    return run, states


@pytest.mark.parametrize("problem", PROBLEMS)
@every_solver
def test_every_solver_lowers_every_cost_and_counts_its_steps(solver, problem):
    run, states = solve(solver, problem, max_iter=30)
    assert run.losses[-1] < 0.7 * run.losses[0]
    assert run.reason in {"max_iter", "stalled", "converged"}
    assert [state.loss for state in states] == run.losses
    assert len(run.losses) == run.n_iter + 1
    for state in states:
        assert_equal((state.loss, state.gradient), problem(state.theta))
    assert_array_equal(states[0].theta, START)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_lbfgs_converges_to_tol(problem):
    run, states = solve("lbfgs", problem, tol=1e-9, max_iter=1000)
    assert run.reason == "converged"
    bound = 1e-9 * np.abs(problem(START)[1]).max()
    assert [np.abs(state.gradient).max() <= bound for state in states] == [False] * run.n_iter + [True]
    assert run.kept is states[-1]


def test_plain_descent_is_the_closed_form_and_falls_at_each_step_and_momentum_is_faster():
    run, states = solve("gd", ill_conditioned, max_iter=300)
    for t in (0, 1, 50, 300):
        assert_allclose(states[t].theta, Q @ ((1 - CURVATURES) ** t * (Q.T @ START)), atol=1e-13)
    assert (np.diff(run.losses) < 0).all()
    assert solve("gd", ill_conditioned, momentum=0.9, max_iter=300)[0].losses[-1] < run.losses[-1]


def test_adam_finds_its_way_through_a_valley():
    run, _ = solve("adam", rosenbrock, max_iter=2000)
    assert run.losses[-1] < 1e-4 * run.losses[0]


def test_momentum_is_that_of_sutskever_looking_ahead():
    theta, v = START, np.zeros(8)
    for state in solve("gd", ill_conditioned, momentum=0.8, rate=0.3, max_iter=20)[1]:
        ahead = theta + 0.8 * v
        assert_allclose(state.theta, ahead, atol=1e-13)
        v = 0.8 * v - 0.3 * ill_conditioned(ahead)[1]
        theta = theta + v


def test_adam_is_algorithm_1():
    theta, m, v = START / 1e7, np.zeros(8), np.zeros(8)
    for t, state in enumerate(solve("adam", ill_conditioned, theta, rate=0.3, max_iter=20)[1], start=1):
        assert_allclose(state.theta, theta, rtol=1e-12)
        g = ill_conditioned(theta)[1]
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        theta = theta - 0.3 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


@every_solver
def test_a_flat_start_is_an_end_and_a_nearly_flat_one_leads_to_one(solver):
    run, _ = solve(solver, lambda theta, rows: (1.0, np.zeros_like(theta)))
    assert (run.reason, run.n_iter, run.losses) == ("converged", 0, [1.0])
    for slope in (1e-9, 1e-20, 1e-300):
        run, _ = solve(solver, lambda theta, rows, c=slope: (1 + c * float(theta @ theta), 2 * c * theta))
        assert run.reason is not None
        assert run.kept.loss <= run.losses[0]
        assert np.isfinite(run.kept.theta).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize(("solver", "rate"), [("gd", 1.03), ("adam", 0.5), ("lbfgs", None)])
def test_beyond_a_wall_the_best_finite_state_is_kept(solver, rate, bad):
    def walled(theta, rows):
        if (theta > 3).any():
            return bad, np.full_like(theta, np.nan)
        return float(((theta - 2.9) ** 2).sum()), 2 * (theta - 2.9)

    run, _ = solve(solver, walled, np.array([0.0, 1.0]), tol=1e-6, rate=rate)
    assert run.kept.loss == np.nanmin(run.losses)
    assert (run.kept.theta <= 3).all()
    assert [bool(np.isfinite(loss)) for loss in run.losses] == [True] * run.n_iter + [solver == "lbfgs"]
    assert (run.reason == "diverged") == (solver != "lbfgs")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@every_solver
def test_a_start_that_is_not_finite_is_asked_once(solver, bad):
    asked = []
    run, _ = solve(solver, lambda theta, rows: asked.append(rows) or (bad, theta))
    assert (run.reason, run.n_iter, len(asked)) == ("diverged", 0, 1)
    assert_equal(run.kept.loss, bad)


def test_a_cost_that_rises_a_hundredfold_has_diverged():
    run, _ = solve("gd", ill_conditioned, START * 10, rate=2.5)
    assert run.reason == "diverged"
    assert run.losses[-1] > 100 * run.losses[0] >= run.losses[-2]
    assert run.kept.loss == min(run.losses)


@pytest.mark.parametrize("max_iter", [0, 1, 7])
@every_solver
def test_budget_is_kept_exactly(solver, max_iter):
    run, states = solve(solver, rosenbrock, max_iter=max_iter)
    assert (run.reason, run.n_iter, len(states)) == ("max_iter", max_iter, max_iter + 1)
    assert run.kept is run.last is states[-1]


@pytest.mark.parametrize("solver", ["gd", "adam"])
@pytest.mark.parametrize(("tol", "reason"), [(1e-3, "max_iter"), (1e3, "converged")])
def test_one_pass_is_one_step_whatever_the_gradient(solver, tol, reason):
    run, _ = solve(solver, nearest_mean, rules=[diverged, after_one_pass(tol)], rate=0.01)
    assert (run.reason, run.n_iter) == (reason, 1)


GRADIENTS = [[0.5, -2.0], [np.nan, 1.0], [np.inf, 0.0], [1e200, 1.0], [0.0, 0.0], [5e-324], [1e-170], [2.0] * 1000]


@pytest.mark.parametrize("gradient", GRADIENTS, ids=lambda g: str(g[:2]))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("tol", [0.0, 1e-170, 1e-3, np.nextafter(2, 0), 2.0, 1e10, 1e200])
def test_gradient_at_most_is_the_largest_entry(gradient, dtype, tol):
    with np.errstate(all="ignore"):
        gradient = np.array(gradient, dtype)
        told = State(gradient, 0.0, gradient, {}).gradient_at_most(tol)
    assert told == (float(np.abs(gradient).max()) <= tol)


@pytest.mark.parametrize("size", [1, 5, N, 40])
@pytest.mark.parametrize("solver", ["gd", "adam"])
def test_an_epoch_asks_each_row_once_in_a_new_order(solver, size):
    asked, rng, n_epochs = [], np.random.RandomState(0), 3
    options = {"batch_size": size, "n": N, "rng": rng, "max_iter": n_epochs, "rate": 0.1}
    solve(solver, lambda theta, rows: asked.append(rows) or nearest_mean(theta, rows), **options)
    per_epoch = 1 + -(-N // size)
    assert [i for i, rows in enumerate(asked) if rows is None] == [per_epoch * i for i in range(n_epochs + 1)]
    epochs = [asked[per_epoch * i + 1 : per_epoch * (i + 1)] for i in range(n_epochs)]
    assert all(len(rows) <= size for epoch in epochs for rows in epoch)
    orders = [np.concatenate(epoch).tolist() for epoch in epochs]
    assert all(sorted(order) == list(range(N)) for order in orders)
    assert len({tuple(order) for order in [*orders, range(N)]}) == n_epochs + 1
    assert_equal(rng.get_state(legacy=False), np.random.RandomState(0).get_state(legacy=False))


def is_plain(value):
    if isinstance(value, dict):
        return all(type(key) is str and is_plain(part) for key, part in value.items())
    return type(value) in (int, float, str) or (type(value) is np.ndarray and value.dtype.kind in "fiu")


@every_run
def test_a_plain_memory_is_all_it_takes_to_go_on(solver, options):
    if solver == "lbfgs":
        return  # begins anew
    options = {"rate": 0.05, **options}
    whole, _ = solve(solver, nearest_mean, max_iter=9, **options)
    first, _ = solve(solver, nearest_mean, max_iter=4, **options)
    assert is_plain(first.kept.memory)
    options |= {"rng": np.random.RandomState(1), "memory": first.kept.memory}
    second, _ = solve(solver, nearest_mean, first.kept.theta, max_iter=5, **options)
    assert first.losses[:-1] + second.losses == whole.losses
    assert_equal(asdict(second.kept), asdict(whole.kept))


@pytest.mark.parametrize(("cost", "asks"), [(np.nan, 2), (np.inf, 2), (1e30, 5)])
def test_an_epoch_ends_early_where_a_cost_is_not_finite_but_not_where_it_is_large(cost, asks):
    asked = []

    def objective(theta, rows):
        value, gradient = nearest_mean(theta, rows)
        asked.extend([] if rows is None else [rows])
        return (value if rows is None or len(asked) != 2 else cost), gradient

    run, _ = solve("gd", objective, rate=0.01, max_iter=1, **BATCHES)
    assert (len(asked), run.n_iter, run.reason) == (asks, 1, "max_iter")


@pytest.mark.parametrize("ask", [1, 2, 4])
@pytest.mark.parametrize("error", [StopIteration, KeyboardInterrupt, ZeroDivisionError])
@every_run
def test_errors_of_the_objective_come_through(solver, options, ask, error):
    asked = []

    def objective(theta, rows):
        asked.append(rows)
        if len(asked) == ask:
            raise error("mine")
        return rosenbrock(theta)

    with pytest.raises(error, match="mine"):
        solve(solver, objective, rate=0.01, **options)
    assert len(asked) == ask


@every_run
def test_states_are_never_changed_afterwards(solver, options):
    copies, start = [], START.copy()
    rules = [lambda run: copies.append(asdict(run.last)), budget(6)]
    _, states = solve(solver, rosenbrock, start, rules=rules, rate=0.01, **options)
    assert len(states) == 7
    assert_array_equal(start, START)
    assert_equal([asdict(state) for state in states], copies)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_run
def test_everything_is_in_the_dtype_of_the_start(solver, options, dtype):
    asked = set()
    theta = START.astype(dtype)
    _, states = solve(
        solver, lambda theta, rows: asked.add(theta.dtype) or nearest_mean(theta, rows), theta, **options
    )
    assert asked == {np.dtype(dtype)}
    for state in states:
        memory = [part for part in state.memory.values() if isinstance(part, np.ndarray)]
        assert {part.dtype for part in [state.theta, state.gradient, *memory]} == asked
