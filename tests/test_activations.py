"""Activations: a derivative is that of its value, and what is written in place is both."""

import numpy as np
import pytest
from mpmath import exp, log1p, mpf, tanh, workdps
from numpy.testing import assert_allclose, assert_array_equal

from sk_shallow._activations import ACTIVATIONS, Activation, get_activation

SINE = Activation(np.sin, np.cos, name="sine")
every_activation = pytest.mark.parametrize("activation", [*ACTIVATIONS.values(), SINE], ids=lambda a: a.name)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])
Z = np.concatenate([np.random.RandomState(0).normal(scale=3, size=50), [-30, -1e-3, 1e-3, 30]]).reshape(6, 9)
FORMULAS = {
    "tanh": tanh,
    "sigmoid": lambda z: 1 / (1 + exp(-z)),
    "relu": lambda z: max(z, mpf(0)),
    "identity": lambda z: z,
    "softplus": lambda z: log1p(exp(z)),
}


@pytest.fixture(autouse=True)
def as_in_a_fit():
    with np.errstate(all="ignore"):
        yield


def in_place(activation, Z1, dA1):
    """Return A1 and dZ1 by the in-place forms, and check that Z1 is kept where it must be."""
    Z1, dZ1, scratch = Z1.copy(), dA1.copy(), np.full_like(Z1, np.nan)
    before, A1 = Z1.copy(), Z1 if activation.in_place else np.full_like(Z1, np.nan)
    activation.write(Z1, out=A1)
    written = A1.copy()
    activation.chain(Z1, A1, dZ1, scratch)
    assert_array_equal(A1, written)
    if not activation.in_place:
        assert_array_equal(Z1, before)
    return A1, dZ1


@every_activation
def test_derivative_is_that_of_the_value(activation):
    step = 1e-5
    expected = (activation.value(Z + step) - activation.value(Z - step)) / (2 * step)
    assert_allclose(activation.derivative(Z), expected, atol=1e-9)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_value_is_its_formula(name):
    with workdps(40):
        expected = [[float(FORMULAS[name](mpf(float(z)))) for z in row] for row in Z]
    assert_allclose(ACTIVATIONS[name].value(Z), expected, rtol=1e-14)


@every_activation
@every_dtype
def test_in_place_forms_are_the_value_and_the_derivative(activation, dtype):
    Z1, dA1 = Z.astype(dtype), np.random.RandomState(1).normal(size=Z.shape).astype(dtype)
    A1, dZ1 = in_place(activation, Z1, dA1)
    eps = np.finfo(dtype).eps
    assert A1.dtype == dZ1.dtype == activation.value(Z1).dtype == activation.derivative(Z1).dtype == dtype
    assert_allclose(A1, activation.value(Z1), rtol=8 * eps)
    assert_allclose(dZ1, dA1 * activation.derivative(Z1), rtol=8 * eps, atol=8 * eps)


@pytest.mark.parametrize("name", ACTIVATIONS)
@every_dtype
def test_numbers_of_any_size_have_a_value_and_a_slope_between_0_and_1(name, dtype):
    largest = float(np.finfo(dtype).max)
    Z1 = np.array([[-largest, -1e10, -1e3, 0, 1e3, 1e10, largest]], dtype)
    A1, dZ1 = in_place(ACTIVATIONS[name], Z1, np.ones_like(Z1))
    assert np.isfinite(A1).all()
    assert ((dZ1 >= 0) & (dZ1 <= 1)).all()
    assert_array_equal(A1, ACTIVATIONS[name].value(Z1))
    assert_allclose(dZ1, ACTIVATIONS[name].derivative(Z1), atol=np.finfo(dtype).eps)


def test_relu_has_no_slope_at_0():
    zero = np.zeros((1, 1))
    assert ACTIVATIONS["relu"].derivative(zero) == 0
    assert in_place(ACTIVATIONS["relu"], zero, np.ones((1, 1)))[1] == 0


@pytest.mark.parametrize(
    "wrong", [np.sum, lambda Z1: Z1[:, :1], lambda Z1: Z1[None], lambda Z1: Z1.T, lambda Z1: 1.0]
)
def test_a_function_that_is_not_elementwise_is_told_by_name(wrong):
    buffers = [np.ones((2, 3)) for _ in range(4)]
    with pytest.raises(ValueError, match=r"activation 'mine': .* Z1 of shape \(2, 3\).*must work elementwise"):
        Activation(wrong, np.cos, name="mine").write(buffers[0], out=buffers[1])
    with pytest.raises(ValueError, match=r"activation 'mine': .* Z1 of shape \(2, 3\).*must work elementwise"):
        Activation(np.sin, wrong, name="mine").chain(*buffers)


def test_names_stand_for_activations_and_others_for_themselves():
    assert all(
        get_activation(name) is activation and activation.name == name for name, activation in ACTIVATIONS.items()
    )
    assert get_activation(SINE) is SINE
    assert not SINE.in_place
    assert (SINE.gain, ACTIVATIONS["relu"].gain) == (1, 2**0.5)
