"""What a claim costs is known before it is decided."""

import pytest

import pgsym
from pgsym.claims import decide
from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.catalogue import catalogue
from pgsym.claims.compiler import Meaning
from pgsym.claims.decide import evaluations
from pgsym.claims.language import parse
from pgsym.errors import ClaimError
from pgsym.limits import CLAIM_EVALUATIONS
from pgsym.model import Objective
from pgsym.model.structure import Structure


def setting(text, model="random-walk", **options):
    problem = pgsym.zoo(model, **options)
    (claim,) = parse(text).claims
    return BoundClaim(claim, problem.mdp, problem.policy, problem.objective, Structure(problem.mdp, problem.policy))


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("J = 1", 0),
        ("V(s) = 1", 1),
        ("sum[s] mu0(s) * V(s) = J", 1),
        ("sum[s,s'] V(s) * V(s') = 1", 2),
        ("(sum[s] V(s)) * (sum[s'] V(s')) = 1", 1),
        ("sum[s] V(s) * sum[s'] V(s') = 1", 1),
        ("sum[s] V(s) * sum[s'] V(s') * eta(s) = 1", 2),
        ("let b(s) = sum[s'] V(s') * eta(s); sum[s] b(s) * b(s) = 1", 2),
        ("E[s~mu0, a~pi, s'~P] V(s') = J", 2),
        ("sum[s1,s2,s3,s4] V(s1) * V(s2) * V(s3) * V(s4) = 1", 4),
    ],
)
def test_evaluations_grow_with_the_indices_that_meet(text, order):
    small, large = (evaluations(setting(text, n=n)) for n in (48, 498))
    assert large / small == pytest.approx(10**order, rel=0.15)


def test_evaluations_bound_what_is_evaluated(monkeypatch):
    """Counted on a model with one action in each state, where the bound is nearly met."""
    done = []
    compile_ = Meaning._compile

    def counting(self, node, level):
        compiled = compile_(self, node, level)
        return lambda env: done.append(1) or compiled(env)

    monkeypatch.setattr(Meaning, "_compile", counting)
    problem = pgsym.zoo("random-walk", n=6)
    (claim,) = parse("sum[s,s1,s2] V(s) * V(s1) * eta(s2) = sum[s] V(s) * sum[s'] V(s')").claims
    structure = Structure(problem.mdp, problem.policy)
    found = BoundClaim(claim, problem.mdp, problem.policy, Objective.START_STATE, structure)
    meaning = found.closed()
    for side in (claim.left, claim.right):
        meaning.compile(side)({})
    assert 0.2 * evaluations(found) < len(done) <= evaluations(found)


def test_sum_over_many_indices_is_refused_before_anything_is_evaluated(monkeypatch):
    monkeypatch.setattr(Meaning, "_compile", None)
    problem = pgsym.zoo("random-walk", n=98)
    indices = ",".join(f"s{i}" for i in range(8))
    with pytest.raises(ClaimError, match=r"about 2e\+17 evaluations on a model with 100 states; at most 20000000 are"):
        decide(problem, f"sum[{indices}] {'*'.join(f'V(s{i})' for i in range(8))} = 1")


def test_catalogue_is_affordable_on_a_hundred_states():
    problem = pgsym.zoo("random-walk", n=98)
    structure = Structure(problem.mdp, problem.policy)
    for theorem in catalogue():
        for claim in theorem.claims:
            found = BoundClaim(claim, problem.mdp, problem.policy, theorem.objective, structure)
            assert evaluations(found) <= CLAIM_EVALUATIONS, theorem.name
