"""θ and its views: one memory, two layers, four names."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_shallow._parameters import Parameters, Shape, draw

SHAPES = [Shape(4, 3, 2), Shape(1, 1, 1), Shape(7, 1, 5), Shape(1, 6, 1)]
every_shape = pytest.mark.parametrize("shape", SHAPES, ids=str)
every_dtype = pytest.mark.parametrize("dtype", [np.float64, np.float32])


def theta_of(shape, dtype=np.float64):
    return np.arange(1, shape.size + 1, dtype=dtype)


@every_shape
def test_views_have_the_shapes_of_the_layers_and_hold_each_number_once(shape):
    d, h, k = shape.n_features, shape.hidden_width, shape.n_outputs
    parts = shape.views(theta_of(shape))
    assert [part.shape for part in parts] == [(h, d), (h,), (k, h), (k,)]
    assert sorted(np.concatenate([part.ravel() for part in parts])) == theta_of(shape).tolist()


@every_shape
@pytest.mark.parametrize("name", Parameters._fields)
def test_writing_to_a_view_writes_to_theta_alone_there(shape, name):
    theta = theta_of(shape)
    part = getattr(shape.views(theta), name)
    part[...] = -part
    assert (theta < 0).sum() == part.size
    assert_array_equal(np.abs(theta), theta_of(shape))
    for other in Parameters._fields:
        assert (getattr(shape.views(theta), other) < 0).all() == (other == name)


@every_shape
def test_layers_are_weights_beside_their_biases(shape):
    theta = theta_of(shape)
    hidden, output = shape.layers(theta)
    W1, b1, W2, b2 = shape.views(theta)
    assert_array_equal(hidden, np.column_stack([W1, b1]))
    assert_array_equal(output, np.column_stack([W2, b2]))
    assert_array_equal(theta, np.concatenate([hidden.ravel(), output.ravel()]))
    hidden[0, 0] = output[-1, -1] = 0
    assert theta[0] == theta[-1] == 0


@every_shape
@every_dtype
def test_join_undoes_views_in_memory_of_its_own(shape, dtype):
    theta = theta_of(shape, dtype)
    joined = shape.join(shape.views(theta))
    assert_array_equal(joined, theta, strict=True)
    joined[...] = 0
    assert theta.all()
    assert shape.join(shape.views(theta), dtype=np.float32).dtype == np.float32


def test_join_takes_parts_in_any_layout():
    shape = Shape(4, 3, 2)
    parts = shape.views(theta_of(shape))
    assert_array_equal(shape.join(Parameters(*map(np.asfortranarray, parts))), theta_of(shape))


@every_shape
@every_dtype
def test_mask_is_1_for_weights_and_0_for_biases(shape, dtype):
    mask = shape.weights_mask(dtype)
    assert mask.dtype == dtype
    W1, b1, W2, b2 = shape.views(mask)
    assert (W1 == 1).all()
    assert (W2 == 1).all()
    assert not b1.any()
    assert not b2.any()


def drawn(shape, dtype=np.float64, gain=1.0, seed=0):
    return draw(shape, gain, np.arange(shape.n_outputs) / 3, np.random.RandomState(seed), dtype)


@every_shape
def test_a_draw_is_the_same_in_both_dtypes_and_each_time(shape):
    assert_array_equal(drawn(shape), drawn(shape), strict=True)
    assert_array_equal(drawn(shape).astype(np.float32), drawn(shape, np.float32), strict=True)
    assert (shape.views(drawn(shape)).W1 != shape.views(drawn(shape, seed=1)).W1).all()


@every_shape
def test_a_draw_starts_without_output_weights_at_the_given_intercept(shape):
    _, b1, W2, b2 = shape.views(drawn(shape))
    assert not W2.any()
    assert_array_equal(b2, np.arange(shape.n_outputs) / 3)
    assert (np.abs(b1) <= 1).all()


@pytest.mark.parametrize("gain", [1.0, 2.0**0.5])
def test_hidden_units_have_the_spread_of_the_gain_on_standardised_columns(gain):
    shape = Shape(50, 2000, 1)
    W1, b1, _, _ = shape.views(drawn(shape, gain=gain))
    assert_allclose(np.std(W1 @ np.random.RandomState(1).normal(size=(50, 100))), gain, rtol=0.1)
    assert_allclose([b1.min(), b1.mean(), b1.max()], [-1, 0, 1], atol=0.05)
