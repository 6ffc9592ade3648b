"""FrozenLake from gymnasium, solved exactly and then sampled."""

import pgsym

lake = pgsym.Problem.of("gym:FrozenLake-v1")  # tabular softmax at theta = 0, start-state objective

print("success probability of the uniform policy:", pgsym.solve(lake).at().J)
print(pgsym.verify(lake))

check = pgsym.cross_check(lake, n=20_000, seed=0)
print(check)
assert check.consistent
