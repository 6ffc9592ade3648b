"""What Coq has accepted: a record of `benchmarks/certify_every_mdp.py`, of which tests repeat a sample."""

_NAMES = """
policy-gradient policy-gradient-episodic expected-length policy-gradient-any-start policy-gradient-average-reward
policy-gradient-chain policy-gradient-chain-average log-derivative-trick advantage-form state-baseline
state-baseline-average-reward gradient-of-value stationary-value-gradient score-mean-zero entropy-gradient
entropy-regularised-gradient entropy-regularised-gradient-average soft-performance-difference bellman
advantage-mean-zero flow occupancy-duality occupancy-duality-general occupancy-derivative potential-shaping
poisson-equation deviation-matrix stationary-derivative schweitzer value-of-stationary baxter-bartlett
baxter-bartlett-any-discount performance-difference performance-difference-average value-difference bellman-error
off-policy-gradient emphatic-weights semi-gradient-error importance-sampling
"""

KERNEL_CHECKED = frozenset(_NAMES.split())
"""Theorems of the catalogue of which Coq's kernel accepted every relation, for every finite MDP."""
