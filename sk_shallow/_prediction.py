"""What a fitted network does with new rows, by blocks: nothing but results is of size n."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
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


def _hidden(X: Any, parameters: Parameters, activation: Activation) -> np.ndarray:
    """Return A1ᵀ (h, m) of a block of rows."""
    Z1 = np.ascontiguousarray((X @ parameters.W1.T).T)
    Z1 += parameters.b1[:, None]
    A1 = Z1 if activation.fused else np.empty_like(Z1)
    activation.write(Z1, out=A1)
    return A1


def _by_blocks(X: Any, width: int, dtype: Any, block: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Return `block` of all rows of X, shape (n, width), on as many threads as BLAS may use."""
    out = np.empty((X.shape[0], width), dtype=dtype)

    def write(rows: slice) -> None:
        with np.errstate(all="ignore"):
            out[rows] = block(X[rows])

    slices = even_slices(X.shape[0], _ROWS)
    n_threads = min(n_blas_threads(), len(slices))
    if n_threads == 1:
        for rows in slices:
            write(rows)
        return out
    with one_blas_thread(), ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(write, slices))
    return out


def hidden_outputs(X: Any, parameters: Parameters, activation: Activation) -> np.ndarray:
    """Return A1 (n, h)."""
    dtype = np.result_type(X.dtype, parameters.W1.dtype)
    return _by_blocks(X, parameters.W1.shape[0], dtype, lambda rows: _hidden(rows, parameters, activation).T)


def raw_outputs(X: Any, parameters: Parameters, activation: Activation) -> np.ndarray:
    """Return Z2 (n, k)."""
    _, _, W2, b2 = parameters
    dtype = np.result_type(X.dtype, W2.dtype)
    return _by_blocks(X, len(b2), dtype, lambda rows: (W2 @ _hidden(rows, parameters, activation)).T + b2)


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

    def _raw_outputs(self, X: Array) -> np.ndarray:
        """Return Z2 (n, k) of unchecked rows."""
        check_is_fitted(self)
        X = check_features(self, X, reset=False)
        return raw_outputs(X, self._parameters, get_activation(self._fitted_activation))

    def _of_classes(self, X: Array, function: str) -> np.ndarray:
        """Return a function of the loss at Z2, one column a class: for two, those of -z and z."""
        Z2 = self._raw_outputs(X)
        if len(self.classes_) == 2 and not self._multilabel:
            Z2 = np.hstack([-Z2, Z2])
        return getattr(loss_of(self.classes_, self._multilabel), function)(Z2)

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
        Z2 = self._raw_outputs(X)
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
        Z2 = self._raw_outputs(X)
        if self._multilabel:
            return (Z2 > 0).astype(int)
        if len(self.classes_) == 2:
            return self.classes_[(Z2[:, 0] > 0).astype(int)]
        return self.classes_[Z2.argmax(axis=1)]

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
        return self._of_classes(X, "activation")

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
        return self._of_classes(X, "log_activation")

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
        X = check_features(self, X, reset=False)
        return hidden_outputs(X, self._parameters, get_activation(self._fitted_activation))
