"""What a fitted network does with new rows, by blocks: nothing but results is of size n."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils.validation import check_is_fitted

from sk_shallow._activations import Activation, get_activation
from sk_shallow._losses import Loss, SigmoidCrossEntropy, SoftmaxCrossEntropy
from sk_shallow._parameters import Parameters
from sk_shallow._rows import even_slices
from sk_shallow._threads import n_blas_threads, one_blas_thread
from sk_shallow._validation import check_features

Array = Any

#: Rows that one thread works on at a time.
_ROWS = 2048


def loss_of(classes: np.ndarray, multilabel: bool) -> Loss:
    """Return the loss of a network for these classes."""
    return SigmoidCrossEntropy() if multilabel or len(classes) == 2 else SoftmaxCrossEntropy()


class _Forward:
    """Forward propagation of blocks of rows. Examples are columns, as in a fit: A1 is (h, m), Z2 (k, m)."""

    def __init__(self, X: Any, parameters: Parameters, activation: Activation, dtype: Any) -> None:
        self.X, self.activation, self.dtype = X, activation, dtype
        self.W1, self.W2 = parameters.W1, parameters.W2
        self.b1, self.b2 = parameters.b1[:, None], parameters.b2[:, None]

    def buffer(self) -> np.ndarray:
        """Return space for the Z1 and A1 of a block, one array for both where the activation is fused."""
        n_buffers = 1 if self.activation.fused else 2
        return np.empty((n_buffers, self.W1.shape[0] * min(_ROWS, self.X.shape[0])), dtype=self.dtype)

    def hidden(self, rows: slice, buffer: np.ndarray) -> np.ndarray:
        """Return A1 (h, m) of some rows, in `buffer`."""
        X, h = self.X[rows], self.W1.shape[0]
        Z1, A1 = (part[: h * X.shape[0]].reshape(h, -1) for part in (buffer[0], buffer[-1]))
        if isinstance(X, np.ndarray):
            np.dot(self.W1, X.T, out=Z1)
        else:
            Z1[...] = (X @ self.W1.T).T
        np.add(Z1, self.b1, out=Z1)
        self.activation.write(Z1, out=A1)
        return A1

    def output(self, A1: np.ndarray) -> np.ndarray:
        """Return Z2 (k, m)."""
        Z2 = np.dot(self.W2, A1)
        Z2 += self.b2
        return Z2


def forward_blocks(
    X: Any,
    parameters: Parameters,
    activation: Activation,
    out: np.ndarray,
    finish: Callable[..., Any],
    output: bool,
) -> np.ndarray:
    """Write ``finish(Z2)``, or ``finish(A1)`` without `output`, of all rows into `out` and return it.

    `finish` sees blocks (m, k) or (m, h). Only `out` is of size n; blocks go to as many threads as
    BLAS may use.
    """
    forward = _Forward(X, parameters, activation, np.result_type(X.dtype, parameters.W1.dtype))

    def write(share: list[slice]) -> None:
        buffer = forward.buffer()
        for rows in share:
            A1 = forward.hidden(rows, buffer)
            out[rows] = finish((forward.output(A1) if output else A1).T)

    slices = even_slices(X.shape[0], _ROWS)
    n_threads = min(n_blas_threads(), len(slices)) if len(slices) > 1 else 1
    with np.errstate(all="ignore"):
        if n_threads == 1:
            write(slices)
        else:
            quiet = partial(np.seterr, all="ignore")
            with one_blas_thread(), ThreadPoolExecutor(n_threads, initializer=quiet) as pool:
                list(pool.map(write, [slices[i::n_threads] for i in range(n_threads)]))
    return out


def _read_only(view: np.ndarray) -> np.ndarray:
    view = view.view()
    view.flags.writeable = False
    return view


class FittedNetwork(ClassNamePrefixFeaturesOutMixin):
    """The methods of a fitted network: its four parameter arrays, ``classes_``, and their use."""

    hidden_coef_: np.ndarray
    hidden_intercept_: np.ndarray
    output_coef_: np.ndarray
    output_intercept_: np.ndarray
    classes_: np.ndarray
    _multilabel: bool
    _fitted_activation: str | Activation

    @property
    def _parameters(self) -> Parameters:
        return Parameters(self.hidden_coef_, self.hidden_intercept_, self.output_coef_, self.output_intercept_)

    @property
    def coefs_(self) -> list[np.ndarray]:
        """W1ᵀ (d, h) and W2ᵀ (h, k), read-only views, in the layout of MLPClassifier."""
        return [_read_only(self.hidden_coef_.T), _read_only(self.output_coef_.T)]

    @property
    def intercepts_(self) -> list[np.ndarray]:
        """b1 (h,) and b2 (k,), read-only views, in the layout of MLPClassifier."""
        return [_read_only(self.hidden_intercept_), _read_only(self.output_intercept_)]

    @property
    def _n_features_out(self) -> int:
        return self.hidden_coef_.shape[0]

    @property
    def _loss(self) -> Loss:
        return loss_of(self.classes_, self._multilabel)

    @property
    def _two_classes(self) -> bool:
        return len(self.classes_) == 2 and not self._multilabel

    def _forward(
        self, X: Array, width: int | None, finish: Callable[..., Any], dtype: Any = None, output: bool = True
    ) -> np.ndarray:
        """Return ``finish(Z2)`` of rows yet to be checked, (n, width) or (n,) for a width of None."""
        X = check_features(self, X, reset=False)
        dtype = np.result_type(X.dtype, self.hidden_coef_.dtype) if dtype is None else dtype
        out = np.empty(X.shape[:1] if width is None else (X.shape[0], width), dtype=dtype)
        return forward_blocks(X, self._parameters, get_activation(self._fitted_activation), out, finish, output)

    def _per_class(self, X: Array, function: str) -> np.ndarray:
        """Return a function of the loss at Z2, one column a class: for two, those of -z and z."""
        check_is_fitted(self)
        apply = getattr(self._loss, function)
        if self._two_classes:
            return self._forward(X, 2, lambda Z2: apply(np.hstack([-Z2, Z2])))
        return self._forward(X, len(self.output_intercept_), apply)

    def decision_function(self, X: Array) -> np.ndarray:
        """Return the raw outputs Z2.

        Parameters
        ----------
        X : {array-like, sparse matrix or array, DataFrame} of shape (n_samples, n_features)
            Rows to score.

        Returns
        -------
        Z2 : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            For two classes the log-odds of ``classes_[1]``, else one column a class or label.

        Raises
        ------
        NotFittedError, ValueError
            Before ``fit``; for X that does not match the columns seen in ``fit``.
        """
        check_is_fitted(self)
        Z2 = self._forward(X, len(self.output_intercept_), lambda Z2: Z2)
        return Z2[:, 0] if Z2.shape[1] == 1 and not self._multilabel else Z2

    def predict(self, X: Array) -> np.ndarray:
        """Return the most probable class, or the labels of probability above a half.

        Parameters
        ----------
        X : {array-like, sparse matrix or array, DataFrame} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels from ``classes_``; an indicator of 0 and 1 for multilabel targets.

        Raises
        ------
        NotFittedError, ValueError
            Before ``fit``; for X that does not match the columns seen in ``fit``.
        """
        check_is_fitted(self)
        if self._multilabel:
            return self._forward(X, len(self.classes_), lambda Z2: Z2 > 0, dtype=int)
        if self._two_classes:
            return self.classes_[self._forward(X, None, lambda Z2: Z2[:, 0] > 0, dtype=int)]
        return self.classes_[self._forward(X, None, lambda Z2: Z2.argmax(axis=1), dtype=int)]

    def predict_proba(self, X: Array) -> np.ndarray:
        """Return the probabilities A2.

        Parameters
        ----------
        X : {array-like, sparse matrix or array, DataFrame} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            One column a class, rows that sum to 1; for multilabel targets, the probability of each
            label.

        Raises
        ------
        NotFittedError, ValueError
            Before ``fit``; for X that does not match the columns seen in ``fit``.
        """
        return self._per_class(X, "activation")

    def predict_log_proba(self, X: Array) -> np.ndarray:
        """Return the logarithm of the probabilities, from Z2: finite where A2 rounds to 0.

        Parameters
        ----------
        X : {array-like, sparse matrix or array, DataFrame} of shape (n_samples, n_features)
            Rows to classify.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            log A2, in the layout of ``predict_proba``.

        Raises
        ------
        NotFittedError, ValueError
            Before ``fit``; for X that does not match the columns seen in ``fit``.
        """
        return self._per_class(X, "log_activation")

    def transform(self, X: Array) -> np.ndarray:
        """Return the outputs A1 of the hidden units.

        Parameters
        ----------
        X : {array-like, sparse matrix or array, DataFrame} of shape (n_samples, n_features)
            Rows to transform.

        Returns
        -------
        A1 : ndarray of shape (n_samples, hidden_width)
            g1(Z1); a DataFrame after ``set_output``.

        Raises
        ------
        NotFittedError, ValueError
            Before ``fit``; for X that does not match the columns seen in ``fit``.
        """
        check_is_fitted(self)
        return self._forward(X, self._n_features_out, lambda A1: A1, output=False)
