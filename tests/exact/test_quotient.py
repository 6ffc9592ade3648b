"""Values by blocks are those of all states: on models with copies of states and with states that only pass on."""

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import continuing_mdps, episodic_mdps, policies

import pgsym
from pgsym.algebra import RationalField
from pgsym.exact.block_values import BlockValues
from pgsym.exact.fields import rational_field
from pgsym.exact.quantities import Quantities
from pgsym.exact.quotient import Quotient
from pgsym.model import MDP, Objective, Problem, softmax_policy
from pgsym.model.structure import Structure


@pytest.fixture(autouse=True, scope="module")
def _by_blocks():
    """Few states are solved by blocks too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pgsym.exact.quantities.FEW", 0)
        yield


class Whole(RationalField):
    """The same field; values are found for all states at once."""

    grows = False


@st.composite
def redundant(draw):
    """A problem in which states have copies and, at gamma = 1, outcomes may pass through states without a choice."""
    base = draw(st.one_of(episodic_mdps(max_states=3, gamma="1"), episodic_mdps(), continuing_mdps(max_states=3)))
    policy = draw(policies(base))
    rows, logits = [], {}
    for s in base.nonterminal:
        for copy in range(draw(st.integers(1, 3))):
            logits[s, copy] = {a: form.to_sympy() for a, form in policy.logits[s].items()}
    copies = {s: [place for place in logits if place[0] == s] or [(s, 0)] for s in base.states}
    for (s, copy), row in logits.items():
        for a in row:
            for k, (t, p, r) in enumerate(base.outcomes(s, a)):
                after = draw(st.sampled_from(copies[t]))
                if base.gamma == 1 and draw(st.booleans()):
                    rows.append(((s, copy, a, k), "pass", after, 1, 0))
                    after = (s, copy, a, k)
                rows.append(((s, copy), a, after, p, r))
    start = {(s, 0): p for s, p in base.start.items()}
    mdp = MDP.from_transitions(rows, start=start, terminal=[(s, 0) for s in base.terminal], gamma=base.gamma)
    return Problem(mdp, softmax_policy(mdp, logits, params=policy.params))


@st.composite
def stages(draw):
    """A chain in stages: within each the run may end, or leaves for the first state of the next."""
    rows, n = [], draw(st.integers(2, 4))
    sizes = [draw(st.integers(1, 3)) for _ in range(n)]
    loops = draw(st.booleans())
    for stage, size in enumerate(sizes):
        for k in range(size):
            ahead = [(stage, j) for j in range(0 if loops else k + 1, size)]
            ahead += [(stage + 1, 0) if stage + 1 < n else "end", "end"]
            first, second = draw(st.sampled_from(ahead)), draw(st.sampled_from(ahead[-2:]))
            reward = draw(st.integers(0, 1))
            p = draw(st.sampled_from(["p", "q", "1/2"]))
            rows += [((stage, k), "go", first, p, reward), ((stage, k), "go", second, f"1 - {p}", 0)]
    gamma = draw(st.sampled_from(["1", "1", "g"]))
    used = {gamma, *(row[3] for row in rows)}
    symbols = {name: f"0 < {name} < 1" for name in "pqg" if name in used}
    mdp = MDP.from_transitions(rows, start=(0, 0), terminal=["end"], gamma=gamma, symbols=symbols)
    return Problem(mdp, softmax_policy(mdp, {}))


def both(problem):
    """The quantities by blocks, and those of all states at once."""
    field = rational_field(problem.mdp, problem.policy)
    whole = Whole(problem.policy.params, list(problem.policy.forms()), sorted(problem.mdp.symbols, key=str))
    return [Quantities(problem.mdp, problem.policy, problem.objective, f) for f in (field, whole)]


def differences(problem):
    """By name, J, V and the gradient where the two ways differ."""
    blocks, whole = both(problem)
    pairs = {"J": (blocks.J, whole.J)}
    pairs |= {s: (v, whole.V[s]) for s, v in blocks.V.items()}
    pairs |= {p: (slope, whole.gradient[p]) for p, slope in blocks.gradient.items()}
    field = whole.field
    return [name for name, (a, b) in pairs.items() if field.convert(blocks.field.to_sympy(a)) != b]


@given(st.data())
@settings(max_examples=60)
def test_values_by_blocks_are_those_of_all_states(data):
    assert not differences(data.draw(redundant()))


@given(stages())
@settings(max_examples=80)
def test_values_through_exits_are_those_of_all_states(problem):
    assert not differences(problem)


@given(st.one_of(stages(), redundant()))
@settings(max_examples=60)
def test_values_of_few_states_are_those_of_all_states(problem):
    """Up to seven states without fractions, more with them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pgsym.exact.quantities.FEW", 100)
        assert not differences(problem)


def test_values_through_exits_rejects_what_is_earned_before_the_exit(monkeypatch):
    rows = [(k, "go", t, p, 1) for k in range(3) for t, p in ((k + 1, "p"), (3, "1 - p"))]
    rows += [(3, "go", 4, "p", 1), (3, "go", "end", "1 - p", 0), (4, "go", "end", "p", 1), (4, "go", 5, "1 - p", 1)]
    mdp = MDP.from_transitions([*rows, (5, "go", "end", 1, 2)], start=0, terminal=["end"], symbols={"p": "0 < p < 1"})
    problem = Problem(mdp, softmax_policy(mdp, {}))
    assert not differences(problem)
    between = BlockValues._between
    monkeypatch.setattr(BlockValues, "_between", lambda self, k: (self._field.zero, between(self, k)[1]))
    assert "J" in differences(problem)


def test_values_by_blocks_rejects_blocks_without_rewards(monkeypatch):
    rows = [(s, "go", "end", 1, r) for s, r in (("x", 1), ("y", 2))]
    rows += [("s", a, t, 1, 0) for a, t in (("left", "x"), ("right", "y"))]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    problem = Problem(mdp, softmax_policy(mdp, {"s": {"left": "t"}}))
    assert not differences(problem)
    block = Quotient._block

    def without(self, template, ahead):
        self._templates[template] = ((), self._templates[template][1])
        return block(self, template, ahead)

    monkeypatch.setattr(Quotient, "_block", without)
    assert "J" in differences(problem)


def quotient(mdp, policy):
    return Quotient(Structure(mdp, policy))


def blocks(mdp, policy):
    return dict(zip(mdp.states, quotient(mdp, policy).block, strict=True))


def test_copies_share_a_block_within_components_and_between_them():
    """Two circles that are alike, each with a copy inside, and a state that leads into one as its own states do."""
    pairs = {s: (f"{s[0]}1", f"{s[0]}2") for s in ("A1", "A2", "B1", "B2")} | {"in": ("A1", "A2")}
    rows = [(s, "stay", t, "1/2", 0) for s, pair in pairs.items() for t in pair]
    rows += [(s, "go", "end", 1, 1) for s in pairs]
    mdp = MDP.from_transitions(rows, start="in", terminal=["end"])
    logits = {s: {"go": "t"} for s in pairs}
    block = blocks(mdp, softmax_policy(mdp, logits))
    assert len({block[s] for s in pairs}) == 1
    logits["A2"] = {"go": "u"}
    block = blocks(mdp, softmax_policy(mdp, logits))
    assert block["A1"] == block["in"] != block["A2"]
    assert block["B1"] == block["B2"] not in (block["A1"], block["A2"])


def test_a_long_circle_is_colored_in_few_turns(monkeypatch):
    """A state changes its color log n times at most; to look at every state in every turn is 250,000 rows."""
    looked = []
    equation = Quotient._equation
    monkeypatch.setattr(Quotient, "_equation", lambda self, *args: looked.append(1) or equation(self, *args))
    n = 500
    rows = [(i, "go", t, p, 0) for i in range(n) for t, p in ((i + 1, "p"), (0 if i else "end", "1 - p"))]
    rows += [(n, "go", "end", 1, 1)]
    mdp = MDP.from_transitions(rows, start=0, terminal=["end"], symbols={"p": "0 < p < 1"})
    assert len(quotient(mdp, softmax_policy(mdp, {})).equations) == n + 2
    assert len(looked) < 10 * n


def test_an_endless_run_with_rewards_is_refused_as_before():
    rows = [("s", "go", t, "1/2", 0) for t in ("x", "end")] + [("x", "go", "x", 1, 1)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    with pytest.raises(pgsym.errors.ImproperPolicyError, match="gamma = 1 and 2 reachable states can run for ever"):
        pgsym.solve(Problem(mdp, softmax_policy(mdp, {}))).J  # noqa: B018


def test_values_beside_an_endless_run_are_found():
    """From x nothing can be earned for ever; what leads to it has a value, and so has what earns nothing."""
    rows = [("s", "go", t, "1/2", 2) for t in ("x", "end")] + [("x", "go", "x", 1, 0)]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"])
    V = pgsym.solve(Problem(mdp, softmax_policy(mdp, {}), Objective.START_STATE)).V
    assert (V["s"], V["x"], V["end"]) == (2, 0, sp.Integer(0))
