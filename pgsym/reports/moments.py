"""The law of an estimator as plain data and as a terminal table: in closed form, exactly at theta, in floats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import sympy as sp
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgsym.errors import AlgebraError, HypothesisError, NotInFieldError, SingularMatrixError, TooLargeError
from pgsym.exact.moments import EstimatorLaw, moments
from pgsym.exact.moments.compute import SMALL
from pgsym.exact.moments.present import leaf
from pgsym.expression.naming import labels
from pgsym.model.estimator import Estimator
from pgsym.model.problem import Problem
from pgsym.reports.data import EXACT_DIGITS
from pgsym.reports.terminal import ROWS, is_beyond_floats

if TYPE_CHECKING:
    # It loads jax.
    from pgsym.auditing.law_check import LawCheck

CLOSED_ENTRIES = 40
"""Above this many states times parameters, times steps where a run is cut off, closed forms are not for reading."""
EXACT_ENTRIES = 2_000
"""Above it, numbers at theta are floats only."""
BUDGET, SECONDS = 2_000, 5.0
"""Terms of a polynomial, and the time that closed forms may take."""
ACCURACY = 0.1
"""The relative accuracy for which the number of samples is given."""

Getter = Callable[[EstimatorLaw], sp.Expr]


class MomentsReport:
    """Three views of one law, from closed forms to floats; the first that is there answers.

    Raises
    ------
    HypothesisError
        The estimator has no moments on this model.
    """

    def __init__(self, problem: Problem, estimator: Estimator, target: str | None = None) -> None:
        self.problem = problem
        self.estimator = estimator
        mdp, policy = problem.mdp, problem.policy
        self.not_sampled: str | None = None
        """Why there are no floats to compare samples with, where theta is beyond them."""
        size = len(mdp.nonterminal) * len(policy.params) * (estimator.cut_off or 1)
        self.closed: EstimatorLaw | None = None
        self.exact: EstimatorLaw | None = None
        self.float: EstimatorLaw | None = None
        closed = moments(problem, estimator, target=target, budget=BUDGET, seconds=SECONDS)
        if not mdp.symbols and not estimator.symbols:
            self.float = closed.at({p: float(v) for p, v in problem.theta.items()})
            try:
                self.float.covariance_trace  # noqa: B018
            except SingularMatrixError as error:
                if size > EXACT_ENTRIES:
                    raise
                self.float, self.not_sampled = None, str(error)
        if size <= EXACT_ENTRIES or self.float is None:
            try:
                self.exact = closed.at()
            except NotInFieldError:
                if self.float is None:
                    raise
        if size <= CLOSED_ENTRIES:
            self.closed = closed

    @property
    def law(self) -> EstimatorLaw:
        """The most exact law at theta."""
        found = self.exact or self.float
        assert found is not None
        return found

    def entry(self, get: Getter) -> dict[str, Any]:
        """One number: ``{"closed_form": text, "exact": text, "float": number}``, null where there is none."""
        closed = self._closed(get)
        exact = None if self.exact is None else get(self.exact)
        text = None if exact is None else leaf(exact)["exact"]
        value = exact if exact is not None and not exact.free_symbols else None
        if value is None and self.float is not None:
            value = get(self.float)
        return {
            "closed_form": None if closed is None or len(str(closed)) > EXACT_DIGITS else str(closed),
            "exact": None if text is None or len(text) > EXACT_DIGITS else text,
            "float": None if value is None else leaf(value)["float"],
        }

    def _closed(self, get: Getter) -> sp.Expr | None:
        if self.closed is None:
            return None
        try:
            return get(self.closed)
        except TooLargeError:
            # What was too large once will be too large again.
            self.closed = None
            return None

    def to_json(self) -> dict[str, Any]:
        """The documented schema."""
        law, problem = self.law, self.problem
        k, entry = len(law.params), self.entry
        return {
            "model": problem.name,
            "estimator": law.estimator.name,
            "description": law.description,
            "objective": str(law.target),
            "gamma": str(problem.mdp.gamma),
            "theta": {p.name: str(v) for p, v in problem.theta.items()},
            "horizon": law.estimator.cut_off,
            "mean": self._by_parameter("mean"),
            "bias": self._by_parameter("bias") if law.has_bias else None,
            "variance": self._by_parameter("variance"),
            "covariance": self._covariance(k) if k <= SMALL else None,
            "covariance_trace": entry(lambda one: one.covariance_trace),
            "mse": entry(lambda one: one.mse) if law.has_bias else None,
            "signal_to_noise": entry(lambda one: one.signal_to_noise),
            "return": {
                "mean": entry(lambda one: one.return_mean),
                "variance": entry(lambda one: one.return_variance),
            },
            "optimal_baseline": self._baselines(),
            "samples_for_10_percent": self._sample_size(),
            "samples_to_find_the_bias": self._bias_size(),
        }

    def _by_parameter(self, name: str) -> dict[str, dict[str, Any]]:
        def getter(p: sp.Symbol) -> Getter:
            return lambda one: getattr(one, name)[p]

        return {p.name: self.entry(getter(p)) for p in self.law.params}

    def _covariance(self, k: int) -> list[list[dict[str, Any]]]:
        def getter(i: int, j: int) -> Getter:
            return lambda one: one.covariance[i, j]

        upper = {(i, j): self.entry(getter(i, j)) for i in range(k) for j in range(i, k)}
        return [[upper[min(i, j), max(i, j)] for j in range(k)] for i in range(k)]

    def _baselines(self) -> dict[str, Any] | None:
        try:
            states = list(self.law.optimal_state_baseline.value)
            entry = self.entry
            constant = {
                "value": entry(lambda one: one.optimal_constant_baseline.value),
                "covariance_trace": entry(lambda one: one.optimal_constant_baseline.trace),
            }
        except HypothesisError:
            return None
        names = labels(self.problem.mdp.states)

        def getter(s: Any) -> Getter:
            return lambda one: one.optimal_state_baseline.value[s]

        by_state = {names[s]: entry(getter(s)) for s in states}
        trace = entry(lambda one: one.optimal_state_baseline.trace)
        return {"constant": constant, "state": {"value": by_state, "covariance_trace": trace}}

    def _numbers(self) -> EstimatorLaw | None:
        """The law whose entries are numbers."""
        return self.float or (None if self.law.covariance_trace.free_symbols else self.law)

    def _sample_size(self) -> int | None:
        law = self._numbers()
        if law is None or not law.has_bias or all(law.gradient[p] == 0 for p in law.params):
            return None
        try:
            found = law.sample_size(ACCURACY)
        except AlgebraError:
            return None
        return int(found) if found < float("inf") else None

    def _bias_size(self) -> int | None:
        law = self.exact if self.exact is not None and self._numbers() is not None else self._numbers()
        # A float's bias is never exactly 0, so that only an exact one says "no bias".
        if law is None or not law.has_bias or law is self.float:
            return None
        try:
            found = law.bias_test_size()
        except AlgebraError:
            return None
        return int(found) if found < float("inf") else None


def moments_table(data: Mapping[str, Any], check: LawCheck | None) -> RenderableType:
    """The JSON schema as a table, with sampled values beside the exact ones where there are some."""
    head = Text(f"{data['model']}  ({data['description']})", style="bold")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "mean", "bias", "variance", *(("sampled mean", "s.e.") if check else ())):
        table.add_column(column, justify="left" if not column else "right", overflow="fold")
    names = list(data["mean"])
    for name in names[:ROWS]:
        cells = [
            _shown(data["mean"][name]),
            _shown(data["bias"] and data["bias"][name]),
            _shown(data["variance"][name]),
        ]
        if check is not None:
            row = check.to_json()["mean"][name]
            cells += [f"{row['sampled']:.6g}", f"{row['standard_error']:.2g}"]
        table.add_row(Text(name), *map(Text, cells))
    if len(names) > ROWS:
        table.add_row(f"... {len(names) - ROWS} more")
    lines = [f"covariance trace {_shown(data['covariance_trace'])}"]
    if check is not None:
        lines[0] += f"   sampled {check.sampled_trace:.6g} +- {check.trace_error:.2g}"
    if data["covariance_trace"]["closed_form"] is not None and len(data["covariance_trace"]["closed_form"]) <= 100:
        lines.append(f"  = {data['covariance_trace']['closed_form']}")
    against = "undefined here" if data["mse"] is None else f"mean square error {_shown(data['mse'])}"
    lines.append(
        f"against the {data['objective']} gradient: {against}; signal to noise {_shown(data['signal_to_noise'])}"
    )
    if data["optimal_baseline"] is not None:
        constant, state = data["optimal_baseline"]["constant"], data["optimal_baseline"]["state"]
        lines.append(
            f"best constant baseline {_shown(constant['value'])}: trace {_shown(constant['covariance_trace'])}; "
            f"best baseline by state: trace {_shown(state['covariance_trace'])}"
        )
    if data["samples_for_10_percent"] is not None:
        lines.append(f"{data['samples_for_10_percent']} samples for a root mean square error of 10% of the gradient")
    if data["samples_to_find_the_bias"] is not None:
        lines.append(f"{data['samples_to_find_the_bias']} samples to find the bias (level 0.001, power 0.9)")
    if check is not None:
        lines.append(check.summary)
    return Group(head, table, *map(Text, lines))


def _shown(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "-"
    if entry["exact"] is not None and len(entry["exact"]) <= 24:
        return str(entry["exact"])
    if entry["float"] is not None:
        return f"{entry['float']:.6g}"
    if is_beyond_floats(entry):
        return "beyond floats"
    text = entry["exact"] or entry["closed_form"] or "-"
    return text if len(text) <= 40 else f"[{len(text)} characters]"
