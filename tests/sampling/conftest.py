"""Models whose answers are known, and the false-alarm rate of every statistical test here."""

import json
from functools import partial
from pathlib import Path
from statistics import NormalDist
from types import SimpleNamespace

import jax
import numpy as np
import pytest

from pgsym.estimators.estimator import find_estimator
from pgsym.expression.exact import to_expr
from pgsym.model import MDP, Objective, Problem, softmax_policy, tabular
from pgsym.sampling import build_tables
from pgsym.sampling.layout import prepare
from pgsym.sampling.plan import make_plan
from pgsym.sampling.random import seed_key
from pgsym.sampling.walk import rollout

CASES = Path(__file__).parent.parent / "cases" / "data"


class Case(Problem):
    """A problem with its expected answers."""

    expected = None


class Statistics:
    """Thresholds for tests that a correct sampler fails with probability at most `FALSE_ALARM` each."""

    FALSE_ALARM = 1e-6

    def threshold(self, coordinates=1):
        """Two-sided |z| bound for that many coordinates at once (Bonferroni)."""
        return NormalDist().inv_cdf(1 - self.FALSE_ALARM / (2 * coordinates))

    def agree(self, mean, truth, standard_error):
        """Whether every coordinate lies within the bound."""
        gap = np.abs(np.atleast_1d(mean) - np.atleast_1d(truth))
        return bool((gap <= self.threshold(gap.size) * np.atleast_1d(standard_error)).all())

    def detectable(self, standard_error, power=0.99):
        """The shift of one coordinate that is found with that probability."""
        return (self.threshold() + NormalDist().inv_cdf(power)) * float(np.max(standard_error))


@pytest.fixture(scope="session")
def statistics():
    return Statistics()


def read_case(name):
    """A case file."""
    case = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    model = case["model"]
    mdp = MDP.from_transitions(
        model["transitions"],
        start=model.get("start"),
        terminal=model.get("terminal", ()),
        gamma=model.get("gamma", 1),
        states=model["states"],
    )
    policy = softmax_policy(mdp, model["policy"]["logits"], model["policy"]["params"])
    theta = {name: to_expr(value) for name, value in model["policy"]["theta"].items()}
    found = Case(mdp, policy, theta=theta)
    object.__setattr__(found, "expected", case["expected"])
    return found


@pytest.fixture(scope="session")
def corridor():
    """Short corridor, Sutton & Barto, Example 13.1, at p = 1/2."""
    return read_case("V03_short_corridor_half")


@pytest.fixture(scope="session")
def dag():
    """Three states without loops, gamma = 1/2: every trajectory can be enumerated."""
    return read_case("V13_dag_gamma_half")


@pytest.fixture(scope="session")
def chain():
    """Five states, gamma = 1/2: dropping gamma^t turns the sign of the gradient."""
    return read_case("V14_drop_gamma_t_gamma_1_2")


@pytest.fixture(scope="session")
def edges():
    """Two outcomes of one (s, a) share s' with different rewards."""
    return read_case("V24_parallel_edges")


@pytest.fixture(scope="session")
def kakade():
    """Two states, average reward."""
    return read_case("V08_kakade_two_state_avg")


@pytest.fixture(scope="session")
def garnet():
    """Ten states, two actions, three successors each, tabular softmax."""
    rng = np.random.default_rng(7)
    transitions = []
    for s in range(10):
        for a in range(2):
            weights = rng.integers(1, 9, 3)
            for s2, w in zip(rng.choice(10, 3, replace=False).tolist(), weights.tolist(), strict=True):
                transitions.append((s, a, s2, f"{w}/{weights.sum()}", f"{rng.integers(-20, 20)}/10"))
    mdp = MDP.from_transitions(transitions, start=dict.fromkeys(range(10), "1/10"), gamma="9/10")
    policy = tabular(mdp)
    return Problem(mdp, policy, theta=[round(x, 2) for x in rng.normal(size=20).tolist()])


@pytest.fixture(scope="session")
def true_gradient():
    """grad J of a case, in the order of its parameters."""
    return lambda case: [float(case.expected["grad"][x.name]["float"]) for x in case.policy.params]


@pytest.fixture(scope="session")
def draw():
    """draw(case, T, n): what n trajectories of T steps did, as NumPy arrays [T, n]."""

    def run(case, T, n, seed=0, first=0):
        tables = build_tables(case)
        arrays, shape = prepare(tables, make_plan(find_estimator("reward-to-go"), tables, Objective.START_STATE, T), n)
        ids = np.uint32(first) + np.arange(n, dtype=np.uint32)
        with jax.enable_x64(True):
            _, entries = jax.jit(partial(rollout, shape=shape))(arrays, key=seed_key(seed), ids=ids)
        record = arrays.step[np.asarray(entries)]
        low = record.astype(np.uint32)
        return SimpleNamespace(
            tables=tables,
            arrays=arrays,
            shape=shape,
            ids=ids,
            entries=np.asarray(entries),
            pair=(low >> (32 - shape.pair_bits)).astype(int),
            successor=(low & ((1 << shape.base_bits) - 1)) // shape.width,
            reward=(record >> np.uint64(32)).astype(np.uint32).view(np.float32),
        )

    return run
