"""The compiled loops: to 4 units in the last place everywhere, the same bits on any processor, and optional."""

import os
import subprocess
import sys
from importlib import import_module

import mpmath
import numpy as np
import pytest
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal

import sk_shallow
from sk_shallow import ShallowNetClassifier, _activations
from sk_shallow._compiled import LOOPS, loops_in_use
from sk_shallow._losses import LOSSES, OutputBuffers
from sk_shallow._scaling import Scaling

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
compiled = pytest.mark.skipif(LOOPS is None, reason="needs compiled loops")
DTYPES = [np.float64, np.float32]
VALUES = ["tanh", "logistic", "softplus"]
EXACT = {
    "tanh": mpmath.tanh,
    "logistic": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
}
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan]


@pytest.fixture
def level():
    """Let a test choose the loops, and take the best ones again."""
    yield LOOPS.set_level
    LOOPS.set_level(len(LOOPS.levels()) - 1)


def every_binade(dtype, a_binade):
    """Return numbers of both signs from every binade, subnormal ones too, and more where functions bend."""
    info, rng = np.finfo(dtype), np.random.RandomState(0)
    exponents = np.arange(info.minexp - info.nmant, info.maxexp).repeat(a_binade)
    with np.errstate(under="ignore"):
        far = np.ldexp(rng.uniform(1, 2, len(exponents)), exponents).astype(dtype)
    near = rng.uniform(0, 1.1 * np.log(float(info.max)), 20_000)
    Z = np.concatenate([far, near, rng.uniform(0, 2, 10_000)]).astype(dtype)
    return Z * rng.choice([-1, 1], len(Z)).astype(dtype)


def applied(name, Z):
    A = np.empty_like(Z)
    getattr(LOOPS, name)(Z, A)
    return A


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", VALUES)
def test_values_are_right_to_four_units_in_the_last_place(name, dtype):
    Z = every_binade(dtype, 35 if dtype == np.float64 else 270)
    assert len(Z) >= 10**5
    A = applied(name, Z)
    with mpmath.workprec(80):
        exact = [EXACT[name](mpmath.mpf(float(z))) for z in Z]
        rounded = np.array([float(value) for value in exact])
        units = np.spacing(np.abs(rounded.astype(dtype))).astype(float)
        errors = np.array([float(mpmath.mpf(float(a)) - value) for a, value in zip(A, exact, strict=True)])
    assert (np.abs(errors) / units).max() <= 4


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_no_ordinary_number(dtype):
    Z = np.array(SPECIAL, dtype=dtype)
    assert_array_equal(applied("tanh", Z), np.array([0, 0, 1, -1, np.nan], dtype))
    assert_array_equal(np.signbit(applied("tanh", Z))[:2], [False, True])
    assert_array_equal(applied("logistic", Z), np.array([0.5, 0.5, 1, 0, np.nan], dtype))
    assert_array_equal(applied("softplus", Z)[2:], np.array([np.inf, 0, np.nan], dtype))
    for name in ("logistic_chain", "softplus_chain", "relu_chain"):
        D = np.array(SPECIAL, dtype=dtype)
        getattr(LOOPS, name)(np.full(len(D), 0.5, dtype), D)
        assert_array_equal(np.isnan(D), np.isnan(Z))
        assert_array_equal(np.sign(D[2:4]), [1, -1])


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("name", "slope"),
    [
        ("tanh_chain", lambda A: 1 - A**2),
        ("logistic_chain", lambda A: A - A**2),
        ("softplus_chain", lambda A: -np.expm1(-A)),
        ("relu_chain", lambda A: (A > 0).astype(A.dtype)),
    ],
)
def test_chains(name, slope, dtype):
    rng = np.random.RandomState(0)
    A, dA = rng.uniform(0, 1, 1000).astype(dtype), rng.normal(size=1000).astype(dtype)
    dA[:10] = A[:10] = 0
    dZ = dA.copy()
    getattr(LOOPS, name)(A, dZ)
    exact = dA.astype(float) * slope(A.astype(float))
    assert_allclose(dZ, exact, rtol=0, atol=4 * np.finfo(dtype).eps * np.abs(dA).max())


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
def test_the_same_bits_at_every_level_alignment_and_length(dtype, level):
    Z = every_binade(dtype, 3)
    A, dA = np.tanh(Z), np.random.RandomState(0).normal(size=len(Z)).astype(dtype)
    found = {}
    for number in range(len(LOOPS.levels())):
        level(number)
        for name in [*VALUES, "tanh_chain", "logistic_chain", "softplus_chain", "relu_chain"]:
            for first, length in ((0, len(Z)), (1, 997), (3, 5), (2, 64), (7, 1)):
                part = slice(first, first + length)
                if name in VALUES:
                    out = np.empty(length + first, dtype)[first:]
                    getattr(LOOPS, name)(Z[part], out)
                else:
                    out = np.concatenate([np.empty(first, dtype), np.abs(dA[part])])[first:]
                    getattr(LOOPS, name)(np.abs(A[part]), out)
                if first == 0:
                    found.setdefault(name, out.copy())
                assert_array_equal(out, found[name][part])


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
def test_what_is_read_may_be_written(dtype):
    Z = every_binade(dtype, 1)
    for name in VALUES:
        A, expected = Z.copy(), applied(name, Z)
        getattr(LOOPS, name)(A, A)
        assert_array_equal(A, expected)


@compiled
@pytest.mark.parametrize(
    "arrays",
    [
        (np.zeros(4), np.zeros(5)),
        (np.zeros(4), np.zeros(4, np.float32)),
        (np.zeros(4, int), np.zeros(4, int)),
        (np.zeros((4, 4))[:, ::2], np.zeros((4, 2))),
        (np.zeros(4), [0.0] * 4),
        (np.zeros(4, ">f8"), np.zeros(4, ">f8")),
        (np.zeros(4, np.longdouble), np.zeros(4, np.longdouble)),
    ],
)
def test_other_arrays_are_left_to_numpy(arrays):
    with pytest.raises(BufferError, match="contiguous arrays of float32 or float64"):
        LOOPS.tanh(*arrays)
    if all(isinstance(array, np.ndarray) and array.dtype.kind == "f" for array in arrays):
        activation, Z = _activations.ACTIVATIONS["tanh"], arrays[0] + 0.5
        out = np.empty((*Z.shape[:-1], 2 * Z.shape[-1]), Z.dtype)[..., ::2]
        activation.write(Z, out)
        assert_allclose(out.astype(float), np.tanh(0.5))


@compiled
def test_arrays_that_cannot_be_written_and_wrong_calls_are_refused():
    fixed = np.zeros(4)
    fixed.flags.writeable = False
    with pytest.raises(BufferError):
        LOOPS.tanh(np.zeros(4), fixed)
    with pytest.raises(TypeError, match="two arrays"):
        LOOPS.tanh(np.zeros(4))
    Z, place, r = np.zeros((3, 4)), np.zeros(4, np.intp), np.zeros(4)
    for wrong in ((Z[0], place, Z, r), (Z, place[1:], Z, r), (Z, place.astype(np.int32), Z, r), (Z, place, Z)):
        with pytest.raises(BufferError):
            LOOPS.softmax(*wrong)
    with pytest.raises(ValueError, match="no such level"):
        LOOPS.set_level(len(LOOPS.levels()))


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("k", "m"), [(1, 1), (1, 300), (3, 129), (11, 128), (5, 1), (4, 257)])
@pytest.mark.parametrize("spread", [1.0, 40.0])
@np.errstate(over="ignore")
def test_losses_are_those_of_numpy(k, m, dtype, spread, monkeypatch):
    rng = np.random.RandomState(k * m)
    Z2, s = (spread * rng.normal(size=(k, m))).astype(dtype), rng.dirichlet(np.ones(m)).astype(dtype)
    for name in ("sigmoid", "softmax"):
        loss = LOSSES[name]
        y = rng.randint(0, 2, (m, k)).astype(np.uint8) if name == "sigmoid" else rng.randint(0, k, m)
        results = []
        for loops in (LOOPS, None):
            monkeypatch.setattr("sk_shallow._losses.LOOPS", loops)
            outputs = OutputBuffers(Z2.copy())
            targets = loss.encode(y, s, loss.buffer(k, m, np.dtype(dtype)))
            results.append((loss.fused(outputs, targets, s), outputs.Z2))
        (value, dZ2), (expected, expected_dZ2) = results
        eps = float(np.finfo(dtype).eps)
        assert_allclose(value, expected, rtol=8 * eps)
        assert_allclose(dZ2, expected_dZ2, rtol=2 * spread * 32 * eps, atol=float(np.finfo(dtype).tiny))


@compiled
@np.errstate(over="ignore", invalid="ignore")
def test_losses_of_outputs_that_overflow():
    for dtype, far in ((np.float64, 1e300), (np.float32, 1e30)):
        Z2 = np.array([[far, 0.0, -far], [0.0, far, 5.0]], dtype)
        s, loss = np.full(3, 1 / 3, dtype), LOSSES["softmax"]
        outputs = OutputBuffers(Z2.copy())
        targets = loss.encode(np.array([0, 0, 1]), s, loss.buffer(2, 3, np.dtype(dtype)))
        value = loss.fused(outputs, targets, s)
        assert value == pytest.approx(far / 3)
        assert_allclose(outputs.Z2, np.array([[0, -1, 0], [0, 1, 0]]) / 3, rtol=1e-6)


FIT = """
import numpy as np, sk_shallow
from sk_shallow._compiled import LOOPS
rng = np.random.RandomState(0)
X = rng.normal(size=(200, 5)); y = (X[:, 0] * X[:, 1] > 0) + (X[:, 2] > 1)
for activation in ("tanh", "sigmoid", "softplus", "relu"):
    clf = sk_shallow.ShallowNetClassifier(6, activation=activation, l2_regularization=1.0, max_iter=30, tol=0,
                                          learning_rate=0.3, random_state=0).fit(X, y)
    print(LOOPS is None, *clf.loss_curve_)
"""


def fitted_with(loops):
    environment = os.environ | {"SK_SHALLOW_LOOPS": loops}
    command = [sys.executable, "-W", "ignore", "-c", FIT]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_numpy_has_the_same_fits_and_can_be_asked_for():
    numpys, ours = (fitted_with(loops).stdout.splitlines() for loops in ("numpy", "compiled"))
    assert [line.split()[0] for line in numpys] == ["True"] * 4
    assert [line.split()[0] for line in ours] == [str(LOOPS is None)] * 4 or os.environ.get("SK_SHALLOW_LOOPS")
    for one, other in zip(numpys, ours, strict=True):
        assert_allclose(np.array(one.split()[1:], float), np.array(other.split()[1:], float), rtol=1e-12)
    wrong = fitted_with("fast")
    assert "SK_SHALLOW_LOOPS='fast'" in wrong.stderr
    assert wrong.returncode != 0


@compiled
def test_a_fit_has_the_same_bits_at_every_level(level):
    X, y = make_problem("multiclass", n=150)
    fits = []
    for number in range(len(LOOPS.levels())):
        level(number)
        clf = ShallowNetClassifier(5, activation="softplus", learning_rate=0.3, l2_regularization=1.0, tol=0)
        fits.append(clf.set_params(random_state=0, max_iter=20).fit(X, y).hidden_coef_)
    for found in fits[1:]:
        assert_array_equal(found, fits[0])


def test_show_versions_says_which_loops_run(capsys):
    sk_shallow.show_versions()
    out = capsys.readouterr().out
    assert f"sk_shallow: {sk_shallow.__version__}" in out
    assert loops_in_use() in out
    assert "scipy" in out


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_step_of_adam_has_the_bits_of_numpys(dtype, monkeypatch):
    descent, rng = import_module("sk_shallow._solvers._descent"), np.random.RandomState(0)
    gradients = rng.normal(size=(5, 1003)).astype(dtype)
    gradients[:, :3] = 0
    steps = []
    for loops in (LOOPS, None):
        monkeypatch.setattr(descent, "LOOPS", loops)
        memory, own = {}, []
        for gradient in gradients:
            step, memory = descent.Adam(0.01).step(gradient, memory)
            own.append(step)
        steps.append((own, memory["first_moment"], memory["second_moment"]))
    for found, expected in zip(*steps, strict=True):
        assert_array_equal(found, expected)
    with pytest.raises(BufferError):
        LOOPS.adam(*[np.zeros(3)] * 5, np.zeros(4), *[0.1] * 6)
    with pytest.raises(BufferError):
        LOOPS.adam(*[np.zeros(3)] * 6, *[0.1] * 5, "x")


@compiled
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [1, 7, 54])
def test_scaled_rows_have_the_bits_of_numpys(dtype, d, level):
    rng = np.random.RandomState(d)
    X, center, factor = rng.normal(size=(40, d)), rng.normal(size=d), rng.uniform(1, 9, d)
    X[3, 0], X[4, -1], X[5] = np.nan, np.inf, center
    X, center, factor = (array.astype(dtype) for array in (X, center, factor))
    places = np.r_[rng.randint(40, size=90), 39, 0, 0]
    for number in range(len(LOOPS.levels())):
        level(number)
        for rows, named in ((X, ()), (X[places], (places,))):
            out = np.full((len(rows), d + 1), 7, dtype)
            LOOPS.scaled(X, center, factor, out, *named)
            assert_array_equal(out[:, :-1], (rows - center) * factor)
            assert (out[:, -1] == 7).all()


@compiled
def test_rows_to_scale_that_are_not_there_or_do_not_fit_are_refused():
    X, one, places = np.zeros((5, 3)), np.ones(3), np.arange(4)
    out = np.full((4, 4), 7.0)
    LOOPS.scaled(X, one, one, out, places)
    assert (out[:, -1] == 7).all()
    assert (out[:, :-1] == -1).all()
    for wrong in (
        (X, one, one, out),  # five rows, and space for four
        (X, one, one, out, places[1:]),
        (X, one, one, out, places + 2),
        (X, one, one, out, places - 1),
        (X, one, one, out, places.astype(np.int32)),
        (X, one[1:], one, out, places),
        (X, one, one.astype(np.float32), out, places),
        (X, one, one, out[:, 1:].copy(), places),
        (X, one, one, out.astype(np.float32), places),
        (np.asfortranarray(X), one, one, out, places),
        (X[0], one, one, out, places),
        (X, one, one),
    ):
        with pytest.raises(BufferError):
            LOOPS.scaled(*wrong)


@pytest.mark.parametrize("layout", ["C", "F"])
@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("unit", [True, False])
def test_rows_are_scaled_alike_with_and_without_compiled_loops(layout, kept, unit, monkeypatch):
    rows_module, rng = import_module("sk_shallow._rows"), np.random.RandomState(0)
    X = np.array(rng.normal(size=(30, 4)), order=layout)
    unit = np.ldexp(1.0, [0, 3, -2, 1]) if unit else None
    scaling = Scaling(rng.normal(size=4), rng.uniform(1, 2, 4), unit)
    expected = scaling.scaled(X)
    for loops in (LOOPS, None):
        monkeypatch.setattr(rows_module, "LOOPS", loops)
        rows = rows_module.PreparedRows(X, scaling, kept)
        for index in (slice(5, 25), np.array([7, 1, 7, 29])):
            m = 20 if isinstance(index, slice) else 4
            block = rows.load(index, rows.buffer(m))
            for found in block:
                assert_array_equal(found, np.column_stack([expected[index], np.ones(m)]))
