"""scikit-learn's callbacks: they are told of each task of a fit, may look at its network, and stop it.

The tasks are a tree: a fit has iterations, or starts with iterations of their own; a search has folds, whose
candidates are fits.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self, TypeVar

from sklearn import __version__

from sk_shallow._course import Setting, Watch
from sk_shallow._fitting import Begun, Watches
from sk_shallow._outcome import Network, Record
from sk_shallow._preparation import Prepared, Rows
from sk_shallow._recipe import Recipe
from sk_shallow._solvers import Run, StopReason

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Says what callbacks need."""

        @property
        def set_callbacks(self) -> Any:
            """Not there."""
            raise AttributeError(
                f"set_callbacks needs scikit-learn 1.9 or later, which has callbacks; this is {__version__}."
            )


Result = TypeVar("Result")
#: Returns the attributes that a copy of an estimator needs to stand for a network.
Attributes = Callable[[Network, Record], dict[str, Any]]
#: What an estimator has while it is being fitted, and no copy of it.
_IN_FIT = ("_callback_fit_ctx", "_skl_callbacks_to_teardown", "_parent_callback_ctx")


class Callbacks(CallbackSupportMixin):
    """An estimator that callbacks can be set on."""

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in _IN_FIT}


class Task:
    """A task of an estimator, which its callbacks are told of.

    Parameters
    ----------
    context : CallbackContext
        Of scikit-learn.
    estimator : estimator
        That is being fitted.
    rows : Callable
        Returns the rows that the task is about.
    also : dict
        Attributes that all networks have which callbacks are shown.
    """

    def __init__(
        self, context: Any, estimator: Any, rows: Callable[[], Rows], also: dict[str, Any] | None = None
    ) -> None:
        self._context, self._estimator, self._rows = context, estimator, rows
        self.also = also or {}
        self._is_open = False

    def begin(self, **options: Any) -> Self:
        """Tell that it begins."""
        self._is_open = True
        self._context.call_on_fit_task_begin(**self._shown(), **options)
        return self

    def end(self, **options: Any) -> bool:
        """Tell that it has ended, and return whether to stop."""
        self._is_open = False
        return bool(self._context.call_on_fit_task_end(**self._shown(), **options))

    def end_if_open(self) -> None:
        """Tell that it has ended, where that has not been told."""
        if self._is_open:
            self.end()

    def _shown(self) -> dict[str, Any]:
        return {
            "estimator": self._estimator,
            "X": lambda: self._rows().X,
            "y": lambda: self._rows().y,
            "metadata": lambda: self._rows().metadata or None,
        }

    def part(
        self, name: str, n_parts: int = 0, number: int | None = None, rows: Callable[[], Rows] | None = None
    ) -> "Task":
        """Return a task that is a part of it, and has so many parts; those that are not in turn have a number."""
        context = self._context.subcontext(
            task_name=name, task_id=number, max_subtasks=n_parts, sequential_subtasks=name not in _AT_ONCE
        )
        return Task(context, self._estimator, rows or self._rows, self.also)

    def of(self, rows: Callable[[], Rows]) -> "Task":
        """Return the same task, about these rows."""
        return Task(self._context, self._estimator, rows, self.also)

    def watches(
        self, recipe: Recipe, n_starts: int, attributes: Attributes, ends_task: bool = False
    ) -> Callable[[int], Watches]:
        """Return who looks on at each start of a fit that is this task; several are tasks of their own."""

        def of_start(start: int) -> Watches:
            is_one = n_starts == 1
            task = self if is_one else self.part("start", recipe.max_iter).begin()
            return lambda fit: [_Iterations(task, fit, attributes, ends_task or not is_one)]

        return of_start


#: Tasks whose parts are not in turn.
_AT_ONCE = ("search", "fold", "refit")


class _Iterations(Watch):
    """Tells of the iterations of a fit, and of its end where nobody else will."""

    def __init__(self, fit_task: Task, fit: Begun, attributes: Attributes, ends_task: bool) -> None:
        self._fit_task, self._fit, self._attributes, self._ends_task = fit_task, fit, attributes, ends_task
        self._task: Task | None = None

    def after(self, setting: Setting, run: Run) -> StopReason | None:
        """Tell that an iteration has ended, unless the state is the first one, or told anew."""
        task, self._task = self._task, None
        stops = task is not None and task.end(reconstruction_attributes=lambda: self._so_far(run))
        return StopReason.CALLBACK if stops else None

    def before(self, setting: Setting, run: Run) -> None:
        """Tell that an iteration begins."""
        self._task = self._fit_task.part("iteration")
        self._task.begin(reconstruction_attributes=lambda: self._so_far(run))

    def at_end(self, setting: Setting, run: Run) -> None:
        """Tell that a fit has ended."""
        if self._ends_task:
            self._fit_task.end(reconstruction_attributes=lambda: self._so_far(run))

    def _so_far(self, run: Run) -> dict[str, Any] | None:
        """Return the attributes of the network so far; None where it cannot be written down for raw X."""
        with suppress(ValueError):
            return self._attributes(*self._fit.so_far(run)) | self._fit_task.also | {"_skl_callbacks": []}
        return None


def fit_watched(
    estimator: Any,
    prepared: Prepared,
    attributes: Attributes,
    fit: Callable[[Callable[[int], Watches]], Result],
) -> Result:
    """Return ``fit(watches)``, while the callbacks of an estimator look on."""
    recipe = prepared.recipe
    n_starts = recipe.n_init if prepared.before is None else 1
    assert prepared.rows is not None
    task = _root(estimator, recipe.max_iter if n_starts == 1 else n_starts, prepared.rows)
    result = fit(task.watches(recipe, n_starts, attributes))
    task.end(reconstruction_attributes={})
    return result


def task_of(estimator: Any, n_parts: int, rows: Rows) -> Task | None:
    """Return the task that a fit of so many parts is, if there are callbacks to tell of it."""
    return _root(estimator, n_parts, lambda: rows) if has_callbacks(estimator) else None


def has_callbacks(estimator: Any) -> bool:
    """Tell whether callbacks are set on an estimator; a network that is shown to them has none."""
    return bool(getattr(estimator, "_skl_callbacks", None))


def _root(estimator: Any, n_parts: int, rows: Callable[[], Rows]) -> Task:
    return Task(estimator._init_callback_context(max_subtasks=n_parts), estimator, rows).begin()
