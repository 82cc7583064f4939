"""The three documents: the kernel's numbers in each layout, misprints refused, gradients and steps checked."""

from itertools import islice, pairwise

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem
from conftest import textbook as plain
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from sk_shallow import ACTIVATIONS, Activation, ShallowNetClassifier, ShallowNetClassifierCV
from sk_shallow import textbook as book
from sk_shallow.textbook import ERRATA, article, check_gradient, lecture, notes, trace
from sk_shallow.textbook._point import derivative, loss_from, point

KINDS = ["binary", "multiclass", "multilabel"]
quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def fitted_gradient(kind, activation, n=40):
    """Return rows, targets, parameters, and the gradient that ``fit`` has there, by its kernel."""
    X, y = make_problem(kind, n=n)
    clf = ShallowNetClassifier(5, activation=activation, learning_rate=1.0, l2_regularization=0.0)
    clf.set_params(standardize=False, tol=0, max_iter=1, warm_start=True, random_state=0)
    before = clf.fit(X, y)._parameters
    before = book.Parameters(*(part.copy() for part in before))
    after = clf.fit(X, y)._parameters
    gradient = book.Parameters(*(b - a for b, a in zip(before, after, strict=True)))
    Y = (np.eye(y.max() + 1)[y] if kind == "multiclass" else y.reshape(n, -1)).astype(float)
    return X, Y, before, gradient


def close(found, expected):
    for part, other in zip(found, expected, strict=True):
        assert_allclose(part, other, rtol=0, atol=1e-12)


@quiet
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_the_notes_have_the_gradient_of_the_kernel(kind, activation):
    X, Y, parameters, gradient = fitted_gradient(kind, activation)
    columns = notes.columns(parameters)
    g2 = "softmax" if kind == "multiclass" else "sigmoid"
    layers = notes.forward(X.T, columns, g1=activation, g2=g2)
    close(notes.rows(notes.backward(X.T, Y.T, layers, columns, g1=activation)), gradient)
    ones = [
        notes.rows(
            notes.backward_one(x, y, notes.forward(x, columns, g1=activation, g2=g2), columns, g1=activation)
        )
        for x, y in zip(X[:, :, None], Y[:, :, None], strict=True)
    ]
    close([np.mean(parts, axis=0) for parts in zip(*ones, strict=True)], gradient)


@quiet
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_the_lecture_has_the_gradient_of_the_kernel_in_each_of_its_forms(kind):
    X, Y, parameters, gradient = fitted_gradient(kind, "sigmoid")
    theta, output = notes.columns(parameters), "softmax" if kind == "multiclass" else "sigmoid"
    layers = lecture.forward(X, theta, output=output)
    found = lecture.backward(X, Y, layers, theta)
    close((found.dW1, found.db1[:, 0], found.dW2, found.db2[:, 0]), gradient)
    mean = lecture.average(X, Y, theta, output=output)
    close((mean.W1, mean.b1[:, 0], mean.W2, mean.b2[:, 0]), gradient)
    for x, y in zip(X[:5, :, None], Y[:5, :, None], strict=True):
        one = lecture.forward_one(x, theta, output=output)
        close(lecture.backward_one(x, y, one, theta), lecture.backward_one_hadamard(x, y, one, theta))


@quiet
def test_the_article_has_the_gradient_of_the_kernel():
    X, Y, parameters, gradient = fitted_gradient("binary", "sigmoid")
    close(article.gradient(X, Y, parameters), gradient)


@pytest.mark.parametrize("y", [0, 1])
def test_the_chain_rule_is_the_product_of_its_factors_and_the_derivative(y):
    values = {"W1": 0.4, "b1": -0.7, "W2": -1.2, "b2": 0.3}

    def loss(x=1.5, **parameters):
        W1, b1, W2, b2 = parameters.values()
        return article.L(article.a2(article.Z2(W2, article.a1(article.Z1(W1, x, b1)), b2)), y)

    for name, path in article.chain_rule(1.5, y, **values).items():
        ahead, behind = (loss(**values | {name: values[name] + step}) for step in (1e-6, -1e-6))
        assert_allclose(path.derivative, (ahead - behind) / 2e-6, rtol=1e-8)
        assert list(path.factors)[:2] == ["dL/da2", "da2/dZ2"]
        assert list(path.factors)[-1].endswith(f"d{name}")
        assert str(path).startswith(f"dL/d{name} = dL/da2 · da2/dZ2 · ")


def test_a_weight_goes_down_its_path():
    def slope(W):
        return article.chain_rule(2.0, 1, 0.5, -1.0, W, 0.5)["W2"].derivative

    way = article.path(slope, -4.0, learning_rate=5.0, n_steps=20)
    losses = [article.L(article.a2(article.Z2(W, article.a1(0.0), 0.5)), 1) for W in way]
    assert len(way) == 21
    assert (np.diff(losses) < 0).all()
    assert article.update(1.0, 0.04, 0.003) < 1.0 < article.update(1.0, -0.06, 0.003)


def test_logistic_regression_is_recalled_rightly():
    x, w, b = np.array([0.5, -2.0]), np.array([1.0, 0.3]), 0.2
    for y in (0, 1):
        _, a = notes.logistic(x, w, b)
        da, dz, dw, db = notes.logistic_gradients(x, a, y)
        assert_allclose([da, dz, db], [-y / a + (1 - y) / (1 - a), a - y, a - y])
        assert_allclose(dw, (a - y) * x)


@quiet
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_descents_of_documents_are_those_of_fit(kind):
    X, y = make_problem(kind, n=50)
    clf = ShallowNetClassifier(4, **plain(activation="sigmoid"), tol=0, random_state=0)
    clf.set_params(max_iter=1, warm_start=True, learning_rate=0.5, l2_regularization=0.0, standardize=False).fit(
        X, y
    )
    start = notes.columns(book.Parameters(*(part.copy() for part in clf._parameters)))
    Y = np.eye(y.max() + 1)[y] if kind == "multiclass" else y[:, None]
    output = "softmax" if kind == "multiclass" else "sigmoid"
    losses = clf.set_params(max_iter=10).fit(X, y).loss_curve_
    for steps in (
        notes.gradient_descent(X.T, Y.T, start, alpha=0.5, g2=output),
        lecture.gradient_descent(X, Y, start, alpha=0.5, output=output),
    ):
        taken = list(islice(steps, 10))
        assert_allclose([J for J, _ in taken], losses[:10], rtol=1e-12)
        close(
            (part.reshape(other.shape) for part, other in zip(taken[-1][1], clf._parameters, strict=True)),
            clf._parameters,
        )


FORMULAS = [erratum for erratum in ERRATA if erratum.of]


@pytest.mark.parametrize("erratum", FORMULAS, ids=lambda e: f"{e.document} {e.printed}")
@pytest.mark.parametrize("seed", [0, 1])
def test_the_check_of_gradients_refuses_what_is_printed_and_passes_what_is_correct(erratum, seed):
    printed, correct = erratum.check(point(seed=seed))
    assert printed > 1e-2
    assert correct < 1e-12


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda e: f"{e.document} {e.printed}")
def test_an_erratum_says_what_is_printed_and_why_it_is_wrong(erratum):
    assert erratum.document in ("000", "001", "002")
    assert erratum.printed != erratum.correct
    assert erratum.why.endswith(".")
    assert (erratum.of is None) == (erratum.printed_form is None) == (erratum.correct_form is None)
    if erratum.of is None:
        with pytest.raises(ValueError, match="no formula"):
            erratum.check()


def test_what_is_right_for_numbers_alone_is_told_apart():
    """Of one unit, one feature and one output, elementwise products are the products of matrices."""
    right = [e.printed for e in FORMULAS if e.check(point(1, 1, 1))[0] < 1e-12]
    assert [text for text in right if text.startswith(("dW2 = (dZ2", "dW1 = dZ1 *"))] == [
        "dW2 = (dZ2 * A1)",
        "dW1 = dZ1 * X",
    ]
    assert all("+ g'" not in text and "ln" not in text for text in right)


@pytest.mark.parametrize("name", ["W1", "b1", "z1", "a1", "W2", "b2", "z2", "a2"])
def test_complex_steps_are_what_central_differences_are_nearly(name):
    at = point()
    expected, value = derivative(at, name), getattr(at, name)
    index = (0, 0)
    moved = [value.copy(), value.copy()]
    moved[0][index] += 1e-6
    moved[1][index] -= 1e-6
    ahead, behind = (loss_from(at, name, value) for value in moved)
    assert_allclose((ahead - behind) / 2e-6, expected[index], rtol=1e-7, atol=1e-9)


@quiet
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", list(ACTIVATIONS))
@pytest.mark.parametrize("is_fitted", [False, True])
def test_our_gradients_are_right_to_rounding(kind, activation, is_fitted):
    X, y = make_problem(kind, n=60)
    clf = ShallowNetClassifier(5, activation=activation, max_iter=20, random_state=0)
    found = check_gradient(clf.fit(X, y) if is_fitted else clf, X, y)
    assert found.difference <= 1e-12


@quiet
@pytest.mark.parametrize(
    "options",
    [{"standardize": False}, {"l2_regularization": 7.0}, {"class_weight": "balanced"}, {"solver": "lbfgs"}],
)
def test_the_gradient_is_checked_as_the_fit_has_it(options):
    X, y = make_problem("multiclass", n=60)
    for form in (np.asarray, sp.csr_array, lambda X: X.astype(np.float32)):
        assert check_gradient(ShallowNetClassifier(5, **options, random_state=0), form(X), y).difference <= 1e-12


def planted(where, factor=1.01):
    """Return a function of J and its gradient, with an error in one entry."""

    def function(parameters, X, Y):
        s, how = np.ones(len(X)), {"activation": "tanh", "output": "sigmoid"}
        layers = book.forward(X, parameters, **how)
        gradient = book.backward(layers, X, Y, s, parameters, **how, l2_regularization=2.0)
        gradient = book.Parameters(*(part.copy() for part in gradient))
        if where is not None:
            part = getattr(gradient, where)
            part[np.unravel_index(np.abs(part).argmax(), part.shape)] *= factor
        return book.cost(layers, Y, s, parameters, output="sigmoid", l2_regularization=2.0), gradient

    return function


@pytest.mark.parametrize("where", [None, "W1", "b1", "W2", "b2"])
@pytest.mark.parametrize("is_complex", [True, False])
def test_a_planted_error_is_found_where_it_is(where, is_complex):
    rng = np.random.RandomState(0)
    X, Y = rng.normal(size=(20, 3)), rng.randint(0, 2, size=(20, 2))
    right = planted(where)

    def real(parameters, X, Y):
        if any(np.iscomplexobj(part) for part in parameters):
            raise TypeError("real numbers only")
        return right(parameters, X, Y)

    found = check_gradient(right if is_complex else real, X, Y)
    if where is None:
        assert found.difference < (1e-12 if is_complex else 1e-7)
    else:
        assert_allclose(found.difference, 0.01, rtol=0.02)
        assert found.where.startswith(f"{where}[")


def test_an_activation_of_ones_own_is_checked():
    X, y = make_problem("binary", n=40)
    right = Activation(np.sin, np.cos, name="sine")
    real = Activation(np.abs, np.sign, name="absolute")  # takes complex numbers, and loses what they are for
    wrong = Activation(np.sin, lambda Z: np.cos(Z) * 1.1, name="wrong")
    assert check_gradient(ShallowNetClassifier(4, activation=right), X, y).difference < 1e-12
    assert check_gradient(ShallowNetClassifier(4, activation=real), X, y).difference < 1e-7
    found = check_gradient(ShallowNetClassifier(4, activation=wrong), X, y)
    assert found.difference > 0.05
    assert found.where[:2] in ("W1", "b1")


def test_what_cannot_be_checked_is_told():
    X, y = make_problem("binary", n=40)
    with pytest.raises(ValueError, match=r"ShallowNetClassifier or a callable, got str"):
        check_gradient("tanh", X, y)
    with pytest.raises(ValueError, match=r"db1 has shape \(1,\), but b1 has \(4,\)"):
        check_gradient(lambda p, X, y: (0.0, (p.W1, np.zeros(1), p.W2, p.b2)), X, y)


@quiet
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("standardize", [False, True])
def test_a_trace_has_the_numbers_of_the_fit(kind, standardize):
    X, y = make_problem(kind, n=50)
    clf = ShallowNetClassifier(4, learning_rate=0.5, l2_regularization=2.0, standardize=standardize, tol=0)
    clf.set_params(random_state=0, max_iter=6)
    found = trace(clf, X, y, n_steps=6)
    assert not hasattr(clf, "hidden_coef_")
    clf.fit(X, y)
    assert len(found) == 7
    assert_allclose([step.J for step in found], clf.loss_curve_, rtol=1e-12)
    for now, then in pairwise(found):
        for name in ("W1", "b1", "W2", "b2"):
            moved = getattr(now, name) - 0.5 * getattr(now, f"d{name}")
            assert_allclose(getattr(then, name), moved, rtol=0, atol=1e-12)
    last = found[-1]
    assert_allclose(last.A2 if kind != "binary" else last.A2[:, 0], proba(clf, X, kind), atol=1e-12)
    assert_allclose(last.dZ2, (last.A2 - found.Y) / 50, atol=1e-15)
    assert_allclose(last.dZ1.T @ found.X + 2.0 / 50 * last.W1, last.dW1, atol=1e-14)


def proba(clf, X, kind):
    P = clf.predict_proba(X)
    return P[:, 1] if kind == "binary" else P


@quiet
@pytest.mark.parametrize("options", [{}, {"solver": "lbfgs"}, {"solver": "adam"}, {"batch_size": 10}], ids=str)
def test_any_fit_can_be_traced_and_gone_on_with(options):
    X, y = make_problem("multiclass", n=60)
    clf = ShallowNetClassifier(4, random_state=0, **options)
    found = trace(clf, X, y, n_steps=80)
    assert found[-1].J < found[0].J
    assert found[0].l2_regularization != found[-1].l2_regularization
    clf.set_params(max_iter=5).fit(X, y)
    before = clf.hidden_coef_.copy()
    on = trace(clf, sp.csr_array(X), y, n_steps=3)
    assert_array_equal(clf.hidden_coef_, before)
    assert on[0].J < found[0].J


def test_a_trace_is_a_table():
    X, y = make_problem("multiclass", n=30)
    found = trace(ShallowNetClassifier(4, random_state=0, l2_regularization=1.0), X, y, n_steps=2)
    frame = found.to_frame()
    assert frame.index.names == ["step", "quantity", "row", "column"]
    assert frame.loc[(1, "dW2", 2, 3)].item() == found[1].dW2[2, 3]
    assert frame.loc[(2, "b1", 3, 0)].item() == found[2].b1[3]
    assert frame.loc[(0, "J", 0, 0)].item() == found[0].J
    assert "Trace of 3 states" in repr(found)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["W1", "b1", "W2", "b2"])
def test_what_is_no_number_is_found(wrong, where):
    X, Y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20)[:, None] % 2
    right = planted(None)

    def function(parameters, X, Y):
        J, gradient = right(parameters, X, Y)
        getattr(gradient, where)[0] = wrong
        return J, gradient

    found = check_gradient(function, X, Y)
    assert found.difference == np.inf
    assert found.where.startswith(f"{where}[0")


@quiet
@pytest.mark.parametrize("seed", range(4))
def test_a_fitted_network_near_its_kinks_is_right(seed):
    """Central differences may straddle a kink of relu; complex steps do not."""
    X, y = make_moons(200, noise=0.2, random_state=0)
    clf = ShallowNetClassifier(8, random_state=seed).fit(X, y)
    assert check_gradient(clf, X, y).difference < 1e-11
    assert (
        check_gradient(ShallowNetClassifier(8, activation="tanh", tol=1e-9, random_state=seed).fit(X, y), X, y)[0]
        < 1e-8
    )


@pytest.mark.parametrize("scale", [1.0, 1e-9, 1e9])
def test_a_term_that_complex_steps_do_not_see_is_asked_for(scale):
    """|w| of a complex number is its modulus, whose imaginary part is none."""
    right = planted(None)

    def function(parameters, X, Y, with_it):
        J, gradient = right(parameters, X, Y)
        W1 = gradient.W1 + (1e-3 * np.sign(parameters.W1.real) if with_it else 0)
        J = J + 1e-3 * np.abs(parameters.W1).sum()
        return scale * J, gradient._replace(
            **{n: scale * p for n, p in gradient._replace(W1=W1)._asdict().items()}
        )

    X, Y = np.random.RandomState(0).normal(size=(20, 3)), np.arange(20)[:, None] % 2
    assert check_gradient(lambda *a: function(*a, with_it=True), X, Y).difference < 1e-6
    assert check_gradient(lambda *a: function(*a, with_it=False), X, Y).difference > 1e-3


def test_functions_that_dislike_complex_numbers_are_asked_real_ones():
    X, y = make_problem("binary", n=40)

    def cast(Z):
        return np.tanh(np.asarray(Z, float))

    for value in (cast, lambda Z: np.tanh(Z) if not np.iscomplexobj(Z) else 1 / 0):
        activation = Activation(value, lambda Z: 1 - np.tanh(Z) ** 2)
        assert check_gradient(ShallowNetClassifier(4, activation=activation), X, y).difference < 1e-7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda X, y: check_gradient(make_pipeline(ShallowNetClassifier()), X, y),
            "of a pipeline, pass its last step",
        ),
        (lambda X, y: trace(LogisticRegression(), X, y), "ShallowNetClassifier is wanted, got LogisticRegression"),
        (lambda X, y: trace(ShallowNetClassifier(), X, y, 0), "n_steps must be 1 at least"),
        (lambda X, y: check_gradient(ShallowNetClassifier(), X, y, n_checked=0), "n_checked must be 1"),
        (
            lambda X, y: check_gradient(
                ShallowNetClassifier(4), X, y, parameters=(np.ones((1, 3)), *[np.ones(1)] * 3)
            ),
            r"W1 has shape \(1, 3\), but W1 has \(4, ",
        ),
    ],
)
def test_what_is_asked_wrongly_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call(*make_problem("binary", n=40))


@quiet
@pytest.mark.parametrize(
    "options", [{}, {"momentum": 0.0}, {"l2_regularization": 1.0}, {"solver": "lbfgs"}], ids=str
)
def test_a_trace_has_every_iteration_of_the_fit(options):
    X, y = make_problem("multiclass", n=60)
    clf = ShallowNetClassifier(4, random_state=0, max_iter=90, tol=1e-5, **options)
    found = trace(clf, X, y, n_steps=90)
    assert_allclose([step.J for step in found], clf.fit(X, y).loss_curve_, rtol=1e-9)
    assert_allclose([step.l2_regularization for step in found], clf.l2_regularization_curve_, rtol=1e-9)


def test_the_notes_have_the_derivative_by_the_output():
    at = point()
    assert_allclose(notes.output_derivative(at.a2, at.y), derivative(at, "a2"))


@quiet
@pytest.mark.parametrize(
    "search", [ShallowNetClassifierCV((3,), cv=2), GridSearchCV(ShallowNetClassifier(3), {"tol": [1e-2]}, cv=2)]
)
def test_of_a_search_the_best_network_is_looked_into(search):
    X, y = make_problem("binary", n=60)
    search.fit(X, y)
    assert check_gradient(search, X, y).difference < 1e-11
    assert trace(search, X, y)[0].W1.shape == (3, X.shape[1])
