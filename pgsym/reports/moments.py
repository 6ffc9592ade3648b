"""Estimators as plain data and on the terminal: their laws, in closed form, exactly and in floats, and their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import combinations_with_replacement
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import sympy as sp
from rich.console import Group, RenderableType
from rich.text import Text

from pgsym.errors import AlgebraError, HypothesisError, SchemaError, TooLargeError
from pgsym.estimators.estimator import Estimator, find_estimator
from pgsym.estimators.groups import GROUP_ESTIMATORS, NamedLoss
from pgsym.estimators.moments import SMALL, EstimatorLaw, moments
from pgsym.estimators.named import ESTIMATORS, NAMES, UNDISCOUNTED, NamedText, named_text
from pgsym.estimators.token_losses import TokenLoss
from pgsym.expression.complaint import nearest, short
from pgsym.expression.naming import labels
from pgsym.model.problem import Problem, point_text
from pgsym.reports.terminal import CUT, ROWS, cut, grid, indented, is_beyond_floats, no_floats
from pgsym.reports.values import Views

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


class MomentsReport:
    """Three views of one law, from closed forms to floats; the first that is there answers."""

    def __init__(self, problem: Problem, estimator: Estimator, target: str | None = None) -> None:
        self.problem = problem
        self.estimator = estimator
        closed = moments(problem, estimator, target=target, budget=BUDGET, seconds=SECONDS)
        size = len(problem.mdp.nonterminal) * len(problem.policy.params) * (estimator.horizon or 1)
        self.views = Views(
            closed,
            problem.theta,
            floats=not problem.mdp.symbols and not estimator.symbols,
            readable=size <= CLOSED_ENTRIES,
            exact=size <= EXACT_ENTRIES,
        )
        self.views.in_floats(lambda one: one.covariance_trace)  # so that it is known whether floats serve
        law = self.views.exact or self.views.float
        assert law is not None
        self.law = law
        """The most exact law at theta."""

    def entry(self, path: str) -> dict[str, Any]:
        """One number of the law, by the path of its attribute, in the documented schema."""
        return self.views.value(attrgetter(path)).to_json()

    def to_json(self) -> dict[str, Any]:
        """The documented schema."""
        law, problem = self.law, self.problem
        k, entry = len(law.params), self.entry
        return {
            "model": problem.name,
            "estimator": law.estimator.name or law.estimator.text,
            "description": law.description,
            "objective": str(law.target),
            "gamma": str(problem.mdp.gamma),
            "theta": {p.name: str(v) for p, v in problem.theta.items()},
            "horizon": law.estimator.horizon,
            "mean": self._by_parameter("mean"),
            "bias": self._by_parameter("bias") if law.has_bias else None,
            "variance": self._by_parameter("variance"),
            "covariance": self._covariance(k) if k <= SMALL else None,
            "covariance_trace": entry("covariance_trace"),
            "mse": entry("mse") if law.has_bias else None,
            "signal_to_noise": entry("signal_to_noise"),
            "return": {"mean": entry("return_mean"), "variance": entry("return_variance")},
            "optimal_baseline": self._baselines(),
            "samples_for_10_percent": self._sample_size(),
            "samples_to_find_the_bias": self._bias_size(),
        }

    def _table(self, path: str, keys: Iterable[Any]) -> dict[Any, dict[str, Any]]:
        """The entries of a table of numbers."""
        get = attrgetter(path)
        return {key: self.views.value(lambda one, key=key: get(one)[key]).to_json() for key in keys}  # type: ignore[misc]

    def _by_parameter(self, name: str) -> dict[str, dict[str, Any]]:
        return {p.name: entry for p, entry in self._table(name, self.law.params).items()}

    def _covariance(self, k: int) -> list[list[dict[str, Any]]]:
        upper = self._table("covariance", combinations_with_replacement(range(k), 2))
        return [[upper[min(i, j), max(i, j)] for j in range(k)] for i in range(k)]

    def _baselines(self) -> dict[str, Any] | None:
        try:
            states = list(self.law.optimal_state_baseline.value)
            value, trace = (self.entry(f"optimal_constant_baseline.{name}") for name in ("value", "trace"))
        except (HypothesisError, TooLargeError):
            return None
        names = labels(self.problem.mdp.states)
        by_state = {names[s]: entry for s, entry in self._table("optimal_state_baseline.value", states).items()}
        return {
            "constant": {"value": value, "covariance_trace": trace},
            "state": {"value": by_state, "covariance_trace": self.entry("optimal_state_baseline.trace")},
        }

    def _numbers(self) -> EstimatorLaw | None:
        """The law whose entries are numbers."""
        return self.views.float or (None if self.law.covariance_trace.free_symbols else self.law)

    def _sample_size(self) -> int | None:
        law = self._numbers()
        if law is None or not law.has_bias or all(law.gradient[p] == 0 for p in law.params):
            return None
        return _whole(lambda: law.sample_size(ACCURACY))

    def _bias_size(self) -> int | None:
        law = self.views.exact if self._numbers() is not None else None
        # A float's bias is never exactly 0, so that only an exact one says "no bias".
        if law is None or not law.has_bias:
            return None
        return _whole(law.bias_test_size)


def _whole(size: Callable[[], float]) -> int | None:
    """A number of samples; None where no number suffices, or it cannot be computed."""
    with suppress(AlgebraError):
        if (found := size()) < float("inf"):
            return int(found)
    return None


def moments_table(data: Mapping[str, Any], check: LawCheck | None, symbols: Sequence[str]) -> RenderableType:
    """The JSON schema as a table, with sampled values beside the exact ones where there are some.

    With `symbols`, which have no value, formulas take the places of numbers.
    """
    head = Text(f"{data['model']}  ({data['description']})", style="bold")
    main = _formulas(data) if symbols else _numbers(data, check)
    width = FORMULA_WIDTH if symbols else CELL_WIDTH
    trace = data["covariance_trace"]
    lines = [f"covariance trace {_shown(trace, width)}"]
    if check is not None:
        lines[0] += f"   sampled {check.sampled_trace:.6g} +- {check.trace_error:.2g}"
    if not symbols and trace["closed_form"] is not None and len(trace["closed_form"]) <= 100:
        lines.append(f"  = {trace['closed_form']}")
    against = "undefined here" if data["mse"] is None else f"mean square error {_shown(data['mse'], width)}"
    ratio = _shown(data["signal_to_noise"], width)
    lines.append(f"against the {data['objective']} gradient: {against}; signal to noise {ratio}")
    if data["optimal_baseline"] is not None:
        constant, state = data["optimal_baseline"]["constant"], data["optimal_baseline"]["state"]
        lines.append(
            f"best constant baseline {_shown(constant['value'], width)}: "
            f"trace {_shown(constant['covariance_trace'], width)}; "
            f"best baseline by state: trace {_shown(state['covariance_trace'], width)}"
        )
    if data["samples_for_10_percent"] is not None:
        lines.append(f"{data['samples_for_10_percent']} samples for a root mean square error of 10% of the gradient")
    if data["samples_to_find_the_bias"] is not None:
        lines.append(f"{data['samples_to_find_the_bias']} samples to find the bias (level 0.001, power 0.9)")
    if check is not None:
        lines.append(check.summary)
    if symbols:
        lines.append(f"at theta, which is {point_text(data['theta'])}; --json has closed forms for every theta")
        lines.append(f"{CUT} ends the head of a longer formula; all of it: --json")
    return Group(head, *([no_floats(symbols)] if symbols else []), main, *map(Text, lines))


def _numbers(data: Mapping[str, Any], check: LawCheck | None) -> RenderableType:
    """One row for each parameter."""
    numbers = ("mean", "bias", "variance", *(("sampled mean", "s.e.") if check else ()))
    table = grid(("", *numbers), right=numbers)
    names = list(data["mean"])
    for name in names[:ROWS]:
        cells = [_shown(data[part] and data[part][name]) for part in ("mean", "bias", "variance")]
        if check is not None:
            row = check.to_json()["mean"][name]
            cells += [f"{row['sampled']:.6g}", f"{row['standard_error']:.2g}"]
        table.add_row(Text(name), *map(Text, cells))
    if len(names) > ROWS:
        table.add_row(f"... {len(names) - ROWS} more")
    return table


def _formulas(data: Mapping[str, Any]) -> RenderableType:
    """One line for each number."""
    names = list(data["mean"])
    lines = []
    for name in names[:ROWS]:
        lines.append(Text(name))
        for part in ("mean", "bias", "variance"):
            shown = _shown(data[part] and data[part][name], FORMULA_WIDTH)
            lines.append(Text(f"  {part} = {shown}"))
    if len(names) > ROWS:
        lines.append(Text(f"... {len(names) - ROWS} more"))
    return Group(*lines)


CELL_WIDTH, FORMULA_WIDTH = 40, 200
"""Characters of a formula that a cell shows, and that a line of its own does."""


def _shown(entry: Mapping[str, Any] | None, width: int = CELL_WIDTH) -> str:
    if entry is None:
        return "undefined"
    if entry["exact"] is not None and len(entry["exact"]) <= 24:
        return str(entry["exact"])
    if entry["float"] is not None:
        return f"{entry['float']:.6g}"
    if is_beyond_floats(entry):
        return "beyond floats"
    text = entry["exact"] or entry["closed_form"]
    return "too large" if text is None else cut(text, width)


LOSSES = {name: found for name, found in GROUP_ESTIMATORS.items() if name not in ESTIMATORS}
"""The losses of sequences whose name is no text's."""
ESTIMATOR_NAMES = (*ESTIMATORS, *LOSSES)
COUNT = 3
"""Stands for a whole number in the LaTeX of a text that needs one."""


def estimator_json(name: str) -> dict[str, Any]:
    """Plain data; null stands for what has to be given with let.

    >>> estimator_json("actor-critic")["let"]
    {'v(s)': 'V(s)'}
    """
    if name in LOSSES:
        loss = LOSSES[name]
        return {"name": name, "text": _loss_text(loss), "let": {}, "source": loss.source, "caption": loss.caption}
    if name not in NAMES and re.fullmatch(r"[\w-]*", name):
        near = nearest(name, ESTIMATOR_NAMES, "they are")
        raise SchemaError(f"found {short(repr(name))}; {near}. Choose one of them", where="estimators")
    known = ESTIMATORS[name.removesuffix(UNDISCOUNTED)] if name in NAMES else NamedText(name, {}, "")
    text = named_text(name) if name in NAMES else str(find_estimator(name))
    given = {
        head: COUNT if f"<{head}>" in text else sp.Symbol(head) for head, value in known.let.items() if value is None
    }
    latex = find_estimator(name, given).latex()
    return {"name": name, "text": text, "let": dict(known.let), "source": known.source, "latex": latex}


def estimators_table() -> RenderableType:
    """Of each the name and the source, its text below, and what its names stand for."""
    lines: list[RenderableType] = []
    for name in ESTIMATOR_NAMES:
        known = ESTIMATORS.get(name) or NamedText(_loss_text(LOSSES[name]), {}, LOSSES[name].source)
        lines.append(Text.assemble((name, "bold"), "  ", (known.source, "dim")))
        lines += [indented(text, 4) for text in (known.text, _let(known.let)) if text]
    rest = (
        f"{UNDISCOUNTED} behind a name leaves out gamma^t; --let gives what its names stand for. Names without --let, "
        "from reinforce-batch-mean on, are losses of sequences: pgsym audit NAME tokens --exact."
    )
    return Group(*lines, Text(), Text(rest, "dim"))


def estimator_page(name: str) -> RenderableType:
    """One of them, with its LaTeX."""
    data = estimator_json(name)
    parts = {"let": _let(data["let"])} | {key: data.get(key) for key in ("caption", "source")}
    parts["LaTeX"] = data.get("latex")
    lines = [Text.assemble((f"{key}: ", "dim"), value) for key, value in parts.items() if value]
    return Group(*([Text(name, "bold")] if name in (*NAMES, *LOSSES) else []), Text(data["text"]), *lines)


def _loss_text(found: NamedLoss) -> str:
    return str(found.loss) if isinstance(found.loss, TokenLoss) else found.caption


def _let(let: Mapping[str, str | None]) -> str:
    return ", ".join(head if value is None else f"{head} = {value}" for head, value in let.items())
