"""FrozenLake from gymnasium, solved exactly and then sampled."""

import pgsym

lake = pgsym.MDP.from_gymnasium("FrozenLake-v1")
policy = pgsym.tabular(lake)
uniform = dict.fromkeys(policy.params, 0)

solution = pgsym.solve(pgsym.Problem(lake, policy))
at_uniform = solution.at(uniform)
print("success probability of the uniform policy:", at_uniform.J)

print(pgsym.verify(pgsym.Problem(lake, policy)))

check = pgsym.cross_check(pgsym.Problem(lake, policy, theta=uniform), n=20_000, seed=0)
print(check)
assert check.consistent
