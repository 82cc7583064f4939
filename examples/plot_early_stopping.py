"""
Rows held out, or a penalty that is found?
==========================================

A network without a penalty learns its rows by heart. Early stopping keeps the best state that it met, by rows that
were held out; the default finds a penalty instead, and fits to all rows.
"""

# %%
# 300 rows of two overlapping classes. ``early_stopping=True`` holds out a tenth of each class.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sk_shallow import ShallowNetClassifier

X, y = make_moons(3000, noise=0.4, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=300, random_state=0)
plain = {"l2_regularization": 0.0, "random_state": 0}
fits = {
    "λ = 0": ShallowNetClassifier(**plain),
    "λ = 0, early stopping": ShallowNetClassifier(early_stopping=True, n_iter_no_change=30, **plain),
    "λ found (the default)": ShallowNetClassifier(random_state=0),
}
for name, clf in fits.items():
    clf.fit(X_train, y_train)
    print(f"{name:22} {clf.n_iter_:4d} iterations, log-loss {log_loss(y_test, clf.predict_proba(X_test)):.3f}")

# %%
# A fit to the end, and what 2 700 other rows said of it. ``validation_curve_`` stands beside ``loss_curve_``: the
# network that is kept is the one of the lowest point.
watched = ShallowNetClassifier(early_stopping=True, n_iter_no_change=500, **plain)
watched.fit(X_train, y_train, X_val=X_test, y_val=y_test)
best = int(np.argmin(watched.validation_curve_))
fig, ax = plt.subplots(figsize=(6, 3.2), layout="constrained")
ax.plot(watched.loss_curve_, label="rows that are fitted to")
ax.plot(watched.validation_curve_, label="rows that are held out")
ax.plot(best, watched.validation_curve_[best], "o", color="black", label=f"kept: iteration {best}")
ax.set(xlabel="iteration", ylabel="mean loss", ylim=(0, 1.2 * watched.validation_curve_[-1]))
ax.legend(frameon=False)
plt.show()
