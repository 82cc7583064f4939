"""Gradient descent that finds its step and momentum, on plain problems: it falls, resumes, and steps back."""

from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal, assert_equal
from test_solvers import PROBLEMS, START, ill_conditioned, rosenbrock, stiff

from sk_shallow._solvers import Options, Run, budget, diverged, gradient_below, minimise

every_momentum = pytest.mark.parametrize("momentum", [None, 0.0, 0.5, 0.9])


def badly_scaled(theta, rows=None):
    """A quadratic of curvatures from 1e-4 to 1e8."""
    curvature = np.logspace(-4, 8, 8).astype(theta.dtype)
    return 0.5 * float(curvature @ theta**2), curvature * theta


def descend(problem, theta=START, *, momentum=None, max_iter=100, tol=0.0, memory=None):
    """Return the run, the states that it was told, and the θ that were asked for."""
    states, asked = [], []

    def evaluate(theta, rows):
        assert rows is None
        asked.append(theta)
        return problem(theta)

    run = Run([lambda run: states.append(run.last), diverged, gradient_below(tol), budget(max_iter)])
    with np.errstate(all="ignore"):
        minimise("gd", evaluate, theta, Options(None, momentum), run, memory)
    return run, states, asked


def assert_never_rises(losses):
    losses = np.array(losses)
    assert (np.diff(losses) <= 8 * np.finfo(float).eps * np.abs(losses[1:])).all()


@every_momentum
@pytest.mark.parametrize("problem", [*PROBLEMS, badly_scaled])
def test_the_cost_never_rises_and_each_iteration_is_one_pass(problem, momentum):
    run, states, asked = descend(problem, momentum=momentum, max_iter=60)
    assert_never_rises(run.losses)
    assert run.losses[-1] < 0.7 * run.losses[0]
    assert run.n_iter == 60 or run.reason == "converged"
    assert len(asked) == len(states) == len(run.losses) == run.n_iter + 1
    assert_array_equal(states[0].theta, START)
    for state in states:
        assert_equal((state.loss, state.gradient), problem(state.theta))


@pytest.mark.parametrize(
    ("problem", "most"), [*zip(PROBLEMS, (20_000, 60, 200, 5), strict=True), (badly_scaled, 30_000)]
)
@pytest.mark.parametrize("momentum", [None, 0.0])
def test_it_converges_without_a_setting(problem, most, momentum):
    run, _, _ = descend(problem, momentum=momentum, tol=1e-9, max_iter=most)
    assert run.reason == "converged"
    assert np.abs(problem(run.kept.theta)[1]).max() <= 1e-9 * np.abs(problem(START)[1]).max()


@pytest.mark.parametrize("problem", [*PROBLEMS, badly_scaled])
def test_without_momentum_every_move_is_along_the_gradient(problem):
    _, states, asked = descend(problem, momentum=0.0, max_iter=40)
    assert_allclose(asked[1], START - 0.5 * problem(START)[1])
    for state, there in zip(states, asked[1:], strict=False):
        move, g = there - state.theta, state.gradient
        if np.linalg.norm(move) > 1e-7 * np.linalg.norm(state.theta) and np.linalg.norm(g) > 1e-100:
            # else rounding turns it
            assert -move @ g / np.linalg.norm(move) / np.linalg.norm(g) > 1 - 1e-6


@pytest.mark.parametrize("momentum", [0.3, 0.9])
def test_a_given_momentum_has_the_form_of_nesterov(momentum):
    _, states, _ = descend(ill_conditioned, momentum=momentum, max_iter=60)
    n_moves = 0
    for before, state in pairwise(states):
        s, z, g = state.theta - before.theta, state.gradient - before.gradient, state.gradient
        if not s.any():
            continue
        step = s @ z / (z @ z)
        assert_allclose(state.memory["step"], step, rtol=2**-16)
        step = state.memory["step"]
        move = -step * g + momentum * (s - step * z)
        if g @ move < 0:
            assert_allclose(state.memory["move"], move, rtol=1e-5, atol=1e-9 * np.abs(move).max())
            n_moves += 1
        else:
            assert_allclose(state.memory["move"], -step * g, rtol=1e-6)
    assert n_moves > 10


def test_a_found_momentum_is_that_of_bfgs_with_a_memory_of_one_move():
    _, states, _ = descend(rosenbrock, max_iter=60)
    n_moves = 0
    for before, state in pairwise(states):
        s, z, g = state.theta - before.theta, state.gradient - before.gradient, state.gradient
        if not s.any() or s @ z <= 1e-6 * np.linalg.norm(s) * np.linalg.norm(z):
            continue
        rho, eye = 1 / (s @ z), np.eye(len(s))
        H = (eye - rho * np.outer(s, z)) @ (eye - rho * np.outer(z, s)) * (s @ z / (z @ z)) + rho * np.outer(s, s)
        assert_allclose(state.memory["move"], -H @ g, rtol=1e-3, atol=1e-3 * np.abs(H @ g).max())
        n_moves += 1
    assert n_moves > 20


@every_momentum
@pytest.mark.parametrize("n_first", [0, 1, 2, 7, 19, 29])
@pytest.mark.parametrize("problem", [*PROBLEMS, badly_scaled])
def test_it_goes_on_exactly(problem, n_first, momentum):
    whole, _, _ = descend(problem, momentum=momentum, max_iter=40)
    first, _, _ = descend(problem, momentum=momentum, max_iter=n_first)
    memory = {name: np.copy(value) if np.ndim(value) else value for name, value in first.kept.memory.items()}
    rest, _, _ = descend(problem, first.kept.theta.copy(), momentum=momentum, max_iter=40 - n_first, memory=memory)
    assert first.losses[:-1] + rest.losses == whole.losses
    assert_equal(asdict(rest.kept), asdict(whole.kept))


@every_momentum
@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_a_kept_move_that_points_uphill_is_forgotten(momentum, size):
    uphill = {"step": 0.1, "move": size * ill_conditioned(START)[1]}
    run, _, asked = descend(ill_conditioned, momentum=momentum, memory=uphill, max_iter=60)
    assert_allclose(asked[1], START - 0.1 * ill_conditioned(START)[1])
    assert_never_rises(run.losses)
    assert run.losses[-1] < 1e-2 * run.losses[0]


@pytest.mark.parametrize("step", [1e-12, 1e12, 2.0**100])
def test_a_kept_step_of_another_scale_is_made_up_for(step):
    memory = {"step": step, "move": -step * ill_conditioned(START)[1]}
    run, _, _ = descend(ill_conditioned, memory=memory, max_iter=200)
    assert_never_rises(run.losses)
    assert run.losses[-1] < 1e-3 * run.losses[0]


BAD = [(np.nan, np.nan), (np.inf, np.nan), (np.inf, np.inf), (-np.inf, np.nan), (0.0, np.nan), (0.0, np.inf)]


@pytest.mark.parametrize("bad", BAD, ids=str)
@every_momentum
def test_what_is_not_finite_is_stepped_back_from(bad, momentum):
    def walled(theta, rows=None):
        if (theta > 3).any():
            return bad[0], np.full_like(theta, bad[1])
        return 50 * float(((theta - 2.9) ** 2).sum()), 100 * (theta - 2.9)

    run, states, asked = descend(walled, np.array([0.0, 1.0]), momentum=momentum, max_iter=200, tol=1e-6)
    assert any((theta > 3).any() for theta in asked)
    assert run.reason == "converged"
    assert np.isfinite(run.losses).all()
    assert all((state.theta <= 3).all() for state in states)
    assert all(np.isfinite(state.memory["move"]).all() for state in states[1:])


@every_momentum
@pytest.mark.parametrize("size", [1e-20, 1e-10, 1e10, 1e100])
def test_it_never_diverges_however_the_cost_is_scaled(momentum, size):
    def scaled(theta, rows=None):
        return size * badly_scaled(theta)[0], size * badly_scaled(theta)[1]

    run, _, _ = descend(scaled, momentum=momentum, max_iter=1000)
    assert run.reason == "max_iter"
    assert_never_rises(run.losses)
    assert run.losses[-1] < 1e-3 * run.losses[0]


def test_a_direction_without_curvature_is_walked_in_ever_longer_steps():
    run, states, _ = descend(lambda theta, rows=None: (-float(theta.sum()), -np.ones_like(theta)), max_iter=20)
    assert [state.memory["step"] for state in states[1:]] == [0.5 * 2.0**i for i in range(1, 21)]
    assert_never_rises(run.losses)


@every_momentum
def test_float32_stays_float32_and_falls(momentum):
    start = START.astype(np.float32)
    for problem in (ill_conditioned, stiff, rosenbrock):
        run, states, asked = descend(problem, start, momentum=momentum, max_iter=60)
        assert {theta.dtype for theta in asked} == {np.dtype(np.float32)}
        assert {state.memory["move"].dtype for state in states[1:]} == {np.dtype(np.float32)}
        losses = np.array(run.losses)
        assert (np.diff(losses) <= 8 * np.finfo(np.float32).eps * np.abs(losses[1:])).all()
        assert losses[-1] < 0.7 * losses[0]


def test_what_sums_are_rounded_by_does_not_grow():
    """Answers that differ by rounding make the same steps, and moves that differ by rounding."""
    exact, _, _ = descend(rosenbrock, max_iter=60)
    noise = np.random.RandomState(0)

    def rounded(theta, rows=None):
        loss, gradient = rosenbrock(theta)
        return loss, gradient * (1 + 2e-16 * noise.uniform(-1, 1, len(gradient)))

    other, _, _ = descend(rounded, max_iter=60)
    assert other.last.memory["step"] == exact.last.memory["step"]
    assert_allclose(other.last.theta, exact.last.theta, rtol=1e-11)
