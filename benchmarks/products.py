"""The matrix products of a step alone: on the same blocks and threads as a fit, with nothing between them."""

from functools import partial

import numpy as np

from benchmarks.contenders import initial_weights
from benchmarks.data import Problem
from benchmarks.timing import Run
from sk_shallow._parameters import Shape
from sk_shallow._rows import cut, is_parallel, training_rows
from sk_shallow._scaling import Scaling
from sk_shallow._threads import Map
from sk_shallow._threads import run as in_threads


class _Block:
    """The arrays of one block: examples are columns, as in the kernel."""

    def __init__(self, X: np.ndarray, h: int, k: int) -> None:
        m, d = X.shape
        ones = np.ones((m, 1), dtype=X.dtype)
        self.X = np.hstack([X, ones])
        self.A1, self.Z2 = np.ones((h + 1, m), dtype=X.dtype), np.ones((k, m), dtype=X.dtype)
        self.dA1, self.d_hidden = np.ones((h + 1, m), dtype=X.dtype), np.empty((h, d + 1), dtype=X.dtype)
        self.d_output = np.empty((k, h + 1), dtype=X.dtype)

    def multiply(self, hidden: np.ndarray, output: np.ndarray) -> None:
        """Make the five products of a step."""
        np.dot(hidden, self.X.T, self.A1[:-1])
        np.dot(output, self.A1, self.Z2)
        np.dot(self.Z2, self.A1.T, self.d_output)
        np.dot(output.T, self.Z2, self.dA1)
        np.dot(self.dA1[:-1], self.X, self.d_hidden)


def products(problem: Problem) -> Run:
    """Return T times the products of a step."""
    X, size = problem.X, problem.size
    shape = Shape(size.d, size.h, size.n_outputs)
    rows, _ = training_rows(X, Scaling(), shape)
    W1, b1, W2, b2 = initial_weights(problem)
    hidden, output = (shape.beside(W.T, b, X.dtype) for W, b in ((W1, b1), (W2, b2)))
    blocks = [_Block(X[part], size.h, size.n_outputs) for part in cut(rows, size.n, shape)]

    def repeated(T: int, map_blocks: Map) -> int:
        for _ in range(T):
            map_blocks(lambda block: block.multiply(hidden, output), blocks)
        return T

    def run(T: int) -> int:
        return in_threads(partial(repeated, T), parallel=is_parallel(size.n, shape))

    return run
