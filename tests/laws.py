"""What a model says, whatever the order of its outcomes and however often one of them is written."""

import sympy as sp
from hypothesis import strategies as st
from strategies import episodic_mdps

from pgsym.model import MDP


def law(mdp, *, numbered=False):
    """{(s, a): {(s', r): p}}, start, terminal, gamma; with `numbered`, states and actions by their place."""
    states = {s: i if numbered else s for i, s in enumerate(mdp.states)}
    actions = {a: i if numbered else a for i, a in enumerate(dict.fromkeys(a for _, a in mdp.pairs))}
    table = {}
    for s, a in mdp.pairs:
        row = table.setdefault((states[s], actions[a]), {})
        for t, p, r in mdp.outcomes(s, a):
            key = (states[t], sp.cancel(r))
            row[key] = sp.cancel(row.get(key, 0) + p)
    start = {states[s]: p for s, p in mdp.start.items()}
    return table, start, {states[s] for s in mdp.terminal}, mdp.gamma


@st.composite
def parametric_mdps(draw):
    """An episodic MDP in which the symbol q splits some outcomes, and some rewards are multiples of w."""
    mdp = draw(episodic_mdps(gamma="1"))
    q, w = sp.symbols("q w")
    rows = []
    for s, a in mdp.pairs:
        for t, p, r in mdp.outcomes(s, a):
            r = r * w / (1 + w**2) - 1 if draw(st.booleans()) else r
            if draw(st.booleans()):
                rows += [(s, a, t, p * q**2, r), (s, a, "end", p * (1 - q**2), r)]
            else:
                rows.append((s, a, t, p, r))
    used = {symbol.name for row in rows for e in row[3:] for symbol in sp.sympify(e).free_symbols}
    declared = {"q": "0 < q < 1", "w": "w > 0"}
    symbols = {name: text for name, text in declared.items() if name in used}
    return MDP.from_transitions(rows, start=0, terminal=["end"], symbols=symbols)
