"""
What did the network learn? Drawing its weights
===============================================

Weights of scaled columns can be compared: the drawing shows which columns feed which unit, and which class it
speaks for.
"""

# %%
import matplotlib.pyplot as plt
from sklearn.datasets import load_breast_cancer, load_wine

from sk_shallow import HiddenUnitsDisplay, NetworkDisplay, ShallowNetClassifier

wine = load_wine(as_frame=True)
clf = ShallowNetClassifier(8, random_state=0).fit(wine.data, wine.target_names[wine.target])
NetworkDisplay.from_estimator(clf)
plt.show()

# %%
# Two units do most of the work. The same weights as a heat map, strongest unit first:
HiddenUnitsDisplay.from_estimator(clf)
plt.show()

# %%
# Thirty columns can still be read:
cancer = load_breast_cancer(as_frame=True)
wide = ShallowNetClassifier(16, random_state=0).fit(cancer.data, cancer.target_names[cancer.target])
NetworkDisplay.from_estimator(wide)
plt.show()
