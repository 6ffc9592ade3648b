"""One model as Coq reads it: numbered states, its tables of numbers, and the softmax policy."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence, Set
from functools import cached_property

import sympy as sp

from pgsym.certificates.terms import CoqNames, Terms
from pgsym.errors import CertificateError
from pgsym.expression.linear import Linear, common_denominators
from pgsym.expression.naming import in_order, spelt
from pgsym.limits import CERTIFICATE_ENTRIES
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy, Softmax
from pgsym.model.structure import Structure


class CertifiedModel:
    """A model with a softmax policy, its states in an order in which each leads to lower ones.

    State k of the certificate is `order[k]`.  For the average reward the first is recurrent; at gamma = 1 terminal
    states come first; from every other one some action leads to a state before it.  `symbols` and `params` are
    identifiers.
    """

    def __init__(self, mdp: MDP, policy: Policy, objective: Objective) -> None:
        if not isinstance(policy, Softmax):
            raise CertificateError(
                f"found a {type(policy).__name__} policy; certificates are written for softmax policies with linear "
                "logits. Give logits",
                where="policy",
            )
        self.mdp = mdp
        self.policy = policy
        self.objective = objective
        self.structure = Structure(mdp, policy)
        self.structure.require(objective)
        self.order: tuple[State, ...] = tuple(self._ordered())
        size = len(self.order) * sum(len(self.actions(s)) for s in self.order)
        if size > CERTIFICATE_ENTRIES:
            raise CertificateError(
                f"the model has {size} entries P(s'|s,a); certificates are written for up to {CERTIFICATE_ENTRIES}. "
                "Decide it with pgsym verify",
                where="certify",
            )
        self.names = CoqNames()
        self.index = {s: k for k, s in enumerate(self.order)}
        self._name()

    # -- order ----------------------------------------------------------------------------------------------

    @cached_property
    def undiscounted(self) -> bool:
        """Whether gamma = 1, so that runs must end."""
        return bool(self.mdp.gamma == 1)

    @cached_property
    def ended(self) -> frozenset[State]:
        """Terminal states; at gamma = 1 also those after which nothing is earned."""
        if self.objective is Objective.START_STATE and self.undiscounted:
            return self.mdp.terminal | self.structure.rewardless
        return self.mdp.terminal

    def actions(self, state: State) -> tuple[Action, ...]:
        """The actions of a state; none where the run has ended."""
        return () if state in self.ended else self.mdp.actions(state)

    def _ordered(self) -> Iterable[State]:
        if self.objective is Objective.START_STATE:
            if not self.undiscounted:
                return self.mdp.states
            return self._by_distance([s for s in self.mdp.states if s in self.ended], self.structure.improper)
        return self._by_distance([self.structure.recurrent_classes[0][0]], frozenset())

    def _by_distance(self, ends: Sequence[State], left_out: Set[State]) -> list[State]:
        """States by the number of steps that they need to the ends, each layer in the model's order."""
        found = layer = list(ends)
        seen = {*ends, *left_out}
        while layer:
            before = {s for t in layer for s in self.structure.graph.predecessors(t)} - seen
            layer = [s for s in self.mdp.states if s in before]
            seen |= before
            found = [*found, *layer]
        return found

    def descent(self, state: State) -> tuple[Action, State]:
        """An action and a next state before this one, of positive probability."""
        k = self.index[state]
        for a in self.actions(state):
            for t, p in self.row(state, a).items():
                if self.index[t] < k and p != 0:
                    return a, t
        raise CertificateError(f"from {state!r} no state before it is reached; each must have one", where="certify")

    # -- names ----------------------------------------------------------------------------------------------

    def _name(self) -> None:
        give = self.names
        self.symbols = {s: give.symbol(s.name) for s in in_order(self.mdp.symbols)}
        self.params = {p: give.symbol(p.name) for p in self.policy.params}
        self._state = {s: give.give("s_", s, f"state {spelt(s)}") for s in self.order}
        self._action: dict[tuple[State, Action], str] = {}
        for s in self.order:
            prefix = "a" + self._state[s][1:] + "_"
            for a in self.actions(s):
                self._action[s, a] = give.give(prefix, a, f"action {spelt(a)} in state {spelt(s)}")
        # Expressions in the model's symbols, and the same to stand in a product.
        terms = Terms(self.symbols)
        self.write, self.factor = terms.write, terms.factor

    @property
    def pinned(self) -> str:
        """The model with the number of its states beside the first, where elimination for averages begins."""
        return f"model {len(self.order) - 1}%nat"

    def state(self, state: State) -> str:
        """The identifier of a state."""
        return self._state[state]

    def action(self, state: State, action: Action) -> str:
        """The identifier of an action of a state."""
        return self._action[state, action]

    def pair(self, state: State, action: Action) -> str:
        """Both identifiers, as arguments."""
        return f"{self._state[state]} {self._action[state, action]}"

    @property
    def args(self) -> str:
        """The parameters, as arguments."""
        return " ".join(self.params.values())

    @property
    def binders(self) -> str:
        """The parameters, as bound variables."""
        return f" ({self.args} : R)" if self.params else ""

    def along(self, param: sp.Symbol) -> str:
        """The arguments with t for one of them."""
        return " ".join("t" if p == param else name for p, name in self.params.items())

    # -- numbers --------------------------------------------------------------------------------------------

    @cached_property
    def acting(self) -> list[State]:
        """The states with actions, in order."""
        return [s for s in self.order if self.actions(s)]

    @cached_property
    def pairs(self) -> list[tuple[State, Action]]:
        """Every state with each of its actions."""
        return [(s, a) for s in self.order for a in self.actions(s)]

    def row(self, state: State, action: Action) -> dict[State, sp.Expr]:
        """P(s'|s,a), without zeros; outcomes that share s' are added."""
        found: dict[State, sp.Expr] = {}
        for t, p, _ in self.mdp.outcomes(state, action):
            found[t] = found[t] + p if t in found else p
        return {t: p for t, p in found.items() if sp.cancel(p) != 0}

    def reward(self, state: State, action: Action) -> sp.Expr:
        """r(s,a) = sum_s' P(s'|s,a) r(s,a,s')."""
        return sp.Add(*(o.p * o.r for o in self.mdp.outcomes(state, action)))

    def logit(self, state: State, action: Action) -> Linear:
        """l(s,a)."""
        return self.policy.logits[state][action]

    def slope(self, state: State, action: Action, param: sp.Symbol) -> sp.Rational:
        """d l(s,a) / d theta_i."""
        c = dict(self.logit(state, action).coefficients).get(param, 0)
        return sp.Rational(c.numerator, c.denominator) if c else sp.Integer(0)

    @cached_property
    def denominators(self) -> tuple[dict[sp.Symbol, int], int]:
        """q_i and q_0: every exponential is a product of powers of exp(theta_i/q_i) and exp(1/q_0)."""
        return common_denominators(self.logit(s, a) for s, a in self.pairs)

    @cached_property
    def probabilities(self) -> list[sp.Expr]:
        """Probabilities that hold symbols, each once."""
        rows = (p for s, a in self.pairs for p in self.row(s, a).values())
        return list(dict.fromkeys(p for p in rows if p.free_symbols))

    @cached_property
    def strict(self) -> list[sp.Expr]:
        """Those that must be positive, so that every run ends or returns."""
        if self.objective is Objective.START_STATE and not self.undiscounted:
            return []
        found = []
        for s in self.order if self.objective is Objective.START_STATE else self.order[1:]:
            if self.actions(s):
                a, t = self.descent(s)
                found.append(self.row(s, a)[t])
        return list(dict.fromkeys(p for p in found if p.free_symbols))


def total(terms: Iterable[str]) -> str:
    """A sum; 0 if there is nothing.

    >>> total(["a", "b"]), total([])
    ('a + b', '0')
    """
    return " + ".join(terms) or "0"


def weighted(coefficient: sp.Expr, written: str, factor: str) -> str:
    """coefficient * factor, where 1 is left out.

    >>> weighted(sp.Integer(1), "1", "x"), weighted(sp.Rational(1, 2), "(1/2)", "x")
    ('x', '(1/2) * x')
    """
    return factor if coefficient == 1 else f"{written} * {factor}"


def table(cases: Iterable[tuple[Sequence[Hashable], str]], variables: Sequence[str], default: str = "0") -> str:
    """A function given by its values where they are not the default."""
    rows = [f"  | {', '.join(map(str, place))} => {value}" for place, value in cases if value != default]
    if not rows:
        return f"  {default}"
    blank = ", ".join("_" for _ in variables)
    return "\n".join([f"  match {', '.join(variables)} with", *rows, f"  | {blank} => {default}", "  end"])
