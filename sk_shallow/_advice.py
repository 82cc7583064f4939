"""What to tell a person about a fit that ended without convergence: the settings, and what can help."""

import sys
import warnings
from typing import Any, NamedTuple

import numpy as np

from sk_shallow._outcome import Record
from sk_shallow._recipe import Recipe
from sk_shallow._solvers import SOLVERS, StopReason
from sk_shallow._weights import Weights

#: Weights that sum to less than one part in so many of the rows that they stand for are light.
_LIGHT = 10.0


class Ending(NamedTuple):
    """A fit that has ended: how, with which settings, on rows of which total weight and dtype."""

    record: Record
    recipe: Recipe
    total_weight: float
    dtype: np.dtype


def warning_text(ending: Ending) -> str | None:
    """Return the warning for an ending, None where there is nothing to warn of.

    The text depends on the settings and on how the cost went, in a word, so that most often the folds
    of a search have the same.
    """
    reason, recipe = ending.record.reason, ending.recipe
    ordinary = recipe.one_pass or recipe.batch_size is not None  # batches never settle
    if reason not in _ADVICE or (reason is StopReason.MAX_ITER and ordinary):
        return None
    return f"{reason.message} {_settings(recipe)}: {_ADVICE[reason](ending)}"


def light_weights_text(weights: Weights, recipe: Recipe) -> str | None:
    """Return what to say of weights that sum to far less than the rows they stand for, None if nothing.

    It names no number of rows, so that an ensemble's fits have the same text.
    """
    S = weights.sum
    if recipe.one_pass or weights.n_rows < _LIGHT * S or recipe.l2_regularization == 0:
        return None
    if recipe.l2_regularization is None:
        what = "they count as shares of the rows, and λ is found as for that many rows of weight 1"
        remedy = "to have them count as numbers of rows"
    else:
        penalty = f"l2_regularization={recipe.l2_regularization:.3g}"
        what = f"{penalty} is set against that sum, and is far stronger than it seems"
        remedy = "or lower l2_regularization as much"
    return f"sample_weight sums to {S:.1g}: {what}. Multiply the weights by n / (their sum), {remedy}."


#: What has been told, and from where.
_told: set[tuple[str, str, int]] = set()


def warn_once(text: str, category: type[Warning], stacklevel: int) -> None:
    """Warn as ``warnings.warn`` does, but where a text is to be shown once, once.

    Python's "default" action shows a text once a line of code, but forgets that with every
    ``catch_warnings``, of which scikit-learn has many: a search would print each fold's.
    """
    try:
        caller = sys._getframe(stacklevel)
    except ValueError:  # called from no Python code, as by the start of a thread
        warnings.warn(text, category, stacklevel=1)
        return
    key = text, caller.f_code.co_filename, caller.f_lineno
    module = caller.f_globals.get("__name__", "")
    if _action(text, category, caller.f_lineno, module) == "default" and key in _told:
        return
    _told.add(key)
    warnings.warn(text, category, stacklevel=stacklevel + 1)


def _action(text: str, category: type[Warning], line: int, module: str) -> str:
    """Return what the filters say of a warning."""
    for action, message, filtered, where, lineno in warnings.filters:
        if (
            (message is None or message.match(text))
            and issubclass(category, filtered)
            and (where is None or where.match(module))
            and lineno in (0, line)
        ):
            return action
    return warnings.defaultaction  # type: ignore[attr-defined]


def _settings(recipe: Recipe) -> str:
    """Return the parameters in question."""
    used = sorted(SOLVERS[recipe.solver].uses, reverse=True)
    names = ["solver", *[name for name in used if _is_told(recipe, name)], "l2_regularization", "max_iter", "tol"]
    settings = ", ".join(f"{name}={_written(getattr(recipe, name))}" for name in names)
    return f"With hidden_width={recipe.hidden_width}, {settings}"


def _is_told(recipe: Recipe, name: str) -> bool:
    """Tell whether a setting is worth a word: α, and what is not as it comes."""
    return name == "learning_rate" or bool(getattr(recipe, name))


def _written(value: Any) -> str:
    """Return a setting as one would write it; None stands for what is found in the fit."""
    if value is None:
        return "'auto'"
    return repr(value) if isinstance(value, str) else f"{value:.3g}"


def _alternatives(*remedies: str) -> str:
    return ", or ".join(remedy for remedy in remedies if remedy) + "."


def _standardize(ending: Ending) -> str:
    return "" if ending.recipe.standardize else "set standardize=True"


def _smaller_step(ending: Ending) -> str:
    rate = ending.recipe.learning_rate
    return "" if rate is None else f"try a smaller learning_rate, for example {rate / 10:.3g}"


def _penalty_dwarfs(ending: Ending) -> bool:
    """Tell whether λ leaves the data next to nothing to say."""
    return ending.record.l2_regularization > 100 * ending.total_weight


def _penalty_overshoots(ending: Ending) -> bool:
    """Tell whether λ dwarfs S, and steps on the penalty alone go too far: α λ / S > 2, less with momentum."""
    recipe, penalty, S = ending.recipe, ending.record.l2_regularization, ending.total_weight
    if recipe.solver != "gd" or recipe.learning_rate is None or penalty <= S:
        return False
    return recipe.learning_rate * penalty > (1 + (recipe.momentum or 0.0)) * S


def _after_overshoot(ending: Ending) -> str:
    return (
        f"beside a total weight of about {float(f'{ending.total_weight:.1g}'):g}, l2_regularization="
        f"{ending.record.l2_regularization:.3g} is so large that each step overshoots: lower l2_regularization, "
        "or learning_rate by as much."
    )


def _after_divergence(ending: Ending) -> str:
    if _penalty_overshoots(ending):
        remedy = _after_overshoot(ending)
    elif ending.recipe.learning_rate is None:
        remedy = _alternatives(_standardize(ending), "raise l2_regularization")
    else:
        remedy = _alternatives(_smaller_step(ending), _standardize(ending))
    return f"the best network met is kept. {remedy[0].upper()}{remedy[1:]}"


def _after_stalling(ending: Ending) -> str:
    more_digits = "pass X as float64" if ending.dtype == np.float32 else ""
    return _alternatives("raise tol", more_digits, _standardize(ending))


def _after_max_iter(ending: Ending) -> str:
    recipe, losses = ending.recipe, ending.record.losses[ending.record.n_earlier :]
    if _penalty_overshoots(ending):
        return _after_overshoot(ending)
    if _penalty_dwarfs(ending):
        return "l2_regularization dwarfs the total weight of the rows: lower it, or raise tol."
    if recipe.learning_rate is None:
        return _alternatives("raise max_iter or tol", _standardize(ending))
    if losses[-1] > losses[0]:
        return "The cost rose from its first value: " + _alternatives(_smaller_step(ending), _standardize(ending))
    if np.all(np.diff(losses) <= 0):
        hardly = losses[-1] > 0.9 * losses[0]
        larger = f"raise learning_rate, for example to {recipe.learning_rate * (10 if hardly else 2):.3g}"
        fell = "the cost fell, but hardly" if hardly else "the cost fell at every iteration"
        return f"{fell}: " + _alternatives(larger, "max_iter", "tol", _standardize(ending), "try solver='lbfgs'")
    smaller = f"learning_rate, for example to {recipe.learning_rate / 3:.3g}"
    return "the cost went up and down: " + _alternatives(
        f"lower {smaller}", "raise max_iter", _standardize(ending)
    )


_ADVICE = {
    StopReason.DIVERGED: _after_divergence,
    StopReason.STALLED: _after_stalling,
    StopReason.MAX_ITER: _after_max_iter,
}
