"""ShallowNetClassifier: a neural network with one hidden layer, at home in scikit-learn."""

import warnings
from typing import Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Tags, check_random_state
from sklearn.utils.metaestimators import available_if

from sk_shallow._activations import get_activation
from sk_shallow._losses import Loss
from sk_shallow._objective import Objective
from sk_shallow._parameters import Shape, draw
from sk_shallow._prediction import FittedNetwork, loss_of
from sk_shallow._scaling import Scaling, scaling_of, update_scaler
from sk_shallow._solvers import LEARNING_RATES, Memory, Result, solve
from sk_shallow._stopping import StopReason, budget, diverged, gradient_below
from sk_shallow._validation import (
    PARAMETER_CONSTRAINTS,
    Targets,
    all_or_nothing,
    check_classes,
    check_training_data,
    check_weights,
    encode_targets,
    fit_context,
)

Array = Any


class _Problem(NamedTuple):
    """Checked training data: X (n, d), targets, and example weights (n,) or None."""

    X: Any
    targets: Targets
    s: np.ndarray | None


def _can_learn_in_parts(estimator: "ShallowNetClassifier") -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit needs solver='gd' or 'adam': 'lbfgs' works on all rows at once.")
    return True


class ShallowNetClassifier(FittedNetwork, ClassifierMixin, TransformerMixin, BaseEstimator):
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
        "lbfgs" finds its own steps.
    momentum : float, default=0.0
        Nesterov momentum in [0, 1) for "gd".
    batch_size : int or None, default=None
        None: every step sees all rows. An int: "gd" and "adam" step on batches of that many
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
        fitted weights apply to raw X. Sparse X is scaled, not centred. False: X as it comes.
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
        Iterations (epochs for batches) of the last fit.
    loss_ : float
        The cost J, penalty included, of the fitted network on the training rows.
    loss_curve_ : list of float
        The full cost before each iteration and after the last: ``n_iter_ + 1`` values.
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
    cost is the entropy of y, and the order of labels makes no difference.

    y with one class only is learnt: that class is predicted with probability 1.

    float32 X is computed in float32 throughout, everything else in float64.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), "Learning representations by back-propagating errors",
    Nature 323. Kingma and Ba (2015), "Adam: a method for stochastic optimization", ICLR. Sutskever,
    Martens, Dahl and Hinton (2013), "On the importance of initialization and momentum", ICML.

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
    def fit(self, X: Array, y: Array, sample_weight: Array = None) -> Self:
        """Fit the network to labelled rows.

        Parameters
        ----------
        X : {array-like, sparse matrix or array, DataFrame} of shape (n_samples, n_features)
            Real numbers, no missing values. float32 is kept, everything else becomes float64.
        y : array-like of shape (n_samples,) or indicator of shape (n_samples, n_labels)
            Labels of any type that can be sorted, or a multilabel indicator of 0 and 1.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights s ≥ 0, not all zero. None means 1 for every row.

        Returns
        -------
        self : ShallowNetClassifier
            The fitted estimator. When fitting fails, the estimator is as it was before.

        Raises
        ------
        ValueError
            For X, y, weights or parameters that cannot be used; the message names the remedy.
        """
        with all_or_nothing(self):
            resume = self.warm_start and hasattr(self, "hidden_coef_")
            problem = self._check_problem(X, y, sample_weight, resume)
            rules = [gradient_below(self.tol), budget(self.max_iter)]
            self._warn(self._minimise(problem, resume, None, rules), tell_max_iter=self.batch_size is None)
        return self

    @available_if(_can_learn_in_parts)
    @fit_context
    def partial_fit(self, X: Array, y: Array, classes: Array = None, sample_weight: Array = None) -> Self:
        """Make one pass over some rows: one step, or one epoch where `batch_size` is given.

        Means and scales of the columns are those of all rows seen so far. Not for
        ``solver="lbfgs"``.

        Parameters
        ----------
        X : {array-like, sparse matrix or array, DataFrame} of shape (n_samples, n_features)
            Some rows; one is enough.
        y : array-like of shape (n_samples,) or indicator of shape (n_samples, n_labels)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come. Needed in the first call, unless y is a multilabel
            indicator.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights s ≥ 0, not all zero.

        Returns
        -------
        self : ShallowNetClassifier
            The estimator. When the pass fails, it is as it was before.

        Raises
        ------
        ValueError
            For a label that is not among the classes, and whatever ``fit`` refuses.
        """
        with all_or_nothing(self):
            resume = hasattr(self, "hidden_coef_")
            X, y = check_training_data(self, X, y, reset=not resume, min_samples=1)
            if resume:
                self._check_resumable(y)
            targets = encode_targets(y, check_classes(self, classes, y))
            s = check_weights(sample_weight, self.class_weight, X, targets, partial=True)
            seen = getattr(self, "_scaler", None) if resume else None
            self._warn(self._minimise(_Problem(X, targets, s), resume, seen, [budget(1)]), tell_max_iter=False)
        return self

    def _check_problem(self, X: Array, y: Array, sample_weight: Array, resume: bool) -> _Problem:
        """Check the arguments of ``fit``, against the fitted network where it goes on."""
        if self.solver == "lbfgs" and self.batch_size is not None:
            raise ValueError(
                f"batch_size={self.batch_size!r} does not go with solver='lbfgs', which works on all rows at "
                "once: set batch_size=None, or solver to 'gd' or 'adam'."
            )
        X, y = check_training_data(self, X, y, reset=not resume, min_samples=2)
        if resume:
            self._check_resumable(y)
        targets = encode_targets(y, self.classes_ if resume else None, all_present=resume)
        return _Problem(X, targets, check_weights(sample_weight, self.class_weight, X, targets))

    def _check_resumable(self, y: np.ndarray) -> None:
        """Check that the fitted network can go on with these parameters and targets."""
        width = self.hidden_coef_.shape[0]
        if width != self.hidden_width:
            raise ValueError(
                f"hidden_width={self.hidden_width} differs from the fitted network's {width} units: set it back "
                "to go on, or fit a new network (clone, or warm_start=False)."
            )
        if (y.ndim == 2) != self._multilabel:
            before, now = ("a multilabel indicator", "one label a row")[:: 1 if self._multilabel else -1]
            raise ValueError(f"y is {now}, but the network was fitted on {before}. Fit a new network for it.")

    def _minimise(self, problem: _Problem, resume: bool, seen: StandardScaler | None, rules: list[Any]) -> Result:
        """Scale, start, build the objective, minimise, store: the recipe of every fit."""
        X, targets, s = problem
        rng = check_random_state(self.random_state)
        scaler = update_scaler(seen, X, s) if self.standardize else None
        scaling = Scaling() if scaler is None else scaling_of(scaler, X.dtype)
        shape = Shape(X.shape[1], self.hidden_width, targets.n_outputs)
        loss = loss_of(targets.classes, targets.multilabel)
        start = self._start(problem, shape, loss, scaling, resume, rng)
        with Objective(
            X,
            targets.encoded,
            s,
            center=scaling.center,
            scale=scaling.scale,
            shape=shape,
            activation=get_activation(self.activation),
            loss=loss,
            l2_regularization=self.l2_regularization,
        ) as objective:
            size = None if self.batch_size is None else min(self.batch_size, objective.n)
            result = solve(
                self.solver,
                objective,
                start,
                [diverged, *rules],
                learning_rate=self._step_size,
                momentum=self.momentum,
                memory=self._memory(rng, resume),
                batches=None if size is None else lambda rng: objective.batches(size, rng),
            )
        self._store(result, shape, scaling, scaler, targets)
        return result

    @property
    def _step_size(self) -> float:
        """The learning rate α in use."""
        return LEARNING_RATES[self.solver] if self.learning_rate is None else self.learning_rate

    def _start(
        self, problem: _Problem, shape: Shape, loss: Loss, scaling: Scaling, resume: bool, rng: Any
    ) -> np.ndarray:
        """Return θ⁽⁰⁾: the fitted network where the fit goes on, else a draw."""
        if resume:
            return shape.join(scaling.unfold(self._parameters), dtype=problem.X.dtype)
        b2 = loss.start(problem.targets.prior(problem.s))
        return draw(shape, get_activation(self.activation).gain, b2, rng, problem.X.dtype)

    def _memory(self, rng: np.random.RandomState, resume: bool) -> Memory:
        """Return the solver's memory, from the fit before where it goes on."""
        solver, kept = getattr(self, "_solver_memory", (None, Memory()))
        memory = kept if resume and solver == self.solver else Memory()
        if self.batch_size is None:
            return Memory(memory.rule)
        return memory if memory.shuffling is not None else Memory(memory.rule, rng.get_state())

    def _store(
        self, result: Result, shape: Shape, scaling: Scaling, scaler: StandardScaler | None, targets: Targets
    ) -> None:
        """Keep what was learnt; the weights apply to raw X."""
        state, dtype = result.state, result.state.theta.dtype
        folded = scaling.fold(shape.views(state.theta))
        self.classes_ = targets.classes
        self._multilabel = targets.multilabel
        self._fitted_activation = self.activation
        self.hidden_coef_, self.hidden_intercept_, self.output_coef_, self.output_intercept_ = (
            part.astype(dtype) for part in folded
        )
        self._scaler = scaler
        self._solver_memory = (self.solver, state.memory)
        self.n_iter_ = len(result.losses) - 1
        self.loss_ = state.loss
        self.loss_curve_ = result.losses
        self.grad_norm_ = state.grad_norm
        self.converged_ = result.reason is StopReason.CONVERGED
        self.stop_reason_ = result.reason.value

    def _warn(self, result: Result, *, tell_max_iter: bool) -> None:
        """Warn of an end without convergence; max_iter is the ordinary end of batches, which never settle."""
        reason = result.reason
        if reason is StopReason.CONVERGED or (reason is StopReason.MAX_ITER and not tell_max_iter):
            return
        where = f"{reason.message} solver={self.solver!r}, n_iter_={self.n_iter_}, max|∇J|={self.grad_norm_:.3g}"
        steps = None if self.solver == "lbfgs" else self._step_size
        advice = reason.advice(self.loss_curve_[0], self.loss_, steps)
        warnings.warn(f"{where}, tol={self.tol:.3g}. {advice}", ConvergenceWarning, stacklevel=4)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.classifier_tags.multi_label = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
