"""Pictures of a fit, after scikit-learn's convention: ``from_estimator`` computes, ``plot`` draws."""

from sk_shallow._displays._descent_path import DescentPathDisplay
from sk_shallow._displays._drawn_network import NetworkDisplay
from sk_shallow._displays._hidden_units import HiddenUnitsDisplay
from sk_shallow._displays._loss_curve import LossCurveDisplay

__all__ = ["DescentPathDisplay", "HiddenUnitsDisplay", "LossCurveDisplay", "NetworkDisplay"]
