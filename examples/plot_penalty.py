"""
What the penalty does, and which one is found
=============================================

λ holds the weights small: too little, and the network learns rows by heart; too much, and it is left with the
shares of the classes. ``l2_regularization="auto"`` finds it from the training rows alone, in the one fit.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.metrics import log_loss

from sk_shallow import ShallowNetClassifier

X, y = make_moons(120, noise=0.35, random_state=0)
X_test, y_test = make_moons(4000, noise=0.35, random_state=1)
found = ShallowNetClassifier(random_state=0).fit(X, y)
loss = log_loss(y_test, found.predict_proba(X_test))
print(f"found: λ = {found.l2_regularization_:.3g}, log-loss on new rows {loss:.3f}")

# %%
# The log-loss on new rows for any λ, and where the one that was found lies:
penalties = np.logspace(-3, 2.5, 23)
settings = {"max_iter": 2000, "random_state": 0}
models = [ShallowNetClassifier(l2_regularization=penalty, **settings).fit(X, y) for penalty in penalties]
losses = {
    "training rows": [log_loss(y, model.predict_proba(X)) for model in models],
    "new rows": [log_loss(y_test, model.predict_proba(X_test)) for model in models],
}
fig, ax = plt.subplots(figsize=(5.5, 3.5), layout="constrained")
for name, values in losses.items():
    ax.semilogx(penalties, values, label=name)
ax.axvline(found.l2_regularization_, color="0.4", linestyle="--", label="λ found")
ax.set(xlabel="penalty λ", ylabel="log-loss", ylim=(0, 1))
ax.legend(frameon=False)
plt.show()

# %%
fig, axes = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
for ax, model in zip(axes, (models[0], found, models[-3]), strict=True):
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="predict_proba", cmap="RdBu", alpha=0.7, ax=ax
    )
    ax.scatter(*X.T, c=y, cmap="RdBu", s=12, edgecolor="black", linewidth=0.3)
    ax.set_title(f"λ = {model.l2_regularization_:.3g}")
plt.show()
