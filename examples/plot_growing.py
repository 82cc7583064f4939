"""
How wide? Let the network grow
==============================

Under ``warm_start``, a larger ``hidden_width`` adds units that change nothing yet: their output weights are 0. The
fit goes on from there, and rows that were held out say when wider is no longer better.
"""

# %%
# Spirals that few units cannot part. The fit of four units goes on with 8, 16 and 32; each time the best state on
# the rows held out is kept, and the next width begins from it.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.model_selection import train_test_split

from sk_shallow import ShallowNetClassifier

rng = np.random.RandomState(0)
turn, y = rng.uniform(0.3, 1.0, 900), rng.randint(0, 2, 900)
angle = 10 * turn + np.pi * y
X = np.c_[turn * np.cos(angle), turn * np.sin(angle)] + rng.normal(scale=0.05, size=(900, 2))
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)

clf = ShallowNetClassifier(
    4,
    warm_start=True,
    early_stopping=True,
    n_iter_no_change=60,
    l2_regularization=0.01,
    max_iter=800,
    random_state=0,
)
widths, ends, curve = (4, 8, 16, 32), [], []
for width in widths:
    clf.set_params(hidden_width=width).fit(X_train, y_train, X_val=X_val, y_val=y_val)
    curve += clf.validation_curve_
    ends.append(len(curve))
    accuracy = clf.score(X_val, y_val)
    print(f"{width:2d} units: validation loss {min(clf.validation_curve_):.3f}, accuracy {accuracy:.3f}")

# %%
# Each growth begins at the loss that it found, to the last bit, and goes on down.
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained", width_ratios=(3, 2))
left.plot(curve)
for width, start, end in zip(widths, [0, *ends[:-1]], ends, strict=True):
    left.axvline(end, color="0.8", zorder=0)
    left.text((start + end) / 2, 1.02, str(width), ha="center", transform=left.get_xaxis_transform())
left.set(xlabel="iteration; above, the units", ylabel="loss of the rows held out")
DecisionBoundaryDisplay.from_estimator(
    clf, X, response_method="predict", eps=0.2, ax=right, alpha=0.3, cmap="coolwarm"
)
right.scatter(*X.T, c=y, s=4, cmap="coolwarm")
right.set(title=f"{clf.hidden_width} units")
plt.show()
