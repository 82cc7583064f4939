"""scikit-learn's own checks, for every way to fit."""

import pytest
from sklearn.neural_network import MLPClassifier
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from sk_shallow import ShallowNetClassifier, ShallowNetClassifierCV

ESTIMATORS = [
    ShallowNetClassifier(),
    ShallowNetClassifier(solver="lbfgs"),
    ShallowNetClassifier(solver="adam"),
    ShallowNetClassifier(batch_size=32),
    ShallowNetClassifier(solver="adam", batch_size=32),
    ShallowNetClassifier(standardize=False),
    ShallowNetClassifier(activation="relu", momentum=0.9, learning_rate=0.05),
    ShallowNetClassifier(4, n_init=3),
    ShallowNetClassifier(early_stopping=True),
    ShallowNetClassifier(early_stopping=True, validation_fraction=0.3, scoring="accuracy"),
    ShallowNetClassifier(early_stopping=True, solver="lbfgs"),
    ShallowNetClassifier(early_stopping=True, batch_size=32, l2_regularization=1.0),
    ShallowNetClassifier(4, early_stopping=True, n_init=3, warm_start=True),
    ShallowNetClassifier(warm_start=True),
    ShallowNetClassifierCV((4, 16), random_state=0),
    ShallowNetClassifierCV(random_state=0, max_iter=50),
    ShallowNetClassifierCV((4, 16), early_stopping=True, random_state=0),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_scikit_learn_check(estimator, check):
    check(estimator)


def test_every_check_of_mlp_classifier_applies():
    ours, theirs = (
        {check.func.__name__ for _, check in estimator_checks_generator(estimator)}
        for estimator in (ShallowNetClassifier(), MLPClassifier())
    )
    assert theirs <= ours
    assert {"check_sample_weight_equivalence_on_dense_data", "check_transformer_general"} <= ours
