"""
A fit that is cut off, and goes on to the same bits
===================================================

A callback stores the network every few iterations. Whatever ends the process, a new one loads the last network and
goes on: each number is the one that the whole fit would have had.
"""

# %%
# The checkpoint is the network that the fit would have returned then: predictions, and all that it takes to go on.
# It is written beside the old one and then takes its place, so that there is always a whole one.
import os
import tempfile

import joblib
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

from sk_shallow import ShallowNetClassifier


class Checkpoint:
    def __init__(self, path, every):
        self.path, self.every = path, every

    def setup(self, estimator, context): ...

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "iteration" and context.task_id % self.every == self.every - 1:
            joblib.dump(fitted_estimator, f"{self.path}.new")
            os.replace(f"{self.path}.new", self.path)


class PowerCut(Checkpoint):
    def on_fit_task_begin(self, estimator, context):
        if context.task_name == "iteration" and context.task_id == 48:
            raise KeyboardInterrupt


# %%
# The fit is cut off in its 49th iteration; the last checkpoint is of the 40th. Under ``warm_start`` it goes on
# from there: with its step, its next move, its penalty, and the costs that tell whether it has settled.
X, y = load_digits(return_X_y=True)
path = os.path.join(tempfile.mkdtemp(), "network.joblib")
try:
    ShallowNetClassifier(random_state=0).set_callbacks(PowerCut(path, every=10)).fit(X, y)
except KeyboardInterrupt:
    network = joblib.load(path)
print("stored:", network.n_iter_, "iterations,", network.stop_reason_)
first = network.loss_curve_
network.set_params(warm_start=True, max_iter=network.max_iter - network.n_iter_).fit(X, y)

whole = ShallowNetClassifier(random_state=0).fit(X, y)
print(
    "the same:", np.array_equal(network.hidden_coef_, whole.hidden_coef_), network.stop_reason_, whole.stop_reason_
)

# %%
# The curve of the second part begins where that of the checkpoint ends. J jumps where the penalty was found anew.
fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.semilogy(whole.loss_curve_, color="0.8", linewidth=6, label="in one piece")
ax.semilogy(first, label="until the checkpoint")
ax.semilogy(np.arange(len(network.loss_curve_)) + len(first) - 1, network.loss_curve_, label="gone on")
ax.set(xlabel="iteration", ylabel="cost J")
ax.legend(frameon=False)
plt.show()
