"""
Rare classes: what class_weight does to probabilities
=====================================================

With 2 % of positives, ``class_weight="balanced"`` is often asked for. Its probabilities are those of a world
in which both classes are as frequent. A threshold on plain probabilities finds as many of the rare class, and
leaves them true.
"""

# %%
import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import FixedThresholdClassifier, train_test_split

from sk_shallow import ShallowNetClassifier

X, y = make_classification(12_000, 12, n_informative=6, weights=[0.98], flip_y=0.01, class_sep=0.8, random_state=1)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
plain = ShallowNetClassifier(32, random_state=0).fit(X_train, y_train)
balanced = ShallowNetClassifier(32, class_weight="balanced", random_state=0).fit(X_train, y_train)

# %%
# The log-loss tells that the balanced probabilities are not those of the data. The ranking (AUC) is no better
# either: weights count as repetitions, so the few positives are taken for many, and the penalty that is found
# is too small.
for name, model in (("plain", plain), ("balanced", balanced)):
    P = model.predict_proba(X_test)
    auc, loss = roc_auc_score(y_test, P[:, 1]), log_loss(y_test, P)
    print(f"{name:9s} AUC {auc:.3f}, log-loss {loss:.3f}, mean probability {P[:, 1].mean():.3f}")
print(f"share of positives {y_test.mean():.3f}")

# %%
# A threshold at the share of positives gives the plain network the higher balanced accuracy.
moved = FixedThresholdClassifier(plain, threshold=y_train.mean()).fit(X_train, y_train)
for name, model in (("plain, 0.5", plain), ("plain, share", moved), ("balanced, 0.5", balanced)):
    print(f"{name:14s} balanced accuracy {balanced_accuracy_score(y_test, model.predict(X_test)):.3f}")

# %%
fig, ax = plt.subplots(figsize=(5, 4), layout="constrained")
for name, model in (("plain", plain), ("balanced", balanced)):
    CalibrationDisplay.from_predictions(
        y_test, model.predict_proba(X_test)[:, 1], n_bins=8, strategy="quantile", name=name, ax=ax
    )
ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="mean predicted probability", ylabel="share of positives")
plt.show()
