"""ShallowNetClassifier: a neural network with one hidden layer, at home in scikit-learn."""

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if

from sk_shallow._activations import get_activation
from sk_shallow._advice import Ending, warn_once, warning_text
from sk_shallow._array_api import Array
from sk_shallow._docs import documented
from sk_shallow._fitted import FittedNetwork
from sk_shallow._fitting import Network, Problem, Recipe, Record, fit_network
from sk_shallow._labels import check_classes, check_labels
from sk_shallow._legacy import upgraded
from sk_shallow._scaling import Far, Moments
from sk_shallow._solvers import SOLVERS, StopReason
from sk_shallow._targets import Targets, encode_targets
from sk_shallow._validation import (
    PARAMETER_CONSTRAINTS,
    check_sample_weight,
    check_settings,
    check_training_features,
    fit_context,
)
from sk_shallow._weights import weights_of


def _can_learn_in_parts(estimator: "ShallowNetClassifier") -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit needs solver='gd' or 'adam': 'lbfgs' works on all rows at once.")
    return True


class ShallowNetClassifier(FittedNetwork, ClassifierMixin, BaseEstimator):
    r"""Neural network classifier with one hidden layer.

    The network maps a row x to probabilities with two weight layers,

    .. math:: A_1 = g_1(X W_1^T + b_1), \qquad A_2 = g_2(A_1 W_2^T + b_2),

    and is fitted by minimising the penalised mean cross-entropy

    .. math:: J = \frac{1}{S} \Big\{ \sum_i s_i L(a_{2i}, y_i)
              + \frac{\lambda}{2} (\|W_1\|^2 + \|W_2\|^2) \Big\}, \qquad S = \sum_i s_i .

    One sigmoid output serves two classes, a softmax more, and one sigmoid a label serves
    multilabel targets. Rows with integer weights count as that many repeated rows.

    Parameters
    ----------
    hidden_width : int, default=64
        Number of hidden units h.
    activation : {"tanh", "sigmoid", "relu", "identity", "softplus"} or Activation, default="tanh"
        The hidden activation g1, by name or as an :class:`Activation` of your own.
    solver : {"gd", "lbfgs", "adam"}, default="gd"
        "gd" is batch gradient descent, θ ← θ − α∇J(θ); "lbfgs" is scipy's L-BFGS-B; "adam" is
        the method of Kingma and Ba.
    learning_rate : float or None, default=None
        Step size α > 0. None: 0.5 for "gd" and 0.01 for "adam", which suit standardised columns.
        "lbfgs" finds its own steps. A setting that the solver has no use for is refused.
    momentum : float, default=0.0
        Nesterov momentum in [0, 1), for "gd".
    batch_size : int or None, default=None
        None: every step sees all rows. An int, for "gd" and "adam": steps on batches of that many
        rows, reshuffled every epoch.
    l2_regularization : float, default=1.0
        λ ≥ 0, the penalty on W1 and W2 (never on b1, b2), on the scale of the summed loss, as 1/C is
        in LogisticRegression. With `standardize`, W1 is that of the scaled columns.
    max_iter : int, default=500
        Most passes over the data: steps for full-batch solvers, epochs for batches.
    tol : float, default=5e-3
        A fit has converged when max|∇J| ≤ tol.
    standardize : bool, default=True
        Centre and scale the columns inside the fit, and fold that into W1 and b1 afterwards: the
        fitted weights apply to raw X. Sparse X is scaled, not centred. Columns of any size are
        fitted, where their weights can be written down. False: X as it comes.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes, multiplied with `sample_weight`. "balanced": S / (K S_c) for class c. Not
        for multilabel targets.
    warm_start : bool, default=False
        Go on from the fitted network, with the solver's momentum or moments; L-BFGS builds its
        curvature anew. Repeated fits of ``max_iter=1`` make the steps of one long fit.
    random_state : int, RandomState instance or None, default=None
        Draws the initial W1 and b1 and shuffles batches. An int makes fits reproducible.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The sorted class labels; the label columns 0, …, L − 1 for multilabel targets.
    n_features_in_ : int
        Number of columns d seen in fit.
    feature_names_in_ : ndarray of shape (d,)
        Column names seen in fit, where all are strings.
    hidden_coef_ : ndarray of shape (h, d)
        W1, for raw X.
    hidden_intercept_ : ndarray of shape (h,)
        b1, for raw X.
    output_coef_ : ndarray of shape (k, h)
        W2.
    output_intercept_ : ndarray of shape (k,)
        b2.
    coefs_, intercepts_ : list of two ndarrays
        Read-only views of the same numbers in the layout of MLPClassifier: (d, h), (h, k) and
        (h,), (k,).
    n_iter_ : int
        Iterations (epochs for batches) of the last fit, and of every ``partial_fit`` since.
    loss_ : float
        The cost J, penalty included, of the fitted network on the training rows.
    loss_curve_ : list of float
        The full cost before each iteration and after the last: ``n_iter_ + 1`` values. For
        ``partial_fit`` it is the cost on the rows of each call.
    grad_norm_ : float
        max|∇J| at the fitted network, with respect to the weights of scaled columns.
    converged_ : bool
        Whether ``grad_norm_ <= tol`` was reached.
    stop_reason_ : str
        "converged", "max_iter", "diverged" (the best network met is kept) or "stalled" (no step
        lowers the cost any further at this precision).

    Warns
    -----
    ConvergenceWarning
        When a full-batch fit ends without convergence, or any fit diverges.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Networks with any number of layers.

    Notes
    -----
    The fit starts at W2 = 0 and b2 = the log-odds (or log shares) of the classes, so that the first
    cost is the entropy of y, plus the penalty on the first W1, and the order of labels makes no
    difference.

    y with one class only is learnt: that class is predicted with probability 1.

    float32 X is computed in float32 throughout, everything else in float64.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), "Learning representations by back-propagating errors".
    Kingma and Ba (2015), "Adam: a method for stochastic optimization". Sutskever, Martens, Dahl
    and Hinton (2013), "On the importance of initialization and momentum".

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from sk_shallow import ShallowNetClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> clf = ShallowNetClassifier(hidden_width=16, random_state=0).fit(X_train, y_train)
    >>> round(clf.score(X_test, y_test), 2)
    0.96
    >>> clf.stop_reason_
    'converged'
    """

    _parameter_constraints = PARAMETER_CONSTRAINTS

    _doc_link_module = "sk_shallow"
    _doc_link_template = "https://sk-shallow.readthedocs.io/en/stable/api/{estimator_module}.{estimator_name}.html"

    def __init__(
        self,
        hidden_width: int = 64,
        *,
        activation: Any = "tanh",
        solver: str = "gd",
        learning_rate: float | None = None,
        momentum: float = 0.0,
        batch_size: int | None = None,
        l2_regularization: float = 1.0,
        max_iter: int = 500,
        tol: float = 5e-3,
        standardize: bool = True,
        class_weight: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
    ) -> None:
        self.hidden_width = hidden_width
        self.activation = activation
        self.solver = solver
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.batch_size = batch_size
        self.l2_regularization = l2_regularization
        self.max_iter = max_iter
        self.tol = tol
        self.standardize = standardize
        self.class_weight = class_weight
        self.warm_start = warm_start
        self.random_state = random_state

    @fit_context
    @documented
    def fit(self, X: Array, y: Array, sample_weight: Array = None) -> Self:
        """Fit the network to labelled rows.

        Parameters
        ----------
        %(X)s
        %(y)s
        %(sample_weight)s

        Returns
        -------
        self : ShallowNetClassifier
            The fitted estimator. When fitting fails, the estimator is as it was before.

        Raises
        ------
        %(refused)s
        """
        resume = self.warm_start and hasattr(self, "hidden_coef_")
        X, columns = check_training_features(self, X, reset=not resume, min_samples=2)
        y = check_labels(y, X, self)
        before = self._network_before(y) if resume else None
        targets = encode_targets(y, self.classes_ if resume else None, all_present=resume)
        weights = weights_of(check_sample_weight(sample_weight, X), self.class_weight, targets)
        return self._fit(Problem(X, targets, weights), self._recipe(), before, columns)

    @available_if(_can_learn_in_parts)
    @fit_context
    @documented
    def partial_fit(self, X: Array, y: Array, classes: Array = None, sample_weight: Array = None) -> Self:
        """Make one pass over some rows: one step, or one epoch where `batch_size` is given.

        Means and scales of the columns are those of all rows seen so far. ``n_iter_`` and
        ``loss_curve_`` go on counting. Not for ``solver="lbfgs"``.

        Parameters
        ----------
        %(X)s
        %(y)s
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come. Needed in the first call, unless y is a multilabel
            indicator.
        %(sample_weight)s

        Returns
        -------
        self : ShallowNetClassifier
            The estimator. When the pass fails, it is as it was before.

        Raises
        ------
        %(refused)s
        """
        resume = hasattr(self, "hidden_coef_")
        if resume:
            self._validate_params()  # scikit-learn does so in the first call alone
        X, columns = check_training_features(self, X, reset=not resume, min_samples=1)
        y = check_labels(y, X, self)
        before = self._network_before(y) if resume else None
        targets = encode_targets(y, check_classes(classes, getattr(self, "classes_", None), y))
        weights = weights_of(check_sample_weight(sample_weight, X), self.class_weight, targets, partial=True)
        return self._fit(Problem(X, targets, weights), self._recipe(one_pass=True), before, columns)

    def _recipe(self, *, one_pass: bool = False) -> Recipe:
        """Return the parameters as a value, resolved."""
        check_settings(self)
        own_rate = SOLVERS[self.solver].learning_rate or 1.0
        return Recipe(
            hidden_width=int(self.hidden_width),
            activation=get_activation(self.activation),
            solver=self.solver,
            learning_rate=float(own_rate if self.learning_rate is None else self.learning_rate),
            momentum=float(self.momentum),
            batch_size=None if self.batch_size is None else int(self.batch_size),
            l2_regularization=float(self.l2_regularization),
            max_iter=int(self.max_iter),
            tol=float(self.tol),
            standardize=bool(self.standardize),
            one_pass=one_pass,
        )

    def _network_before(self, y: np.ndarray) -> Network:
        """Return the fitted network to go on from; check that these parameters and targets can."""
        width = self.hidden_coef_.shape[0]
        if width != self.hidden_width:
            raise ValueError(
                f"hidden_width={self.hidden_width} differs from the fitted network's {width} units: set it back "
                "to go on, or fit a new network (clone, or warm_start=False)."
            )
        multilabel = self._output_kind().multilabel
        if (y.ndim == 2) != multilabel:
            before, now = ("a multilabel indicator", "one label a row")[:: 1 if multilabel else -1]
            raise ValueError(f"y is {now}, but the network was fitted on {before}. Fit a new network for it.")
        kept = self._solver_memory if isinstance(self._solver_memory, dict) else {}
        memory = {name: value for name, value in kept.items() if name != "solver"}
        return Network(
            self._parameters,
            None if self._far is None else Far(**self._far),
            None if self._moments is None else Moments(**self._moments),
            self._seen,
            memory if kept.get("solver") == self.solver else None,
        )

    def _fit(self, problem: Problem, recipe: Recipe, before: Network | None, columns: dict[str, Any]) -> Self:
        """Fit as values, store at once, warn last."""
        network, record = fit_network(problem, recipe, before, self.random_state)
        # One assignment: whatever fails or interrupts before it, the estimator is as it was.
        self.__dict__ = self._state(network, record, recipe, problem.targets) | columns
        text = warning_text(Ending(record, recipe, problem.weights.sum, problem.X.dtype))
        if text is not None:
            warn_once(text, stacklevel=4)
        return self

    def _state(self, network: Network, record: Record, recipe: Recipe, targets: Targets) -> dict[str, Any]:
        """Return the attributes of the estimator after a fit: plain arrays, numbers and dicts of them."""
        W1, b1, W2, b2 = network.parameters
        losses = record.losses
        if recipe.one_pass:
            losses = getattr(self, "loss_curve_", [])[:-1] + losses
        kept = {name: value for name, value in vars(self).items() if name != "feature_names_in_"}
        return kept | {
            "classes_": targets.outputs.classes,
            "hidden_coef_": W1,
            "hidden_intercept_": b1,
            "output_coef_": W2,
            "output_intercept_": b2,
            "n_iter_": len(losses) - 1,
            "loss_": record.loss,
            "loss_curve_": losses,
            "grad_norm_": record.grad_norm,
            "converged_": record.reason is StopReason.CONVERGED,
            "stop_reason_": record.reason.value,
            "_outputs": targets.kind,
            "_fitted_activation": self.activation,
            "_far": None if network.far is None else network.far._asdict(),
            "_moments": None if network.moments is None else network.moments._asdict(),
            "_seen": network.seen,
            "_solver_memory": {"solver": self.solver, **(network.memory or {})},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(upgraded(state))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
