"""The lemmas about one quantity at a rational point: its value, and its derivative by one parameter.

Each is the only solution of its equations; a table of numbers solves them, so it is the quantity.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

import sympy as sp

from pgsym.certificates.instance import total
from pgsym.certificates.sections import proper_lemma
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


def _facts(point: Point) -> str:
    return f"(pi_policy {point.args}) (pi_ends {point.args})"


def _average_facts(point: Point) -> str:
    n = len(point.at.order)
    return f"model {n - 1}%nat eq_refl acts"


def _ends(point: Point) -> list[str]:
    return [proper_lemma(point.at, "ends")]


def _returns(point: Point) -> list[str]:
    n = len(point.at.order)
    return [
        "Lemma acts : forall s, (s < MDP.states model)%nat -> (0 < MDP.actions model s)%nat.",
        f"Proof. intros s Hs. change (s < {n})%nat in Hs. each s; cbn; lia. Qed.",
        "",
        proper_lemma(point.at, "returns"),
    ]


def _dpi(point: Point, param: sp.Symbol) -> list[str]:
    at, name, pi = point.at, point.at.params[param], point.quantities.pi
    parts = []
    for s, a in at.pairs:
        parts += [
            f"Lemma dpi_{name}__{at.label(s, a)} : dpi_{name} {point.args} {at.pair(s, a)} = "
            f"{number(point.derivative(pi[s][a], param))}.",
            "Proof.",
            f"  unfold dpi_{name}, dsoftmax. change (softmax actions (logit {point.args})) with (pi_at {point.args}).",
            f"  cbv beta iota delta [sum actions dlogit_{name}]. policy_numbers. lra.",
            "Qed.",
        ]
    listed = ", ".join(f"?dpi_{name}__{at.label(s, a)}" for s, a in at.pairs)
    return [*parts, f"Ltac derivatives_{name} := rewrite {listed}."]


def _solved(point: Point, family: str, unique: str, definition: str, numbers: str = "") -> list[str]:
    """A table of numbers solves the equations, so it is the quantity."""
    n = len(point.at.order)
    function = f"({family}_at {point.args})"
    return [
        definition,
        "",
        *point.entries(family, lambda s: point.value(point.element(family, s))),
        "",
        f"Lemma {family}_point : forall s, (s < {n})%nat -> {family}_at {point.args} s = {family}_number s.",
        "Proof.",
        "  intros s Hs. symmetry. revert s Hs.",
        f"  apply ({unique}).",
        f"  intros s Hs. change (s < {n})%nat in Hs.",
        f"  each s; cbv beta iota delta [{point.compute} {family}_number]; policy_numbers; {numbers}lra.",
        "Qed.",
        *point.places(family, f"{family}_point", function),
    ]


def _value(point: Point) -> list[str]:
    at, args = point.at, point.args
    definition = "\n".join([
        f"Definition V_at{at.binders} : nat -> R := value model (pi_at {at.args}).",
        f"Lemma V_Bellman{at.binders} : Bellman model (pi_at {at.args}) (V_at {at.args}).",
        f"Proof. exact (value_solves_Bellman model _ (pi_policy {at.args}) (pi_ends {at.args})). Qed.",
    ])  # fmt: skip
    return _solved(point, "V", f"Bellman_unique model (pi_at {args}) V_number {_facts(point)}", definition)


def _eta(point: Point) -> list[str]:
    at, args = point.at, point.args
    definition = f"Definition eta_at{at.binders} : nat -> R := occupancy model start (pi_at {at.args})."
    return _solved(point, "eta", f"Balance_unique model start (pi_at {args}) eta_number {_facts(point)}", definition)


def _mu(point: Point) -> list[str]:
    at, args, n = point.at, point.args, len(point.at.order)
    definition = f"Definition mu_at{at.binders} : nat -> R := stationary model {n - 1}%nat (pi_at {at.args})."
    unique = (f"stationary_unique {_average_facts(point)} (pi_at {args}) (pi_policy {args}) (pi_returns {args}) "
              "mu_number")  # fmt: skip
    found = _solved(point, "mu", unique, definition)
    start = found.index(f"  apply ({unique}).")
    found[start + 1 : start + 3] = [
        "  split; [cbv beta iota delta [sum MDP.states model mu_number]; lra|].",
        f"  intros s Hs. change (s < {n})%nat in Hs.",
        f"  each s; cbv beta iota delta [{point.compute} mu_number]; policy_numbers; lra.",
    ]
    return found


def _rbar(point: Point) -> list[str]:
    at, args, n = point.at, point.args, len(point.at.order)
    return [
        f"Definition rbar{at.binders} : R := average model {n - 1}%nat (pi_at {at.args}).",
        f"Lemma rbar_point : rbar {args} = {number(point.value(point.quantities.rbar))}.",
        "Proof.",
        f"  unfold rbar, average. change (stationary model {n - 1}%nat (pi_at {args})) with (mu_at {args}).",
        f"  cbv beta iota delta [{point.compute}]. {point.numbers('mu')}. policy_numbers. lra.",
        "Qed.",
    ]


def _h(point: Point) -> list[str]:
    at, args, n = point.at, point.args, len(point.at.order)
    return [
        f"Definition h_at{at.binders} : nat -> R := differential model {n - 1}%nat (pi_at {at.args}).",
        "",
        *point.entries("h", lambda s: point.value(point.element("h", s))),
        "",
        f"Lemma h_point : forall s, (s < {n})%nat -> h_at {args} s = h_number s.",
        "Proof.",
        "  intros s Hs. symmetry. revert s Hs.",
        f"  apply (differential_unique {_average_facts(point)} (pi_at {args}) (pi_policy {args}) (pi_returns {args})",
        f"    (rbar {args}) h_number).",
        f"  - intros s Hs. change (s < {n})%nat in Hs.",
        f"    each s; cbv beta iota delta [{point.compute} h_number]; rewrite rbar_point; policy_numbers; lra.",
        f"  - unfold centred. change (stationary model {n - 1}%nat (pi_at {args})) with (mu_at {args}).",
        f"    cbv beta iota delta [sum MDP.states model h_number]. {point.numbers('mu')}. lra.",
        "Qed.",
        *point.places("h", "h_point", f"(h_at {args})"),
    ]


def _derived(point: Point, family: str, param: sp.Symbol, steps: list[str]) -> list[str]:
    at, n = point.at, len(point.at.order)
    name = at.params[param]
    table_name = f"d{family}_{name}"
    numbers = {s: point.derivative(point.element(family, s), param) for s in at.order}
    return [
        *point.entries(table_name, numbers.__getitem__),
        "",
        f"Lemma {table_name}_point : forall s, (s < {n})%nat ->",
        f"  is_derive (fun t => {family}_at {point.along(param)} s) {point.names[param]} ({table_name}_number s).",
        "Proof.",
        *[f"  {step}" for step in steps],
        "Qed.",
    ]


def _family(point: Point, param: sp.Symbol) -> str:
    name = point.at.params[param]
    along, args = point.along(param), point.args
    return (f"model (fun t => pi_at {along}) (dpi_{name} {args}) {point.names[param]} "
            f"(fun t => pi_policy {along})")  # fmt: skip


def _dvalue(point: Point, param: sp.Symbol) -> list[str]:
    n, name, args, along = len(point.at.order), point.at.params[param], point.args, point.along(param)
    return _derived(point, "V", param, [
        f"apply (value_is_derive {_family(point, param)} (fun t => pi_ends {along})",
        f"  (pi_derive_{name} {args}) (fun t => V_at {along}) (fun t => V_Bellman {along}) dV_{name}_number).",
        f"intros s Hs. change (s < {n})%nat in Hs.",
        f"each s; cbv beta iota delta [{point.compute} dV_{name}_number]; {point.numbers('V')}; "
        f"derivatives_{name}; policy_numbers; lra.",
    ])  # fmt: skip


def _deta(point: Point, param: sp.Symbol) -> list[str]:
    n, name, args, along = len(point.at.order), point.at.params[param], point.args, point.along(param)
    return _derived(point, "eta", param, [
        f"apply (occupancy_is_derive {_family(point, param)} (pi_derive_{name} {args}) start deta_{name}_number",
        f"  (fun t => pi_ends {along})).",
        f"intros s Hs. change (s < {n})%nat in Hs. change (occupancy model start (pi_at {args})) with (eta_at {args}).",
        f"each s; cbv beta iota delta [{point.compute} deta_{name}_number]; {point.numbers('eta')}; "
        f"derivatives_{name}; policy_numbers; lra.",
    ])  # fmt: skip


def _dmu(point: Point, param: sp.Symbol) -> list[str]:
    n, name, args, along = len(point.at.order), point.at.params[param], point.args, point.along(param)
    return _derived(point, "mu", param, [
        f"apply (stationary_is_derive {_family(point, param)} (pi_derive_{name} {args}) {n - 1}%nat eq_refl acts",
        f"  (fun t => pi_returns {along}) dmu_{name}_number).",
        f"- cbv beta iota delta [sum MDP.states model dmu_{name}_number]. lra.",
        f"- intros s Hs. change (s < {n})%nat in Hs.",
        f"  change (stationary model {n - 1}%nat (pi_at {args})) with (mu_at {args}).",
        f"  each s; cbv beta iota delta [{point.compute} dmu_{name}_number]; {point.numbers('mu')}; "
        f"derivatives_{name}; policy_numbers; lra.",
    ])  # fmt: skip


def _drbar(point: Point, param: sp.Symbol) -> list[str]:
    n, name, args, along = len(point.at.order), point.at.params[param], point.args, point.along(param)
    return [
        f"Lemma drbar_{name}_point : is_derive (fun t => rbar {along}) {point.names[param]} "
        f"{number(point.derivative(point.quantities.rbar, param))}.",
        "Proof.",
        f"  evar_last; [exact (average_is_derive {_family(point, param)} (pi_derive_{name} {args})",
        f"    {n - 1}%nat eq_refl acts (fun t => pi_returns {along}))|].",
        f"  cbv beta. change (stationary model {n - 1}%nat (pi_at {args})) with (mu_at {args}).",
        f"  change (differential model {n - 1}%nat (pi_at {args})) with (h_at {args}).",
        f"  change (average model {n - 1}%nat (pi_at {args})) with (rbar {args}).",
        f"  cbv beta iota delta [{point.compute}]. rewrite rbar_point. {point.numbers('mu')}. {point.numbers('h')}. "
        f"derivatives_{name}. lra.",
        "Qed.",
    ]  # fmt: skip


def _dh(point: Point, param: sp.Symbol) -> list[str]:
    n, name, args, along = len(point.at.order), point.at.params[param], point.args, point.along(param)
    folds = (f"change (stationary model {n - 1}%nat (pi_at {args})) with (mu_at {args}). "
             f"change (differential model {n - 1}%nat (pi_at {args})) with (h_at {args}).")  # fmt: skip
    return _derived(point, "h", param, [
        f"apply (differential_is_derive {_family(point, param)} (pi_derive_{name} {args}) {n - 1}%nat eq_refl acts",
        f"  (fun t => pi_returns {along}) dmu_{name}_number _ dh_{name}_number dmu_{name}_point drbar_{name}_point).",
        f"- cbv beta. {folds}",
        f"  cbv beta iota delta [sum MDP.states model dmu_{name}_number dh_{name}_number]. "
        f"{point.numbers('mu')}. {point.numbers('h')}. lra.",
        f"- intros s Hs. change (s < {n})%nat in Hs. cbv beta. {folds}",
        f"  each s; cbv beta iota delta [{point.compute} dh_{name}_number]; {point.numbers('h')}; "
        f"derivatives_{name}; policy_numbers; lra.",
    ])  # fmt: skip


def _q(point: Point) -> list[str]:
    """Q at the point, by name."""
    at, args = point.at, point.args
    average = at.objective is Objective.AVERAGE_REWARD
    meaning = f"Q_diff model (rbar {at.args}) (h_at {at.args})" if average else f"MDP.Q model (V_at {at.args})"
    numbers = f"rewrite rbar_point; {point.numbers('h')}" if average else point.numbers("V")
    parts = [f"Definition Q_at{at.binders} : nat -> nat -> R := {meaning}."]
    for s, a in at.pairs:
        parts += [
            f"Lemma Q_at_{at.label(s, a)} : Q_at {args} {at.pair(s, a)} = "
            f"{number(point.value(point.quantities.Q[s, a]))}.",
            f"Proof. unfold Q_at. cbv beta iota delta [{point.compute}]. {numbers}; lra. Qed.",
        ]
    listed = ", ".join(f"?Q_at_{at.label(s, a)}" for s, a in at.pairs)
    return [*parts, f"Ltac action_values := rewrite {listed}."]


def _objective(point: Point) -> list[str]:
    """J by name."""
    at = point.at
    if at.objective is Objective.AVERAGE_REWARD:
        meaning = f"rbar {at.args}"
    elif at.objective is Objective.START_STATE:
        meaning = total(f"{number(rational(p))} * V_at {at.args} {at.state(s)}" for s, p in at.start.items())
    else:
        meaning = total(f"mu_at {at.args} {at.state(s)} * V_at {at.args} {at.state(s)}" for s in at.acting)
    return [f"Definition J{at.binders} : R := {meaning}."]


WRITERS: dict[str, Callable[..., list[str]]] = {
    "ends": _ends, "returns": _returns, "dpi": _dpi,
    "V": _value, "eta": _eta, "mu": _mu, "rbar": _rbar, "h": _h,
    "Q": _q, "J": _objective,
    "dV": _dvalue, "deta": _deta, "dmu": _dmu, "drbar": _drbar, "dh": _dh,
}  # fmt: skip

BEFORE: dict[str, tuple[str, ...]] = {
    "ends": (), "returns": (), "dpi": (),
    "V": ("ends",), "eta": ("ends",), "mu": ("returns",), "rbar": ("mu",), "h": ("rbar",),
    "Q": (), "J": (),
    "dV": ("V", "dpi"), "deta": ("eta", "dpi"), "dmu": ("mu", "dpi"), "drbar": ("h", "dpi"), "dh": ("dmu", "drbar"),
}  # fmt: skip

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
