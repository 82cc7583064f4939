"""
Is a search worth it? A heat map of width and penalty, and a merge
==================================================================

``ShallowNetClassifier()`` finds its step and its penalty in the fit. ``ShallowNetClassifierCV`` scores a grid, all
networks of a fold side by side, and is compared with it on rows that neither has seen.
"""

# %%
# Widths and penalties. "auto" is the penalty that is found in each fit. What is chosen is the least log-loss of
# the held-out folds.
import matplotlib.pyplot as plt
import pandas as pd
from sklearn.datasets import load_digits
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from sk_shallow import ShallowNetClassifier, ShallowNetClassifierCV

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=500, stratify=y, random_state=0)
penalties = (0.1, 0.3, 1.0, 3.0, 10.0, "auto")
search = ShallowNetClassifierCV((4, 16, 64), l2_regularizations=penalties, max_iter=2000, random_state=0)
search.fit(X_train, y_train)
print(search.best_params_)

# %%
# All results as a picture: the mean log-loss of the folds. The ring is the best one.
table = pd.DataFrame(search.cv_results_).pivot_table(
    index="param_hidden_width", columns="param_l2_regularization", values="mean_test_score"
)
loss = -table[list(penalties)]
fig, ax = plt.subplots(figsize=(6.5, 3), layout="constrained")
image = ax.imshow(loss, cmap="viridis_r", alpha=0.6, aspect="auto")
ax.set_xticks(range(loss.shape[1]), loss.columns)
ax.set_yticks(range(loss.shape[0]), loss.index)
ax.set(xlabel="penalty λ", ylabel="hidden width", title="log-loss, mean of 5 folds")
for i in range(loss.shape[0]):
    for j in range(loss.shape[1]):
        ax.text(j, i, f"{loss.iloc[i, j]:.3f}", ha="center", va="center")
row = list(loss.index).index(search.best_params_["hidden_width"])
column = penalties.index(search.best_params_["l2_regularization"])
ax.plot(column, row, "o", markersize=42, fillstyle="none", color="black")
fig.colorbar(image)
plt.show()

# %%
# One fit, the best of the grid, and the default search, which merges three networks into one.
models = {
    "one fit": ShallowNetClassifier(random_state=0).fit(X_train, y_train),
    "best of the grid": search,
    "three, merged": ShallowNetClassifierCV(random_state=0).fit(X_train, y_train),
}
for name, model in models.items():
    accuracy, test_loss = model.score(X_test, y_test), log_loss(y_test, model.predict_proba(X_test))
    print(f"{name:16s} {len(model.hidden_coef_):4d} units  accuracy {accuracy:.3f}  log-loss {test_loss:.3f}")
