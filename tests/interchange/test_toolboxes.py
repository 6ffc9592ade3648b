"""pymdptoolbox's and QuantEcon's arrays: round trips, the libraries' own values, and what is refused."""

import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse
import sympy as sp
from hypothesis import given, settings
from laws import law
from skips import needs
from strategies import continuing_mdps, episodic_mdps

import pgsym
from pgsym.errors import FormulaError, MissingExtraError, SchemaError, StructureError
from pgsym.interchange.toolboxes import (
    _pairs,
    from_pymdptoolbox,
    from_quantecon,
    to_pymdptoolbox,
    to_quantecon,
)
from pgsym.model import MDP
from pgsym.model.arrays import to_arrays
from pgsym.model.reductions import averaged, merged, terminating
from pgsym.model.validate import RationalisedWarning

SWITCH = MDP.from_transitions(
    [("s", "stay", "s", 1, 1), ("s", "go", "t", "2/3", 0), ("s", "go", "s", "1/3", 3),
     ("t", "stay", "t", "1/7", 2), ("t", "stay", "s", "6/7", 2), ("t", "go", "end", 1, 5)],
    start="s", terminal=["end"], gamma="9/10",
)  # fmt: skip


def mean(mdp):
    """r(s,a,s') as one number: what a dense array holds."""
    table, _, terminal, gamma = law(mdp, numbered=True)
    found = {}
    for key, row in table.items():
        sums = found.setdefault(key, {})
        for (t, r), p in row.items():
            weight, paid = sums.get(t, (0, 0))
            sums[t] = (weight + p, paid + p * r)
    return {k: {t: (w, paid / w) for t, (w, paid) in row.items()} for k, row in found.items()}, terminal, gamma


def every_action(mdp):
    """Each state with both actions: one that lacks an action has a copy of its first."""
    rows = [(s, a, *o) for s, a in mdp.pairs for o in mdp.outcomes(s, a)]
    names = dict.fromkeys(a for _, a in mdp.pairs)
    rows += [
        (s, a, *o) for s in mdp.nonterminal for a in names if a not in mdp.actions(s)
        for o in mdp.outcomes(s, mdp.actions(s)[0])
    ]  # fmt: skip
    return MDP.from_transitions(
        rows, start=mdp.start, terminal=mdp.terminal, gamma=mdp.gamma, states=mdp.states
    )  # fmt: skip


def rests(mdp):
    """A state that stays for no reward reads as terminal: these formats cannot tell it from one."""
    return any(
        all(o.state == s and o.r == 0 for a in mdp.actions(s) for o in mdp.outcomes(s, a)) for s in mdp.nonterminal
    )


@settings(max_examples=20)
@given(continuing_mdps())
def test_pymdptoolbox_round_trip_is_exact(mdp):
    mdp = every_action(mdp)
    P, R, discount = to_pymdptoolbox(mdp, average=True)
    np.testing.assert_allclose(P.sum(axis=2), 1, rtol=2.0**-50)
    back = from_pymdptoolbox(P, R, discount, terminal=() if rests(mdp) else None)
    assert mean(back) == mean(mdp)
    sparse = from_pymdptoolbox([scipy.sparse.csr_matrix(p) for p in P], list(R), discount, terminal=mdp.terminal)
    assert sparse == back or rests(mdp)


@settings(max_examples=20)
@given(episodic_mdps())
def test_missing_actions_are_refused_or_copied(mdp):
    whole = every_action(mdp)
    if len(whole.pairs) == len(mdp.pairs):
        return
    with pytest.raises(StructureError, match="is not available; these arrays have every action in every state"):
        to_pymdptoolbox(mdp, average=True)
    back = from_pymdptoolbox(*to_pymdptoolbox(mdp, average=True, unavailable="copy"))
    assert mean(back) == mean(whole)


def fake(mdp, *, product):
    """A DiscreteDP as far as the reader looks, in either form."""
    mdp = averaged(mdp)
    R, Q, s, a = _pairs(to_arrays(mdp))
    if not product:
        return SimpleNamespace(R=R, Q=scipy.sparse.csr_matrix(Q), beta=float(mdp.gamma), s_indices=s, a_indices=a)
    n, m = len(mdp.states), a.max() + 1
    rewards, dense = np.full((n, m), -np.inf), np.zeros((n, m, n))
    rewards[s, a], dense[s, a] = R, Q
    return SimpleNamespace(R=rewards, Q=dense, beta=float(mdp.gamma))


@pytest.mark.parametrize("product", [False, True])
@settings(max_examples=15)
@given(mdp=episodic_mdps())
def test_quantecon_round_trip_is_exact(product, mdp):
    ended = [i for i, s in enumerate(mdp.states) if s in mdp.terminal]
    back = from_quantecon(fake(mdp, product=product), terminal=ended)
    assert law(back)[:1] + law(back)[2:] == law(averaged(mdp), numbered=True)[:1] + law(mdp, numbered=True)[2:]


def test_names_and_start_may_be_given():
    arrays = to_pymdptoolbox(SWITCH)
    named = {"states": SWITCH.states, "actions": ["stay", "go"]}
    found = from_pymdptoolbox(*arrays, start="s", **named)
    assert law(found) == law(merged(SWITCH))
    reward = np.array([[1.0, 0.0, 0.0], [1, 5, 0]])
    assert from_pymdptoolbox(arrays.transitions, reward.T, 0.9) == from_pymdptoolbox(arrays.transitions, reward, 0.9)


def test_pymdptoolbox_finds_the_same_values():
    solvers = needs("mdptoolbox.mdp")
    found = solvers.PolicyIteration(*to_pymdptoolbox(SWITCH))
    found.run()
    policy = pgsym.direct_policy(
        SWITCH,
        {s: {a: int(k == found.policy[i]) for k, a in enumerate(["stay", "go"])} for i, s in enumerate("st")},
        [],
    )
    V = pgsym.solve(pgsym.Problem(SWITCH, policy)).V
    assert [float(V[s]) for s in SWITCH.states] == pytest.approx(found.V, rel=1e-9)


def test_quantecon_finds_the_same_values():
    needs("quantecon")
    ddp = to_quantecon(SWITCH, average=True)
    found = ddp.solve(method="policy_iteration")
    policy = pgsym.direct_policy(
        SWITCH, {s: {a: int(k == found.sigma[i]) for k, a in enumerate(["stay", "go"])} for i, s in enumerate("st")}, []
    )
    V = pgsym.solve(pgsym.Problem(SWITCH, policy)).V
    assert [float(V[s]) for s in SWITCH.states] == pytest.approx(found.v.tolist(), rel=1e-9)
    assert from_quantecon(ddp) == from_quantecon(ddp.to_product_form())
    assert from_quantecon(ddp).gamma == sp.Rational(9, 10)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: to_pymdptoolbox(SWITCH.replace(gamma="g")), FormulaError, "arrays: found symbols g; arrays hold"),
        (lambda: to_pymdptoolbox(SWITCH, unavailable="stay"), SchemaError, "unavailable: found 'stay'; 'error' or"),
        (
            lambda: from_pymdptoolbox([[[1, 0]]], [[0]]), SchemaError,
            "P: found shape (1, 1, 2); (A, S, S) is required. Reorder the axes",
        ),
        (
            lambda: from_pymdptoolbox([[[1, 0], [0, 1]]], [[0, 1, 2]]), SchemaError,
            "r: found shape (1, 3); (2,), (2, 1) or (1, 2) or (1, 2, 2) is required. Reshape it",
        ),
    ],
)  # fmt: skip
def test_toolboxes_raise_on(call, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        call()


def test_quantecon_rewards_must_not_depend_on_the_next_state(monkeypatch):
    monkeypatch.setitem(sys.modules, "quantecon", SimpleNamespace())
    with pytest.raises(StructureError, match=r"^\('s', 'go'\): found the rewards 0, 3; a DiscreteDP has one for each"):
        to_quantecon(SWITCH)
    monkeypatch.setitem(sys.modules, "quantecon", None)
    with pytest.raises(MissingExtraError, match=r"^quantecon: it is not installed; QuantEcon models need it"):
        to_quantecon(terminating(SWITCH))


def test_ordinary_float_rows_are_divided_by_their_sums():
    rng = np.random.default_rng(0)
    with pytest.warns(RationalisedWarning, match=r"^\d rows of floats did not sum to 1"):
        mdp = from_pymdptoolbox(rng.dirichlet(np.ones(3), size=(2, 3)), np.ones(3), 0.9)
    assert all(sum(o.p for o in mdp.outcomes(s, a)) == 1 for s, a in mdp.pairs)
