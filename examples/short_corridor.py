"""The short corridor (Sutton & Barto, Example 13.1): one shared parameter, everything in closed form."""

import sympy as sp

import pgsym

corridor = pgsym.zoo("short-corridor")
solution = pgsym.solve(corridor)
(theta,) = corridor.policy.params

print("J(theta)      =", solution.J)
print("dJ/dtheta     =", sp.factor(solution.grad[theta]))
print("V(s1), V(s2)  =", solution.V["s1"], ",", solution.V["s2"])

# The optimum is where the derivative vanishes: odds x = exp(theta) = sqrt(2), J = -(6 + 4 sqrt 2).
best = solution.at({theta: sp.log(2) / 2})
print("at theta = log(sqrt 2): dJ/dtheta =", best.grad[theta], "and J =", best.J)
assert best.grad[theta] == 0
assert best.J == -6 - 4 * sp.sqrt(2)

print(pgsym.verify(corridor))
