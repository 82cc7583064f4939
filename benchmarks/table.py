"""What a table of the defaults benchmark is."""

import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

#: Classes of fewer rows are left out, so that every fold has some of each.
FEWEST = 6


@dataclass(frozen=True)
class Table:
    """Rows X (n, d), dense or CSR, and labels y (n,).

    `numeric` names the columns that peers' scalers take; None: all. `bundled` is told of the
    sets that come with scikit-learn. `n_train` rows are for training; None: two thirds.
    """

    name: str
    X: Any
    y: np.ndarray
    numeric: list[int] | None = None
    bundled: bool = False
    n_train: int | None = None

    @property
    def n_classes(self) -> int:
        """The number of classes K."""
        return int(self.y.max()) + 1

    @property
    def is_sparse(self) -> bool:
        """Whether X is CSR."""
        return bool(sp.issparse(self.X))

    def coded(self) -> "Table":
        """Return the rows of classes that are large enough, as float64, with labels 0, …, K − 1."""
        y = np.unique(self.y, return_inverse=True)[1]
        kept = np.bincount(y)[y] >= FEWEST
        X = self.X.tocsr().astype(float) if self.is_sparse else np.asarray(self.X, float)
        return replace(self, X=X[kept], y=np.unique(y[kept], return_inverse=True)[1])

    def tiny(self) -> "Table":
        """Return at most 5 classes, 40 rows of each, and 40 columns, for smoke runs."""
        rows = np.concatenate([np.flatnonzero(self.y == c)[:40] for c in range(min(5, self.n_classes))])
        d = min(40, self.X.shape[1])
        numeric = None if self.numeric is None else [j for j in self.numeric if j < d]
        return replace(self, X=self.X[rows][:, :d], y=self.y[rows], numeric=numeric)

    def fingerprint(self) -> str:
        """Return a checksum of the numbers and labels."""
        arrays = (self.X.data, self.X.indices, self.X.indptr) if self.is_sparse else (self.X,)
        checksum = 0
        for array in (*arrays, self.y):
            checksum = zlib.crc32(np.ascontiguousarray(array).tobytes(), checksum)
        return f"{checksum:08x}"
