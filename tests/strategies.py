"""Random MDPs for property tests: episodic or continuing, periodic, with transient states and noisy rewards."""

import sympy as sp
from hypothesis import strategies as st

from pgsym.model import MDP, softmax_policy, tabular


@st.composite
def rows(draw, targets, max_outcomes=3):
    """[(s', p, r)] with exact probabilities; two outcomes may share s' with different rewards."""
    n = draw(st.integers(1, max_outcomes))
    weights = draw(st.lists(st.integers(1, 5), min_size=n, max_size=n))
    return [
        (draw(st.sampled_from(targets)), sp.Rational(w, sum(weights)), sp.Integer(draw(st.integers(-3, 3))))
        for w in weights
    ]


@st.composite
def continuing_mdps(draw, max_states=4, gamma=None):
    """Unichain: every state can move to state 0."""
    n = draw(st.integers(2, max_states))
    transitions = []
    for s in range(n):
        for a in range(draw(st.integers(1, 2))):
            outcomes = draw(rows(range(n)))
            if a == 0 and all(t != 0 for t, _, _ in outcomes):
                outcomes[0] = (0, *outcomes[0][1:])
            transitions += [(s, f"a{a}", *o) for o in outcomes]
    start = {0: "1/3", n - 1: "2/3"}
    return MDP.from_transitions(transitions, start=start, gamma=gamma or draw(st.sampled_from(["1/2", "9/10"])))


@st.composite
def episodic_mdps(draw, max_states=4, gamma=None):
    """Every policy is proper: each action can end the run."""
    n = draw(st.integers(1, max_states))
    transitions = []
    for s in range(n):
        for a in range(draw(st.integers(1, 3))):
            outcomes = draw(rows([*range(n), "end"]))
            if all(t != "end" for t, _, _ in outcomes):
                outcomes[-1] = ("end", *outcomes[-1][1:])
            transitions += [(s, f"a{a}", *o) for o in outcomes]
    gamma = gamma or draw(st.sampled_from(["1", "1/2"]))
    return MDP.from_transitions(transitions, start=0, terminal=["end"], gamma=gamma)


@st.composite
def policies(draw, mdp):
    """Tabular softmax, or two parameters shared through random integer features."""
    if draw(st.booleans()):
        return tabular(mdp)
    logits = {
        s: {
            a: draw(st.integers(-1, 2)) * sp.Symbol("u") + draw(st.integers(0, 1)) * sp.Symbol("v")
            for a in mdp.actions(s)
        }
        for s in mdp.nonterminal
    }
    return softmax_policy(mdp, logits, params=["u", "v"])


@st.composite
def points(draw, policy):
    """theta with small rational odds, so that every value at the point is rational."""
    return {p: sp.log(sp.Rational(draw(st.integers(1, 4)), draw(st.integers(1, 4)))) for p in policy.params}
