"""Which draw of the tables: 0 and 1 are those that defaults were chosen on, further ones check them."""

from dataclasses import dataclass

import numpy as np

#: Added to every seed, once for each draw after the first.
FRESH = 1000


@dataclass(frozen=True)
class Draw:
    """Turns the seeds and columns of the first draw into those of this one."""

    number: int = 0

    @property
    def fresh(self) -> bool:
        """Whether it is another draw than the first."""
        return self.number > 0

    def seed(self, number: int) -> int:
        """Return the seed to use in place of `number`."""
        return number + FRESH * self.number

    def rng(self, number: int) -> np.random.RandomState:
        """Return a generator with that seed."""
        return np.random.RandomState(self.seed(number))

    def columns(self, given: list[int], d: int) -> list[int]:
        """Return `given`, or as many of d columns drawn at random."""
        if not self.fresh:
            return given
        return sorted(self.rng(sum(given) + d).choice(d, len(given), replace=False).tolist())

    def rows(self, n_rows: int, n: int, number: int) -> np.ndarray:
        """Return n of the numbers of rows at random; all in order where there are no more."""
        return np.arange(n_rows) if n >= n_rows else self.rng(number).permutation(n_rows)[:n]
