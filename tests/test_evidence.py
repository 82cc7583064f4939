"""λ by evidence: the spectrum against matrices built row by row, the rows it is taken from, and what λ follows."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal

from sk_shallow._activations import get_activation
from sk_shallow._evidence import (
    FIRST_PENALTY,
    Layers,
    Sample,
    most_rows,
    penalty_at_the_start,
    penalty_by_evidence,
    sample_of,
)
from sk_shallow._losses import LOSSES
from sk_shallow._parameters import Parameters
from sk_shallow._scaling import Scaling
from sk_shallow._targets import encode_targets
from sk_shallow._weights import weights_of

OUTPUTS = {"binary": ("sigmoid", 1), "multiclass": ("softmax", 4), "multilabel": ("sigmoid", 3)}
every_kind = pytest.mark.parametrize("kind", OUTPUTS)
H = 5


def layers(kind="multiclass", m=30, d=4, *, form=np.asarray, activation="tanh", s=None, X=None, size=1.0):
    """Return a network on some rows, with weights that do not come from a fit."""
    loss, k = OUTPUTS[kind]
    rng = np.random.RandomState(0)
    drawn = rng.normal(size=(m, d)) * np.linspace(0.5, 2, d)
    X = drawn if X is None else X
    s = rng.uniform(0.1, 2, size=m) if s is None else s
    parts = Parameters(*(size * rng.normal(size=shape) for shape in ((H, d), H, (k, H), k)))
    return Layers(Sample(form(X), s / s.sum()), parts, get_activation(activation), LOSSES[loss])


def curvature(z2, kind):
    """Λ of one row, (k, k)."""
    if kind == "multiclass":
        p = np.exp(z2) / np.exp(z2).sum()
        return np.diag(p) - np.outer(p, p)
    p = 1 / (1 + np.exp(-z2))
    return np.diag(p * (1 - p))


def root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T


def brute_force(found, kind):
    """The eigenvalues of both layers by loops over rows, as docs/equations.md has them."""
    (X, s), (W1, b1, W2, b2) = found.sample, found.parameters
    X = X.toarray() if sp.issparse(X) else X
    g1 = get_activation("tanh")
    Z1 = X @ W1.T + b1
    A1, D = g1.value(Z1), g1.derivative(Z1)
    mean_x, mean_a = s @ X, s @ A1
    d, h, k = X.shape[1], *W2.T.shape
    inputs, factors, weight = np.zeros((d, d)), np.zeros((h, h)), 0.0
    hidden, Lambda_sum, trace = np.zeros((h, h)), np.zeros((k, k)), 0.0
    for i in range(len(s)):
        Lambda = curvature(W2 @ A1[i] + b2, kind)
        B = D[i][:, None] * (W2.T @ root(Lambda))
        w, v = s[i] * (B**2).sum(), s[i] * np.trace(Lambda)
        inputs += w * np.outer(X[i] - mean_x, X[i] - mean_x)
        factors += s[i] * B @ B.T
        hidden += v * np.outer(A1[i] - mean_a, A1[i] - mean_a)
        Lambda_sum += s[i] * Lambda
        weight, trace = weight + w, trace + v
    first = np.kron(inputs / weight, factors)
    second = np.kron(hidden / trace, Lambda_sum)
    return np.concatenate([np.linalg.eigvalsh(first), np.linalg.eigvalsh(second)])


def assert_same_spectrum(found, expected):
    """Compare all but zeros."""
    size = max(found.size, expected.size)
    found, expected = (np.sort(np.pad(e, (0, size - e.size)))[::-1] for e in (found, expected))
    assert_allclose(found, expected, atol=1e-12 * expected[0], rtol=1e-9)


@every_kind
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize(("m", "d"), [(30, 4), (30, 30), (6, 9), (8, 40), (1, 3)])
def test_the_spectrum_is_that_of_matrices_built_row_by_row(kind, form, m, d):
    found = layers(kind, m, d, form=form)
    assert_same_spectrum(found.spectrum(), brute_force(found, kind))


@every_kind
@pytest.mark.parametrize("form", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("d", [4, 60])
def test_weights_are_repetitions(kind, form, d):
    counts = np.random.RandomState(1).randint(0, 4, size=30)
    X = np.random.RandomState(2).normal(size=(30, d))
    weighted = layers(kind, 30, d, form=form, X=X, s=counts.astype(float))
    repeated = layers(kind, counts.sum(), d, form=form, X=np.repeat(X, counts, axis=0), s=np.ones(counts.sum()))
    repeated = Layers(repeated.sample, weighted.parameters, weighted.activation, weighted.loss)
    assert_same_spectrum(repeated.spectrum(), weighted.spectrum())
    assert_allclose(repeated.uncertain, weighted.uncertain)


@every_kind
def test_equal_rows_determine_nothing_but_biases(kind):
    found = layers(kind, 2, 3)
    x = found.sample.X[0]
    both = Layers(Sample(np.stack([x, x]), found.sample.s), found.parameters, found.activation, found.loss)
    Lambda = curvature(both.parameters.W2 @ both.A1[0] + both.parameters.b2, kind)
    assert_allclose(both.covariance, Lambda, atol=1e-12)
    k = len(Lambda)
    assert_allclose(both.uncertain, 1 - 1 / k if kind == "multiclass" else k / 4)  # as much as there can be
    assert np.abs(both.spectrum()).max() < 1e-12


@pytest.mark.parametrize("kind", ["binary", "multilabel"])
def test_where_all_rows_are_equally_uncertain_the_output_layer_is_exact(kind):
    found = layers(kind)
    W1, b1, W2, b2 = found.parameters
    found = Layers(found.sample, Parameters(W1, b1, 0 * W2, b2), found.activation, found.loss)
    (_, s), A1, k = found.sample, found.A1, W2.shape[0]
    centred = A1 - s @ A1
    exact = np.zeros((H * k, H * k))
    for i in range(len(s)):
        exact += s[i] * np.kron(curvature(b2, kind), np.outer(centred[i], centred[i]))
    assert_same_spectrum(found.spectrum(), np.linalg.eigvalsh(exact))


@every_kind
@pytest.mark.parametrize("penalty", [0.03, 3.0, 200.0])
@pytest.mark.parametrize("n_rows", [30.0, 1e5])
def test_the_penalty_is_that_of_the_formula(kind, penalty, n_rows):
    found = layers(kind, size=0.3)
    e = brute_force(found, kind) * n_rows
    g, u = (e / (e + penalty)).sum(), 3 * n_rows * found.uncertain
    size = (found.parameters.W1**2).sum() + (found.parameters.W2**2).sum()
    expected = np.clip(1.5 * g * u / (g + u) / size, 0.03, 1000)
    assert_allclose(penalty_by_evidence(found, penalty, n_rows), expected, rtol=1e-9)


def test_the_penalty_has_bounds():
    assert penalty_by_evidence(layers(size=1e-6), 3.0, 1e6) == 1000
    assert penalty_by_evidence(layers(size=1e6), 3.0, 30.0) == 0.03


#: Rows in the order of their first column.
FIRST = np.array([1.0, 0, 0])


def weights(n, counts=None):
    """Return the weights of n rows, as a fit has them."""
    targets = encode_targets(np.zeros(n, dtype=int))
    return weights_of(None if counts is None else counts.astype(float), None, targets)


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("most", [1, 7, 50, 199, 10_000])
def test_a_sample_is_the_same_for_weights_and_for_repeated_rows_in_any_order(form, most):
    rng = np.random.RandomState(0)
    X, y, counts = rng.normal(size=(150, 3)), rng.randint(0, 3, size=150), rng.randint(0, 4, size=150)
    repeated = np.repeat(np.arange(150), counts)
    samples = [sample_of(form(X), y, weights(150, counts), Scaling(), FIRST, most)]
    for rows in (repeated, rng.permutation(repeated), repeated[::-1]):
        samples.append(sample_of(form(X[rows]), y[rows], weights(len(rows)), Scaling(), FIRST, most))
    totals = []
    for rows, s in samples:
        assert_allclose(s.sum(), 1)
        dense = rows.toarray() if sp.issparse(rows) else rows
        assert most >= counts.sum() or len(s) <= most
        unique, where = np.unique(dense[s > 0], axis=0, return_inverse=True)
        totals.append((unique, np.bincount(where.ravel(), s[s > 0])))
    for unique, shares in totals[1:]:
        assert_array_equal(unique, totals[0][0])
        assert_allclose(shares, totals[0][1], rtol=1e-12)


def test_a_sample_knows_rows_that_lie_close_together_far_from_zero():
    """The products of raw rows with the direction would all be rounded to the same number."""
    rng = np.random.RandomState(0)
    X = (1e14 + np.arange(64.0)[:, None] + np.zeros(3))[rng.permutation(64)]
    scaling = Scaling(np.full(3, 1e14), np.ones(3))
    rows, _ = sample_of(X, np.zeros(64), weights(64), scaling, np.array([0.3, 0.1, 0.2]), 8)
    assert_array_equal(rows[:, 0], np.arange(4, 64, 8))


def test_a_sample_keeps_the_shares_of_classes_and_the_spread_of_rows():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(20_000, 2)), (rng.uniform(size=20_000) < 0.02).astype(int)
    rows, s = sample_of(np.c_[X, y], y, weights(20_000), Scaling(), FIRST, 1000)
    assert len(s) <= 1000
    assert_allclose(s @ rows[:, 2], y.mean(), atol=1e-3)
    assert_allclose(s @ rows[:, 0], X[:, 0].mean(), atol=5e-3)
    assert_allclose(s @ rows[:, 0] ** 2, (X[:, 0] ** 2).mean(), rtol=1e-2)


def test_a_sample_counts_as_the_scaling_says():
    X = np.random.RandomState(0).normal(size=(20, 2)).astype(np.float32)
    scaling = Scaling(np.array([1.0, 2]), np.array([2.0, 4]))
    for most in (5, 20):
        rows, _ = sample_of(X, np.zeros(20), weights(20), scaling, FIRST[:2], most)
        assert rows.dtype == np.float64
        order = np.argsort(X[:, 0]) if most == 5 else np.arange(20)
        expected = ((X - [1, 2]) / [2, 4])[order]
        assert all(np.abs(expected - row).sum(axis=1).min() < 1e-12 for row in rows)
    sparse, _ = sample_of(sp.csr_array(X), np.zeros(20), weights(20), Scaling(None, scaling.scale), FIRST[:2], 20)
    assert_allclose(sparse.toarray(), X / scaling.scale)


def test_the_number_of_rows_bounds_the_cost():
    assert most_rows(10, 64, 1) == 2048
    assert most_rows(5000, 64, 1) == 1024
    assert 128 <= most_rows(10, 64, 300) < 1024
    assert most_rows(10, 4096, 1000) == 128


def at_the_start(y, X=None, *, h=64, seed=0):
    """Return λ for one-hot targets y (n, k), and a drawn first layer."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(len(y), 6)) if X is None else X
    n, k = y.shape
    loss = "sigmoid" if k == 1 else "softmax"
    prior = y.mean(axis=0)
    b2 = np.log(prior) if k > 1 else np.log(prior / (1 - prior))
    W1, b1 = rng.normal(size=(h, 6)) / 6**0.5, rng.uniform(-1, 1, size=h)
    found = Layers(
        Sample(X, np.full(n, 1 / n)),
        Parameters(W1, b1, np.zeros((k, h)), b2),
        get_activation("tanh"),
        LOSSES[loss],
    )
    return penalty_at_the_start(found, -(y - prior).T @ found.A1 / n, float(n))


@pytest.mark.parametrize("k", [1, 4])
def test_the_first_penalty_is_large_for_noise_and_small_for_a_strong_signal(k):
    X, y = make_problem("multiclass", n=1000, d=6)
    Y = np.eye(4)[y][:, :k]
    noise, signal = at_the_start(np.random.RandomState(5).permutation(Y), X), at_the_start(Y, X)
    assert noise > 4 * signal
    assert noise > 15
    assert signal < 10


def test_the_first_penalty_does_not_depend_on_the_order_of_classes():
    X, y = make_problem("multiclass", n=300, d=6)
    Y = np.eye(4)[y]
    assert_allclose(at_the_start(Y[:, [2, 0, 3, 1]], X), at_the_start(Y, X), rtol=1e-12)
    assert_allclose(at_the_start(1 - Y[:, :1], X), at_the_start(Y[:, :1], X), rtol=1e-9)


def test_the_first_penalty_is_a_constant_where_there_is_nothing_to_learn():
    X = np.random.RandomState(0).normal(size=(50, 6))
    assert at_the_start(np.ones((50, 1)) * [[1.0, 1e-300]], X) == FIRST_PENALTY


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array], ids=["dense", "sparse"])
@every_kind
def test_noise_has_the_norm_that_noise_has(form, kind):
    """Labels drawn with the shares, whatever the rows: the mean of ‖Σ r x̄ᵀ‖² is N."""
    found = layers(kind, 40, 5, form=form)
    X, s = found.sample
    X = X.toarray() if sp.issparse(X) else X
    centred, n_rows = X - s @ X, 40.0
    direction = np.linalg.eigvalsh(found.covariance)[-1]
    expected = sum(n_rows * s[i] * direction * centred[i] @ centred[i] for i in range(40))
    assert_allclose(found.noise(n_rows) ** 2, expected)
