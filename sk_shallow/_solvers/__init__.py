"""Solvers: they ask for J and ∇J at some θ, and tell the states that they accept.

They know a vector and the answers, never a network and never X. A solver of our own is a generator of
what it asks and tells: ``told`` keeps the record, and ``drive`` answers. scipy's L-BFGS drives itself.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from sk_shallow._solvers._descent import Adam, Nesterov, StepRule, descend, descend_in_batches
from sk_shallow._solvers._found import FIRST_STEP, descend_freely
from sk_shallow._solvers._lbfgs import Lbfgs
from sk_shallow._solvers._state import (
    Answer,
    Ask,
    Asking,
    Evaluate,
    MemoryDict,
    Result,
    Solving,
    Stand,
    State,
    in_dtype,
)
from sk_shallow._solvers._stopping import (
    SETTLING_EPOCHS,
    SETTLING_STEPS,
    Chosen,
    Past,
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
    "Answer",
    "Ask",
    "Asking",
    "Chosen",
    "MemoryDict",
    "Options",
    "Past",
    "Rule",
    "Run",
    "Solver",
    "State",
    "StopReason",
    "after_one_pass",
    "as_raised",
    "budget",
    "diverged",
    "drive",
    "gradient_below",
    "in_dtype",
    "minimise",
    "settled",
    "told",
]


class Options(NamedTuple):
    """The settings of a solver: α and μ, None to find them, and for batches their size and who shuffles n rows.

    A vector α has a step size for each entry of θ.
    """

    learning_rate: Any = None
    momentum: float | None = None
    batch_size: int | None = None
    n: int = 0
    rng: np.random.RandomState | None = None


def _ask_on(ask: Ask) -> Asking[Answer]:
    """Answer an ask by what it is answered."""
    return (yield ask)


def _alone(theta: np.ndarray) -> None:
    """Begin nothing beside the solver's next steps."""


def told(
    solving: Solving,
    run: Run,
    answered: Callable[[Ask], Asking[Answer]] = _ask_on,
    beside: Callable[[np.ndarray], Callable[[], Answer] | None] = _alone,
) -> Asking[None]:
    """Yield what a solver asks and record what it tells, until the run stops.

    What ``answered(ask)`` asks is yielded, and what it returns is the solver's answer. Where the solver tells
    where it stands, ``beside(θ)`` may begin to find what that costs, and returns what waits for it: meanwhile
    the solver makes its next steps, which are dropped if the run stops there.
    """
    with closing(solving):  # not left to the garbage collector, which would swallow Ctrl-C
        said, begun = next(solving), None
        while True:
            if isinstance(said, Ask):
                said = solving.send((yield from answered(said)))
                continue
            if begun is not None:
                stood, wait = begun
                if run.tell(stood.at(*wait())):
                    return
                begun = None
            if isinstance(said, Stand) and (wait_here := beside(said.theta)) is not None:
                begun = said, wait_here
            else:
                state = said.at(*(yield from answered(Ask(said.theta)))) if isinstance(said, Stand) else said
                if run.tell(state):
                    return
            said = next(solving)


def drive(asking: Asking[Result], evaluate: Evaluate) -> Result:
    """Answer what is asked, and return what comes of it."""
    answer = None
    with closing(asking):
        while True:
            try:
                ask = asking.send(answer)  # type: ignore[arg-type]
            except StopIteration as end:
                return end.value
            except RuntimeError as error:
                found = as_raised(error)
                if found is error:
                    raise
                raise found from None
            answer = evaluate(ask.theta, ask.rows)


def as_raised(error: Exception) -> Exception:
    """Return an error as the user's own function raised it: a generator makes another one of StopIteration."""
    cause = error.__cause__
    return cause if isinstance(error, RuntimeError) and isinstance(cause, StopIteration) else error


def _descent(rule: StepRule, theta: np.ndarray, options: Options, memory: MemoryDict) -> Solving:
    if options.batch_size is None:
        memory = {name: value for name, value in memory.items() if name != "shuffling"}
        return descend(theta, rule, memory)
    assert options.rng is not None
    return descend_in_batches(theta, rule, memory, options.n, options.batch_size, options.rng)


def _gd(theta: np.ndarray, options: Options, memory: MemoryDict) -> Solving:
    if options.learning_rate is None:
        return descend_freely(theta, options.momentum, memory)
    return _descent(Nesterov(options.learning_rate, options.momentum or 0.0), theta, options, memory)


def _adam(theta: np.ndarray, options: Options, memory: MemoryDict) -> Solving:
    assert options.learning_rate is not None
    return _descent(Adam(options.learning_rate), theta, options, memory)


@dataclass(frozen=True)
class Solver:
    """A solver: how it is run, which parameters of the estimator it has a use for, and what suits it.

    Attributes
    ----------
    solving : callable or None
        ``solving(theta, options, memory)`` asks and tells, without end; None for L-BFGS, which drives itself.
    uses : frozenset of str
        Of "learning_rate", "momentum" and "batch_size".
    learning_rate : float or None
        The α of "auto"; None where the solver finds its own steps.
    finds_step : bool
        Whether, on all rows, it finds α instead.
    marks : tuple of int
        After so many steps it has come far enough for λ to be estimated.
    """

    solving: Callable[[np.ndarray, Options, MemoryDict], Solving] | None
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
    "lbfgs": Solver(None, marks=(15, 25, 35)),
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
    solving = SOLVERS[solver].solving
    if solving is None:
        Lbfgs(evaluate, theta, run).minimise()
    else:
        drive(told(solving(theta, options, memory or {}), run), evaluate)
