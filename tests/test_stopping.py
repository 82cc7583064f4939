"""When a fit has converged: a share of the first gradient, a cost that settles, and no false word of either."""

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import make_problem, textbook
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score

from sk_shallow import ShallowNetClassifier
from sk_shallow._solvers import SETTLING_EPOCHS, SETTLING_STEPS, Run, State, gradient_below, settled

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SOLVERS = [{}, {"solver": "lbfgs"}, {"solver": "adam"}, {"learning_rate": 0.5}, {"batch_size": 50}]
every_solver = pytest.mark.parametrize("options", SOLVERS, ids=str)


def state(loss=1.0, gradient=(1.0,), dtype=np.float64):
    return State(np.zeros(len(gradient), dtype), loss, np.array(gradient, dtype), {})


def tell(rule, losses, run=None):
    """Return how many costs were told until the rule stopped the run; None where it did not."""
    run = Run([rule]) if run is None else run
    return next((i for i, loss in enumerate(losses, start=1) if run.tell(state(loss))), None)


def test_a_cost_has_settled_where_a_window_lowers_it_by_a_small_share():
    falls = 1 + 0.5 ** np.arange(30.0)
    stopped = tell(settled(5, 1e-2), falls)
    for n in (stopped - 1, stopped):
        assert (falls[n - 6] - falls[n - 1] <= 5e-3 * falls[n - 1]) == (n == stopped)
    assert tell(settled(5, 1e-2), np.linspace(1, 0.1, 200)) is None
    assert tell(settled(5, 0.4), [9, *[1.0] * 10]) == 7


def test_a_small_tol_makes_a_small_share():
    falls = 1 + 0.5 ** np.arange(30.0)
    assert tell(settled(5, 1e-3), falls) > tell(settled(5, 3e-3), falls) >= tell(settled(5, 1.0), falls)


@pytest.mark.parametrize("window", [SETTLING_STEPS, SETTLING_EPOCHS])
def test_a_cost_that_does_not_fall_settles_after_one_window_not_before(window):
    assert tell(settled(window, 1e-3), [1.0] * 200) == window + 1
    assert tell(settled(window, 1e-3), np.linspace(1, 2, 200)) == window + 1


def test_after_a_change_of_cost_only_new_costs_are_looked_at():
    run = Run([settled(5, 1e-3)])
    assert tell(None, [3.0, 2, 1, 1, 1], run) is None
    run.resume()
    assert run.losses == [3.0, 2, 1, 1]
    assert tell(None, [1.0] * 5, run) is None
    assert tell(None, [1.0], run) == 1
    assert run.reason == "settled"


def test_a_resumed_run_goes_on_as_if_it_had_not_stopped():
    run = Run([lambda run: "paused" if run.n_iter == 2 else None])
    assert tell(None, [3.0, 2, 1, 9], run) == 3
    run.resume()
    assert run.state.loss == 1
    assert (run.reason, run.best, run.losses) == (None, None, [3.0, 2])


@pytest.mark.parametrize("reference", [None, 4.0])
@pytest.mark.parametrize("tol", [0.0, 1e-3, 0.5, 1.0])
def test_tol_is_a_share_of_the_first_gradient_or_of_the_one_given(tol, reference):
    run = Run([], reference)
    first = 2.0 if reference is None else reference
    rule = gradient_below(tol)
    for size in (2.0, 3.0, 1.0, 1e-2, 3e-3, 0.0):
        run.tell(state(gradient=[size, -size / 2]))
        assert rule(run) == ("converged" if size <= tol * first else None)
    assert run.reference == first


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_first_gradient_that_is_zero_to_rounding_is_an_end(dtype):
    eps = np.finfo(dtype).eps
    for size, reason in ((0.0, "converged"), (eps, "converged"), (100 * eps, None)):
        run = Run([])
        run.tell(state(gradient=[size], dtype=dtype))
        assert gradient_below(1e-3)(run) == reason


@quiet
@every_solver
@pytest.mark.parametrize("tol", [0.3, 0.03, 3e-3])
def test_converged_says_that_the_gradient_is_a_share_of_that_at_the_start(options, tol):
    X, y = make_problem("multiclass", n=200)
    options = {"l2_regularization": 1.0, "random_state": 0, **options}
    first = ShallowNetClassifier(5, tol=1, **options).fit(X, y)
    assert (first.n_iter_, first.stop_reason_) == (0, "converged")
    clf = ShallowNetClassifier(5, tol=tol, max_iter=60, **options).fit(X, y)
    assert clf.n_iter_ > 0
    assert clf.converged_ == (clf.stop_reason_ == "converged") == (clf.grad_norm_ <= tol * first.grad_norm_)


@quiet
@pytest.mark.parametrize("options", SOLVERS[:4], ids=str)
def test_a_continued_fit_keeps_the_reference_of_the_first(options):
    X, y = make_problem("binary", n=200)
    first = ShallowNetClassifier(5, tol=1, l2_regularization=1.0, random_state=0, **options).fit(X, y).grad_norm_
    clf = ShallowNetClassifier(
        5, tol=0.05, max_iter=3, l2_regularization=1.0, warm_start=True, random_state=0, **options
    )
    for _ in range(200):
        if clf.fit(X, y).converged_:
            break
        assert clf.grad_norm_ > 0.05 * first
    assert clf.grad_norm_ <= 0.05 * first
    assert clf.fit(X, y).n_iter_ == 0
    assert clf.converged_


@quiet
@every_solver
def test_tol_0_never_converges_nor_settles(options):
    X, y = make_problem("binary")
    clf = ShallowNetClassifier(3, tol=0, max_iter=400, random_state=0, **options).fit(X, y)
    assert clf.stop_reason_ in {"max_iter", "stalled"}


@quiet
@pytest.mark.parametrize("options", [*SOLVERS, {"standardize": False}], ids=str)
@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e3])
def test_a_fit_without_an_iteration_has_no_gradient(options, factor):
    X, y = make_problem("multiclass", n=200)
    assert ShallowNetClassifier(5, random_state=0, **options).fit(X * factor, y).n_iter_ > 0
    nothing = ShallowNetClassifier(5, l2_regularization=0, random_state=0, **options).fit(0 * X, y)
    assert (nothing.n_iter_, nothing.stop_reason_) == (0, "converged")
    assert nothing.grad_norm_ < 1e-14


def test_a_fit_that_settles_says_so_without_a_warning():
    X, y = make_problem("binary", n=200)
    clf = ShallowNetClassifier(5, tol=1e-6, max_iter=5000, random_state=0).fit(X, y)
    assert clf.stop_reason_ == "settled"
    assert not clf.converged_
    assert clf.n_iter_ > SETTLING_STEPS
    assert clf.loss_curve_[-1 - SETTLING_STEPS] - clf.loss_ <= 5e-3 * clf.loss_


@quiet
def test_a_fit_of_a_given_learning_rate_never_settles():
    X, y = make_problem("binary", n=200)
    for solver in ("gd", "adam"):
        options = textbook(solver=solver)
        assert ShallowNetClassifier(5, tol=1e-12, max_iter=400, **options).fit(X, y).stop_reason_ == "max_iter"


@quiet
@pytest.mark.parametrize("options", SOLVERS[:3], ids=str)
def test_rare_classes_are_learnt(options):
    X, y = make_classification(
        20_000,
        20,
        n_informative=8,
        weights=[0.99],
        flip_y=0,
        n_clusters_per_class=3,
        class_sep=0.8,
        random_state=1,
    )
    clf = ShallowNetClassifier(random_state=0, **options).fit(X[::2], y[::2])
    assert clf.n_iter_ > 0
    assert roc_auc_score(y[1::2], clf.decision_function(X[1::2])) > 0.8


def text(n=300, d=1500, k=4):
    """Rows of norm 1 with some 20 words each, of which a few tell the topic."""
    rng = np.random.RandomState(0)
    y = rng.randint(0, k, size=n)
    popular = 1 / np.arange(5, d + 5)
    rows = []
    for topic in y:
        words = np.r_[rng.choice(d, 16, p=popular / popular.sum()), 100 + 20 * topic + rng.randint(0, 20, size=4)]
        counts = np.bincount(words, minlength=d)
        rows.append(counts / np.sqrt((counts**2).sum()))
    return sp.csr_array(np.array(rows)), y


@quiet
@every_solver
@pytest.mark.parametrize("standardize", [False, True])
def test_sparse_text_is_learnt_as_it_comes(options, standardize):
    X, y = text()
    if not standardize and options.get("batch_size"):
        pytest.skip("the constants of batches are for scaled columns")
    clf = ShallowNetClassifier(16, standardize=standardize, random_state=0, max_iter=400, **options)
    clf.fit(X[:200], y[:200])
    assert clf.n_iter_ > 0
    assert clf.score(X[:200], y[:200]) > 0.9
    assert clf.score(X[200:], y[200:]) > 0.6


@quiet
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("options", SOLVERS[:3], ids=str)
def test_a_hundred_classes_are_learnt(options, class_weight):
    rng = np.random.RandomState(0)
    y = np.arange(1200) % 120
    X = 3 * rng.normal(size=(120, 8))[y] + rng.normal(size=(1200, 8))
    clf = ShallowNetClassifier(class_weight=class_weight, max_iter=300, random_state=0, **options)
    assert clf.fit(X[:840], y[:840]).n_iter_ > 0
    assert clf.score(X[840:], y[840:]) > 0.7


def test_a_move_taken_back_is_no_step_that_settles():
    run, here = Run([settled(5, 1e-3)]), state(loss=1.0)
    for _ in range(4):
        assert not run.tell(here)
    for loss in (0.9, 0.8, 0.7, 0.6):
        assert not run.tell(state(loss=loss))
    assert run.n_taken_back == 0


def test_a_run_whose_moves_are_all_taken_back_has_stalled():
    run, here = Run([settled(5, 1e-3)]), state(loss=1.0)
    assert [run.tell(here) for _ in range(6)] == [False] * 5 + [True]
    assert run.reason == "stalled"


@pytest.mark.parametrize("tol", [1.0, 1e200, 1e308])
def test_any_tol_can_settle(tol):
    assert tell(settled(5, tol), [1.0] * 10) == 6


def test_the_reference_is_of_the_outputs_unless_that_is_nothing():
    for gradient, expected in (([9.0, 2.0, -3.0], 3.0), ([9.0, 0.0, 1e-17], 9.0)):
        run = Run([], None, 1)
        run.tell(state(gradient=gradient))
        assert run.reference == expected
