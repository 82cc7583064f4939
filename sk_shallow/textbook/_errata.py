"""What the three documents print wrongly: each misprint, and each wrong formula as code beside the right one."""

import numpy as np

from sk_shallow._activations import sigmoid
from sk_shallow.textbook._complex_step import complex_step
from sk_shallow.textbook._erratum import Erratum
from sk_shallow.textbook._point import Point


def _dz1(p: Point) -> np.ndarray:
    return p.W2.T @ p.dz2 * p.a1 * (1 - p.a1)


def _db1_of(p: Point, W1: np.ndarray) -> np.ndarray:
    """Return db1 of a network with another W1: forward, and back."""
    a1 = sigmoid(W1 @ p.x + p.b1)
    dz2 = sigmoid(p.W2 @ a1 + p.b2) - p.y
    return p.W2.T @ dz2 * a1 * (1 - a1)


def _da2(p: Point) -> np.ndarray:
    return -p.y / p.a2 + (1 - p.y) / (1 - p.a2)


ERRATA: tuple[Erratum, ...] = (
    Erratum(
        "000",
        "w[1] has shape (n[0], n[0])",
        "(n[1], n[0])",
        "It maps n[0] inputs to n[1] hidden units.",
        "b1",
        lambda p: _db1_of(p, np.resize(p.W1, (len(p.x), len(p.x)))),
        lambda p: _db1_of(p, p.W1),
    ),
    Erratum(
        "000",
        "Compute predicts: (ŷ(0), …, ŷ(m))",
        "ŷ(1), …, ŷ(m)",
        "There are m examples, not m + 1.",
    ),
    Erratum(
        "000",
        "dz = ∂L/∂a · ∂a/∂z = −1/a + (1 − y)/(1 − a)",
        "da = −y/a + (1 − y)/(1 − a), dz = da · a(1 − a) = a − y",
        "The y is missing, and the factor ∂a/∂z.",
        "z2",
        lambda p: -1 / p.a2 + (1 - p.y) / (1 - p.a2),
        lambda p: _da2(p) * p.a2 * (1 - p.a2),
    ),
    Erratum(
        "000",
        "db = dz · a' = da · g'(z) = a − y",
        "db = dz = da · g'(z) = a − y",
        "a' is in dz already.",
        "b2",
        lambda p: p.dz2 * p.a2 * (1 - p.a2),
        lambda p: p.dz2,
    ),
    Erratum(
        "000",
        "dZ[2] = a[2] y",
        "dZ[2] = a[2] − y",
        "The minus is missing.",
        "z2",
        lambda p: p.a2 * p.y,
        lambda p: p.a2 - p.y,
    ),
    Erratum(
        "000",
        "dz[1] = W[2] dZ[2]",
        "dz[1] = W[2]ᵀ dz[2] ∘ g[1]'(z[1])",
        "The transpose is missing, and g[1]'.",
        "z1",
        lambda p: p.W2 @ p.dz2,
        _dz1,
    ),
    Erratum(
        "000",
        "db[1] = dz[1] a[1]ᵀ",
        "db[1] = dz[1]",
        "A bias has no input.",
        "b1",
        lambda p: _dz1(p) @ p.a1.T,
        _dz1,
    ),
    Erratum(
        "000",
        "dz[1] = W[2]ᵀ dz[2] + g'(z[1])",
        "dz[1] = W[2]ᵀ dz[2] ∘ g'(z[1])",
        "The chain rule multiplies; the vectorised lines have it right.",
        "z1",
        lambda p: p.W2.T @ p.dz2 + p.a1 * (1 - p.a1),
        _dz1,
    ),
    Erratum(
        "000",
        "Loss function is only used for prediction (last layer)",
        "The loss is used in the last layer alone, for its gradient; a prediction needs none",
        "A prediction is A[2]; the loss compares it with y.",
    ),
    Erratum(
        "001",
        "Broadcasting in python is implicitly used for A[1] and A[2]",
        "for Z[1] and Z[2]",
        "The biases are added there, a row to each of n rows; σ is elementwise.",
    ),
    Erratum(
        "001",
        "We use broadcasting: Σ_k a_k b_k = ab",
        "We use the product of matrices",
        "A sum of outer products is a product of matrices; nothing is broadcast.",
    ),
    Erratum(
        "001",
        "dz[1] = dz[2] D (W[2])ᵀ",
        "dz[1] = D (W[2])ᵀ dz[2]",
        "A number may stand before a matrix: the slide has one output. A column may not.",
        "z1",
        lambda p: p.dz2 @ (np.diag((p.a1 * (1 - p.a1))[:, 0]) @ p.W2.T),
        lambda p: np.diag((p.a1 * (1 - p.a1))[:, 0]) @ p.W2.T @ p.dz2,
    ),
    Erratum(
        "001",
        "Z[2] = b[2] + A[1] (W[2])ᵀ",
        "Z[2] = (b[2])ᵀ + A[1] (W[2])ᵀ",
        "b[2] is a column of k numbers, and a row of Z[2] has k; the slide has one output.",
        "z2",
        lambda p: sigmoid(p.b2 + p.a1.T @ p.W2.T).T - p.y,
        lambda p: sigmoid(p.b2.T + p.a1.T @ p.W2.T).T - p.y,
    ),
    Erratum(
        "001",
        "D = diag({a_j (1 a_j)}), σ'(z[1]) = (a_1 (1 a_1), …)ᵀ",
        "diag({a_j (1 − a_j)}), (a_1 (1 − a_1), …)ᵀ",
        "The minus is missing, in the text of the slides.",
        "z1",
        lambda p: np.diag((p.a1 * (1 * p.a1))[:, 0]) @ p.W2.T @ p.dz2,
        _dz1,
    ),
    Erratum(
        "001",
        "the cost function is dθ = 1/n Σ ∂J(yᵢ, aᵢ)/∂θ",
        "its gradient is dθ = 1/n Σ ∂L(yᵢ, aᵢ)/∂θ",
        "It is no cost but its gradient, and J is the mean over examples already: of one example it is L.",
    ),
    Erratum(
        "002",
        "L = y ln(a2) + (1 − y) ln(1 − a2)",
        "L = −{y ln(a2) + (1 − y) ln(1 − a2)}",
        "A loss is minimised; this one has its maximum where the prediction is right.",
        "a2",
        lambda p: complex_step(lambda a: p.y * np.log(a) + (1 - p.y) * np.log(1 - a), p.a2),
        lambda p: complex_step(lambda a: -(p.y * np.log(a) + (1 - p.y) * np.log(1 - a)), p.a2),
    ),
    Erratum(
        "002",
        "dL/da2 = y/a2 + (1 − y)/(1 − a2)",
        "dL/da2 = −y/a2 + (1 − y)/(1 − a2)",
        "The derivative of ln(1 − a2) is −1/(1 − a2), and the loss has a minus.",
        "a2",
        lambda p: p.y / p.a2 + (1 - p.y) / (1 - p.a2),
        _da2,
    ),
    Erratum(
        "002",
        "dL/dZ2 = (y/a2 + (1 − y)/(1 − a2)) · (a2 (1 − a2)), which is A2 − Y",
        "(−y/a2 + (1 − y)/(1 − a2)) · (a2 (1 − a2)) = A2 − Y",
        "With the sign of the line above the product is no A2 − Y.",
        "z2",
        lambda p: (p.y / p.a2 + (1 - p.y) / (1 - p.a2)) * (p.a2 * (1 - p.a2)),
        lambda p: _da2(p) * (p.a2 * (1 - p.a2)),
    ),
    Erratum(
        "002",
        "the sigmoid function: 1/1 + e^−z",
        "1/(1 + e^−z)",
        "The parentheses are missing.",
        "z2",
        lambda p: _da2(p) * complex_step(lambda z: 1 / 1 + np.exp(-z), p.z2),
        lambda p: _da2(p) * complex_step(lambda z: 1 / (1 + np.exp(-z)), p.z2),
    ),
    Erratum(
        "002",
        "da2/dZ2, in the code: primesigmoid(Z1)",
        "primesigmoid(Z2)",
        "It is another layer's.",
        "z2",
        lambda p: _da2(p) * np.resize(p.a1 * (1 - p.a1), p.a2.shape),
        lambda p: _da2(p) * p.a2 * (1 - p.a2),
    ),
    Erratum(
        "002",
        "a neural network with two hidden layers",
        "with one hidden layer, and two layers of weights",
        "The code has W1 and W2.",
    ),
    Erratum(
        "002",
        "In(u), yIn(a2)",
        "ln(u), y ln(a2)",
        "The natural logarithm; an I stands for the l throughout.",
    ),
    Erratum(
        "002",
        "pred_y = L(a2, y)",
        "pred_y = a2",
        "L says how wrong the prediction is.",
    ),
    Erratum(
        "002",
        "with respect to a change in its argument (W2, W1 and b2, b2)",
        "(W2, W1 and b2, b1)",
        "A misprint.",
    ),
    Erratum(
        "002",
        "dW2 = (dZ2 * A1)",
        "dW2 = dZ2 A1ᵀ",
        "Right for one unit and one output; of more, each output has a weight for each unit.",
        "W2",
        lambda p: p.dz2 * p.a1,
        lambda p: p.dz2 @ p.a1.T,
    ),
    Erratum(
        "002",
        "dZ1 = dW2 * dZ2 * primesigmoid(Z1)",
        "dZ1 = W2ᵀ dZ2 ∘ primesigmoid(Z1)",
        "It takes the weight, not its gradient.",
        "z1",
        lambda p: (p.dz2 @ p.a1.T).T @ p.dz2 * p.a1 * (1 - p.a1),
        _dz1,
    ),
    Erratum(
        "002",
        "dL/dZ1 = dZ2/dW2 · dZ2/db2 · da1/dZ1",
        "dL/dZ1 = dL/dZ2 · dZ2/da1 · da1/dZ1",
        "The path to Z1 runs through a1.",
        "z1",
        lambda p: p.a1 * 1 * p.a1 * (1 - p.a1),
        _dz1,
    ),
    Erratum(
        "002",
        "dL/dZ1 = a1 · (a2 − y) · a1 (1 − a1)",
        "dL/dZ1 = W2ᵀ (a2 − y) ∘ a1 (1 − a1)",
        "dZ2/da1 is W2, not a1.",
        "z1",
        lambda p: p.a1 @ np.ones((1, len(p.dz2))) @ p.dz2 * p.a1 * (1 - p.a1),
        _dz1,
    ),
    Erratum(
        "002",
        "dW1 = dZ1 * X",
        "dW1 = dZ1 xᵀ",
        "Right for one unit and one feature; of more, each unit has a weight for each feature.",
        "W1",
        lambda p: _dz1(p) * p.x,
        lambda p: _dz1(p) @ p.x.T,
    ),
    Erratum(
        "002",
        "dL/dW1 = (a1 · (a2 − y) · (a2 − y) · a1 (1 − a1)) · x",
        "dL/dW1 = (W2ᵀ (a2 − y) ∘ a1 (1 − a1)) xᵀ",
        "It follows from dL/dZ1; the error stands twice besides.",
        "W1",
        lambda p: (p.a1 @ (p.dz2 * p.dz2).T @ np.ones_like(p.dz2) * p.a1 * (1 - p.a1)) @ p.x.T,
        lambda p: _dz1(p) @ p.x.T,
    ),
    Erratum(
        "002",
        "dL/db1 = 1 · (a1 · (a2 − y) · (a2 − y))",
        "dL/db1 = 1 · W2ᵀ (a2 − y) ∘ a1 (1 − a1)",
        "As dL/dW1, with 1 in place of x; a1 (1 − a1) is lost besides.",
        "b1",
        lambda p: p.a1 @ (p.dz2 * p.dz2).T @ np.ones_like(p.dz2),
        _dz1,
    ),
    Erratum(
        "002",
        "Z2 = 0 · a1 + b1, of the three variables (W2, b2, a2)",
        "Z2 = W2 · a1 + b2, of (W2, b2, a1); dZ2/db2 = 1",
        "Misprints: b1 and a2 have no part in Z2, and a derivative by b2 holds W2 as it is.",
    ),
    Erratum(
        "002",
        "the learning rate, which is negative; if the loss decreased, W is increased",
        "α > 0; W moves against the sign of dW",
        "What the line W = W − learning_rate · dW says: the minus stands there, whether the loss rose or fell.",
    ),
)
