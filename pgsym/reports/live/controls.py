"""What can be moved in a page: the parameters, the discount factor and the model's symbols, with their ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from pgsym.expression.exact import to_expr
from pgsym.expression.naming import in_order, unused
from pgsym.expression.ordering import plain, plain_symbol
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy, Softmax
from pgsym.model.structure import Structure
from pgsym.model.symbols import all_symbols
from pgsym.model.validate import assumed, symbolic_probabilities, witness

LOGIT = 4.0
"""Sliders of logits reach from -4 to 4: odds of 1 to 55 and back."""
DISCOUNTS, PROBABILITIES = (sp.Rational(9, 10),), (sp.Rational(1, 2),)
REWARDS = (sp.Integer(1), sp.Integer(2), sp.Rational(1, 2))
"""Where the slider of a symbol stands at first, if the domain allows it."""
STEPS = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Step widths of a slider; the first that divides its range into at most 1200 steps."""


@dataclass(frozen=True)
class Control:
    """A slider for a symbol, with its number, which may be typed beyond the ends; kind is theta, gamma or symbol."""

    symbol: sp.Symbol
    kind: str
    low: float
    high: float
    start: float

    @property
    def step(self) -> float:
        """The slider's step width."""
        return next((step for step in STEPS if (self.high - self.low) / step <= 1200), STEPS[-1])

    def data(self) -> dict[str, Any]:
        """For the page."""
        name = self.symbol.name
        ends = {"min": self.low, "max": self.high, "step": self.step}
        return {"name": name, "label": plain_symbol(name), **ends, "start": self.start}


@dataclass(frozen=True)
class Condition:
    """``value >= 0``, or ``> 0`` where strict: the point lies in the model's domain."""

    value: sp.Expr
    strict: bool
    text: str


def with_free_gamma(mdp: MDP, policy: Policy, objective: Objective) -> tuple[MDP, sp.Symbol | None]:
    """The model with a symbol for its discount factor, where that may be moved.

    It stays a number at gamma = 1 if some run is endless: then gamma < 1 is another model.
    """
    if objective is Objective.AVERAGE_REWARD:
        return mdp, None
    if mdp.gamma.is_Symbol:
        return mdp, mdp.gamma
    endless = mdp.gamma == 1 and Structure(mdp, policy).recurrent_classes
    if not mdp.gamma.is_Rational or endless:
        return mdp, None
    gamma = sp.Symbol(unused("gamma", {s.name for s in all_symbols(mdp, policy)}, "{}_{}"))
    return mdp.replace(gamma=gamma), gamma


def controls(
    mdp: MDP,
    policy: Policy,
    objective: Objective,
    gamma: sp.Symbol | None,
    theta: Mapping[sp.Symbol | str, Any],
    symbols: Mapping[sp.Symbol | str, Any],
) -> list[Control]:
    """The parameters, then gamma, then the symbols by name.

    They stand at theta and the values of symbols at first; at 0, or a point of the domain, where these are missing.
    """
    chosen = {getattr(k, "name", k): float(to_expr(v, where=f"start[{k}]")) for k, v in {**theta, **symbols}.items()}
    logits = {s for form in policy.forms() for s in form.symbols}
    found = []
    for p in policy.params:
        start = chosen.get(p.name, 0.0 if p in logits else 0.5)
        ends = (-LOGIT, LOGIT) if p in logits else (0.0, 1.0)
        found.append(Control(p, "theta", min(*ends, start), max(*ends, start), start))
    free = sorted(_free(mdp, policy, objective), key=lambda s: (s != gamma, s.name))
    probabilities = {s for e in symbolic_probabilities(mdp) for s in e.free_symbols} | set(_weights(mdp, policy))
    bounds = _bounds(mdp)
    point = _point(mdp, probabilities) if any(s.name not in chosen for s in mdp.symbols) else {}
    for s in free:
        start = chosen.get(s.name, float(point.get(s, sp.Rational(1, 10))))
        unit = s == gamma or s in probabilities
        span = max(5.0, 2 * abs(start))
        ends = (0.0, 1.0) if unit else (start - span, start + span)
        low, high = (
            end if bound is None else bound for bound, end in zip(bounds.get(s, (None, None)), ends, strict=True)
        )
        found.append(Control(s, "gamma" if s == gamma else "symbol", min(low, start), max(high, start), start))
    return found


def conditions(mdp: MDP, policy: Policy, objective: Objective) -> list[Condition]:
    """What must hold of the symbols; probabilities of one row sum to 1 identically, so none exceeds 1.

    >>> from pgsym.model.zoo import zoo
    >>> problem = zoo("two-state")
    >>> free, gamma = with_free_gamma(problem.mdp, problem.policy, problem.objective)
    >>> [condition.text for condition in conditions(free, problem.policy, problem.objective)]
    ['0 ≤ γ', 'γ < 1']
    """
    found = []
    for less, sign, more in _comparisons(mdp):
        value = (more - less) ** 2 if sign == "≠" else more - less
        found.append(Condition(value, sign != "≤", f"{plain(less)} {sign} {plain(more)}"))
    rows: Iterable[sp.Expr] = () if isinstance(policy, Softmax) else policy.expressions()
    found += [Condition(p, False, f"0 ≤ {plain(p)}") for p in (*symbolic_probabilities(mdp), *rows) if p.free_symbols]
    found += [Condition(1 - e, False, f"{plain(e)} ≤ 1") for e in _weights(mdp, policy)]
    if mdp.gamma.free_symbols and objective is not Objective.AVERAGE_REWARD:
        strict = objective is Objective.STATIONARY_VALUE or bool(Structure(mdp, policy).recurrent_classes)
        found.append(Condition(mdp.gamma, False, f"0 ≤ {plain(mdp.gamma)}"))
        found.append(Condition(1 - mdp.gamma, strict, f"{plain(mdp.gamma)} {'<' if strict else '≤'} 1"))
    known = {*policy.params, *_free(mdp, policy, objective)}
    return list({(c.value, c.strict): c for c in found if c.value.free_symbols <= known}.values())


def _point(mdp: MDP, probabilities: set[sp.Symbol]) -> dict[sp.Symbol, sp.Rational]:
    """A point of the domain, of familiar numbers where the domain allows them."""
    point = witness(mdp)
    declared, shares = assumed(mdp), symbolic_probabilities(mdp)
    for s in in_order(mdp.symbols):
        familiar = DISCOUNTS if s in mdp.gamma.free_symbols else PROBABILITIES if s in probabilities else REWARDS
        for value in familiar:
            moved = {**point, s: value}
            if all(a.holds(moved) for a in declared) and all(0 <= p.subs(moved) <= 1 for p in shares):
                point = moved
                break
    return point


def marked(
    controls: Iterable[Control], policy: Policy, points: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[float]]:
    """A number for each control, by the names of the point: given theta, the uniform policy, and what is given.

    >>> from pgsym.model.zoo import zoo
    >>> policy = zoo("short-corridor").policy
    >>> marked([Control(policy.params[0], "theta", -4, 4, 1.0)], policy, {"far": {"theta": 3}})
    {'given theta': [1.0], 'uniform': [0.0], 'far': [3.0]}
    """
    found = {"given theta" if policy.params else "start": [c.start for c in controls]}
    if isinstance(policy, Softmax) and not any(form.constant for form in policy.forms()):
        found["uniform"] = [0.0 if c.kind == "theta" else c.start for c in controls]
    for name, point in points.items():
        found[name] = [float(point.get(c.symbol.name, c.start)) for c in controls]
    names: dict[tuple[float, ...], list[str]] = {}
    for name, place in found.items():
        names.setdefault(tuple(place), []).append(name)
    return {", ".join(same): list(place) for place, same in names.items()}


def _free(mdp: MDP, policy: Policy, objective: Objective) -> set[sp.Symbol]:
    """The symbols on which something depends: the average reward knows no discount."""
    model = mdp.replace(gamma=1) if objective is Objective.AVERAGE_REWARD else mdp
    return {*model.symbols, *_weights(mdp, policy)}


def _weights(mdp: MDP, policy: Policy) -> list[sp.Symbol]:
    """Symbols of the policy that are no parameters: the epsilon of a mixture."""
    return in_order(all_symbols(mdp, policy) - {*policy.params, *mdp.symbols})


def _bounds(mdp: MDP) -> dict[sp.Symbol, tuple[float | None, float | None]]:
    """The numbers between which the assumptions put a symbol."""
    lows: dict[sp.Symbol, list[float]] = {}
    highs: dict[sp.Symbol, list[float]] = {}
    for less, sign, more in _comparisons(mdp):
        if sign != "≠" and less.is_Symbol and more.is_Rational:
            highs.setdefault(less, []).append(float(more))
        elif sign != "≠" and more.is_Symbol and less.is_Rational:
            lows.setdefault(more, []).append(float(less))
    return {s: (max(lows.get(s, []), default=None), min(highs.get(s, []), default=None)) for s in {*lows, *highs}}


def _comparisons(mdp: MDP) -> Iterator[tuple[sp.Expr, str, sp.Expr]]:
    """What is assumed of the model's own symbols, as ``a < b``, ``a ≤ b`` or ``a ≠ b``."""
    for assumption in assumed(mdp):
        for left, relation, right in assumption.comparisons:
            less, more = (right, left) if relation.startswith(">") else (left, right)
            yield less, "≠" if relation == "!=" else "≤" if "=" in relation else "<", more
