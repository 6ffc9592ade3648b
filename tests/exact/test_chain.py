"""Levels of a tower share constants and factorizations, and give what each level gives alone."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, policies

import pgsym
from pgsym.algebra import DualField, PrimeField
from pgsym.algebra.prime import random_residues
from pgsym.exact.fields import prime_field
from pgsym.exact.quantities import Quantities
from pgsym.model import Objective
from pgsym.model.structure import Structure

START, AVERAGE = Objective.START_STATE, Objective.AVERAGE_REWARD


def tower(mdp, policy, objective, levels=2, **options):
    """Quantities of each level, without and with what lies below."""
    rng = random.Random(0)
    field = prime_field(mdp, policy, rng)
    structure = Structure(mdp, policy)
    alone = [Quantities(mdp, policy, objective, field, structure)]
    shared = list(alone)
    for _ in range(levels):
        directions = [
            dict(zip(policy.params, random_residues(rng, field.prime, len(policy.params)), strict=True)) for _ in "ab"
        ]
        level = DualField(shared[-1].field, directions=directions)
        alone.append(Quantities(mdp, policy, objective, level, structure))
        shared.append(Quantities(mdp, policy, objective, level, structure, lower=shared[-1]))
    return alone, shared


@given(st.data())
@settings(max_examples=15)
def test_levels_give_what_each_gives_alone(data):
    continuing = data.draw(st.booleans())
    mdp = data.draw((continuing_mdps if continuing else episodic_mdps)(max_states=4, gamma="gamma"))
    policy = data.draw(policies(mdp))
    names = {START: ("V", "eta", "Q", "d")} | ({AVERAGE: ("mu", "h", "Q")} if continuing else {})
    for objective, tables in names.items():
        alone, shared = tower(mdp, policy, objective)
        for one, other in zip(alone, shared, strict=True):
            assert one.J == other.J
            for name in tables:
                assert all(e == getattr(other, name)[key] for key, e in getattr(one, name).items())


@pytest.mark.parametrize("objective", [START, AVERAGE])
def test_one_tower_factors_each_matrix_once(monkeypatch, objective):
    calls = []
    factor = PrimeField.factor
    monkeypatch.setattr(PrimeField, "factor", lambda self, *args, **kw: calls.append(1) or factor(self, *args, **kw))
    model = pgsym.zoo("two-state")
    _, shared = tower(model.mdp, model.policy, objective)
    for q in reversed(shared):
        assert q.J is not None
        assert q.weight is not None
    assert len(calls) == 1


def test_numbering_knows_equal_parts():
    """A grid has few distinct probabilities and rewards, and many state-action pairs."""
    model = pgsym.zoo("gridworld")
    numbering = model.mdp.numbering
    assert len(numbering.kinds) < len(model.mdp.pairs) / 4
    for pair in model.mdp.pairs:
        moves = {t: sum(numbering.expressions[i] for i in numbering.probabilities[k]) for t, k in numbering.moves[pair]}
        exact = {}
        for o in model.mdp.outcomes(*pair):
            exact[o.state] = exact.get(o.state, 0) + o.p
        assert moves == exact


def test_quantities_do_not_use_the_structure_of_another_model():
    """A model with numbers in the place of symbols must not be computed from the symbolic one's expressions."""
    model = pgsym.zoo("short-corridor")
    symbolic = model.mdp.replace(gamma="gamma")
    structure = Structure(symbolic, model.policy)
    numeric = symbolic.subs({"gamma": "1/2"})
    field = pgsym.solve(pgsym.Problem(numeric, model.policy)).field
    q = Quantities(numeric, model.policy, START, field, structure)
    assert q.structure is not structure
    assert q.J == Quantities(numeric, model.policy, START, field).J
