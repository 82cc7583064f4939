"""ShallowNetClassifierCV: width, learning rate and penalty chosen by cross-validation, networks merged."""

from functools import partial
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.utils.metadata_routing import MetadataRouter

from sk_shallow._advice import warn_once
from sk_shallow._array_api import Array
from sk_shallow._callbacks import Callbacks, raising_hook_errors, task_of
from sk_shallow._candidates import of_network
from sk_shallow._classifier import ShallowNetClassifier
from sk_shallow._docs import documented
from sk_shallow._fitted import FittedNetwork
from sk_shallow._held_out import Given, check_given
from sk_shallow._keeping import Told
from sk_shallow._merge import refit_merged
from sk_shallow._preparation import Prepared, Rows, prepare
from sk_shallow._search import (
    SEARCHED,
    SHARED,
    base_of,
    check_combinations,
    check_one_score,
    merges_networks,
    search_of,
)
from sk_shallow._stored import without_fit
from sk_shallow._targets import Outputs
from sk_shallow._validation import PARAMETER_CONSTRAINTS, search_context, without_early_stopping

#: What a search leaves behind, as GridSearchCV has it.
_FOUND = (
    "cv_results_",
    "best_index_",
    "best_params_",
    "best_score_",
    "best_estimator_",
    "scorer_",
    "n_splits_",
    "refit_time_",
    "multimetric_",
)


class ShallowNetClassifierCV(FittedNetwork, Callbacks, ClassifierMixin, BaseEstimator):
    """Neural network classifier with one hidden layer, its settings chosen by cross-validation.

    Every combination of widths, learning rates and penalties is scored on held-out folds. The best is fitted to
    all rows, or with ``refit="merge"``, and where nothing is given to search over, several are, and merged into
    one network. What remains is a fitted network, with all that a ``ShallowNetClassifier`` has.

    The scores are those of ``GridSearchCV(ShallowNetClassifier(...), ...)``, to the bit, but that a fit which
    diverges scores `error_score`. They come faster, as the networks of a fold are evaluated side by side.

    Parameters
    ----------
    hidden_widths : sequence of int or None, default=None
        Widths h to choose from. None: 64.
    learning_rates : sequence of float or "auto", or None, default=None
        Step sizes α to choose from; "auto" is found in each fit. None: "auto".
    l2_regularizations : sequence of float or "auto", or None, default=None
        Penalties λ to choose from; "auto" is found in each fit. None: "auto"; and 1.0 beside it where the other
        two are None as well.
    cv : int, splitter or iterable, default=None
        As in GridSearchCV. None: five stratified folds, three where networks are merged; fewer where a class has
        fewer rows, but two at least.
    scoring : str, callable, list, tuple or dict, default=None
        As in GridSearchCV. None: the combination of least log-loss is chosen, and ``score`` is the accuracy.
    refit : bool, str or callable, default=True
        As in GridSearchCV, and "merge": three networks are fitted to all rows and merged, see Notes. True means
        "merge" where nothing is given to search over, and no `scoring`. False: there is no network, and
        ``predict`` is not to be had.
    error_score : "raise" or float, default=nan
        What a fit scores that fails or diverges. One warning names all of them.
    return_train_score : bool, default=False
        Whether `cv_results_` has scores of training rows.
    n_jobs : int, default=None
        How many processes share the work, as in GridSearchCV: each takes some of the networks of a fold.
    activation, solver, momentum, batch_size, max_iter, tol, standardize, class_weight, n_init, random_state
        As in :class:`ShallowNetClassifier`, the same for all.
    early_stopping, validation_fraction, n_iter_no_change
        As in :class:`ShallowNetClassifier`, the same for all; early stopping goes by the mean loss.

    Attributes
    ----------
    cv_results_ : dict of ndarrays
        As GridSearchCV's: ``pandas.DataFrame(cv_results_)`` is a table. The time of a fit is its share of that of
        its stack, by the number of hidden units times passes.
    best_params_ : dict
        With "hidden_width", "learning_rate" and "l2_regularization".
    best_score_ : float
        Its mean score on held-out folds; with ``scoring=None`` the log-loss, negative.
    best_index_ : int
    best_estimator_ : ShallowNetClassifier
        Fitted to all rows; of merged networks, the one that they are.
    merged_params_ : list of dict
        Where networks are merged: the combination of each. The same one may come several times.
    merged_factor_ : float
        Where networks are merged: what the mean of their outputs is multiplied by.
    scorer_, n_splits_, refit_time_, multimetric_
        As in GridSearchCV.
    hidden_width_ : int
        The width of the network; of merged ones, of all together.
    classes_, hidden_coef_, hidden_intercept_, output_coef_, output_intercept_, n_iter_, loss_, loss_curve_, \
validation_curve_, init_losses_, learning_rate_, l2_regularization_, l2_regularization_curve_, grad_norm_, \
converged_, stop_reason_
        Of `best_estimator_`; see :class:`ShallowNetClassifier`. For merged networks, `n_iter_` is the most of them
        and `converged_` whether all did; the cost, its curves, λ, α and the reason are those of the first.

    Warns
    -----
    ConvergenceWarning
        Once, where fits on folds diverge. Where the networks fitted to all rows do not converge; without a refit,
        once where fits on folds do not.
    FitFailedWarning
        Once, where fits on folds fail.
    UserWarning
        Where `sample_weight` sums to little, as in ShallowNetClassifier.

    See Also
    --------
    ShallowNetClassifier : One network.

    Notes
    -----
    "gd" and "adam" on all rows go side by side; "lbfgs" and batches are fitted one after another, with the same
    answers. Networks whose rows are cut into the same blocks share a stack, up to 2¹⁸ hidden outputs of a block;
    those for which α or λ is found and those for which both are given have stacks of their own. The memory of a
    stack is that of one block for all its units, for each thread, and of the parameters, whatever the number of
    rows. A network that has ended leaves the stack. A failed ``fit`` leaves the estimator as it was.

    To merge, networks are chosen one after another, each so that the weighted log-loss of the mean of the raw
    outputs on held-out rows is least; one may be chosen again, and then starts elsewhere. The mean of networks of
    one hidden layer is a network of one hidden layer. Its outputs are multiplied by the root of the factor that
    would suit the held-out rows best, from 1/√2 to √2. Until then, all raw outputs for held-out rows are kept.

    References
    ----------
    Caruana, Niculescu-Mizil, Crew and Ksikes (2004), "Ensemble selection from libraries of models". Guo,
    Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sk_shallow import ShallowNetClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = ShallowNetClassifierCV(hidden_widths=(2, 8), random_state=0).fit(X, y)
    >>> clf.best_params_["hidden_width"] == clf.hidden_width_ == len(clf.hidden_coef_)
    True
    >>> ShallowNetClassifierCV(random_state=0).fit(X, y).hidden_width_
    192
    """

    _parameter_constraints = {
        **{name: PARAMETER_CONSTRAINTS[name] for name in SHARED},
        **{name: ["array-like", None] for name in SEARCHED.values()},
        **{
            name: GridSearchCV._parameter_constraints[name]
            for name in ("cv", "scoring", "refit", "error_score", "return_train_score", "n_jobs")
        },
    }

    _doc_link_module = "sk_shallow"
    _doc_link_template = ShallowNetClassifier._doc_link_template

    def __init__(
        self,
        hidden_widths: Any = None,
        *,
        learning_rates: Any = None,
        l2_regularizations: Any = None,
        cv: Any = None,
        scoring: Any = None,
        refit: Any = True,
        error_score: Any = np.nan,
        return_train_score: bool = False,
        n_jobs: int | None = None,
        activation: Any = "relu",
        solver: str = "gd",
        momentum: Any = "auto",
        batch_size: int | None = None,
        max_iter: int = 500,
        tol: float = 3e-3,
        standardize: bool = True,
        class_weight: Any = None,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        n_init: int = 1,
        random_state: Any = None,
    ) -> None:
        self.hidden_widths = hidden_widths
        self.learning_rates = learning_rates
        self.l2_regularizations = l2_regularizations
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.error_score = error_score
        self.return_train_score = return_train_score
        self.n_jobs = n_jobs
        self.activation = activation
        self.solver = solver
        self.momentum = momentum
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.tol = tol
        self.standardize = standardize
        self.class_weight = class_weight
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.n_init = n_init
        self.random_state = random_state

    @search_context
    @documented
    def fit(
        self,
        X: Array,
        y: Array,
        sample_weight: Array = None,
        *,
        X_val: Array = None,
        y_val: Array = None,
        sample_weight_val: Array = None,
        **params: Any,
    ) -> Self:
        """Score all combinations on held-out folds, and fit the best to all rows.

        Parameters
        ----------
        %(X)s
        %(y)s
        %(sample_weight)s
        X_val, y_val, sample_weight_val : array-like, default=None
            As in :meth:`ShallowNetClassifier.fit`, for the fits of all folds.
        **params : dict
            For the splitter and the scorers, such as `groups`, as in GridSearchCV. With `early_stopping`, whole
            groups are held out of each fit.

        Returns
        -------
        self : ShallowNetClassifierCV
            The fitted estimator. When fitting fails, the estimator is as it was before.

        Raises
        ------
        %(refused)s
        """
        base = base_of(self)
        groups = params.get("groups") if self.early_stopping and X_val is None else None
        given = Given(groups, X_val, y_val, sample_weight_val)
        check_given(given, self.early_stopping)
        check_combinations(self, base)
        prepared = prepare(without_early_stopping(clone(base)), X, y, sample_weight, Given())
        if sample_weight is not None:
            params["sample_weight"] = prepared.rows().sample_weight
        with raising_hook_errors():
            left, told = self._search(base, prepared, given, params)
        self.__dict__ = without_fit(vars(self)) | left | prepared.columns
        for text, category in told:
            warn_once(text, category, stacklevel=3)
        return self

    def _search(
        self, base: ShallowNetClassifier, prepared: Prepared, given: Given, params: dict[str, Any]
    ) -> tuple[dict[str, Any], list[Told]]:
        """Search, and return the attributes that are left, and what there is to tell."""
        (X, y, sample_weight), merges = prepared.rows(), merges_networks(self)
        _, outputs, encoded = prepared.problem.targets
        codes = encoded if outputs.multilabel else outputs.codes(encoded)
        task = task_of(self, 1 + bool(self.refit), partial(Rows, X, y, sample_weight))
        search = search_of(self, base, merges, codes)
        search.run(X, y, params, given, task, outputs.classes if merges else None)
        found = {name: vars(search)[name] for name in _FOUND if name in vars(search)}
        if merges:
            check_one_score(self, search.multimetric_)
            found |= refit_merged(search, prepared.problem, X, y, sample_weight)
        left = (of_network(found["best_estimator_"]) if "best_estimator_" in found else {}) | found
        if task is not None:
            shown = task.shown(left | prepared.columns) if "best_estimator_" in found else None
            task.end(reconstruction_attributes=shown)
        return left, search.told_

    @documented
    def score(self, X: Array, y: Array, sample_weight: Array = None) -> float:
        """Return the score of the fitted network: by `scoring`, or its accuracy where that is None.

        Parameters
        ----------
        %(X)s
        %(y)s
        %(sample_weight)s

        Returns
        -------
        score : float

        Raises
        ------
        %(raises)s
        """
        if self.scoring is None:
            return float(super().score(X, y, sample_weight))
        self._output_kind()
        scorer = self.scorer_[self.refit] if isinstance(self.scorer_, dict) else self.scorer_
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        score = scorer(self.best_estimator_, X, y, **weights)
        return float(score[self.refit] if isinstance(score, dict) else score)

    def _output_kind(self) -> Outputs:
        if hasattr(self, "cv_results_") and not hasattr(self, "hidden_coef_"):
            raise NotFittedError("There is no network, as refit=False: set refit=True, and fit again.")
        return super()._output_kind()

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what is routed to the fits, the splitter and the scorers, as of GridSearchCV.

        Returns
        -------
        routing : MetadataRouter
        """
        return search_of(self, base_of(self)).get_metadata_routing()
