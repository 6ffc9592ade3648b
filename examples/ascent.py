"""Gradient ascent from one start: what variance does to learning, and where a bias leads."""

import math

import pgsym

# The short corridor's exact gradient climbs to its optimum, odds sqrt(2), J = -(6 + 4 sqrt 2); the samples
# of REINFORCE and of reward-to-go have the same mean and different variances.
corridor = pgsym.zoo("short-corridor")
found = pgsym.ascend(
    corridor, methods=["exact", "natural", "reinforce", "reward-to-go"], steps=60, step_size=0.02, seeds=3
)
print(found)
(exact,) = found["exact"]
assert abs(exact.J[-1] + 6 + 4 * math.sqrt(2)) < 1e-5

# Without gamma^t, as most implementations have it, reward-to-go follows another field: on this model it turns
# around, and ends at the worst policy instead of the best.
chain = pgsym.zoo("nota-thomas")
biased = pgsym.ascend(
    chain, methods=["exact", "reward-to-go", "reward-to-go-undiscounted"], steps=60, step_size=2, batch=64
)
print()
print(biased)
assert biased.J("reward-to-go")[0, -1] > biased.J("reward-to-go-undiscounted")[0, -1]

# `biased.plot().figure.savefig("ascent.svg")` draws the paths; it needs the extra pgsym[plot].
