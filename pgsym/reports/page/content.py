"""What a report is: sections of blocks, and what moves; HTML and LaTeX are two writings of the same document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgsym.claims.blocks import Block, Cell, DataTable, Prose, VerdictMark
from pgsym.claims.language.statement import Binding
from pgsym.errors import SchemaError
from pgsym.model.validate import whole_number
from pgsym.reports.live import Live
from pgsym.reports.page.quantities import Writer
from pgsym.trust import Level


@dataclass(frozen=True)
class Alive:
    """What moves on the page; paper has the sentence instead."""

    live: Live
    on_paper: str


Content = Block | Alive
"""Every block of a report; its chains are laid out."""


@dataclass(frozen=True)
class Section:
    """A part of the report; its key is the anchor, such as ``theorem``."""

    key: str
    title: str
    blocks: tuple[Content, ...]


@dataclass(frozen=True)
class Document:
    """The whole report."""

    title: str
    lead: str
    """A sentence on what the model is."""
    summary: tuple[tuple[str | Cell, str | Cell | VerdictMark], ...]
    """What a hurried reader takes away."""
    sections: tuple[Section, ...]
    bindings: tuple[Binding, ...] = ()
    """Names of the derivation, which prose and reasons may use."""

    def blocks(self) -> Iterator[Content]:
        """Every block of every section."""
        return (block for section in self.sections for block in section.blocks)


MEANINGS = {
    Level.KERNEL: "Coq's kernel has accepted a proof; pgsym certify writes one.",
    Level.NORMAL_FORM: "Exact: the difference of both sides is the zero element of a field of rational functions, or a "
    "witness shows that it is not.",
    Level.EXACT_POINT: "Exact numbers at one point, such as a value at theta.",
    Level.IDENTITY_TEST: "Both sides agree at random points modulo random primes; a false line passes with at most the "
    "stated probability.",
    Level.SOLVER: "A solver found, exactly, that there is no counterexample; nothing else has checked it.",
    Level.SAMPLED: "A statistical test; it contradicts what is true with the stated probability.",
    Level.FLOAT: "Floating-point numbers without a bound on their error.",
}
"""The levels of trust in words."""

WHERE = {
    Level.KERNEL: "not used on this page",
    Level.NORMAL_FORM: "verdicts, closed forms",
    Level.EXACT_POINT: "tables at theta, counterexamples",
    Level.IDENTITY_TEST: "verdicts and lines of the derivation where closed forms are too large",
    Level.SOLVER: "not used on this page",
    Level.SAMPLED: "sampled gradients",
    Level.FLOAT: "numbers after an approximate sign, learning curves, the moving part",
}
"""What on the page has which level."""


def reading(writer: Writer, settings: Settings, version: str) -> Iterator[Block]:
    """The scale of trust, and the numbers that a second run needs."""
    rows = tuple((str(level), MEANINGS[level], WHERE[level]) for level in Level)
    yield DataTable("Levels of trust, from the strongest to the weakest", ("level", "what it means", "where"), rows)
    problem = writer.problem
    sampled = "" if problem.mdp.symbols else (
        f" Sampled gradients: seed {settings.seed}, {settings.samples:,} trajectories. Learning curves: "
        f"{settings.steps} steps, batches of {settings.batch}, {settings.seeds} seeds."
    )  # fmt: skip
    yield Prose(f"Written by pgsym {version}. The same model and settings give the same page.{sampled}")


@dataclass(frozen=True)
class Settings:
    """What is drawn and climbed for a report; the same problem and settings give the same pages.

    >>> Settings(samples=1)
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: samples: found 1; a whole number of at least 2 is required. Change it
    """

    samples: int = 100_000
    """Trajectories for each sampled gradient."""
    steps: int = 100
    """Steps of each learning curve."""
    seeds: int = 3
    """Runs of the sampled learning curve."""
    batch: int = 32
    """Trajectories of one of its steps."""
    seed: int = 0
    """Of the sampled gradients."""
    horizon: int | None = None
    """Steps of a trajectory; by default so many that little is cut off."""
    claims: tuple[str, ...] = ()
    """Claims of the reader's own, each with its verdict and where it is true."""
    estimators: tuple[str, ...] = ()
    """Names or texts of further estimators whose law is shown."""

    def __post_init__(self) -> None:
        for name, least in {"samples": 2, "steps": 1, "seeds": 1, "batch": 1}.items():
            whole_number(getattr(self, name), least, name)
        if not 0 <= self.seed < 2**64:
            raise SchemaError(f"found {self.seed}; must lie in 0 ... 2**64 - 1. Choose another", where="seed")
        if self.horizon is not None:
            whole_number(self.horizon, 1, "horizon")
