"""
An activation of one's own, and whether its gradient is right
=============================================================

Any elementwise function can be the hidden activation: its value and its derivative. ``check_gradient`` tells
whether they belong together.
"""

# %%
# A bump, exp(−z²). The first derivative that one writes down is easily wrong:
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_circles
from sklearn.inspection import DecisionBoundaryDisplay

from sk_shallow import Activation, ShallowNetClassifier
from sk_shallow.textbook import check_gradient

X, y = make_circles(300, noise=0.15, factor=0.4, random_state=0)
wrong = Activation(lambda Z: np.exp(-(Z**2)), lambda Z: -Z * np.exp(-(Z**2)), name="bump")
print(check_gradient(ShallowNetClassifier(8, activation=wrong), X, y))

# %%
# A factor 2 is missing. With it, the difference to complex steps is rounding alone:
bump = Activation(lambda Z: np.exp(-(Z**2)), lambda Z: -2 * Z * np.exp(-(Z**2)), name="bump")
print(check_gradient(ShallowNetClassifier(8, activation=bump), X, y))

# %%
fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
for ax, activation in zip(axes, (bump, "relu"), strict=True):
    clf = ShallowNetClassifier(8, activation=activation, random_state=0).fit(X, y)
    name = getattr(activation, "name", activation)
    DecisionBoundaryDisplay.from_estimator(clf, X, response_method="predict_proba", cmap="RdBu", alpha=0.7, ax=ax)
    ax.scatter(*X.T, c=y, cmap="RdBu", s=10, edgecolor="black", linewidth=0.3)
    ax.set_title(f"{name}: cost {clf.loss_:.3f} after {clf.n_iter_} iterations")
plt.show()
