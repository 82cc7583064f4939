"""Other libraries' answers to the same questions."""

import numpy as np
import pytest
from conftest import make_problem
from numpy.testing import assert_allclose
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from sk_shallow import ShallowNetClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

MLP_NAMES = {"tanh": "tanh", "sigmoid": "logistic", "relu": "relu", "identity": "identity"}


def mlp_like(clf, X, y, **options):
    """Return an MLPClassifier of the same shape."""
    return MLPClassifier((clf.hidden_coef_.shape[0],), max_iter=1, random_state=1, **options).fit(X, y)


@pytest.mark.parametrize("activation", MLP_NAMES)
@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_parameters_mean_the_same_in_mlp_classifier(kind, activation):
    X, y = make_problem(kind)
    clf = ShallowNetClassifier(6, activation=activation, random_state=0, max_iter=30).fit(X * 10 + 3, y)
    mlp = mlp_like(clf, X, y, activation=MLP_NAMES[activation])
    mlp.coefs_, mlp.intercepts_ = clf.coefs_, clf.intercepts_
    assert_allclose(mlp.predict_proba(X), clf.predict_proba(X), atol=1e-12)
    other = mlp_like(clf, X, y, activation=MLP_NAMES[activation])
    clf.hidden_coef_, clf.output_coef_ = (W.T for W in other.coefs_)
    clf.hidden_intercept_, clf.output_intercept_ = other.intercepts_
    assert_allclose(clf.predict_proba(X), other.predict_proba(X), atol=1e-12)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_lbfgs_reaches_no_higher_cost_than_mlp_classifier_from_the_same_start(kind):
    X, y = make_problem(kind, n=150)
    options = {"solver": "lbfgs", "max_iter": 2000, "tol": 1e-6, "warm_start": True}
    clf = ShallowNetClassifier(
        4, activation="tanh", standardize=False, l2_regularization=0.5, random_state=0, **options
    )
    mlp = MLPClassifier((4,), activation="tanh", alpha=0.5, random_state=0, max_fun=10**6, **options)
    clf.set_params(max_iter=1).fit(X, y)
    mlp.set_params(max_iter=1).fit(X, y)
    clf.hidden_coef_, clf.output_coef_ = (W.T.copy() for W in mlp.coefs_)
    clf.hidden_intercept_, clf.output_intercept_ = (b.copy() for b in mlp.intercepts_)
    clf.set_params(max_iter=2000).fit(X, y)
    mlp.set_params(max_iter=2000).fit(X, y)
    assert clf.converged_
    assert clf.loss_ <= mlp.loss_ + 1e-9


def test_one_linear_hidden_unit_is_logistic_regression_in_the_limit(cancer):
    X, y = cancer
    X = StandardScaler().fit_transform(X)[:, :4]
    clf = ShallowNetClassifier(
        1, activation="identity", solver="lbfgs", l2_regularization=0, max_iter=5000, tol=1e-7, random_state=0
    ).fit(X, y)
    logistic = LogisticRegression(C=1e10, tol=1e-9, max_iter=5000).fit(X, y)
    assert clf.converged_
    assert_allclose(clf.predict_proba(X), logistic.predict_proba(X), atol=1e-4)
    assert_allclose(clf.output_coef_ @ clf.hidden_coef_, logistic.coef_, rtol=1e-3)


def test_adam_is_the_textbook_adam():
    X, y = make_problem("binary")
    common = {"learning_rate": 0.02, "standardize": False, "tol": 0, "warm_start": True, "max_iter": 1}
    probe = ShallowNetClassifier(3, solver="gd", random_state=0, **{**common, "learning_rate": 1.0})
    clf = ShallowNetClassifier(3, solver="adam", random_state=0, **common).fit(X, y)
    names = ["hidden_coef_", "hidden_intercept_", "output_coef_", "output_intercept_"]
    m, v = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
    start = ShallowNetClassifier(3, random_state=0, **{**common, "learning_rate": 1e-300}).fit(X, y)
    theta = {name: getattr(start, name) for name in names}
    for t in range(1, 5):
        if t > 1:
            clf.fit(X, y)
        probe.fit(X, y)
        for name in names:
            setattr(probe, name, theta[name])
        probe.fit(X, y)  # one step of length 1 shows the gradient
        for name in names:
            g = theta[name] - getattr(probe, name)
            m[name], v[name] = 0.9 * m[name] + 0.1 * g, 0.999 * v[name] + 0.001 * g**2
            m_hat, v_hat = m[name] / (1 - 0.9**t), v[name] / (1 - 0.999**t)
            theta[name] = theta[name] - 0.02 * m_hat / (np.sqrt(v_hat) + 1e-8)
            assert_allclose(getattr(clf, name), theta[name], atol=1e-8)
