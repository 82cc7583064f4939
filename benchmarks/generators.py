"""Kinds of made-up tables, of any size: each takes a generator, and returns X (n, d) and labels y (n,)."""

import numpy as np
from numpy.random import RandomState
from sklearn.tree import DecisionTreeClassifier

Rows = tuple[np.ndarray, np.ndarray]


def random_tree(
    rng: RandomState, n: int, d: int, depth: int, k: int, noise: float, seed: int = 0, n_fitted: int | None = None
) -> Rows:
    """Labels of a tree fitted to random labels (of `n_fitted` rows), a share `noise` of them redrawn."""
    X = rng.randn(n, d)
    X[:, 0] = np.round(X[:, 0] * 2)
    X[:, 1] = np.exp(X[:, 1])
    tree = DecisionTreeClassifier(max_depth=depth, random_state=seed)
    rows, labels = rng.permutation(X), rng.randint(0, k, n)
    y = tree.fit(rows[:n_fitted], labels[:n_fitted]).predict(X)
    noisy = rng.rand(n) < noise
    y[noisy] = rng.randint(0, k, noisy.sum())
    return X, y


def rules(rng: RandomState, n: int, d: int, n_levels: int, noise: float) -> Rows:
    """Two rules on d one-hot coded columns of so many levels, a share `noise` of the labels flipped."""
    codes = rng.randint(0, n_levels, (n, d))
    y = ((codes[:, 0] == codes[:, 1]) | ((codes[:, 2] == 0) & (codes[:, 3] > 0))).astype(int)
    noisy = rng.rand(n) < noise
    y[noisy] = 1 - y[noisy]
    return np.hstack([(codes == level) for level in range(n_levels)]).astype(float), y


def network_teacher(rng: RandomState, n: int, d: int, width: int, k: int, gain: float) -> Rows:
    """Labels sampled from the probabilities of a random tanh network, on correlated columns."""
    X = rng.randn(n, d) * rng.gamma(2, 0.5, d)
    X = X @ (np.eye(d) + 0.4 * rng.randn(d, d))
    hidden = np.tanh((X / X.std(0)) @ rng.randn(d, width) * 1.2 + rng.randn(width))
    Z = hidden @ rng.randn(width, k) * gain
    P = np.exp(Z - Z.max(1, keepdims=True))
    P /= P.sum(1, keepdims=True)
    return X, np.array([rng.choice(k, p=p) for p in P])


def gaussian_classes(rng: RandomState, n: int, d: int, k: int, spread: float, concentration: float) -> Rows:
    """Classes of unequal shares, each normal with a mean and a covariance of its own; one skewed column."""
    shares = np.maximum(rng.dirichlet(np.full(k, concentration)), 9 / n)
    y = rng.choice(k, n, p=shares / shares.sum())
    means = rng.randn(k, d) * spread
    roots = [(0.4 + rng.rand()) * (np.eye(d) + 0.5 * rng.randn(d, d)) for _ in range(k)]
    X = np.stack([means[c] + roots[c] @ rng.randn(d) for c in y])
    X[:, 0] = np.exp(0.7 * X[:, 0])
    return X, y


def weak_signal(rng: RandomState, n: int, d: int) -> Rows:
    """A weak additive signal in skewed columns, as in medical tables."""
    X = np.exp(0.8 * rng.randn(n, d))
    X[:, 1] = rng.poisson(2, n)
    logit = weak_score(X)
    return X, (rng.rand(n) < 1 / (1 + np.exp(-1.3 * logit))).astype(int)


def weak_score(X: np.ndarray) -> np.ndarray:
    """Return the signal of `weak_signal`."""
    return 0.8 * np.log(X[:, 0]) + 0.3 * (X[:, 1] - 2) - 0.5 * (np.abs(np.log(X[:, 2])) - 0.6) - 0.6


def cover(rng: RandomState, n: int, n_numeric: int, n_soils: int, k: int) -> Rows:
    """Numbers with an area and a soil in indicators, as in the covertype data; classes of unequal shares."""
    numbers = rng.randn(n, n_numeric)
    numbers[:, 1] = np.exp(numbers[:, 1])
    area = rng.choice(4, n, p=[0.45, 0.05, 0.43, 0.07])
    soil = rng.choice(n_soils, n, p=rng.dirichlet(np.full(n_soils, 0.5)))
    numbers[:, 0] += rng.randn(4)[area] + 0.5 * rng.randn(n_soils)[soil]
    scores = rng.randn(k) + rng.randn(4, k)[area] + 1.5 * rng.randn(n_soils, k)[soil]
    scores += -2 * np.abs(numbers[:, :1] - np.linspace(-2, 2, k)) + numbers @ (0.5 * rng.randn(n_numeric, k))
    scores += numbers[:, 2:3] * rng.randn(4, k)[area] + rng.gumbel(size=(n, k))
    X = np.hstack([1000 * numbers[:, :1], numbers[:, 1:], np.eye(4)[area], np.eye(n_soils)[soil]])
    return X, scores.argmax(1)


def clusters(rng: RandomState, counts: np.ndarray, d: int, rank: int, spread: float) -> Rows:
    """One cluster a class, of `counts` rows: centres in a space of `rank` dimensions, seen through d columns."""
    y = np.repeat(np.arange(len(counts)), counts)
    latent = spread * rng.randn(len(counts), rank)[y] + rng.randn(len(y), rank)
    return latent @ rng.randn(rank, d) + 0.5 * rng.randn(len(y), d), y


def expression(rng: RandomState, n: int, d: int, n_informative: int, k: int, shift: float) -> Rows:
    """Many columns driven by few factors, log-normal; the classes shift a few of them."""
    y = rng.randint(0, k, n)
    n_factors = 12
    loads = rng.randn(n_factors, d) * (rng.rand(n_factors, d) < 0.2)
    logs = 0.7 * rng.randn(n, n_factors) @ loads + rng.randn(n, d)
    chosen = rng.choice(d, n_informative, replace=False)
    logs[:, chosen] += shift * rng.randn(k, n_informative)[y]
    return np.exp(0.5 * logs), y


def rare_labels(rng: RandomState, scores: np.ndarray, share: float) -> np.ndarray:
    """Return y with exactly that share of ones, drawn with odds exp(scores)."""
    odds = np.exp(scores - scores.max())
    y = np.zeros(len(scores), int)
    y[rng.choice(len(scores), round(share * len(scores)), replace=False, p=odds / odds.sum())] = 1
    return y
