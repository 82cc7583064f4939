"""
One fit, a search, and two peers on the same folds
==================================================

The breast cancer data of scikit-learn as a DataFrame. One column becomes text, as tables have
them; a ColumnTransformer encodes it. The network scales its columns itself, and finds its step
size and its penalty. Is a search worth its time?
"""

import time

import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sk_shallow import ShallowNetClassifier, ShallowNetClassifierCV

bunch = load_breast_cancer(as_frame=True)
X, y = bunch.data, bunch.target_names[bunch.target]
X["mean radius"] = pd.cut(X["mean radius"], 3, labels=["small", "medium", "large"]).astype(str)
folds = StratifiedKFold(5, shuffle=True, random_state=0)


def with_encoder(*steps):
    """Encode the text columns, pass the others on."""
    encode = make_column_transformer(
        (OneHotEncoder(sparse_output=False), make_column_selector(dtype_exclude="number")), remainder="passthrough"
    )
    return make_pipeline(encode, *steps)


# %%
# Which width, which penalty? All networks of a fold stand side by side, and one pass over the rows serves them
# all.
default = with_encoder(ShallowNetClassifier(random_state=0))
grid = {"hidden_widths": (4, 16, 64), "l2_regularizations": ("auto", 0.3, 1.0, 3.0)}
search = with_encoder(ShallowNetClassifierCV(**grid, cv=folds, max_iter=1000, random_state=0)).fit(X, y)
results = pd.DataFrame(search[-1].cv_results_)
columns = {
    "param_hidden_width": "hidden_width",
    "param_l2_regularization": "l2_regularization",
    "mean_test_score": "neg_log_loss",
    "std_test_score": "std",
    "mean_fit_time": "fit_seconds",
}
print(f"{len(X)} rows, {X.shape[1]} columns, classes {', '.join(bunch.target_names)}\n")
print(results[list(columns)].rename(columns=columns).round(4).to_string(index=False))

# %%
# One fit beside the default search, which merges three networks into one, beside the grid, and beside two
# classifiers of scikit-learn. Every search chooses anew within each fold.
contenders = {
    "ShallowNetClassifier()": default,
    "ShallowNetClassifierCV()": with_encoder(ShallowNetClassifierCV(random_state=0)),
    "the grid above": with_encoder(ShallowNetClassifierCV(**grid, max_iter=1000, random_state=0)),
    "MLPClassifier": with_encoder(StandardScaler(), MLPClassifier((16,), max_iter=2000, random_state=0)),
    "LogisticRegression": with_encoder(StandardScaler(), LogisticRegression()),
}
rows = []
for name, contender in contenders.items():
    began = time.perf_counter()
    scores = cross_validate(contender, X, y, cv=folds, scoring=["neg_log_loss", "accuracy"])
    rows.append(
        {
            "classifier": name,
            "log_loss": -scores["test_neg_log_loss"].mean(),
            "accuracy": scores["test_accuracy"].mean(),
            "seconds": time.perf_counter() - began,
        }
    )
print("\n" + pd.DataFrame(rows).round(4).to_string(index=False))

# %%
# What one fit of all rows found.
clf = default.fit(X, y)[-1]
found = f"α = {clf.learning_rate_:.2g}, λ = {clf.l2_regularization_:.2g}"
print(f"\n{found}, {clf.stop_reason_} after {clf.n_iter_} passes")
