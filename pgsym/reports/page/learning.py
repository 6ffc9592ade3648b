"""The section on learning: J along the paths of gradient ascent, and where they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from pgsym.ascent import Ascent, ascend
from pgsym.claims.blocks import Block, Cell, DataTable, Note, Prose
from pgsym.claims.derivation.model_tables import decimal
from pgsym.errors import PgsymError
from pgsym.exact.landscape import Landscape
from pgsym.reports.page.chart import Curve, curves
from pgsym.reports.page.content import Settings
from pgsym.reports.page.quantities import Writer
from pgsym.reports.page.sampled import obstacle

FIRST = 0.2
"""Length of each method's first exact step; step sizes follow from it."""

SAMPLED = "reward-to-go"


def learning(writer: Writer, settings: Settings, tick: Callable[[float], None]) -> Iterator[Block]:
    """Curves, and where they end."""
    if why := obstacle(writer, "Following a path", "nothing to learn"):
        yield Note(why)
        return
    try:
        found = paths(writer, settings, tick)
    except PgsymError as error:
        yield Note(f"No paths were followed: {error}")
        return
    sizes = ", ".join(f"{size:.3g} for {label}" for label, size in found.step_size.items() if size is not None)
    yield Prose(
        f"{settings.steps} steps of plain gradient ascent from theta: along the exact gradient, along the natural "
        f"gradient (Kakade 2002), and along sampled ones ({SAMPLED}, batches of {found.batch} runs, {settings.seeds} "
        f"seeds, their mean drawn thick). What is drawn is the exact J at every point. Step sizes are such that each "
        f"first exact step has length {FIRST:g}: {sizes}. The cosine below is that of the angle between a direction "
        "and the exact gradient."
    )
    steps = range(found.steps + 1)
    lines = []
    for label in found.labels:
        runs = found.J(label)
        mean = np.where(np.isfinite(runs).all(axis=0), runs.mean(axis=0), np.nan)
        lines.append(Curve(label, steps, mean.tolist(), tuple(runs.tolist()) if len(runs) > 1 else ()))
    reference = None if found.best is None else ("best policy of any kind", found.best)
    yield curves(lines, "step", f"J ({found.objective})", "J along the paths", reference)
    yield ends(found)
    for path in found.paths:
        if path.stopped:
            which = path.label if path.seed is None else f"{path.label}, seed {path.seed}"
            yield Note(f"{which} stopped after {path.last} of {found.steps} steps: {path.stopped}.")


def paths(writer: Writer, settings: Settings, tick: Callable[[float], None]) -> Ascent:
    """The ascent by the three methods; Ctrl-C on the way is raised again."""
    p = writer.problem
    found = ascend(
        p,
        methods=("exact", "natural", SAMPLED),
        steps=settings.steps,
        step_size=_step_sizes(writer),
        batch=settings.batch,
        seeds=settings.seeds,
        horizon=settings.horizon,
        progress=lambda done, n: tick(done / n),
    )
    if found.interrupted:
        raise KeyboardInterrupt
    return found


def _step_sizes(writer: Writer) -> dict[str, float]:
    """Such that the first exact step of each method has length `FIRST`; rounded to two digits."""
    p = writer.problem
    place = Landscape(p).at(np.array([float(p.theta[q]) for q in p.policy.params]))
    plain, natural = (float(np.linalg.norm(g)) for g in (place.gradient, place.natural_gradient()))

    def size(length: float) -> float:
        return float(f"{FIRST / length:.2g}") if length > 0 else FIRST

    return {"exact": size(plain), "natural": size(natural), SAMPLED: size(plain)}


def ends(found: Ascent) -> DataTable:
    """Where the paths end."""
    rows: list[tuple[str | Cell, ...]] = []
    for label in found.labels:
        group = found[label]
        ends = np.array([path.J[path.last] for path in group])
        slopes = np.array([path.gradient_norm[path.last] for path in group])
        cosines = np.concatenate([path.cosine[np.isfinite(path.cosine)] for path in group])
        low, high = (decimal(float(end)) for end in (ends.min(), ends.max()))
        spread = Cell(f"{low.text} to {high.text}", rf"{low.latex} \text{{ to }} {high.latex}")
        cosine = decimal(float(cosines.mean())) if cosines.size else Cell("-", r"\text{-}")
        mean, slope = (decimal(float(numbers.mean())) for numbers in (ends, slopes))
        rows.append((label, mean, spread if len(ends) > 1 else "one path", slope, cosine))
    header = ("method", "J at the end", "over seeds", "length of the gradient there", "mean cosine")
    return DataTable("Where the paths end", header, tuple(rows), (1, 2, 3, 4))
