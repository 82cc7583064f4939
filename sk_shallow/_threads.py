"""The one place that changes the process: BLAS is held to one thread, numbers may overflow in silence.

Whatever happens meanwhile, an error or Ctrl-C at any moment, the process is afterwards as it was:

- NumPy's error state is set in a copy of the context, so nothing needs to be set back (NumPy ≥ 2);
- BLAS's limits are set back in a loop that Ctrl-C can delay, not leave;
- our own threads live as long as one call, and end with it;
- a fork waits for the lock, and the child begins with nobody holding BLAS.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

import numpy as np
from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")
#: Applies a function to each item and returns the results in the order of the items.
Map = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]

#: So many signals while BLAS is given its threads back are let wait; an error of BLAS's own ends, too.
_MOST_INTERRUPTS = 1000

_lock = threading.Lock()
#: Who holds BLAS to one thread now, with the limits that each found. BLAS's limit is most often the
#: process's, and fits may run in several threads.
_holders: dict[object, list[int]] = {}
#: The limits that hold when nobody holds BLAS.
_limits: list[int] = []


@cache
def _blas() -> list[Any]:
    """Find the BLAS libraries once a process: looking for them takes a millisecond."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


def n_blas_threads() -> int:
    """Return the number of threads that BLAS may use now, and so the number that we may use.

    Limits set by ``threadpool_limits``, by joblib's workers or by environment variables hold, and so
    does ours: a fit in another thread meanwhile gets one.
    """
    return min((library.num_threads for library in _blas()), default=1)


def in_turn(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """Apply a function to each item, in this thread."""
    return [function(item) for item in items]


def run(job: Callable[[Map], Result], *, parallel: bool) -> Result:
    """Return ``job(map)``, called with BLAS held to one thread and without warnings of overflow.

    With `parallel`, `map` spreads items over as many threads as BLAS might have used: our own
    threads, one block of rows each, use the cores better. Else `map` is ``in_turn``.
    """
    holder = object()
    try:
        n_threads = _hold(holder)
        if n_threads == 1 or not parallel:
            return copy_context().run(_quietly, job, in_turn)
        with ThreadPoolExecutor(n_threads - 1, initializer=_begin_work) as pool:
            threads = Threads(pool, n_threads)
            try:
                return copy_context().run(_quietly, job, threads)
            finally:
                threads.let_be()
    finally:
        # Here, with no call before `try`: an interrupt on the way into one would skip the rest.
        interrupt, tries = None, 0
        while holder in _holders and tries < _MOST_INTERRUPTS:
            tries += 1
            try:
                _release(holder)
            except BaseException as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt


def _overflow_silently() -> None:
    np.seterr(all="ignore")


def _quietly(job: Callable[[Map], Result], map_items: Map) -> Result:
    """Call the job; a cost that is not finite is the solver's to judge, not worth a warning."""
    _overflow_silently()
    return job(map_items)


def _begin_work() -> None:
    """Prepare a thread of ours."""
    _overflow_silently()
    for library in filter(_limits_each_thread, _blas()):
        library.set_num_threads(1)


def _limits_each_thread(library: Any) -> bool:
    """Tell whether a BLAS has a limit for each thread, as OpenBLAS has on OpenMP, not for the process."""
    return getattr(library, "threading_layer", None) == "openmp"


def _limit(library: Any, n_threads: int) -> None:
    """Set a limit, from whatever thread: threadpoolctl obeys the one that set the last, until it lets go."""
    let_go = getattr(library, "clear_controlling_thread", None)
    if let_go is None:
        library.set_num_threads(n_threads)
    else:
        let_go(force=True)
        library.set_num_threads(n_threads)
        let_go(force=True)


def _hold(holder: object) -> int:
    """Hold BLAS to one thread, and return how many threads it had."""
    with _lock:
        found = [library.num_threads for library in _blas()]
        if not _holders:
            _limits[:] = found
        _holders[holder] = found
        for library in _blas():
            _limit(library, 1)
        return min(found, default=1)


def _release(holder: object) -> None:
    """Give BLAS its threads back when the last holder leaves. May be interrupted, and called again."""
    with _lock:
        is_last = _holders.keys() == {holder}
        for library, limit, found in zip(_blas(), _limits, _holders[holder], strict=True):
            if _limits_each_thread(library):
                _limit(library, found)
            elif is_last:
                _limit(library, limit)
        _holders.pop(holder)


def _begin_anew() -> None:
    """In the child of a fork: the threads that held BLAS are not in it."""
    if _holders:
        for library, limit in zip(_blas(), _limits, strict=True):
            _limit(library, limit)
    _holders.clear()
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_begin_anew)


@dataclass
class Threads:
    """Threads of ours, which are a Map: with the caller's, as many as there are cores to use."""

    pool: ThreadPoolExecutor
    n: int
    _beside: "_Shared | None" = None

    def __call__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """Apply a function to each item, the caller's thread taking its share, and return the results."""
        if len(items) == 1:
            return in_turn(function, items)
        shared = _Shared(function, items)
        shared.begin(self.pool, self.n - 1)
        shared.work()
        return shared.results()

    def beside(self, function: Callable[[Any], Any], items: Sequence[Any]) -> Callable[[], list[Any]]:
        """Begin to apply a function to each item, on the other cores; return what waits for the results."""
        self._beside = shared = _Shared(function, items)
        shared.begin(self.pool, self.n - 1)
        return shared.results

    def let_be(self) -> None:
        """Begin no more of what was to be done beside the caller: an error or Ctrl-C has left it behind."""
        if self._beside is not None:
            self._beside.drop()


class _Shared:
    """Items that threads take one by one, to apply a function to each; the first error ends the others' work."""

    def __init__(self, function: Callable[[Any], Any], items: Sequence[Any]) -> None:
        self._function, self._waiting = function, deque(enumerate(items))
        self._results: list[Any] = [None] * len(items)
        self._shares: list[Future[None]] = []

    def begin(self, pool: ThreadPoolExecutor, n_threads: int) -> None:
        """Have so many threads of a pool work."""
        try:
            self._shares = [pool.submit(self.work) for _ in range(min(n_threads, len(self._waiting)))]
        except BaseException:
            self.drop()
            raise

    def drop(self) -> None:
        """Leave the items that nobody has taken."""
        self._waiting.clear()

    def work(self) -> None:
        """Take items until none is left."""
        while True:
            try:
                place, item = self._waiting.popleft()
            except IndexError:
                return
            try:
                self._results[place] = self._function(item)
            except BaseException:
                self.drop()
                raise

    def results(self) -> list[Any]:
        """Wait for the threads of the pool, and return the results in the order of the items."""
        try:
            for share in self._shares:
                share.result()
        except BaseException:
            self.drop()
            raise
        return self._results
