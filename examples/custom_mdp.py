"""An MDP of your own, edge by edge, with symbols for what you do not know."""

import networkx as nx
import sympy as sp

import pgsym

p, c = sp.symbols("p c")

# A machine works or is broken. Running it earns 1 and breaks it with probability p; repairing costs c.
graph = nx.MultiDiGraph(gamma="gamma", symbols={"p": "0 < p < 1", "gamma": "0 < gamma < 1"})
graph.add_node("works", start=1)
graph.add_edge("works", "works", action="run", p=1 - p, r=1)
graph.add_edge("works", "broken", action="run", p=p, r=1)
graph.add_edge("works", "works", action="service", p=1, r=0)
graph.add_edge("broken", "works", action="repair", p=1, r=-c)
graph.add_edge("broken", "broken", action="wait", p=1, r=0)

mdp = pgsym.MDP(graph)
policy = pgsym.sigmoid(mdp, {"works": "a", "broken": "b"})
problem = pgsym.Problem(mdp, policy)
solution = pgsym.solve(problem)

print("J =", solution.J)
print("eta(broken) =", solution.eta["broken"])
print("dJ/da =", solution.grad[sp.Symbol("a")])
print(pgsym.verify(problem))

point = solution.at({"a": "log(3)", "b": 0}, p="1/10", gamma="9/10", c=2)
print("at odds 3:1, p = 1/10, gamma = 9/10, c = 2:  J =", point.J)
