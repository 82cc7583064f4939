"""Networks side by side come out to the bit as each by itself, on whatever way each goes."""

from itertools import product

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal

from sk_shallow import ACTIVATIONS, Activation, ShallowNetClassifier
from sk_shallow import _stack as stacked
from sk_shallow._canonical import canonical
from sk_shallow._fitting import fit_network
from sk_shallow._held_out import Given
from sk_shallow._kernel import Kernel
from sk_shallow._losses import LOSSES, OutputBuffers, StackOutputBuffers
from sk_shallow._objective import Examples, Objective, StackObjective, parts_of
from sk_shallow._parameters import Shape, StackShape
from sk_shallow._preparation import prepare
from sk_shallow._rows import training_rows
from sk_shallow._scaling import Scaling
from sk_shallow._stack import fit_networks, stacks_of
from sk_shallow._stack_kernel import StackKernel
from sk_shallow._threads import in_turn

CUSTOM = Activation(np.sin, np.cos, name="sine")
#: α and λ: found, and given: slow, unsteady, and diverging.
WAYS = list(product(("auto", 0.3, 30.0, 1e6), ("auto", 0.0, 2.0)))


def prepared(X, y, ways=WAYS, s=None, widths=(2, 5), **shared):
    """Return a problem, and a recipe for each width and way."""
    base = ShallowNetClassifier(random_state=0, **shared)
    recipes = []
    for h, (rate, penalty) in product(widths, ways):
        base.set_params(hidden_width=h, learning_rate=rate, l2_regularization=penalty)
        problem, recipe, *_ = prepare(base, X, y, s, Given())
        recipes.append(recipe)
    return problem, recipes


def same(outcomes, problem, recipes, states):
    """Hold the outcomes to be those of fits one after another."""
    for outcome, recipe, state in zip(outcomes, recipes, states, strict=True):
        own = canonical(problem, recipe.solver)
        network, record = fit_network(own, recipe, None, state)
        assert outcome.error is None
        assert outcome.seconds > 0
        for found, expected in zip(outcome.network.parameters, network.parameters, strict=True):
            assert_array_equal(found, expected)
        assert outcome.record.reason is record.reason
        eps = float(np.finfo(problem.X.dtype).eps)
        assert_allclose(outcome.record.losses, record.losses, rtol=16 * eps)
        assert_allclose(outcome.record.loss, record.loss, rtol=16 * eps)
        assert_allclose(outcome.record.grad_norm, record.grad_norm, rtol=0)
        assert outcome.record.penalties == record.penalties
        assert outcome.record.learning_rate == record.learning_rate
        assert outcome.network.reference == network.reference
        assert outcome.network.memory.keys() == network.memory.keys()
        for name, expected in network.memory.items():
            if not isinstance(expected, dict):
                assert_array_equal(outcome.network.memory[name], expected)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array, lambda X: X.astype(np.float32)])
def test_every_fit_of_a_stack_is_that_of_the_network_alone(kind, form):
    X, y = make_problem(kind, n=90)
    problem, recipes = prepared(form(X), y, max_iter=130)
    same(fit_networks(problem, recipes, [0] * len(recipes)), problem, recipes, [0] * len(recipes))


@pytest.mark.parametrize(
    "shared",
    [
        {"activation": "tanh"},
        {"activation": CUSTOM},
        {"momentum": 0.5},
        {"standardize": False},
        {"tol": 0.1},
        {"tol": 0.0},
        {"class_weight": "balanced"},
    ],
    ids=str,
)
def test_the_same_for_all_that_networks_share(shared):
    X, y = make_problem("multiclass", n=80)
    s = np.random.RandomState(0).randint(0, 3, 80)
    problem, recipes = prepared(X, y, s=s, max_iter=70, **shared)
    same(fit_networks(problem, recipes, [1] * len(recipes)), problem, recipes, [1] * len(recipes))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_same_for_adam(dtype):
    X, y = make_problem("binary", n=80)
    ways = list(product(("auto", 0.01, 1e3), ("auto", 1.0)))
    problem, recipes = prepared(X.astype(dtype), y, ways, solver="adam", max_iter=70)
    same(fit_networks(problem, recipes, [0] * len(recipes)), problem, recipes, [0] * len(recipes))


@pytest.mark.parametrize("shared", [{"solver": "lbfgs"}, {"batch_size": 20}, {"solver": "adam", "batch_size": 20}])
def test_solvers_that_do_not_stack_fit_one_after_another(shared):
    X, y = make_problem("binary", n=80)
    ways = [("auto", "auto"), ("auto", 1.0)]
    problem, recipes = prepared(X, y, ways, max_iter=12, **shared)
    assert stacks_of(problem, Scaling(), recipes) == []
    same(fit_networks(problem, recipes, [0] * len(recipes)), problem, recipes, [0] * len(recipes))


def test_rows_in_several_blocks_and_threads():
    X, y = make_problem("multiclass", n=9000)
    problem, recipes = prepared(X, y, [("auto", 1.0), (0.3, 1.0), (0.5, 1.0)], widths=(20, 70), max_iter=8)
    same(fit_networks(problem, recipes, [0] * len(recipes)), problem, recipes, [0] * len(recipes))


def test_starts_of_one_recipe_differ_by_their_random_states():
    X, y = make_problem("binary", n=90)
    problem, recipes = prepared(X, y, [("auto", 1.0)] * 3, widths=(5,), max_iter=40)
    states = [0, 1, np.random.RandomState(2)]
    outcomes = fit_networks(problem, recipes, states)
    same(outcomes, problem, recipes, [0, 1, np.random.RandomState(2)])
    assert len({outcome.record.loss for outcome in outcomes}) == 3


def test_an_error_is_of_one_fit_alone():
    X, y = make_problem("binary", n=60)
    problem, recipes = prepared(X, y, [(0.3, 1.0), (0.3, 1e300), ("auto", 1e300), ("auto", 1.0)], max_iter=20)
    X = problem.X.astype(np.float32)
    outcomes = fit_networks(problem._replace(X=X), recipes, [0] * len(recipes))
    assert [outcome.error is None for outcome in outcomes] == [True, False, False, True] * 2
    assert "l2_regularization" in str(outcomes[1].error)


def test_stacks_hold_what_stays_in_the_cache(monkeypatch):
    X, y = make_problem("binary", n=100)
    problem, recipes = prepared(X, y, [(0.1 * i, 1.0) for i in range(1, 6)], widths=(9, 4), max_iter=3)
    monkeypatch.setattr(stacked, "MOST_NUMBERS", 100 * 20)
    stacks = [places for _, places in stacks_of(problem, Scaling(), recipes)]
    units = [sum(recipes[i].hidden_width + 1 for i in stack) for stack in stacks]
    assert max(units) <= 20
    assert sorted(i for stack in stacks for i in stack) == sorted({i for stack in stacks for i in stack})
    for stack in stacks:
        widths = [recipes[i].hidden_width for i in stack]
        assert widths == sorted(widths)
    same(fit_networks(problem, recipes, [0] * len(recipes)), problem, recipes, [0] * len(recipes))


@pytest.mark.parametrize("activation", [*ACTIVATIONS.values(), CUSTOM], ids=lambda activation: activation.name)
@pytest.mark.parametrize("scaled", [False, True])
def test_the_costs_of_a_stack_are_those_of_its_networks(activation, scaled):
    X, y = make_problem("multiclass", n=90)
    rng = np.random.RandomState(0)
    shapes = [Shape(X.shape[1], h, 4) for h in (1, 3, 3, 6)]
    scaling = Scaling(X.mean(axis=0), X.std(axis=0)) if scaled else Scaling()
    rows, rest = training_rows(X, scaling, shapes[0], "loaded")
    shape, penalties = StackShape(shapes), np.array([0.0, 0.1, 0.2, 0.3])
    theta = rng.normal(size=shape.size)
    slices = [slice(0, 40), slice(40, 90)]

    def cost(kind, kernel_of, shape, penalty):
        examples = Examples(kernel_of(rows, shape, activation, LOSSES["softmax"], X.dtype), y, None)
        return kind(parts_of(examples, slices), None, shape, rest, penalty, X.dtype, in_turn)

    values, gradient = cost(StackObjective, StackKernel, shape, penalties)(theta)
    for place, (own, penalty) in enumerate(zip(shapes, penalties, strict=True)):
        where = shape.places[place]
        value, expected = cost(Objective, Kernel, own, penalty)(theta[where])
        assert_allclose(values[place], value, rtol=1e-14)
        assert_array_equal(gradient[where], expected)


def test_a_diverged_network_leaves_the_bits_of_the_others():
    Z2 = np.random.RandomState(0).normal(size=(3, 4, 50))
    Z2[1] *= 1e5
    loss = LOSSES["softmax"]
    y, s = np.random.RandomState(1).randint(4, size=50), np.full(50, 0.02)
    targets = loss.encode(y, s, loss.buffer(4, 50, Z2.dtype))
    outputs = StackOutputBuffers(Z2.copy())
    with np.errstate(all="ignore"):
        values = loss.fused(outputs, targets, s)
        for place in range(3):
            alone = OutputBuffers(Z2[place].copy())
            assert values[place] == loss.fused(alone, targets, s)
            assert_array_equal(outputs.Z2[place], alone.Z2)
