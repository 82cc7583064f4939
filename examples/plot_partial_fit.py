"""
More rows than memory: partial_fit on a stream
==============================================

Rows come in parts that are never all there. Each ``partial_fit`` makes one pass over one part; means and
scales of the columns are those of all rows seen so far, so no scaler has to be fitted before.
"""

# %%
import matplotlib.pyplot as plt
import numpy as np

from sk_shallow import ShallowNetClassifier

centres = np.random.RandomState(1).normal(size=(6, 10))


def part(number, n=500):
    """Return the rows of one part: six clumps of three classes, columns of very unlike sizes."""
    rng = np.random.RandomState(number)
    clump = rng.randint(0, 6, n)
    X = centres[clump] + 0.8 * rng.normal(size=(n, 10))
    return X * np.logspace(-3, 4, 10) + 100, np.array(["a", "b", "c"])[clump % 3]


X_test, y_test = part(10_000, 2000)

# %%
# The classes have to be named at the first call, as a part may lack some.
clf = ShallowNetClassifier(32, solver="adam", batch_size=50, random_state=0)
scores = []
for number in range(40):
    clf.partial_fit(*part(number), classes=["a", "b", "c"])
    scores.append(clf.score(X_test, y_test))
print(f"after 1, 10 and 40 parts: {scores[0]:.3f}, {scores[9]:.3f}, {scores[-1]:.3f}")

# %%
# For comparison, a fit of all rows at once.
parts = [part(number) for number in range(40)]
X, y = np.vstack([X for X, _ in parts]), np.concatenate([y for _, y in parts])
whole = ShallowNetClassifier(32, random_state=0).fit(X, y)
print(f"all rows at once: {whole.score(X_test, y_test):.3f}")

# %%
fig, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(np.arange(1, 41), scores, label="partial_fit")
ax.axhline(whole.score(X_test, y_test), color="0.5", linestyle="--", label="all rows at once")
ax.set(xlabel="parts seen", ylabel="accuracy on new rows")
ax.legend(frameon=False)
plt.show()
