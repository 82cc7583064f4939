"""L-BFGS: scipy's, behind the same records as the other solvers."""

import math

import numpy as np
from scipy.optimize import minimize as scipy_minimize

from sk_shallow._solvers._state import Evaluate, State
from sk_shallow._solvers._stopping import Run, StopReason

#: scipy's own tolerances are off: the rules decide, so that every solver means the same by `tol`.
_OPTIONS = {"maxiter": 2**31 - 1, "maxfun": 2**31 - 1, "ftol": 0.0, "gtol": 0.0, "maxls": 50}


class Lbfgs:
    """One run of scipy's L-BFGS-B: what it asks goes to `evaluate`, what it accepts is told to `run`.

    scipy works in float64; the objective is asked in the dtype of the start.
    """

    def __init__(self, evaluate: Evaluate, theta: np.ndarray, run: Run) -> None:
        self._evaluate, self._theta, self._run = evaluate, theta, run
        self._asked: State | None = None
        self._failure: StopIteration | None = None

    def minimise(self) -> None:
        """Go from θ until the run stops, or no step lowers the cost."""
        start = self._theta.astype(np.float64)
        if self._run.tell(self._state(start)):
            return
        try:
            scipy_minimize(  # type: ignore[call-overload]
                self._ask, start, jac=True, method="L-BFGS-B", callback=self._callback, options=_OPTIONS
            )
        finally:
            if self._failure is not None:  # scipy takes it for our wish to stop
                raise self._failure
        self._run.reason = self._run.reason or StopReason.STALLED

    def _ask(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        state = self._state(x)
        # The line search steps back from what is infinite, not from what is no number.
        return math.inf if math.isnan(state.loss) else state.loss, state.gradient.astype(np.float64)

    def _state(self, x: np.ndarray) -> State:
        """Return the state at x: most often asked last, as scipy asks at the start and at what it accepts."""
        theta = x.astype(self._theta.dtype)
        if self._asked is None or not np.array_equal(self._asked.theta, theta):
            try:
                self._asked = State(theta, *self._evaluate(theta, None), {})
            except StopIteration as error:
                self._failure = error
                raise
        return self._asked

    def _callback(self, x: np.ndarray) -> None:
        state = self._state(x)
        try:
            stops = state is not self._run.last and self._run.tell(
                state
            )  # scipy repeats a point where it gives up
        except StopIteration as error:  # of a scorer of the user's
            self._failure = error
            raise
        if stops:
            raise StopIteration
