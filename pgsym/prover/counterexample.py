"""The smallest MDP that refutes a claim.

First the size: on the generic model of each smaller one the claim is proved, or every pattern of outcomes and rewards
is tried.  Then the pattern with the fewest outcomes and rewards on which the claim still fails, then small numbers.
What is found is decided once more, exactly.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Any

from pgsym.claims.catalogue.hypotheses import Hypothesis
from pgsym.claims.decide import Decision, decide
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.relation import EQUAL, UNEQUAL
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Claim
from pgsym.claims.verdict import Status, Verdict
from pgsym.display.result import aligned, html_text
from pgsym.errors import AlgebraError, ClaimError, HypothesisError, StructureError, TooLargeError
from pgsym.expression.naming import spelt
from pgsym.limits import REFUTING_MODELS
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policies import softmax_policy, tabular
from pgsym.model.problem import Problem, point_text
from pgsym.model.structure import Structure
from pgsym.prover.small_models import ModelSize, Pattern, largest_cost, patterns, sizes

MAX_STATES, MAX_ACTIONS = 3, 3
"""Sizes up to which a claim without a proof is tested, terminal states counted."""

STRUCTURAL = {"g", "nu", "H", "n"}
"""Quantities that are no rational functions of all models of a size: they see which states are recurrent."""

ENDLESS = {"mu", "D", "h", "rbar"}
"""Quantities that no MDP with a terminal state has."""

PATIENCE = 150
"""So many models of one size are tried where nobody knows that one refutes the claim, or that it applies to one."""

PAIRS = 6
"""States times actions up to which limits are taken, and claims about several recurrent classes tested."""

NUMBERS, SEEDS = 3, 2
"""Choices of numbers that are decided on a pattern, and of values for what the claim declares, until theta = 0 does."""

_NOT_DECIDED = (HypothesisError, StructureError, ClaimError, AlgebraError, ZeroDivisionError)


@dataclass(frozen=True)
class Counterexample:
    """An MDP with numbers, at a theta, for which a claim is false.

    >>> import pgsym
    >>> found = pgsym.refute("V(s) = r_pi(s)").counterexample
    >>> print(found)
    one state and one action suffice; no smaller MDP does it
      state  action  next state  probability  reward
          x       a           x            1       1
      start in x, gamma = 1/2
        value at s = x: left 2, right 1
    >>> pgsym.solve(found.problem).at().V
    V({'x': 2})
    """

    problem: Problem
    """To be saved, drawn or solved like any other."""
    verdict: Verdict
    """On the claim there: refuted, with both sides at theta."""
    size: ModelSize
    minimal: bool
    """Whether it is certain that no MDP with fewer states or actions does it."""

    def __str__(self) -> str:
        mdp, witness = self.problem.mdp, self.verdict.witness
        head = ("state", "action", "next state", "probability", "reward")
        table = aligned([head, *(tuple(map(spelt, row[:3])) + tuple(map(str, row[3:])) for row in mdp.rows)])
        several = len(mdp.start) > 1
        told = ["start in " + ", ".join(spelt(s) + f" ({p})" * several for s, p in mdp.start.items())]
        told.append(f"gamma = {mdp.gamma}")
        if self.problem.policy.params and len(mdp.pairs) > len(mdp.nonterminal):
            told.append("theta = 0" if not any(self.problem.point.values()) else point_text(self.problem.point))
        sides = []
        if witness is not None:
            told += [f"{s} = {v}" for s, v in witness.values.items()]
            sides = [line for line in str(witness).splitlines() if not line.startswith("at ")]
        lines = [*table.splitlines(), ", ".join(told), *sides]
        minimal = "no smaller MDP does it" if self.minimal else "no smaller one was found"
        return "\n".join([f"{self.size.in_words()} suffice; {minimal}", *(f"  {line}" for line in lines)])

    def to_json(self) -> dict[str, Any]:
        """Plain data in the schema of docs/results.md."""
        mdp = self.problem.mdp
        return {
            "transitions": [[*map(spelt, row[:3]), *map(str, row[3:])] for row in mdp.rows],
            "start": {spelt(s): str(p) for s, p in mdp.start.items()},
            "gamma": str(mdp.gamma),
            "minimal": self.minimal,
            "verdict": self.verdict.to_json(),
        }

    def _repr_html_(self) -> str:
        """The text, and the picture of the model."""
        return f"<pre>{html_text(str(self))}</pre>{self.problem.mdp._repr_svg_() or ''}"


@dataclass
class Search:
    """Looks for the smallest counterexample to one claim."""

    claim: Claim
    objective: Objective
    requires: Collection[Hypothesis] = ()
    """Models that do not meet them are passed over."""
    undiscounted: bool = False
    """gamma is 1."""
    ending: bool = False
    """Only models with a terminal state."""
    max_states: int = MAX_STATES
    """Terminal ones counted."""
    settled: dict[ModelSize, bool] = field(default_factory=dict)
    """Sizes on all of whose MDPs the claim holds (True), or makes no sense (False)."""
    applied: bool = False
    """Whether it applies to some."""
    reason: str = ""
    """Why nothing is known of some size."""

    def __post_init__(self) -> None:
        scope = Scope(self.claim.bindings, self.claim.source)
        nodes = [node for side in (self.claim.left, self.claim.right) for node in scope.parts(side)]
        names = {node.name for node in nodes if isinstance(node, t.Quantity)}
        moments = any(name.startswith("E[r^") for name in names)
        over_runs = any(isinstance(node, runs.RunExpect | runs.Covariance) for node in nodes)
        self._rewards = 2 if moments or over_runs else 1
        self._structural = bool(names & STRUCTURAL)
        self._is_rational = self.claim.relation == EQUAL and not self._structural
        has_limit = any(isinstance(node, t.Limit) for node in nodes)
        self._at_points = self.claim.relation != UNEQUAL and not has_limit
        self._inverse = any(isinstance(node, t.Inv) for node in nodes)
        self._gamma = 1 if self.undiscounted else None
        self._rng = random.Random(0)
        plain = not (has_limit or self._structural)
        endless = bool(names & ENDLESS) or self.objective is not Objective.START_STATE
        every = [s for s in sizes(self.max_states, MAX_ACTIONS) if plain or s.states * s.actions <= PAIRS]
        self._sizes = [s for s in every if (s.end or not self.ending) and not (s.end and endless)]

    def smallest(self) -> Counterexample | None:
        """The counterexample, or None where there is none up to `max_states` states."""
        for size in self._sizes:
            status = self._generic(size) if self._is_rational else Status.INAPPLICABLE
            if status is Status.PROVED:
                self.applied = True
                self.settled[size] = True
                continue
            if size in self.settled:
                continue
            found = self._on_patterns(size, known=status is Status.REFUTED)
            if found is None and status is Status.REFUTED:
                found = self._of_generic(size)
            if found is not None:
                return found
        return None

    @property
    def covered(self) -> tuple[int, int]:
        """The most states and actions up to which every size is settled."""
        whole = [(s.states, s.actions) for s, holds in self.settled.items() if holds and self._all_settled(s)]
        return max(whole, key=lambda s: (s[0] * s[1], s), default=(0, 0))

    def _all_settled(self, size: ModelSize, but: ModelSize | None = None) -> bool:
        """Whether every size up to this one is."""
        below = [s for s in self._sizes if s.states <= size.states and s.actions <= size.actions]
        return all(
            s in self.settled for s in below if but is None or (s.states, s.actions) != (but.states, but.actions)
        )

    def _problem(self, mdp: MDP) -> Problem:
        """With a tabular policy, or, where the Fisher matrix has to have an inverse, one without a logit too many."""
        free = {s: {a: f"theta_{s}_{a}" for a in mdp.actions(s)[:-1]} for s in mdp.nonterminal}
        return Problem(mdp, softmax_policy(mdp, free) if self._inverse else tabular(mdp), self.objective)

    def _generic_problem(self, size: ModelSize) -> Problem:
        mdp = size.generic(self._rewards)
        return self._problem(mdp if self._gamma is None else mdp.replace(gamma=self._gamma))

    def _generic(self, size: ModelSize) -> Status | None:
        """What is known of every MDP of the size; None: nothing."""
        problem = self._generic_problem(size)
        try:
            self._require(problem)
            if self._at_points and Decision(problem).fails_at_random(self.claim):
                return Status.REFUTED
            verdict = Decision(problem).decide(self.claim)
        except TooLargeError as error:
            self.reason = self.reason or str(error)
            return None
        except ClaimError as error:  # it makes no sense for any of them: a division by what is identically zero
            self.reason = self.reason or str(error)
            self.settled[size] = False
            return None
        except _NOT_DECIDED as error:
            self.reason = self.reason or str(error)
            return Status.INAPPLICABLE
        self.reason = self.reason or verdict.reason
        return verdict.status

    def _require(self, problem: Problem) -> None:
        for hypothesis in self.requires:
            hypothesis.check(Structure(problem.mdp, problem.policy), self.objective)

    def _fails(self, problem: Problem) -> bool:
        """Whether the claim is seen to be false; if not, it may be false still."""
        self._require(problem)
        decision = Decision(problem)
        if self._at_points:
            return decision.fails_at_random(self.claim)
        verdict = decision.decide(self.claim)
        if verdict.status is Status.INAPPLICABLE:
            raise HypothesisError(verdict.reason)
        return verdict.refuted

    def _on_patterns(self, size: ModelSize, known: bool) -> Counterexample | None:
        """On the first pattern that does it, if it is `known` that one does; or the size is found to have no model."""
        tries, evaluated = self._patterns(size, in_order=known), 0
        for tried, pattern in enumerate(islice(tries, REFUTING_MODELS)):
            if not known and (evaluated >= PATIENCE or (not evaluated and tried >= PATIENCE and not self._structural)):
                return None
            try:
                fails = self._fails(self._problem(pattern.at_random(self._rng, self._gamma)))
            except _NOT_DECIDED:
                continue
            self.applied, evaluated = True, evaluated + 1
            if fails and (found := self._with_small_numbers(pattern)) is not None:
                return found
        if not evaluated and next(tries, None) is None:
            self.settled[size] = False
        return None

    def _patterns(self, size: ModelSize, in_order: bool) -> Iterator[Pattern]:
        """By cost; of one cost by chance where few are tried."""
        for cost in range(largest_cost(size, self._rewards) + 1):
            found = patterns(size, cost, self._rewards)
            if in_order:
                yield from found
            else:
                some = list(islice(found, REFUTING_MODELS))
                yield from self._rng.sample(some, len(some))
                yield from found

    def _with_small_numbers(self, pattern: Pattern) -> Counterexample | None:
        """The first that are decided, but for such as need another theta than 0."""
        elsewhere = None
        for mdp, seed in islice(product(pattern.numbered(self._gamma), range(SEEDS)), NUMBERS * SEEDS):
            found = self._decided(mdp, pattern.size, seed)
            if found is not None and not any(found.problem.point.values()):
                return found
            elsewhere = elsewhere or found
        return elsewhere or self._decided(pattern.at_random(self._rng, self._gamma), pattern.size)

    def _decided(self, mdp: MDP, size: ModelSize, seed: int = 0) -> Counterexample | None:
        """The verdict on a model with numbers, and theta where it is seen."""
        problem = self._problem(mdp)
        try:
            verdict = decide(problem, self.claim, seed=seed)
        except _NOT_DECIDED:
            return None
        if not verdict.refuted:
            return None
        if verdict.witness is not None:
            problem = problem.replace(theta=dict(verdict.witness.theta))
        return Counterexample(problem, verdict, size, self._all_settled(size, but=size))

    def _of_generic(self, size: ModelSize) -> Counterexample | None:
        """The witness on the generic model as a model of its own."""
        problem = self._generic_problem(size)
        witness = decide(problem, self.claim).witness
        assert witness is not None
        return self._decided(problem.mdp.subs(witness.symbols), size)
