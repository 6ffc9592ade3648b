"""Every deterministic policy of a small MDP, by Gauss over fractions: nothing of pgsym but the model is used."""

from fractions import Fraction
from itertools import product


def solved(A, b):
    """x with A x = b, by Gauss's elimination; None where A is singular."""
    n, rows = len(b), [[*row, value] for row, value in zip(A, b, strict=True)]
    for k in range(n):
        pivot = next((i for i in range(k, n) if rows[i][k]), None)
        if pivot is None:
            return None
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [e / rows[k][k] for e in rows[k]]
        rows = [
            row if i == k else [e - row[k] * f for e, f in zip(row, rows[k], strict=True)] for i, row in enumerate(rows)
        ]
    return [row[n] for row in rows]


def policies(mdp):
    return [dict(zip(mdp.nonterminal, c, strict=True)) for c in product(*map(mdp.actions, mdp.nonterminal))]


def chain(mdp, policy):
    """P and r of the states that act; what leads to an end is left out."""
    index = {s: i for i, s in enumerate(mdp.nonterminal)}
    P, r = [[Fraction(0)] * len(index) for _ in index], [Fraction(0)] * len(index)
    for s, i in index.items():
        for o in mdp.outcomes(s, policy[s]):
            p = Fraction(str(o.p))
            r[i] += p * Fraction(str(o.r))
            if o.state in index:
                P[i][index[o.state]] += p
    return P, r


def discounted(mdp, policy, gamma):
    P, r = chain(mdp, policy)
    A = [[(i == j) - gamma * p for j, p in enumerate(row)] for i, row in enumerate(P)]
    return dict(zip(mdp.nonterminal, solved(A, r), strict=True))


def reached(mdp, policy):
    """{s: states of any later time}."""
    found = {s: {o.state for o in mdp.outcomes(s, policy[s])} for s in mdp.nonterminal}
    for _ in mdp.states:
        found = {s: after | {u for t in after for u in found.get(t, ())} for s, after in found.items()}
    return found


def recurrent(after):
    return {s for s in after if all(t in after and s in after[t] for t in after[s])}


def total(mdp, policy):
    """The total reward from each state in which every run ends, or pays nothing from some time on; None elsewhere."""
    after = reached(mdp, policy)
    paid = {s: any(o.r != 0 for o in mdp.outcomes(s, policy[s])) for s in mdp.nonterminal}
    silent = {s for s in recurrent(after) if not any(paid[t] for t in after[s])}
    bad = recurrent(after) - silent
    good = [s for s in mdp.nonterminal if s not in bad and not bad & after[s]]
    moving = [s for s in good if s not in silent]
    P, r = chain(mdp, policy)
    at = [mdp.nonterminal.index(s) for s in moving]
    V = solved([[(i == j) - P[i][j] for j in at] for i in at], [r[i] for i in at]) if at else []
    return dict.fromkeys(mdp.nonterminal) | dict.fromkeys(silent, Fraction(0)) | dict(zip(moving, V, strict=True))


def gains(mdp, policy):
    """The average reward from each state: stationary distributions of the classes, then absorption."""
    after, (P, r) = reached(mdp, policy), chain(mdp, policy)
    states, rec = list(mdp.nonterminal), recurrent(reached(mdp, policy))
    g = {}
    for s in rec:
        members = [i for i, t in enumerate(states) if t in after[s]]
        A = [[P[i][j] - (i == j) for i in members] for j in members[:-1]] + [[Fraction(1)] * len(members)]
        mu = solved(A, [Fraction(0)] * (len(members) - 1) + [Fraction(1)])
        g[s] = sum(m * r[i] for m, i in zip(mu, members, strict=True))
    rest = [i for i, s in enumerate(states) if s not in rec]
    A = [[(i == j) - P[i][j] for j in rest] for i in rest]
    b = [sum((P[i][j] * g[t] for j, t in enumerate(states) if t in rec), Fraction(0)) for i in rest]
    return g | dict(zip([states[i] for i in rest], solved(A, b) if rest else [], strict=True))
