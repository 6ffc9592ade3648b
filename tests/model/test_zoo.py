"""The zoo: every entry is a sound model with a citation; published values come out exactly."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import sympy as sp

from pgsym.errors import PgsymError, SchemaError, TooLargeError
from pgsym.exact import Solution, solve
from pgsym.model import MDP, Objective, Problem
from pgsym.model.files import dumps, loads
from pgsym.model.formats import load
from pgsym.model.policy import check_policy_at
from pgsym.model.zoo import zoo, zoo_entries, zoo_names

CASES = Path(__file__).parent.parent / "cases" / "data"

REQUIRED = {
    "short-corridor", "random-walk", "random-walk-shared", "kakade", "baxter-bartlett", "two-state", "sign-flip",
    "boyan-chain", "student", "gridworld", "cliff", "recycling-robot", "machine-replacement", "garnet", "generic",
    "riverswim", "two-classes",
}  # fmt: skip

symbol = sp.Symbol


def at_theta(problem: Problem) -> Solution:
    return solve(problem).at(problem.theta)


def test_crossroads_by_hand() -> None:
    """(I - P) V = r with P = ((1/8, 5/12), (1/4, 1/10)) and r = (-7/8, 6/5)."""
    at = solve("crossroads").at({"theta_p": 0, "theta_q": 0})
    assert [at.quantities.V[s] for s in "pq"] == [sp.Rational(-69, 164), sp.Rational(399, 328)]
    assert at.J == sp.Rational(55, 82)


# -- the list --------------------------------------------------------------------------------------------


def test_zoo_has_the_required_models() -> None:
    assert set(zoo_names()) >= REQUIRED
    assert list(zoo_names()) == sorted(zoo_names())


@pytest.mark.parametrize("name", zoo_names())
def test_entry_is_sound_and_cited(name: str) -> None:
    problem = zoo(name)
    (entry,) = (e for e in zoo_entries() if e.name == name)
    assert problem.name == entry.name
    assert problem.source == entry.source
    assert "constructed" in entry.source or any(year in entry.source for year in map(str, range(1990, 2021)))
    assert "\n" not in entry.description
    assert problem.theta.keys() == set(problem.policy.params)
    assert problem.policy.states == problem.mdp.nonterminal
    for s in problem.mdp.nonterminal:
        assert problem.policy.actions(s) == problem.mdp.actions(s)
    check_policy_at(problem.policy, problem.theta)


@pytest.mark.parametrize("name", zoo_names())
def test_entry_survives_a_file(name: str) -> None:
    problem = zoo(name)
    assert loads(dumps(problem)) == problem
    assert loads(dumps(problem, "json"), "json") == problem


@pytest.mark.parametrize("name", zoo_names())
def test_entry_has_its_objective(name: str) -> None:
    """J at theta exists, exactly; the gradient by differentiation is the theorem's, where the theorem holds."""
    problem = zoo(name)
    here = at_theta(problem)
    assert here.J.is_number == (not problem.mdp.symbols)
    if problem.objective is not Objective.STATIONARY_VALUE and len(problem.policy.params) < 20:
        for p in problem.policy.params:
            assert sp.cancel(here.grad[p] - here.theorem_gradient[p]) == 0


def test_zoo_suggests_the_nearest_name() -> None:
    with pytest.raises(SchemaError, match=r"^zoo: no model is called 'short-coridor'; the nearest is 'short-corridor'"):
        zoo("short-coridor")
    with pytest.raises(SchemaError, match=r"^zoo: no model is called '§'; the models are 20, such as "):
        zoo("§")


def test_zoo_refuses_unknown_and_wrong_options() -> None:
    with pytest.raises(SchemaError, match=r"^garnet: no option is called 'state'; the nearest is 'states'"):
        zoo("garnet", state=3)
    with pytest.raises(SchemaError, match=r"^student: no option is called 'n'; the options are none"):
        zoo("student", n=3)
    with pytest.raises(SchemaError, match=r"^n: found 0; a whole number of at least 1 is required"):
        zoo("random-walk", n=0)
    with pytest.raises(SchemaError, match=r"^k: found 2\.0; a whole number of at least 2 is required"):
        zoo("gridworld", k=2.0)
    with pytest.raises(SchemaError, match=r"^branching: found 6; at most 5 next states are possible"):
        zoo("garnet", branching=6)
    with pytest.raises(SchemaError, match=r"^policy: found 'linear'; the policy is tabular or shared"):
        zoo("garnet", policy="linear")


# -- against the cases -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "case", "options"),
    [
        ("short-corridor", "V03_short_corridor_half", {}),
        ("kakade", "V08_kakade_two_state_avg", {}),
        ("sign-flip", "V11_sign_flip_gamma_9_10", {}),
        ("nota-thomas", "V14_drop_gamma_t_gamma_1_2", {}),
        ("parallel-outcomes", "V24_parallel_edges", {}),
    ],
)
def test_entry_is_the_case(name: str, case: str, options: dict[str, object]) -> None:
    """Same MDP (sign-flip adds a start), and the same probabilities at theta."""
    problem, given = zoo(name, **options), load(CASES / f"{case}.json")
    start = problem.mdp.start if not given.mdp.start else given.mdp.start
    assert problem.mdp.replace(start=start) == given.mdp.replace(start=start)
    assert problem.policy.at(problem.theta) == given.policy.at(given.theta)
    assert problem.objective == given.objective


# -- published and independently computed values ---------------------------------------------------------


def test_short_corridor_optimum() -> None:
    problem = zoo("short-corridor")
    (theta,) = problem.policy.params
    closed = solve(problem)
    x = sp.exp(theta)
    assert sp.simplify(closed.J + 2 * (x + 1) * (x + 2) / x) == 0
    best = closed.at({theta: sp.log(2) / 2})
    assert sp.radsimp(best.J) == -(6 + 4 * sp.sqrt(2))
    assert sp.radsimp(best.grad[theta]) == 0
    assert (at_theta(problem).J, at_theta(problem).grad[theta]) == (-12, 2)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
@pytest.mark.parametrize("name", ["random-walk", "random-walk-shared"])
def test_random_walk_values(name: str, n: int) -> None:
    here = at_theta(zoo(name, n=n))
    assert [here.V[k] for k in range(1, n + 1)] == [sp.Rational(k, n + 1) for k in range(1, n + 1)]


def test_random_walk_takes_a_symbolic_discount() -> None:
    assert at_theta(zoo("random-walk", n=1, gamma="gamma")).J == sp.S.Half


def test_two_state_stationary_value() -> None:
    problem = zoo("two-state")
    here = solve(problem.replace(objective="stationary-value")).at(problem.theta)
    assert here.policy.at(problem.theta)["x"]["a"] == sp.Rational(2, 3)
    assert here.policy.at(problem.theta)["y"]["a"] == sp.Rational(1, 4)
    assert [here.mu[s] for s in "xy"] == [sp.Rational(33, 83), sp.Rational(50, 83)]
    assert here.J == sp.Rational(95, 83)
    assert [here.grad[p] for p in problem.policy.params] == [sp.Rational(10120, 6889), sp.Rational(52875, 13778)]
    line2 = [here.theorem_gradient[p] for p in problem.policy.params]
    assert line2 == [sp.Rational(9988, 71961), sp.Rational(36225, 95948)]


@pytest.mark.parametrize(("gamma", "sign"), [("1/2", -1), ("4/7", 0), ("3/5", 1)])
def test_sign_flip_has_the_sign_it_is_named_for(gamma: str, sign: int) -> None:
    problem = zoo("sign-flip", gamma=gamma)
    closed = solve(problem)
    (theta,) = problem.policy.params
    for value in (sp.log(2), -sp.log(5), sp.Integer(0)):
        here = closed.at({theta: value})
        assert sp.sign(here.theorem_gradient[theta]) == sign
        assert here.grad[theta] > 0


def test_boyan_chain_values_are_linear() -> None:
    here = at_theta(zoo("boyan-chain"))
    assert [here.V[s] for s in range(1, 13)] == [-2 * s for s in range(1, 13)]


def test_student_values_are_those_of_the_lecture() -> None:
    here = at_theta(zoo("student"))
    values = [here.V[s] for s in ("Facebook", "Class 1", "Class 2", "Class 3")]
    # Exactly -30/13, -17/13, 35/13, 96/13; the lecture rounds.
    assert [round(float(v), 1) for v in values] == [-2.3, -1.3, 2.7, 7.4]
    assert values == [sp.Rational(n, 13) for n in (-30, -17, 35, 96)]


def test_cliff_value_of_the_uniform_policy() -> None:
    assert at_theta(zoo("cliff")).J == sp.Rational(-72214311616775012, 1104614417995)


def test_kakade_gradient() -> None:
    here = at_theta(zoo("kakade"))
    assert here.J == sp.Rational(18, 25)
    assert list(here.grad.values()) == [sp.Rational(112, 625), sp.Rational(32, 625)]


def test_baxter_bartlett_features_and_best_average_reward() -> None:
    """Always heading for C has rbar = 4/5, the paper's optimum; J at theta is rational in exp(1/9)."""
    problem = zoo("baxter-bartlett")
    p1, p2, p3, p4 = problem.policy.params
    logit = sp.Rational(2, 3) * (p1 - p3) + sp.Rational(1, 3) * (p2 - p4)
    assert sp.simplify(problem.policy("a1", "A") - 1 / (1 + sp.exp(-logit))) == 0
    to_c = MDP.from_transitions(
        [(s, a, o.state, o.p, o.r) for s, a in problem.mdp.pairs if a == "a2" for o in problem.mdp.outcomes(s, a)]
    )
    assert solve(Problem(to_c, objective="average-reward")).J == sp.Rational(4, 5)
    J = at_theta(problem).J
    x = symbol("x")  # exp(1/18); only even powers remain
    value = J.xreplace({u: x ** int(18 * u.args[0]) for u in J.atoms(sp.exp)} | {sp.E: x**18})
    assert value.is_rational_function(x)
    assert sp.cancel(value - value.subs(x, -x)) == 0


def test_recycling_robot_with_numbers() -> None:
    """alpha = beta = 1: high and low never change by searching, so V(high) under uniform play is known."""
    problem = zoo("recycling-robot", alpha=1, beta=1, r_search=2, r_wait=1, gamma="1/2")
    assert problem.mdp.symbols == frozenset()
    assert at_theta(problem).V["high"] == 3
    assert zoo("recycling-robot").mdp.assumptions == {"alpha": "0 < alpha < 1", "beta": "0 < beta < 1"}


def test_machine_replacement_always_operated_wears_out() -> None:
    problem = zoo("machine-replacement")
    assert problem.mdp.outcomes(3, "operate") == (
        (3, sp.S.Half, 1),
        (3, sp.Rational(3, 10), 1),
        (3, sp.Rational(1, 5), 1),
    )
    assert problem.mdp.outcomes(3, "replace")[0] == (0, sp.S.Half, 2)


def test_riverswim_rows() -> None:
    mdp = zoo("riverswim").mdp
    assert mdp.outcomes(1, "left") == ((1, 1, sp.Rational(1, 200)),)
    assert mdp.outcomes(3, "right") == (
        (2, sp.Rational(1, 20), 0), (3, sp.Rational(3, 5), 0), (4, sp.Rational(7, 20), 0)
    )  # fmt: skip
    assert mdp.outcomes(6, "right") == ((5, sp.Rational(2, 5), 1), (6, sp.Rational(3, 5), 1))


def test_gridworld_without_slip_goes_where_it_aims() -> None:
    mdp = zoo("gridworld", k=3, slip=0).mdp
    certain = {(s, a): [o.state for o in mdp.outcomes(s, a) if o.p == 1] for s, a in mdp.pairs}
    assert certain[(0, 0), "right"] == [(0, 1)]
    assert certain[(0, 0), "down"] == [(1, 0)]
    assert certain[(0, 0), "up"] == certain[(0, 0), "left"] == [(0, 0)]


def test_gridworld_slips_to_both_sides() -> None:
    mdp = zoo("gridworld", k=3, slip="s", gamma="gamma").mdp
    s = symbol("s")
    by_state: dict[object, sp.Expr] = {}
    for o in mdp.outcomes((1, 1), "right"):
        by_state[o.state] = by_state.get(o.state, 0) + o.p
    assert by_state == {(1, 2): 1 - s, (0, 1): s / 2, (2, 1): s / 2}
    assert mdp.assumptions == {"s": "0 < s < 1"}


def test_garnet_is_the_same_everywhere() -> None:
    """Golden rows: the stream of random() is the same in every Python."""
    mdp = zoo("garnet", states=3, actions=2, branching=2, seed=7).mdp
    assert mdp == zoo("garnet", states=3, actions=2, branching=2, seed=7).mdp
    assert mdp != zoo("garnet", states=3, actions=2, branching=2, seed=8).mdp
    for s, a in itertools.product(range(3), range(2)):
        outcomes = mdp.outcomes(s, a)
        assert len({o.state for o in outcomes}) == 2
        assert all(0 < o.p < 1 and (100 * o.p).is_Integer for o in outcomes)
    assert mdp.outcomes(0, 0) == GOLDEN


GOLDEN = (
    (0, sp.Rational(13, 20), 0),
    (1, sp.Rational(7, 20), 0),
)


def test_garnet_shared_policy_has_one_parameter() -> None:
    assert zoo("garnet", policy="shared").policy.params == (symbol("theta"),)
    assert len(zoo("garnet", states=4, actions=3).policy.params) == 12


def test_generic_has_a_symbol_for_everything() -> None:
    problem = zoo("generic", states=3, actions=2)
    names = {s.name for s in problem.mdp.symbols}
    assert len(names) == 3 * 2 * 2 + 3 * 2 * 3 + 2 + 1
    assert {"p_1_1_1", "r_3_2_3", "m_2", "gamma"} <= names
    assert "p_1_1_3" not in names


def test_large_entries_refuse_closed_forms_but_answer_at_theta() -> None:
    """cliff has 148 parameters: its closed form is refused in time, its value at theta is exact."""
    problem = zoo("cliff")
    with pytest.raises(TooLargeError):
        solve(problem, budget=2_000).J  # noqa: B018


def test_errors_of_the_zoo_are_ours() -> None:
    with pytest.raises(PgsymError):
        zoo("gridworld", slip="2")
