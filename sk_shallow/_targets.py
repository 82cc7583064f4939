"""What y says, and what outputs say about y: the one place that knows sigmoid outputs from a softmax.

An output kind turns checked labels into targets that its loss encodes, and raw outputs Z2 (m, k) into
decisions, labels and one column of probabilities a class. A further kind is a class and a row of OUTPUTS.
"""

from typing import Any, NamedTuple

import numpy as np

from sk_shallow._losses import LOSSES, Loss

_EPSILON = float(np.finfo(np.float64).eps)


class Multiclass:
    """One softmax over the classes: one of three or more labels, or of a single one, which is certain."""

    loss: Loss = LOSSES["softmax"]
    multilabel = False

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes

        self.n_outputs = self._count_outputs()

    def _count_outputs(self) -> int:
        """Return the number of output units, k."""
        return len(self.classes)

    def encoded(self, codes: np.ndarray) -> np.ndarray:
        """Return the targets for the loss, from the place of each label in ``classes`` (n,)."""
        return codes.astype(np.intp)

    def codes(self, encoded: np.ndarray) -> np.ndarray:
        """Return the place of each label in ``classes``, from the targets."""
        return encoded

    def indicator(self, encoded: np.ndarray) -> np.ndarray:
        """Return Y of the equations from the targets, (n, k) of 0.0 and 1.0."""
        return np.eye(self.n_outputs)[encoded]

    def prior(self, encoded: np.ndarray, s: np.ndarray | None, *, smooth: bool) -> np.ndarray:
        """Return the weighted share of each class, (k,), never 0.

        A class without weight gets next to none, or with `smooth`, where later rows may bring it, that of
        one row.
        """
        counts = np.bincount(encoded, weights=s, minlength=self.n_outputs).astype(np.float64)
        shares = np.where(counts == 0, _share_of_none(len(encoded), smooth), counts / counts.sum())
        return np.maximum(shares, _EPSILON)

    def seen(self, encoded: np.ndarray, s: np.ndarray | None) -> np.ndarray:
        """Return whether each class has weight, (1, k)."""
        return np.bincount(encoded, weights=s, minlength=self.n_outputs)[None] > 0

    def decision(self, Z2: np.ndarray) -> np.ndarray:
        """Return what ``decision_function`` returns."""
        return Z2[:, 0] if self.n_outputs == 1 else Z2

    def per_class(self, Z2: np.ndarray) -> np.ndarray:
        """Return raw outputs with one column a class."""
        return Z2

    def label_codes(self, Z2: np.ndarray) -> np.ndarray:
        """Return what ``labels`` takes, of integers."""
        return Z2.argmax(axis=1)

    def labels(self, codes: np.ndarray) -> np.ndarray:
        """Return the labels that ``predict`` returns."""
        return self.classes[codes]


class Binary(Multiclass):
    """One sigmoid: the second of two labels."""

    loss = LOSSES["sigmoid"]

    def _count_outputs(self) -> int:
        return 1

    def encoded(self, codes: np.ndarray) -> np.ndarray:
        """Return the targets for the loss, (n, 1) of 0 and 1."""
        return codes.astype(np.uint8)[:, None]

    def codes(self, encoded: np.ndarray) -> np.ndarray:
        """Return the place of each label in ``classes``, from the targets."""
        return encoded.ravel()

    def indicator(self, encoded: np.ndarray) -> np.ndarray:
        """Return Y of the equations from the targets, (n, k) of 0.0 and 1.0."""
        return encoded.astype(np.float64)

    def prior(self, encoded: np.ndarray, s: np.ndarray | None, *, smooth: bool) -> np.ndarray:
        """Return the weighted share of each output's 1, (k,), never 0 or 1; see ``Multiclass.prior``."""
        shares, least = np.average(encoded, axis=0, weights=s), _share_of_none(len(encoded), smooth)
        shares = np.where(shares == 0, least, np.where(shares == 1, 1 - least, shares))
        return np.clip(shares, _EPSILON, 1 - _EPSILON)

    def seen(self, encoded: np.ndarray, s: np.ndarray | None) -> np.ndarray:
        """Return whether each output's 0 and 1 have weight, (2, k)."""
        shares = np.average(encoded, axis=0, weights=s)
        return np.stack([shares < 1, shares > 0])

    def per_class(self, Z2: np.ndarray) -> np.ndarray:
        """Return raw outputs with one column a class: -z and z."""
        return np.hstack([-Z2, Z2])

    def label_codes(self, Z2: np.ndarray) -> np.ndarray:
        """Return 1 for the second class, 0 for the first, (m,)."""
        return Z2[:, 0] > 0


class Multilabel(Binary):
    """A sigmoid a label."""

    multilabel = True

    def _count_outputs(self) -> int:
        return len(self.classes)

    def decision(self, Z2: np.ndarray) -> np.ndarray:
        """Return what ``decision_function`` returns."""
        return Z2

    def per_class(self, Z2: np.ndarray) -> np.ndarray:
        """Return raw outputs with one column a label."""
        return Z2

    def label_codes(self, Z2: np.ndarray) -> np.ndarray:
        """Return an indicator of 0 and 1, (m, L)."""
        return Z2 > 0

    def labels(self, codes: np.ndarray) -> np.ndarray:
        """Return the indicator that ``predict`` returns."""
        return codes


def _share_of_none(n: int, smooth: bool) -> float:
    return 1 / (n + 1) if smooth else _EPSILON


#: Any kind of outputs.
Outputs = Multiclass | Binary | Multilabel

#: The kinds of outputs by the name that a fitted estimator keeps.
OUTPUTS: dict[str, type[Outputs]] = {"multiclass": Multiclass, "binary": Binary, "multilabel": Multilabel}


def kind_of(classes: np.ndarray, multilabel: bool) -> str:
    """Return the kind of outputs for these classes, a name of :data:`OUTPUTS`."""
    if multilabel:
        return "multilabel"
    return "binary" if len(classes) == 2 else "multiclass"


class Targets(NamedTuple):
    """What y says: the kind of outputs, with its classes, and targets as its loss encodes them."""

    kind: str
    outputs: Outputs
    encoded: np.ndarray


_REMEDY = "Name all classes in the first partial_fit, or fit anew without warm_start."


def encode_targets(
    y: np.ndarray, classes: np.ndarray | None = None, *, all_present: bool = False, remedy: str = _REMEDY
) -> Targets:
    """Return the targets of checked labels y, (n,) or an indicator (n, L).

    With `classes` given, a label that is not among them is an error; with `all_present`, so is a
    class without a label. The `remedy` is what the error says to do.
    """
    if y.ndim == 2:
        labels = np.arange(y.shape[1])
        if classes is not None and not np.array_equal(labels, classes):
            raise ValueError(
                f"y has {y.shape[1]} label columns, but the network was fitted on classes {listed(classes)}. "
                f"Pass the same kind of targets. {remedy}"
            )
        return Targets("multilabel", Multilabel(labels), y.astype(np.uint8))
    found, codes = np.unique(y, return_inverse=True)
    if classes is None:
        classes = found
    else:
        codes = _codes_among(found, classes, all_present, remedy)[codes]
    kind = kind_of(classes, False)
    outputs = OUTPUTS[kind](classes)
    return Targets(kind, outputs, outputs.encoded(codes))


def _codes_among(found: np.ndarray, classes: np.ndarray, all_present: bool, remedy: str) -> np.ndarray:
    """Return the place in `classes` of each label found."""
    known = {label: code for code, label in enumerate(classes.tolist())}
    unknown = [label for label in found.tolist() if label not in known]
    if unknown or (all_present and len(found) < len(classes)):
        without = [label for label in known if label not in found]
        wrong = f"labels {listed(unknown)} are new" if unknown else f"classes {listed(without)} have no row"
        raise ValueError(f"y does not fit the classes {listed(classes)}: {wrong}. {remedy}")
    return np.array([known[label] for label in found.tolist()], dtype=np.intp)


def listed(labels: Any) -> str:
    """Return labels for a message, at most eight of them."""
    labels = list(labels)
    return "[" + ", ".join(str(label) for label in labels[:8]) + (", …]" if len(labels) > 8 else "]")
