"""
Are the probabilities right? Calibration of the default
=======================================================

The network minimises log-loss under a penalty that is found, so its probabilities are mostly right as they
come. Beside it, ``MLPClassifier`` and a penalty that is far too small.
"""

# %%
import matplotlib.pyplot as plt
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.metrics import brier_score_loss, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_shallow import ShallowNetClassifier

X, y = make_classification(6000, 15, n_informative=5, n_redundant=2, flip_y=0.15, class_sep=0.9, random_state=3)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=800, random_state=0)
models = {
    "ShallowNetClassifier()": ShallowNetClassifier(random_state=0),
    "λ = 0.001": ShallowNetClassifier(l2_regularization=1e-3, random_state=0),
    "MLPClassifier()": make_pipeline(StandardScaler(), MLPClassifier(max_iter=4000, random_state=0)),
}
fig, ax = plt.subplots(figsize=(5.5, 4.5), layout="constrained")
for name, model in models.items():
    p = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    print(f"{name:24s} log-loss {log_loss(y_test, p):.3f}, Brier score {brier_score_loss(y_test, p):.3f}")
    CalibrationDisplay.from_predictions(y_test, p, n_bins=10, strategy="quantile", name=name, ax=ax)
ax.set(xlabel="mean predicted probability", ylabel="share of positives")
plt.show()

# %%
# A curve below the diagonal at the right and above it at the left is of probabilities that are too sure of
# themselves.
print(f"λ found: {models['ShallowNetClassifier()'].l2_regularization_:.3g}")
