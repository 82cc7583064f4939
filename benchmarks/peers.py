"""The same loop in PyTorch and in JAX, where they are installed."""

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from benchmarks.contenders import L2, LEARNING_RATE, indicators, initial_weights
from benchmarks.data import Problem
from benchmarks.timing import Run


@cache
def optional(name: str) -> ModuleType | None:
    """Return a module, or say once that it is not there."""
    try:
        return import_module(name)
    except ImportError:
        print(f"{name} cannot be imported: skipped")
        return None


def installed(problem: Problem) -> dict[str, Run]:
    """Return the runs of the libraries at hand."""
    makers = {"torch": torch_loop, "jax": jax_loop}
    return {name: make(problem) for name, make in makers.items() if optional(name)}


def torch_loop(problem: Problem) -> Run:
    """Return a loop of two ``nn.Linear`` layers and ``optim.SGD``, on torch's own choice of threads."""
    torch = import_module("torch")
    size, n = problem.size, len(problem.y)
    X, Y, y = torch.from_numpy(problem.X), torch.from_numpy(indicators(problem)), torch.from_numpy(problem.y)
    dtype = {"f32": torch.float32, "f64": torch.float64}[size.dtype]
    functional = torch.nn.functional

    def cost(Z2: Any) -> Any:
        if size.n_outputs == 1:
            return functional.binary_cross_entropy_with_logits(Z2, Y)
        return functional.cross_entropy(Z2, y)

    def run(T: int) -> int:
        torch.manual_seed(0)
        hidden = torch.nn.Linear(size.d, size.h, dtype=dtype)
        output = torch.nn.Linear(size.h, size.n_outputs, dtype=dtype)
        groups = [
            {"params": [hidden.weight, output.weight], "weight_decay": L2 / n},
            {"params": [hidden.bias, output.bias], "weight_decay": 0.0},
        ]
        optimizer, costs = torch.optim.SGD(groups, lr=LEARNING_RATE["gd"]), []
        for _ in range(T):
            optimizer.zero_grad()
            loss = cost(output(torch.tanh(hidden(X))))
            loss.backward()
            optimizer.step()
            costs.append(loss.item())
        return len(costs)

    return run


def jax_loop(problem: Problem) -> Run:
    """Return a loop of one jitted step, which may write over the weights that it is given."""
    jax = import_module("jax")
    jnp = import_module("jax.numpy")
    if problem.size.dtype == "f64":
        jax.config.update("jax_enable_x64", True)
    X, Y, n = jnp.asarray(problem.X), jnp.asarray(indicators(problem)), len(problem.y)

    def cost(weights: Any, X: Any, Y: Any) -> Any:
        W1, b1, W2, b2 = weights
        Z2 = jnp.tanh(X @ W1 + b1) @ W2 + b2
        binary = Y.shape[1] == 1
        losses = jax.nn.softplus(Z2) - Y * Z2 if binary else -Y * jax.nn.log_softmax(Z2, axis=1)
        return losses.sum() / n + L2 / (2 * n) * ((W1**2).sum() + (W2**2).sum())

    def step(weights: Any, X: Any, Y: Any) -> Any:
        value, gradients = jax.value_and_grad(cost)(weights, X, Y)
        return jax.tree.map(lambda w, g: w - LEARNING_RATE["gd"] * g, weights, gradients), value

    jitted = jax.jit(step, donate_argnums=0)

    def run(T: int) -> int:
        weights, costs = [jnp.array(w) for w in initial_weights(problem)], []
        for _ in range(T):
            weights, value = jitted(weights, X, Y)
            costs.append(value)
        jax.block_until_ready((weights, costs))
        return len(costs)

    return run
