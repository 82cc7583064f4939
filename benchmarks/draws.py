"""Which draw of the tables: the one that defaults are chosen on, or a fresh one that checks them."""

from dataclasses import dataclass

import numpy as np

#: Added to every seed of the fresh draw.
FRESH = 1000


@dataclass(frozen=True)
class Draw:
    """Turns the seeds and columns of the first draw into those of this one."""

    fresh: bool = False

    def seed(self, number: int) -> int:
        """Return the seed to use in place of `number`."""
        return number + FRESH if self.fresh else number

    def rng(self, number: int) -> np.random.RandomState:
        """Return a generator with that seed."""
        return np.random.RandomState(self.seed(number))

    def columns(self, given: list[int], d: int) -> list[int]:
        """Return `given`, or as many of d columns drawn at random."""
        if not self.fresh:
            return given
        return sorted(np.random.RandomState(FRESH + sum(given) + d).choice(d, len(given), replace=False).tolist())

    def rows(self, n_rows: int, n: int, number: int) -> np.ndarray:
        """Return n of the numbers of rows at random; all in order where there are no more."""
        return np.arange(n_rows) if n >= n_rows else self.rng(number).permutation(n_rows)[:n]
