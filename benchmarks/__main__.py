"""The command ``python -m benchmarks``: measure, print one table a suite, save CSV, JSON and PNG."""

import argparse
import sys
import time
import warnings
from pathlib import Path

from benchmarks.plan import Plan
from benchmarks.report import busy_cores, machine, machine_line, publish, warn_if_busy
from benchmarks.suites import SUITES


def _suites(text: str) -> list[str]:
    """Parse the argument of ``--only``."""
    names = text.split(",")
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        raise argparse.ArgumentTypeError(f"no suite {', '.join(unknown)}: choose from {', '.join(SUITES)}")
    return names


def _rounds(text: str) -> int:
    """Parse the argument of ``--rounds``."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of rounds: give 1 or more")
    return int(text)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, in seconds: does everything run?")
    parser.add_argument("--only", type=_suites, default=list(SUITES), metavar="SUITE,…", help=", ".join(SUITES))
    parser.add_argument("--rounds", type=_rounds, help="interleaved rounds; default 5, or 2 with --smoke")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results"), help="default %(default)s")
    return parser.parse_args()


def main() -> None:
    """Run the chosen suites."""
    arguments = _arguments()
    about = machine()
    print(machine_line(about))
    plan = Plan(arguments.smoke, arguments.rounds or (2 if arguments.smoke else 5))
    about |= {"smoke": plan.smoke, "rounds": plan.rounds}
    for name in arguments.only:
        about["busy cores before"] = busy_cores()
        warn_if_busy(about["busy cores before"])
        started = time.perf_counter()
        rows = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for row in SUITES[name](plan):
                print(f"  {name}: {row['case']}", file=sys.stderr, flush=True)
                rows.append(row)
        publish(name, rows, about, arguments.out)
        print(f"{name}: {time.perf_counter() - started:.1f} s")


if __name__ == "__main__":
    main()
