"""
Sparse text: which library is a docstring from?
===============================================

Thousands of sparse columns from ``TfidfVectorizer``, as they come. Rare words keep the size that they have:
sparse columns are not centred.
"""

# %%
# The docstrings of public functions, and the library of each: text that every installation has.
import inspect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import scipy.linalg
import scipy.optimize
import scipy.stats
import sklearn.linear_model
import sklearn.metrics
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, log_loss
from sklearn.model_selection import train_test_split

from sk_shallow import ShallowNetClassifier

modules = {
    "numpy": [np, np.linalg, np.random],
    "scipy": [scipy.linalg, scipy.stats, scipy.optimize],
    "pandas": [pd, pd.DataFrame, pd.Series],
    "sklearn": [sklearn.linear_model, sklearn.metrics],
}
texts, labels = [], []
for library, places in modules.items():
    found = {inspect.getdoc(thing) for place in places for name, thing in vars(place).items() if name[0] != "_"}
    paragraphs = [text for doc in found if doc for text in doc.split("\n\n") if len(text.split()) > 12]
    texts += paragraphs
    labels += [library] * len(paragraphs)
train, test, y_train, y_test = train_test_split(texts, labels, stratify=labels, test_size=0.5, random_state=0)
vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2).fit(train)
X_train, X_test = vectorizer.transform(train), vectorizer.transform(test)
print(
    f"{X_train.shape[0]} paragraphs, {X_train.shape[1]} words, {X_train.nnz / np.prod(X_train.shape):.2%} not zero"
)

# %%
network = ShallowNetClassifier(random_state=0).fit(X_train, y_train)
linear = LogisticRegression(max_iter=1000).fit(X_train, y_train)
for name, model in (("network", network), ("linear", linear)):
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name:8s} accuracy {model.score(X_test, y_test):.3f}, log-loss {loss:.3f}")

# %%
ConfusionMatrixDisplay.from_estimator(network, X_test, y_test, cmap="Blues", normalize="true", values_format=".2f")
plt.show()
