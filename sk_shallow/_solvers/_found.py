"""Gradient descent that finds its own step and momentum: one evaluation an iteration, nothing to tune.

With g = ∇J(θ), s the last move and z the change of g over it, each move is

    −α g  +  a s + b z,        α = sᵀz / zᵀz

The step is one over the curvature just met (Barzilai & Borwein 1988). The momentum is that of conjugate gradients
for steps that are not exact (Shanno 1978), which is also BFGS with a memory of one move:

    a = (α zᵀg − 2 sᵀg) / sᵀz,        b = α sᵀg / sᵀz

Nesterov's momentum μ has the same form, with a = μ and b = −α μ.
"""

import math

import numpy as np

from sk_shallow._solvers._state import Ask, MemoryDict, Solving, State

#: The first step, and the longest one.
FIRST_STEP, _LONGEST_STEP = 0.5, 2.0**100
#: Below this cosine between s and z there is no curvature to go by, and the step is doubled.
_LEAST_COSINE = 1e-10
#: A move that went too far is cut to a share between these; after a few cuts in a row, by more if need be.
_LEAST_SHARE, _MOST_SHARE = 0.1, 0.5
_FEW_CUTS, _LEAST_SHARE_LATER = 4, 1e-3
#: Factors have so many bits.
_FACTOR_BITS = 16
#: A cost that rises by no more than so many units of rounding has not risen.
_ROUNDING = 4.0


def descend_freely(theta: np.ndarray, momentum: float | None, memory: MemoryDict) -> Solving:
    """Yield the state before the first move, and after each one, without end; the cost never rises.

    A move that raises the cost is taken back, at the price of its pass: the next is shorter, on the same way.

    Parameters
    ----------
    theta : ndarray of shape (size,)
    momentum : float or None
        None: found. A float: Nesterov's μ.
    memory : dict
        What the last state told, to go on from there: the `step` α, the next `move`, and how many `cuts` made it.
    """
    loss, gradient = yield Ask(theta)  # type: ignore[misc]
    yield State(theta, loss, gradient, memory)
    step = memory.get("step", FIRST_STEP)
    move = _downhill(memory["move"] if "move" in memory else -step * gradient, gradient, step)
    n_cuts, tolerance = memory.get("cuts", 0), _ROUNDING * float(np.finfo(theta.dtype).eps)
    while True:
        there = theta + move
        loss_there, gradient_there = yield Ask(there)  # type: ignore[misc]
        if loss_there <= loss + tolerance * abs(loss) and math.isfinite(gradient_there.dot(gradient_there)):
            change = gradient_there - gradient
            theta, loss, gradient, n_cuts = there, loss_there, gradient_there, 0
            bend, size = float(move.dot(change)), float(change.dot(change))
            if size > 0 and bend > _LEAST_COSINE * math.sqrt(float(move.dot(move)) * size):
                step = _coarse(min(bend / size, _LONGEST_STEP))
                move = _downhill(_move(move, change, gradient, step, bend, momentum), gradient, step)
            else:
                step = min(2 * step, _LONGEST_STEP)
                move = -step * gradient
        else:
            least = _LEAST_SHARE if n_cuts < _FEW_CUTS else _LEAST_SHARE_LATER
            share = _share(float(gradient.dot(move)), loss_there - loss, least)
            move, n_cuts = share * move, n_cuts + 1
        yield State(theta, loss, gradient, {"step": step, "move": move, "cuts": n_cuts})


def _move(
    s: np.ndarray, z: np.ndarray, gradient: np.ndarray, step: float, bend: float, momentum: float | None
) -> np.ndarray:
    """Return −α g + a s + b z; `bend` is sᵀz."""
    if momentum is None:
        along = float(s.dot(gradient)) / bend
        least = min(1.0, step * math.sqrt(float(gradient.dot(gradient)) / float(s.dot(s))))
        a = _coarse(step * float(z.dot(gradient)) / bend - 2 * along, least)
        b = step * _coarse(along, least)
    else:
        a, b = momentum, -step * momentum
    move = gradient * -step
    move += s * a
    move += z * b
    return move


def _downhill(move: np.ndarray, gradient: np.ndarray, step: float) -> np.ndarray:
    """Return the move where it leads downhill, else the step alone: momentum begins anew."""
    return move if float(gradient.dot(move)) < 0 else -step * gradient


def _share(slope: float, rise: float, least: float) -> float:
    """Return the share of a move at whose end the parabola of slope and rise is lowest, within bounds."""
    if not (math.isfinite(rise) and rise > slope):
        return least
    return _coarse(min(max(-slope / (2 * (rise - slope)), least), _MOST_SHARE))


def _coarse(factor: float, least: float = 0.0) -> float:
    """Return a factor to a few bits of it, or of `least`, so that what sums are rounded by does not grow.

    Rows repeated and rows weighted have the same sums but for rounding, and so the same factors.
    """
    exponent = math.frexp(max(abs(factor), least))[1]
    return math.ldexp(round(math.ldexp(factor, _FACTOR_BITS - exponent)), exponent - _FACTOR_BITS)
