"""Changed models that mean the same: discount as random termination."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import count

from pgsym.errors import DiscountError
from pgsym.expression.grammar import unparse
from pgsym.model.mdp import MDP, State


def terminating(mdp: MDP) -> MDP:
    """The same MDP with the discount as a probability: each step ends the run with probability 1 - gamma.

    Every outcome (s', p, r) becomes two, (s', gamma p, r) and (end, (1 - gamma) p, r), with a fresh terminal state
    and discount 1.  States and actions stay, so a policy of `mdp` is one of the result; V, Q, A and eta stay too
    (Puterman 1994, section 5.3), and a run's expected length is sum_s eta(s).

    Raises
    ------
    DiscountError
        gamma = 1: nothing would ever end.

    Examples
    --------
    >>> mdp = MDP.from_transitions([("s", "go", "s", 1, 2)], start="s", gamma="3/4")
    >>> ending = terminating(mdp)
    >>> ending.outcomes("s", "go"), ending.gamma
    ((Outcome(state='s', p=3/4, r=2), Outcome(state='end', p=1/4, r=2)), 1)
    """
    import networkx as nx

    gamma = mdp.gamma
    if gamma == 1:
        raise DiscountError(
            "gamma = 1; a run ends with probability 1 - gamma, which must be positive. Set gamma < 1",
            where="terminating",
        )
    declared = dict(mdp.assumptions)
    for symbol in gamma.free_symbols:
        declared.setdefault(symbol.name, f"0 <= {unparse(gamma)} < 1")
    graph = nx.MultiDiGraph(gamma=1, symbols=declared)
    end = fresh(mdp)
    for s in mdp.states:
        graph.add_node(s, terminal=s in mdp.terminal, start=mdp.start.get(s, 0))
    graph.add_node(end, terminal=True)
    order = count()
    for s, a in mdp.pairs:
        for t, p, r in mdp.outcomes(s, a):
            graph.add_edge(s, t, action=a, p=gamma * p, r=r, order=next(order))
            graph.add_edge(s, end, action=a, p=(1 - gamma) * p, r=r, order=next(order))
    return MDP(graph)


def fresh(mdp: MDP, name: str = "end") -> State:
    """`name`, or name_2, name_3, ... where a state is already called, or shown as, that.

    >>> fresh(MDP.from_transitions([("end", "go", "end", 1, 0)]))
    'end_2'
    """
    taken = {str(s) for s in mdp.states}
    candidates = (name if k == 1 else f"{name}_{k}" for k in count(1))
    found: Hashable = next(candidate for candidate in candidates if candidate not in taken)
    return found
