"""scikit-learn's own checks, for every way to fit."""

import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sk_shallow import ShallowNetClassifier

ESTIMATORS = [
    ShallowNetClassifier(),
    ShallowNetClassifier(solver="lbfgs"),
    ShallowNetClassifier(solver="adam"),
    ShallowNetClassifier(batch_size=32),
    ShallowNetClassifier(solver="adam", batch_size=32),
    ShallowNetClassifier(standardize=False),
    ShallowNetClassifier(activation="relu", momentum=0.9, learning_rate=0.05),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_more_checks_apply_than_to_mlp_classifier():
    # Not among ours: the array API checks of other namespaces, since X is computed by NumPy, and
    # those of sparsify and of linear classifiers.
    ours, theirs = (len(list(estimator_checks_generator(e))) for e in (ShallowNetClassifier(), MLPClassifier()))
    assert ours > theirs
