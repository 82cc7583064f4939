"""Sparse text: documents made up from topics, and the docstrings of the libraries that we stand on."""

import inspect
import re
import warnings
import zlib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfTransformer, TfidfVectorizer

from benchmarks.draws import Draw
from benchmarks.table import Table

#: Where docstrings are looked for.
MODULES = {
    "numpy": ["", "fft", "linalg", "ma", "polynomial", "random", "strings", "testing"],
    "pandas": ["", "api.types", "io.formats.style", "plotting", "tseries.offsets"],
    "scipy": [
        *("cluster.hierarchy", "fft", "integrate", "interpolate", "io", "linalg", "ndimage", "optimize"),
        *("signal", "sparse", "sparse.linalg", "spatial", "spatial.distance", "special", "stats"),
    ],
    "sklearn": [
        *("cluster", "covariance", "datasets", "decomposition", "ensemble", "feature_extraction.text"),
        *("feature_selection", "gaussian_process.kernels", "linear_model", "manifold", "metrics"),
        *("metrics.pairwise", "model_selection", "neighbors", "preprocessing", "svm", "utils"),
    ],
}
#: Shorter docstrings say too little; what follows so many characters is cut off: there some of scipy's differ from
#: run to run, by random numbers and the order of sets.
SHORTEST, LONGEST = 150, 1000


def text(draw: Draw) -> Iterator[Table]:
    """Yield 4 TF-IDF tables. Even draws have one half of the docstrings, odd ones the other."""
    yield Table("4 topics", *_topics(draw.rng(700), 1500, 4, 40, 0.5))
    yield Table("12 topics", *_topics(draw.rng(701), 2500, 12, 80, 0.4))
    documents = [d for d in docstrings() if zlib.crc32(d[1].encode()) % 2 == draw.number % 2]
    libraries = [module.partition(".")[0] for module, _ in documents]
    yield Table("docstrings, library", *_tfidf([document for _, document in documents], libraries))
    tasks = [(module, document) for module, document in documents if "." in module]
    yield Table("docstring heads, module", *_tfidf([d[:300] for _, d in tasks], [module for module, _ in tasks]))


def _tfidf(documents: list[str], labels: list[str]) -> tuple[Any, np.ndarray]:
    return TfidfVectorizer(min_df=2).fit_transform(documents), np.array(labels)


def _topics(rng: np.random.RandomState, n: int, k: int, length: int, share: float) -> tuple[Any, np.ndarray]:
    """Documents of log-normal length from a Zipf vocabulary; a share of the words by a topic of the class.

    A document has a second topic too, of any class, which a tenth of its words follow.
    """
    n_words = 6000
    common = 1 / (np.arange(n_words) + 2.7)
    topics = common * np.exp(1.5 * rng.randn(k, n_words))
    common, topics = common / common.sum(), topics / topics.sum(1, keepdims=True)
    y, other = rng.choice(k, n, p=rng.dirichlet(np.full(k, 5.0))), rng.randint(0, k, n)
    lengths = np.maximum(5, rng.lognormal(np.log(length), 0.6, n)).astype(int)
    rows = []
    for label, second, words in zip(y, other, lengths, strict=True):
        shares = (0.9 - share) * common + share * topics[label] + 0.1 * topics[second]
        rows.append(sp.csr_matrix(rng.multinomial(words, shares / shares.sum())))
    counts = sp.vstack(rows, format="csr")
    kept = np.bincount(counts.indices, minlength=n_words) >= 2
    return TfidfTransformer().fit_transform(counts[:, kept]), y


@cache
def docstrings() -> list[tuple[str, str]]:
    """Return (module, words of the docstring) of the public functions, classes and methods, sorted."""
    found: dict[str, str] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for library, modules in MODULES.items():
            for part in modules:
                module = f"{library}.{part}" if part else library
                for document in _documents(import_module(module), library):
                    found.setdefault(document, module)
    return sorted((module, document) for document, module in found.items())


def _documents(module: Any, library: str) -> Iterator[str]:
    """Yield the docstrings of what a module offers and its library defines."""
    for name in _public(module):
        thing = getattr(module, name)
        if not callable(thing) or not (getattr(thing, "__module__", None) or library).startswith(library):
            continue
        members = [getattr(thing, member) for member in _public(thing)] if inspect.isclass(thing) else []
        for each in (thing, *filter(callable, members)):
            words = re.sub(r"\s+", " ", getattr(each, "__doc__", None) or "").strip()
            if len(words) >= SHORTEST:
                yield words[:LONGEST]


def _public(thing: Any) -> list[str]:
    return [name for name in sorted(dir(thing)) if not name.startswith("_") and hasattr(thing, name)]
