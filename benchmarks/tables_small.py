"""56 small tables, of 150 to 2 000 rows, bundled and made up.

The first 51 are those on which the default fit was sketched, with its seeds.
"""

from collections.abc import Iterator

import numpy as np
from sklearn.datasets import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_wine,
    make_blobs,
    make_circles,
    make_classification,
    make_friedman1,
    make_gaussian_quantiles,
    make_hastie_10_2,
    make_moons,
)

from benchmarks import generators as g
from benchmarks.draws import Draw
from benchmarks.table import Table


def small(draw: Draw) -> Iterator[Table]:
    """Yield all of them. In the fresh draw the bundled sets give other rows and columns."""
    for bundled in (_iris_and_wine, _breast_cancer, _digits, _digit_pixels, _diabetes):
        yield from (Table(name, X, y, bundled=True) for name, X, y in bundled(draw))
    for made in (_classification, _shapes, _quantiles, _trees_and_rules, _teachers, _gaussians, _weak, _others):
        yield from (Table(name, X, y) for name, X, y in made(draw))


Named = Iterator[tuple[str, np.ndarray, np.ndarray]]


def _chosen(X: np.ndarray, draw: Draw, columns: list[int] | range) -> np.ndarray:
    return X[:, draw.columns(list(columns), X.shape[1])]


def _most(X: np.ndarray, draw: Draw) -> np.ndarray:
    """Return X; in the fresh draw three quarters of its columns."""
    return _chosen(X, draw, range(3 * X.shape[1] // 4)) if draw.fresh else X


def _iris_and_wine(draw: Draw) -> Named:
    X, y = load_iris(return_X_y=True)
    yield "iris", _most(X, draw), y
    yield "iris2", _chosen(X, draw, [0, 1]), y
    X, y = load_wine(return_X_y=True)
    yield "wine", _most(X, draw), y
    yield "wine3", _chosen(X, draw, [1, 4, 8]), y
    yield "wine4", _chosen(X, draw, [2, 3, 7, 10]), y


def _breast_cancer(draw: Draw) -> Named:
    X, y = load_breast_cancer(return_X_y=True)
    yield "bc", _most(X, draw), y
    rows = draw.rows(len(y), 150, 0)
    yield "bc150", X[rows], y[rows]
    yield "bc4a", _chosen(X, draw, [1, 4, 8, 9]), y
    yield "bc5b", _chosen(X, draw, [9, 11, 14, 18, 19]), y
    rows = draw.rows(len(y), 300, 1)
    yield "bc6c", _chosen(X, draw, [1, 5, 8, 24, 28, 29])[rows], y[rows]


def _digits(draw: Draw) -> Named:
    X, y = load_digits(return_X_y=True)
    for name, n, seed in (
        ("digits", 1400 if draw.fresh else len(y), 6),
        ("digits300", 300, 0),
        ("digits700", 700, 1),
    ):
        rows = draw.rows(len(y), n, seed)
        yield name, X[rows], y[rows]
    rows = draw.rows(len(y), 500, 2)
    yield "digpar", X[rows], (y[rows] >= 5 if draw.fresh else y[rows] % 2).astype(int)


def _digit_pixels(draw: Draw) -> Named:
    """Few pixels of the middle of the picture, or of three of the digits."""
    X, y = load_digits(return_X_y=True)
    middle = [10, 11, 12, 13, 18, 19, 20, 21, 26, 27, 28, 29, 34, 35, 36, 37, 42, 43, 44, 45, 50, 51, 52, 53]
    pixels = [10, 20, 21, 26, 28, 34, 36, 42, 43, 53]
    six = [*pixels[::2], 60]
    if draw.fresh:
        pixels, six = (draw.rng(n).permutation(middle)[:n].tolist() for n in (10, 6))
    for name, columns, n, seed in (("dig10px", pixels, 900, 3), ("dig6px", six, 1500, 4)):
        rows = draw.rows(len(y), n, seed)
        yield name, X[rows][:, columns], y[rows]
    three = np.isin(y, [1, 4, 7] if draw.fresh else [3, 8, 9])
    X, y = X[three][:, 8:40:2], y[three]
    rows = draw.rows(len(y), 250, 5)
    yield "dig38", X[rows], y[rows]


def _diabetes(draw: Draw) -> Named:
    X, y = load_diabetes(return_X_y=True)
    two, three, imbalanced = ([0.4], [0.25, 0.6], [0.9]) if draw.fresh else ([0.5], [1 / 3, 2 / 3], [0.85])
    for name, cuts in (("diab2", two), ("diab3", three), ("diabimb", imbalanced)):
        yield name, _most(X, draw), np.digitize(y, np.quantile(y, cuts), right=len(cuts) == 1)


def _classification(draw: Draw) -> Named:
    """Rows, columns, informative columns, classes, clusters a class, flipped labels, separation."""
    cases = [
        (150, 5, 3, 2, 1, 0.1, 1.0),
        (200, 12, 4, 3, 2, 0.05, 1.0),
        (300, 20, 6, 2, 3, 0.1, 1.2),
        (500, 8, 5, 4, 2, 0.1, 1.0),
        (700, 30, 8, 2, 2, 0.05, 1.0),
        (1000, 10, 6, 5, 2, 0.15, 1.3),
        (1500, 16, 10, 3, 3, 0.05, 1.0),
        (2000, 8, 4, 2, 3, 0.2, 1.0),
    ]
    for j, (n, d, informative, k, n_clusters, flipped, separation) in enumerate(cases):
        X, y = make_classification(
            n,
            d,
            n_informative=informative,
            n_redundant=min(2, d - informative),
            n_classes=k,
            n_clusters_per_class=n_clusters,
            flip_y=flipped,
            class_sep=separation,
            random_state=draw.seed(j),
        )
        yield f"mc{j}", X, y


def _shapes(draw: Draw) -> Named:
    """Curves in a plane, by themselves and among columns of noise."""
    first, second = draw.seed(0), draw.seed(1)
    yield "moons", *make_moons(200, noise=0.3, random_state=first)
    X, y = make_moons(500, noise=0.25, random_state=second)
    yield "moonsN", np.hstack([X, draw.rng(0).randn(500, 6)]), y
    yield "circles", *make_circles(300, noise=0.15, factor=0.5, random_state=first)
    X, y = make_circles(600, noise=0.2, factor=0.4, random_state=second)
    yield "circN", np.hstack([X, draw.rng(1).randn(600, 4)]), y


def _quantiles(draw: Draw) -> Named:
    """Shells of a normal distribution."""
    first, second = draw.seed(0), draw.seed(1)
    yield "gq1", *make_gaussian_quantiles(n_samples=400, n_features=4, n_classes=3, random_state=first)
    X, y = make_gaussian_quantiles(n_samples=1200, n_features=7, n_classes=2, random_state=second)
    flipped = draw.rng(2).rand(1200) < 0.08
    yield "gq2", X, np.where(flipped, 1 - y, y)
    X, y = make_hastie_10_2(800, random_state=first)
    yield "hastie", X, (y > 0).astype(int)


def _trees_and_rules(draw: Draw) -> Named:
    for j, (n, d, depth, k, noise) in enumerate([(250, 6, 3, 2, 0.1), (600, 8, 5, 3, 0.1), (1500, 5, 6, 2, 0.05)]):
        yield f"tree{j}", *g.random_tree(draw.rng(10 + j), n, d, depth, k, noise, seed=draw.seed(j))
    for j, (n, d, n_levels, noise) in enumerate([(450, 6, 3, 0.05), (900, 9, 3, 0.02), (300, 14, 4, 0.1)]):
        yield f"rule{j}", *g.rules(draw.rng(20 + j), n, d, n_levels, noise)


def _teachers(draw: Draw) -> Named:
    cases = [(300, 5, 4, 2, 2.0), (500, 9, 6, 4, 2.5), (1200, 14, 8, 3, 2.0), (200, 4, 3, 3, 3.0)]
    for j, (n, d, width, k, gain) in enumerate(cases):
        yield f"teach{j}", *g.network_teacher(draw.rng(30 + j), n, d, width, k, gain)


def _gaussians(draw: Draw) -> Named:
    cases = [(220, 7, 6, 1.5, 1.5), (350, 8, 8, 1.8, 1.0), (900, 6, 4, 1.2, 2.0), (160, 10, 3, 1.0, 5.0)]
    for j, (n, d, k, spread, concentration) in enumerate(cases):
        yield f"gauss{j}", *g.gaussian_classes(draw.rng(40 + j), n, d, k, spread, concentration)


def _weak(draw: Draw) -> Named:
    for j, (n, d) in enumerate([(300, 4), (750, 8)]):
        yield f"weak{j}", *g.weak_signal(draw.rng(50 + j), n, d)


def _others(draw: Draw) -> Named:
    """Kinds that the sketch did not see."""
    X, y = make_friedman1(500, noise=1.0, random_state=draw.seed(60))
    yield "friedman", X, np.digitize(y, np.quantile(y, [1 / 3, 2 / 3]))
    X, y = make_blobs(350, n_features=3, centers=5, cluster_std=3.0, random_state=draw.seed(61))
    yield "blobs", X, y
    rng = draw.rng(62)
    X = rng.rand(800, 5)
    yield "checks", X, (np.floor(3 * X[:, :2]).sum(1) % 2 != (rng.rand(800) < 0.1)).astype(int)
    yield "cover", *g.cover(draw.rng(63), 1200, 6, 12, 4)
    yield "clusters", *g.clusters(draw.rng(64), np.full(12, 30), 10, 6, 1.0)
