"""Optimal values, actions and ties, against all deterministic policies of random models, in other arithmetic."""

import random
from fractions import Fraction

import pytest
from every_policy import discounted, gains, policies, total
from skips import needs

import pgsym
from pgsym.algebra.realline import fraction
from pgsym.errors import ImproperPolicyError, NotUnichainError, UndefinedQuantityError
from pgsym.exact import policy_iteration
from pgsym.exact.policy_iteration import best_policy
from pgsym.model import MDP

MODELS = 150


def random_model(seed, *, gamma, ends=True):
    """Up to 4 states with 1 to 3 actions, small rewards of either sign and many ties; loops that pay nothing too."""
    rng = random.Random(seed)
    states = list(range(rng.randint(2, 4)))
    rows = []
    for s in states:
        for a in range(rng.randint(1, 3)):
            targets = [rng.choice([*states, "end"] if ends else states) for _ in range(rng.randint(1, 2))]
            reward = rng.choice([0, 0, 1, -1, -1, 2])
            rows += [(s, a, t, Fraction(1, len(targets)), reward) for t in targets]
    return MDP.from_transitions(
        rows, start=0, terminal=["end"] if ends else [], gamma=gamma, states=[*states, *["end"] * ends]
    )


# -- discounted -------------------------------------------------------------------------------------------------------


def mistakes(mdp, gamma, V, ties):
    """What is wrong of optimal values and of all optimal actions; every deterministic policy is solved."""
    all_values = [(policy, discounted(mdp, policy, gamma)) for policy in policies(mdp)]
    best = {s: max(values[s] for _, values in all_values) for s in mdp.nonterminal}
    optimal = [policy for policy, values in all_values if values == best]
    used = {s: {policy[s] for policy in optimal} for s in mdp.nonterminal}
    return [("V", s) for s in best if V[s] != best[s]] + [("ties", s) for s in used if set(ties[s]) != used[s]]


def exact(found):
    return {s: fraction(found.V[s]) for s in found.mdp.states}


@pytest.mark.parametrize("gamma", ["1/2", "9/10"])
def test_discounted_values_and_ties_are_those_of_the_best_of_all_policies(gamma):
    tied = 0
    for seed in range(MODELS):
        mdp = random_model(seed, gamma=gamma, ends=seed % 2 == 0)
        found = best_policy(mdp)
        assert mistakes(mdp, Fraction(gamma), exact(found), found.ties()) == [], seed
        assert discounted(mdp, found.choice, Fraction(gamma)) == {s: exact(found)[s] for s in mdp.nonterminal}
        tied += any(len(actions) > 1 for actions in found.ties().values())
    assert tied > MODELS / 10


def test_brute_force_rejects_dropped_ties_and_a_missed_improvement(monkeypatch):
    mdp = next(m for m in (random_model(seed, gamma="1/2") for seed in range(50)) if len(policies(m)) > 8)
    found = best_policy(mdp)
    one = {s: actions[:1] for s, actions in found.ties().items()}
    tied = {s for s, actions in found.ties().items() if len(actions) > 1}
    assert {("ties", s) for s in tied} == set(mistakes(mdp, Fraction(1, 2), exact(found), one))
    monkeypatch.setattr(policy_iteration, "max", lambda actions, key: actions[0], raising=False)
    lazy = [best_policy.__wrapped__(random_model(seed, gamma="1/2")) for seed in range(20)]
    assert any(mistakes(m.mdp, Fraction(1, 2), exact(m), m.ties()) for m in lazy)


def test_values_are_within_the_error_bound_of_value_iteration():
    """|V_n - V*| <= gamma^n max |r| / (1 - gamma), in exact fractions."""
    gamma, steps = Fraction(1, 2), 12
    mdp = pgsym.zoo("garnet", states=30, actions=3).mdp.replace(gamma="1/2")
    V, largest = dict.fromkeys(mdp.states, Fraction(0)), max(abs(Fraction(str(r))) for *_, r in mdp.rows)
    rows = {
        pair: [(Fraction(str(o.p)), Fraction(str(o.r)), o.state) for o in mdp.outcomes(*pair)] for pair in mdp.pairs
    }
    for _ in range(steps):
        new = {(s, a): sum(p * (r + gamma * V[t]) for p, r, t in row) for (s, a), row in rows.items()}
        V = {s: max(new[s, a] for a in mdp.actions(s)) for s in mdp.states}
    found = exact(best_policy(mdp))
    assert all(abs(V[s] - found[s]) <= gamma**steps * largest / (1 - gamma) for s in mdp.states)
    assert found != V


# -- gamma = 1 --------------------------------------------------------------------------------------------------------


def test_total_reward_is_that_of_the_best_policy_that_has_one():
    defined = 0
    for seed in range(2 * MODELS):
        mdp = random_model(seed, gamma=1)
        found = best_policy(mdp)
        all_values = [total(mdp, policy) for policy in policies(mdp)]
        own, ties = total(mdp, found.choice), found.ties()
        for s in mdp.nonterminal:
            there = [values[s] for values in all_values if values[s] is not None]
            if s in found.V:
                defined += 1
                assert fraction(found.V[s]) == max(there) == own[s], (seed, s)
                assert found.choice[s] in ties[s]
                assert all(found.Q[s, a] == found.V[s] for a in ties[s])
                assert all(found.Q[s, a] < found.V[s] for a in mdp.actions(s) if (s, a) in found.Q and a not in ties[s])
            else:
                # A run that never ends gains, or there is only what neither gains nor loses, or never ends.
                g = max(gains(mdp, policy)[s] for policy in policies(mdp))
                assert g > 0 or own[s] is None, (seed, s)
                assert g >= 0 or not there, (seed, s)
    assert defined > MODELS


def test_a_loop_that_pays_nothing_is_left_for_a_reward_and_kept_from_a_loss():
    """In s, waiting for ever is worth 0: better than -1, worse than 1."""
    rows = [("s", "wait", "s", 1, 0), ("s", "lose", "end", 1, -1)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    found = best_policy(mdp)
    assert (found.J, found.choice) == (0, {"s": "wait"})
    # The reverse order of actions begins with a policy that greedy actions alone do not leave.
    mdp = MDP.from_transitions(rows[::-1], start="s", terminal=["end"])
    assert (best_policy(mdp).J, best_policy(mdp).choice) == (0, {"s": "wait"})
    mdp = MDP.from_transitions([rows[0], ("s", "win", "end", 1, 1)], start="s", terminal=["end"])
    found = best_policy(mdp)
    assert (found.J, found.choice) == (1, {"s": "win"})
    assert found.ties() == {"s": ("wait", "win")}


def test_a_loop_that_earns_is_refused_with_its_rate():
    mdp = MDP.from_transitions([("s", "more", "s", 1, "1/3"), ("s", "go", "end", 1, 9)], start="s", terminal=["end"])
    with pytest.raises(ImproperPolicyError) as error:
        _ = best_policy(mdp).J
    assert str(error.value) == (
        "V*(s): gamma = 1 and a run from 's' earns 1/3 a step in the long run, so the return has no upper bound. Set "
        "gamma < 1, or use the average-reward objective"
    )


def test_a_loop_that_neither_gains_nor_loses_is_refused():
    rows = [("s", "go", "t", 1, 1), ("t", "back", "s", 1, -1), ("t", "end", "end", 1, -2)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    with pytest.raises(ImproperPolicyError) as error:
        _ = best_policy(mdp).J
    assert str(error.value) == (
        "V*(s): gamma = 1 and a run from 's' need not end under the policy that is best for every discount near 1, so "
        "it is not defined. Set gamma < 1, or use the average-reward objective"
    )


# -- average reward ---------------------------------------------------------------------------------------------------


def test_gain_is_that_of_the_best_policy_from_each_state():
    constant = 0
    for seed in range(MODELS):
        mdp = random_model(seed, gamma="1/2", ends=False)
        found = best_policy(mdp, True)
        every = [gains(mdp, policy) for policy in policies(mdp)]
        best = {s: max(g[s] for g in every) for s in mdp.states}
        assert {s: fraction(found.quantities.g[s]) for s in mdp.states} == best, seed
        if len(set(best.values())) == 1:
            constant += 1
            assert fraction(found.J) == best[0]
            h, ties = exact(found), found.ties()
            for s, a in mdp.pairs:
                ahead = sum(Fraction(str(o.p)) * (Fraction(str(o.r)) + h[o.state]) for o in mdp.outcomes(s, a))
                assert fraction(found.Q[s, a]) == ahead - best[0] <= h[s]
                assert (a in ties[s]) == (ahead - best[0] == h[s])
        else:
            with pytest.raises(NotUnichainError):
                _ = found.J
    assert constant > MODELS / 2


def test_average_reward_of_two_loops_is_refused():
    found = best_policy(pgsym.zoo("two-classes").mdp, True)
    with pytest.raises(NotUnichainError) as error:
        _ = found.J
    assert str(error.value) == (
        "rbar*: the best average reward is 2 from 'start' and 1 from 'safe'; one number for all states is required. "
        "Connect the recurrent classes, or study each as a model of its own"
    )


def test_average_reward_of_a_model_that_ends_is_refused():
    with pytest.raises(UndefinedQuantityError) as error:
        _ = best_policy(pgsym.zoo("short-corridor").mdp, True).J
    assert str(error.value) == (
        "rbar*: 1 terminal state ('T'); an average reward needs a continuing MDP. Use the start-state objective"
    )


# -- known values, and another program --------------------------------------------------------------------------------


def test_known_optima():
    """Sutton & Barto, example 13.1 and figure 3.5's kind; FrozenLake 14/17; the cliff's 13 steps."""
    assert best_policy(pgsym.zoo("short-corridor").mdp).J == -3
    assert best_policy(pgsym.zoo("cliff").mdp).J == -13
    assert fraction(best_policy(pgsym.zoo("riverswim").mdp, True).J) == Fraction(7203, 16805)
    needs("gymnasium")
    assert fraction(best_policy(MDP.from_gymnasium("FrozenLake-v1")).J) == Fraction(14, 17)


def test_storm_finds_the_same_total_reward():
    stormpy = needs("stormpy")
    for seed in range(20):
        mdp = random_model(seed, gamma=1)
        rows = [(s, a, t, p, abs(r) + 1) for s, a, t, p, r in mdp.rows]
        mdp = MDP.from_transitions([(*row[:4], -row[4]) for row in rows], start=0, terminal=["end"], states=mdp.states)
        found = best_policy(mdp)
        if 0 not in found.V:
            continue
        costs = MDP.from_transitions(rows, start=0, terminal=["end"], states=mdp.states)
        model = pgsym.to_stormpy(costs)
        (query,) = stormpy.parse_properties('Rmin=? [F "terminal"]')
        least = stormpy.model_checking(model, query).get_value(model.initial_states[0])
        assert Fraction(str(least)) == -fraction(found.J), seed


def test_symbols_are_refused_by_name():
    with pytest.raises(UndefinedQuantityError) as error:
        best_policy(pgsym.zoo("recycling-robot").mdp)
    assert str(error.value) == (
        "optimal: found the symbols alpha, beta, r_search, r_wait; which action is best depends on them. Give them "
        "numbers, or see pgsym optimal for one symbol"
    )
