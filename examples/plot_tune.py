"""
Is a search worth it? Learning rate and width against the default
=================================================================

``ShallowNetClassifier()`` finds its step and its penalty in the fit. Here the best of a grid over the
learning rate α and the hidden width is compared with it, on rows that neither has seen.
"""

# %%
# A grid over α and the width, in a pipeline or not, is scikit-learn's own. A float α is plain gradient
# descent, here with Nesterov's momentum, so it takes more iterations.
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split

from sk_shallow import ShallowNetClassifier

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, stratify=y, random_state=0)
grid = {"learning_rate": [0.03, 0.1, 0.3], "hidden_width": [4, 16, 64]}
plain = ShallowNetClassifier(l2_regularization=1.0, momentum=0.9, max_iter=1000, tol=0.02, random_state=0)
search = GridSearchCV(plain, grid, scoring="neg_log_loss", cv=5).fit(X_train, y_train)
print(search.best_params_)

# %%
# The default, for comparison: one fit.
default = ShallowNetClassifier(random_state=0).fit(X_train, y_train)
for name, model in (("best of the grid", search), ("default", default)):
    loss = log_loss(y_test, model.predict_proba(X_test))
    accuracy = (model.predict(X_test) == y_test).mean()
    print(f"{name:16s} accuracy {accuracy:.3f}, log-loss {loss:.3f}")

# %%
# All results, as a table of the mean log-loss of the folds:
table = pd.DataFrame(search.cv_results_).pivot_table(
    index="param_hidden_width", columns="param_learning_rate", values="mean_test_score"
)
fig, ax = plt.subplots(figsize=(5, 3), layout="constrained")
image = ax.imshow(-table, cmap="viridis_r", alpha=0.5)
ax.set_xticks(range(table.shape[1]), table.columns)
ax.set_yticks(range(table.shape[0]), table.index)
ax.set(xlabel="learning rate α", ylabel="hidden width", title="log-loss, mean of 5 folds")
for i in range(table.shape[0]):
    for j in range(table.shape[1]):
        ax.text(j, i, f"{-table.iloc[i, j]:.3f}", ha="center", va="center")
fig.colorbar(image)
plt.show()
