"""Solvers: they ask for J and ∇J at some θ, and tell the states that they accept.

They know a vector and the answers, never a network and never X. A solver of our own is a generator of
what it asks and tells, run by ``drive``; scipy's L-BFGS drives itself, behind the same records.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sk_shallow._solvers._descent import Adam, Nesterov, StepRule, descend, descend_in_batches
from sk_shallow._solvers._found import FIRST_STEP, descend_freely
from sk_shallow._solvers._lbfgs import Lbfgs
from sk_shallow._solvers._state import Ask, Evaluate, MemoryDict, Solving, State, in_dtype
from sk_shallow._solvers._stopping import (
    SETTLING_EPOCHS,
    SETTLING_STEPS,
    Rule,
    Run,
    StopReason,
    after_one_pass,
    budget,
    diverged,
    gradient_below,
    settled,
)

__all__ = [
    "FIRST_STEP",
    "SETTLING_EPOCHS",
    "SETTLING_STEPS",
    "SOLVERS",
    "Ask",
    "MemoryDict",
    "Options",
    "Rule",
    "Run",
    "Solver",
    "State",
    "StopReason",
    "after_one_pass",
    "budget",
    "diverged",
    "drive",
    "gradient_below",
    "in_dtype",
    "minimise",
    "settled",
]


class Options(NamedTuple):
    """The settings of a solver: α and μ, None to find them, and for batches their size and who shuffles n rows."""

    learning_rate: float | None = None
    momentum: float | None = None
    batch_size: int | None = None
    n: int = 0
    rng: np.random.RandomState | None = None


def drive(solving: Solving, evaluate: Evaluate, run: Run) -> None:
    """Answer what a solver asks and record what it tells, until the run stops."""
    with closing(solving):  # not left to the garbage collector, which would swallow Ctrl-C
        said = next(solving)
        while True:
            if isinstance(said, Ask):
                said = solving.send(evaluate(said.theta, said.rows))
            elif run.tell(said):
                return
            else:
                said = next(solving)


def _descent(
    rule: StepRule, evaluate: Evaluate, theta: np.ndarray, options: Options, memory: MemoryDict, run: Run
) -> None:
    if options.batch_size is None:
        memory = {name: value for name, value in memory.items() if name != "shuffling"}
        drive(descend(theta, rule, memory), evaluate, run)
    else:
        assert options.rng is not None
        solving = descend_in_batches(theta, rule, memory, options.n, options.batch_size, options.rng)
        drive(solving, evaluate, run)


def _gd(evaluate: Evaluate, theta: np.ndarray, options: Options, memory: MemoryDict, run: Run) -> None:
    if options.learning_rate is None:
        drive(descend_freely(theta, options.momentum, memory), evaluate, run)
    else:
        rule = Nesterov(options.learning_rate, options.momentum or 0.0)
        _descent(rule, evaluate, theta, options, memory, run)


def _adam(evaluate: Evaluate, theta: np.ndarray, options: Options, memory: MemoryDict, run: Run) -> None:
    assert options.learning_rate is not None
    _descent(Adam(options.learning_rate), evaluate, theta, options, memory, run)


def _lbfgs(evaluate: Evaluate, theta: np.ndarray, options: Options, memory: MemoryDict, run: Run) -> None:
    Lbfgs(evaluate, theta, run).minimise()


@dataclass(frozen=True)
class Solver:
    """A solver: how it is run, which parameters of the estimator it has a use for, and what suits it.

    Attributes
    ----------
    minimise : callable
        ``minimise(evaluate, theta, options, memory, run)`` returns when `run` stops it.
    uses : frozenset of str
        Of "learning_rate", "momentum" and "batch_size".
    learning_rate : float or None
        The α of "auto"; None where the solver finds its own steps.
    finds_step : bool
        Whether, on all rows, it finds α instead.
    marks : tuple of int
        After so many steps it has come far enough for λ to be estimated.
    """

    minimise: Callable[[Evaluate, np.ndarray, Options, MemoryDict, Run], None]
    uses: frozenset[str] = frozenset()
    learning_rate: float | None = None
    finds_step: bool = False
    marks: tuple[int, ...] = (60, 90, 120)


class Memory(NamedTuple):
    """What pickles of version 0.1.0 of November 2026 hold; see ``_legacy.py``."""

    rule: Any = None
    shuffling: Any = None


#: The solvers by name. Parameter checks, error messages and dispatch read it.
SOLVERS: dict[str, Solver] = {
    "gd": Solver(_gd, frozenset({"learning_rate", "momentum", "batch_size"}), 0.2, finds_step=True),
    "lbfgs": Solver(_lbfgs, marks=(15, 25, 35)),
    "adam": Solver(_adam, frozenset({"learning_rate", "batch_size"}), 0.01),
}


def minimise(
    solver: str,
    evaluate: Evaluate,
    theta: np.ndarray,
    options: Options,
    run: Run,
    memory: MemoryDict | None = None,
) -> None:
    """Minimise from `theta` with the named solver until `run` stops it."""
    SOLVERS[solver].minimise(evaluate, theta, options, memory or {}, run)
