"""The names of a claim: what they stand for, and what each index runs over.

>>> from pgsym.claims.language.parse import parse
>>> claim = parse("V(s) = sum[a] pi(a|s) * Q(s,a)").claims[0]
>>> [index for index, _ in ClaimNames(()).free_uses(claim.right)]
['s', 's']
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.statement import Arbitrary, Binding, ForAll, ForEach, Let, World
from pgsym.errors import ClaimError
from pgsym.expression.complaint import caret
from pgsym.expression.quantity import ABROAD, ACTION, FINITE, STATE, QuantityDefinition, Role, quantity_at


@dataclass(frozen=True)
class Range:
    """What an index runs over."""

    index: str
    partner: t.Index | None = None
    """For an action, the state whose actions they are."""
    roles: frozenset[Role] = frozenset()
    """For a state, what it is to the quantities that are taken there."""
    drawn: bool = False
    """The index of an expectation whose weights sum to 1 over S+."""

    @property
    def inner(self) -> bool:
        """Over S alone: terminal states are left out."""
        if self.drawn:
            return False
        return Role.VISITED in self.roles or (Role.ACTING in self.roles and Role.NEXT not in self.roles)


class ClaimNames:
    """The names that a claim's bindings give a meaning."""

    def __init__(self, bindings: Iterable[Binding], source: str = "") -> None:
        bindings = tuple(bindings)
        self.source = source
        self.lets = {b.name: b for b in bindings if isinstance(b, Let)}
        self.free = {b.name: b for b in bindings if isinstance(b, ForAll)}
        self.each = [b.index for b in bindings if isinstance(b, ForEach)]
        self.arbitrary = frozenset(b.name for b in bindings if isinstance(b, Arbitrary))
        self.worlds = [b for b in bindings if isinstance(b, World)]
        if self.worlds and self.arbitrary:
            raise ClaimError(
                f"the second model is {self.worlds[0].name}, and {min(self.arbitrary)} is arbitrary; one of them. "
                "Remove the other",
                where="with M'",
            )
        self._random: dict[str, bool] = {}
        self._entries: dict[str, QuantityDefinition] = {}

    def error(self, message: str, node: t.Node) -> ClaimError:
        """A complaint that points at a node, where its place in a text is known."""
        if node.at is not None and node.at < len(self.source):
            return ClaimError(message + caret(self.source, node.at), at=node.at)
        return ClaimError(message, where=str(node))

    def parts(self, node: t.Node, change: Callable[[t.Node], t.Node] = lambda node: node) -> Iterator[t.Node]:
        """What is written out below the node, and in the definitions that it uses; each of them changed first."""
        seen, waiting = set[str](), [node]
        while waiting:
            for part in t.written_out(change(waiting.pop())):
                yield part
                if isinstance(part, t.Call) and part.name in self.lets and part.name not in seen:
                    seen.add(part.name)
                    waiting.append(self.lets[part.name].body)

    def is_random(self, node: t.Node) -> bool:
        """Whether the expression has a value on each run, not one of its own."""
        return any(i == runs.RUN or runs.read_timed(i) for i, _ in self.free_uses(node))

    def _is_random_let(self, name: str) -> bool:
        if name in self.lets and name not in self._random:
            self._random[name] = self.is_random(self.lets[name].body)
        return self._random.get(name, False)

    def kinds(self, node: t.Call | t.Quantity) -> tuple[str, ...]:
        """What the indices of a function are, by its name alone."""
        if isinstance(node, t.Quantity):
            return quantity_at(node.name, 0).kinds
        return tuple(map(_kind, self.declared(node.name)))

    def declared(self, name: str) -> tuple[str, ...]:
        """The indices with which a function of the claim's own is defined or declared."""
        return (self.lets.get(name) or self.free[name]).indices

    def entry(self, node: t.Call | t.Quantity | runs.RunExpect | runs.Covariance) -> QuantityDefinition:
        """Kinds, pairs and roles of one use of a name."""
        if isinstance(node, t.Call) and node.name in self._entries:
            return self._entries[node.name]
        if isinstance(node, runs.Runs):
            return _START
        if isinstance(node, t.Quantity):
            found = quantity_at(node.name, len(node.indices))
            roles = found.roles
            if any(o.key == "gamma" for o in node.overrides):
                roles = tuple((k, role) for k, role in roles if role not in FINITE)
            if node.primed:
                roles = tuple((k, ABROAD.get(role, role)) for k, role in roles)
                roles += tuple((k, Role.ABROAD) for k, role in roles if role is Role.NEXT)
            return replace(found, roles=roles)
        declared, kinds = self.declared(node.name), self.kinds(node)
        nearest = [max((k for k in range(j) if kinds[k] == STATE), default=-1) for j in range(len(kinds))]
        if node.name not in self.lets:
            pairs = [(i, j) for j, i in enumerate(nearest) if kinds[j] == ACTION and i >= 0]
            return QuantityDefinition(node.name, kinds, "", "", tuple((i, Role.ACTING) for i, _ in pairs), tuple(pairs))
        body = self.lets[node.name].body
        ranges = []
        for i, k in zip(declared, nearest, strict=True):
            unused = t.is_action(i) and k >= 0 and not any(self.uses(body, i))
            ranges.append(Range(i, declared[k]) if unused else self.range(body, i))
        pairs = [(declared.index(r.partner), j) for j, r in enumerate(ranges) if r.partner in declared]
        roles = tuple((j, role) for j, r in enumerate(ranges) for role in sorted(r.roles))
        self._entries[node.name] = QuantityDefinition(node.name, kinds, "", "", roles, tuple(pairs))
        return self._entries[node.name]

    def uses(
        self, node: t.Node, index: str, bound: tuple[str, ...] = (), near: bool = False
    ) -> Iterator[tuple[t.Call | t.Quantity | runs.RunExpect | runs.Covariance, int, tuple[str, ...], bool]]:
        """Every place under a node where an index is used.

        The quantity, the position, what is bound on the way, and whether a limit is taken there: the discount is below
        1 then, and everything is finite.
        """
        match node:
            case t.OverIndices(indices, body):
                if index not in indices:
                    yield from self.uses(body, index, (*bound, *indices), near)
            case t.Expect():
                yield from self.uses(node.expanded(), index, bound, near)
            case t.Limit(body):
                yield from self.uses(body, index, bound, True)
            case t.Quantity(_, indices) | t.Call(_, indices):
                yield from ((node, k, bound, near) for k, i in enumerate(indices) if i == index)
            case runs.RunExpect() | runs.Covariance():
                yield from ((node, k, bound, near) for k, i in enumerate(node.indices) if i == index)
                for child in node.children:
                    yield from self.uses(child, index, bound, near)
            case _:
                for child in node.children:
                    yield from self.uses(child, index, bound, near)

    def free_uses(self, node: t.Node, bound: tuple[str, ...] = ()) -> Iterator[tuple[str, t.Node]]:
        """The indices that nothing binds, with the place of each use."""
        match node:
            case t.OverIndices(indices, body):
                what = "sum" if isinstance(node, t.Sum) else type(node).__name__.lower()
                for k, name in enumerate(indices):
                    if name in indices[:k]:
                        raise self.error(f"found {name} twice in one {what}; its indices must differ. Rename one", node)
                    if name in bound:
                        said = "is summed inside a sum" if what == "sum" else f"is bound by {what} inside another"
                        raise self.error(f"{name} {said} over {name}; rename one of them", node)
                yield from self.free_uses(body, (*bound, *indices))
            case t.Expect():
                yield from self.free_uses(node.expanded(), bound)
            case runs.RunExpect() | runs.Covariance():
                yield from ((i, node) for i in node.indices if isinstance(i, str) and i not in bound)
                for child in node.children:
                    yield from ((i, n) for i, n in self.free_uses(child, bound) if not of_run(i))
            case runs.OverTime(index, bounds, body):
                if index in bound:
                    raise self.error(f"{index} is summed inside a sum over {index}; rename one of them", node)
                for other in bounds:
                    yield from _named(other.time, node)
                yield runs.RUN, node
                yield from ((i, n) for i, n in self.free_uses(body, (*bound, index)) if not of_run(i, (index,), False))
            case runs.RewardAt(step) | runs.ReturnFrom(step):
                yield runs.timed("r", step), node
            case runs.Return() | runs.RunProbability():
                yield runs.RUN, node
            case runs.TimePower(body, to, since):
                yield from _named(to, node)
                yield from _named(since, node) if since is not None else ()
                yield from self.free_uses(body, bound)
            case t.Indicator(indices):
                yield from ((i, node) for i in indices if isinstance(i, str) and i not in bound)
            case t.Quantity(_, indices) | t.Call(_, indices):
                kinds = self.kinds(node) if isinstance(node, t.Call) else quantity_at(node.name, len(indices)).kinds
                if isinstance(node, t.Call) and self._is_random_let(node.name):
                    yield runs.RUN, node
                for i, kind in zip(indices, kinds, strict=False):
                    time = runs.read_time(i) if isinstance(i, str) else None
                    if kind == TIME and time is None:
                        raise self.error(f"{node.name} takes a time there, as in {node.name}(t)", node)
                    if isinstance(i, str):
                        found = _kind(i) if time is None else TIME
                        if found != kind:
                            raise self.error(f"{node.name} takes {_A[kind]} there; {i} is {_A[found]}", node)
                        if time is not None:
                            yield from _named(time, node)
                        elif i not in bound:
                            yield i, node
            case _:
                for child in node.children:
                    yield from self.free_uses(child, bound)

    def range(self, body: t.Node, index: str, drawn: bool = False) -> Range:
        """What an index that is bound just above `body` runs over; for `drawn` see `t.Sum`."""
        partners: dict[t.Index, t.Node] = {}
        roles = set[Role]()
        for node, position, bound, near in self.uses(body, index):
            found = self.entry(node)
            roles |= {role for k, role in found.roles if k == position and not (near and role in FINITE)}
            for state, action in found.pairs:
                if action == position:
                    if node.indices[state] in bound:
                        raise self.error(
                            f"{index} is an action of {node.indices[state]}, which is bound further inside; sum over "
                            f"{node.indices[state]} first",
                            node,
                        )
                    partners.setdefault(node.indices[state], node)
        if not t.is_action(index):
            return Range(index, None, frozenset(roles), drawn)
        if len(partners) != 1:
            place = list(partners.values())[-1] if partners else body
            shown = " and ".join(i if isinstance(i, str) else str(i.name) for i in partners) or "no state"
            raise self.error(f"{index} is an action of {shown}; it must be an action of one state", place)
        return Range(index, next(iter(partners)))


TIME = "time"
_A = {ACTION: "an action", STATE: "a state", TIME: "a time"}
_START = QuantityDefinition("E[tau]", (STATE, ACTION), "", "", ((0, Role.ACTING),), ((0, 1),))
"""What a run may be given to begin with."""


def _kind(index: str) -> str:
    return TIME if runs.is_time(index) else ACTION if t.is_action(index) else STATE


def _named(time: runs.Time, node: t.Node) -> Iterator[tuple[str, t.Node]]:
    """The use of a time by a letter."""
    yield from [(runs.timed("s", time), node)] if time.name else ()


def of_run(index: str, times: tuple[str, ...] = (), counted: bool = True) -> bool:
    """Whether an index is bound by one of these times, or by the run with the steps `counted` from its start."""
    found = runs.read_timed(index)
    if found is None:
        return counted and index == runs.RUN
    return found[1].name in times or (counted and not found[1].name)
