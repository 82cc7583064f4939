"""
Hidden units as features
========================

``transform`` returns the outputs of the hidden units: features that were learnt for the classes, for another
model or for a map.
"""

# %%
# What the units of a network on handwritten digits look at are strokes:
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from sk_shallow import HiddenUnitsDisplay, ShallowNetClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, stratify=y, random_state=0)
network = ShallowNetClassifier(25, random_state=0).fit(X_train, y_train)
HiddenUnitsDisplay.from_estimator(network, image_shape=(8, 8))
plt.show()

# %%
# As a step of a pipeline it is a transformer. Nearest neighbours among five components of the units, and of
# the pixels:
for name, steps in {"pixels": [], "units": [ShallowNetClassifier(25, random_state=0)]}.items():
    model = make_pipeline(*steps, PCA(5), KNeighborsClassifier(5)).fit(X_train, y_train)
    print(f"5 components of the {name}: accuracy on new rows {model.score(X_test, y_test):.3f}")

# %%
# A map of new digits, by two components of each:
fig, axes = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
tables = {"pixels": (X_train, X_test), "units": (network.transform(X_train), network.transform(X_test))}
for ax, (name, (train, test)) in zip(axes, tables.items(), strict=True):
    points = ax.scatter(*PCA(2).fit(train).transform(test).T, c=y_test, cmap="tab10", s=8)
    ax.set(title=f"two components of the {name}", xticks=[], yticks=[])
fig.legend(*points.legend_elements(), title="digit", loc="outside right center", frameon=False)
plt.show()
