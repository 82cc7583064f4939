"""The fast path equals the textbook network, on every combination and at every block edge."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from sk_shallow import ACTIVATIONS, Activation, _objective, _rows
from sk_shallow._losses import SigmoidCrossEntropy, SoftmaxCrossEntropy
from sk_shallow._network import backward, cost, forward
from sk_shallow._objective import Objective
from sk_shallow._parameters import Parameters, Shape
from sk_shallow._prediction import forward_blocks

CUSTOM = Activation(np.sin, np.cos, name="sine")


def problem(kind, n=90, dtype=np.float64):
    X, y = make_problem(kind, n=n, dtype=dtype)
    if kind == "multiclass":
        return X, y, np.eye(4, dtype=dtype)[y], SoftmaxCrossEntropy()
    encoded = y.reshape(n, -1).astype(np.uint8)
    return X, encoded, encoded.astype(dtype), SigmoidCrossEntropy()


def build(X, encoded, s, loss, *, h=7, l2=0.9, activation=ACTIVATIONS["tanh"], center=None, scale=None):
    k = encoded.shape[1] if encoded.ndim == 2 else encoded.max() + 1
    shape = Shape(X.shape[1], h, int(k))
    return Objective(
        X,
        encoded,
        s,
        center=center,
        scale=scale,
        shape=shape,
        activation=activation,
        loss=loss,
        l2_regularization=l2,
    )


def textbook(objective, theta, X, Y, s, l2):
    parameters = objective.shape.views(theta)
    layers = forward(X, parameters, objective.activation, objective.loss)
    J = cost(layers, Y, s, parameters, objective.loss, l2)
    gradient = backward(layers, X, Y, s, parameters, objective.activation, objective.loss, l2)
    return J, objective.shape.join(gradient)


@pytest.fixture(params=["one block", "kept blocks", "loaded blocks", "raw blocks"])
def blocks(request, monkeypatch):
    """Small blocks, so that 90 rows fill several of unequal length."""
    if request.param != "one block":
        monkeypatch.setattr(_rows.DenseRows, "most_rows", 4)
        monkeypatch.setattr(_rows.DenseRows, "least_rows", 1)
        monkeypatch.setattr(_rows.SparseRows, "most_rows", 4)
        monkeypatch.setattr(_rows.SparseRows, "least_rows", 1)
    if request.param == "loaded blocks":
        monkeypatch.setattr(_objective, "KEPT_ELEMENTS", 0)
    if request.param == "raw blocks":
        monkeypatch.setattr(_rows.WideRows, "most_rows", 4)
        monkeypatch.setattr(_rows.WideRows, "least_rows", 1)
        monkeypatch.setattr(_objective, "KEPT_ELEMENTS", 0)
        monkeypatch.setattr(_objective, "WIDE", 0)


@pytest.mark.parametrize("activation", [*ACTIVATIONS.values(), CUSTOM], ids=lambda a: a.name)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["C", "F", "csr"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.usefixtures("blocks")
def test_fast_path_equals_textbook(activation, kind, weighted, form, dtype):
    X, encoded, Y, loss = problem(kind, dtype=dtype)
    s = np.random.RandomState(1).randint(0, 4, size=len(X)).astype(dtype) if weighted else None
    given = sp.csr_array(X) if form == "csr" else np.asarray(X, order=form)
    objective = build(given, encoded, s, loss, activation=activation)
    theta = np.random.RandomState(2).normal(size=objective.shape.size).astype(dtype)
    with objective:
        value, gradient = objective(theta)
    J, expected = textbook(objective, theta, X, Y, np.ones(len(X), dtype) if s is None else s, 0.9)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    assert gradient.dtype == dtype
    assert_allclose(value, J, rtol=tolerance)
    assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("form", ["C", "F", "csr"])
@pytest.mark.usefixtures("blocks")
def test_centre_and_scale_act_as_if_on_the_columns(form):
    X, encoded, Y, loss = problem("multiclass")
    X = X * [1, 10, 100, 1e-3, 5] + [0, 3, 1000, 0, -7]
    center, scale = (None if form == "csr" else X.mean(axis=0)), X.std(axis=0)
    given = sp.csr_array(X) if form == "csr" else np.asarray(X, order=form)
    objective = build(given, encoded, None, loss, center=center, scale=scale)
    theta = np.random.RandomState(2).normal(size=objective.shape.size) / 100
    with objective:
        value, gradient = objective(theta)
    scaled = (X - (0 if center is None else center)) / scale
    J, expected = textbook(objective, theta, scaled, Y, np.ones(len(X)), 0.9)
    assert_allclose(value, J, rtol=1e-12)
    assert_allclose(gradient, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("form", ["C", "F", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.usefixtures("blocks")
def test_batches_average_to_the_whole(form, weighted, scaled):
    X, encoded, _, loss = problem("multiclass")
    s = np.arange(len(X), dtype=float) if weighted else None
    center, scale = (X.mean(axis=0), X.std(axis=0)) if scaled else (None, None)
    given = sp.csr_array(X) if form == "csr" else np.asarray(X, order=form)
    objective = build(given, encoded, s, loss, center=None if form == "csr" else center, scale=scale)
    theta = np.random.RandomState(2).normal(size=objective.shape.size)
    batches = [batch(theta) for batch in objective.batches(18, np.random.RandomState(0))]
    value, gradient = objective(theta)
    assert len(batches) == 5
    assert_allclose(np.mean([J for J, _ in batches]), value, rtol=1e-12)
    assert_allclose(np.mean([g for _, g in batches], axis=0), gradient, atol=1e-13)


def test_result_does_not_depend_on_the_number_of_threads():
    X, encoded, _, loss = problem("multiclass", n=20_000)
    results = []
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"), build(X, encoded, None, loss, h=64) as objective:
            theta = np.random.RandomState(0).normal(size=objective.shape.size)
            results.append(objective(theta))
    assert results[0][0] == results[1][0]
    assert_array_equal(results[0][1], results[1][1])


def test_an_evaluation_leaves_earlier_results_alone():
    X, encoded, _, loss = problem("binary")
    objective = build(X, encoded, None, loss)
    theta = np.random.RandomState(0).normal(size=objective.shape.size)
    _, first = objective(theta)
    copy = first.copy()
    objective(theta + 1)
    assert_array_equal(first, copy)


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 100, 2048, 2049, 100_000])
def test_slices_cover_every_row_once(n):
    slices = _rows.even_slices(n, 2048)
    assert [i for rows in slices for i in range(rows.start, rows.stop)] == list(range(n))
    assert max(rows.stop - rows.start for rows in slices) <= 2048


@pytest.mark.parametrize("activation", [*ACTIVATIONS.values(), CUSTOM], ids=lambda a: a.name)
@pytest.mark.parametrize("form", ["C", "F", "csr"])
def test_prediction_equals_textbook(activation, form):
    X, _, _, loss = problem("multiclass", n=5000)
    shape = Shape(5, 7, 4)
    parameters = shape.views(np.random.RandomState(0).normal(size=shape.size))
    given = sp.csr_array(X) if form == "csr" else np.asarray(X, order=form)
    layers = forward(X, parameters, activation, loss)
    for expected, output in ((layers.A1, False), (layers.Z2, True)):
        out = forward_blocks(given, parameters, activation, np.empty_like(expected), lambda block: block, output)
        assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=lambda a: a.name)
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_textbook_runs_in_another_array_namespace(activation, kind):
    xp = pytest.importorskip("array_api_strict")
    X, _, Y, loss = problem(kind)
    shape = Shape(X.shape[1], 3, Y.shape[1])
    parameters = shape.views(np.random.RandomState(0).normal(size=shape.size))
    moved = Parameters(*(xp.asarray(part.copy()) for part in parameters))
    X_, Y_, s = xp.asarray(X), xp.asarray(Y), xp.ones(len(X), dtype=xp.float64)
    layers = forward(X_, moved, activation, loss)
    gradient = backward(layers, X_, Y_, s, moved, activation, loss, 0.5)
    expected = backward(
        forward(X, parameters, activation, loss), X, Y, np.ones(len(X)), parameters, activation, loss, 0.5
    )
    for part, other in zip(gradient, expected, strict=True):
        assert type(part) is type(X_)
        assert_allclose(np.from_dlpack(part), other, atol=1e-12)
