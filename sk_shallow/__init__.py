"""scikit-learn compatible neural networks with one hidden layer."""

from sk_shallow._activations import ACTIVATIONS, Activation
from sk_shallow._classifier import ShallowNetClassifier
from sk_shallow._classifier_cv import ShallowNetClassifierCV
from sk_shallow._displays import DescentPathDisplay, HiddenUnitsDisplay, LossCurveDisplay, NetworkDisplay
from sk_shallow._show_versions import show_versions
from sk_shallow._solvers import SOLVERS
from sk_shallow._version import __version__

__all__ = [
    "ACTIVATIONS",
    "SOLVERS",
    "Activation",
    "DescentPathDisplay",
    "HiddenUnitsDisplay",
    "LossCurveDisplay",
    "NetworkDisplay",
    "ShallowNetClassifier",
    "ShallowNetClassifierCV",
    "__version__",
    "show_versions",
]
