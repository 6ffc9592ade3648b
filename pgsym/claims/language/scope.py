"""The shape of every expression: a scalar, a vector or a matrix over the parameters.

>>> from pgsym.claims.language.parse import parse
>>> Scope(()).rank(parse("grad J = outer(grad J, grad J)").claims[0].right)
2
"""

from __future__ import annotations

from collections.abc import Iterable

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.names import ClaimNames, of_run
from pgsym.claims.language.statement import Binding
from pgsym.errors import ClaimError
from pgsym.expression.quantity import ACTION, STATE, quantity_at

SHAPES = ("a scalar", "a vector over the parameters", "a matrix over the parameters")
"""What the ranks 0, 1 and 2 are called."""


class Scope(ClaimNames):
    """The names of a claim, and the shape of what is written with them."""

    def __init__(self, bindings: Iterable[Binding], source: str = "") -> None:
        super().__init__(bindings, source)
        self._ranks: dict[tuple[str, bool], int] = {}
        self._at_one_policy = False

    def rank(self, node: t.Node) -> int | None:
        """0, 1 or 2; None for the number 0, which has every shape."""
        match node:
            case t.Number(value):
                return 0 if value else None
            case t.Quantity(name, indices):
                self._check_applied(node, len(quantity_at(name, len(indices)).kinds))
                self._check_times(node)
                return quantity_at(name, len(indices)).rank
            case t.Call(name):
                self._check_applied(node, len(self.declared(name)))
                self._check_times(node)
                return self.let_rank(name) if name in self.lets else 0
            case t.Neg(body) | t.StopGradient(body) | t.Limit(body):
                return self.rank(body)
            case t.Sum(_, body) | t.Expect(_, body) | runs.TimeSum(_, _, body):
                return self.rank(body)
            case runs.RewardAt() | runs.ReturnFrom() | runs.Return() | runs.RunProbability():
                return 0
            case runs.TimePower(body) | runs.TimeProduct(_, _, body):
                if isinstance(node, runs.TimePower) and any(self.free_uses(body)):
                    raise self.error(
                        "found a power over time of what has indices; it is taken of numbers, such as gamma. Write "
                        "prod[u<t] for a product over the steps", body,
                    )  # fmt: skip
                return self._scalar(body, "a power or a product over time is taken")
            case runs.RunExpect(body, "E"):
                return self.rank(body)
            case runs.RunExpect(body):
                return self._covariance(node, self.rank(body) or 0, self.rank(body) or 0)
            case runs.Covariance(left, right):
                return self._covariance(node, self.rank(left) or 0, self.rank(right) or 0)
            case t.Grad(body) | t.PrimedGrad(body):
                self._check_gradient(node, body)
                rank = self.rank(body) or 0
                if rank == 2:
                    raise self.error("found the gradient of a matrix; scalars and vectors have one", node)
                return rank + 1
            case t.SamePolicy(body):
                if self._at_one_policy or self.worlds or self.arbitrary - {"pi'"}:
                    what = "inside another" if self._at_one_policy else "with a second model"
                    raise self.error(
                        f"found at[pi'=pi] {what}; it is about an arbitrary second policy. Remove one", node
                    )
                self._at_one_policy = True
                try:
                    return self.rank(body)
                finally:
                    self._at_one_policy = False
            case t.Log(body) | t.Pow(body):
                return self._scalar(body, "a logarithm or a power is taken")
            case t.Abs(body) | t.Max(_, body) | t.Min(_, body):
                return self._scalar(body, "abs, max or min is taken")
            case t.Inv(body) | t.Transpose(body):
                if self.rank(body) != 2:
                    raise self.error(f"found {self._shape(body)}; a matrix over the parameters is required", body)
                return 2
            case runs.Trace(body):
                if self.rank(body) != 2:
                    raise self.error(f"found {self._shape(body)}; a matrix over the parameters has a trace", body)
                return 0
            case t.Add(left, right) | t.Sub(left, right):
                return self._same(left, right, node)
            case t.Mul(left, right):
                ranks = self.rank(left), self.rank(right)
                if ranks[0] and ranks[1]:
                    raise self.error(
                        f"found {SHAPES[ranks[0]]} times {SHAPES[ranks[1]]}; one factor must be a scalar. "
                        "Write dot(x, y) or outer(x, y)",
                        node,
                    )
                return None if None in ranks else max(r for r in ranks if r is not None)
            case t.Div(left, right):
                self._scalar(right, "division is")
                return self.rank(left)
            case t.Dot(left, right):
                ranks = self.rank(left), self.rank(right)
                if not ranks[0] or not ranks[1]:
                    raise self.error("found a scalar in dot; vectors or matrices are required. Write *", node)
                return ranks[0] + ranks[1] - 2
            case t.Outer(left, right):
                if (self.rank(left), self.rank(right)) != (1, 1):
                    raise self.error("outer takes two vectors over the parameters", node)
                return 2
            case t.Symbol() | t.Indicator():
                return 0
        raise TypeError(f"{type(node).__name__} is not a node of the claim language")

    def _check_gradient(self, node: t.Node, body: t.Node) -> None:
        """grad' stands under at[pi'=pi], and no gradient before it."""
        if isinstance(node, t.PrimedGrad) and not self._at_one_policy:
            raise self.error(
                "found grad' of an arbitrary policy, which has no parameters; it stands under at[pi'=pi], where pi' is "
                "of the family of pi. Write at[pi'=pi] before it", node,
            )  # fmt: skip
        if any(isinstance(part, t.SamePolicy) for part in self.parts(body)):
            raise self.error("found a gradient of at[pi'=pi], where it is one policy. Take it inside, as grad'", node)

    def let_rank(self, name: str) -> int:
        """The shape of what a let defines."""
        place = name, self._at_one_policy
        if place not in self._ranks:
            let = self.lets[name]
            loose = [i for i, _ in self.free_uses(let.body) if i not in let.indices and not of_run(i, let.indices)]
            if loose:
                raise ClaimError(
                    f"its body has the index {loose[0]}; a definition mentions only its own indices. "
                    f"Write let {name}({','.join([*let.indices, loose[0]])})",
                    where=f"let {name}",
                )
            self._ranks[place] = self.rank(let.body) or 0
        return self._ranks[place]

    def require_let(self, name: str) -> None:
        """A definition makes sense wherever it is used; one that is not, outside of at[pi'=pi]."""
        if not {(name, False), (name, True)} & self._ranks.keys():
            self.let_rank(name)

    def _covariance(self, node: t.Node, *ranks: int) -> int:
        if ranks not in ((0, 0), (1, 1)):
            raise self.error(
                f"found the covariance of {SHAPES[ranks[0]]} and {SHAPES[ranks[1]]}; two scalars or two vectors over "
                "the parameters have one",
                node,
            )
        return 2 * ranks[0]

    def _check_times(self, node: t.Quantity | t.Call) -> None:
        """An action is taken in the state of its own time."""
        if not any(isinstance(i, str) and runs.read_timed(i) for i in node.indices):
            return
        for state, action in self.entry(node).pairs:
            places = node.indices[state], node.indices[action]
            at = [runs.read_timed(i) if isinstance(i, str) else None for i in places]
            if at[1] is not None and (at[0] is None or at[0][1] != at[1][1]):
                wanted = runs.timed("s", at[1][1])
                raise self.error(f"{places[1]} is an action of {wanted}; found {places[0]}. Give both one time", node)

    def _same(self, left: t.Node, right: t.Node, node: t.Node) -> int | None:
        a, b = self.rank(left), self.rank(right)
        if a is not None and b is not None and a != b:
            raise self.error(f"{SHAPES[a]} on the left, {SHAPES[b]} on the right; both must have one shape", node)
        return a if b is None else b

    def _scalar(self, node: t.Node, what: str) -> int:
        if self.rank(node):
            raise self.error(f"found {self._shape(node)}; {what} of or by a scalar only", node)
        return 0

    def _shape(self, node: t.Node) -> str:
        return SHAPES[self.rank(node) or 0]

    def _check_applied(self, node: t.Quantity | t.Call, arity: int) -> None:
        if len(node.indices) != arity:
            raise self.error(
                f"{node.name} stands without its indices; it is a function. For a symbol of the model write "
                f'"{node.name}"',
                node,
            )
        if isinstance(node, t.Quantity):
            for override in node.overrides:
                self._check_override(node, override)

    def _check_override(self, node: t.Quantity, override: t.Override) -> None:
        value = override.value
        if override.key == "gamma":
            if self.rank(value) or list(self.free_uses(value)):
                raise self.error("a discount factor is a scalar without indices", value)
            return
        if not isinstance(value, t.Call | t.Quantity) or value.indices:
            raise self.error(f"{override.key} is replaced by the name of a function, as in {node.name}[r=c]", value)
        kinds = self.kinds(value)
        allowed = [(STATE,), (STATE, ACTION)] if override.key == "r" else [(STATE,)]
        if kinds not in allowed:
            wanted = "c(s) or c(s,a)" if override.key == "r" else "w(s)"
            raise self.error(f"{value.name} cannot stand for {override.key}; it must be a function {wanted}", value)
