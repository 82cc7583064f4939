"""
The way that gradient descent takes
===================================

The cost is a function of all weights at once. On a plane through the start, the end and the main direction
between them it can be seen, with the path that a fit took.
"""

# %%
# Plain gradient descent, α given. The steps are large where the cost is steep, and short in the valley.
import matplotlib.pyplot as plt
from sklearn.datasets import make_moons

from sk_shallow import DescentPathDisplay, LossCurveDisplay, ShallowNetClassifier

X, y = make_moons(200, noise=0.2, random_state=0)
settings = {"hidden_width": 8, "activation": "tanh", "l2_regularization": 0.5, "random_state": 0}
plain = ShallowNetClassifier(**settings, learning_rate=1.0, max_iter=600, tol=0.01)
DescentPathDisplay.from_estimator(plain, X, y, cmap="cividis")
plt.show()

# %%
# The same, as a surface:
DescentPathDisplay.from_estimator(plain, X, y, kind="surface")
plt.show()

# %%
# The default finds its step and its momentum, and is at the end long before.
found = ShallowNetClassifier(**settings)
DescentPathDisplay.from_estimator(found, X, y, cmap="cividis")
plt.show()

# %%
LossCurveDisplay.from_estimator({"α = 1": plain.fit(X, y), "α found": found.fit(X, y)})
plt.show()
