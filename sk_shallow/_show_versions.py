"""What a report of a problem should have."""

import sklearn

from sk_shallow._compiled import VARIABLE, loops_in_use
from sk_shallow._version import __version__


def show_versions() -> None:
    """Print the version of sk_shallow, which loops run, and what ``sklearn.show_versions`` prints.

    Loops are "compiled", for the best that the processor has, where they were built; else NumPy's. The environment
    variable ``SK_SHALLOW_LOOPS=numpy``, set before the import, has NumPy's run.

    Examples
    --------
    >>> import sk_shallow
    >>> sk_shallow.show_versions()  # doctest: +SKIP
    """
    print(f"sk_shallow: {__version__}")
    print(f"     loops: {loops_in_use()} ({VARIABLE}=numpy turns compiled ones off)")
    sklearn.show_versions()
