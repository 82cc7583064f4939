"""
Text, categories and numbers in one pipeline
============================================

A table of messages: a text, the channel it came by, and two numbers. Each kind of column has its own
transformer, and the network takes what comes out, dense or sparse. It scales its columns itself, so no scaler
is needed.
"""

# %%
# Messages that are made up: words depend on the class, and so does the hour.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from sk_shallow import ShallowNetClassifier

rng = np.random.RandomState(0)
topics = {
    "billing": ["invoice", "refund", "card", "charge", "price", "month"],
    "technical": ["error", "crash", "screen", "update", "install", "slow"],
    "other": ["hello", "thanks", "question", "team", "opinion", "visit"],
}
common = ["please", "the", "account", "again", "today", "cannot", "help", "with", "my"]
y = rng.choice(list(topics), 900, p=[0.4, 0.4, 0.2])
table = pd.DataFrame(
    {
        "text": [" ".join(rng.choice(topics[label] * 2 + common * 4, 8)) for label in y],
        "channel": np.where(rng.rand(900) < 0.3, "phone", rng.choice(["mail", "chat"], 900)),
        "hour": np.where(y == "technical", rng.normal(20, 3, 900), rng.normal(13, 4, 900)) % 24,
        "length": rng.gamma(3, 40, 900),
    }
)
print(table.head(3))

# %%
# The pipeline. ``remainder="passthrough"`` hands on the numbers as they are.
columns = make_column_transformer(
    (TfidfVectorizer(), "text"), (OneHotEncoder(), ["channel"]), remainder="passthrough"
)
model = make_pipeline(columns, ShallowNetClassifier(32, random_state=0))
scores = cross_validate(model, table, y, cv=5, scoring=["accuracy", "neg_log_loss"])
print(f"accuracy {scores['test_accuracy'].mean():.3f}, log-loss {-scores['test_neg_log_loss'].mean():.3f}")

# %%
# What each column is worth: the same pipeline without it.
encoders = [(TfidfVectorizer(), "text"), (OneHotEncoder(), ["channel"])]
losses = {"all columns": -scores["test_neg_log_loss"].mean()}
for column in table.columns:
    kept = make_column_transformer(*(pair for pair in encoders if column not in pair[1]), remainder="passthrough")
    part = make_pipeline(kept, ShallowNetClassifier(32, random_state=0))
    found = cross_validate(part, table.drop(columns=column), y, cv=5, scoring="neg_log_loss")
    losses[f"without {column}"] = -found["test_score"].mean()
fig, ax = plt.subplots(figsize=(5.5, 2.6), layout="constrained")
bars = ax.barh(list(losses), list(losses.values()))
ax.bar_label(bars, fmt="%.3f", padding=3)
ax.set(xlabel="log-loss", xlim=(0, 1.15 * max(losses.values())))
ax.invert_yaxis()
plt.show()
