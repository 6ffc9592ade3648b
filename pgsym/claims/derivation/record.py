"""The derivation: what is said in order, checked on a model, and written as a page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat

from pgsym.claims.blocks import Block, Chain, Definition, Prose
from pgsym.claims.checking import Checked, audit
from pgsym.claims.derivation import html, latex, markdown, plain
from pgsym.claims.language.tree import Binding, Claim
from pgsym.claims.verdict import Verdict
from pgsym.expression.latex import document
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike


@dataclass(frozen=True)
class Derivation:
    """Chains of expressions with their reasons, and the prose around them.

    Attributes
    ----------
    title : str
        Plain text.
    objective : Objective
        What J, Q and A are about.
    blocks : tuple
        Headings, prose, definitions, chains, tables and pictures in order.
    audit : Audit or None
        The verdicts, after `checked`; what is not proved is marked wherever the derivation is written.

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
        return tuple(b for block in self.blocks if isinstance(block, Definition) for b in block.bindings)

    # -- checking --------------------------------------------------------------------------------------------

    def check(
        self,
        problem: ProblemLike,
        *,
        method: str = "auto",
        error_bits: int = 100,
        seed: int = 0,
    ) -> Checked:
        """The verdict on every relation, for one model.

        Raises
        ------
        ClaimError
            A relation mentions a state or a symbol that the model does not have.
        """
        problem = Problem.of(problem).replace(objective=self.objective)
        return audit(problem, self.chains, method=method, error_bits=error_bits, seed=seed)

    def checked(self, problem: ProblemLike, **options: object) -> Derivation:
        """The derivation with its verdicts; options as for `check`."""
        return replace(self, audit=self.check(problem, **options))  # type: ignore[arg-type]

    def _verdicts(self) -> Iterator[Verdict | None]:
        return repeat(None) if self.audit is None else iter([step.verdict for step in self.audit.steps])

    # -- writing ---------------------------------------------------------------------------------------------

    def text(self) -> str:
        """The claim language; `pgsym.claims.script` reads it again."""
        head = f"{plain.paragraph(self.title)}\n\nobjective {self.objective}\n\n"
        return head + plain.body(self.blocks, self._verdicts())

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
        """One self-contained page with MathML.

        Raises
        ------
        MissingExtraError
            latex2mathml is not installed.
        """
        return html.page(self.title, self.blocks, self._verdicts(), self.bindings)

    def with_prose(self, *paragraphs: str) -> Derivation:
        """The derivation with paragraphs at its end."""
        return replace(self, blocks=(*self.blocks, *map(Prose, paragraphs)))

    def _repr_markdown_(self) -> str:
        return markdown.notebook(self.markdown())
