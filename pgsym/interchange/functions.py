"""Closed forms as functions of theta on NumPy or JAX arrays.

The expressions are walked by `pgsym.expression.evaluate`, after their common parts are taken out; no code is
generated.  On JAX the walk happens while tracing, so `jit`, `grad` and `vmap` see array operations only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from importlib import import_module
from typing import Any

import sympy as sp

from pgsym.errors import PolicyError, SchemaError, TooLargeError
from pgsym.exact.solution import Solution, Table
from pgsym.expression.complaint import nearest
from pgsym.expression.evaluate import evaluate
from pgsym.expression.exact import to_expr
from pgsym.expression.linear import Linear
from pgsym.expression.naming import in_order
from pgsym.expression.quantity import LISTED

BACKENDS = ("numpy", "jax")
"""Where the arrays come from."""


class ArrayFunction:
    """f(theta, symbols) on arrays; made by `function`."""

    def __init__(
        self, exprs: Sequence[sp.Expr], params: Iterable[sp.Symbol], backend: str, keys: Sequence[Any] | None = None
    ) -> None:
        if backend not in BACKENDS:
            raise SchemaError(
                f"found {backend!r}; {nearest(backend, BACKENDS, 'a backend is one of')}. Choose one", where="backend"
            )
        self.params = tuple(params)
        """The meaning of theta's last axis."""
        used = {s for e in exprs for s in e.free_symbols}
        self.symbols = tuple(in_order(used - set(self.params)))
        """What else the expressions depend on; each needs a value in the second argument."""
        self.keys = tuple(keys or ())
        """The meaning of the result's last axis: states, (state, action) pairs or parameters; empty for a scalar."""
        self.backend = backend
        self._scalar = keys is None
        self._steps, self._results = sp.cse(list(exprs), symbols=(sp.Dummy() for _ in iter(int, 1)), order="none")

    def __call__(self, theta: Any, symbols: Mapping[sp.Symbol | str, Any] | None = None) -> Any:
        """The values at theta, shape (..., k) in the order of `params`; axes in front are points.

        `symbols` gives every other symbol a value, by name or symbol: a number, or an array of theta's shape without
        its last axis.  The result has shape (...) for a scalar, else (..., n) in the order of `keys`, and theta's type.
        """
        xp = import_module({"jax": "jax.numpy"}.get(self.backend, "numpy"))
        # whole numbers become floats, floats keep their width
        theta = xp.asarray(theta) + 0.0
        if theta.ndim == 0 or theta.shape[-1] != len(self.params):
            raise PolicyError(
                f"found shape {theta.shape}; (..., {len(self.params)}) is required: "
                f"{', '.join(p.name for p in self.params) or 'no parameter'}. Reshape it",
                where="theta",
            )
        values = {p: theta[..., i] for i, p in enumerate(self.params)} | self._given(symbols or {})
        numbers = _Arrays(xp, values)
        for name, part in self._steps:
            values[name] = evaluate(part, numbers)
        shape = theta.shape[:-1]
        found = [xp.broadcast_to(xp.asarray(evaluate(e, numbers), theta.dtype), shape) for e in self._results]
        if self._scalar:
            return found[0]
        return xp.stack(found, axis=-1) if found else xp.zeros((*shape, 0), theta.dtype)

    def _given(self, symbols: Mapping[sp.Symbol | str, Any]) -> dict[sp.Symbol, Any]:
        by_name = {s.name: s for s in self.symbols}
        given = {s if isinstance(s, str) else s.name: value for s, value in symbols.items()}
        for name in given:
            if name not in by_name:
                known = nearest(name, by_name, "the symbols are")
                raise SchemaError(f"{name!r} is not a symbol of it; {known}. Check the name", where="symbols")
        missing = [name for name in by_name if name not in given]
        if missing:
            raise SchemaError(
                f"no value for {', '.join(missing)}; every symbol needs one. Give it as the second argument",
                where="symbols",
            )
        return {by_name[name]: value for name, value in given.items()}

    def __repr__(self) -> str:
        size = "scalar" if self._scalar else f"{len(self.keys)} entries"
        return f"ArrayFunction({self.backend}, {len(self.params)} parameters, {size})"


class _Arrays:
    """NumPy's or JAX's arrays as a number system."""

    def __init__(self, xp: Any, values: Mapping[sp.Symbol, Any]) -> None:
        self.xp = xp
        self.values = values

    def number(self, value: Fraction) -> float:
        try:
            return float(value)
        except OverflowError:
            raise TooLargeError(
                f"a coefficient has {value.numerator.bit_length()} bits; a float holds 1024. "
                "Use the exact value: solution.at(theta)",
                where="function",
            ) from None

    def symbol(self, symbol: sp.Symbol) -> Any:
        return self.values[symbol]

    def exp(self, form: Linear) -> Any:
        return self.xp.exp(form.value(self))


def function(
    what: Solution | Table | sp.Expr | Sequence[sp.Expr],
    backend: str = "numpy",
    *,
    quantity: str = "J",
    params: Iterable[sp.Symbol | str] | None = None,
) -> ArrayFunction:
    """A closed form as a function of theta.

    Parameters
    ----------
    what
        A solution in closed form, of which `quantity` is taken; or a table, an expression, or a list of expressions.
    backend
        ``numpy``, or ``jax``, for which `jit`, `grad` and `vmap` work.
    quantity
        J, grad, mu, eta, d, V, Q, A, h or rbar.
    params
        The order of theta; by default the policy's parameters for a solution, else all symbols by name.

    Returns
    -------
    Function
        Of an array theta, and of numbers for the symbols.  A closed form in exp(theta) overflows where |theta| is some
        hundreds: use the policy's values there.

    Raises
    ------
    SchemaError
        No such backend or quantity; a solution at a point, which is no function of theta.

    See Also
    --------
    solve : The closed form that it evaluates.

    Examples
    --------
    >>> from pgsym.exact import solve
    >>> from pgsym.model.zoo import zoo
    >>> corridor = zoo("short-corridor")
    >>> J = function(solve("short-corridor"))
    >>> J([[0.0], [0.5]]).round(4).tolist()
    [-12.0, -11.7236]
    >>> p, q = sp.symbols("p q")
    >>> float(function(p / (1 - q), params=["p"])([1.0], {"q": 0.5}))
    2.0
    """
    keys: Sequence[Any] | None = None
    if isinstance(what, Solution):
        if what.theta is not None:
            raise SchemaError(
                "the solution is at a point; a function needs the closed form. Use the solution before at()",
                where="function",
            )
        if quantity not in LISTED:
            raise SchemaError(
                f"found {quantity!r}; {nearest(quantity, LISTED, 'a quantity is one of')}. Check the name",
                where="quantity",
            )
        params = what.policy.params if params is None else params
        what = getattr(what, quantity)
    if isinstance(what, Table):
        keys, exprs = tuple(what), [what[key] for key in what]
    elif isinstance(what, sp.Expr):
        exprs = [what]
    else:
        exprs = [to_expr(e) for e in what]
        keys = tuple(range(len(exprs)))
    if params is None:
        order = in_order({s for e in exprs for s in e.free_symbols})
    else:
        order = [sp.Symbol(p) if isinstance(p, str) else p for p in params]
    return ArrayFunction(exprs, order, backend, keys)
