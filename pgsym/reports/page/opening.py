"""What stands first: what was found in one sentence, J's formula, and points that the sliders can be set to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
from scipy.optimize import minimize

from pgsym.ascent.ascend import best_value
from pgsym.claims.blocks import Block, Formulas, Row
from pgsym.claims.derivation.model_tables import decimal
from pgsym.claims.verdict import Status, Verdict
from pgsym.errors import PgsymError, SingularMatrixError
from pgsym.exact.landscape import Landscape
from pgsym.exact.policy_symbols import in_policy_symbols
from pgsym.exact.solution import Solution
from pgsym.expression.exact import to_expr
from pgsym.expression.latex import latex, tex_width
from pgsym.expression.ordering import plain
from pgsym.model.policy import Softmax
from pgsym.model.problem import Problem
from pgsym.reports.live.controls import LOGIT
from pgsym.reports.page.quantities import Writer

WIDE = 90
"""Width of a closed form that the first screen has room for."""
CLIMBED = 40
"""Parameters of a model at most whose best point is looked for."""


def finding(problem: Problem, verdict: Verdict) -> str:
    """The verdict on the theorem as a sentence, and how much a better policy could gain."""
    if verdict.status is Status.PROVED:
        whatever = "every value of the parameters" if problem.policy.params else "this policy"
        if problem.mdp.symbols:
            whatever += f" and every {', '.join(sorted(f'`{s.name}`' for s in problem.mdp.symbols))}"
        said = f"The policy gradient theorem holds for {whatever}: decided exactly, not sampled."
    elif verdict.status is Status.REFUTED:
        said = "What many notes call the policy gradient theorem is false here; what is true stands below."
    else:
        said = f"The policy gradient theorem is {verdict.status} here: {verdict.reason}."
    if problem.mdp.symbols:
        return said
    try:
        best = best_value(problem)
    except PgsymError:
        return said
    return said if best is None else f"{said} No policy of any kind has `J` above {plain(to_expr(decimal(best).text))}."


def formula(writer: Writer) -> Iterator[Block]:
    """J in closed form: in the parameters, or else in the probabilities of the policy, where there is room for it."""
    views = writer.views
    J = views.while_it_fits("closed", lambda solution: latex(solution.J, names=writer.names))
    if J is not None and tex_width(J) > WIDE:
        J = views.while_it_fits("closed", _in_probabilities)
    if J is not None and tex_width(J) <= WIDE:
        yield Formulas((Row((writer.quantity("J"),), "=", (J,), "", True),))


def _in_probabilities(solution: Solution) -> str | None:
    if not isinstance(solution.problem.policy, Softmax):
        return None
    found = in_policy_symbols(solution)
    return latex(found.J, names=found.names)


def marked_points(problem: Problem, verdict: Verdict) -> dict[str, Mapping[str, Any]]:
    """Points to move the sliders to, by name: where the theorem fails, and a local optimum."""
    found: dict[str, Mapping[str, Any]] = {}
    if verdict.witness is not None:
        found["counterexample"] = {s.name: v for s, v in verdict.witness.point.items()}
    params = problem.policy.params
    if isinstance(problem.policy, Softmax) and 0 < len(params) <= CLIMBED and not problem.mdp.symbols:
        with suppress(SingularMatrixError):  # on the way, a probability may round to 0
            found["local optimum"] = dict(zip([p.name for p in params], _climbed(problem), strict=True))
    return found


def _climbed(problem: Problem) -> list[float]:
    """Uphill from theta as far as the sliders reach, in floats."""
    place = Landscape(problem)
    start = [float(problem.theta[p]) for p in problem.policy.params]
    ends = [(min(-LOGIT, x), max(LOGIT, x)) for x in start]

    def below(theta: np.ndarray) -> tuple[float, np.ndarray]:
        here = place.at(theta)
        return -here.J, -here.gradient

    return [round(float(x), 3) for x in minimize(below, start, jac=True, method="L-BFGS-B", bounds=ends).x]
