"""
Several labels a row
====================

With an indicator y of L columns the network has L sigmoid outputs that share its hidden layer. Here the
labels are properties of handwritten digits: even, above four, and drawn with a closed loop.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_shallow import HiddenUnitsDisplay, ShallowNetClassifier

X, digit = load_digits(return_X_y=True)
labels = {"even": digit % 2 == 0, "above four": digit > 4, "loop": np.isin(digit, [0, 6, 8, 9])}
Y = np.column_stack(list(labels.values())).astype(int)
X_train, X_test, Y_train, Y_test = train_test_split(X, Y, random_state=0)

# %%
# One network for all labels, beside a logistic regression for each.
network = ShallowNetClassifier(36, random_state=0).fit(X_train, Y_train)
linear = make_pipeline(StandardScaler(), MultiOutputClassifier(LogisticRegression(max_iter=1000)))
linear.fit(X_train, Y_train)
P = network.predict_proba(X_test)
L = np.column_stack([p[:, 1] for p in linear.predict_proba(X_test)])
for j, name in enumerate(labels):
    ours, theirs = (log_loss(Y_test[:, j], predicted[:, j]) for predicted in (P, L))
    print(f"{name:10s} log-loss {ours:.3f}, of a regression for it alone {theirs:.3f}")
for name, model in (("network", network), ("regressions", linear)):
    print(f"{name:11s} all labels right: {accuracy_score(Y_test, model.predict(X_test)):.3f}")

# %%
# What the shared units look at:
HiddenUnitsDisplay.from_estimator(network, image_shape=(8, 8))
plt.show()
