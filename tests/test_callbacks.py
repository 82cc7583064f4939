"""scikit-learn's callbacks: told of each iteration, shown its network, able to stop; always torn down."""

import pickle
import sys
from collections import Counter
from importlib.util import module_from_spec, spec_from_file_location

import numpy as np
import pytest
from conftest import make_problem
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_shallow import Activation, ShallowNetClassifier, ShallowNetClassifierCV, _callbacks

callback = pytest.importorskip("sklearn.callback")
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
WAYS = [
    {},
    {"learning_rate": 0.3, "l2_regularization": 1.0},
    {"solver": "adam"},
    {"solver": "lbfgs"},
    {"batch_size": 20},
]


class Witness:
    """Writes down what it is told, and does what it is asked to at an iteration."""

    def __init__(self, at=None, does=None):
        self.at, self.does, self.events, self.networks = at, does, [], []

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
        self.events.append(("end", context.task_name, context.task_id))
        if context.task_name == "iteration":
            self.networks.append(fitted_estimator)
            self.rows = X, y, metadata
            if context.task_id == self.at:
                return self.does()
        return False


class Blind(Witness):
    """Asks for nothing."""

    def on_fit_task_end(self, estimator, context):
        return super().on_fit_task_end(estimator, context)


def fail(error):
    def does():
        raise error

    return does


def watched(witness, way=None, **options):
    X, y = make_problem("multiclass", n=80)
    clf = ShallowNetClassifier(3, max_iter=12, random_state=0, **(way or {}), **options)
    return X, y, clf.set_callbacks(witness)


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_each_iteration_is_told_with_the_network_that_a_fit_would_have_then(way):
    witness = Witness()
    X, y, clf = watched(witness, way)
    clf.fit(X, y)
    n = clf.n_iter_
    tasks = [event for i in range(n) for event in (("begin", "iteration", i), ("end", "iteration", i))]
    assert witness.events == ["setup", ("begin", "fit", 0), *tasks, ("end", "fit", 0), "teardown"]
    for i in (0, n // 2, n - 1):
        shorter = ShallowNetClassifier(**clf.get_params()).set_params(max_iter=i + 1).fit(X, y)
        assert_array_equal(witness.networks[i].predict_proba(X), shorter.predict_proba(X))
        assert witness.networks[i].loss_curve_ == shorter.loss_curve_
        assert witness.networks[i].l2_regularization_ == shorter.l2_regularization_
    assert witness.rows[0] is X
    assert witness.rows[1] is y
    assert witness.rows[2] is None


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_looking_changes_nothing(way):
    X, y, clf = watched(Witness(), way)
    alone = ShallowNetClassifier(**clf.get_params()).fit(X, y)
    assert_array_equal(clf.fit(X, y).hidden_coef_, alone.hidden_coef_)
    assert clf.loss_curve_ == alone.loss_curve_
    assert vars(clf).keys() - vars(alone).keys() == {"_skl_callbacks"}


@pytest.mark.parametrize("way", WAYS, ids=str)
def test_a_callback_stops_the_fit(way):
    X, y, clf = watched(Witness(4, lambda: True), way)
    clf.fit(X, y)
    assert clf.n_iter_ == 5
    assert clf.stop_reason_ == "callback"
    assert not clf.converged_
    shorter = ShallowNetClassifier(**clf.get_params()).set_params(max_iter=5).fit(X, y)
    assert_array_equal(clf.hidden_coef_, shorter.hidden_coef_)


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), StopIteration("odd"), RuntimeError()])
@pytest.mark.parametrize("way", [*WAYS, {"n_init": 3}], ids=str)
def test_an_error_of_a_callback_ends_the_fit_and_all_is_torn_down(way, error):
    witness = Witness()
    X, y, clf = watched(witness, way)
    before = clf.fit(X, y).hidden_coef_
    witness.at, witness.does, witness.events = 3, fail(error), []
    with pytest.raises(type(error)):
        clf.set_params(random_state=1).fit(X, y)
    assert witness.events[0] == "setup"
    assert witness.events[-1] == "teardown"
    assert clf.hidden_coef_ is before
    assert not [name for name in vars(clf) if "callback_" in name or name.endswith("teardown")]
    witness.at = None
    clf.fit(X, y)


def test_nothing_is_set_up_where_the_input_is_refused_and_all_is_torn_down_where_a_fit_fails():
    witness = Witness()
    X, y, clf = watched(witness)
    with pytest.raises(ValueError, match="NaN"):
        clf.fit(X * np.nan, y)
    assert witness.events in ([], ["setup", "teardown"])

    def broken(Z):
        if len(witness.events) > 10:
            raise ValueError("broken")
        return np.tanh(Z)

    activation = Activation(broken, lambda Z: 1 - np.tanh(Z) ** 2, name="broken")
    witness.events = []
    with pytest.raises(ValueError, match="broken"):
        clf.set_params(activation=activation).fit(X, y)
    assert witness.events[-1] == "teardown"


def test_several_starts_are_tasks_of_their_own():
    witness = Blind()
    X, y, clf = watched(witness, n_init=3, l2_regularization=1.0)
    clf.fit(X, y)
    counts = Counter(event[:2] for event in witness.events if isinstance(event, tuple))
    assert counts["begin", "start"] == counts["end", "start"] == 3
    assert counts["begin", "iteration"] == counts["end", "iteration"] > 12
    assert witness.events[-3:] == [("end", "start", 2), ("end", "fit", 0), "teardown"]
    starts = [event for event in witness.events if event[1] == "start"]
    assert starts == [(when, "start", i) for i in range(3) for when in ("begin", "end")]


def test_rows_and_weights_that_are_fitted_to_are_shown():
    witness = Witness()
    X, y, clf = watched(witness, early_stopping=True)
    s = np.random.RandomState(0).randint(1, 4, len(y))
    clf.fit(X, y, sample_weight=s)
    rows, labels, metadata = witness.rows
    assert 60 < len(rows) == len(labels) == len(metadata["sample_weight"])
    held_out = s.sum() - metadata["sample_weight"].sum()
    assert 0.05 * s.sum() < held_out < 0.15 * s.sum()


def test_the_networks_of_a_fit_with_early_stopping_are_those_of_each_iteration():
    witness = Witness()
    X, y, clf = watched(witness, early_stopping=True, l2_regularization=0.1)
    clf.fit(X[:40], y[:40], X_val=X[40:], y_val=y[40:])
    losses = [log_loss(y[40:], network.predict_proba(X[40:])) for network in witness.networks]
    assert_allclose(losses, clf.validation_curve_[1:], rtol=1e-12)


def test_a_network_without_a_finite_cost_is_shown_as_none():
    witness = Witness()
    X, y, clf = watched(witness, {"learning_rate": 1e40, "l2_regularization": 1.0})
    clf.fit(X.astype(np.float32), y)
    assert clf.stop_reason_ == "diverged"
    assert witness.networks == [None]
    callback_of_scores = callback.ScoringMonitor(scoring="accuracy")
    assert clf.set_callbacks(callback_of_scores).fit(X.astype(np.float32), y).stop_reason_ == "diverged"


def test_scoring_monitor():
    monitor = callback.ScoringMonitor(scoring="neg_log_loss")
    X, y, clf = watched(monitor)
    frame = pytest.importorskip("pandas").DataFrame(X, columns=list("abcde"))
    clf.fit(frame, y)
    table = monitor.get_logs().data_as_pandas
    scores = table.loc[table["task_name"] == "iteration", "neg_log_loss"].to_numpy()
    assert len(scores) == clf.n_iter_
    assert_allclose(scores[-1], -log_loss(y, clf.predict_proba(frame)), rtol=1e-12)


@pytest.mark.parametrize("task", ["fit", "start", "candidate", "fold", "search", "refit"])
@pytest.mark.parametrize("hook", ["on_fit_task_begin", "on_fit_task_end"])
def test_an_error_at_any_task_leaves_the_estimator_as_it_was(task, hook):
    class Failing(Witness):
        def told(self, name):
            if name == task and self.at:
                raise KeyboardInterrupt

        def on_fit_task_begin(self, estimator, context):
            if hook == "on_fit_task_begin":
                self.told(context.task_name)

        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if hook == "on_fit_task_end":
                self.told(context.task_name)

    witness = Failing()
    X, y = make_problem("binary", n=60)
    clf = (
        ShallowNetClassifier(3, n_init=2, max_iter=3, random_state=0)
        if task in ("fit", "start")
        else ShallowNetClassifierCV((2, 3), cv=2, max_iter=3, random_state=0)
    )
    before = clf.set_callbacks(witness).fit(X, y).hidden_coef_
    witness.at, witness.events = True, []
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert clf.hidden_coef_ is before
    assert witness.events == ["setup", "teardown"]
    assert not [name for name in vars(clf) if "callback_" in name or name.endswith("teardown")]


def test_the_ends_of_fits_starts_and_candidates_show_the_network_that_is_kept():
    class Ends(Witness):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            if fitted_estimator is not None and context.task_name != "iteration":
                self.networks.append((context.task_name, fitted_estimator))

    X, y = make_problem("binary", n=120)
    options = {"early_stopping": True, "l2_regularization": 0.01, "max_iter": 40, "random_state": 0}
    witness = Ends()
    clf = ShallowNetClassifier(8, n_init=3, **options).set_callbacks(witness).fit(X, y)
    names, networks = zip(*witness.networks, strict=True)
    assert names == ("start", "start", "start", "fit")
    assert_array_equal([network.loss_ for network in networks[:3]], clf.init_losses_)
    assert_array_equal(networks[3].predict_proba(X), clf.predict_proba(X))
    assert networks[3]._theta is not None
    options["l2_regularizations"] = (options.pop("l2_regularization"),)
    witness = Ends()
    search = ShallowNetClassifierCV((4, 8), cv=2, n_init=2, **options).set_callbacks(witness).fit(X, y)
    names, networks = zip(*witness.networks, strict=True)
    assert Counter(names) == {"candidate": 5, "start": 10, "fit": 1}
    for network in (networks[-2], networks[-1]):
        assert_array_equal(network.predict_proba(X), search.predict_proba(X))
        assert network.loss_ == search.loss_


def test_an_activation_that_fails_once_fails_with_callbacks_as_without():
    X, y = make_problem("binary", n=90)
    for options in ({"n_init": 3}, {}):
        for call in (3, 8, 40):
            reached = []
            for callbacks in ([], [Blind()]):
                left = [call]

                def once(Z, left=left):
                    left[0] -= 1
                    if left[0] == 0:
                        raise ValueError("once")
                    return np.tanh(Z)

                activation = Activation(once, lambda Z: 1 - np.tanh(Z) ** 2, name="once")
                clf = ShallowNetClassifier(3, activation=activation, max_iter=5, random_state=0, **options)
                try:
                    reached.append(clf.set_callbacks(*callbacks).fit(X, y).loss_ > 0)
                except ValueError as error:
                    reached.append(str(error))
            assert reached[1] in (True, "once")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_search_tells_of_folds_candidates_and_iterations(n_jobs):
    monitor = callback.ScoringMonitor(scoring="accuracy")
    X, y = make_problem("binary", n=90)
    search = ShallowNetClassifierCV((2, 3), cv=3, max_iter=4, random_state=0, n_jobs=n_jobs).set_callbacks(monitor)
    search.fit(X, y)
    table = monitor.get_logs(include_lineage=True).data_as_pandas
    counts = table["task_name"].value_counts()
    assert counts["fold"] == (3 if n_jobs is None else 6)
    assert counts["candidate"] == 3 * 2 + 1
    assert counts["iteration"] == 4 * (3 * 2 + 1)
    assert counts["refit"] == counts["search"] == 1
    assert table["estimator_name"].eq("ShallowNetClassifierCV").all()
    assert_allclose(table.loc[table["task_name"] == "fit", "accuracy"], search.score(X, y))


def test_a_search_shows_networks_and_a_candidate_can_be_stopped():
    witness = Witness(1, lambda: True)
    X, y = make_problem("binary", n=90)
    search = ShallowNetClassifierCV((2, 3), cv=3, random_state=0, scoring="accuracy").set_callbacks(witness)
    search.fit(X, y)
    assert search.n_iter_ == 2
    assert search.stop_reason_ == "callback"
    network = witness.networks[-1]
    assert_array_equal(network.predict_proba(X), search.predict_proba(X))
    assert network.score(X, y) == search.score(X, y)
    assert Counter(type(each) for each in witness.networks) == {ShallowNetClassifierCV: 14}
    assert witness.events[-1] == "teardown"
    alone = clone(search)
    del alone._skl_callbacks
    alone.set_params(max_iter=2).fit(X, y)
    assert_array_equal(alone.cv_results_["mean_test_score"], search.cv_results_["mean_test_score"])


def test_a_merged_search_and_its_interruption():
    witness = Blind()
    X, y = make_problem("binary", n=90)
    search = ShallowNetClassifierCV(cv=2, random_state=0, max_iter=3).set_callbacks(witness).fit(X, y)
    counts = Counter(event[:2] for event in witness.events if isinstance(event, tuple))
    assert counts["end", "candidate"] == counts["begin", "candidate"] == 2 * 2 + 3
    witness.at, witness.does, witness.events = 2, fail(KeyboardInterrupt()), []
    before = search.hidden_coef_
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert search.hidden_coef_ is before
    assert witness.events[-1] == "teardown"


def test_an_error_of_a_callback_in_one_start_ends_the_fit_and_in_one_candidate_is_its_own():
    X, y = make_problem("binary", n=90)
    clf = ShallowNetClassifier(3, n_init=3, max_iter=5, random_state=0)
    with pytest.raises(TimeoutError):
        clf.set_callbacks(Witness(2, fail(TimeoutError()))).fit(X, y)

    class AtFirst(Witness):
        def on_fit_task_begin(self, estimator, context):
            if context.task_name == "candidate" and context.task_id == 0 and context.parent.task_name == "fold":
                raise TimeoutError

    search = ShallowNetClassifierCV((2, 3), cv=3, max_iter=5, random_state=0).set_callbacks(AtFirst())
    with pytest.warns(FitFailedWarning, match="3 of 6 fits failed"):
        search.fit(X, y)
    assert np.isnan(search.cv_results_["mean_test_score"]).sum() == 1


def test_a_search_without_a_refit_shows_no_network_at_its_end():
    monitor, witness = callback.ScoringMonitor(scoring="accuracy"), Witness()
    X, y = make_problem("binary", n=90)
    search = ShallowNetClassifierCV((2, 3), cv=3, max_iter=3, random_state=0, refit=False)
    search.set_callbacks(monitor, witness).fit(X, y)
    assert not monitor.get_logs().data_as_pandas["task_name"].eq("fit").any()
    assert witness.events[-2:] == [("end", "fit", 0), "teardown"]


def test_a_single_weight_is_shown_as_one_for_each_row():
    X, y, clf = watched(callback.ScoringMonitor(scoring="accuracy"))
    clf.fit(X, y, sample_weight=2.0)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_callbacks_reach_a_network_in_a_pipeline_in_a_search(n_jobs):
    pytest.importorskip("rich")
    X, y = make_classification(120, random_state=0)
    inner = callback.ScoringMonitor(scoring="accuracy")
    net = ShallowNetClassifier(3, max_iter=3, random_state=0).set_callbacks(inner)
    grid = GridSearchCV(make_pipeline(StandardScaler(), net), {"shallownetclassifier__hidden_width": [2, 3]}, cv=2)
    grid.set_params(n_jobs=n_jobs).set_callbacks(callback.ProgressBar(max_propagation_depth=None)).fit(X, y)
    table = inner.get_logs().data_as_pandas
    assert (table["task_name"] == "iteration").sum() == 3 * (4 + 1)
    assert not hasattr(grid.best_estimator_[-1], "_parent_callback_ctx")


def test_progress_bar(capsys):
    pytest.importorskip("rich")
    X, y, clf = watched(callback.ProgressBar())
    clf.fit(X, y)
    assert "ShallowNetClassifier - fit" in capsys.readouterr().out
    search = ShallowNetClassifierCV((2, 3), cv=2, max_iter=3).set_callbacks(callback.ProgressBar()).fit(X, y)
    out = capsys.readouterr().out
    assert all(
        f"ShallowNetClassifierCV - {name}" in out for name in ("fit", "search", "fold", "candidate", "refit")
    )
    assert "_skl_callbacks" in vars(search)


def test_a_pickle_of_a_network_in_the_middle_of_a_fit_has_no_trace_of_it():
    witness = Witness()
    X, y, clf = watched(witness)
    clf.fit(X, y)
    network = pickle.loads(pickle.dumps(witness.networks[3]))
    assert not [name for name in vars(network) if "ctx" in name or "teardown" in name]
    network.fit(X, y)


def test_growing_and_going_on_are_told_too():
    witness = Blind()
    X, y, clf = watched(witness, warm_start=True)
    clf.fit(X, y)
    witness.events = []
    clf.set_params(hidden_width=5, n_init=3).fit(X, y)
    assert witness.events.count("setup") == 1
    assert ("begin", "start", 0) not in witness.events


def test_an_older_scikit_learn_has_none_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.callback", None)
    spec = spec_from_file_location("callbacks_of_an_older_one", _callbacks.__file__)
    older = module_from_spec(spec)
    spec.loader.exec_module(older)
    assert not hasattr(older.Callbacks(), "set_callbacks")
    with pytest.raises(AttributeError, match=r"set_callbacks needs scikit-learn 1\.9 or later"):
        older.Callbacks().set_callbacks()
