"""Times and peaks of contenders, measured in turn so that a busy machine is unfair to none."""

import gc
import time
import tracemalloc
from collections.abc import Callable

#: Makes T iterations at most, from a fresh start, and returns how many it made.
Run = Callable[[int], int]


def _seconds(call: Callable[[], object]) -> tuple[float, object]:
    """Return the time of a call and its result."""
    gc.collect()
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def best_seconds(
    calls: dict[str, Callable[[], object]], rounds: int, repeats: int = 1, warm_up: bool = True
) -> dict[str, float]:
    """Return the least time of each call over the rounds; a round makes every call `repeats` times."""

    def repeated(call: Callable[[], object]) -> None:
        for _ in range(repeats):
            call()

    if warm_up:
        for call in calls.values():
            call()
    best = dict.fromkeys(calls, float("inf"))
    for turn in range(rounds):
        for name in _in_turn(list(calls), turn):
            best[name] = min(best[name], _seconds(lambda call=calls[name]: repeated(call))[0] / repeats)
    return best


def step_seconds(runs: dict[str, Run], iterations: tuple[int, int], rounds: int) -> dict[str, float]:
    """Return the time of one iteration of each run: that of T2 less that of T1, over T2 - T1.

    Least times are taken of each length first, then their difference. NaN says that a run made no
    more iterations in T2 than in T1, or that noise was larger than the difference.
    """
    for run in runs.values():
        run(1)  # compiles, allocates and loads what comes late
    best = {(name, T): float("inf") for name in runs for T in iterations}
    made = dict.fromkeys(best, 0)
    for turn in range(rounds):
        for name in _in_turn(list(runs), turn):
            for T in iterations:
                seconds, made[name, T] = _seconds(lambda run=runs[name], T=T: run(T))
                best[name, T] = min(best[name, T], seconds)
    short, long = iterations
    steps = {name: made[name, long] - made[name, short] for name in runs}
    more = {name: best[name, long] - best[name, short] for name in runs}
    return {name: more[name] / steps[name] if steps[name] > 0 < more[name] else float("nan") for name in runs}


def peak_bytes(call: Callable[[], object]) -> int:
    """Return the most memory that Python and NumPy held beyond what they held before the call."""
    gc.collect()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        call()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def columns(seconds: dict[str, float], factor: float = 1e3, unit: str = "ms") -> dict[str, float]:
    """Return the columns of a table row: each contender's time, then its ratio to ours, the first."""
    ours, *others = seconds
    times = {f"{name} {unit}": value * factor for name, value in seconds.items()}
    return times | {f"{name} ÷ {ours}": seconds[name] / seconds[ours] for name in others}


def _in_turn(names: list[str], turn: int) -> list[str]:
    """Return the names, starting with another one every round."""
    first = turn % len(names)
    return names[first:] + names[:first]
