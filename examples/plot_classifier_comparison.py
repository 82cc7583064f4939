"""
Five tables, five classifiers
=============================

Where each classifier draws its borders, with its accuracy on held-out rows. All with their defaults; those
that want a scaler have one.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_blobs, make_circles, make_classification, make_moons
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.inspection import DecisionBoundaryDisplay
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from sk_shallow import ShallowNetClassifier

rng = np.random.RandomState(0)
corners = rng.uniform(-1, 1, size=(300, 2))
line = make_classification(
    300, 2, n_informative=2, n_redundant=0, n_clusters_per_class=1, flip_y=0.1, random_state=4
)
tables = {
    "moons": make_moons(300, noise=0.3, random_state=0),
    "circles": make_circles(300, noise=0.15, factor=0.5, random_state=0),
    "a line": line,
    "exclusive or": (corners + 0.1 * rng.normal(size=(300, 2)), (corners.prod(axis=1) > 0).astype(int)),
    "four blobs": make_blobs(300, centers=4, cluster_std=1.6, random_state=1),
}
classifiers = {
    "ShallowNetClassifier": ShallowNetClassifier(random_state=0),
    "MLPClassifier": make_pipeline(StandardScaler(), MLPClassifier(max_iter=3000, random_state=0)),
    "LogisticRegression": LogisticRegression(),
    "SVC": make_pipeline(StandardScaler(), SVC()),
    "HistGradientBoosting": HistGradientBoostingClassifier(),
}

# %%
fig, axes = plt.subplots(5, 5, figsize=(11, 10.5), layout="constrained")
totals = dict.fromkeys(classifiers, 0.0)
for row, (table, (X, y)) in zip(axes, tables.items(), strict=True):
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    colours = {"cmap" if len(np.unique(y)) == 2 else "multiclass_colors": "viridis"}
    for ax, (name, classifier) in zip(row, classifiers.items(), strict=True):
        score = classifier.fit(X_train, y_train).score(X_test, y_test)
        totals[name] += score / len(tables)
        DecisionBoundaryDisplay.from_estimator(
            classifier, X, response_method="predict", alpha=0.35, grid_resolution=100, ax=ax, **colours
        )
        ax.scatter(*X_test.T, c=y_test, cmap="viridis", s=8, edgecolor="black", linewidth=0.3)
        ax.set(xticks=[], yticks=[], xlabel=f"{score:.2f}", ylabel=table if ax is row[0] else "")
        if row is axes[0]:
            ax.set_title(name, fontsize=10)
plt.show()

# %%
for name, total in totals.items():
    print(f"{name:22s} mean accuracy {total:.3f}")
