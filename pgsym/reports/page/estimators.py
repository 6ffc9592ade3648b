"""The section on estimators of the gradient: their exact bias and variance, with nothing sampled."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import sympy as sp

from pgsym.claims.blocks import Block, Cell, DataTable, Formulas, Note, Prose, Row
from pgsym.claims.derivation.model_tables import decimal
from pgsym.errors import PgsymError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.estimators.moments import EstimatorLaw
from pgsym.expression.latex import latex_lines, tex_width
from pgsym.model.objective import Objective
from pgsym.model.structure import Structure
from pgsym.reports.moments import ACCURACY, MomentsReport
from pgsym.reports.page.quantities import Writer
from pgsym.reports.page.sampled import obstacle

READABLE = 120
"""Width of a variance that is shown in closed form."""

LOST = 1e-3
"""A run that need not end is cut off where gamma^T is below this."""

LONGEST = 1_000
"""The longest run."""

TRACES = ("1/2", "9/10", "99/100")
"""Decays of the eligibility traces."""


def described(objective: Objective, *, discounted: bool, horizon: int | None) -> dict[str, Estimator]:
    """The estimators of an objective by what the table calls them."""
    if objective.definition.long_run:
        T = horizon or LONGEST
        # From the stationary distribution, what is left of the bias is that of beta and T.
        return {
            f"eligibility trace, beta = {beta}": find_estimator(
                "eligibility-trace", {"beta": beta}, horizon=T, stationary=True
            )
            for beta in TRACES
        }
    found: dict[str, tuple[str, dict[str, Any]]] = {
        "REINFORCE": ("reinforce", {}),
        "REINFORCE, baseline V": ("reinforce", {"b": "V(s)"}),
        "reward-to-go": ("reward-to-go", {}),
        "reward-to-go, baseline V": ("advantage", {}),
        "GAE, lambda = 19/20, critic V": ("gae", {"lambda": "19/20"}),
        "GAE, lambda = 1/2, critic V": ("gae", {"lambda": "1/2"}),
        "n-step, n = 3, critic V": ("n-step", {"n": 3}),
        "actor-critic, critic V": ("actor-critic", {}),
        "actor-critic, critic 0": ("actor-critic", {"v": "0"}),
        "all-knowing, Q - V": ("all-knowing", {"b": "V(s)"}),
    }
    if discounted:
        found["reward-to-go without gamma^t"] = ("reward-to-go-undiscounted", {})
    return {label: find_estimator(name, let, horizon=horizon) for label, (name, let) in found.items()}


def estimators(writer: Writer, texts: Sequence[str] = ()) -> Iterator[Block]:
    """One row for each estimator, and the variance in closed form where it can be read."""
    problem = writer.problem
    mdp, objective = problem.mdp, problem.objective
    remedy = " pgsym moments gives their laws with the symbols."
    if why := obstacle(writer, "Comparing estimators", "nothing to estimate", remedy):
        yield Note(why)
        return
    horizon = _horizon(writer)
    target = Objective.AVERAGE_REWARD if objective is Objective.STATIONARY_VALUE else objective
    cut = f"cut off after {horizon} steps" if horizon else "lasting to the end of the episode"
    begun = " begun in the stationary distribution and" if objective.definition.long_run else ""
    yield Prose(
        f"One sample is one run,{begun} {cut}. Mean, bias and covariance of each estimator come from linear "
        "equations, not from samples. The bias is measured against the gradient of the objective; the variance is "
        "the trace of the covariance; the last column is how many runs have a root mean square error of "
        f"{ACCURACY:.0%} of the gradient."
    )
    if target is not objective:
        yield Prose(
            "The mean of V under the stationary distribution is the average reward divided by 1 minus gamma; what is "
            "estimated here is the gradient of the average reward."
        )
    rows: list[tuple[str | Cell, ...]] = []
    missing: dict[str, list[str]] = {}
    reports: dict[str, MomentsReport] = {}
    own = {text: find_estimator(text, horizon=horizon) for text in texts}
    for name, estimator in (described(objective, discounted=mdp.gamma != 1, horizon=horizon) | own).items():
        try:
            found = MomentsReport(problem, estimator, str(target))
            rows.append((name, *_row(found.law, writer)))
            reports[name] = found
        except PgsymError as error:
            missing.setdefault(str(error), []).append(name)
    if rows:
        header = ("estimator", "norm of the bias", "variance", "error of one run", f"runs for {ACCURACY:.0%}")
        yield DataTable(f"Laws of single samples, at theta, against the {target} gradient", header, tuple(rows),
                        (1, 2, 3, 4))  # fmt: skip
    if any(found.views.exact is None for found in reports.values()):
        yield Note("These laws were computed in floats, where a bias of about 1e-16 is rounding.")
    for reason, names in missing.items():
        yield Note(f"Left out: {', '.join(names)}. {reason}")
    if horizon is None:
        yield from _closed(reports, writer)


def _horizon(writer: Writer) -> int | None:
    """None where every run ends; else so many steps that gamma^T is small."""
    p = writer.problem
    structure = Structure(p.mdp, p.policy)
    endless = bool(set().union(*structure.recurrent_classes) & structure.reachable)
    if not endless:
        return None
    gamma = float(p.mdp.gamma)
    return min(LONGEST, math.ceil(math.log(LOST) / math.log(gamma))) if 0 < gamma < 1 else LONGEST if gamma else 1


def _row(found: EstimatorLaw, writer: Writer) -> Iterator[Cell]:
    """|bias|, trace, root mean square error, samples."""
    bias = _length([found.bias[p] for p in found.params])
    yield writer.expression(bias)
    yield writer.expression(found.covariance_trace)
    yield decimal(math.sqrt(max(float(found.mse), 0.0)))
    still = all(float(found.gradient[p]) == 0 for p in found.params)
    yield Cell("-", r"\text{-}") if still else decimal(found.sample_size(ACCURACY))


def _length(parts: list[sp.Expr]) -> sp.Expr:
    """The Euclidean length: 0 exactly where every part is."""
    if all(part == 0 for part in parts):
        return sp.Integer(0)
    if len(parts) == 1 and parts[0].is_Rational:
        return abs(parts[0])
    return sp.Float(float(np.linalg.norm([float(part) for part in parts])))


def _closed(reports: Mapping[str, MomentsReport], writer: Writer) -> Iterator[Block]:
    """The variance of the plain estimators for every theta."""
    found: list[Row] = []
    for name in ("REINFORCE", "reward-to-go"):
        if name not in reports:
            continue
        views = reports[name].views
        lines = views.while_it_fits("closed", lambda one: latex_lines(one.covariance_trace, names=writer.names))
        if lines is not None and sum(map(tex_width, lines)) <= READABLE:
            found.append(Row((r"\operatorname{tr} \Sigma",), "=", tuple(lines), name, True))
    if found:
        yield Prose("The variance for every theta, where it is short:")
        yield Formulas(tuple(found))
