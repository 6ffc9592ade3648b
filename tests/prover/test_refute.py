"""Counterexamples: they refute by a second reading, nothing smaller does, and what is true instead is proved."""

import itertools
import random
from pathlib import Path

import pytest
import sympy as sp
from second_reading.meaning import Outcome
from second_reading.mutations import mutants
from second_reading.point import InapplicableError
from second_reading.points import random_place
from second_reading.soundness import complaints, plain

import pgsym
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.catalogue.hypotheses import HYPOTHESES
from pgsym.claims.language import parse
from pgsym.errors import PgsymError
from pgsym.model import Problem, tabular
from pgsym.model.objective import Objective
from pgsym.model.structure import Structure
from pgsym.prover import prove, refute
from pgsym.prover.correction import Correction
from pgsym.prover.counterexample import Search
from pgsym.prover.equations import CONTINUING
from pgsym.prover.small_models import ModelSize, largest_cost, patterns, sizes
from pgsym.prover.verdict import Standing

PAGE = Path(__file__).parents[2] / "docs" / "prove.md"
FALSE = [name for name in pgsym.theorem_names() if not pgsym.theorem(name).holds]
UNCORRECTED = {
    "no-discount-weight-jacobian",  # no equation is meant
    "stationary-update-jacobian",
    "multichain-average-reward",  # not read, as the next two
    "mean-over-steps",
    "inverted-ratio",
    "gae-no-bias",  # the bias has no word
}
SAMPLE = 24
"""Mutants in an ordinary run."""


def setting_of(problem, claim):
    structure = Structure(problem.mdp, problem.policy)
    return BoundClaim(claim, problem.mdp, problem.policy, problem.objective, structure)


def wrong(found):
    """What a second reading, which shares nothing with pgsym but the tree and the model, says against it.

    None where it does not read the claim: it follows runs, which have to end.
    """
    example = found.counterexample
    assert example.verdict.refuted
    assert example.problem.objective == found.objective
    assert not example.problem.mdp.symbols
    assert example.size.states == len(example.problem.mdp.states)
    witness = example.verdict.witness
    assert witness is None or dict(witness.theta) == dict(example.problem.theta)
    setting = setting_of(example.problem, found.claim)
    try:
        return list(complaints(setting, example.verdict, Outcome.DIFFERENT, random.Random(0)))
    except InapplicableError:
        assert "tau" in str(found.claim.statement)
        return None


# -- every false entry ---------------------------------------------------------------------------------------


def row(name, found):
    """In the table of docs/prove.md."""
    right = "" if found.correction is None else str(found.correction.right)
    shown = "`" + right.replace("|", "\\|") + "`" if len(right) <= 140 else f"a sum of {len(right)} characters"
    return f"| `{name}` | {found.counterexample.size} | {shown if right else 'none found'} |"


@pytest.mark.parametrize("name", FALSE)
def test_false_entry_is_refuted_and_corrected(name):
    found = refute(name)
    assert row(name, found) in PAGE.read_text(encoding="utf-8")
    for link in found.links or (found,):
        assert link.standing is Standing.REFUTED
        assert not wrong(link)
        assert link.counterexample.minimal == (name != "multichain-average-reward")
        assert (link.correction is None) == (name in UNCORRECTED)
        if link.correction is not None:
            assert link.correction.left == link.claim.left
            assert prove(link.correction, objective=link.objective, refute=False).proved


def some_mutants(count):
    every = [
        (entry, mutant.claim)
        for entry in map(pgsym.theorem, pgsym.theorem_names())
        if entry.holds and set(entry.requires) <= {HYPOTHESES["defined"], HYPOTHESES["parameters"]}
        if not entry.name.startswith(("policy-gradient-multichain", "optimal"))  # slow
        for claim in entry.claims
        for mutant in mutants(claim)
    ]
    return random.Random(5).sample(every, count)


def test_mutants_are_refuted_by_a_second_reading_too():
    refuted = 0
    for entry, claim in some_mutants(SAMPLE):
        try:
            found = prove(claim, objective=entry.objective)
        except PgsymError:
            continue
        if found.standing is Standing.REFUTED:
            complaints_of = wrong(found)
            refuted += complaints_of is not None
            assert not complaints_of, found
            if found.corrected is not None:
                example = found.counterexample.problem
                at_home = not example.mdp.terminal or CONTINUING not in found.corrected.hypotheses
                assert pgsym.decide(example, found.correction).proved == at_home, found
    assert refuted >= SAMPLE / 4


@pytest.mark.parametrize("name", [n for n in pgsym.theorem_names() if pgsym.theorem(n).holds])
def test_true_entry_is_never_refuted(name):
    entry = pgsym.theorem(name)
    for claim in entry.claims:
        looked = Search(claim, entry.objective or Objective.START_STATE, entry.requires, max_states=2)
        assert looked.smallest() is None


# -- nothing smaller -----------------------------------------------------------------------------------------

LINE = "grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)"
SMALLEST = {
    ("V(s) = r_pi(s)", "start-state"): ("one state and one action", 2),
    (LINE, "stationary-value"): ("one state and two actions", 3),
    ("grad J = sum[s] eta(s) * grad r_pi(s)", "start-state"): (
        "two states, one of them terminal, and two actions", 3,
    ),
    ("sum[s] mu(s) * r_pi(s) = J", "start-state"): ("one state and one action", 2),
    ("sum[a] pi(a|s)^3 = 3/2 * (sum[a] pi(a|s)^2) - 1/2", "start-state"): ("one state and three actions", 3),
}  # fmt: skip
"""By claim and objective: the size, and how many outcomes and rewards other than 0 there are."""


def weight(mdp):
    return len(mdp.rows) + sum(r != 0 for *_, r in mdp.rows) + len(mdp.start) - 1


def all_models(states, actions, end, rng):
    """Every choice of outcomes, starts and rewards 0 or not; the numbers are random."""
    names = list(range(states))
    targets = [*names, "end"] if end else names
    supports = [c for n in range(1, len(targets) + 1) for c in itertools.combinations(targets, n)]
    pairs = list(itertools.product(names, range(actions)))
    for chosen in itertools.product(supports, repeat=len(pairs)):
        places = [(pair, y) for pair, row in zip(pairs, chosen, strict=True) for y in row]
        for paid in itertools.product((False, True), repeat=len(places)):
            rewards = dict(zip(places, paid, strict=True))
            rows = []
            for pair, row in zip(pairs, chosen, strict=True):
                weights = [rng.randint(1, 9) for _ in row]
                rows += [
                    (*pair, y, sp.Rational(w, sum(weights)), rng.randint(1, 9) if rewards[pair, y] else 0)
                    for y, w in zip(row, weights, strict=True)
                ]
            for start in names:
                yield pgsym.MDP.from_transitions(
                    rows, start=start, terminal=["end"] * end, gamma=sp.Rational(rng.randint(1, 9), 10), states=targets
                )


@pytest.mark.parametrize(("text", "objective"), SMALLEST)
def test_nothing_smaller_refutes(text, objective):
    """Every smaller model, by its own enumeration, with both sides by the second reading."""
    found = refute(text, objective=objective)
    words, least = SMALLEST[text, objective]
    assert found.counterexample.size.in_words() == words
    assert found.counterexample.minimal
    assert weight(found.counterexample.problem.mdp) == least
    size, rng = found.counterexample.size, random.Random(1)
    for smaller in sizes(size.states, size.actions):
        if smaller.acting * smaller.actions > 2 and smaller.states > 1:
            continue  # too many
        for mdp in all_models(smaller.acting, smaller.actions, smaller.end, rng):
            here = (smaller.states, smaller.actions) == (size.states, size.actions)
            if here and weight(mdp) >= least:
                continue
            problem = Problem(mdp, tabular(mdp), found.objective)
            setting = setting_of(problem, found.claim)
            outcome = plain(setting, random_place(setting, rng)).read().outcome
            assert outcome is not Outcome.DIFFERENT, (smaller, mdp.rows)


def test_patterns_are_all_of_them_once():
    """Up to the order of the actions; the numbers of subsets are counted by hand."""
    size = ModelSize(2, 1, end=True)
    found = [p for cost in range(largest_cost(size) + 1) for p in patterns(size, cost)]
    assert len(found) == len(set(found)) == 2 + 2 + 4  # to x, to the end, to both; a reward or none for each outcome
    both = [p for cost in range(largest_cost(ModelSize(1, 2)) + 1) for p in patterns(ModelSize(1, 2), cost)]
    assert len(both) == 3  # none, one or both of two actions are paid
    assert {len(p.rows[0]) for p in patterns(ModelSize(1, 1), 1, rewards=2)} == {1, 2}


# -- what is missing -------------------------------------------------------------------------------------------

CORRECTIONS = {
    (LINE, "stationary-value"):
        "1 / (1 - gamma) * sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a) + sum[s] grad mu(s) * V(s)",
    ("E[tau] sum[t] grad log pi(a_t|s_t) * G_t = grad J", "start-state"):
        "sum[s,a] eta[gamma=1](s) * Q(s,a) * grad pi(a|s)",
    ("grad sum[s] mu'(s) * V(s) = sum[s] mu'(s) * sum[a] grad pi(a|s) * Q(s,a)", "start-state"):
        "sum[s] mu'(s) * sum[a] grad pi(a|s) * Q(s,a) + gamma * sum[s] mu'(s) * sum[s'] P_pi(s,s') * grad V(s')",
    ("grad rbar = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)", "stationary-value"):
        "sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a) + (1 - gamma) * sum[s] grad mu(s) * V(s)",
    ("grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * r(s,a)", "start-state"):
        "sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
    ("grad J = (1 - gamma) * sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)", "start-state"):
        "sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
    ("V(s) = r_pi(s)", "start-state"): "r_pi(s) + gamma * sum[s'] P_pi(s,s') * V(s')",
    ("for all s: sum[a] pi(a|s) * A(s,a) = 1", "start-state"): "0",
    ("grad V(s) = sum[a] grad pi(a|s) * Q(s,a)", "start-state"):
        "sum[a] grad pi(a|s) * Q(s,a) + gamma * sum[s'] P_pi(s,s') * grad V(s')",
    ("J' - J = sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a)", "start-state"):
        "sum[s] eta'(s) * sum[a] pi'(a|s) * A(s,a)",
    ("J = 2 * J", "start-state"): None,
    ("for all s, s': V(s) * J = V(s') * J", "start-state"): None,
}  # fmt: skip
"""What the lecture note, dropping gamma^t, the semi-gradient and the discounted Q lack; and shorter slips."""


@pytest.mark.parametrize(("text", "objective"), CORRECTIONS)
def test_shortest_correction(text, objective):
    found = prove(text, objective=objective)
    right = CORRECTIONS[text, objective]
    assert found.standing is Standing.REFUTED
    assert not wrong(found)
    if right is None:
        assert found.correction is None
        return
    assert str(found.correction.right) == right
    assert parse(str(found.correction)).claims[0].right == found.correction.right
    assert prove(found.correction, objective=objective, refute=False).proved


def test_no_correction_is_printed_without_a_proof(monkeypatch):
    """One that says something false is proposed, and refused."""
    false = parse("sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a) = 0").claims[0].left
    monkeypatch.setattr(Correction, "_exchanged", lambda self: [parse("grad J = 2 * grad J").claims[0].right, false])
    monkeypatch.setattr(Correction, "_missing", lambda self: [])
    found = prove("grad J = 2 * sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)")
    assert str(found.correction.right) == str(false)


# -- answers -------------------------------------------------------------------------------------------------


def test_counterexample_is_a_model_to_keep(tmp_path):
    found = refute("grad J = sum[s] eta(s) * grad r_pi(s)")
    pgsym.save(found.counterexample.problem, tmp_path / "model.yaml")
    again = pgsym.load(tmp_path / "model.yaml")
    assert again == found.counterexample.problem
    assert pgsym.decide(again, found.claim).refuted
    assert "<svg" in found.counterexample._repr_html_()


def test_proved_and_open_have_none():
    true = refute("grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)")
    assert true.proved
    assert true.counterexample is None
    unread = refute(
        "for all s: limit[gamma->1] ((1 - gamma) * V(s)) = rbar", objective="stationary-value", max_states=2
    )
    assert unread.standing is Standing.OPEN
    assert unread.tested == (2, 3)
    assert "it holds on every MDP of up to 2 states and 3 actions; no proof was found" in str(unread)


def test_hypotheses_hold_on_the_counterexample():
    """Where every run ends, and gamma is 1, so do those of the model that refutes."""
    found = refute("E[tau] sum[t] r_t = 2 * J", hypotheses=["undiscounted"])
    assert found.counterexample.problem.mdp.gamma == 1
    assert pgsym.solve(found.counterexample.problem).at().J != 0
    several = refute("second-moment-of-means").counterexample.problem.mdp
    assert len({row[:3] for row in several.rows}) < len(several.rows)


def test_what_a_policy_needs_two_rewards_for_a_step_for():
    """Generic models have one reward for each step; a claim about squares of rewards is tested with two."""
    found = refute("E[r^2|s,a] = sum[s'] P(s'|s,a) * r(s,a,s')^2")
    assert found.standing is Standing.REFUTED
    assert wrong(found) == []
