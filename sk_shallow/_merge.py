"""Several networks in one: which to take, by what they say of rows that they were not fitted to.

The mean of the outputs of networks of one hidden layer is a network of one hidden layer: its units are all of
theirs.
"""

import time
from collections.abc import Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.utils import check_random_state

from sk_shallow._array_api import Array
from sk_shallow._classifier import ShallowNetClassifier
from sk_shallow._course import Problem
from sk_shallow._grid import StackedGrid
from sk_shallow._losses import Loss
from sk_shallow._parameters import Parameters
from sk_shallow._scaling import Far

#: How many networks are merged; the same one may be taken several times, from other starts.
N_MERGED = 3
#: The outputs are multiplied by a factor within these bounds, before its root is taken.
_FACTORS = (0.5, 2.0)


class Choice(NamedTuple):
    """The networks to merge, by number, and the factor of their outputs."""

    numbers: list[int]
    factor: float


def choose(Z2: np.ndarray, Y: np.ndarray, s: np.ndarray, loss: Loss) -> Choice:
    """Choose networks one after another, each so that the loss of the mean is least (Caruana et al. 2004).

    The factor is the root of the one at which that loss would be least: networks of fewer rows are too sure, or
    not sure enough, by more than those of all rows will be.

    Parameters
    ----------
    Z2 : ndarray of shape (C, n, k)
        What C networks say of rows that they were not fitted to.
    Y : ndarray of shape (n, k)
        Targets of 0 and 1.
    s : ndarray of shape (n,)
        Weights that sum to 1.
    loss : Loss
    """

    def cost(Z: np.ndarray) -> float:
        value = float(s @ loss.value(Z, Y))
        return value if np.isfinite(value) else np.inf

    numbers: list[int] = []
    total = np.zeros(Z2.shape[1:])
    for n in range(1, N_MERGED + 1):
        costs = [cost((total + Z) / n) for Z in Z2]
        numbers.append(int(np.argmin(costs)))
        total += Z2[numbers[-1]]
    mean = total / N_MERGED
    least, most = np.log(_FACTORS).tolist()
    found = minimize_scalar(lambda log: cost(np.exp(log) * mean), bounds=(least, most), method="bounded")
    return Choice(numbers, float(np.exp(found.x / 2)))


def merged(networks: Sequence[Parameters], factor: float) -> Parameters:
    """Return the network whose outputs are the mean of the others', times a factor."""
    dtype = networks[0].W2.dtype
    share = factor / len(networks)
    return Parameters(
        np.concatenate([network.W1 for network in networks]),
        np.concatenate([network.b1 for network in networks]),
        np.concatenate([network.W2 for network in networks], axis=1) * dtype.type(share),
        np.sum([network.b2 for network in networks], axis=0) * dtype.type(share),
    )


def merged_far(fars: Sequence[Far]) -> Far:
    """Return what the merged network keeps of means far away: those of the same rows have the same centre."""
    return Far(
        fars[0].center,
        np.concatenate([far.intercept for far in fars]),
        np.concatenate([far.rest for far in fars]),
    )


def refit_merged(
    search: StackedGrid, problem: Problem, X: Array, y: Array, sample_weight: Array
) -> dict[str, Any]:
    """Fit the networks that are worth merging to all rows, and return what a search with a refit has of them."""
    started = time.time()
    base, candidates = search.estimator, search.cv_results_["params"]
    choice = _choice(search, problem)
    params = [candidates[number] for number in choice.numbers]
    states = _starts(base.random_state, choice.numbers)
    fitted = search.fit_on_all(X, y, sample_weight, params, states)
    networks = [each.fitted() for each in fitted]
    search.told_ += dict.fromkeys(told for each in fitted for told in each.told)
    return {
        "best_estimator_": _one(networks, choice.factor),
        "merged_params_": params,
        "merged_factor_": choice.factor,
        "refit_time_": time.time() - started,
    }


def _choice(search: StackedGrid, problem: Problem) -> Choice:
    """Choose by what the candidates say of the rows of the folds, where they know all classes."""
    folds = [fold for fold in range(search.n_splits_) if any(own[fold] is not None for own in search.outputs_)]
    able = [i for i, own in enumerate(search.outputs_) if all(own[fold] is not None for fold in folds)]
    nothing_to_go_by = Choice([int(search.best_index_)] * N_MERGED, 1.0)
    if not (folds and able):
        return nothing_to_go_by
    rows = np.concatenate([np.arange(len(problem.targets.encoded))[search.tests_[fold]] for fold in folds])
    shares = problem.weights.shares(np.dtype(np.float64))
    s = np.ones(len(rows)) if shares is None else shares[rows]
    counts = s > 0  # the others may be anything
    if not counts.any():
        return nothing_to_go_by
    Z2 = np.array([np.concatenate([search.outputs_[i][fold] for fold in folds])[counts] for i in able], np.float64)
    outputs = problem.targets.outputs
    Y = outputs.indicator(problem.targets.encoded[rows[counts]])
    with np.errstate(all="ignore"):
        choice = choose(Z2, Y, s[counts] / s.sum(), outputs.loss)
    return Choice([able[number] for number in choice.numbers], choice.factor)


def _starts(random_state: Any, numbers: list[int]) -> list[Any]:
    """Return a random state for each network: those of one candidate differ, and the first is that of a refit."""
    seeds = check_random_state(deepcopy(random_state)).randint(np.iinfo(np.int32).max, size=len(numbers)).tolist()
    return [seed if numbers[i] in numbers[:i] else deepcopy(random_state) for i, seed in enumerate(seeds)]


def _one(networks: list[ShallowNetClassifier], factor: float) -> ShallowNetClassifier:
    """Return a classifier with the merged network; what else it has is that of the first one."""
    parameters = merged([network._parameters for network in networks], factor)
    fars = [Far(**network._far) for network in networks if network._far is not None]
    one = clone(networks[0]).set_params(hidden_width=len(parameters.b1))
    given = set(one.get_params())
    one.__dict__ |= {name: value for name, value in vars(networks[0]).items() if name not in given}
    one.hidden_coef_, one.hidden_intercept_, one.output_coef_, one.output_intercept_ = parameters
    one._far = merged_far(fars)._asdict() if fars else None
    one._solver_memory = {"solver": one.solver}
    one.n_iter_ = max(network.n_iter_ for network in networks)
    one.converged_ = all(network.converged_ for network in networks)
    return one
