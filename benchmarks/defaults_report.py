"""Writes what ``benchmarks.defaults`` measured as text that is Markdown too."""

import numpy as np
import pandas as pd

from benchmarks.defaults_candidates import CANDIDATES, LBFGS, MLP, OURS, OURS_CV, VALIDATED_ALONE
from benchmarks.defaults_goals import by_candidate, goals, warnings_checks, wide_and_noise

METRICS = ["accuracy", "log_loss", "auc"]


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """Return a table, its columns padded."""
    widths = [max(2, *map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [[name.ljust(width) for name, width in zip(header, widths, strict=True)]]
    lines.append(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    for first, *others in rows:
        lines.append([first.ljust(widths[0]), *(o.rjust(w) for o, w in zip(others, widths[1:], strict=True))])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def group_report(fits: pd.DataFrame, group: str) -> str:
    """Return a group's means, paired differences, and goals."""
    figures = per_table(fits)
    n_tables, n_folds = fits["table"].nunique(), fits["fold"].nunique()
    parts = [f"## {group}: {n_tables} tables, {n_folds} fold{'s' if n_folds > 1 else ''} of each", _means(figures)]
    if OURS in fits["candidate"].values and fits["candidate"].nunique() > 1:
        parts.append(_differences(figures))
    names = [name for name in (OURS, LBFGS, OURS_CV, VALIDATED_ALONE) if name in fits["candidate"].values]
    parts.append("\n".join(f"- {goal(figures, name)}" for name in names for goal in goals(group, name)))
    return "\n\n".join(part for part in parts if part)


def per_table(fits: pd.DataFrame) -> pd.DataFrame:
    """Return means over folds, a row a table and candidate."""
    return fits.groupby(["table", "candidate"], sort=False)[[*METRICS, "seconds", "warned", "n_iter", "l2"]].mean()


def _means(figures: pd.DataFrame) -> str:
    """Return a line a candidate: means over tables, and the median of what it took."""
    seconds, present = by_candidate(figures, "seconds").mean(), figures.index.get_level_values("candidate")
    header = [
        "candidate",
        "accuracy",
        "log-loss",
        "AUC",
        "median log-loss",
        "time ÷ MLP",
        "s",
        "warned",
        "n_iter",
        "λ",
    ]
    rows = []
    for name in _ordered(figures):
        own = figures[present == name]
        mean, ratio = own.mean(), seconds[name] / seconds.get(MLP, float("nan"))
        row = [name, *(_digits(mean[metric], 4) for metric in METRICS), _digits(own["log_loss"].median(), 4)]
        row += [_digits(ratio, 3), _digits(mean["seconds"], 3), f"{100 * mean['warned']:.0f} %"]
        rows.append([*row, _digits(own["n_iter"].median(), 0), _digits(own["l2"].median(), 2)])
    return markdown(header, rows)


def _differences(figures: pd.DataFrame) -> str:
    """Return ours − each other by table: mean ± standard error, and median."""
    rows = []
    for name in _ordered(figures):
        if name != OURS:
            rows.append([f"ours − {name}", *(_difference(by_candidate(figures, m), name) for m in METRICS)])
    return markdown(["paired, mean ± SE (median)", "accuracy", "log-loss", "AUC"], rows)


def _difference(wide: pd.DataFrame, peer: str) -> str:
    gaps = (wide[OURS] - wide[peer]).dropna().to_numpy(float)
    if len(gaps) < 2:
        return ""
    error = gaps.std(ddof=1) / np.sqrt(len(gaps))
    return f"{gaps.mean():+.4f} ± {error:.4f} ({np.median(gaps):+.4f})"


def tables_report(fits: pd.DataFrame) -> str:
    """Return a line a table: accuracy, log-loss and AUC of each candidate, and a mark where a fit warned."""
    figures = per_table(fits)
    names = _ordered(figures)
    rows = []
    for table in fits["table"].unique():
        rows.append([table, *(_cell(figures.loc[(table, name)]) for name in names)])
    return markdown(["accuracy log-loss AUC (! warned)", *names], rows)


def _cell(own: pd.Series) -> str:
    return " ".join(_digits(own[metric], 3) or "-" for metric in METRICS) + ("!" if own["warned"] else " ")


def overall_report(fits: pd.DataFrame) -> str:
    """Return the checks that more than one group makes."""
    checks = []
    for name in [name for name in (OURS, LBFGS, OURS_CV) if name in fits["candidate"].values]:
        checks += warnings_checks(fits, name)
        groups = fits[fits["group"].isin(["wide", "noise"])]
        if groups["group"].nunique() == 2:
            checks.append(wide_and_noise(per_table(groups), name))
    return "\n\n".join(["## all groups", "\n".join(f"- {check}" for check in checks)]) if checks else ""


def _ordered(figures: pd.DataFrame) -> list[str]:
    present = figures.index.get_level_values("candidate")
    return [name for name in CANDIDATES if name in present]


def _digits(value: float, n: int) -> str:
    return "" if pd.isna(value) else f"{value:.{n}f}"
