"""What the displays share: axes, colours, names, and errors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from sk_shallow._moments import Moments
from sk_shallow._scaling import scaling_of
from sk_shallow._validation import check_matplotlib

#: Colours that are told apart by everyone (Okabe & Ito 2008), and two of them for negative and positive.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
NEGATIVE, POSITIVE, DIVERGING = "#D55E00", "#0072B2", "RdBu"


def axes(
    ax: Any, display: str, *, figsize: tuple[float, float] | None = None, projection: str | None = None
) -> Any:
    """Return the axes given, or those of a new figure."""
    check_matplotlib(f"{display}.plot")
    import matplotlib.pyplot as plt

    if ax is not None:
        return ax
    return plt.figure(figsize=figsize, layout="constrained").add_subplot(projection=projection)


def check_network(estimator: Any, display: str) -> None:
    """Refuse what is no fitted network."""
    check_is_fitted(estimator)
    if not hasattr(estimator, "hidden_coef_"):
        raise TypeError(
            f"{display}.from_estimator needs a fitted ShallowNetClassifier, got {type(estimator).__name__}: of a "
            "pipeline, pass its last step."
        )


#: Longer names are cut: a picture is no table.
_LONGEST = 36


def shortened(name: str) -> str:
    """Return a name as it is drawn."""
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"


def check_count(n: int | None, what: str) -> None:
    """Refuse a number of things to draw that is below 1."""
    if n is not None and n < 1:
        raise ValueError(f"{what} must be 1 at least, got {n}.")


def names(given: Sequence[str] | None, default: Sequence[str], what: str) -> list[str]:
    """Return the names given, or those by default; refuse another number of them."""
    if given is None:
        return [str(name) for name in default]
    if len(given) != len(default):
        raise ValueError(f"{what} has {len(given)} names, but the network has {len(default)}.")
    return [str(name) for name in given]


def names_of_features(estimator: Any, given: Sequence[str] | None) -> list[str]:
    """Return the names of the columns."""
    d = estimator.n_features_in_
    return names(given, getattr(estimator, "feature_names_in_", [f"x{j}" for j in range(d)]), "feature_names")


def names_of_outputs(estimator: Any, given: Sequence[str] | None) -> list[str]:
    """Return a name for each class or label."""
    return names(given, [str(label) for label in np.asarray(estimator.classes_).tolist()], "class_names")


def weights_of_scaled_columns(estimator: Any) -> np.ndarray:
    """Return W1 (h, d) of columns in units of their spread, which can be compared; as it is, if none is known."""
    moments = getattr(estimator, "_moments", None)
    if moments is None:
        return estimator.hidden_coef_
    scaling = scaling_of(Moments(**moments), np.dtype(np.float64), sparse=False)
    return estimator.hidden_coef_ * scaling.raw_scale


def strongest(estimator: Any, n: int) -> np.ndarray:
    """Return the numbers of the n hidden units whose weights, in and out, are largest, the largest first."""
    sizes = np.linalg.norm(weights_of_scaled_columns(estimator), axis=1)
    return np.argsort(-sizes * np.linalg.norm(estimator.output_coef_, axis=0), kind="stable")[:n]
