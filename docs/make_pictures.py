"""The pictures of README and the front page: ``python docs/make_pictures.py`` writes them beside it."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from sklearn.datasets import load_wine, make_moons

from sk_shallow import DescentPathDisplay, NetworkDisplay, ShallowNetClassifier

PICTURES = Path(__file__).parent / "_static"


def descent_path() -> None:
    """Draw the way of plain gradient descent."""
    X, y = make_moons(200, noise=0.2, random_state=0)
    settings = {"activation": "tanh", "l2_regularization": 0.1, "max_iter": 200}
    clf = ShallowNetClassifier(8, learning_rate=1.0, **settings, random_state=0)
    _, ax = plt.subplots(figsize=(6.2, 4.2), layout="constrained")
    DescentPathDisplay.from_estimator(clf, X, y, cmap="cividis", ax=ax).figure_.savefig(
        PICTURES / "descent_path.png", dpi=100
    )


def network() -> None:
    """Draw a fitted network with its names."""
    wine = load_wine(as_frame=True)
    clf = ShallowNetClassifier(8, random_state=0).fit(wine.data, wine.target_names[wine.target])
    NetworkDisplay.from_estimator(clf).figure_.savefig(PICTURES / "network.png", dpi=90)


if __name__ == "__main__":
    mpl.use("Agg")
    PICTURES.mkdir(exist_ok=True)
    descent_path()
    network()
