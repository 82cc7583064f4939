"""Speed and memory of ShallowNetClassifier beside its peers: ``python -m benchmarks --help``."""

import os

# Set by hand, these change what OpenBLAS does on this machine: measure its own choice. OpenBLAS comes
# with NumPy and reads them once, when it is loaded, so they go here: before any module of this package.
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)
