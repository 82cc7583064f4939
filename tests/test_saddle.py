"""W = 0: what leads away from it is found exactly, and no fit ends there that could learn."""

import warnings

import numpy as np
import pytest
from conftest import make_problem
from numpy.testing import assert_allclose

from sk_shallow import ACTIVATIONS, Activation, ShallowNetClassifier, textbook
from sk_shallow._activations import get_activation
from sk_shallow._losses import LOSSES
from sk_shallow._parameters import Parameters, Shape
from sk_shallow._saddle import Saddle

FALLING = Activation(np.cos, lambda Z: -np.sin(Z), name="cosine")
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
every_solver = pytest.mark.parametrize(
    "options", [{}, {"solver": "lbfgs"}, {"solver": "adam", "max_iter": 2000}, {"momentum": 0.0}], ids=str
)


class Cost:
    """J and ∇J of the textbook, as an objective: what a saddle asks."""

    dtype = np.dtype(np.float64)

    def __init__(self, X, Y, shape, activation, output, penalty):
        self.X, self.Y, self.shape, self.penalty = X, Y, shape, penalty
        self.how, self.n_asked = {"activation": activation, "output": output}, 0

    def __call__(self, theta):
        self.n_asked += 1
        X, Y, parameters, s = self.X, self.Y, self.shape.views(theta), np.ones(len(self.X))
        layers, penalty = textbook.forward(X, parameters, **self.how), {"l2_regularization": self.penalty * len(X)}
        value = textbook.cost(layers, Y, s, parameters, output=self.how["output"], **penalty)
        return float(value), self.shape.join(textbook.backward(layers, X, Y, s, parameters, **self.how, **penalty))


def saddle(kind="multiclass", *, h=8, activation="relu", penalty=0.01, n=60):
    """Return a saddle, the cost that it was asked of, and the residuals at W = 0 times X, over n."""
    X, y = make_problem(kind, n=n)
    X = X - X.mean(axis=0)
    Y = (np.eye(y.max() + 1)[y] if kind == "multiclass" else y.reshape(n, -1)).astype(float)
    output = "softmax" if kind == "multiclass" else "sigmoid"
    shape, prior = Shape(X.shape[1], h, Y.shape[1]), Y.mean(axis=0)
    cost = Cost(X, Y, shape, activation, output, penalty)
    found = Saddle(cost, shape, get_activation(activation), LOSSES[output].start(prior))
    return found, cost, (Y - prior).T @ X / n


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("h", [1, 2, 8])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, FALLING], ids=lambda a: getattr(a, "name", a))
def test_it_knows_the_penalty_that_holds_it(kind, h, activation):
    found, cost, M = saddle(kind, h=h, activation=activation)
    assert cost.n_asked == -(-M.shape[0] // h)
    slopes = get_activation(activation).derivative(np.linspace(0, 1, h + 1)[1:])
    assert_allclose(found.holding, np.linalg.norm(M, 2) * np.abs(slopes).mean(), rtol=1e-9)
    loss, prior = LOSSES[cost.how["output"]], cost.Y.mean(axis=0)
    assert_allclose(found.loss, loss.value(loss.start(prior) + 0 * cost.Y, cost.Y).mean(), rtol=1e-9)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("activation", [*ACTIVATIONS, FALLING], ids=lambda a: getattr(a, "name", a))
@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_penalty_below_that_has_a_way_out_and_one_above_has_none(kind, activation, share):
    found, cost, _ = saddle(kind, activation=activation)
    cost.penalty = share * found.holding
    theta = found.way_out(cost, found.loss)
    assert cost(theta)[0] < found.loss
    assert found.way_out(cost, found.loss) is None  # once for each λ
    cost.penalty = found.holding
    assert found.way_out(cost, found.loss) is None


def test_the_way_out_is_far_enough_to_matter():
    """Among drawn networks with weights of any size, hardly any leaves W = 0 by as much."""
    found, cost, _ = saddle("multiclass")
    rng, best = np.random.RandomState(0), found.loss
    for size in np.logspace(-3, 0, 60):
        W1, W2 = size * rng.normal(size=(8, cost.X.shape[1])), size * rng.normal(size=(cost.Y.shape[1], 8))
        theta = cost.shape.join(Parameters(W1, np.full(8, 0.5), W2, found._b2 - 0.5 * W2.sum(axis=1)))
        best = min(best, cost(theta)[0])
    assert found.loss - cost(found.way_out(cost, found.loss))[0] > 4 * (found.loss - best)


def test_a_network_that_has_learnt_needs_no_way_out():
    found, cost, _ = saddle()
    asked = cost.n_asked
    assert found.way_out(cost, 0.9 * found.loss) is None
    assert cost.n_asked == asked


def apart(n, d, shift, n_shifted=1, seed=0):
    """Return two classes of normal columns, some of which are shifted."""
    y = np.arange(n) % 2
    X = np.random.RandomState(seed).normal(size=(n, d))
    X[:, :n_shifted] += shift * y[:, None]
    return X, y


@every_solver
@pytest.mark.parametrize("table", [*((n, d, 6.0) for n in (2, 4, 8, 16) for d in (1, 2)), (100, 1000, 0.3, 1000)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_few_rows_whose_classes_are_apart_are_learnt(options, table, seed):
    X, y = apart(*table)
    clf = ShallowNetClassifier(random_state=seed, **options).fit(X, y)
    assert clf.score(X, y) == 1


@every_solver
@pytest.mark.parametrize("penalty", [0.1, 1.0])
def test_a_given_penalty_that_does_not_hold_the_network_lets_it_learn(options, penalty):
    X, y = apart(10, 1, 6.0)
    clf = ShallowNetClassifier(l2_regularization=penalty, random_state=0, **options).fit(X, y)
    assert clf.score(X, y) == 1
    assert clf.loss_ < 0.6


@every_solver
def test_a_penalty_that_holds_the_network_leaves_the_shares(options):
    X, y = apart(30, 2, 6.0)
    clf = ShallowNetClassifier(l2_regularization=1000.0, random_state=0, **options).fit(X, y)
    assert clf.stop_reason_ in ("converged", "settled")
    assert_allclose(clf.predict_proba(X), 0.5, atol=1e-2)


def test_a_path_of_penalties_comes_back_from_the_shares():
    X, y = apart(300, 3, 3.0)
    clf = ShallowNetClassifier(warm_start=True, random_state=0)
    scores = [clf.set_params(l2_regularization=penalty).fit(X, y).score(X, y) for penalty in (1000.0, 1.0, "auto")]
    assert scores[0] < 0.6
    assert min(scores[1:]) > 0.9


def test_an_exact_descent_is_not_led_away():
    """The path of a given α is that of the equations, to its end."""
    X, y = apart(10, 1, 6.0)
    settings = {"l2_regularization": 1000.0, "warm_start": True, "learning_rate": 1e-3, "random_state": 0}
    clf = ShallowNetClassifier(**settings, tol=0, max_iter=200)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf.fit(X, y)
        before = clf.hidden_coef_.copy()
        clf.set_params(max_iter=1, l2_regularization=1e-3).fit(X, y)
    assert np.abs(clf.hidden_coef_ - before).max() < 1e-2


@pytest.mark.parametrize("repeats", [1, 2, 3, 4, 7, 16])
@pytest.mark.parametrize("corners", [0, -1])
@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs"}, {"activation": "tanh"}], ids=str)
def test_the_exclusive_or_is_learnt(options, corners, repeats):
    """W = 0 has no way out: the signal is in no direction."""
    X = np.array([[corners, corners], [corners, 1], [1, corners], [1, 1]], dtype=float)
    y = np.array([0, 1, 1, 0])
    clf = ShallowNetClassifier(random_state=0, **options).fit(np.repeat(X, repeats, axis=0), np.repeat(y, repeats))
    assert clf.score(X, y) == 1
    weighted = ShallowNetClassifier(random_state=0, **options).fit(X, y, sample_weight=np.full(4, repeats))
    assert_allclose(weighted.predict_proba(X), clf.predict_proba(X), atol=0.05)


CURVED = [{"activation": name} for name in ("relu", "tanh", "sigmoid", "softplus")]
CURVED += [{"solver": "lbfgs"}, {"solver": "lbfgs", "activation": "sigmoid"}, {"solver": "adam"}]
CURVED += [{"batch_size": 32}, {"batch_size": 200}, {"solver": "adam", "batch_size": 32}]


@quiet
@pytest.mark.parametrize("options", CURVED, ids=str)
@pytest.mark.parametrize("n", [300, 1000])
def test_a_signal_that_no_line_sees_is_learnt(options, n):
    """What λ is estimated on are networks that have begun to learn."""
    X = np.random.RandomState(5).normal(size=(n + 1000, 5))
    y = ((X[:, :2] ** 2).sum(axis=1) > 1.386).astype(int)
    clf = ShallowNetClassifier(random_state=0, **options).fit(X[:n], y[:n])
    assert clf.score(X[n:], y[n:]) > 0.85


@quiet
@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("seed", range(4))
def test_another_order_of_labels_takes_the_same_way(k, seed):
    rng = np.random.RandomState(seed)
    X, y = rng.normal(size=(30, 30)), np.arange(30) % k
    order = rng.permutation(k)
    fits = [ShallowNetClassifier(2, random_state=0, max_iter=100).fit(X, labels) for labels in (y, order[y])]
    assert_allclose(fits[0].predict_proba(X), fits[1].predict_proba(X)[:, order], atol=1e-4)
