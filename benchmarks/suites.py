"""What is measured. A suite is a generator of table rows.

Times are least times over the rounds. "MLP ÷ ours" is MLPClassifier's time over ours: above 1,
ours is faster.
"""

from benchmarks.fitting import fixed, memory, solvers, sparse_steps, steps
from benchmarks.prediction import prediction
from benchmarks.scaling import scaling
from benchmarks.search import search

SUITES = {
    "steps": steps,
    "fixed": fixed,
    "prediction": prediction,
    "memory": memory,
    "scaling": scaling,
    "search": search,
    "sparse": sparse_steps,
    "solvers": solvers,
}
