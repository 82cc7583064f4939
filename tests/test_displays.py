"""The pictures: what they hold is what the fit has, they draw without a screen, and wrong arguments are told."""

import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from sk_shallow import (
    DescentPathDisplay,
    HiddenUnitsDisplay,
    LossCurveDisplay,
    NetworkDisplay,
    ShallowNetClassifier,
)

mpl.use("Agg")
import matplotlib.pyplot as plt

KINDS = ["binary", "multiclass", "multilabel"]
DISPLAYS = [LossCurveDisplay, HiddenUnitsDisplay, NetworkDisplay]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def fitted(kind="multiclass", h=5, **options):
    X, y = make_problem(kind, n=80)
    return ShallowNetClassifier(h, random_state=0, **options).fit(X, y), X, y


@pytest.mark.parametrize("display", DISPLAYS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_draws_on_axes_of_its_own_or_on_those_given(display, kind):
    clf, _, _ = fitted(kind)
    drawn = display.from_estimator(clf)
    assert drawn.ax_.figure is drawn.figure_
    drawn.figure_.canvas.draw()
    _, ax = plt.subplots()
    assert display.from_estimator(clf, ax=ax).ax_ is ax
    assert drawn.plot(ax) is drawn
    assert drawn.ax_ is ax


@pytest.mark.parametrize("display", DISPLAYS)
def test_what_is_no_fitted_network_is_refused(display):
    with pytest.raises(NotFittedError):
        display.from_estimator(ShallowNetClassifier())
    X, y = make_problem("binary", n=50)
    with pytest.raises(TypeError, match=r"needs a fitted ShallowNetClassifier, got LogisticRegression"):
        display.from_estimator(LogisticRegression().fit(X, y))


def test_a_loss_curve_is_that_of_the_fit():
    clf, _, _ = fitted()
    display = LossCurveDisplay.from_estimator(clf, name="mine")
    (curve,) = display.curves.values()
    assert_array_equal(curve.loss, clf.loss_curve_)
    assert_array_equal(display.lines_["mine"].get_ydata(), clf.loss_curve_)
    changed = np.flatnonzero(np.diff(clf.l2_regularization_curve_)) + 1
    assert curve.changes == changed.tolist() != []
    labels = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert labels == [f"mine ({clf.stop_reason_})", "λ found anew"]
    assert display.ax_.get_yscale() == "log"
    assert display.plot(logarithmic=False, marks=False).ax_.get_yscale() == "linear"
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["mine"]


def test_several_loss_curves_share_axes():
    fits = [fitted(solver=solver)[0] for solver in ("gd", "lbfgs")]
    assert list(LossCurveDisplay.from_estimator(fits).curves) == ["0: 5 units, gd", "1: 5 units, lbfgs"]
    display = LossCurveDisplay.from_estimator(dict(zip("ab", fits, strict=True)))
    assert list(display.lines_) == ["a", "b"]
    assert len({line.get_color() for line in display.lines_.values()}) == 2
    with pytest.raises(ValueError, match="no fit to draw"):
        LossCurveDisplay.from_estimator([])


def test_a_validation_curve_is_drawn_beside():
    clf, _, _ = fitted()
    clf.validation_curve_ = [1.0, 0.5, 0.4]
    display = LossCurveDisplay.from_estimator(clf, name="x")
    assert "x, held-out rows" in [text.get_text() for text in display.ax_.get_legend().get_texts()]


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_has_the_costs_of_the_fit(kind):
    X, y = make_problem(kind, n=60)
    clf = ShallowNetClassifier(4, learning_rate=0.5, l2_regularization=1.0, tol=0, max_iter=30, random_state=0)
    display = DescentPathDisplay.from_estimator(clf, X, y, grid_resolution=7)
    assert not hasattr(clf, "hidden_coef_")
    assert_allclose(display.path_cost, clf.fit(X, y).loss_curve_, rtol=1e-12)
    assert display.cost.shape == (7, 7)
    assert_allclose(display.path[0], 0, atol=1e-12)
    assert_allclose(display.path[-1, 1], 0, atol=1e-12)
    assert (display.u.min() < display.path[:, 0].min()) & (display.u.max() > display.path[:, 0].max())
    assert (display.v.min() < display.path[:, 1].min()) & (display.v.max() > display.path[:, 1].max())
    display.figure_.canvas.draw()
    in_space = display.plot(kind="surface")
    in_space.figure_.canvas.draw()
    assert hasattr(in_space.ax_, "get_zlim")


def test_the_plane_holds_the_start_and_the_end():
    X, y = make_problem("binary", n=60)
    clf = ShallowNetClassifier(4, random_state=0)
    display = DescentPathDisplay.from_estimator(clf, X, y, n_steps=40, grid_resolution=201, margin=0.0)
    i, j = (np.abs(axis - display.path[-1, k]).argmin() for k, axis in enumerate((display.u, display.v)))
    assert_allclose(display.cost[j, i], display.path_cost[-1], rtol=0.05)
    assert display.path_cost[-1] <= display.path_cost.min() * 1.001


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"grid_resolution": 1}, "grid_resolution must be 2 at least"),
        ({"kind": "hill"}, "kind must be 'contour' or 'surface'"),
    ],
)
def test_a_path_that_cannot_be_drawn_is_told(how, message):
    clf, X, y = fitted("binary", max_iter=3)
    with pytest.raises(ValueError, match=message):
        DescentPathDisplay.from_estimator(clf, X, y, n_steps=3, **how)


def test_a_surface_needs_axes_of_three_dimensions_and_a_path_a_step():
    X, y = make_problem("binary", n=60)
    clf, (_, ax) = ShallowNetClassifier(4, random_state=0), plt.subplots()
    with pytest.raises(ValueError, match="needs axes with projection='3d'"):
        DescentPathDisplay.from_estimator(clf, X, y, n_steps=3, grid_resolution=3, ax=ax, kind="surface")
    with pytest.raises(ValueError, match="made no step"):
        DescentPathDisplay.from_estimator(clf.set_params(tol=1e9, l2_regularization=1.0), X, y, n_steps=3)


def test_weights_are_those_of_scaled_columns_strongest_first():
    X, y = load_iris(return_X_y=True)
    clf = ShallowNetClassifier(6, random_state=0).fit(X * [1, 10, 100, 1000], y)
    scaled = ShallowNetClassifier(6, standardize=False, random_state=0).fit(StandardScaler().fit_transform(X), y)
    displays = [HiddenUnitsDisplay.from_estimator(fit) for fit in (clf, scaled)]
    assert_allclose(displays[0].weights, displays[1].weights, rtol=1e-2, atol=1e-2)
    strength = (
        np.linalg.norm(displays[0].weights, axis=1) * np.linalg.norm(clf.output_coef_, axis=0)[displays[0].units]
    )
    assert (np.diff(strength) <= 0).all()
    assert displays[0].feature_names == ["x0", "x1", "x2", "x3"]
    assert len(HiddenUnitsDisplay.from_estimator(clf, n_units=2).units) == 2


def test_columns_that_are_pixels_are_drawn_as_images():
    X, y = load_digits(return_X_y=True)
    clf = ShallowNetClassifier(7, max_iter=20, random_state=0).fit(X, y)
    display = HiddenUnitsDisplay.from_estimator(clf, image_shape=(8, 8))
    assert len(display.axes_) == 7
    assert display.axes_[0].images[0].get_array().shape == (8, 8)
    with pytest.raises(ValueError, match=r"image_shape=\(7, 8\) has 56 pixels, but X has 64 columns"):
        HiddenUnitsDisplay.from_estimator(clf, image_shape=(7, 8))


@pytest.mark.parametrize("kind", KINDS)
def test_units_on_two_columns_are_lines(kind):
    X, y = make_problem(kind, n=80)
    X = pd.DataFrame(X[:, :2], columns=["width", "length"])
    clf = ShallowNetClassifier(5, random_state=0).fit(X, y)
    display = HiddenUnitsDisplay.from_estimator(clf, X)
    display.figure_.canvas.draw()
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("width", "length")
    lines = {line.get_label(): line.get_xydata() for line in display.ax_.lines}
    for unit, (w1, w2, b) in zip(display.units, display.lines, strict=True):
        for x1, x2 in lines.get(f"unit {unit}", []):
            assert abs(w1 * x1 + w2 * x2 + b) < 1e-8
    assert len(lines) > 1
    HiddenUnitsDisplay.from_estimator(clf)


@pytest.mark.parametrize(
    ("kind", "message"),
    [("lines", "two columns"), ("images", "needs image_shape"), ("cloud", "kind must be 'auto'")],
)
def test_a_kind_that_does_not_fit_is_told(kind, message):
    clf, _, _ = fitted()
    with pytest.raises(ValueError, match=message):
        HiddenUnitsDisplay.from_estimator(clf, kind=kind)


def test_a_network_is_drawn_with_its_names():
    data = load_iris(as_frame=True)
    clf = ShallowNetClassifier(4, random_state=0).fit(data.data, data.target_names[data.target])
    display = NetworkDisplay.from_estimator(clf)
    texts = {text.get_text() for text in display.ax_.texts}
    assert {"sepal length (cm)", "setosa", "virginica", "4 hidden units"} <= texts
    assert sorted(display.units) == [0, 1, 2, 3]
    assert_allclose(display.output, clf.output_coef_[:, display.units])
    binary, _, _ = fitted("binary")
    assert NetworkDisplay.from_estimator(binary, class_names=["no", "yes"]).output_names == ["yes"]


def test_the_width_of_a_line_is_the_size_of_its_weight():
    clf, _, _ = fitted()
    display = NetworkDisplay.from_estimator(clf)
    for lines, W in zip(display.lines_, (display.hidden, display.output), strict=True):
        widths = lines.get_linewidths()
        sizes = np.sort(np.abs(W), axis=None)
        sizes = sizes[sizes >= 0.05 * sizes[-1]] / sizes[-1]
        assert_allclose(widths, 0.3 + 3.2 * sizes)


def test_names_and_networks_that_do_not_fit_are_told():
    clf, X, _ = fitted()
    for display in (HiddenUnitsDisplay, NetworkDisplay):
        with pytest.raises(ValueError, match=rf"feature_names has 1 names, but the network has {X.shape[1]}"):
            display.from_estimator(clf, feature_names=["a"])
    with pytest.raises(ValueError, match="class_names has 1 names"):
        NetworkDisplay.from_estimator(clf, class_names=["a"])
    X, y = load_digits(return_X_y=True)
    wide = ShallowNetClassifier(3, max_iter=3, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="64 columns or outputs cannot be drawn legibly"):
        NetworkDisplay.from_estimator(wide)


def test_no_text_of_a_network_lies_on_another():
    rng = np.random.RandomState(0)
    X = pd.DataFrame(rng.normal(size=(60, 30)), columns=[f"a long name of column {j}" for j in range(30)])
    clf = ShallowNetClassifier(16, random_state=0).fit(X, rng.randint(0, 3, size=60))
    display = NetworkDisplay.from_estimator(clf, class_names=["first class", "second class", "third class"])
    display.figure_.canvas.draw()
    boxes = [text.get_window_extent() for text in display.ax_.texts]
    assert not any(one.overlaps(other) for i, one in enumerate(boxes) for other in boxes[:i])
    width, height = display.figure_.canvas.get_width_height()
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in boxes)


def test_the_package_is_imported_without_matplotlib_and_says_what_a_picture_needs():
    code = """if True:
        import sys
        sys.modules["matplotlib"] = None
        from sk_shallow import LossCurveDisplay, ShallowNetClassifier
        clf = ShallowNetClassifier(2).fit([[0.0], [1], [2], [3]], [0, 0, 1, 1])
        try:
            LossCurveDisplay.from_estimator(clf)
        except ImportError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LossCurveDisplay.plot requires matplotlib" in done.stdout


@pytest.mark.parametrize("display", [HiddenUnitsDisplay, NetworkDisplay])
@pytest.mark.parametrize("text", ["cost_$5_to_$9", "x" * 80])
def test_any_name_can_be_drawn_whole_or_cut(display, text):
    clf, X, _ = fitted(h=3)
    names = [f"{text}{j}" if len(text) < 40 else f"{j}{text}" for j in range(X.shape[1])]
    drawn = display.from_estimator(clf, feature_names=names)
    drawn.figure_.canvas.draw()
    width, _ = drawn.figure_.canvas.get_width_height()
    texts = drawn.ax_.texts or drawn.ax_.get_xticklabels()
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    assert boxes
    assert all(box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1 for box in boxes)


@pytest.mark.parametrize("n_units", [0, -1])
def test_a_number_of_units_is_one_at_least(n_units):
    clf, _, _ = fitted()
    for display in (HiddenUnitsDisplay, NetworkDisplay):
        with pytest.raises(ValueError, match="n_units must be 1 at least"):
            display.from_estimator(clf, n_units=n_units)


def test_rows_and_images_of_another_shape_are_told():
    clf, X, _ = fitted()
    with pytest.raises(ValueError, match=f"X has 1 columns, but the network has {X.shape[1]}"):
        HiddenUnitsDisplay.from_estimator(clf, X[:, :1])
    with pytest.raises(ValueError, match="image_shape must be a height and a width"):
        HiddenUnitsDisplay.from_estimator(clf, image_shape=(1, 1, X.shape[1]))
    with pytest.raises(ValueError, match="pass its last"):
        DescentPathDisplay.from_estimator(LogisticRegression(), X, np.zeros(len(X)))
