"""Moments merge, whatever the cut and the units; scaling gives columns mean 0 and variance 1, and folds away."""

import numpy as np
import pytest
import scipy.sparse as sp
from numpy.testing import assert_allclose, assert_array_equal

from sk_shallow._moments import moments_of
from sk_shallow._parameters import Parameters
from sk_shallow._scaling import Scaling, centred_intercept, folded, scaling_of, unfolded

F64, F32 = np.dtype(np.float64), np.dtype(np.float32)
N, D = 60, 4
RAW = np.random.RandomState(0).gamma(1.0, size=(N, D)) * [1, 10, 1e-3, 5] - [0, 3, 0, 100]
X = np.where(np.random.RandomState(1).uniform(size=(N, D)) < 0.3, 0, RAW)
S = np.random.RandomState(2).randint(0, 4, size=N).astype(float)
FORMS = {"C": np.ascontiguousarray, "F": np.asfortranarray, "csr": sp.csr_array}
every_form = pytest.mark.parametrize("form", FORMS)
rows_of_any_kind = pytest.mark.parametrize("s", [None, S, S / 7e5], ids=["plain", "weighted", "shares"])


@pytest.fixture(autouse=True)
def as_in_a_fit():
    with np.errstate(all="ignore"):
        yield


def moments(rows, s=None):
    return moments_of(rows, s, float(rows.shape[0] if s is None else s.sum()))


def assert_same_moments(found, expected, rtol=1e-12):
    """Compare in the units of the expected ones."""
    shift = found.exponent - expected.exponent
    largest = np.maximum(np.abs(expected.low), np.abs(expected.high))
    for name, power in (("mean", 1), ("variance", 2), ("low", 1), ("high", 1)):
        difference = np.ldexp(getattr(found, name), power * shift) - getattr(expected, name)
        assert (np.abs(difference) <= rtol * largest**power).all(), (name, found, expected)
    assert_allclose(found.weight, expected.weight, rtol=rtol)


def scaled(scaling, rows):
    out = np.empty(rows.shape, rows.dtype)
    scaling.astype(rows.dtype).apply(rows, out)
    return out


@every_form
@rows_of_any_kind
@pytest.mark.parametrize("dtype", [F64, F32])
@pytest.mark.parametrize("repeats", [1, 400])
def test_moments_are_those_of_numpy(form, s, dtype, repeats):
    rows = np.tile(X, (repeats, 1)).astype(dtype)  # 400 times: more than one block inside
    weights = np.ones(len(rows)) if s is None else np.tile(s, repeats)
    found = moments(FORMS[form](rows), None if s is None else weights)
    present = rows[weights > 0].astype(float)
    weights = weights[weights > 0]
    mean = np.average(present, axis=0, weights=weights)
    assert_allclose(found.mean, mean, rtol=1e-12)
    assert_allclose(found.variance, np.average((present - mean) ** 2, axis=0, weights=weights), rtol=1e-11)
    assert_array_equal(found.low, present.min(axis=0))
    assert_array_equal(found.high, present.max(axis=0))
    assert not found.exponent.any()
    assert found[1].dtype == found[2].dtype == F64


@every_form
def test_integer_weights_are_repetitions_and_zero_is_absence(form):
    rows = X.copy()
    rows[S == 0] = 1e9
    repeated = moments(FORMS[form](np.repeat(rows, S.astype(int), axis=0)))
    assert_same_moments(moments(FORMS[form](rows), S), repeated)


CUTS = [
    (factor, cuts) for factor in (1.0, 2.0**996, 2.0**-996, "mixed") for cuts in ([30], [7, 55], [12, 24, 36, 48])
]
CUTS += [(factor, range(1, N)) for factor in (1.0, 2.0**996, 2.0**-996)]


@every_form
@pytest.mark.parametrize(("factor", "cuts"), CUTS, ids=str)
def test_any_cut_merges_to_the_moments_of_the_whole(form, factor, cuts):
    factors = np.repeat([1.0, 2.0**996, 2.0**-996], 20)[:, None] if factor == "mixed" else factor
    rows = X * [1, 1, 1e3, 1] * factors
    parts = [moments(FORMS["C" if i % 2 else form](part)) for i, part in enumerate(np.split(rows, cuts))]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    assert_same_moments(merged, moments(FORMS[form](rows)))


@pytest.mark.parametrize("sizes", [(1e300, 1e-300), (1e-300, 1e300), (1e308, 1e308), (5e-324, 5e-324), (1, 3)])
def test_weights_of_any_size_merge(sizes):
    a, b = (moments_of(part, None, size) for part, size in zip((X[:20], X[20:]), sizes, strict=True))
    merged = a.merge(b)
    share = {1e300: 0, 1e-300: 1, 1e308: 0.5, 5e-324: 0.5, 1: 0.75}[sizes[0]]
    mean = (1 - share) * a.mean + share * b.mean
    assert_allclose(merged.mean, mean, rtol=1e-12)
    between = (1 - share) * (a.variance + (a.mean - mean) ** 2) + share * (b.variance + (b.mean - mean) ** 2)
    assert_allclose(merged.variance, between, rtol=1e-12)
    assert 0 < merged.weight < np.inf


FACTORS = [(F64, f) for f in (1, 1e200, 1e300, 1e-200, 1e-300)] + [(F32, f) for f in (1, 1e30, 1e-28)]


@pytest.mark.parametrize("form", ["C", "F"])
@rows_of_any_kind
@pytest.mark.parametrize(("dtype", "factor"), FACTORS)
def test_scaled_columns_have_mean_0_and_variance_1(form, s, dtype, factor):
    rows = FORMS[form]((X * [1, 10, 1000, 1] * [factor, 1, factor, 1]).astype(dtype))
    scaling = scaling_of(moments(rows, s), dtype, sparse=False)
    assert (scaling.unit is None) == (factor == 1)
    Z = scaled(scaling, rows).astype(float)
    assert_allclose(np.average(Z, axis=0, weights=s), 0, atol=100 * np.finfo(dtype).eps)
    assert_allclose(np.average(Z**2, axis=0, weights=s), 1, rtol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize("factor", [1, 1e300, 1e-300])
def test_stored_numbers_of_scaled_sparse_columns_have_mean_square_1_and_stay_where_they_are(factor):
    rows = X * [factor, 1, factor, 1]
    scaling = scaling_of(moments(sp.csr_array(rows)), F64, sparse=True)
    assert scaling.center is None
    Z = scaled(scaling, rows)
    assert_allclose((Z**2).sum(axis=0) / (rows != 0).sum(axis=0), 1, rtol=1e-12)
    assert_array_equal(Z == 0, rows == 0)


@pytest.mark.parametrize("constant", [0.0, 1e5, -7.3, 1e300, -1e300, 1e-310, 5e-324])
@pytest.mark.parametrize("form", ["C", "csr"])
def test_constant_columns_are_finite_and_count_as_0(constant, form):
    rows = X.copy()
    rows[:, 1] = constant
    scaling = scaling_of(moments(FORMS[form](rows)), F64, sparse=form == "csr")
    assert np.isfinite(scaling.scale).all()
    assert (scaling.scale > 0).all()
    assert (np.abs(scaling.fold(np.ones((1, D + 1)))[:, 1]) <= 1).all()
    Z = scaled(scaling, rows)[:, 1]
    assert (np.abs(Z) <= 1 + 1e-15).all() if form == "csr" else not Z.any()


@pytest.mark.parametrize("form", ["C", "F"])
@pytest.mark.parametrize("dtype", [F64, F32])
@pytest.mark.parametrize("n", [N, 50_000])
def test_a_column_that_is_constant_to_rounding_is_not_blown_up(form, dtype, n):
    rows = FORMS[form](np.resize(X, (n, D)).astype(dtype))
    rows[:, 1] = 0.3
    rows[::3, 1] = np.nextafter(rows[0, 1], dtype.type(1))
    Z = scaled(scaling_of(moments(rows), dtype, sparse=False), rows)[:, 1]
    assert 0 < np.abs(Z).max() < 4 * np.finfo(dtype).eps


def test_a_row_without_influence_does_not_lie_at_infinity():
    s = np.where(np.arange(N) == 3, 1.0, 1e-300)
    assert np.abs(scaled(scaling_of(moments(X, s), F64, sparse=False), X)).max() <= 2.0**26 * (1 + 1e-12)


@pytest.mark.parametrize("form", ["C", "csr"])
@pytest.mark.parametrize(("dtype", "factor"), [(F64, 1e-310), (F32, 1e-42)])
def test_too_small_a_spread_is_told_by_column(form, dtype, factor):
    rows = FORMS[form]((RAW * [1, 1, factor * 1e3, 1]).astype(dtype))
    with pytest.raises(ValueError, match=f"column 2: too small for weights in {dtype.name}"):
        scaling_of(moments(rows), dtype, sparse=form == "csr")


unit = np.array([1, 2.0**30, 2.0**-900, 1])
center, scale = np.array([0.5, 1e3, -2, 7]), np.array([2, 1e-3, 1, 1e5])
SCALINGS = [Scaling(), Scaling(center), Scaling(None, scale), Scaling(None, scale, unit), Scaling(center, scale)]
SCALINGS += [Scaling(center, scale, unit), Scaling(center, None, unit)]


@pytest.mark.parametrize("scaling", SCALINGS)
def test_folded_weights_do_on_raw_rows_what_they_did_on_scaled_ones(scaling):
    rng = np.random.RandomState(0)
    H, G = rng.normal(size=(2, 3, D + 1))
    rows = RAW / (1 if scaling.unit is None else scaling.unit)
    on_scaled = scaled(scaling, rows) @ H[:, :-1].T + H[:, -1]
    copy, F = H.copy(), scaling.fold(H)
    assert_allclose(rows @ F[:, :-1].T + F[:, -1], on_scaled, rtol=1e-9)
    assert_allclose(scaling.unfold(F), H, rtol=1e-9)
    assert_array_equal(H, copy)
    adjoint = (G if scaling.unit is None else G / np.append(scaling.unit, 1)).copy()
    product = float((F * adjoint).sum())
    scaling.adjoint(adjoint)
    assert_allclose((H * adjoint).sum(), product, rtol=1e-9)


def test_what_is_split_off_rows_is_left_for_the_parameters():
    for whole in SCALINGS:
        for rows_are_scaled in (True, False):
            for_rows, rest = whole.split(rows_are_scaled=rows_are_scaled)
            rows = RAW / (1 if whole.unit is None else whole.unit)
            assert_allclose(scaled(rest, scaled(for_rows, rows)), scaled(whole, rows), rtol=1e-12)
            assert rest.is_trivial == (rows_are_scaled or whole.scale is None)


@pytest.mark.parametrize(("far", "factor"), [(0, 1), (1e6, 1), (-1e6, 1), (1e6, "large"), (1e6, "small")])
@pytest.mark.parametrize("dtype", [F64, F32])
def test_a_network_survives_folding_also_where_means_are_far(far, factor, dtype):
    size = {1: 1.0, "large": 2.0 ** (900 if dtype == F64 else 80), "small": 2.0 ** (-900 if dtype == F64 else -80)}
    rows = ((np.random.RandomState(0).normal(size=(N, D)) + far) * [size[factor], 1, 1, 1]).astype(dtype)
    scaling = scaling_of(moments(rows), dtype, sparse=False)
    rng = np.random.RandomState(1)
    inner = Parameters(*(rng.normal(size=shape).astype(dtype) for shape in ((3, D), 3, (2, 3), 2)))
    raw, rest = folded(inner, scaling, dtype)
    assert (rest is None) == (far == 0)
    assert {part.dtype for part in raw} == {dtype}
    back = unfolded(raw, rest, scaling)
    for part, expected in zip(back, inner, strict=True):
        assert_allclose(part, expected, rtol=4 * np.finfo(dtype).eps, atol=1e-6 if dtype == F32 else 1e-9)
    if rest is not None:
        b1 = centred_intercept(raw, rest)
        assert b1.dtype == F64
        assert_allclose(b1, inner.b1, rtol=1e-6 if dtype == F32 else 1e-9)
        Z1 = (rows.astype(float) - rest.center) @ raw.W1.T.astype(float) + b1
        assert_allclose(Z1, scaled(scaling, rows) @ inner.W1.T + inner.b1, atol=1e-5 if dtype == F32 else 1e-9)


def test_a_network_goes_on_under_a_scaling_of_more_rows():
    rows = np.random.RandomState(0).normal(size=(N, D)) + 1e6
    scaling, other = (scaling_of(moments(part), F64, sparse=False) for part in (rows[:20], rows + np.pi))
    inner = Parameters(np.eye(3, D), np.arange(3.0), np.ones((1, 3)), np.ones(1))
    W1, b1, _, _ = unfolded(*folded(inner, scaling, F64), other)
    assert_allclose(scaled(other, rows) @ W1.T + b1, scaled(scaling, rows)[:, :3] + np.arange(3), atol=1e-9)


def test_a_changed_intercept_is_the_truth():
    rows = X + 1e6
    scaling = scaling_of(moments(rows), F64, sparse=False)
    raw, far = folded(Parameters(np.ones((3, D)) / 3, np.ones(3), np.ones((1, 3)), np.ones(1)), scaling, F64)
    changed = raw._replace(b1=raw.b1 + 1)
    far = far._replace(rest=np.full(3, 100.0))
    assert_allclose(centred_intercept(raw, far), np.full(3, 101.0), atol=1e-4)
    assert_array_equal(centred_intercept(changed, far), changed.b1 + raw.W1 @ far.center)
    assert_allclose(unfolded(changed, far, scaling).b1, np.full(3, 2.0), atol=1e-4)


def test_weights_that_overflow_for_raw_rows_are_told_by_column():
    W1 = np.ones((3, D))
    W1[1, 2] = 1e10
    scaling = Scaling(np.zeros(D), np.array([1, 1, 1e-300, 1]))
    with pytest.raises(ValueError, match="column 2 of X overflow in float64"):
        folded(Parameters(W1, np.ones(3), np.ones((1, 3)), np.ones(1)), scaling, F64)


TWO_VALUES = [(0.0, 1.0), (-3.0, 7.0), (1e5, 1e5 + 1), (-1e200, 1e200), (0.0, 1e-200)]


@pytest.mark.parametrize("values", TWO_VALUES, ids=str)
@pytest.mark.parametrize("share", [1 / N, 0.3, 1 - 1 / N])
@rows_of_any_kind
def test_columns_of_two_values_are_centred_and_lie_at_a_distance_of_1(values, share, s):
    rows = X.copy()
    first = np.roll(np.arange(N) < round(share * N), 1)
    rows[:, 1] = np.where(first, *values)
    weights = None if s is None else s + s.max()
    Z = scaled(scaling_of(moments(rows, weights), F64, sparse=False), rows)
    assert_allclose(np.average(Z[:, 1], weights=weights), 0, atol=1e-9)
    assert_allclose(np.ptp(Z[:, 1]), 1, rtol=1e-9)
    assert_allclose(np.average(Z[:, 0] ** 2, weights=weights), 1, rtol=1e-9)


@pytest.mark.parametrize("between", [0.5, 0.01])
def test_columns_of_nearly_two_values_have_variance_1(between):
    rows = X.copy()
    rows[:, 1] = np.arange(N) % 2
    rows[3, 1] = between
    Z = scaled(scaling_of(moments(rows), F64, sparse=False), rows)[:, 1]
    assert_allclose(Z.var(), 1)


def test_a_third_value_without_weight_counts_as_absent():
    rows, s = X.copy(), np.ones(N)
    rows[:, 1] = np.arange(N) % 2
    rows[3, 1], s[3] = 5, 0
    assert scaling_of(moments(rows, s), F64, sparse=False).scale[1] == 1


@rows_of_any_kind
def test_sparse_columns_are_divided_by_the_root_mean_square_of_what_they_store(s):
    scaling = scaling_of(moments(sp.csr_array(X), s), F64, sparse=True)
    for column, scale in zip(X.T, scaling.scale, strict=True):
        stored = column != 0
        weights = None if s is None else s[stored]
        assert_allclose(scale, np.sqrt(np.average(column[stored] ** 2, weights=weights)))


@pytest.mark.parametrize("share", [1 / N, 0.4, 1])
def test_sparse_indicators_stay_as_they_are(share):
    rows = X.copy()
    rows[:, 1] = np.arange(N) < share * N
    assert_allclose(scaling_of(moments(sp.csr_array(rows)), F64, sparse=True).scale[1], 1)


@rows_of_any_kind
def test_the_share_of_stored_numbers_is_known_and_merges(s):
    weights = np.ones(N) if s is None else s
    found = moments(sp.csr_array(X), s)
    assert_allclose(found.filled, weights @ (X != 0) / weights.sum())
    parts = [moments(sp.csr_array(X[cut]), None if s is None else s[cut]) for cut in (slice(20), slice(20, N))]
    assert_allclose(parts[0].merge(parts[1]).filled, found.filled)
    assert_array_equal(moments(X, s).filled, 1)


def test_numbers_that_are_stored_as_zero_are_not_filled():
    stored = sp.csr_array(X + 1)
    stored.data -= 1
    assert stored.nnz > (X != 0).sum()
    assert_allclose(moments(stored).filled, (X != 0).mean(axis=0))
