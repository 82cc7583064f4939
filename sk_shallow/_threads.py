"""How many threads a fit may use, and holding BLAS to one each meanwhile."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


@cache
def _blas() -> ThreadpoolController:
    """Find the BLAS libraries once a process: looking for them takes a millisecond."""
    return ThreadpoolController().select(user_api="blas")


def n_blas_threads() -> int:
    """Return the number of threads that BLAS may use now, and so the number that we may use.

    Limits set by ``threadpool_limits``, by joblib's workers or by environment variables hold, and so
    does ours: a fit in another thread meanwhile gets one.
    """
    return min((library.num_threads for library in _blas().lib_controllers), default=1)


class _Holders:
    """Who holds BLAS to one thread: the limit is the process's, fits may run in several threads."""

    lock = threading.Lock()
    count = 0
    limiter: Any = None


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS to one thread: our own threads, one block each, use the cores better.

    The first to enter sets the limit and the last to leave lifts it; each on its own would restore
    what another had set.
    """
    with _Holders.lock:
        if _Holders.count == 0:
            _Holders.limiter = _blas().limit(limits=1)
        _Holders.count += 1
    try:
        yield
    finally:
        with _Holders.lock:
            _Holders.count -= 1
            if _Holders.count == 0:
                _Holders.limiter.restore_original_limits()
