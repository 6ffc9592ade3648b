"""The derivation: what is said in order, checked on a model, and written as a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from pgsym.claims.blocks import Block, Chain, Definition
from pgsym.claims.checking import Checked, audit
from pgsym.claims.derivation import html, latex, markdown, plain
from pgsym.claims.language.statement import Binding, Claim
from pgsym.claims.verdict import Verdict
from pgsym.display.result import Result, assumed, data_frame
from pgsym.expression.latex import document
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike
from pgsym.trust import Trust


@dataclass(frozen=True, repr=False)
class Derivation(Result):
    """Chains of expressions with their reasons, and the prose around them; made by `derive`.

    Attributes
    ----------
    title : str
        Plain text.
    objective : Objective
        What J, Q and A are about.
    blocks : tuple
        Headings, prose, definitions, chains, tables and pictures in order.
    audit : Checked or None
        The verdicts, after `checked`; what is not proved is marked wherever the derivation is written.
    assumption : str
        What nobody chose of the problem, in one line; empty where all was chosen.

    See Also
    --------
    pgsym.derive : Makes it.
    pgsym.Script : A derivation of your own.

    Examples
    --------
    >>> from pgsym.claims.derivation import general
    >>> general("start-state").check("short-corridor").summary
    '28 relations: 28 proved'
    """

    title: str
    objective: Objective
    blocks: tuple[Block, ...]
    audit: Checked | None = None
    assumption: str = field(default="", compare=False)

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Chain))

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every relation as a claim of its own."""
        return tuple(claim for chain in self.chains for claim in chain.claims)

    @property
    def bindings(self) -> tuple[Binding, ...]:
        """All definitions and declarations."""
        own = [b for chain in self.chains for b in chain.own]
        return (*own, *(b for block in self.blocks if isinstance(block, Definition) for b in block.bindings))

    # -- checking --------------------------------------------------------------------------------------------

    def check(self, problem: ProblemLike, *, method: str = "auto", error_bits: int = 100, seed: int = 0) -> Checked:
        """The verdict on every relation, for one model; ClaimError where that lacks a state or a symbol of theirs."""
        problem = Problem.of(problem)
        if problem.objective is not self.objective:
            problem = problem.replace(objective=self.objective)
        return audit(problem, self.blocks, title=self.title, method=method, error_bits=error_bits, seed=seed)

    def checked(self, problem: ProblemLike, **options: object) -> Derivation:
        """The derivation with its verdicts; options as for `check`."""
        found = self.check(problem, **options)  # type: ignore[arg-type]
        return replace(self, audit=found, assumption=found.assumption)

    def _verdicts(self) -> Iterator[Verdict | None]:
        return repeat(None) if self.audit is None else iter([step.verdict for step in self.audit.steps])

    @property
    def trust(self) -> Trust | None:
        """That of the least certain verdict; None before `checked`."""
        return None if self.audit is None else self.audit.trust

    # -- writing ---------------------------------------------------------------------------------------------

    def to_json(self) -> dict[str, Any]:
        """Plain data: the text in the claim language, and the verdicts."""
        return {
            "title": self.title,
            "objective": str(self.objective),
            "text": self.text(),
            "checked": None if self.audit is None else self.audit.to_json(),
        }

    def frame(self) -> Any:
        """A pandas frame with a row for each relation; without verdicts before `checked`."""
        if self.audit is not None:
            return self.audit.frame()
        return data_frame(["claim", "reason"], [(str(claim), claim.reason) for claim in self.claims])

    def text(self) -> str:
        """The claim language; `pgsym.claims.script` reads it again."""
        return f"{plain.paragraph(self.title)}\n\n" + plain.body(self.blocks, self._verdicts(), self.objective)

    def latex(self) -> str:
        """The body of a LaTeX document; needs amsmath, and what `latex.PREAMBLE` provides."""
        return latex.body(self.blocks, self._verdicts(), self.bindings)

    def document(self) -> str:
        """A LaTeX document that compiles on its own."""
        return document(self.latex(), self.title, latex.PREAMBLE)

    def markdown(self) -> str:
        """Markdown with formulas."""
        return f"# {markdown.escape(self.title)}\n\n{markdown.body(self.blocks, self._verdicts(), self.bindings)}\n"

    def html(self) -> str:
        """One self-contained page with MathML."""
        return html.whole(self.title, html.body(self.blocks, self._verdicts(), self.bindings))

    def _repr_markdown_(self) -> str:
        return assumed(self.assumption and f"{self.assumption}\n", markdown.notebook(self.markdown()))
