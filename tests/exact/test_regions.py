"""Regions of a symbol, against every deterministic policy at many values of it, and against a hand-made example."""

import random
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
import sympy as sp
from every_policy import discounted, policies
from skips import needs

import pgsym
from pgsym.errors import HypothesisError, StructureError, UndefinedQuantityError
from pgsym.exact.policy_iteration import best_policy
from pgsym.exact.regions import Partition
from pgsym.model import MDP

x = sp.Symbol("x")
MODELS = 40


def random_model(seed, *, ends=False):
    """A model whose probabilities, rewards or discount hold x in [0, 1]."""
    rng = random.Random(seed)
    states, kind = list(range(rng.randint(2, 3))), seed % 3
    rows = []
    for s in states:
        for a in range(rng.randint(1, 3)):
            t, r = rng.choice(states), rng.choice(["0", "1", "-1", "2", "1/2"])
            u = rng.choice([*states, "end", "end"] if ends else states)
            p = rng.choice(["x", "1 - x", "x^2", "1/2"]) if kind == 0 else "1/3"
            r = rng.choice([r, "x", "1 - 2*x", f"{r} + x^2"]) if kind == 1 else r
            rows += [(s, a, t, p, r), (s, a, u, f"1 - ({p})", 0)]
    gamma = "x" if kind == 2 else "1/2"
    rows.append((0, "own", "end" if ends else 0, 1, "x/7"))  # so that the model has its symbol
    top, end = "x < 1" if kind == 2 else "x <= 1", ["end"] if ends else []
    symbols = {"x": f"0 <= x, {top}"}
    return MDP.from_transitions(rows, start=0, terminal=end, gamma=gamma, states=[*states, *end], symbols=symbols)


def holding(regions, value):
    """The regions that hold a value."""
    return [
        r
        for r in regions
        if (r.low < value or (r.low == value and r.closed[0])) and (value < r.high or (value == r.high and r.closed[1]))
    ]


def optimal_at(mdp, value):
    """V* and the optimal actions, by solving every deterministic policy in fractions."""
    at = mdp.subs({"x": value})
    solved = [(policy, discounted(at, policy, Fraction(str(at.gamma)))) for policy in policies(at)]
    best = {s: max(V[s] for _, V in solved) for s in at.nonterminal}
    optimal = [policy for policy, V in solved if V == best]
    return best, {s: tuple(a for a in at.actions(s) if any(p[s] == a for p in optimal)) for s in at.nonterminal}


def wrong(mdp, regions, values):
    """The values at which a region says something else than the enumeration."""
    found = []
    for value in values:
        (region,) = holding(regions, value)
        best, actions = optimal_at(mdp, value)
        field = region.chosen.field
        V = {s: field.to_sympy(region.chosen.V[s]).subs(x, value) for s in mdp.nonterminal}
        if region.actions != actions or any(V[s] != sp.Rational(best[s]) for s in best):
            found.append(value)
    return found


def samples(regions, seed):
    """Rationals in every region, near its ends, and anywhere in [0, 1)."""
    rng = random.Random(seed)
    ends = [end for r in regions for end in (r.low, r.high)]
    near = [sp.Rational(str(sp.N(end, 12))) + sp.Rational(k, 10**6) for end in ends for k in (-1, 1)]
    exact = [end for end in ends if end.is_Rational]
    return [v for v in [*near, *exact, *(sp.Rational(rng.randint(0, 99), 100) for _ in range(5))] if 0 <= v < 1]


def test_regions_agree_with_enumeration():
    broken = 0
    for seed in range(MODELS):
        mdp = random_model(seed)
        regions = Partition(mdp, x, False).regions()
        assert wrong(mdp, regions, samples(regions, seed)) == [], seed
        assert (regions[0].low, regions[-1].high) == (0, 1)
        assert all(a.high == b.low and a.closed[1] != b.closed[0] for a, b in pairwise(regions))
        for before, point, after in zip(regions, regions[1:], regions[2:], strict=False):
            if point.is_point:  # V* is continuous: what is optimal beside it is so there
                broken += 1
                for s, actions in point.actions.items():
                    assert {*before.actions[s], *after.actions[s]} <= {*actions}
    assert broken > MODELS / 2


@pytest.mark.parametrize("differential", [False, True])
def test_regions_without_a_discount_agree_with_the_model_solved_at_points(differential):
    """Each point is solved in rationals, which `test_policy_iteration` holds against enumeration."""
    decided = 0
    for seed in range(0, MODELS, 2 if differential else 1):
        mdp = random_model(3 * seed + seed % 2, ends=not differential).replace(gamma=1)
        regions = Partition(mdp, x, differential).regions()
        for value in samples(regions, seed):
            (region,) = holding(regions, value)
            point = best_policy(mdp.subs({"x": value}), differential)
            if region.why:
                with pytest.raises(HypothesisError):
                    _ = point.J
                continue
            decided += 1
            field = region.chosen.field
            assert region.actions == point.ties(), (seed, value)
            for name in ("J", "V"):
                mine, its = (getattr(p, name) for p in (region.chosen, point))
                mine, its = (mine, its) if name == "V" else ({0: mine}, {0: its})
                assert mine.keys() == its.keys()
                assert all(field.to_sympy(mine[k]).subs(x, value) == point.field.to_sympy(its[k]) for k in its)
    assert decided > MODELS


def test_enumeration_rejects_a_break_point_that_is_moved_and_a_tie_that_is_dropped():
    caught = 0
    for seed in range(MODELS):
        mdp = random_model(seed)
        regions = Partition(mdp, x, False).regions()
        k = next((k for k, r in enumerate(regions) if r.is_point and 0 < r.low < 1), None)
        if k is None:
            continue
        first, point, second = regions[k - 1 : k + 2]
        others, step = [*regions[: k - 1], *regions[k + 2 :]], sp.Rational(1, 10**3)
        moved = [replace(first, high=first.high + step), replace(point, low=point.low + step, high=point.high + step)]
        moved.append(replace(second, low=second.low + step))
        near = sp.Rational(str(sp.N(point.low, 12))) + step / 2
        if first.actions != second.actions:
            assert wrong(mdp, [*others, *moved], [near]) == [near]
            caught += 1
        if point.low.is_Rational:
            s = next(s for s, actions in point.actions.items() if len(actions) > 1)
            dropped = replace(point, actions={**point.actions, s: point.actions[s][:1]})
            assert wrong(mdp, [*others, first, dropped, second], [point.low]) == [point.low]
    assert caught > MODELS / 4


def machine(gamma="9/10"):
    """The machine of examples/custom_mdp.py at c = 2: repairing pays where running pays more than waiting costs."""
    rows = [("works", "run", "works", "1 - p", 1), ("works", "run", "broken", "p", 1)]
    rows += [
        ("works", "service", "works", 1, 0),
        ("broken", "repair", "works", 1, -2),
        ("broken", "wait", "broken", 1, 0),
    ]
    return MDP.from_transitions(rows, start="works", gamma=gamma, symbols={"p": "0 < p < 1"})


def test_repair_is_optimal_up_to_7_18ths():
    """Run and repair: V(works) = 1 + 9/10 ((1-p) V(works) + p V(broken)), V(broken) = -2 + 9/10 V(works) = 0 there."""
    found = pgsym.optimal(pgsym.Problem(machine()))
    assert [(r.low, r.high, r.actions["broken"]) for r in found.regions] == [
        (0, sp.Rational(7, 18), ("repair",)),
        (sp.Rational(7, 18), sp.Rational(7, 18), ("repair", "wait")),
        (sp.Rational(7, 18), 1, ("wait",)),
    ]
    assert [found.J(r) for r in found.regions][1] == sp.Rational(20, 9)
    p = sp.Symbol("p")
    assert sp.cancel(found.J(found.regions[0]) - 20 * (5 - 9 * p) / (9 * p + 10)) == 0


def test_average_reward_breaks_where_a_cycle_pays_nothing():
    """A cycle earns 1/p on the way and costs 2: rbar = (1 - 2p)/(1 + p) until p = 1/2; then 0 for ever."""
    found = pgsym.optimal(pgsym.Problem(machine(), objective="average-reward"))
    assert [(r.low, r.high) for r in found.regions] == [
        (0, sp.Rational(1, 2)),
        (sp.Rational(1, 2),) * 2,
        (sp.Rational(1, 2), 1),
    ]
    assert found.J(found.regions[0]).subs("p", sp.Rational(1, 5)) == sp.Rational(1, 2)
    assert [found.J(r) for r in found.regions[1:]] == [0, 0]


def test_machine_replacement_breaks_at_an_irrational_discount():
    """Replacing at wear 2: the difference of the two values changes its sign at a root of 20 g^2 - 59 g + 20."""
    mdp = pgsym.zoo("machine-replacement").mdp.replace(gamma="g")
    found = pgsym.optimal(pgsym.Problem(mdp), over="g")
    point = (59 - 3 * sp.sqrt(209)) / 40
    assert [sp.simplify(e - point) for e in found.break_points[1:2]] == [0]
    below, above = (best_policy(mdp.subs({"g": f"{k}/1000"})).ties() for k in (390, 391))
    assert (below[2], above[2]) == (("operate",), ("replace",))
    assert (
        "0.390738 is 59/40 - 3*sqrt(209)/40, the root of 20*g**2 - 59*g + 20 between 0.3907 and 0.3908" in found.below
    )


def test_a_value_where_the_graph_changes_is_solved_by_itself():
    """For p > 0 the loop is left in the end; at p = 0 it pays for ever."""
    rows = [("s", "go", "t", "p", 0), ("s", "go", "s", "1 - p", 1), ("t", "go", "t", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", gamma=1, symbols={"p": "0 <= p <= 1"})
    point, rest = pgsym.optimal(pgsym.Problem(mdp)).regions
    assert (point.low, point.high, point.actions) == (0, 0, {})
    assert point.why == (
        "V*(s): gamma = 1 and a run from 's' earns 1 a step in the long run, so the return has no upper bound. Set "
        "gamma < 1, or use the average-reward objective"
    )
    assert (rest.low, rest.high, rest.closed, rest.why) == (0, 1, (False, True), "")


def test_the_same_actions_with_another_value_are_another_region():
    """Staying is free; going always ends: with 1 where p > 0, with 5 at p = 0."""
    rows = [("s", "go", "t", "p", 0), ("s", "go", "u", "1 - p", 0), ("t", "go", "end", 1, 1), ("u", "go", "t", "p", 0)]
    rows += [("u", "go", "u", "1 - p", 0)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"], symbols={"p": "0 <= p <= 1"})
    found = pgsym.optimal(pgsym.Problem(mdp))
    assert [(r.low, r.high, found.J(r)) for r in found.regions] == [(0, 0, 0), (0, 1, 1)]
    assert found.regions[0].actions == found.regions[1].actions


def test_an_irrational_value_where_the_graph_changes_is_not_decided():
    rows = [("s", "go", "s", "2 - x^2", 1), ("s", "go", "t", "x^2 - 1", 0), ("t", "go", "s", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", symbols={"x": "1 <= x"})
    last = pgsym.optimal(pgsym.Problem(mdp, objective="average-reward")).regions[-1]
    assert (last.low, last.high) == (sp.sqrt(2), sp.sqrt(2))
    assert last.why == "the chain changes its graph at an irrational x, where it is not solved"


def test_several_symbols_are_refused():
    with pytest.raises(StructureError) as error:
        pgsym.optimal("recycling-robot", over="beta")
    assert str(error.value) == (
        "over: found the symbols alpha, beta, r_search, r_wait; regions are those of one symbol. Give alpha, r_search, "
        "r_wait numbers, with at(...) or --set, or choose another with over"
    )


def test_an_unknown_symbol_is_refused():
    with pytest.raises(StructureError) as error:
        pgsym.optimal("short-corridor", over="p")
    assert str(error.value) == "over: 'p' is no symbol of the model; it has none. Check the name"


def test_the_stationary_value_is_refused():
    with pytest.raises(UndefinedQuantityError) as error:
        pgsym.optimal("sign-flip")
    assert str(error.value) == (
        "stationary-value: found J = sum[s] mu(s) * V(s), which weighs states by the policy's own mu, so no action is "
        "the best one of its state; J = sum[s] mu0(s) * V(s) or the average reward is required. Use start-state or "
        "average-reward"
    )


def test_plot_has_a_band_for_each_interval():
    needs("matplotlib")
    (axes,) = pgsym.optimal(pgsym.Problem(machine())).plot().axes
    assert (len(axes.patches), len(axes.lines)) == (2, 2)
