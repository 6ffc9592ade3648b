"""No verdict is wrong: theorems, statements and mutants against a second reading that shares no code with the first."""

import random
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
import second_reading as second_reading_package
import sympy as sp
from flint import arb, ctx
from second_reading.identities import STATEMENTS
from second_reading.jets import Jet, ball, solve
from second_reading.meaning import MOST_BITS, Outcome
from second_reading.model import PlainModel
from second_reading.mutations import HARMLESS, KINDS, mutants, some_mutant
from second_reading.point import Numbers
from second_reading.points import Place, plain
from second_reading.random_models import BOTH, MODELS, outcomes, random_problem
from second_reading.random_runs import are_about_runs, layered
from second_reading.soundness import Confusion, complaints, judge, judge_all, second_reading

import pgsym
from pgsym.claims import Status, decide, parse
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.catalogue import catalogue
from pgsym.model import MDP, Objective, Problem, sigmoid
from pgsym.model.structure import Structure

CLAIMS = tuple(parse(text).claims[0] for text in STATEMENTS)


def setting_of(text, name="two-state", objective="start-state"):
    model = pgsym.zoo(name)
    claim = parse(text).claims[0]
    return BoundClaim(claim, model.mdp, model.policy, Objective.parse(objective), Structure(model.mdp, model.policy))


def verdict_on(setting):
    return decide(pgsym.Problem(setting.mdp, setting.policy), setting.claim)


def problem(name, objective="start-state"):
    return replace(pgsym.zoo(name), objective=Objective.parse(objective))


# -- the second reading ----------------------------------------------------------------------------------


def test_second_reading_shares_no_computation():
    """It may read models, policies and trees, and nothing else of pgsym."""
    trees = ("tree", "statement", "relation", "runs")
    readable = ("pgsym.model.", *(f"pgsym.claims.language{by}{name}" for name in trees for by in (".", " import ")))
    folder = Path(second_reading_package.__file__).parent
    for name in (
        "jets",
        "tensors",
        "indices",
        "point",
        "chain",
        "long_run",
        "model",
        "names",
        "meaning",
        "trajectories",
    ):
        source = (folder / f"{name}.py").read_text(encoding="utf-8")
        lines = [line for line in source.splitlines() if re.match(r"\s*(from|import) pgsym", line)]
        assert all(any(allowed in line for allowed in readable) for line in lines), lines


def test_jets_differentiate_as_finite_differences_do():
    """Central differences with step 2^-60 at 300 bits: the error is some 2^-120, a wrong derivative's is not."""
    t, u = sp.symbols("t u")
    e = sp.exp(t - 2 * u) * (1 + t * u) ** -2 / (1 + sp.exp(u / 2)) + sp.log(1 + sp.exp(t)) * t**3
    at = {t: sp.Rational(3, 7), u: sp.Rational(-2, 5)}
    step, tolerance = sp.Rational(1, 2**60), arb(2) ** -100
    ctx.prec = 300
    try:
        jet = Numbers(at, (t, u), 2)(e)

        def value(dt, du):
            return Numbers({t: at[t] + dt * step, u: at[u] + du * step}, (), 0)(e).value

        h = ball(Fraction(1, 2**60))
        slopes = [(value(1, 0) - value(-1, 0)) / (2 * h), (value(0, 1) - value(0, -1)) / (2 * h)]
        mixed = (value(1, 1) - value(1, -1) - value(-1, 1) + value(-1, -1)) / (4 * h * h)
        second = (value(1, 0) - 2 * value(0, 0) + value(-1, 0)) / (h * h)
        assert abs(jet.derivative(0).value - slopes[0]) < tolerance
        assert abs(jet.derivative(1).value - slopes[1]) < tolerance
        assert abs(jet.derivative(0).derivative(1).value - mixed) < tolerance
        assert abs(jet.derivative(1).derivative(0).value - mixed) < tolerance
        assert abs(jet.derivative(0).derivative(0).value - second) < tolerance
    finally:
        ctx.prec = 53


def test_dense_elimination_solves():
    rows = [[2, 1, 0], [0, 0, 3], [4, 1, 1]]
    matrix = [[Jet.constant(ball(e), 0) for e in row] for row in rows]
    right = [[Jet.constant(ball(b), 0)] for b in (4, 9, 9)]
    assert [round(float(x.value.mid()), 12) for (x,) in solve(matrix, right)] == [1.0, 2.0, 3.0]


def test_second_reading_knows_the_published_numbers():
    """Short corridor (Sutton & Barto, example 13.1) and the two-state model, whose numbers were found by hand."""
    corridor, two = pgsym.zoo("short-corridor"), pgsym.zoo("two-state")
    model = PlainModel(
        corridor.mdp, corridor.policy, Objective.START_STATE, Numbers(corridor.theta, corridor.policy.params, 1)
    )
    assert (model.J.value + 12).contains(0)
    assert (model.J.derivative(0).value - 2).contains(0)
    model = PlainModel(two.mdp, two.policy, Objective.STATIONARY_VALUE, Numbers(two.theta, two.policy.params, 1))
    for found, exact in [
        (model.mu("x"), Fraction(33, 83)),
        (model.J, Fraction(95, 83)),
        (model.J.derivative(0), Fraction(10120, 6889)),
        (model.J.derivative(1), Fraction(52875, 13778)),
    ]:
        assert (found.value - ball(exact)).contains(0)


@pytest.mark.parametrize("kind", MODELS)
def test_second_reading_agrees_with_the_solution(kind):
    """V, eta, mu, h and J of `pgsym.solve` at a point lie in the balls."""
    rng = random.Random(5)
    found = random_problem(rng, kind, ("tabular",))
    setting = BoundClaim(CLAIMS[0], found.mdp, found.policy, Objective.START_STATE, Structure(found.mdp, found.policy))
    point = {s: sp.Rational(rng.randint(1, 9), 10) for s in found.mdp.symbols}
    theta = {p: sp.log(sp.Rational(rng.randint(1, 5), 3)) for p in setting.policy.params}
    for objective in Objective:
        reading = PlainModel(found.mdp, found.policy, objective, Numbers({**theta, **point}, found.policy.params, 1))
        try:
            solution = pgsym.solve(found.replace(objective=objective)).at({**theta, **point})
        except pgsym.errors.HypothesisError:
            continue
        exact = Numbers({}, (), 0)
        assert (reading.J.value - exact(solution.J).value).contains(0)
        for i, slope in enumerate(solution.grad.values()):
            assert (reading.J.derivative(i).value - exact(slope).value).contains(0)


def test_second_reading_takes_more_bits_for_a_small_difference():
    theta = Place(dict(pgsym.zoo("two-state").theta), {}, {})
    reading = plain(setting_of(f"J = J + 1/{10**30}"), theta).read()
    assert reading.outcome is Outcome.DIFFERENT
    assert 53 < reading.bits <= MOST_BITS
    assert plain(setting_of("J = J + 0"), theta).read().outcome is Outcome.EQUAL


def test_second_reading_gives_zero_every_shape():
    """Of a run that begins at its end, every sum is 0: a vector, and a matrix made of two."""
    rows = [("s", "a", "end", 1, 1), ("s", "b", "end", 1, 5)]
    drawn = Problem.of(MDP.from_transitions(rows, start={"s": "1/3", "end": "2/3"}, terminal=["end"]))
    score = "(sum[t] grad log pi(a_t|s_t))"
    for text in (
        f"E[tau] outer({score}, {score}) = Var[tau] {score}",
        f"E[tau] transpose(outer({score}, {score})) = Var[tau] {score}",
        f"E[tau] dot({score}, {score}) = trace Var[tau] {score}",
    ):
        found = judge(drawn, parse(text).claims[0], random.Random(0))
        assert (found.status, found.outcome) == ("proved", Outcome.EQUAL), str(found)


# -- the harness notices what is wrong -------------------------------------------------------------------


def complaints_about(text, change, **options):
    setting = setting_of(text, **options)
    verdict = verdict_on(setting)
    outcome, _ = second_reading(setting, random.Random(0))
    assert list(complaints(setting, verdict, outcome, random.Random(0))) == []
    return list(complaints(setting, change(verdict), outcome, random.Random(0)))


FALSE = "grad J = sum[s] d(s) * sum[a] grad pi(a|s) * Q(s,a)"
TRUE = "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"


def test_harness_rejects_a_proof_of_a_false_claim():
    assert complaints_about(FALSE, lambda v: replace(v, status=Status.PROVED)) == ["the verdict is wrong"]


def test_harness_rejects_a_refutation_of_a_true_claim():
    assert complaints_about(TRUE, lambda v: replace(v, status=Status.REFUTED)) == ["the verdict is wrong"]


def test_harness_rejects_a_verdict_on_what_is_undefined():
    setting = setting_of("mu(s) = 1/3", "short-corridor")
    verdict = replace(verdict_on(setting), status=Status.REFUTED)
    outcome, _ = second_reading(setting, random.Random(0))
    assert outcome is Outcome.UNDEFINED
    assert list(complaints(setting, verdict, outcome, random.Random(0))) == ["decided although it is undefined"]


def test_harness_rejects_a_wrong_witness():
    def shifted(verdict):
        w = verdict.witness
        return replace(verdict, witness=replace(w, left={c: e + sp.Rational(1, 10**9) for c, e in w.left.items()}))

    assert complaints_about(FALSE, shifted) == ["the witness shows other values than the sides have"]
    assert complaints_about(FALSE, lambda v: replace(v, witness=None)) == ["a refutation without a witness"]


def test_harness_rejects_a_witness_at_which_the_claim_holds():
    def moved(verdict):
        return replace(
            verdict, witness=replace(verdict.witness, theta=dict.fromkeys(verdict.witness.theta, sp.Integer(0)))
        )

    assert complaints_about('pi("a"|"x") = 1/2', moved) == ["the sides do not differ at the witness"]


def test_harness_rejects_a_wrong_difference_and_a_wrong_factor():
    changed = complaints_about(FALSE, lambda v: replace(v, difference={c: 2 * e for c, e in v.difference.items()}))
    assert len(changed) == 1
    assert "is no entry of left - right" in changed[0]
    gamma = parse("gamma = 0").claims[0].left
    assert complaints_about(FALSE, lambda v: replace(v, factor=gamma)) == ["the factor gamma does not repair the claim"]


def test_harness_rejects_a_weak_error_bound():
    weak = complaints_about(TRUE, lambda v: replace(v, method="identity test", error_bits=60))
    assert weak == ["the error bound 2^-60 is larger than 2^-100"]


# -- soundness -------------------------------------------------------------------------------------------


def check(found: Confusion):
    print(found.table())
    assert not found.wrong, "\n".join(map(str, found.wrong))
    for status, outcome in [
        ("proved", "different"),
        ("refuted", "equal"),
        ("proved", "undefined"),
        ("refuted", "undefined"),
    ]:
        assert found.total(status, outcome) == 0


@pytest.mark.parametrize("kind", MODELS)
def test_statements_are_decided_as_they_are_read(kind):
    """Every construct of the language on every kind of model; a third of the statements, each under one objective."""
    rng = random.Random(kind)
    drawn = random_problem(rng, kind)
    chosen = rng.sample(CLAIMS, len(CLAIMS) // 3)
    found = judge_all(rng, ((replace(drawn, objective=rng.choice(list(Objective))), kind, c) for c in chosen))
    check(found)
    assert found.total("proved", "equal") >= 3


def test_mutants_are_refuted_where_they_differ_and_proved_where_not():
    """Each kind of mutation of each of three claims, on models of all kinds."""
    rng = random.Random(20260301)

    def cases():
        for name in KINDS:
            for _ in range(3):
                mutant = None
                while mutant is None:
                    mutant = some_mutant(rng.choice(CLAIMS), name, rng)
                yield random_problem(rng), name, mutant.claim

    found = judge_all(rng, cases())
    check(found)
    assert set(found.counts) == set(KINDS)
    assert len(set(KINDS) - HARMLESS) >= 20
    assert found.total("refuted", "different") > 20


def test_every_kind_of_mutation_is_caught():
    """On a model where it matters, each kind has a mutant that is refuted; the harmless ones are proved."""
    rng = random.Random(3)
    rows = [row for s in (0, 1) for a in BOTH for row in outcomes(rng, s, a, [0, 1])]
    mdp = MDP.from_transitions(rows, start={0: "1/3", 1: "2/3"}, gamma="1/2")
    drawn = Problem(mdp, sigmoid(mdp, {0: "u", 1: "v"}), Objective.START_STATE, {}, "two states")
    objectives = (Objective.START_STATE, Objective.AVERAGE_REWARD)
    cases = [(replace(drawn, objective=o), c) for o in objectives for c in CLAIMS]
    rng.shuffle(cases)
    open_kinds = set(KINDS)
    for p, claim in cases:
        if judge(p, claim, rng, points=1).status != "proved":
            continue
        for mutant in mutants(claim, tuple(sorted(open_kinds))):
            if mutant.kind not in open_kinds:
                continue
            judgement = judge(p, mutant.claim, rng, kind=mutant.kind, points=1)
            assert not judgement.complaints, str(judgement)
            if judgement.status == ("proved" if mutant.kind in HARMLESS else "refuted"):
                open_kinds.remove(mutant.kind)
        if not open_kinds:
            break
    assert not open_kinds


@pytest.mark.parametrize("theorem", catalogue(), ids=lambda theorem: theorem.name)
def test_theorem_is_sound_on_a_random_model(theorem):
    """A true one is proved or inapplicable, a false one is what the second reading says; so is its defect."""
    rng = random.Random(theorem.name)
    kinds = list(MODELS)
    rng.shuffle(kinds)
    about_runs = are_about_runs(theorem.claims)
    for kind in kinds[:3]:
        drawn = layered(rng) if about_runs else random_problem(rng, kind)
        drawn = replace(drawn, objective=theorem.objective)
        findings = theorem.decide(drawn)
        if findings.status == Status.INAPPLICABLE:
            continue
        assert not (theorem.holds and findings.status == Status.REFUTED), str(findings)
        if not theorem.holds and theorem.defect:
            assert theorem.decide_defect(drawn).status != Status.REFUTED
        check(judge_all(rng, ((drawn, "theorem" if theorem.holds else "false", claim) for claim in theorem.claims)))
        return
