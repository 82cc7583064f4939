"""Rows that are alike as one, in an order of their own: for L-BFGS, weights are repetitions to the bit."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem
from numpy.testing import assert_array_equal

from sk_shallow import ShallowNetClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
@pytest.mark.parametrize("unit", [1.0, 2.0**-2])
def test_weights_are_repetitions_to_the_bit(kind, container, unit):
    X, y = make_problem(kind, n=40, d=12)
    s = np.random.RandomState(0).randint(0, 5, 40)
    rows = np.random.RandomState(1).permutation(np.arange(40).repeat(s))
    options = {"solver": "lbfgs", "random_state": 0, "l2_regularization": 0.1 * unit}
    weighted = ShallowNetClassifier(5, **options).fit(container(X), y, sample_weight=s * unit)
    options["l2_regularization"] = 0.1
    repeated = ShallowNetClassifier(5, **options).fit(container(X[rows]), y[rows])
    assert_array_equal(weighted.hidden_coef_, repeated.hidden_coef_)
    assert_array_equal(weighted.output_coef_, repeated.output_coef_)
    assert weighted.loss_curve_ == repeated.loss_curve_


def test_rows_that_differ_in_their_labels_stay_apart():
    X, y = np.zeros((6, 2)), np.array([0, 1, 1, 0, 1, 1])
    clf = ShallowNetClassifier(2, solver="lbfgs", random_state=0).fit(X, y)
    assert clf.predict_proba(X[:1])[0, 1] == pytest.approx(2 / 3)
