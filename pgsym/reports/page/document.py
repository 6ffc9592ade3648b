"""From a problem to the document of its report: the sections in order, and how far the work has come."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import sympy as sp

from pgsym.claims.blocks import Block, Cell, Note, VerdictMark
from pgsym.claims.decide import decide
from pgsym.claims.derivation import Derivation, derive
from pgsym.claims.derivation.model_tables import model_page
from pgsym.claims.verdict import Verdict
from pgsym.claims.verify import verify
from pgsym.errors import PgsymError
from pgsym.expression.exact import to_expr
from pgsym.expression.ordering import plain
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem
from pgsym.reports.live import live
from pgsym.reports.page.content import Alive, Content, Document, Section, Settings, reading
from pgsym.reports.page.estimators import estimators
from pgsym.reports.page.learning import learning
from pgsym.reports.page.opening import finding, formula, marked_points
from pgsym.reports.page.quantities import Writer, quantities
from pgsym.reports.page.regions import best, claims
from pgsym.reports.page.sampled import sampled
from pgsym.reports.page.theorem import chapters, derivation, ruling, theorem

Tick = Callable[[float], None]
"""Called with the share of a section that is done."""

ON_PAPER = (
    "The page index.html beside this document has sliders here: theta, gamma and every symbol can be moved, and the "
    "graph, the values and the gradient follow."
)


def _equals(name: str, value: sp.Expr) -> str:
    """A value in a sentence, on one line."""
    return f"`{name}` = {plain(value)}".replace(" ", "\N{NO-BREAK SPACE}")


class Builder:
    """The sections of one problem; what several of them need is computed once."""

    def __init__(self, problem: Problem, settings: Settings, version: str) -> None:
        self.problem = problem
        self.settings = settings
        self.version = version
        self.writer = Writer(problem)

    @cached_property
    def derivation(self) -> Derivation | None:
        """The theorem of the problem's objective, every line decided; None where no proof is written."""
        return derive(self.problem) if self.problem.objective.definition.proved else None

    @cached_property
    def chapters(self) -> dict[str, list[Block]]:
        """The derivation's blocks by title."""
        return chapters(self.derivation) if self.derivation else {}

    @cached_property
    def verdicts(self) -> dict[Objective, Verdict]:
        """The theorem for each objective."""
        return {objective: verify(self.problem.replace(objective=objective)) for objective in Objective}

    @cached_property
    def claims(self) -> list[Verdict]:
        """The verdicts on the claims of the settings."""
        return [decide(self.problem, text) for text in self.settings.claims]

    @property
    def plan(self) -> tuple[tuple[str, str, int, Callable[[Tick], Iterable[Content]]], ...]:
        """(key, title, share of the work, what makes the blocks) in reading order."""
        w = self.writer
        own = ("claims", "Claims", 0, lambda tick: claims(w, self.claims, lambda verdict: ruling(verdict, w)))
        return (
            ("live", "Try it", 5, lambda tick: [*formula(w), self._live()]),
            *([own] if self.settings.claims else []),
            ("model", "The model", 3, lambda tick: model_page(self.problem)),
            ("quantities", "Exact quantities", 12, lambda tick: quantities(w, self.chapters)),
            ("theorem", "The policy gradient theorem", 5, lambda tick: theorem(w, self.verdicts)),
            ("derivation", "The derivation, checked line by line", 3, lambda tick: derivation(self.chapters)),
            ("optimal", "Optimal policies", 2, lambda tick: best(w)),
            ("sampled", "Exact and sampled gradients", 27, lambda tick: sampled(w, self.settings, tick)),
            ("estimators", "Bias and variance of estimators", 10, lambda tick: estimators(w, self.settings.estimators)),
            ("learning", "Learning curves", 32, lambda tick: learning(w, self.settings, tick)),
            ("reading", "How far each line can be relied on", 1, lambda tick: reading(w, self.settings, self.version)),
        )

    def document(self, progress: Callable[[int, int], None]) -> Document:
        """The whole report."""
        total = sum(share for _, _, share, _ in self.plan)
        done, sections = 0, []
        for key, title, share, make in self.plan:

            def tick(part: float, before: int = done, share: int = share) -> None:
                progress(before + int(share * part), total)

            tick(0.0)
            sections.append(Section(key, title, tuple(make(tick))))
            done += share
        progress(total, total)
        p = self.problem
        name = p.name or "A Markov decision process"
        gamma = "`gamma` free" if p.mdp.gamma.is_Symbol else _equals("gamma", p.mdp.gamma)
        found = finding(p, self.verdicts[p.objective])
        lead = f"{found} The {p.objective} objective with {gamma}, {self._theta()}."
        bindings = self.derivation.bindings if self.derivation else ()
        return Document(f"{name}: exact policy gradient", lead, self._summary(), tuple(sections), bindings)

    def _theta(self) -> str:
        """The point in a few words."""
        theta = self.problem.theta
        if not theta:
            return "and a policy without parameters"
        values = set(theta.values())
        if len(values) == 1 and len(theta) > 1:
            return f"at {plain(to_expr(values.pop()))} for all {len(theta)} parameters"
        spelt = ", ".join(_equals(p.name, to_expr(v)) for p, v in list(theta.items())[:4])
        return f"at {spelt}" + (", ..." if len(theta) > 4 else "")

    def _summary(self) -> tuple[tuple[str | Cell, str | Cell | VerdictMark], ...]:
        J: str | Cell = self.writer.value("J")
        if J is self.writer.LONG:
            symbols = ", ".join(sorted(s.name for s in self.problem.mdp.symbols))
            J = f"a formula in {symbols}, under Exact quantities"
        rows: list[tuple[str | Cell, str | Cell | VerdictMark]] = [("J at theta", J)]
        rows += [(f"theorem, {o}", VerdictMark(v.status, v.trust)) for o, v in self.verdicts.items()]
        if self.derivation:
            assert self.derivation.audit is not None
            rows.append(("derivation", self.derivation.audit.summary))
        return tuple(rows)

    def _live(self) -> Content:
        try:
            points = marked_points(self.problem, self.verdicts[self.problem.objective])
            return Alive(live(self.problem, points=points), ON_PAPER)
        except PgsymError as error:
            return Note(f"This part of the page would move, but not for this model: {error}")
