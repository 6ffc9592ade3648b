"""The section that draws samples: exact gradients beside sampled ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pgsym.auditing.cross_check import CrossCheck, cross_check
from pgsym.claims.blocks import Block, Cell, DataTable, Note, Prose
from pgsym.claims.derivation.model_tables import decimal
from pgsym.errors import PgsymError
from pgsym.expression.complaint import short
from pgsym.expression.notation import derivative_latex
from pgsym.expression.ordering import plain_symbol
from pgsym.reports.page.chart import Interval, intervals
from pgsym.reports.page.content import Settings
from pgsym.reports.page.quantities import Writer

ROWS = 8
"""Parameters of one table and one picture; the farthest from exact where there are more."""


def obstacle(writer: Writer, what: str, nothing: str, remedy: str = "") -> str:
    """Why there is nothing to sample: symbols without value, or no parameters; empty where there is."""
    if free := ", ".join(sorted(s.name for s in writer.problem.mdp.symbols)):
        return f"{what} needs numbers, and this model has {short(free)} without value.{remedy}"
    return "" if writer.problem.policy.params else f"The policy has no parameters, so there is {nothing}."


def checks(writer: Writer, settings: Settings, tick: Callable[[float], None]) -> list[CrossCheck]:
    """One for each estimator; Ctrl-C is raised again, since half a sample is no result here."""
    problem = writer.problem
    problem.objective.require_rollouts()
    found = []
    names = problem.objective.definition.estimators
    for k, name in enumerate(names):

        def progress(done: int, n: int, before: int = k) -> None:
            tick((before + done / n) / len(names))

        check = cross_check(
            problem, name, n=settings.samples, seed=settings.seed, horizon=settings.horizon, progress=progress
        )
        if check.estimate.interrupted:
            raise KeyboardInterrupt
        found.append(check)
    return found


def sampled(writer: Writer, settings: Settings, tick: Callable[[float], None]) -> Iterator[Block]:
    """Each estimator's mean beside what its mean must be."""
    if why := obstacle(writer, "Sampling", "no gradient to sample"):
        yield Note(why)
        return
    try:
        found = checks(writer, settings, tick)
    except PgsymError as error:
        yield Note(f"Not sampled: {error}")
        return
    first = found[0]
    yield Prose(
        f"{first.estimate.n:,} trajectories of {first.estimate.horizon} steps were drawn for each estimator (seed "
        f"{first.estimate.seed}). Exact is the mean that the estimator has in theory, with what its finite length "
        "leaves out; the sampler shares no code with it but the definition of the model. The intervals of one table "
        f"all hold together with probability {1 - first.false_alarm / 2:g}."
    )
    names = tuple(check.estimate.estimator for check in found)
    yield intervals(
        [one for group, check in enumerate(found) for one in _intervals(check, group)],
        "sampled minus exact, in the unit of the gradient",
        "Confidence intervals of the sampled gradients around the exact one",
        names,
    )
    yield from map(table, found)
    for check in found:
        yield Prose(f"{check.estimate.estimator}: {check.summary}.")


def table(check: CrossCheck) -> DataTable:
    """Exact beside sampled, with the interval."""
    rows = []
    for k in _chosen(check):
        name, exact, mean, error, z = check.rows()[k]
        half = check.critical_z * error
        numbers = (decimal(exact), decimal(mean), decimal(mean - half), decimal(mean + half), Cell("z", f"{z:+.2f}"))
        rows.append((Cell(name, derivative_latex("J", name)), *numbers))
    total = len(check.truth)
    caption = f"{check.estimate.estimator}, exact and sampled"
    caption += f": the {len(rows)} of {total} derivatives that are farthest apart" if total > len(rows) else ""
    header = ("derivative", "exact", "sampled", "from", "to", "z")
    return DataTable(caption, header, tuple(rows), (1, 2, 3, 4, 5))


def _chosen(check: CrossCheck) -> Sequence[int]:
    """The rows that are shown, in the order of the parameters."""
    worst = sorted(range(len(check.truth)), key=lambda k: -abs(float(check.z[k])))
    return sorted(worst[:ROWS])


def _intervals(check: CrossCheck, group: int) -> Iterator[Interval]:
    for k in _chosen(check):
        name, exact, mean, error, _ = check.rows()[k]
        middle, half = mean - exact, check.critical_z * error
        yield Interval(plain_symbol(name), middle - half, middle, middle + half, group)
