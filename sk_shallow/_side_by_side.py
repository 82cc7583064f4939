"""Networks side by side: one pass answers what each of their fits asks, and each takes its own course."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from typing import Any

import numpy as np

from sk_shallow._activations import Activation
from sk_shallow._course import Problem
from sk_shallow._fitting import Begun, examples_of
from sk_shallow._kernel import Kernel
from sk_shallow._objective import Batch, Examples, Objective, StackObjective, blocks_of, parts_of
from sk_shallow._parameters import Shape, StackShape
from sk_shallow._rows import cut, training_rows
from sk_shallow._scaling import Scaling
from sk_shallow._solvers import StopReason, as_raised
from sk_shallow._stack_kernel import StackKernel
from sk_shallow._threads import Map

#: A narrower stack is made for those left where they have less than this share of its parameters.
_STILL_WORTH = 0.8


class Stack:
    """Networks side by side on the rows of a problem, which are cut into blocks once.

    Parameters
    ----------
    kernel : StackKernel
    examples : Examples
        As the kernel has them.
    blocks : sequence of slice or Block
    rest : Scaling
        What the rows leave to the parameters.
    map_parts : Map
    """

    def __init__(
        self, kernel: StackKernel, examples: Examples, blocks: Any, rest: Scaling, map_parts: Map
    ) -> None:
        self._examples, self._blocks, self._rest, self._map = examples, blocks, rest, map_parts
        self._kernel = kernel
        self.shape: StackShape = self._kernel.shape
        self.activation = kernel.activation
        self.dtype = self._kernel.dtype

    @classmethod
    def of(
        cls,
        problem: Problem,
        activation: Activation,
        shapes: list[Shape],
        scaling: Scaling,
        kind: str | None,
        map_parts: Map,
    ) -> "Stack":
        """Make a stack for networks of these sizes, which have the same plan of rows: that of `kind`, if given."""
        X, loss = problem.X, problem.targets.outputs.loss
        rows, rest = training_rows(X, scaling.astype(X.dtype), shapes[0], kind)
        kernel = StackKernel(rows, StackShape(shapes), activation, loss, X.dtype)
        examples = examples_of(problem, kernel)
        return cls(kernel, examples, blocks_of(examples, cut(rows, X.shape[0], shapes[0])), rest, map_parts)

    def of_places(self, places: Sequence[int]) -> "Stack":
        """Return the stack of some of the networks, on the same blocks."""
        if len(places) == len(self.shape.shapes):
            return self
        shape = StackShape([self.shape.shapes[place] for place in places])
        kernel = StackKernel.like(self._kernel, shape)
        return Stack(kernel, self._examples.under(kernel), self._blocks, self._rest, self._map)

    def alone(self, place: int, penalty: float) -> Objective:
        """Return the cost of one network, with a λ / S, on the same blocks."""
        shape = self.shape.shapes[place]
        examples = self._examples.under(Kernel.like(self._kernel, shape))
        return self._objective(Objective, examples, shape, penalty)

    def together(self, penalties: np.ndarray | float = 0.0) -> Objective:
        """Return the costs of all networks, with a λ / S for each."""
        return self._objective(StackObjective, self._examples, self.shape, penalties)

    def _objective(self, kind: Any, examples: Examples, shape: Any, penalty: Any) -> Objective:
        parts, batch = parts_of(examples, self._blocks), partial(Batch, examples)
        objective: Objective = kind(parts, batch, shape, self._rest, penalty, self.dtype, self._map)
        return objective

    def is_too_wide(self, places: Sequence[int]) -> bool:
        """Tell whether these networks are so small a part of the stack that one of their own pays."""
        return bool(self.shape.sizes[list(places)].sum() < _STILL_WORTH * self.shape.size)


def by_courses(stack: Stack, fits: Sequence[Begun], held_out: Stack | None = None) -> list[Any]:
    """Return what comes of each fit, which takes its own course: a network and its record, or an error.

    `held_out` are the same networks on rows held out, if any.
    """
    ended: dict[int, Any] = {}
    broken: set[int] = set()  # whose numbers may be slow to compute with
    with ExitStack() as closed:
        courses = [
            closed.enter_context(closing(fit.course(_mean_loss(held_out, place))))
            for place, fit in enumerate(fits)
        ]

        def go_on(number: int, answer: Any) -> Any:
            """Return the θ at which a course asks next, None where it has ended."""
            try:
                return courses[number].send(answer).theta
            except StopIteration as end:
                ended[number] = outcome_or_error(fits[number].result, end.value)
                if end.value.reason is StopReason.DIVERGED:
                    broken.add(number)
            except Exception as error:
                ended[number] = as_raised(error)
                broken.add(number)
            return None

        here = list(range(len(fits)))
        asked = {number: go_on(number, None) for number in here}
        theta, data = np.zeros(stack.shape.size, dtype=stack.dtype), stack.together().data
        left, n_ended = list(range(len(fits))), 0
        while len(ended) < len(fits):
            if len(ended) > n_ended:
                left, n_ended = [place for place in left if here[place] not in ended], len(ended)
                if stack.is_too_wide(left) or not broken.isdisjoint(here):
                    stack, here = stack.of_places(left), [here[place] for place in left]
                    left = list(range(len(here)))
                    theta, data = np.zeros(stack.shape.size, dtype=stack.dtype), stack.together().data
            for place in left:
                theta[stack.shape.places[place]] = asked[here[place]]
            values, gradient = data(theta)
            for place in left:
                own = gradient[stack.shape.places[place]].copy()
                asked[here[place]] = go_on(here[place], (float(values[place]), own))
    return [ended[number] for number in range(len(fits))]


def _mean_loss(held_out: Stack | None, place: int) -> Callable[[np.ndarray], float] | None:
    """Return what tells the mean loss of a network on rows held out, if any."""
    return None if held_out is None else held_out.alone(place, 0.0).value


def outcome_or_error(function: Callable[..., Any], *arguments: Any) -> Any:
    """Return what a function returns, or the error that it raised."""
    try:
        return function(*arguments)
    except Exception as error:
        return error
