"""How good the defaults of ShallowNetClassifier are: ``python -m benchmarks.defaults --help``.

Prints, for each group of tables, means, paired differences to peers, and whether the goals are met, and saves
them as Markdown. Peers are measured once and then remembered; times are of one thread's processor time.
"""

import argparse
import ast
import sys
import time
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
from threadpoolctl import threadpool_limits

from benchmarks.defaults_candidates import CANDIDATES
from benchmarks.defaults_measure import Figures, Memory, folds, measure
from benchmarks.defaults_report import group_report, overall_report, tables_report
from benchmarks.report import machine, machine_line
from benchmarks.table import Table
from benchmarks.tables import GROUPS, tables


def _names_of(known: dict[str, Any]) -> Any:
    """Return a parser of names with commas between; a name may have a comma itself."""

    def parse(text: str) -> list[str]:
        chosen, rest = [], text
        while rest:
            fitting = [name for name in known if rest == name or rest.startswith(f"{name},")]
            if not fitting:
                raise argparse.ArgumentTypeError(f"no {rest!r}: choose from {'; '.join(known)}")
            chosen.append(max(fitting, key=len))
            rest = rest[len(chosen[-1]) + 1 :]
        return chosen

    return parse


def _setting(text: str) -> tuple[str, Any]:
    """Parse the argument of ``--set``; what is no literal is a string."""
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.defaults", description=__doc__)
    add = parser.add_argument
    add("--groups", type=_names_of(GROUPS), default=list(GROUPS), metavar="GROUP,…", help=", ".join(GROUPS))
    add("--candidates", type=_names_of(CANDIDATES), default=list(CANDIDATES), help="; ".join(CANDIDATES))
    add("--folds", type=int, choices=(1, 2, 3), default=1, help="how many of 3 folds; default 1")
    add("--draw", type=int, default=0, help="constants were chosen on 0 and 1, not on 2 and on")
    add("--smoke", action="store_true", help="2 tiny tables a group: does everything run?")
    add("--set", type=_setting, action="append", default=[], metavar="NAME=VALUE", help="a setting of ours")
    add("--per-table", action="store_true", help="a line a table too")
    add("--out", type=Path, default=Path("benchmarks/results"), help="default %(default)s")
    return parser.parse_args()


def _chosen_tables(group: str, arguments: argparse.Namespace) -> Iterator[Table]:
    """Yield the tables of a group, or two small parts of them."""
    found = tables(group, arguments.draw)
    return (table.tiny() for table in islice(found, 2)) if arguments.smoke else found


def fits(group: str, arguments: argparse.Namespace, memory: Memory) -> Iterator[Figures]:
    """Measure every candidate on every table and fold of a group, or remember what a peer had."""
    settings = dict(arguments.set)
    names = [name for name in arguments.candidates if CANDIDATES[name].takes_part(group)]
    for table in _chosen_tables(group, arguments):
        started, checksum = time.perf_counter(), table.fingerprint()
        for fold, split in enumerate(folds(table, arguments.folds)):
            for name in names:
                candidate, key = CANDIDATES[name], memory.key(group, table.name, checksum, fold, name)
                measured = partial(measure, candidate.estimator(table, settings, fold), table, *split)
                figures = measured() if candidate.ours else memory.recall(key, measured)
                about = {"group": group, "table": table.name, "fold": fold, "candidate": name}
                yield about | {"bundled": table.bundled} | figures
        seconds = time.perf_counter() - started
        print(f"  {group}: {table.name}, {table.X.shape}, {seconds:.1f} s", file=sys.stderr, flush=True)


def _title(arguments: argparse.Namespace) -> str:
    settings = ", ".join(f"{name}={value!r}" for name, value in arguments.set)
    return f"# ShallowNetClassifier({settings}), draw {arguments.draw}{', smoke' if arguments.smoke else ''}"


def _file_name(arguments: argparse.Namespace) -> str:
    """Return a name of its own for each draw, and for what is less than the whole or has other settings."""
    whole = len(arguments.groups) == len(GROUPS) and len(arguments.candidates) == len(CANDIDATES)
    marks = {"smoke": arguments.smoke, "part": not whole or arguments.set}
    return "-".join(["defaults", str(arguments.draw), *(mark for mark, given in marks.items() if given)]) + ".md"


def main() -> None:
    """Measure the chosen groups, print and save."""
    arguments = _arguments()
    memory = Memory(arguments.out / "defaults_peers.jsonl", writes=not arguments.smoke)
    parts, measured = [_title(arguments), machine_line(machine())], []
    print("\n\n".join(parts))
    with threadpool_limits(1):
        for group in arguments.groups:
            frame = pd.DataFrame(fits(group, arguments, memory)).astype(
                {"auc": float, "n_iter": float, "l2": float}
            )
            measured.append(frame)
            parts.append(group_report(frame, group))
            if arguments.per_table:
                parts[-1] += "\n\n" + tables_report(frame)
            print("", parts[-1], sep="\n", flush=True)
    parts.append(overall_report(pd.concat(measured)))
    print("", parts[-1], sep="\n")
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / _file_name(arguments)).write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
