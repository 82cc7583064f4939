"""scikit-learn's callbacks: they are told of each task of a fit, may look at its network, and stop it.

The tasks are a tree: a fit has iterations, or starts with iterations of their own; a search has folds, whose
candidates are fits.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

from sklearn import __version__

from sk_shallow._course import HookError, Setting, Watch
from sk_shallow._fitting import Begun, Watches
from sk_shallow._outcome import Network, Record
from sk_shallow._preparation import Prepared, Rows
from sk_shallow._solvers import Run, StopReason
from sk_shallow._validation import CALLBACKS, CALLBACKS_IN_FIT

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


#: Returns the attributes that a copy of an estimator needs to stand for a network.
Attributes = Callable[[Network, Record], dict[str, Any]]


class raising_hook_errors:  # noqa: N801
    """Raises errors of callbacks as they were raised; a generator would make another error of StopIteration."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, HookError):
            raise error.error from None


class Callbacks(CallbackSupportMixin):
    """An estimator that callbacks can be set on."""

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in CALLBACKS_IN_FIT}


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
        self._also = also or {}
        self._is_open = False

    def begin(self, **options: Any) -> Self:
        """Tell that it begins."""
        self._is_open = True
        _call(self._context.call_on_fit_task_begin, **self._shown(), **options)
        return self

    def end(self, **options: Any) -> bool:
        """Tell that it has ended, and return whether to stop."""
        self._is_open = False
        return bool(_call(self._context.call_on_fit_task_end, **self._shown(), **options))

    def close(self) -> None:
        """Tell that it has ended, where that has not been told, as an error has come before."""
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
        self,
        name: str,
        n_parts: int = 0,
        number: int | None = None,
        rows: Callable[[], Rows] | None = None,
        in_turn: bool = True,
    ) -> "Task":
        """Return a task that is a part of it, and has so many parts; those that are not in turn have a number."""
        context = self._context.subcontext(
            task_name=name, task_id=number, max_subtasks=n_parts, sequential_subtasks=in_turn
        )
        return Task(context, self._estimator, rows or self._rows, self._also)

    def of(self, rows: Callable[[], Rows]) -> "Task":
        """Return the same task, about these rows."""
        return Task(self._context, self._estimator, rows, self._also)

    def with_attributes(self, attributes: dict[str, Any]) -> "Task":
        """Return the same task; all networks that callbacks are shown have these attributes besides."""
        return Task(self._context, self._estimator, self._rows, self._also | attributes)

    def shown(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Return the attributes of a network that callbacks are shown: it has no callbacks itself."""
        return attributes | self._also | {CALLBACKS: []}

    def watches(self, prepared: Prepared, attributes: Attributes) -> Callable[[int], Watches]:
        """Return who looks on at each start of a fit that is this task; several are tasks of their own."""

        def of_start(start: int) -> Watches:
            if prepared.n_starts == 1:
                return lambda fit: [_Iterations(self, fit, attributes)]
            return lambda fit: [_Start(self.part("start", prepared.recipe.max_iter).begin(), fit, attributes)]

        return of_start


def _call(hook: Callable[..., Any], **options: Any) -> Any:
    try:
        return hook(**options)
    except Exception as error:
        raise HookError(error) from error


class _Iterations(Watch):
    """Tells of the iterations of a fit."""

    def __init__(self, fit_task: Task, fit: Begun, attributes: Attributes) -> None:
        self._fit_task, self._fit, self._attributes = fit_task, fit, attributes
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

    def _so_far(self, run: Run) -> dict[str, Any] | None:
        """Return the attributes of the network so far; None where it has no finite cost."""
        return self._shown(self._fit.so_far, run) if math.isfinite(run.state.loss) else None

    def _shown(self, outcome: Callable[[Run], tuple[Network, Record]], run: Run) -> dict[str, Any] | None:
        """Return the attributes of a network; None where it cannot be written down for raw X."""
        with suppress(ValueError):
            return self._fit_task.shown(self._attributes(*outcome(run)))
        return None


class _Start(_Iterations):
    """Tells of a start too."""

    def at_end(self, setting: Setting, run: Run) -> None:
        """Tell that it has ended, with the network that it keeps."""
        self._fit_task.end(reconstruction_attributes=lambda: self._shown(self._fit.result, run))

    def close(self) -> None:
        """Tell that it has ended by an error."""
        self._fit_task.close()


def task_of(estimator: Any, n_parts: int, rows: Callable[[], Rows]) -> Task | None:
    """Return the task that a fit of so many parts is, if there are callbacks to tell of it."""
    if not getattr(estimator, CALLBACKS, None):  # a network that is shown to callbacks has an empty list
        return None
    return Task(estimator._init_callback_context(max_subtasks=n_parts), estimator, rows).begin()
