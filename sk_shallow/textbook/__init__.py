"""The three documents on backpropagation, running: each in its layout, all with the numbers of ``fit``.

``notes`` (document 000) has examples as columns, ``lecture`` (001) as rows, ``article`` (002) one symbol at a
time. ``ERRATA`` lists what they print wrongly. ``forward``, ``cost`` and ``backward`` are the equations of this
package, for arrays of any namespace. ``check_gradient`` compares a gradient with complex steps, ``trace`` shows
what each step of a fit computes.
"""

from sk_shallow._network import Layers, Parameters, backward, cost, forward
from sk_shallow.textbook import article, lecture, notes
from sk_shallow.textbook._check import GradientCheck, check_gradient
from sk_shallow.textbook._errata import ERRATA
from sk_shallow.textbook._erratum import Erratum
from sk_shallow.textbook._trace import Step, Trace, trace

__all__ = [
    "ERRATA",
    "Erratum",
    "GradientCheck",
    "Layers",
    "Parameters",
    "Step",
    "Trace",
    "article",
    "backward",
    "check_gradient",
    "cost",
    "forward",
    "lecture",
    "notes",
    "trace",
]
