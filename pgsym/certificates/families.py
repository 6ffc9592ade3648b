"""The lemmas about one quantity at a rational point: its value, and its derivative by one parameter.

Each is the only solution of its equations; a table of numbers solves them, so it is the quantity.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import sympy as sp

from pgsym.certificates.instance import total
from pgsym.certificates.sections import bellman_lemma, definition, folded, proper_lemma, rewriting
from pgsym.certificates.terms import number
from pgsym.errors import CertificateError
from pgsym.model.objective import Objective

if TYPE_CHECKING:
    from pgsym.certificates.point import Point


def rational(expr: sp.Expr) -> Fraction:
    """A number that must be rational."""
    if not isinstance(expr, sp.Rational):
        raise CertificateError(f"found {expr}; a refutation has rational numbers. Choose another point", where="theta")
    return Fraction(int(expr.p), int(expr.q))


def _intro(point: Point) -> str:
    return f"intros s Hs. change (s < {len(point.at.order)})%nat in Hs."


def _each(point: Point, table: str, *steps: str) -> str:
    """The equations of all states between numbers; `steps` put them for other quantities."""
    return (
        f"each s; cbv beta iota delta [{point.compute} {table}_number]; {'; '.join([*steps, 'policy_numbers'])}; lra."
    )


def _facts(point: Point) -> str:
    return f"(pi_policy {point.args}) (pi_ends {point.args})"


def _average(point: Point) -> str:
    return f"{point.at.pinned} eq_refl acts (pi_at {point.args}) (pi_policy {point.args}) (pi_returns {point.args})"


def _dpi(point: Point, param: sp.Symbol) -> list[str]:
    at, name, pi = point.at, point.at.params[param], point.quantities.pi
    parts = []
    for s, a in at.pairs:
        parts += [
            f"Lemma dpi_{name}__{at.action(s, a)} : dpi_{name} {point.args} {at.pair(s, a)} = "
            f"{number(point.derivative(pi[s][a], param))}.",
            "Proof.",
            f"  unfold dpi_{name}, dsoftmax. change (softmax actions (logit {point.args})) with (pi_at {point.args}).",
            f"  cbv beta iota delta [sum actions dlogit_{name}]. policy_numbers. lra.",
            "Qed.",
        ]
    return [*parts, rewriting(f"derivatives_{name}", f"dpi_{name}_", at)]


def _solved(point: Point, family: str, unique: str, *steps: str, lemmas: list[str] | None = None) -> list[str]:
    """A table of numbers solves the equations, so it is the quantity."""
    at, args = point.at, point.args
    return [
        definition(at, family),
        *(lemmas or ()),
        "",
        *point.entries(family, lambda s: point.value(point.element(family, s))),
        "",
        f"Lemma {family}_point : forall s, (s < {len(at.order)})%nat -> {family}_at {args} s = {family}_number s.",
        "Proof.",
        "  intros s Hs. symmetry. revert s Hs.",
        f"  apply ({unique}).",
        *(f"  {step}" for step in steps or (_intro(point), _each(point, family))),
        "Qed.",
        *point.places(family),
    ]


def _value(point: Point) -> list[str]:
    unique = f"Bellman_unique model (pi_at {point.args}) V_number {_facts(point)}"
    return _solved(point, "V", unique, lemmas=bellman_lemma(point.at))


def _eta(point: Point) -> list[str]:
    return _solved(point, "eta", f"Balance_unique model start (pi_at {point.args}) eta_number {_facts(point)}")


def _mu(point: Point) -> list[str]:
    sums = "split; [cbv beta iota delta [sum MDP.states model mu_number]; lra|]."
    unique = f"stationary_unique {_average(point)} mu_number"
    return _solved(point, "mu", unique, sums, _intro(point), _each(point, "mu"))


def _rbar(point: Point) -> list[str]:
    args = point.args
    return [
        definition(point.at, "rbar"),
        f"Lemma rbar_point : rbar {args} = {number(point.value(point.quantities.rbar))}.",
        "Proof.",
        f"  unfold rbar, average. {folded(point.at, args, 'mu')}",
        f"  cbv beta iota delta [{point.compute}]. {point.numbers('mu')}. policy_numbers. lra.",
        "Qed.",
    ]


def _h(point: Point) -> list[str]:
    return _solved(
        point,
        "h",
        f"differential_unique {_average(point)}\n    (rbar {point.args}) h_number",
        f"- {_intro(point)}",
        f"  {_each(point, 'h', 'rewrite rbar_point')}",
        f"- unfold centred. {folded(point.at, point.args, 'mu')}",
        f"  cbv beta iota delta [sum MDP.states model h_number]. {point.numbers('mu')}. lra.",
    )


def _derived(point: Point, family: str, param: sp.Symbol, *steps: str) -> list[str]:
    at = point.at
    table = f"d{family}_{at.params[param]}"
    numbers = {s: point.derivative(point.element(family, s), param) for s in at.order}
    return [
        *point.entries(table, numbers.__getitem__),
        "",
        f"Lemma {table}_point : forall s, (s < {len(at.order)})%nat ->",
        f"  is_derive (fun t => {family}_at {point.along(param)} s) {point.names[param]} ({table}_number s).",
        "Proof.",
        *(f"  {step}" for step in steps),
        "Qed.",
    ]


def _family(point: Point, param: sp.Symbol) -> str:
    name = point.at.params[param]
    along, args = point.along(param), point.args
    return (f"model (fun t => pi_at {along}) (dpi_{name} {args}) {point.names[param]} "
            f"(fun t => pi_policy {along})")  # fmt: skip


def _dvalue(point: Point, param: sp.Symbol) -> list[str]:
    name, args, along = point.at.params[param], point.args, point.along(param)
    return _derived(
        point,
        "V",
        param,
        f"apply (value_is_derive {_family(point, param)} (fun t => pi_ends {along})",
        f"  (pi_derive_{name} {args}) (fun t => V_at {along}) (fun t => V_Bellman {along}) dV_{name}_number).",
        _intro(point),
        _each(point, f"dV_{name}", point.numbers("V"), f"derivatives_{name}"),
    )


def _deta(point: Point, param: sp.Symbol) -> list[str]:
    name, args, along = point.at.params[param], point.args, point.along(param)
    return _derived(
        point,
        "eta",
        param,
        f"apply (occupancy_is_derive {_family(point, param)} (pi_derive_{name} {args}) start deta_{name}_number",
        f"  (fun t => pi_ends {along})).",
        f"{_intro(point)} {folded(point.at, args, 'eta')}",
        _each(point, f"deta_{name}", point.numbers("eta"), f"derivatives_{name}"),
    )


def _averaged(point: Point, param: sp.Symbol, lemma: str) -> tuple[str, str]:
    """A lemma about the derivative of mu, rbar or h, applied to what all three need, on two lines."""
    start = f"{lemma} {_family(point, param)} (pi_derive_{point.at.params[param]} {point.args})"
    return start, f"{point.at.pinned.removeprefix('model ')} eq_refl acts (fun t => pi_returns {point.along(param)})"


def _dmu(point: Point, param: sp.Symbol) -> list[str]:
    name = point.at.params[param]
    lemma, facts = _averaged(point, param, "stationary_is_derive")
    return _derived(
        point,
        "mu",
        param,
        f"apply ({lemma}",
        f"  {facts} dmu_{name}_number).",
        f"- cbv beta iota delta [sum MDP.states model dmu_{name}_number]. lra.",
        f"- {_intro(point)}",
        f"  {folded(point.at, point.args, 'mu')}",
        f"  {_each(point, f'dmu_{name}', point.numbers('mu'), f'derivatives_{name}')}",
    )


def _drbar(point: Point, param: sp.Symbol) -> list[str]:
    name = point.at.params[param]
    lemma, facts = _averaged(point, param, "average_is_derive")
    return [
        f"Lemma drbar_{name}_point : is_derive (fun t => rbar {point.along(param)}) {point.names[param]} "
        f"{number(point.derivative(point.quantities.rbar, param))}.",
        "Proof.",
        f"  evar_last; [exact ({lemma}",
        f"    {facts})|].",
        f"  cbv beta. {folded(point.at, point.args, 'mu', 'h', 'rbar')}",
        f"  cbv beta iota delta [{point.compute}]. rewrite rbar_point. {point.numbers('mu')}. {point.numbers('h')}. "
        f"derivatives_{name}. lra.",
        "Qed.",
    ]


def _dh(point: Point, param: sp.Symbol) -> list[str]:
    name = point.at.params[param]
    lemma, facts = _averaged(point, param, "differential_is_derive")
    folds = folded(point.at, point.args, "mu", "h")
    return _derived(
        point,
        "h",
        param,
        f"apply ({lemma}",
        f"  {facts} dmu_{name}_number _ dh_{name}_number dmu_{name}_point drbar_{name}_point).",
        f"- cbv beta. {folds}",
        f"  cbv beta iota delta [sum MDP.states model dmu_{name}_number dh_{name}_number]. "
        f"{point.numbers('mu')}. {point.numbers('h')}. lra.",
        f"- {_intro(point)} cbv beta. {folds}",
        f"  {_each(point, f'dh_{name}', point.numbers('h'), f'derivatives_{name}')}",
    )


def _q(point: Point) -> list[str]:
    """Q at the point, by name."""
    at, args = point.at, point.args
    average = at.objective is Objective.AVERAGE_REWARD
    meaning = f"Q_diff model (rbar {at.args}) (h_at {at.args})" if average else f"MDP.Q model (V_at {at.args})"
    numbers = f"rewrite rbar_point; {point.numbers('h')}" if average else point.numbers("V")
    parts = [f"Definition Q_at{at.binders} : nat -> nat -> R := {meaning}."]
    for s, a in at.pairs:
        parts += [
            f"Lemma Q_at_{at.action(s, a)} : Q_at {args} {at.pair(s, a)} = "
            f"{number(point.value(point.quantities.Q[s, a]))}.",
            f"Proof. unfold Q_at. cbv beta iota delta [{point.compute}]. {numbers}; lra. Qed.",
        ]
    return [*parts, rewriting("action_values", "Q_at", at)]


def _objective(point: Point) -> list[str]:
    """J by name."""
    at = point.at
    if at.objective is Objective.AVERAGE_REWARD:
        meaning = f"rbar {at.args}"
    elif at.objective is Objective.START_STATE:
        meaning = total(f"{number(rational(p))} * V_at {at.args} {at.state(s)}" for s, p in at.mdp.start.items())
    else:
        meaning = total(f"mu_at {at.args} {at.state(s)} * V_at {at.args} {at.state(s)}" for s in at.acting)
    return [f"Definition J{at.binders} : R := {meaning}."]


WRITERS: dict[str, tuple[Callable[..., list[str]], tuple[str, ...]]] = {
    "ends": (lambda point: [proper_lemma(point.at, "ends")], ()),
    "returns": (lambda point: [proper_lemma(point.at, "returns")], ()),
    "dpi": (_dpi, ()),
    "V": (_value, ("ends",)),
    "eta": (_eta, ("ends",)),
    "mu": (_mu, ("returns",)),
    "rbar": (_rbar, ("mu",)),
    "h": (_h, ("rbar",)),
    "Q": (_q, ()),
    "J": (_objective, ()),
    "dV": (_dvalue, ("V", "dpi")),
    "deta": (_deta, ("eta", "dpi")),
    "dmu": (_dmu, ("mu", "dpi")),
    "drbar": (_drbar, ("h", "dpi")),
    "dh": (_dh, ("dmu", "drbar")),
}
"""What writes the lemmas of a family, and the families that they need."""

OF_OBJECTIVE: dict[tuple[str, Objective], tuple[str, ...]] = {
    ("Q", Objective.START_STATE): ("V",), ("Q", Objective.STATIONARY_VALUE): ("V",),
    ("Q", Objective.AVERAGE_REWARD): ("h",), ("J", Objective.START_STATE): ("V",),
    ("J", Objective.AVERAGE_REWARD): ("rbar",), ("J", Objective.STATIONARY_VALUE): ("mu", "V"),
}  # fmt: skip

AVAILABLE = {
    Objective.START_STATE: ("V", "eta"),
    Objective.AVERAGE_REWARD: ("mu", "rbar", "h"),
    Objective.STATIONARY_VALUE: ("mu", "rbar", "h", "V", "eta"),
}
"""The families that each objective has."""
