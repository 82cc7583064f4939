"""Gradient descent is exactly θ ← θ − α ∇J(θ), with ∇J from a second implementation."""

import numpy as np
import pytest
from conftest import make_problem
from numpy.testing import assert_allclose
from second_implementation import ACTIVATIONS, complex_step_gradient, cost, join, split

from sk_shallow import ACTIVATIONS as NAMED
from sk_shallow import Activation, ShallowNetClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def parts_of(clf):
    return clf.hidden_coef_, clf.hidden_intercept_, clf.output_coef_, clf.output_intercept_


def one_hot(kind, y):
    if kind == "multilabel":
        return y
    return y[:, None] if kind == "binary" else np.eye(y.max() + 1)[y]


@pytest.mark.parametrize("activation", [*ACTIVATIONS, Activation(np.tanh, lambda z: 1 - np.tanh(z) ** 2)])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize(("weighted", "l2"), [(False, 0.0), (True, 0.7)])
def test_each_step_is_the_textbook_step(kind, activation, weighted, l2):
    X, y = make_problem(kind)
    s = np.random.RandomState(1).uniform(0.1, 3, size=len(X)) if weighted else np.ones(len(X))
    clf = ShallowNetClassifier(
        3,
        activation=activation,
        solver="gd",
        learning_rate=0.3,
        l2_regularization=l2,
        standardize=False,
        max_iter=1,
        tol=0,
        warm_start=True,
        random_state=0,
    ).fit(X, y, sample_weight=s if weighted else None)
    Y = one_hot(kind, y)
    name = activation if isinstance(activation, str) else "tanh"
    problem = X, Y, s, l2, name, kind == "multiclass"
    shape = X.shape[1], 3, Y.shape[1]
    for _ in range(4):
        before = join(*parts_of(clf))
        clf.fit(X, y, sample_weight=s if weighted else None)
        expected = before - 0.3 * complex_step_gradient(before, shape, *problem)
        assert_allclose(join(*parts_of(clf)), expected, rtol=0, atol=1e-12)
        assert_allclose(clf.loss_curve_[0], cost(split(before, *shape), *problem), rtol=1e-12)
        assert_allclose(clf.loss_, cost(parts_of(clf), *problem), rtol=1e-12)


def test_every_named_activation_has_a_second_implementation():
    assert set(NAMED) == set(ACTIVATIONS)


def test_gradient_agrees_with_automatic_differentiation():
    autograd = pytest.importorskip("autograd")
    anp = pytest.importorskip("autograd.numpy")
    X, y = make_problem("multiclass")
    Y = np.eye(4)[y]

    def cost_of(theta):
        W1, b1, W2, b2 = theta[:15].reshape(3, 5), theta[15:18], theta[18:30].reshape(4, 3), theta[30:]
        Z2 = anp.dot(anp.tanh(anp.dot(X, W1.T) + b1), W2.T) + b2
        log_A2 = Z2 - anp.log(anp.sum(anp.exp(Z2), axis=1, keepdims=True))
        return (-anp.sum(Y * log_A2) + 0.35 * (anp.sum(W1**2) + anp.sum(W2**2))) / len(X)

    theta = np.random.RandomState(0).normal(size=34)
    clf = ShallowNetClassifier(
        3,
        activation="tanh",
        learning_rate=1.0,
        l2_regularization=0.7,
        standardize=False,
        max_iter=1,
        tol=0,
        warm_start=True,
    ).fit(X, y)
    clf.hidden_coef_, clf.hidden_intercept_, clf.output_coef_, clf.output_intercept_ = split(theta, 5, 3, 4)
    clf.fit(X, y)
    assert_allclose(join(*parts_of(clf)), theta - autograd.grad(cost_of)(theta), rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", [{}, {"momentum": 0.9}, {"solver": "adam", "learning_rate": 0.05}])
@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("standardize", [False, True])
def test_repeated_fits_of_one_iteration_equal_one_long_fit(options, batch_size, standardize):
    X, y = make_problem("multiclass")
    common = {"batch_size": batch_size, "standardize": standardize, "tol": 0, "random_state": 3, **options}
    long = ShallowNetClassifier(4, max_iter=12, **common).fit(X, y)
    short = ShallowNetClassifier(4, max_iter=1, warm_start=True, **common)
    losses = []
    for _ in range(12):
        losses.append(short.fit(X, y).loss_curve_[0])
    assert_allclose(short.decision_function(X), long.decision_function(X), rtol=1e-9, atol=1e-10)
    assert_allclose([*losses, short.loss_], long.loss_curve_, rtol=1e-9)


def test_nesterov_momentum_is_the_lookahead_form():
    X, y = make_problem("binary")
    common = {"activation": "tanh", "l2_regularization": 1.0, "standardize": False, "tol": 0, "max_iter": 1}
    common |= {"random_state": 0}
    clf = ShallowNetClassifier(3, momentum=0.8, learning_rate=0.2, warm_start=True, **common)
    start = ShallowNetClassifier(3, learning_rate=1e-300, **common)
    theta = join(*parts_of(start.fit(X, y)))
    # In the lookahead variable of Nesterov: v' = μ v − α ∇J(φ + μ v), φ' = φ + v'; we store φ + μ v.
    velocity, problem = np.zeros_like(theta), (X, y[:, None], np.ones(len(X)), 1.0, "tanh", False)
    phi = theta.copy()
    for _ in range(5):
        gradient = complex_step_gradient(phi + 0.8 * velocity, (5, 3, 1), *problem)
        velocity = 0.8 * velocity - 0.2 * gradient
        phi = phi + velocity
        clf.fit(X, y)
        assert_allclose(join(*parts_of(clf)), phi + 0.8 * velocity, atol=1e-12)
