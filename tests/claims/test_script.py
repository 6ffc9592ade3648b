"""Text files of claims: how lines become chains, and what is said about a wrong one."""

import pytest

import pgsym
from pgsym.claims.blocks import Chain, Definition, Heading, Prose
from pgsym.claims.language import parse
from pgsym.claims.script import Script
from pgsym.errors import ClaimError, SchemaError
from pgsym.model.objective import Objective

TEXT = """\
# A paragraph,
# in two lines.

## A heading
### below it

let c(s) = sum[a] grad pi(a|s) * Q(s,a);   # what one state contributes

objective start-state
grad J = sum[s] eta(s) * c(s)              # theorem
  = sum[s] eta(s)
    * sum[a] grad pi(a|s) * Q(s,a)         # definition
    # of c
  = E[s~eta, a~pi] Q(s,a) * grad log pi(a|s)

V(s) = sum[a] pi(a|s) * Q(s,a) = E[a~pi] Q(s,a)   # a mean

sum[
  s'] P(s'|s,a)
  = 1
"""


@pytest.fixture
def script():
    return Script.parse(TEXT, "file")


@pytest.mark.parametrize(
    "text",
    ["for all r': E[tau~pi' | s_0=s, a_0=a] r_0 = r(s,a)", "for all P': E[s'~P'] V(s') = sum[s'] P(s'|s,a) * V(s')"],
)
def test_second_model_of_runs_and_draws_alone_is_arbitrary(text):
    (claim,) = Script.parse(text).chains[0].claims
    assert claim == parse(text).claims[0]
    assert pgsym.decide("two-state", claim).refuted


def test_script_reads_blocks_in_order(script):
    kinds = [type(block) for block in script.blocks]
    assert kinds == [Prose, Heading, Heading, Definition, Prose, Chain, Chain, Chain]
    assert script.blocks[0] == Prose("A paragraph, in two lines.")
    assert [block.level for block in script.blocks if isinstance(block, Heading)] == [1, 2]


def test_script_knows_the_line_of_each_relation(script):
    assert [line for line, _ in script.relations] == [10, 11, 14, 16, 16, 20]


def test_comment_is_the_reason_of_its_line(script):
    reasons = [claim.reason for _, claim in script.relations]
    assert reasons == ["theorem", "definition of c", "", "a mean", "a mean", ""]


def test_objective_line_holds_from_there_on(script):
    assert {chain.objective for chain in script.chains} == {Objective.START_STATE}
    before, after = Script.parse("J = J\nobjective average-reward\nJ = rbar").chains
    assert (before.objective, after.objective) == (None, Objective.AVERAGE_REWARD)


def test_claims_carry_only_the_bindings_that_they_use(script):
    bindings = [[b.name for b in claim.bindings] for _, claim in script.relations]
    assert bindings == [["c"], ["c"], [], [], [], []]


def test_binding_before_a_claim_holds_for_that_claim_only():
    with pytest.raises(ClaimError, match=r"^f:3:1: k is not a name of the language, nor defined here"):
        Script.parse("let k(s) = 2; k(s) = 2\n\nk(s) = 2", "f")


def test_hash_in_quotes_is_no_comment():
    ((_, claim),) = Script.parse('V("a#b") = 1 # why').relations
    assert (str(claim), claim.reason) == ('V("a#b") == 1', "why")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("J = Vv(s)", "f:1:5: Vv is not a name of the language, nor defined here; did you mean V?"),
        ("J = 1\n\n  = 2", "f:3:3: found a relation with nothing before it"),
        (
            "J\n\nJ = 1",
            "f:1:2: found no relation; a claim has =, !=, propto, <=, >=, < or > between two sides. Add one",
        ),
        ("J = rbar\n  = V(s)", "f:2:5: the index s is free on one side only"),
        ("J = 1\n  = grad J # so", "f:2:5: a scalar on the left, a vector over the parameters on the right"),
        ("objective reward", "f:1:11: found 'reward'; the nearest is 'average-reward'. Correct it"),
        ("let b(s) = ;", "f:1:12: found ';', which cannot stand here"),
        ('V("a) = 1', "f:1:3: found a quote without its end. Close it"),
        ("J = (1\n\n", "f:1:7: found the end; the claim is not complete"),
        ("J = 1\nlet J = 2;", "f:2:5: J is a name of the language"),
    ],
)
def test_wrong_line_is_shown_with_file_line_and_column(text, message):
    with pytest.raises(ClaimError) as caught:
        Script.parse(text, "f")
    assert str(caught.value).startswith(message), str(caught.value)


def test_caret_points_at_the_column():
    with pytest.raises(ClaimError) as caught:
        Script.parse("J = 1\n\nsum[s] mu(s) = foo(s)", "f")
    *_, line, caret = str(caught.value).splitlines()
    assert line[caret.index("^") :] == "foo(s)"


def test_unknown_state_is_located():
    model = pgsym.zoo("two-state")
    with pytest.raises(ClaimError, match=r"^f:2: .*the model has x, y"):
        Script.parse('J = J\nV("z") = 1', "f").check(model)


def test_missing_file_and_wrong_encoding_are_one_message(tmp_path):
    with pytest.raises(SchemaError, match=r"none\.claims: cannot be read \(No such file or directory\)"):
        Script.load(tmp_path / "none.claims")
    path = tmp_path / "latin.claims"
    path.write_bytes("J = 1 # é".encode("latin-1"))
    with pytest.raises(SchemaError, match=r"byte 8 is not UTF-8 text; claims are\. Save it as UTF-8"):
        Script.load(path)


def test_size_is_bounded():
    with pytest.raises(ClaimError, match=r"found 5001 lines; at most 5000 are read"):
        Script.parse("\n" * 5001, "f")


def test_check_gives_a_verdict_for_each_relation():
    model = pgsym.zoo("short-corridor")
    audit = Script.parse('J = V("s1")\n  = 2 * J # no\n\nrbar = 0', "f").check(model)
    assert [str(step.verdict.status) for step in audit.steps] == ["proved", "refuted", "inapplicable"]
    assert audit.summary == "3 relations: 1 proved, 1 refuted, 1 inapplicable"
    assert not audit.holds
    assert [step.line for step in audit.refuted] == [2]
    assert [step.line for step in audit.inapplicable] == [4]
    assert audit.to_json()["relations"][1]["reason"] == "no"


def test_progress_is_reported():
    seen = []
    Script.parse("J = J\n\nV(s) = V(s)").check(pgsym.zoo("two-state"), progress=lambda k, n: seen.append((k, n)))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("for all r':\nE[tau~pi'] G = E[tau~pi'] sum[t] gamma^t * r(s_t,a_t)", "refuted"),
        ("with M' = terminating:\nE[tau~pi'] sum[t] r_t = J", "proved"),
        ("for all s:\nE[tau | s_0=s] G = J", "refuted"),
    ],
)
def test_what_is_said_of_runs_alone_keeps_its_declarations(text, status):
    (step,) = Script.parse(text).check("two-state").steps
    assert step.verdict.status == status
    assert step.verdict.status == pgsym.decide("two-state", text.replace("\n", " ")).status
