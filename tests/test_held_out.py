"""Rows held out: a share of each class, by what rows hold; weights are repetitions; whole groups."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal

from sk_shallow import ShallowNetClassifier
from sk_shallow._held_out import hold_out, hold_out_groups
from sk_shallow._targets import encode_targets
from sk_shallow._weights import weights_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
CHECKED = {"early_stopping": True, "max_iter": 15, "l2_regularization": 1.0, "random_state": 0}


def split(X, y, s=None, fraction=0.1, seed=0, groups=None):
    targets = encode_targets(y)
    weights = weights_of(None if s is None else np.asarray(s, dtype=float), None, targets)
    if groups is not None:
        return hold_out_groups(targets, weights, groups, fraction, seed)
    return hold_out(X, targets, weights, fraction, seed)


@pytest.mark.parametrize("fraction", [0.05, 0.1, 0.3, 0.9])
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_each_class_has_its_share(kind, fraction):
    X, y = make_problem(kind, n=500)
    train, test = split(X, y, fraction=fraction)
    assert_array_equal(np.sort(np.concatenate([train.rows, test.rows])), np.arange(500))
    counts, held = np.bincount(y), np.bincount(y[test.rows])
    assert (np.abs(held - fraction * counts) <= 0.5).all()


def test_rare_classes_are_on_both_sides():
    X, y = make_problem("binary", n=300)
    y[:2] = 7
    for seed in range(20):
        train, test = split(X, y, seed=seed)
        assert np.bincount(y[train.rows])[7] == np.bincount(y[test.rows])[7] == 1
    y[1] = 0
    with pytest.raises(ValueError, match=r"none of class \[7\]\. Give it more rows"):
        split(X, y)
    with pytest.raises(ValueError, match=r"held out.*none of class \[7\]"):
        ShallowNetClassifier(3, **CHECKED).fit(X, y)


def test_the_seed_decides_and_the_order_of_rows_and_names_does_not():
    X, y = make_problem("multiclass", n=300)
    _, test = split(X, y)
    assert_array_equal(test.rows, split(X, y)[1].rows)
    assert len(np.setdiff1d(test.rows, split(X, y, seed=1)[1].rows)) > 10
    order = np.random.RandomState(0).permutation(300)
    assert_array_equal(np.sort(order[split(X[order], y[order])[1].rows]), test.rows)
    assert_array_equal(split(X, np.array(list("dcba"))[y])[1].rows, test.rows)
    assert_array_equal(split(X + 0.0 * X, y)[1].rows, test.rows)


def test_dense_sparse_and_signed_zeros_are_the_same_rows():
    X, y = make_problem("multiclass", n=300)
    X[np.abs(X) < 0.5] = 0
    _, test = split(X, y)
    assert_array_equal(split(sp.csr_array(X), y)[1].rows, test.rows)
    assert_array_equal(split(np.where(X == 0, -0.0, X), y)[1].rows, test.rows)
    single = X.astype(np.float32)
    assert_array_equal(split(single, y)[1].rows, split(np.asfortranarray(single, dtype=float), y)[1].rows)


@pytest.mark.parametrize("unit", [2.0**-70, 0.3, 2.0**300])
def test_weights_of_any_size_are_held_out(unit):
    X, y = make_problem("binary", n=150)
    s = np.random.RandomState(0).randint(0, 5, 150)
    train, test = split(X, y, s * unit, fraction=0.2)
    assert_allclose(train.sample_weight.sum() + test.sample_weight.sum(), s.sum() * unit)
    assert 0.1 < test.sample_weight.sum() / (s.sum() * unit) < 0.3


def test_a_class_of_light_rows_is_on_both_sides():
    X, y = make_problem("binary", n=300)
    train, test = split(X, y, np.where(y == 1, 1e-3, 1.0))
    assert (np.abs(np.bincount(y[test.rows]) - 0.1 * np.bincount(y)) <= 0.5).all()
    rows = np.r_[np.flatnonzero(y == 0)[:50], np.flatnonzero(y == 1)[:2]]
    train, test = split(X[rows], y[rows], np.where(y[rows] == 1, 0.4, 1.0))
    assert np.bincount(y[rows][train.rows])[1] == np.bincount(y[rows][test.rows])[1] == 1


@pytest.mark.parametrize("n", [30, 150])
@pytest.mark.parametrize("largest", [5, 60])
def test_a_row_of_weight_three_is_as_three_rows(n, largest):
    X, y = make_problem("binary", n=n)
    s = np.random.RandomState(0).randint(0, largest, n)
    train, test = split(X, y, s, fraction=0.1)
    both = np.zeros((2, n))
    both[0, train.rows], both[1, test.rows] = train.sample_weight, test.sample_weight
    assert_array_equal(both.sum(axis=0), s)
    repeated_train, repeated_test = split(X.repeat(s, 0), y.repeat(s), fraction=0.1)
    for weight, rows in zip(both, (repeated_train.rows, repeated_test.rows), strict=True):
        assert_array_equal(np.bincount(np.arange(n).repeat(s)[rows], minlength=n), weight)
    on_both_sides = len(np.intersect1d(train.rows, test.rows)) > 0
    assert on_both_sides == (n == 30)  # where a class has but few that differ


def test_rows_of_large_weight_are_not_on_both_sides():
    X, y = make_problem("binary", n=300)
    shares = np.where(y == 1, 12.5, 0.51)  # as of balanced classes: no counts
    shares[np.flatnonzero(y == 1)[10:]] = 0
    for s in (np.full(300, 20.0), shares):
        train, test = split(X, y, s)
        assert not len(np.intersect1d(train.rows, test.rows))
        assert 0.05 < test.sample_weight.sum() / s.sum() < 0.2


def test_many_like_rows_of_few_kinds_are_on_both_sides():
    X = np.random.RandomState(0).randint(0, 2, (500, 3)).astype(float)
    train, test = split(X, X[:, 0] > 0)
    assert len(np.unique(X[train.rows], axis=0)) == len(np.unique(X[test.rows], axis=0)) == 8


@pytest.mark.parametrize("way", [{}, {"solver": "lbfgs"}, {"scoring": "neg_log_loss"}, {"n_init": 3}], ids=str)
def test_fitting_with_weights_is_fitting_repeated_rows(way):
    X, y = make_problem("multiclass", n=120)
    s = np.random.RandomState(0).randint(0, 5, 120)
    clf = ShallowNetClassifier(4, **CHECKED, **way).fit(X, y, sample_weight=s)
    order = np.random.RandomState(1).permutation(s.sum())
    repeated = ShallowNetClassifier(4, **CHECKED, **way).fit(X.repeat(s, 0)[order], y.repeat(s)[order])
    assert_allclose(clf.validation_curve_, repeated.validation_curve_, rtol=1e-9)
    assert_allclose(clf.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)


def test_weights_that_are_shares_are_held_out_whole():
    X, y = make_problem("binary", n=200)
    s = np.random.RandomState(0).dirichlet(np.ones(200))
    train, test = split(X, y, s)
    assert_allclose(train.sample_weight.sum() + test.sample_weight.sum(), 1)
    assert 0.02 < test.sample_weight.sum() < 0.25
    assert len(test.rows) > 5


def test_labels_of_which_rows_have_several():
    X, y = make_problem("multilabel", n=200)
    train, test = split(X, y)
    assert len(test.rows) == 20
    assert len(train.rows) == 180
    same = np.zeros((60, 2))
    labels, order = y[:60], np.random.RandomState(0).permutation(60)
    held, again = split(same, labels)[1].rows, split(same, labels[order])[1].rows
    assert_array_equal(labels[held].sum(axis=0), labels[order][again].sum(axis=0))
    with pytest.raises(ValueError, match="too few rows"):
        split(X[:1], y[:1])


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.6])
@pytest.mark.parametrize("kind", ["binary", "multilabel"])
def test_groups_stay_whole(kind, fraction):
    X, y = make_problem(kind, n=600)
    groups = np.random.RandomState(0).randint(0, 40, 600).astype(str)
    train, test = split(X, y, groups=groups, fraction=fraction)
    assert not set(groups[train.rows]) & set(groups[test.rows])
    assert_array_equal(np.sort(np.concatenate([train.rows, test.rows])), np.arange(600))
    assert abs(len(test.rows) / 600 - fraction) < 0.08
    assert_array_equal(split(X, y, groups=groups, fraction=fraction)[1].rows, test.rows)


def test_a_class_of_one_group_is_refused():
    X, y = make_problem("binary", n=60)
    with pytest.raises(ValueError, match=r"none of class .* Pass rows to hold out"):
        split(X, y, groups=y)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        split(X, y, groups=np.arange(59))
    with pytest.raises(ValueError, match="groups has no value in row 2"):
        split(X, y, groups=["a", "b", None] * 20)
    with pytest.raises(ValueError, match="1d array"):
        split(X, y, groups=np.zeros((60, 2)))


def test_groups_without_weight_are_nowhere():
    X, y = make_problem("binary", n=60)
    groups, s = np.arange(60) % 6, np.ones(60)
    s[groups < 3] = 0
    train, test = split(X, y, s, groups=groups)
    assert set(groups[train.rows]) | set(groups[test.rows]) == {3, 4, 5}


def test_few_groups_and_small_classes():
    X, y = make_problem("binary", n=40)
    train, test = split(X, y, groups=np.arange(40) % 3)
    assert len(set(np.arange(40)[test.rows] % 3)) == 1
    assert len(train.rows) + len(test.rows) == 40
