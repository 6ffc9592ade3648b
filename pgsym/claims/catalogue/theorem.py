"""A named statement with what it needs, where it is from, and its verdict on a model."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count, groupby
from textwrap import indent
from typing import Any

from pgsym.claims.catalogue.hypotheses import HYPOTHESES, Hypothesis
from pgsym.claims.decide import ERROR_BITS, Decision
from pgsym.claims.language.relation import RELATIONS
from pgsym.claims.language.render_latex import declarations_latex, let_latex
from pgsym.claims.language.rewriting import rewrite
from pgsym.claims.language.statement import Binding, Claim, ForAll, Let, Statement
from pgsym.claims.language.tree import Call, Node
from pgsym.claims.script import Script
from pgsym.claims.verdict import Status, Verdict
from pgsym.display.result import Result, data_frame
from pgsym.errors import ClaimError, HypothesisError, StructureError
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.symbols import all_symbols
from pgsym.trust import Trust, weakest


def chain_latex(statement: Statement) -> str:
    """The whole statement as an ``aligned`` body."""
    first, *others = statement.terms
    rows = [f"& {row}" for row in _bindings(statement.bindings)]
    rows.append(f"& {first.latex()}")
    rows += [
        rf"&\quad {RELATIONS[relation].latex} {term.latex()}"
        for relation, term in zip(statement.relations, others, strict=True)
    ]
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


def _bindings(bindings: tuple[Binding, ...]) -> Iterator[str]:
    for lets, group in groupby(bindings, lambda b: isinstance(b, Let)):
        found = list(group)
        yield from (let_latex(b) for b in found if isinstance(b, Let)) if lets else declarations_latex(found)


def with_own_names(claim: Claim, taken: Collection[str]) -> Claim:
    """The claim with its own names without indices changed where the model has a symbol of that name.

    >>> from pgsym.claims.language import parse
    >>> claim = parse("for all beta: beta * V(s) = V(s) * beta").claims[0]
    >>> print(with_own_names(claim, {"beta", "beta_1"}).statement)
    for all beta_2: beta_2 * V(s) == V(s) * beta_2
    """
    own = {b.name for b in claim.bindings if isinstance(b, ForAll | Let)}
    names = {
        b.name: next(new for k in count(1) if (new := f"{b.name}_{k}") not in {*taken, *own})
        for b in claim.bindings
        if isinstance(b, ForAll | Let) and not b.indices and b.name in taken
    }
    if not names:
        return claim

    def change(node: Node) -> Node | None:
        return replace(node, name=names[node.name]) if isinstance(node, Call) and node.name in names else None

    def binding(b: Binding) -> Binding:
        if not isinstance(b, ForAll | Let):
            return b
        named = replace(b, name=names.get(b.name, b.name))
        return replace(named, body=rewrite(named.body, change)) if isinstance(named, Let) else named

    return replace(
        claim,
        left=rewrite(claim.left, change),
        right=rewrite(claim.right, change),
        bindings=tuple(map(binding, claim.bindings)),
    )


@dataclass(frozen=True)
class Theorem:
    """One entry of the catalogue: a theorem, or a famous statement that is false.

    Attributes
    ----------
    name : str
        How it is asked for.
    statement : str
        Text of the claim language: chains with blank lines between them, definitions on lines of their own.
    about : str
        What it says, why it matters; for a false one, when it happens to hold.
    reference : str
        Book and section, or paper.
    requires : tuple of Hypothesis
        What is checked first; the evaluation finds out the rest.
    derivation : str
        Chains with a reason for each step, or empty.
    model : str
        A model of the zoo on which a true one says something, and a false one fails.
    gamma : str
        The discount to give it, where the model's own would not do.
    defect : str
        For a false one, the true statement of what is missing.

    See Also
    --------
    theorem, theorem_names : The catalogue.

    Examples
    --------
    >>> from pgsym.claims.catalogue import theorem
    >>> print(theorem("value-of-stationary").decide(theorem("value-of-stationary").example()))
    value-of-stationary: proved
      J == sum[s] mu(s) * V(s)
      sum[s] mu(s) * V(s) == rbar / (1 - gamma)
    """

    name: str
    title: str
    statement: str
    about: str
    reference: str
    objective: Objective = Objective.START_STATE
    requires: tuple[Hypothesis, ...] = (HYPOTHESES["defined"],)
    derivation: str = ""
    model: str = "two-state"
    gamma: str = ""
    defect: str = ""

    def __repr__(self) -> str:
        return f"Theorem({self.name}: {self.statement})"

    @property
    def holds(self) -> bool:
        """Whether it is true of every model that satisfies the hypotheses."""
        return not self.defect

    @cached_property
    def claims(self) -> tuple[Claim, ...]:
        """Each relation of the statement."""
        return self._read(self.statement)

    @cached_property
    def defects(self) -> tuple[Claim, ...]:
        """Each relation of the defect."""
        return self._read(self.defect)

    def _read(self, text: str) -> tuple[Claim, ...]:
        return tuple(claim for _, claim in Script.parse(text, self.name).relations)

    def latex(self, part: str = "statement") -> str:
        """The statement (or ``defect``, ``derivation``) as LaTeX, an ``aligned`` body for each chain."""
        chains = Script.parse(getattr(self, part), self.name).chains
        return "\n\n".join(chain_latex(chain.statement) for chain in chains)

    def example(self) -> Problem:
        """The model of the zoo that shows it, or refutes it, under the theorem's objective."""
        from pgsym.model.zoo import zoo

        found = zoo(self.model, **({"gamma": self.gamma} if self.gamma else {}))
        return found.replace(objective=self.objective)

    def decide(
        self, problem: ProblemLike, *, method: str = "auto", error_bits: int = ERROR_BITS, seed: int = 0
    ) -> Findings:
        """The verdicts on a model, under the theorem's own objective.

        Raises
        ------
        TooLargeError
            ``method="normal form"``, and the closed form does not fit.
        """
        return self._decide(problem, self.claims, method=method, error_bits=error_bits, seed=seed)

    def decide_defect(self, problem: ProblemLike, **options: Any) -> Findings:
        """The same for what a false statement lacks, which is true; options as for `decide`."""
        return replace(self._decide(problem, self.defects, **options), defect=True)

    def _decide(self, problem: ProblemLike, claims: tuple[Claim, ...], **options: Any) -> Findings:
        problem = Problem.of(problem).replace(objective=self.objective)
        found = Findings(self, *self._findings(Decision(problem, **options), claims))
        return replace(found, assumption=problem.assumption)

    def _findings(self, decision: Decision, claims: tuple[Claim, ...]) -> tuple[tuple[Verdict, ...], str]:
        """The verdicts, and the hypothesis that fails."""
        for hypothesis in self.requires:
            try:
                hypothesis.check(decision.structure, self.objective)
            except (HypothesisError, StructureError) as error:
                return _inapplicable(claims, str(error))
        taken = {s.name for s in (*all_symbols(decision.mdp, decision.policy), *decision.pinned)}
        try:
            verdicts = tuple(decision.decide(with_own_names(claim, taken)) for claim in claims)
        except ClaimError as error:  # the statement makes sense, so it is the model that gives a part of it none
            return _inapplicable(claims, f"{error.message.partition(chr(10))[0]}, on this model")
        return verdicts, next((v.reason for v in verdicts if v.status is Status.INAPPLICABLE), "")

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "name": self.name,
            "title": self.title,
            "objective": str(self.objective),
            "holds": self.holds,
            "statement": self.statement,
            "latex": self.latex(),
            "hypotheses": [h.text for h in self.requires],
            "about": self.about,
            "reference": self.reference,
            "derivation": self.derivation,
            "defect": self.defect,
            "model": self.model,
            "gamma": self.gamma or None,
        }

    def _repr_latex_(self) -> str:
        return f"$${self.latex()}$$"


def _inapplicable(claims: tuple[Claim, ...], reason: str) -> tuple[tuple[Verdict, ...], str]:
    return tuple(Verdict(Status.INAPPLICABLE, claim, reason=reason) for claim in claims), reason


@dataclass(frozen=True, repr=False)
class Findings(Result):
    """The verdicts on the relations of one theorem, and what they come to; made by `Theorem.decide`.

    See Also
    --------
    pgsym.theorem, pgsym.theorem_names : The catalogue.

    Examples
    --------
    >>> from pgsym.claims.catalogue import theorem
    >>> theorem("policy-gradient").decide("short-corridor").trust.level.value
    'normal form'
    """

    theorem: Theorem
    verdicts: tuple[Verdict, ...]
    reason: str = ""
    """The hypothesis that fails, for an inapplicable theorem."""
    defect: bool = False
    """Whether they are about the theorem's defect instead of its statement."""
    assumption: str = field(default="", compare=False)

    @property
    def status(self) -> Status:
        """Refuted if any relation is, else inapplicable if any is, else proved."""
        found = {v.status for v in self.verdicts}
        return next(s for s in (Status.REFUTED, Status.INAPPLICABLE, Status.UNDECIDED, Status.PROVED) if s in found)

    @property
    def by_accident(self) -> bool:
        """A false statement that holds on this model."""
        return self.status is Status.PROVED and not self.theorem.holds and not self.defect

    @property
    def contradicts(self) -> bool:
        """Against the catalogue: a theorem, or the defect of a false statement, was refuted."""
        return self.status is Status.REFUTED and (self.theorem.holds or self.defect)

    @property
    def trust(self) -> Trust | None:
        """That of the least certain verdict; None where the theorem does not apply."""
        return None if self.status is Status.INAPPLICABLE else weakest(filter(None, (v.trust for v in self.verdicts)))

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.theorem.name,
            "holds": self.theorem.holds,
            "status": str(self.status),
            "reason": self.reason,
            "contradicts": self.contradicts,
            "by_accident": self.by_accident,
            "trust": None if self.trust is None else self.trust.to_json(),
            "verdicts": [v.to_json() for v in self.verdicts],
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each relation: the claim, the answer, its ground."""
        return data_frame(["claim", "status", "ground"], [v.row() for v in self.verdicts])

    def latex(self) -> str:
        """Each relation with its answer, as an ``align*``."""
        rows = [rf"& {v.latex()}" for v in self.verdicts]
        return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"

    def text(self) -> str:
        """The name, the answer, and the relations."""
        found = [str(v.claim) if v.proved else v.text() for v in self.verdicts]
        if self.reason and self.status is Status.INAPPLICABLE:
            found = [self.reason]
        return "\n".join([f"{self.theorem.name}: {self.status}", *(indent(text, "  ") for text in found)])

    def _repr_markdown_(self) -> str:
        parts = [self.assumption, f"**{self.theorem.name}**: {self.status}", *(v.markdown() for v in self.verdicts)]
        return "\n\n".join(filter(None, parts))
