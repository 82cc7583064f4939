"""How large and how long to measure."""

from typing import Any, NamedTuple

from benchmarks.data import Size

#: One row of a suite's table; its "case" says what was measured.
Row = dict[str, Any]
MB = 1e6


class Plan(NamedTuple):
    """Smoke or full sizes, and the number of rounds."""

    smoke: bool
    rounds: int

    def size(self, size: Size) -> Size:
        """Return the size to measure in place of `size`."""
        return size.small() if self.smoke else size

    def iterations(self, size: Size) -> tuple[int, int]:
        """Return the lengths T1 and T2 of full-batch fits."""
        return size.iterations(0.01 if self.smoke else 0.4)
