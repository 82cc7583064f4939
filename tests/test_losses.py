"""Losses from raw outputs: exact where they are tiny, finite where they are huge, never negative."""

import mpmath
import numpy as np
import pytest
from mpmath import exp, log1p, mpf
from numpy.testing import assert_allclose

from sk_shallow._losses import LOSSES, OutputBuffers

mpmath.mp.dps = 60
SIZES = [0.0, 1e-8, 0.5, 3.0, 20.0, 34.0, 80.0, 700.0, 1e3, 1e30]


def exact_loss(z, y, softmax):
    """L of one example in 60 digits, from outputs z (k,) and targets y (k,)."""
    z = [mpf(float(value)) for value in z]
    if softmax:
        target = z[int(np.argmax(y))]
        others = [exp(value - target) for value, is_one in zip(z, y, strict=True) if not is_one]
        return log1p(sum(others)) if others else mpf(0)
    return sum(log1p(exp(-value if is_one else value)) for value, is_one in zip(z, y, strict=True))


def fused(name, Z2, y, s):
    """Run the in-place form: Σ s L, and s (A2 − Y) of shape (m, k)."""
    loss, (m, k) = LOSSES[name], Z2.shape
    outputs = OutputBuffers(np.array(Z2.T, order="C"))
    targets = loss.encode(y, s, loss.buffer(k, m, Z2.dtype))
    with np.errstate(all="ignore"):
        value = loss.fused(outputs, targets, s)
    return value, outputs.Z2.T


def examples(name, dtype):
    """Outputs of every size, with the target on top, in the middle and at the bottom."""
    rng = np.random.RandomState(0)
    Z2, codes = [], []
    for size in SIZES:
        for code in range(3):
            z = np.array([size, 0.0, -size]) + rng.normal(size=3) * min(size, 1) / 10
            Z2.append(z)
            codes.append(code)
    Z2, codes = np.array(Z2, dtype=dtype), np.array(codes)
    Y = np.eye(3, dtype=np.uint8)[codes]
    return Z2, (codes if name == "softmax" else Y), Y


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LOSSES)
def test_loss_of_one_example_is_right_to_the_last_digits(name, dtype):
    Z2, y, Y = examples(name, dtype)
    for i in range(len(Z2)):
        # exp of a rounded difference of outputs: as many roundings as the difference is large
        tolerance = (4 + min(2 * np.abs(Z2[i]).max(), 2000)) * np.finfo(dtype).eps
        value, _ = fused(name, Z2[i : i + 1], y[i : i + 1], np.ones(1, dtype))
        exact = float(exact_loss(Z2[i], Y[i], name == "softmax"))
        assert value >= 0
        tiny = np.finfo(dtype).smallest_subnormal * 4
        assert_allclose(value, exact, rtol=tolerance, atol=tiny, err_msg=str((Z2[i], Y[i])))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LOSSES)
def test_gradient_keeps_its_digits_where_probabilities_are_near_0_and_1(name, dtype):
    Z2 = np.array([[15.0, -3.0, -5.0], [2.0, 1.0, 0.5], [-30.0, 40.0, -33.0]], dtype=dtype)
    codes = np.array([0, 1, 1])
    Y, s = np.eye(3)[codes], np.array([0.2, 0.3, 0.5], dtype=dtype)
    _, gradient = fused(name, Z2, codes if name == "softmax" else Y.astype(np.uint8), s)
    for i in range(3):
        z = [mpf(float(v)) for v in Z2[i]]
        for c in range(3):
            if name == "softmax":
                others = sum(exp(z[j] - z[c]) for j in range(3) if j != c)
                p, rest = 1 / (1 + others), others / (1 + others)
            else:
                p, rest = 1 / (1 + exp(-z[c])), 1 / (1 + exp(z[c]))
            expected = float(mpf(float(s[i])) * (-rest if Y[i, c] else p))
            assert_allclose(gradient[i, c], expected, rtol=60 * np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LOSSES)
def test_sums_of_tiny_losses_are_right_and_positive(name, dtype):
    rng = np.random.RandomState(0)
    m = 1000
    codes = rng.randint(3, size=m)
    Y = np.eye(3)[codes]
    Z2 = ((2 * Y - 1) * (35 + rng.uniform(size=(m, 3)))).astype(dtype)
    s = np.full(m, 1 / m, dtype=dtype)
    value, _ = fused(name, Z2, codes if name == "softmax" else Y.astype(np.uint8), s)
    exact = sum(exact_loss(z, y, name == "softmax") for z, y in zip(Z2, Y, strict=True)) / m
    assert 0 < value < 1e-14
    assert_allclose(value, float(exact), rtol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_in_place_form_equals_the_pure_one_also_where_it_overflows(name):
    Z2, y, Y = examples(name, np.float64)
    s = np.random.RandomState(0).uniform(size=len(Z2))
    s[:3] = 0
    value, gradient = fused(name, Z2, y, s)
    loss = LOSSES[name]
    assert_allclose(value, s @ loss.value(Z2, Y), rtol=1e-12)
    assert_allclose(gradient, s[:, None] * loss.gradient(Z2, Y), atol=1e-15)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("size", [1e3, np.inf])
def test_outputs_of_any_size_give_probabilities(name, size):
    Z2 = np.array([[size, 0.0, -size]])
    if name == "softmax" and np.isinf(size):
        return  # a softmax of inf has no limit; predictions refuse it
    A2 = LOSSES[name].activation(Z2)
    assert_allclose(A2, [[1, 0 if name == "softmax" else 0.5, 0]])
    assert (LOSSES[name].log_activation(Z2) <= 0).all()


@pytest.mark.parametrize("name", LOSSES)
def test_start_gives_every_example_the_prior(name):
    prior = np.array([0.7, 0.2, 0.1])
    b2 = LOSSES[name].start(prior)
    assert_allclose(LOSSES[name].activation(b2[None])[0], prior, rtol=1e-12)


def test_softmax_of_one_class_costs_nothing():
    value, gradient = fused("softmax", np.array([[3.0], [-1e5]]), np.zeros(2, int), np.ones(2))
    assert value == 0
    assert not gradient.any()


@pytest.mark.parametrize(("dtype", "far"), [(np.float64, 800.0), (np.float32, 100.0)])
def test_an_output_that_overflows_costs_its_block_no_digits(dtype, far):
    Z2 = np.array([[35.0, 0.0], [35.0, 0.0], [0.0, far]], dtype=dtype)
    s = np.array([0.5, 0.5, 0.0], dtype=dtype)
    value, gradient = fused("softmax", Z2, np.zeros(3, int), s)
    assert_allclose(value, np.log1p(np.exp(-35.0)), rtol=1e-5 if dtype == np.float32 else 1e-13)
    assert_allclose(gradient[0], [-0.5 * np.exp(-35.0), 0.5 * np.exp(-35.0)], rtol=1e-5)
    value, gradient = fused("softmax", Z2[2:], np.zeros(1, int), np.ones(1, dtype))
    assert_allclose(value, far, rtol=1e-6)
    assert_allclose(gradient, [[-1, 1]], rtol=1e-6)
