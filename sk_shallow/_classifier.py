"""ShallowNetClassifier: a neural network with one hidden layer, at home in scikit-learn."""

from typing import Any, Self

from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.metadata_routing import MetadataRequest
from sklearn.utils.metaestimators import available_if

from sk_shallow._advice import warn_once
from sk_shallow._array_api import Array
from sk_shallow._callbacks import Callbacks
from sk_shallow._docs import documented
from sk_shallow._fitted import FittedNetwork
from sk_shallow._held_out import Given
from sk_shallow._keeping import fit_and_keep
from sk_shallow._legacy import upgraded
from sk_shallow._preparation import prepare, prepare_part
from sk_shallow._validation import (
    PARAMETER_CONSTRAINTS,
    fit_context,
)


def _can_learn_in_parts(estimator: "ShallowNetClassifier") -> bool:
    if estimator.solver == "lbfgs":
        raise AttributeError("partial_fit needs solver='gd' or 'adam': 'lbfgs' works on all rows at once.")
    if estimator.early_stopping:
        raise AttributeError("partial_fit needs early_stopping=False: it makes one pass, and holds no rows out.")
    return True


class ShallowNetClassifier(FittedNetwork, Callbacks, ClassifierMixin, BaseEstimator):
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
    activation : {"tanh", "sigmoid", "relu", "identity", "softplus"} or Activation, default="relu"
        The hidden activation g1, by name or as an :class:`Activation` of your own.
    solver : {"gd", "lbfgs", "adam"}, default="gd"
        "gd" is batch gradient descent; "lbfgs" is scipy's L-BFGS-B, for fewer passes; "adam" is the
        method of Kingma and Ba.
    learning_rate : float or "auto", default="auto"
        A float: exactly that step size α > 0, θ ← θ − α∇J(θ). "auto": "gd" on all rows finds the
        step in the fit, at one pass an iteration, and lets the cost of no λ rise; "gd" on batches and
        in ``partial_fit`` takes 0.2, "adam" 0.01, which suit standardised columns. "lbfgs" finds its
        own steps. A setting that the solver has no use for is refused.
    momentum : float or "auto", default="auto"
        For "gd". "auto": found where the step is found, none beside a float `learning_rate`. A float
        in [0, 1): Nesterov's.
    batch_size : int or None, default=None
        None: every step sees all rows. An int, for "gd" and "adam": steps on batches of that many
        rows, reshuffled every epoch.
    l2_regularization : float or "auto", default="auto"
        λ ≥ 0, the penalty on W1 and W2 (never on b1, b2), on the scale of the summed loss, as 1/C is
        in LogisticRegression. With `standardize`, W1 is that of the scaled columns. "auto": found in
        the fit by evidence, see Notes.
    max_iter : int, default=500
        Most passes over the data: steps for full-batch solvers, epochs for batches.
    tol : float, default=3e-3
        A fit has converged when max|∇J| is at most this share of what it was at the first start,
        where the network knew the shares of the classes alone. 0: never.
    standardize : bool, default=True
        Centre and scale the columns inside the fit, and fold that into W1 and b1 afterwards: the
        fitted weights apply to raw X. The scale of a dense column is its standard deviation, or the
        distance of its values where it has two; that of a sparse one, which is not centred, the root
        mean square of the numbers that it stores. Columns of any size are fitted, where their weights
        can be written down. False: X as it comes.
    class_weight : dict, "balanced" or None, default=None
        Weights of classes, multiplied with `sample_weight`. "balanced": S / (K S_c) for class c. Not
        for multilabel targets.
    early_stopping : bool, default=False
        Judge the network by held-out rows before each iteration and after the last, and keep the best one:
        a share of the rows, or those that ``fit`` is given as `X_val` and `y_val`. While λ is being found
        the fit goes on. Not for ``partial_fit``.
    validation_fraction : float, default=0.1
        The share of each class that is held out where ``fit`` is given no rows; one row at least.
    n_iter_no_change : int, default=10
        After so many iterations without a better score, counted from the last λ on, a fit with
        `early_stopping` ends. In batches these are epochs.
    scoring : str, callable or None, default=None
        What held-out rows are judged by, as in GridSearchCV. None: their mean loss, without the penalty.
    n_init : int, default=1
        How many random starts a fit has, side by side. The network of the lowest cost is kept, or of the
        best score on held-out rows; the first start is that of ``n_init=1``. A fit that goes on from
        another, and ``partial_fit``, have none.
    warm_start : bool, default=False
        Go on from the fitted network, with the solver's momentum or moments; L-BFGS builds its
        curvature anew. Repeated fits of ``max_iter=1`` make the steps of one long fit. A larger
        `hidden_width` adds units with W2 = 0, which leave the function as it is, here and in
        ``partial_fit``.
    random_state : int, RandomState instance or None, default=None
        Draws the initial W1 and b1, shuffles batches and chooses rows to hold out. An int makes fits
        reproducible.

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
    validation_curve_ : list of float or None
        With `early_stopping`: the score of the held-out rows, or their mean loss, for each cost in
        `loss_curve_`. The network, ``loss_`` and ``grad_norm_`` are those of the best.
    init_losses_ : ndarray of shape (n_init,)
        The cost of the network of each start; nan where its fit failed.
    learning_rate_ : float or None
        The last α; None for "lbfgs".
    l2_regularization_ : float
        λ as it was at the end, set against S.
    l2_regularization_curve_ : list of float
        λ of each cost in `loss_curve_`.
    grad_norm_ : float
        max|∇J| at the fitted network, with respect to the weights of scaled columns.
    converged_ : bool
        Whether the gradient fell to the share `tol` of its first size.
    stop_reason_ : str
        "converged"; "settled", for ``learning_rate="auto"``, where 50 steps (10 epochs of batches)
        lowered the cost by no more than 0.5 %, or 600 tol² where that is less; "validation"; "max_iter";
        "diverged" (the best network met is kept); "stalled" (no step lowers the cost at this precision); or
        "callback".

    Warns
    -----
    ConvergenceWarning
        When a full-batch fit is cut short by `max_iter` or stalls, or any fit diverges.
    UserWarning
        When `sample_weight` sums to less than a tenth of the rows that the weights stand for.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : Networks with any number of layers.

    Notes
    -----
    The fit starts at W2 = 0 and b2 = the log-odds (or log shares) of the classes, so that the first
    cost is the entropy of y, plus the penalty on the first W1, and the order of labels makes no
    difference.

    With ``l2_regularization="auto"``, λ begins where noise as strong as y could not grow, lowered by
    the share of y that the first gradient shows to be no noise. It is found anew after 60, 90 and 120
    steps (15, 25 and 35 of "lbfgs"), by MacKay's evidence: the λ at which the size of the weights
    agrees with the number of directions of θ that the data determine, from the spectrum of the
    Kronecker-factored Gauss-Newton matrix on some 2 000 rows. Where the spectrum cannot be had, λ stays.
    Weights that sum to less than the rows count as shares of (Σ s)² / Σ s² rows. ``partial_fit``
    takes λ = 3 against all rows seen so far.

    y with one class only is learnt: that class is predicted with probability 1.

    float32 X is computed in float32 throughout, everything else in float64.

    References
    ----------
    Rumelhart, Hinton and Williams (1986), "Learning representations by back-propagating errors".
    Shanno (1978), "Conjugate gradient methods with inexact searches". Barzilai and Borwein (1988),
    "Two-point step size gradient methods". MacKay (1992), "A practical Bayesian framework for
    backpropagation networks". Martens and Grosse (2015), "Optimizing neural networks with
    Kronecker-factored approximate curvature". Kingma and Ba (2015), "Adam: a method for stochastic
    optimization". Sutskever, Martens, Dahl and Hinton (2013), "On the importance of initialization
    and momentum".

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import train_test_split
    >>> from sk_shallow import ShallowNetClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    >>> clf = ShallowNetClassifier(random_state=0).fit(X_train, y_train)
    >>> round(clf.score(X_test, y_test), 2)
    0.97
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
        activation: Any = "relu",
        solver: str = "gd",
        learning_rate: Any = "auto",
        momentum: Any = "auto",
        batch_size: int | None = None,
        l2_regularization: Any = "auto",
        max_iter: int = 500,
        tol: float = 3e-3,
        standardize: bool = True,
        class_weight: Any = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        scoring: Any = None,
        n_init: int = 1,
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
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.scoring = scoring
        self.n_init = n_init
        self.warm_start = warm_start
        self.random_state = random_state

    @fit_context
    @documented
    def fit(
        self,
        X: Array,
        y: Array,
        sample_weight: Array = None,
        *,
        groups: Array = None,
        X_val: Array = None,
        y_val: Array = None,
        sample_weight_val: Array = None,
    ) -> Self:
        """Fit the network to labelled rows.

        Parameters
        ----------
        %(X)s
        %(y)s
        %(sample_weight)s
        groups : array-like of shape (n_samples,), default=None
            For `early_stopping`: whole groups are held out.
        X_val, y_val, sample_weight_val : array-like, default=None
            For `early_stopping`: rows to judge the fit by, in place of a share of X and y, and their weights.

        Returns
        -------
        self : ShallowNetClassifier
            The fitted estimator. When fitting fails, the estimator is as it was before.

        Raises
        ------
        %(refused)s
        """
        prepared = prepare(self, X, y, sample_weight, Given(groups, X_val, y_val, sample_weight_val))
        for text, category in fit_and_keep(self, prepared):
            warn_once(text, category, stacklevel=3)
        return self

    @available_if(_can_learn_in_parts)
    @fit_context
    @documented
    def partial_fit(self, X: Array, y: Array, classes: Array = None, sample_weight: Array = None) -> Self:
        """Make one pass over some rows: one step, or one epoch where `batch_size` is given.

        Means and scales of the columns are those of all rows seen so far. ``n_iter_`` and
        ``loss_curve_`` go on counting. Not for ``solver="lbfgs"`` or `early_stopping`; callbacks are not told.

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
        prepared = prepare_part(self, X, y, classes, sample_weight)
        for text, category in fit_and_keep(self, prepared, tells=False):
            warn_once(text, category, stacklevel=3)
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """Return what is routed to ``fit`` and ``score``; `groups` to none but a fit that holds rows out.

        Returns
        -------
        routing : MetadataRequest
        """
        routing = super().get_metadata_routing()
        if not self.early_stopping and routing.fit.requests["groups"] is None:
            routing.fit.add_request(param="groups", alias=False)
        return routing

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(upgraded(state))
