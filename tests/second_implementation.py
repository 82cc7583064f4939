"""The cost of docs/equations.md a second time: plain, by loops over parts, fit for complex numbers.

It shares no code with the package. Its gradient comes from complex steps (Squire and Trapp 1998),
so nothing here is derived by hand.
"""

import numpy as np

ACTIVATIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: z * (z.real > 0),
    "identity": lambda z: z,
    "softplus": lambda z: np.log(1 + np.exp(z)),
}


def split(theta, d, h, k):
    """W1, b1, W2, b2 from a vector that holds them one after the other."""
    ends = np.cumsum([h * d, h, k * h, k])
    W1, b1, W2, b2 = np.split(theta, ends[:-1])
    return W1.reshape(h, d), b1, W2.reshape(k, h), b2


def join(W1, b1, W2, b2):
    """The vector that `split` takes apart."""
    return np.concatenate([np.ravel(part) for part in (W1, b1, W2, b2)])


def cost(parts, X, Y, s, l2, activation, softmax):
    """J of docs/equations.md; Y is (n, k), one-hot for softmax."""
    W1, b1, W2, b2 = parts
    Z2 = ACTIVATIONS[activation](X @ W1.T + b1) @ W2.T + b2
    if softmax:
        log_A2 = Z2 - np.log(np.exp(Z2).sum(axis=1, keepdims=True))
        losses = -(Y * log_A2).sum(axis=1)
    else:
        losses = (np.log(1 + np.exp(Z2)) - Y * Z2).sum(axis=1)
    return ((s * losses).sum() + l2 / 2 * ((W1**2).sum() + (W2**2).sum())) / s.sum()


def complex_step_gradient(theta, shape, *problem):
    """∇J at θ, exact to rounding: Im J(θ + i ε e_j) / ε."""
    gradient = np.empty_like(theta)
    for j in range(theta.size):
        step = theta.astype(complex)
        step[j] += 1e-30j
        gradient[j] = cost(split(step, *shape), *problem).imag / 1e-30
    return gradient
