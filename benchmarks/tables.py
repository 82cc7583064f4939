"""The tables on which defaults are measured, by group. None needs a download.

Every table comes in as many draws as one likes: constants were chosen on draws 0 and 1, and further ones check
them on tables that they were not chosen on.
"""

from collections.abc import Callable, Iterator

from benchmarks.draws import Draw
from benchmarks.table import Table
from benchmarks.tables_made import curved, few, larger, many_classes, noise, onehot, rare, wide
from benchmarks.tables_small import small
from benchmarks.tables_text import text

GROUPS: dict[str, Callable[[Draw], Iterator[Table]]] = {
    "small": small,
    "larger": larger,
    "rare": rare,
    "onehot": onehot,
    "text": text,
    "many_classes": many_classes,
    "wide": wide,
    "noise": noise,
    "few": few,
    "curved": curved,
}


def tables(group: str, draw: int = 0) -> Iterator[Table]:
    """Yield the tables of a group, one at a time: X float64, labels coded 0, …, K − 1."""
    return (table.coded() for table in GROUPS[group](Draw(draw)))
