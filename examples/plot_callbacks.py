"""
A time limit of ten lines, and scores along the way
===================================================

scikit-learn 1.9 has callbacks: objects that are told of each iteration of a fit. They may look at the network that
there would be if the fit ended then, and stop it.
"""

# %%
# There is no parameter for a time limit: this is one. What ``on_fit_task_end`` returns says whether to stop.
import time

import matplotlib.pyplot as plt
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from sk_shallow import ShallowNetClassifier


class TimeLimit:
    def __init__(self, seconds):
        self.seconds = seconds

    def setup(self, estimator, context):
        self.started = time.monotonic()

    def teardown(self, estimator, context): ...

    def on_fit_task_begin(self, estimator, context): ...

    def on_fit_task_end(self, estimator, context):
        return time.monotonic() - self.started > self.seconds


X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
clf = ShallowNetClassifier(300, max_iter=100_000, tol=0.0, random_state=0).set_callbacks(TimeLimit(0.2))
print(clf.fit(X_train, y_train).stop_reason_, clf.n_iter_, clf.score(X_test, y_test))

# %%
# ``ScoringMonitor`` is scikit-learn's own: any score, on the rows that are fitted to, for each iteration. Several
# callbacks go together, and ``ProgressBar`` draws bars. In a grid search or a pipeline they are told as well.
monitor = ScoringMonitor(scoring="accuracy")
clf = ShallowNetClassifier(random_state=0).set_callbacks(monitor, TimeLimit(60)).fit(X_train, y_train)
log = monitor.get_logs().data_as_pandas
steps = log[log["task_name"] == "iteration"]
print(steps[["task_id", "accuracy"]].tail(3).to_string(index=False))

# %%
# The accuracy is there long before the cost has come to rest; J jumps where the penalty was found anew.
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8), layout="constrained")
left.semilogy(clf.loss_curve_)
left.set(xlabel="iteration", ylabel="cost J")
right.plot(steps["task_id"] + 1, steps["accuracy"])
right.set(xlabel="iteration", ylabel="accuracy on rows fitted to")
plt.show()
