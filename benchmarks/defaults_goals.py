"""What the defaults are to reach in each group, against what was measured."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pandas as pd

from benchmarks.defaults_candidates import (
    LOGISTIC,
    LOGISTIC_CV,
    MLP,
    MLP_VALIDATED,
    OURS,
    OURS_CV,
    SHARES,
    UNSCALED,
    VALIDATED_ALONE,
)

UNITS = {"accuracy": ("points", 100), "auc": ("", 1)}


class Check(NamedTuple):
    """A goal in words, what was measured, and whether that meets it (None: a peer was not measured)."""

    goal: str
    measured: str
    met: bool | None

    def __str__(self) -> str:
        verdict = {True: "met", False: "NOT MET", None: "not measured"}[self.met]
        return f"{verdict}: {self.goal}; measured {self.measured}"


#: Of a table of figures (a row a table and candidate) and the name of our candidate.
Goal = Callable[[pd.DataFrame, str], Check]


def by_candidate(figures: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return a metric with a row a table, a column a candidate."""
    return figures[metric].unstack("candidate")


def _goal(figures: pd.DataFrame, name: str, metric: str, peers: list[str], words: str) -> pd.DataFrame | Check:
    """Return the metric's columns of ours and peers, or the check that says what is missing."""
    wide = by_candidate(figures, metric)
    missing = [peer for peer in (name, *peers) if peer not in wide]
    if missing:
        return Check(f"{name}: {words}", f"nothing of {', '.join(missing)}", None)
    return wide[[name, *peers]].dropna()


def _at_least(figures: pd.DataFrame, name: str, *, metric: str, peers: list[str], margin: float) -> Check:
    """Check a mean against the best mean of peers."""
    unit, factor = UNITS[metric]
    words = f"{metric} ≥ {' and '.join(peers)} {factor * margin:+g} {unit}".strip()
    wide = _goal(figures, name, metric, peers, words)
    if isinstance(wide, Check):
        return wide
    gap = wide[name].mean() - wide[peers].mean().max()
    strict = (wide[name] - wide[peers].max(axis=1)).mean()
    measured = f"{factor * gap:+.3g} {unit}".strip()
    if len(peers) > 1:
        measured += f" ({factor * strict:+.3g} to the best of each table)"
    return Check(f"{name}: {words}", measured, bool(gap >= margin))


def _nowhere_below(figures: pd.DataFrame, name: str, *, metric: str, peers: list[str], margin: float) -> Check:
    """Check the worst table against the best peer on it."""
    words = f"{metric} on no table {margin:g} below the better of {' and '.join(peers)}"
    wide = _goal(figures, name, metric, peers, words)
    if isinstance(wide, Check):
        return wide
    gaps = wide[name] - wide[peers].max(axis=1)
    return Check(f"{name}: {words}", f"{gaps.min():+.4f} on {gaps.idxmin()}", bool(gaps.min() > -margin))


def _at_most_times(figures: pd.DataFrame, name: str, *, metric: str, peers: list[str], factor: float) -> Check:
    """Check a mean against a multiple of the mean of the least peer of each table."""
    words = f"{metric} ≤ {factor:g} × {'the better of ' if len(peers) > 1 else ''}{' and '.join(peers)}"
    wide = _goal(figures, name, metric, peers, words)
    if isinstance(wide, Check):
        return wide
    ratio = wide[name].mean() / wide[peers].min(axis=1).mean()
    return Check(f"{name}: {words}", f"{ratio:.3f} ×", bool(ratio <= factor))


def _on_most_tables(figures: pd.DataFrame, name: str, *, metric: str, peer: str, share: float) -> Check:
    """Check on how many tables it is no more than that of a peer."""
    words = f"{metric} no worse than that of {peer} on {100 * share:.0f} % of the tables"
    wide = _goal(figures, name, metric, [peer], words)
    if isinstance(wide, Check):
        return wide
    found = (wide[name] <= wide[peer]).mean()
    return Check(f"{name}: {words}", f"{100 * found:.0f} % of {len(wide)}", bool(found >= share))


def _against_mlp(points: float, log_loss: float, time: float) -> list[Goal]:
    return [
        partial(_at_least, metric="accuracy", peers=[MLP], margin=points / 100),
        partial(_at_most_times, metric="log_loss", peers=[MLP], factor=log_loss),
        partial(_at_most_times, metric="seconds", peers=[MLP], factor=time),
    ]


_NO_SIGNAL: list[Goal] = [partial(_at_most_times, metric="log_loss", peers=[LOGISTIC_CV, SHARES], factor=1.1)]
GOALS: dict[str, list[Goal]] = {
    "small": _against_mlp(1.3, 0.89, 0.25),
    "larger": _against_mlp(0.3, 0.93, 0.4),
    "rare": [
        partial(_at_least, metric="auc", peers=[MLP, LOGISTIC], margin=0),
        partial(_nowhere_below, metric="auc", peers=[MLP, LOGISTIC], margin=0.02),
    ],
    "onehot": [partial(_at_least, metric="auc", peers=[MLP, LOGISTIC, UNSCALED], margin=-0.003)],
    "text": [partial(_at_least, metric="accuracy", peers=[LOGISTIC], margin=-0.005)],
    "many_classes": [partial(_at_least, metric="accuracy", peers=[MLP, LOGISTIC], margin=-0.003)],
    "wide": _NO_SIGNAL,
    "noise": _NO_SIGNAL,
    "few": [
        partial(_at_least, metric="accuracy", peers=[MLP, LOGISTIC], margin=-0.01),
        partial(_at_most_times, metric="log_loss", peers=[MLP], factor=1.0),
    ],
    "curved": _against_mlp(0.0, 1.0, 0.4),
}

#: What the default search is to reach: more than one fit.
_MORE_THAN_ONE_FIT: list[Goal] = [
    partial(_at_least, metric="accuracy", peers=[OURS], margin=0),
    partial(_at_most_times, metric="log_loss", peers=[OURS], factor=1.0),
]


def goals(group: str, name: str) -> list[Goal]:
    """Return what a candidate of ours is to reach in a group."""
    if name == VALIDATED_ALONE:
        beats = partial(_on_most_tables, metric="log_loss", peer=MLP_VALIDATED, share=0.8)
        return [beats] if group == "small" else []
    if name != OURS_CV:
        return GOALS[group]
    return _MORE_THAN_ONE_FIT + (_against_mlp(1.8, 0.87, 1.5) if group == "small" else [])


def warnings_checks(fits: pd.DataFrame, name: str) -> list[Check]:
    """Check how many of our fits warned, of all and of scikit-learn's bundled sets."""
    own = fits[fits["candidate"] == name]
    if own.empty:
        return []
    bundled = own[own["bundled"]]
    share, n_bundled = own["warned"].mean(), int(bundled["warned"].sum())
    return [
        Check(f"{name}: at most 5 % of fits warn", f"{100 * share:.1f} % of {len(own)}", bool(share <= 0.05)),
        Check(f"{name}: none on bundled sets", f"{n_bundled} of {len(bundled)}", n_bundled == 0),
    ]


def wide_and_noise(figures: pd.DataFrame, name: str) -> Check:
    """Check the goal that the groups wide and noise share."""
    check = _NO_SIGNAL[0](figures, name)
    return check._replace(goal=f"{check.goal} (wide and noise together)")
