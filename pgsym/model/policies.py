"""Constructors of policies: tabular and shared softmax, sigmoids, direct probabilities, mixtures."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import networkx as nx
import sympy as sp

from pgsym.errors import FormulaError, PolicyError
from pgsym.expression.complaint import brief, listed
from pgsym.expression.exact import to_expr
from pgsym.expression.linear import Linear
from pgsym.expression.naming import in_order
from pgsym.expression.sums import Sums
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policy import Direct, Mixture, Policy, Softmax
from pgsym.model.structure import reach
from pgsym.model.symbols import check_collision, check_weight
from pgsym.model.validate import check_row


def tabular(mdp: MDP, name: str = "theta") -> Softmax:
    """Tabular softmax: one logit theta_{s,a} for every state-action pair.

    Parameters
    ----------
    name
        Of the parameters: ``theta_STATE_ACTION``.

    Returns
    -------
    Softmax

    See Also
    --------
    sigmoid, softmax_policy, direct_policy, mixture : Other policies.

    Examples
    --------
    >>> from pgsym.model import MDP
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 1), ("s", "no", "s", 1, 0)], gamma="1/2")
    >>> tabular(mdp).params
    (theta_s_go, theta_s_no)
    """
    return _one_parameter_each(mdp, {s: mdp.actions(s) for s in mdp.nonterminal}, name)


def sigmoid(mdp: MDP, params: Mapping[State, Any] | str = "theta", *, default: str | None = None) -> Softmax:
    """Two actions in every state with a choice: pi(a|s) = 1/(1 + exp(-theta_s)) for the first of them.

    Parameters
    ----------
    params
        Logit of the first action by state (text or expression), or the stem of the parameters' names.
    default
        As for `softmax_policy`.

    Returns
    -------
    Softmax

    See Also
    --------
    tabular, softmax_policy, direct_policy, mixture : Other policies.

    Examples
    --------
    >>> from pgsym.model import MDP
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 1), ("s", "no", "s", 1, 0)], gamma="1/2")
    >>> sigmoid(mdp, {"s": "t"})("go", "s")
    exp(t)/(exp(t) + 1)
    """
    for s in mdp.nonterminal:
        if (n := len(mdp.actions(s))) > 2:
            raise PolicyError(f"{n} actions; a sigmoid policy chooses between two. Use tabular()", where=s)
    if isinstance(params, str):
        first = {s: mdp.actions(s)[:1] if len(mdp.actions(s)) == 2 else () for s in mdp.nonterminal}
        return _one_parameter_each(mdp, first, params)
    _check_pairs(mdp, {s: {} for s in params})
    return softmax_policy(mdp, {s: {mdp.actions(s)[0]: logit} for s, logit in params.items()}, default=default)


def softmax_policy(
    mdp: MDP,
    logits: Mapping[State, Mapping[Action, Any]],
    params: Iterable[sp.Symbol | str] | None = None,
    *,
    default: str | None = None,
) -> Softmax:
    """Softmax with logits linear in theta; in a state that has logits, a missing one is 0.

    Parameters
    ----------
    logits
        {state: {action: formula}}, text or SymPy expressions, linear in the parameters.
    params
        The parameters in order; by default every symbol of the logits, sorted by name.
    default
        ``"uniform"``: in a state without logits, every action is equally likely.  Otherwise such a state is an error,
        unless it has one action or cannot be reached from the start.

    Returns
    -------
    Softmax

    Raises
    ------
    PolicyError
        A state or an action is unknown, or a state with a choice has no logits.
    FormulaError
        A logit is not linear in the parameters.

    See Also
    --------
    tabular, sigmoid, direct_policy, mixture : Other policies.

    Examples
    --------
    >>> from pgsym.model import MDP
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 1), ("s", "no", "s", 1, 0)], gamma="1/2")
    >>> softmax_policy(mdp, {"s": {"go": "2*t"}})("go", "s")
    exp(2*t)/(exp(2*t) + 1)
    """
    _check_pairs(mdp, logits)
    one: dict[Linear, Linear] = {}  # equal forms are one object, which is compared at once

    def form(s: State, a: Action) -> Linear:
        found = _linear(logits.get(s, {}).get(a, 0), where=("logits", s, a))
        return one.setdefault(found, found)

    forms = {s: {a: form(s, a) for a in mdp.actions(s)} for s in mdp.nonterminal}
    symbols = {symbol for row in forms.values() for form in row.values() for symbol in form.symbols}
    _check_complete(mdp, logits, "logits", default)
    policy = Softmax(forms, _parameters(params, symbols))
    if stray := symbols - set(policy.params):
        raise PolicyError(
            f"logits use {listed(sorted(s.name for s in stray))}, which params does not list; "
            "a logit is linear in the parameters only. Add it to params",
            where="logits",
        )
    check_collision(mdp, policy)
    return policy


def direct_policy(
    mdp: MDP,
    probabilities: Mapping[State, Mapping[Action, Any]],
    params: Iterable[sp.Symbol | str],
    *,
    default: str | None = None,
    sums: Sums | None = None,
) -> Direct:
    """Probabilities given directly, rational in theta; every row must sum to exactly 1.

    Parameters
    ----------
    default
        As for `softmax_policy`.
    sums
        Decides that, within its bound; by default there is none.

    Returns
    -------
    Direct

    Raises
    ------
    PolicyError
        A row that does not sum to exactly 1, or a symbol that neither the parameters nor the model has.

    See Also
    --------
    tabular, sigmoid, softmax_policy, mixture : Other policies.

    Examples
    --------
    >>> from pgsym.model import MDP
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 1), ("s", "no", "s", 1, 0)], gamma="1/2")
    >>> direct_policy(mdp, {"s": {"go": "p", "no": "1 - p"}}, ["p"])("no", "s")
    1 - p
    """
    _check_pairs(mdp, probabilities)
    table = {}
    sums = sums or Sums()
    for s in mdp.nonterminal:
        actions = mdp.actions(s)
        row = probabilities.get(s) or dict.fromkeys(actions, sp.Rational(1, len(actions)))
        table[s] = {a: to_expr(row.get(a, 0), where=("probabilities", s, a)) for a in actions}
        check_row(list(table[s].values()), where=("probabilities", s), exponentials=True, sums=sums)
    _check_complete(mdp, probabilities, "probabilities", default)
    policy = Direct(table, _parameters(params, set()))
    known = {s.name for s in (*policy.params, *mdp.symbols)}
    if stray := {s.name for s in policy.mentioned} - known:
        raise PolicyError(
            f"probabilities use {listed(sorted(stray))}, which neither params nor the model has; J would not be "
            "differentiated by it. Add it to params",
            where="probabilities",
        )
    check_collision(mdp, policy)
    return policy


def mixture(base: Policy, epsilon: Any) -> Mixture:
    """epsilon-soft version of `base`: with probability epsilon, an action uniformly at random.

    Parameters
    ----------
    epsilon
        A number in [0, 1], or a formula in symbols of its own, none of them a parameter of the base.

    Returns
    -------
    Mixture
        (1 - epsilon) base(a|s) + epsilon / |A(s)|.

    See Also
    --------
    tabular, sigmoid, softmax_policy, direct_policy : Other policies.

    Examples
    --------
    >>> from pgsym.model import MDP
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 1), ("s", "no", "s", 1, 0)], gamma="1/2")
    >>> mixture(sigmoid(mdp, {"s": "t"}), "1/5").at({"t": 0})["s"]["go"]
    1/2
    """
    weight = to_expr(epsilon, where="epsilon")
    if weight.is_number and not 0 <= weight <= 1:
        raise PolicyError(f"found {brief(weight)}; a mixture weight lies in [0, 1]", where="epsilon")
    check_weight(base, weight)
    return Mixture(base, weight)


def _one_parameter_each(mdp: MDP, actions: Mapping[State, Sequence[Action]], name: str) -> Softmax:
    """A logit of its own for each listed action, 0 for the others; names stay distinct for equal spellings."""
    single = all(len(actions[s]) <= 1 for s in mdp.nonterminal)
    logits = {s: dict.fromkeys(mdp.actions(s), Linear()) for s in mdp.nonterminal}
    params: dict[str, sp.Symbol] = {}
    number: Counter[str] = Counter()
    pairs = [(s, a) for s in mdp.nonterminal for a in actions[s]]
    for s, a in pairs:
        stem = unique = f"{name}_{_word(s)}" if single else f"{name}_{_word(s)}_{_word(a)}"
        while unique in params:
            number[stem] += 1
            unique = f"{stem}__{number[stem] + 1}"
        params[unique] = sp.Symbol(unique)
        logits[s][a] = Linear(((params[unique], Fraction(1)),))
    policy = Softmax(logits, tuple(params.values()))
    check_collision(mdp, policy)
    return policy


def _word(name: object) -> str:
    """A state's or action's name as part of an identifier that the grammar reads back."""
    if (isinstance(name, str) and name.isascii() and name.isalnum()) or (type(name) is int and name >= 0):
        return str(name)
    return re.sub(r"\W+", "_", unicodedata.normalize("NFKC", str(name))).strip("_") or "x"


def _linear(value: Any, where: Any) -> Linear:
    try:
        return Linear.from_sympy(to_expr(value, where=where))
    except FormulaError as error:
        raise FormulaError(error.message, where=where) from None


def _parameters(params: Iterable[sp.Symbol | str] | None, symbols: set[sp.Symbol]) -> tuple[sp.Symbol, ...]:
    if params is None:
        return tuple(in_order(symbols))
    return tuple(sp.Symbol(p) if isinstance(p, str) else p for p in params)


def _check_pairs(mdp: MDP, table: Mapping[State, Mapping[Action, Any]]) -> None:
    states = frozenset(mdp.states)
    for s, row in table.items():
        if s in mdp.terminal or s not in states:
            kind = "terminal" if s in mdp.terminal else "unknown"
            raise PolicyError(f"state {s!r} is {kind}; a policy acts in non-terminal states. Remove it", where="policy")
        actions = dict.fromkeys(mdp.actions(s))
        if unknown := [a for a in row if a not in actions]:
            raise PolicyError(
                f"action {unknown[0]!r} is not available; it has {listed(map(repr, actions))}. Check its name", where=s
            )


def _check_complete(mdp: MDP, table: Mapping[State, Any], what: str, default: str | None) -> None:
    """No state with a choice is forgotten."""
    if default not in (None, "uniform"):
        raise PolicyError(
            f"found default = {default!r}; only 'uniform' is known. Write that, or leave it out", where="policy"
        )
    forgotten = [s for s in mdp.nonterminal if not table.get(s) and len(mdp.actions(s)) > 1]
    if default is None and forgotten:
        graph = nx.DiGraph((s, t) for s, _, t, _, _ in mdp.rows)
        graph.add_nodes_from(mdp.states)
        reached = reach(graph, mdp.start or mdp.states)
        if forgotten := [s for s in forgotten if s in reached]:
            raise PolicyError(
                f"found no {what} for {listed(map(repr, forgotten))}; every state that can be reached and has a choice "
                "needs them. Add them, or say default='uniform' (in a file, default: uniform)",
                where="policy",
            )
