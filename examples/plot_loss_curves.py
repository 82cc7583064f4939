"""
Has it converged? The cost, iteration by iteration
==================================================

``loss_curve_`` has the full cost before each iteration and after the last, for every solver. ``stop_reason_``
says how the fit ended. A picture says whether to wait longer.
"""

# %%
# Four ways to fit the same network. The cost jumps where the penalty is found anew, as it is another cost then.
import warnings

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from sk_shallow import LossCurveDisplay, ShallowNetClassifier

X, y = load_digits(return_X_y=True)
settings = {
    "default": {},
    "L-BFGS": {"solver": "lbfgs"},
    "Adam, batches of 100": {"solver": "adam", "batch_size": 100, "max_iter": 60},
    "α = 0.5": {"learning_rate": 0.5, "max_iter": 200},
}
fits = {}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", ConvergenceWarning)
    for name, options in settings.items():
        fits[name] = ShallowNetClassifier(32, random_state=0, **options).fit(X, y)
LossCurveDisplay.from_estimator(fits)
plt.show()

# %%
for name, clf in fits.items():
    print(f"{name:21s} {clf.stop_reason_:9s} after {clf.n_iter_:3d}, cost {clf.loss_:.4f}")

# %%
# A fit that was stopped too early warns, and says what to try:
print(caught[0].message)
