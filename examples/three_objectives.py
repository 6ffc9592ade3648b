"""One MDP, three objectives: where the policy gradient theorem holds, and where the famous form is false."""

import pgsym

model = pgsym.zoo("two-state")

for objective in ("start-state", "average-reward", "stationary-value"):
    problem = model.replace(objective=objective)
    point = pgsym.solve(problem).at()
    print(f"{objective}: J = {point.J}, grad J = {dict(point.grad)}")
    print(pgsym.verify(problem))
    print()
