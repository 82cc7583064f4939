"""Weights of any size: their ratios count, their sum is S, and λ / S is right or told."""

from fractions import Fraction

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_sample_weight

from sk_shallow._targets import encode_targets
from sk_shallow._weights import weights_of

F64, F32 = np.dtype(np.float64), np.dtype(np.float32)
MAX = float(np.finfo(F64).max)
LABELS = {"binary": np.repeat([3, 5], [8, 2]), "multiclass": np.array(list("abbcccabbc"))}
N = 10
S = np.random.RandomState(0).randint(1, 8, size=N).astype(float) * (np.arange(N) != 2)
SIZES = [1.0, 2.0**996, 2.0**-996, 2.0**1020, 2.0**-1074]
every_size = pytest.mark.parametrize("size", SIZES)
every_kind = pytest.mark.parametrize("kind", LABELS)


def weights(sample_weight=None, class_weight=None, kind="binary", **options):
    return weights_of(sample_weight, class_weight, encode_targets(LABELS[kind]), **options)


def test_no_weights_are_ones_that_take_no_memory():
    found = weights()
    assert (found.values, found.exponent, found.total, found.sum) == (None, 0, N, N)
    assert found.shares(F64) is None
    assert found.penalty(3.0, F64) == 3 / N


@every_size
@pytest.mark.parametrize("class_weight", [None, {3: 1.0, 5: 6.0}, {3: 2.0**-900, 5: 2.0**900}])
def test_weights_multiply_exactly_whatever_their_size(size, class_weight):
    found = weights(S * size, class_weight)
    by_class = [Fraction((class_weight or {}).get(label, 1.0)) for label in LABELS["binary"].tolist()]
    exact = [Fraction(w) * Fraction(size) * c for w, c in zip(S.tolist(), by_class, strict=True)]
    unit = Fraction(2) ** found.exponent
    assert_allclose(found.values, [float(w / unit) for w in exact], rtol=1e-15)
    assert 0.25 <= found.values.max() <= 1
    expected = sum(exact)
    assert found.sum == (MAX if expected > MAX else float(expected))
    assert_allclose(found.shares(F64), [float(w / expected) for w in exact], rtol=1e-14)
    assert found.shares(F32).dtype == F32
    assert found.penalty(0.0, F64) == 0
    penalty = 5 / expected
    if penalty < MAX / 2**20:
        assert_allclose(found.penalty(5.0, F64), float(penalty), rtol=1e-14, atol=5e-324)


@pytest.mark.parametrize(
    ("s", "c"), [(1e300, 1e-300), (1e-300, 1e300), (5e-324, 1e308), (1e300, 1e300), (1e-300, 1e-300)]
)
def test_sizes_of_the_two_factors_cancel_also_beside_others(s, c):
    first = LABELS["binary"] == 3
    found = weights(np.where(first, s, c), {3: c, 5: s})
    assert_allclose(found.shares(F64), np.full(N, 1 / N), rtol=1e-9)


def test_weights_that_are_given_stay_as_they_are():
    given = S.copy()
    weights(given, {3: 7.0})
    assert_array_equal(given, S)


def test_a_sum_beyond_the_largest_number_is_the_largest_number():
    found = weights(np.full(N, MAX))
    assert (found.sum, found.total) == (MAX, pytest.approx(N))
    assert_allclose(found.shares(F64), 1 / N)
    assert_allclose(found.penalty(MAX, F64), 1 / N)
    assert_allclose(found.penalty(1e10, F32), 1e10 / MAX / N, rtol=1e-6, atol=5e-324)


@pytest.mark.parametrize(("s", "l2", "dtype"), [(5e-324, 1.0, F64), (1e-300, 1e10, F64), (1e-35, 1.0, F32)])
def test_a_penalty_that_overflows_is_told(s, l2, dtype):
    with pytest.raises(ValueError, match=r"sample_weight sums to .*l2_regularization=.*Divide the weights"):
        weights(np.full(N, s)).penalty(l2, dtype)
    assert weights(np.full(N, s)).penalty(0.0, dtype) == 0
    assert np.isfinite(weights(np.full(N, s)).penalty(l2 * s, dtype))


@every_kind
@pytest.mark.parametrize("sample_weight", [None, S], ids=["plain", "weighted"])
def test_balanced_gives_each_class_the_same_weight_and_keeps_the_sum(kind, sample_weight):
    found = weights(sample_weight, "balanced", kind)
    s, y = np.ones(N) if sample_weight is None else sample_weight, LABELS[kind]
    sums = [found.values[y == label].sum() for label in np.unique(y)]
    assert_allclose(sums, sums[0])
    assert_allclose(found.sum, s.sum())
    if sample_weight is None:
        assert_allclose(np.ldexp(found.values, found.exponent), compute_sample_weight("balanced", y))


@every_size
def test_balanced_does_not_depend_on_the_size_of_all_weights(size):
    expected = weights(S, "balanced")
    assert_array_equal(weights(S * size, "balanced").values, expected.values)
    assert weights(S * size, "balanced").sum == pytest.approx(min(expected.sum * size, MAX), rel=1e-12, abs=5e-324)


APART = [(1e10, 1.0), (1.0, 1e150), (1e300, 1.0)]
APART += [(1e300, 1e-20), (1e300, 1e-300)]


@pytest.mark.parametrize("sizes", APART, ids=str)
def test_balanced_makes_up_for_any_ratio(sizes):
    found = weights(np.repeat(sizes, [8, 2]), "balanced")
    assert_allclose([found.values[:8].sum(), found.values[8:].sum()], found.total / 2)


def test_a_class_without_weight_stays_without():
    y = LABELS["multiclass"]
    found = weights(np.where(y == "c", 0.0, S), "balanced", "multiclass")
    assert not found.values[y == "c"].any()
    assert_allclose(found.sum, S[y != "c"].sum())
    assert_allclose(found.values[y == "a"].sum(), found.values[y == "b"].sum())


@pytest.mark.parametrize(
    ("sample_weight", "class_weight"),
    [(np.zeros(N), None), (None, {3: 0, 5: 0}), (np.repeat([0, 1], [8, 2]), {5: 0})],
)
def test_no_weight_at_all_is_told(sample_weight, class_weight):
    with pytest.raises(ValueError, match="sample_weight is zero for every row"):
        weights(sample_weight, class_weight)


HUGE = {3: 10**400}, "finite weights >= 0"


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ({3: 1, 4: 2, "x": 3}, r"not in y: \[4, x\]. The classes are \[3, 5\]"),
        ({3: -1.0}, r"finite weights >= 0, got \{3: -1.0\}"),
        ({3: np.nan}, "finite weights >= 0"),
        ({3: np.inf}, "finite weights >= 0"),
        ({3: "1"}, "finite weights >= 0"),
        ({3: None}, "finite weights >= 0"),
        HUGE,
    ],
)
def test_class_weights_that_cannot_be_used_are_told(class_weight, message):
    with pytest.raises(ValueError, match=message):
        weights(None, class_weight)


def test_balanced_needs_all_rows_and_class_weights_one_label_a_row():
    with pytest.raises(ValueError, match="cannot be known from part of the data"):
        weights(None, "balanced", partial=True)
    with pytest.raises(ValueError, match="needs one label a row"):
        weights_of(None, "balanced", encode_targets(np.eye(2, dtype=int)))


def test_classes_that_a_dict_leaves_out_count_as_they_are():
    assert_array_equal(weights(S, {5: 2}).shares(F64), weights(S * np.repeat([1, 2], [8, 2])).shares(F64))
    assert_array_equal(weights(None, {}).shares(F64), np.full(N, 1 / N))
