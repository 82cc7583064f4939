"""How many threads a fit may use, and holding BLAS to one each meanwhile."""

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _blas() -> ThreadpoolController:
    """Find the BLAS libraries once a process: looking for them takes a millisecond."""
    return ThreadpoolController().select(user_api="blas")


def n_blas_threads() -> int:
    """Return the number of threads that BLAS may use now, and so the number that we may use.

    Limits set by ``threadpool_limits``, by joblib's workers or by environment variables hold.
    """
    return min((library.num_threads for library in _blas().lib_controllers), default=1)


def one_blas_thread() -> AbstractContextManager[object]:
    """Hold BLAS to one thread: our own threads, one block each, use the cores better."""
    return _blas().limit(limits=1)
