"""scikit-learn's own checks, for every way to fit."""

import pytest
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


def test_at_least_as_many_checks_as_mlp_classifier_gets():
    # The array API checks of estimators that declare support for it are not among ours: X is
    # computed by NumPy. sparsify and the linear classifiers' check do not apply to a network.
    assert len(list(estimator_checks_generator(ShallowNetClassifier()))) >= 74
