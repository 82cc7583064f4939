"""J and ∇J over parts equal the textbook, on every combination and at every block edge."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from sk_shallow import ACTIVATIONS, Activation, textbook
from sk_shallow._kernel import Kernel
from sk_shallow._losses import LOSSES
from sk_shallow._objective import Batch, Examples, Objective, blocks_of, parts_of
from sk_shallow._parameters import Shape
from sk_shallow._rows import cut, even_slices, training_rows
from sk_shallow._scaling import Scaling
from sk_shallow._threads import in_turn, run

CUSTOM = Activation(np.sin, np.cos, name="sine")


def problem(kind, n=90, dtype=np.float64):
    """Return X, y as the loss encodes it, Y (n, k), and the name of g2."""
    X, y = make_problem(kind, n=n, dtype=dtype)
    if kind == "multiclass":
        return X, y, np.eye(4, dtype=dtype)[y], "softmax"
    encoded = y.reshape(n, -1).astype(np.uint8)
    return X, encoded, encoded.astype(dtype), "sigmoid"


def build(
    X, y, s, output, *, h=7, l2=0.9, activation=ACTIVATIONS["tanh"], scaling=None, plan=None, map_parts=in_turn
):
    """Return an objective whose rows are of the kind, and cut into the blocks, that `plan` says."""
    kind, slices = plan or (None, None)
    shape = Shape(X.shape[1], h, y.shape[1] if y.ndim == 2 else int(y.max()) + 1)
    rows, rest = training_rows(X, scaling or Scaling(), shape, kind)
    total = len(y) if s is None else s.sum()
    examples = Examples(
        Kernel(rows, shape, activation, LOSSES[output], X.dtype), y, None if s is None else s / total
    )
    parts = parts_of(examples, blocks_of(examples, slices or cut(rows, len(y), shape)))
    objective = Objective(parts, lambda i: Batch(examples, i), shape, rest, l2 / total, X.dtype, map_parts)
    return objective, shape


def by_textbook(theta, shape, X, Y, s, l2, activation, output):
    parameters = shape.views(theta)
    layers = textbook.forward(X, parameters, activation=activation, output=output)
    J = textbook.cost(layers, Y, s, parameters, output=output, l2_regularization=l2)
    gradient = textbook.backward(
        layers, X, Y, s, parameters, activation=activation, output=output, l2_regularization=l2
    )
    return J, shape.join(gradient)


def in_form(X, form):
    return sp.csr_array(X) if form == "csr" else np.asarray(X, order=form)


def plans(form, n=90):
    """One block, several of unequal length, and more blocks than parts; for every kind of rows."""
    kinds = ["sparse"] if form == "csr" else ["kept", "loaded", "raw"]
    return [(kind, slices) for kind in kinds for slices in ([slice(0, n)], even_slices(n, 20), even_slices(n, 2))]


@pytest.mark.parametrize("activation", [*ACTIVATIONS.values(), CUSTOM], ids=lambda a: a.name)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("form", ["C", "F", "csr"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_objective_equals_textbook(activation, kind, weighted, form, dtype):
    X, y, Y, output = problem(kind, dtype=dtype)
    s = np.random.RandomState(1).randint(0, 4, size=len(X)).astype(dtype) if weighted else None
    for plan in plans(form):
        objective, shape = build(in_form(X, form), y, s, output, activation=activation, plan=plan)
        theta = np.random.RandomState(2).normal(size=shape.size).astype(dtype)
        value, gradient = objective(theta)
        ones = np.ones(len(X), dtype) if s is None else s
        J, expected = by_textbook(theta, shape, X, Y, ones, 0.9, activation, output)
        tolerance = 1e-12 if dtype == np.float64 else 2e-5
        assert gradient.dtype == dtype
        assert_allclose(value, J, rtol=tolerance)
        assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("form", ["C", "F", "csr"])
@pytest.mark.parametrize("units", [False, True])
def test_scaling_acts_as_if_on_the_columns(form, units):
    X, y, Y, output = problem("multiclass")
    X = X * [1, 10, 100, 1e-3, 5] + [0, 3, 1000, 0, -7]
    unit = np.array([1, 0.5, 4, 2.0**10, 2.0**-7]) if units else None
    X_units = X if unit is None else X * unit
    center, scale = (None if form == "csr" else X_units.mean(axis=0)), X_units.std(axis=0)
    scaled = (X_units - (0 if center is None else center)) / scale
    for plan in plans(form):
        objective, shape = build(
            in_form(X, form), y, None, output, scaling=Scaling(center, scale, unit), plan=plan
        )
        theta = np.random.RandomState(2).normal(size=shape.size) / 100
        value, gradient = objective(theta)
        J, expected = by_textbook(theta, shape, scaled, Y, np.ones(len(X)), 0.9, "tanh", output)
        assert_allclose(value, J, rtol=1e-12)
        assert_allclose(gradient, expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("form", ["C", "F", "csr"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("scaled", [False, True])
def test_batches_average_to_the_whole(form, weighted, scaled):
    X, y, _, output = problem("multiclass")
    s = np.arange(len(X), dtype=float) if weighted else None
    center = X.mean(axis=0) if scaled and form != "csr" else None
    scaling = Scaling(center, X.std(axis=0) if scaled else None)
    for plan in plans(form):
        objective, shape = build(in_form(X, form), y, s, output, scaling=scaling, plan=plan)
        theta = np.random.RandomState(2).normal(size=shape.size)
        order = np.random.RandomState(0).permutation(len(X))
        batches = [objective(theta, order[i : i + 18]) for i in range(0, 90, 18)]
        value, gradient = objective(theta)
        assert_allclose(np.mean([J for J, _ in batches]), value, rtol=1e-12)
        assert_allclose(np.mean([g for _, g in batches], axis=0), gradient, atol=1e-13)


def test_result_does_not_depend_on_the_number_of_threads():
    X, y, _, output = problem("multiclass", n=20_000)

    def evaluate(map_parts):
        objective, shape = build(X, y, None, output, h=64, map_parts=map_parts)
        return objective(np.random.RandomState(0).normal(size=shape.size))

    results = []
    for limit in (1, 2):
        with threadpool_limits(limit, user_api="blas"):
            results.append(run(evaluate, parallel=True))
    assert results[0][0] == results[1][0]
    assert_array_equal(results[0][1], results[1][1])


def test_an_evaluation_leaves_earlier_results_alone():
    X, y, _, output = problem("binary")
    objective, shape = build(X, y, None, output)
    theta = np.random.RandomState(0).normal(size=shape.size)
    _, first = objective(theta)
    copy = first.copy()
    objective(theta + 1)
    assert_array_equal(first, copy)


def test_parts_are_anything_that_evaluates():
    class Elsewhere:
        def __init__(self, part):
            self.part = part

        def evaluate(self, layers):
            return self.part.evaluate(tuple(np.array(layer) for layer in layers))

    X, y, _, output = problem("binary")
    objective, shape = build(X, y, None, output, plan=("loaded", even_slices(90, 10)))
    theta = np.random.RandomState(0).normal(size=shape.size)
    value, gradient = objective(theta)
    objective._parts = [Elsewhere(part) for part in objective._parts]
    assert objective(theta)[0] == value
    assert_array_equal(objective(theta)[1], gradient)


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 100, 2048, 2049, 100_000])
def test_slices_cover_every_row_once(n):
    slices = even_slices(n, 2048)
    assert [i for rows in slices for i in range(rows.start, rows.stop)] == list(range(n))
    assert max(rows.stop - rows.start for rows in slices) <= 2048


@pytest.mark.parametrize(("h", "longest"), [(1, 4096), (64, 2048), (4096, 256)])
def test_blocks_are_shorter_where_the_network_is_wider(h, longest):
    X = np.zeros((100_000, 3))
    shape = Shape(3, h, 1)
    rows, _ = training_rows(X, Scaling(), shape, "loaded")
    assert max(block.stop - block.start for block in cut(rows, len(X), shape)) <= longest


@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=lambda a: a.name)
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_textbook_runs_in_another_array_namespace(activation, kind):
    xp = pytest.importorskip("array_api_strict")
    X, _, Y, output = problem(kind)
    shape = Shape(X.shape[1], 3, Y.shape[1])
    theta = np.random.RandomState(0).normal(size=shape.size)
    moved = textbook.Parameters(*(xp.asarray(part.copy()) for part in shape.views(theta)))
    s = xp.ones(len(X), dtype=xp.float64)
    layers = textbook.forward(xp.asarray(X), moved, activation=activation, output=output)
    options = {"activation": activation, "output": output, "l2_regularization": 0.5}
    gradient = textbook.backward(layers, xp.asarray(X), xp.asarray(Y), s, moved, **options)
    J = textbook.cost(layers, xp.asarray(Y), s, moved, output=output, l2_regularization=0.5)
    expected_J, expected = by_textbook(theta, shape, X, Y, np.ones(len(X)), 0.5, activation, output)
    assert_allclose(float(J), expected_J, rtol=1e-12)
    for part, other in zip(gradient, shape.views(expected), strict=True):
        assert type(part) is type(s)
        assert_allclose(np.from_dlpack(part), other, atol=1e-12)
