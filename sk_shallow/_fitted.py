"""What a fitted network does with new rows, by blocks: nothing but results is of size n."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sk_shallow._activations import Activation, get_activation
from sk_shallow._array_api import Array
from sk_shallow._docs import documented
from sk_shallow._kernel import ForwardBuffers, Kernel, LayerMatrices, Workbench
from sk_shallow._parameters import Parameters, Shape
from sk_shallow._rows import cut, is_parallel, is_tiny, prediction_rows
from sk_shallow._scaling import Far, centred_intercept
from sk_shallow._targets import OUTPUTS, Outputs
from sk_shallow._threads import Map, in_turn, run
from sk_shallow._validation import check_new_rows, leaving_no_trace

#: Turns a block's A1 (m, h) or Z2 (m, k) into rows of a result.
Finish = Callable[[np.ndarray], np.ndarray]


class Forward:
    """Forward propagation of rows through given parameters, by blocks and threads.

    Parameters
    ----------
    parameters : Parameters
        W1, b1, W2, b2 for raw rows.
    activation : Activation
    outputs : Outputs
        The kind of outputs.
    far : Far or None
        With it, rows are centred first, which keeps the digits that a far mean would cost.
    """

    def __init__(
        self, parameters: Parameters, activation: Activation, outputs: Outputs, far: Far | None = None
    ) -> None:
        self.parameters, self.activation, self.outputs, self.far = parameters, activation, outputs, far

    def write(self, X: Any, out: np.ndarray, finish: Finish, *, hidden: bool = False) -> np.ndarray:
        """Write ``finish(Z2)``, or with `hidden` ``finish(A1)``, of all rows into `out` and return it.

        `finish` sees blocks (m, k) or (m, h). Only `out` is of size n.
        """
        n, (h, d) = X.shape[0], self.parameters.W1.shape
        shape = Shape(d, h, len(self.parameters.b2))

        def job(map_blocks: Map) -> None:
            kernel, layers = self._kernel(X, shape)
            workbench = Workbench(partial(ForwardBuffers, kernel))

            def write(rows: slice) -> None:
                m = rows.stop - rows.start
                buffers = workbench.take(m)
                block = kernel.rows.load(rows, buffers.X)
                found = (
                    kernel.hidden(block, layers[0], buffers) if hidden else kernel.forward(block, layers, buffers)
                ).T
                _check_finite(found, rows)
                out[rows] = finish(found)
                workbench.give(m, buffers)

            map_blocks(write, cut(kernel.rows, n, shape))

        job(in_turn) if is_tiny(n, shape) else run(job, parallel=is_parallel(n, shape, once=True))
        return out

    def _kernel(self, X: Any, shape: Shape) -> tuple[Kernel, LayerMatrices]:
        """Return the kernel for X, and [W1 b1] and [W2 b2] as they act on its rows."""
        W1, b1, W2, b2 = self.parameters
        dtype = np.result_type(X.dtype, W1.dtype)
        far = self.far if isinstance(X, np.ndarray) else None
        b1 = b1 if far is None else centred_intercept(self.parameters, far)
        rows = prediction_rows(X, None if far is None else far.center)
        kernel = Kernel(rows, shape, self.activation, self.outputs.loss, dtype)
        return kernel, (shape.beside(W1, b1, dtype), shape.beside(W2, b2, dtype))


class OutputOverflowError(ValueError):
    """A row is so far out that a network's numbers overflow."""


def _check_finite(found: np.ndarray, rows: slice) -> None:
    """Refuse rows so far out that the network's numbers overflow."""
    if not np.isfinite(found).all():
        row = rows.start + int(np.argmin(np.isfinite(found).all(axis=1)))
        raise OutputOverflowError(
            f"The outputs for row {row} of X overflow in {found.dtype.name}: its numbers are too large for "
            "the weights. Check their units, or clip them to the range of most rows in fit."
        )


def _read_only(view: np.ndarray) -> np.ndarray:
    view = view.view()
    view.flags.writeable = False
    return view


class FittedNetwork(ClassNamePrefixFeaturesOutMixin, TransformerMixin):
    """The methods of a fitted network: its four parameter arrays, ``classes_``, and their use."""

    hidden_coef_: np.ndarray
    hidden_intercept_: np.ndarray
    output_coef_: np.ndarray
    output_intercept_: np.ndarray
    classes_: np.ndarray
    _outputs: str
    _fitted_activation: str | Activation
    _far: dict[str, np.ndarray] | None

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

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

    def _output_kind(self) -> Outputs:
        if not hasattr(self, "_outputs"):
            check_is_fitted(self)
        return OUTPUTS[self._outputs](self.classes_)

    @leaving_no_trace
    def _forward(
        self,
        X: Array,
        outputs: Outputs,
        width: int | None,
        finish: Finish,
        dtype: Any = None,
        hidden: bool = False,
    ) -> np.ndarray:
        """Return ``finish(Z2)`` of rows yet to be checked, (n, width) or (n,) for a width of None."""
        X = check_new_rows(self, X)
        dtype = np.result_type(X.dtype, self.hidden_coef_.dtype) if dtype is None else dtype
        out = np.empty(X.shape[:1] if width is None else (X.shape[0], width), dtype=dtype)
        far = None if self._far is None else Far(**self._far)
        forward = Forward(self._parameters, get_activation(self._fitted_activation), outputs, far)
        return forward.write(X, out, finish, hidden=hidden)

    def _raw_outputs(self, X: Array) -> np.ndarray:
        """Return Z2 (n, k)."""
        outputs = self._output_kind()
        return self._forward(X, outputs, outputs.n_outputs, lambda Z2: Z2)

    def _per_class(self, X: Array, function: Finish, outputs: Outputs) -> np.ndarray:
        """Return a function of the raw outputs, one column a class."""
        return self._forward(X, outputs, len(self.classes_), lambda Z2: function(outputs.per_class(Z2)))

    @documented
    def decision_function(self, X: Array) -> np.ndarray:
        """Return the raw outputs Z2.

        Parameters
        ----------
        %(X)s

        Returns
        -------
        Z2 : ndarray of shape (n_samples,), (n_samples, n_classes) or (n_samples, n_labels)
            For two classes the log-odds of ``classes_[1]``, else one column a class or label.

        Raises
        ------
        %(raises)s
        """
        return self._output_kind().decision(self._raw_outputs(X))

    @documented
    def predict(self, X: Array) -> np.ndarray:
        """Return the most probable class, or the labels of probability above a half.

        Parameters
        ----------
        %(X)s

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Labels from ``classes_``; an indicator of 0 and 1 for multilabel targets.

        Raises
        ------
        %(raises)s
        """
        outputs = self._output_kind()
        width = outputs.n_outputs if outputs.multilabel else None
        return outputs.labels(self._forward(X, outputs, width, outputs.label_codes, dtype=int))

    @documented
    def predict_proba(self, X: Array) -> np.ndarray:
        """Return the probabilities A2.

        Parameters
        ----------
        %(X)s

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            One column a class, rows that sum to 1; for multilabel targets, the probability of each
            label.

        Raises
        ------
        %(raises)s
        """
        outputs = self._output_kind()
        return self._per_class(X, outputs.loss.activation, outputs)

    @documented
    def predict_log_proba(self, X: Array) -> np.ndarray:
        """Return the logarithm of the probabilities, from Z2: finite where A2 rounds to 0.

        Parameters
        ----------
        %(X)s

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
            log A2, in the layout of ``predict_proba``.

        Raises
        ------
        %(raises)s
        """
        outputs = self._output_kind()
        return self._per_class(X, outputs.loss.log_activation, outputs)

    @documented
    def transform(self, X: Array) -> np.ndarray:
        """Return the outputs A1 of the hidden units.

        Parameters
        ----------
        %(X)s

        Returns
        -------
        A1 : ndarray of shape (n_samples, hidden_width)
            g1(Z1); a DataFrame after ``set_output``.

        Raises
        ------
        %(raises)s
        """
        outputs = self._output_kind()
        return self._forward(X, outputs, self._n_features_out, lambda A1: A1, hidden=True)
