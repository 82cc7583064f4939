"""
How much does the start matter? Few units, and many
===================================================

A fit ends in the minimum that its random start leads to. ``n_init`` starts are fitted side by side, and the
network of the lowest cost is kept.
"""

# %%
# Two moons, and thirty starts of three units and of thirty. The cost of each start is in ``init_losses_``.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split

from sk_shallow import ShallowNetClassifier

X, y = make_moons(600, noise=0.2, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
widths = (3, 30)
fits = {h: ShallowNetClassifier(h, n_init=30, max_iter=2000, random_state=0).fit(X_train, y_train) for h in widths}
for h, clf in fits.items():
    first, best = clf.init_losses_[0], clf.init_losses_.min()
    print(f"{h:2d} units: first start {first:.3f}, best {best:.3f}, accuracy {clf.score(X_test, y_test):.3f}")

# %%
# With three units some starts end in a bad minimum; with thirty, all end in much the same place.
fig, ax = plt.subplots(figsize=(6, 2.6), layout="constrained")
jitter = np.random.RandomState(0).uniform(-0.18, 0.18, size=30)
for place, clf in enumerate(fits.values()):
    ax.plot(clf.init_losses_, place + jitter, "o", alpha=0.6)
    ax.plot(clf.loss_, place, "|", markersize=34, markeredgewidth=2, color="black")
ax.set_yticks(range(len(widths)), [f"{h} units" for h in widths])
ax.set(xlabel="cost J at the end of a start; the bar is the one kept", ylim=(-0.5, 1.5))
ax.invert_yaxis()
plt.show()
