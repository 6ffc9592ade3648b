"""How often the parts of a claim are evaluated on a model, before any of it is: a sum over k states costs |S|^k."""

from __future__ import annotations

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.language import tree as t
from pgsym.errors import ClaimError

MAX_EVALUATIONS = 20_000_000
"""Parts evaluated for one point of an identity test: about a minute."""


def require_affordable(setting: BoundClaim) -> None:
    """Refuse a claim whose sums run over too many combinations of states and actions.

    Raises
    ------
    ClaimError
        There are more than `MAX_EVALUATIONS` evaluations.

    Examples
    --------
    >>> import pgsym
    >>> model = pgsym.zoo("random-walk", n=100)
    >>> pgsym.decide(model, "sum[s,s1,s2,s3] V(s) * V(s1) * V(s2) * V(s3) = 1")
    Traceback (most recent call last):
      ...
    pgsym.errors.ClaimError: sum[s,s1,s2,s3] V(s) * V(s1) * V(s2) * V(s3) == 1: about 8e+08 evaluations on a model \
with 102 states; at most 20000000 are made. Sum over fewer indices at once
    """
    found = evaluations(setting)
    if found > MAX_EVALUATIONS:
        raise ClaimError(
            f"about {found:.0e} evaluations on a model with {len(setting.mdp.states)} states; at most "
            f"{MAX_EVALUATIONS} are made. Sum over fewer indices at once",
            where=str(setting.claim),
        )


def evaluations(setting: BoundClaim) -> float:
    """A bound: parts without free indices are evaluated once, definitions once for each place."""
    counter = _Counter(setting)
    free = tuple(r.index for r in setting.ranges)
    total = sum(counter.count(side, counter.times(free)) for side in (setting.claim.left, setting.claim.right))
    return total + sum(counter.count(let.body, counter.times(let.indices)) for let in setting.scope.lets.values())


class _Counter:
    def __init__(self, setting: BoundClaim) -> None:
        mdp = setting.mdp
        self.states = float(len(mdp.states))
        self.actions = float(max((len(mdp.actions(s)) for s in mdp.nonterminal), default=0))
        # By identity, because equal parts stand in different places; the node is kept so that its number stays its own.
        self._free: dict[int, tuple[frozenset[str], t.Node]] = {}

    def times(self, indices: tuple[str, ...]) -> float:
        found = 1.0
        for i in indices:
            found *= self.actions if t.is_action(i) else self.states
        return found

    def count(self, node: t.Node, times: float) -> float:
        """Evaluations of the node and of all below it."""
        if isinstance(node, t.Expect):
            node = node.expanded()
        if not self.free(node):
            times = 1.0  # and kept
        inner = times * self.times(node.indices) if isinstance(node, t.Sum) else times
        return times + sum(self.count(child, inner) for child in node.children)

    def free(self, node: t.Node) -> frozenset[str]:
        """The indices that nothing binds."""
        if id(node) not in self._free:
            if isinstance(node, t.Expect):
                found = self.free(node.expanded())
            elif isinstance(node, t.Quantity | t.Call):
                found = frozenset(i for i in node.indices if isinstance(i, str))
            else:
                found = frozenset[str]().union(*map(self.free, node.children))
                found -= frozenset(node.indices if isinstance(node, t.Sum) else ())
            self._free[id(node)] = found, node
        return self._free[id(node)][0]
