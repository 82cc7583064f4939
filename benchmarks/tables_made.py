"""Tables beyond the small ones: larger, rare, one-hot, many classes, wide, noise, few rows, curved."""

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    load_iris,
    load_wine,
    make_classification,
    make_hastie_10_2,
)

from benchmarks import generators as g
from benchmarks.draws import Draw
from benchmarks.table import Table


def larger(draw: Draw) -> Iterator[Table]:
    """Yield 6 tables of 5 000 to 30 000 rows, each of another kind."""
    X, y = make_hastie_10_2(8000, random_state=draw.seed(100))
    yield Table("hastie", X, (y > 0).astype(int))
    yield Table("gaussians", *g.gaussian_classes(draw.rng(101), 5000, 60, 8, 0.35, 2.0))
    X, y = make_classification(
        10_000,
        40,
        n_informative=12,
        n_classes=4,
        n_clusters_per_class=3,
        flip_y=0.03,
        random_state=draw.seed(102),
    )
    yield Table("classification", X, y)
    yield Table("teacher", *g.network_teacher(draw.rng(103), 12_000, 25, 12, 5, 2.0))
    yield Table("cover", *g.cover(draw.rng(104), 15_000, 10, 40, 7))
    yield Table("tree", *g.random_tree(draw.rng(105), 30_000, 15, 8, 3, 0.05, draw.seed(105), n_fitted=1000))


def rare(draw: Draw) -> Iterator[Table]:
    """Yield 8 tables of two classes, one of them 0.1 % to 10 % of the rows."""
    yield from _rare_scored(draw)
    for name, share in (("clusters 1 %", 0.01), ("clusters 10 %", 0.1)):
        X, y = make_classification(
            20_000,
            20,
            n_informative=8,
            weights=[1 - share],
            flip_y=0,
            n_clusters_per_class=3,
            class_sep=0.8,
            random_state=draw.seed(1),
        )
        yield Table(name, X, y)


def _rare_scored(draw: Draw) -> Iterator[Table]:
    """Yield tables whose rare rows are drawn by a score."""
    rng = draw.rng(200)
    X = np.exp(0.8 * rng.randn(5000, 8))
    X[:, 1] = rng.poisson(2, len(X))
    yield Table("weak 5 %", X, g.rare_labels(rng, 1.3 * g.weak_score(X), 0.05))
    rng = draw.rng(201)
    X = rng.randn(20_000, 15)
    yield Table("linear 0.1 %", X, g.rare_labels(rng, X @ rng.randn(15) * 0.6, 0.001))
    rng = draw.rng(202)
    X, y = rng.randn(10_000, 10), (np.arange(10_000) < 50).astype(int)
    X[:50] = 0.7 * X[:50] + 1.2 * rng.randn(2, 10)[rng.randint(0, 2, 50)]
    yield Table("two spots 0.5 %", X, y)
    rng = draw.rng(203)
    X = rng.randn(8000, 12)
    score = np.tanh(X @ rng.randn(12, 8) + rng.randn(8)) @ rng.randn(8)
    yield Table("teacher 2 %", X, g.rare_labels(rng, 1.5 * score, 0.02))
    rng = draw.rng(204)
    X = rng.rand(6000, 10)
    inside = (X[:, :3] > rng.uniform(0.4, 0.6, 3)).all(1)
    yield Table("box 3 %", X, g.rare_labels(rng, np.where(inside, 4.0, 0.0), 0.03))
    rng = draw.rng(205)
    X, _ = g.cover(rng, 10_000, 5, 30, 2)
    effects = np.concatenate([[0.0005], 0.5 * rng.randn(4), rng.randn(34)])
    yield Table("mixed 1 %", X, g.rare_labels(rng, X @ effects + X[:, 1] * X[:, -34], 0.01))


def onehot(draw: Draw) -> Iterator[Table]:
    """Yield 6 tables of categorical columns with many rare levels, beside numbers."""
    cases: list[tuple[int, int, list[int], float, float]] = [
        (2000, 3, [50, 200], 1.0, 1.0),
        (3000, 8, [50, 60, 70, 80, 90], 0.8, 0.6),
        (8000, 6, [500, 80], 1.0, 0.8),
        (4000, 5, [50, 300, 100], 0.7, 1.2),
        (5000, 2, [2000], 0.7, 1.5),
        (10_000, 4, [1000, 200, 60], 0.9, 1.0),
    ]
    for j, (n, n_numeric, levels, shape, effect) in enumerate(cases):
        name = f"{n} rows, {'+'.join(map(str, levels))} levels"
        X, y = _levels_and_numbers(draw.rng(300 + j), n, n_numeric, levels, shape, effect)
        yield Table(name, X, y, numeric=list(range(n_numeric)))


def _levels_and_numbers(
    rng: np.random.RandomState, n: int, n_numeric: int, levels: list[int], shape: float, effect: float
) -> g.Rows:
    """Return numbers and the indicators of the levels met, and labels sampled from their effects."""
    numbers = rng.randn(n, n_numeric)
    logit = numbers @ (0.4 * rng.randn(n_numeric)) + 0.5 * (np.abs(numbers[:, 0]) - 0.8)
    parts = [numbers * rng.gamma(2, 5, n_numeric)]
    for n_levels in levels:
        codes = (rng.pareto(shape, n) * n_levels / 20).astype(np.int64) % n_levels
        logit += effect * rng.randn(n_levels)[codes]
        parts.append((codes[:, None] == np.unique(codes)).astype(float))
    y = rng.rand(n) < 1 / (1 + np.exp(-logit - 0.5 * rng.randn()))
    return np.hstack(parts), y.astype(int)


def many_classes(draw: Draw) -> Iterator[Table]:
    """Yield 4 tables of 26 to 300 classes."""
    rng = draw.rng(400)
    X, y = g.clusters(rng, np.full(100, 16), 64, 20, 1.2)
    yield Table("100 leaves", np.abs(X), y)
    X, y = make_classification(
        5200,
        16,
        n_informative=10,
        n_classes=26,
        n_clusters_per_class=2,
        class_sep=1.5,
        random_state=draw.seed(401),
    )
    yield Table("26 letters", np.round(2 * X), y)
    yield Table("teacher", *g.network_teacher(draw.rng(402), 5000, 20, 16, 50, 2.0))
    rng = draw.rng(403)
    counts = np.maximum(6, 300 / (1 + np.arange(300)) ** 0.7).astype(int)
    yield Table("300 clusters", *g.clusters(rng, counts, 40, 12, 1.5))


def wide(draw: Draw) -> Iterator[Table]:
    """Yield 4 tables of more columns than rows."""
    X, y = make_classification(
        200, 300, n_informative=5, n_redundant=5, n_clusters_per_class=1, flip_y=0.05, random_state=draw.seed(500)
    )
    yield Table("200 × 300 clusters", X, y)
    rng = draw.rng(501)
    X = rng.randn(150, 1000)
    logit = 1.5 * X[:, :5] @ rng.choice([-1, 1], 5)
    yield Table("150 × 1000 linear", X, (rng.rand(150) < 1 / (1 + np.exp(-logit))).astype(int))
    yield Table("160 × 600 genes", *g.expression(draw.rng(502), 160, 600, 20, 4, 1.0))
    yield Table("100 × 2000 genes", *g.expression(draw.rng(503), 100, 2000, 30, 2, 0.7))


def noise(draw: Draw) -> Iterator[Table]:
    """Yield 2 tables whose labels have nothing to do with the columns."""
    rng = draw.rng(600)
    yield Table("300 × 10 noise", rng.randn(300, 10), (rng.rand(300) < 0.4).astype(int))
    rng = draw.rng(601)
    yield Table("1000 × 20 noise", np.exp(rng.randn(1000, 20)), rng.choice(3, 1000, p=[0.5, 0.3, 0.2]))


def few(draw: Draw) -> Iterator[Table]:
    """Yield 12 tables of 4 to 120 rows to learn from, which a line parts well, and rows enough to test on."""
    cases = [
        (4, 1, 1, 6.0),
        (8, 2, 1, 6.0),
        (16, 1, 1, 6.0),
        (20, 100, 1, 6.0),
        (30, 100, 1, 3.0),
        (50, 500, 20, 2.0),
    ]
    for j, (n_train, d, n_informative, shift) in enumerate([*cases, (100, 1000, 1000, 0.3)]):
        rng, y = draw.rng(700 + j), np.arange(n_train + 400) % 2
        X = rng.randn(len(y), d)
        X[:, :n_informative] += shift * y[:, None]
        yield Table(f"{n_train} × {d} shifted", X, y, n_train=n_train)
    for name, load, n_train in (("iris", load_iris, 6), ("wine", load_wine, 15), ("digits", load_digits, 60)):
        X, y = load(return_X_y=True)
        rows = draw.rng(710).permutation(len(y))
        yield Table(f"{n_train} of {name}", X[rows], y[rows], bundled=True, n_train=n_train)
    X, y = load_breast_cancer(return_X_y=True)
    yield Table("20 of breast cancer", X, y, bundled=True, n_train=20)
    yield Table("120 × 2000 genes", *g.expression(draw.rng(711), 520, 2000, 60, 3, 1.5), n_train=120)


def curved(draw: Draw) -> Iterator[Table]:
    """Yield 9 tables whose classes no line parts: a ball, the sign of a product, an absolute value."""
    for j, (n, d) in enumerate(((150, 3), (600, 6), (3000, 20))):
        X = draw.rng(800 + j).randn(n, d)
        yield Table(f"{n} × {d} ball", X, ((X[:, :2] ** 2).sum(axis=1) > 1.386).astype(int))
        yield Table(f"{n} × {d} product", X, (X[:, 0] * X[:, 1] > 0).astype(int))
        yield Table(f"{n} × {d} absolute", X, (np.abs(X[:, 0]) > 0.674).astype(int))
