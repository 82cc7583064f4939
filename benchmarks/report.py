"""Says what the machine is, prints tables, and saves them."""

import importlib
import json
import os
import platform
import time
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
from threadpoolctl import threadpool_info

from benchmarks.peers import optional

#: What a picture shows, by suite: the columns that end in this.
PICTURED = {"memory": " MB", "search": " s"}
#: More cores than this busy with other work spoil a measurement, of threaded contenders most.
BUSY = 0.1


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    importlib.import_module("scipy.linalg")  # its BLAS counts too
    libraries = [entry for entry in threadpool_info() if entry["user_api"] == "blas"]
    names = {f"{entry['internal_api']} {entry['version']} {entry.get('architecture', '')}" for entry in libraries}
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
        "blas": ", ".join(sorted(name.strip() for name in names)),
        "date": date.today().isoformat(),
    }


def machine_line(about: dict[str, Any]) -> str:
    """Return the machine in a line."""
    return " · ".join(f"{key} {value}" for key, value in about.items())


def busy_cores(seconds: float = 0.5) -> float | None:
    """Return how many cores other processes keep busy while this one sleeps; None where unknown."""

    def busy_ticks() -> int:
        user, nice, system = Path("/proc/stat").read_text(encoding="ascii").split()[1:4]
        return int(user) + int(nice) + int(system)

    try:
        before = busy_ticks()
        time.sleep(seconds)
        return round((busy_ticks() - before) / os.sysconf("SC_CLK_TCK") / seconds, 2)
    except OSError:
        return None


def warn_if_busy(cores: float | None) -> None:
    """Say that the figures to come are not to be quoted."""
    if cores is not None and cores > BUSY:
        print(f"other processes keep {cores} cores busy: times and ratios below are not to be quoted")


def publish(name: str, rows: list[dict[str, Any]], about: dict[str, Any], out: Path) -> None:
    """Print a suite's table; save it as CSV, JSON and, with matplotlib, PNG."""
    table = pd.DataFrame(rows)
    print(f"\n{name}")
    print(table.to_string(index=False, formatters={c: _number for c in table.columns if c != "case"}))
    out.mkdir(parents=True, exist_ok=True)
    table.to_csv(out / f"{name}.csv", index=False)
    record = {"suite": name, "machine": about, "rows": json.loads(table.to_json(orient="records"))}
    (out / f"{name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if optional("matplotlib"):
        _draw(name, table, about, out / f"{name}.png")


def _number(value: float) -> str:
    """Return three or four digits; nothing for what was not measured."""
    if pd.isna(value):
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _draw(name: str, table: pd.DataFrame, about: dict[str, Any], path: Path) -> None:
    """Draw a point for each row and contender; on a logarithmic axis the length of a bar means nothing."""
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot = importlib.import_module("matplotlib.pyplot")
    unit = PICTURED.get(name, " ms")
    shown = [column for column in table.columns if column.endswith(unit)]
    figure, ax = pyplot.subplots(figsize=(9, 1.8 + 0.4 * len(table)), layout="constrained")
    for column in shown:
        ax.plot(table[column], np.arange(len(table)), "o", label=column.removesuffix(unit))
    ax.set_yticks(np.arange(len(table)), table["case"])
    ax.grid(alpha=0.3)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel(unit.strip())
    ax.set_title(f"{name} ({about['cores']} cores, {about['date']}{', smoke size' if about['smoke'] else ''})")
    figure.legend(loc="outside right upper")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
