"""Derivations: every line decided, on every kind of model; the written forms say the same and compile."""

import re
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest
import sympy as sp
from paper import compiled
from skips import NEEDS_TEX

import pgsym
from pgsym.claims import Claim, decide
from pgsym.claims.blocks import Chain, DataTable, Definition, Heading, Prose
from pgsym.claims.derivation import derive, fold, general, html
from pgsym.claims.derivation.fold import as_tree
from pgsym.claims.derivation.handout import GENERAL_ONLY
from pgsym.claims.derivation.instance import Instance
from pgsym.claims.derivation.layout import lines
from pgsym.claims.language import parse
from pgsym.claims.language.tree import Call, Sum
from pgsym.claims.script import Script
from pgsym.errors import HypothesisError, MissingExtraError, SchemaError, StructureError, TooLargeError
from pgsym.expression.exact import to_expr
from pgsym.expression.notation import tex_width
from pgsym.model import MDP, direct_policy
from pgsym.model.objective import Objective
from pgsym.model.structure import Structure
from pgsym.model.zoo import zoo_entries

MODELS = [
    ("short-corridor", "start-state"),
    ("two-state", "start-state"),
    ("two-state", "average-reward"),
    ("two-state", "stationary-value"),
    ("sign-flip", "stationary-value"),
    ("parallel-outcomes", "start-state"),
    ("recycling-robot", "start-state"),
    ("two-classes", "start-state"),
    ("kakade", "average-reward"),
]


@pytest.fixture(scope="module")
def derived():
    """Derivations by model and objective, made once."""
    found = {}

    def get(name, objective):
        if (name, objective) not in found:
            model = pgsym.zoo(name)
            found[name, objective] = derive(model.replace(objective=objective).replace(name=name))
        return found[name, objective]

    return get


# -- every line is decided -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "objective"), MODELS)
def test_every_line_is_proved(derived, name, objective):
    audit = derived(name, objective).audit
    assert [str(step.claim) for step in audit.steps if not step.verdict.proved] == []
    assert len(audit.steps) > 50


@pytest.mark.parametrize("name", [entry.name for entry in zoo_entries() if entry.name not in ("cliff", "gridworld")])
@pytest.mark.parametrize("objective", Objective)
def test_general_proof_holds_on_every_model_that_allows_the_objective(name, objective):
    model = pgsym.zoo(name)
    try:
        Structure(model.mdp, model.policy).require(Objective(objective))
    except (HypothesisError, StructureError) as error:
        with pytest.raises(type(error)):
            derive(model.replace(objective=objective))
        return
    audit = general(objective).check(model, method="identity test")
    assert [str(step.claim) for step in audit.steps if not step.verdict.proved] == []


def test_wrong_line_in_a_derivation_is_refuted_and_marked():
    model = pgsym.zoo("short-corridor")
    proof = general("start-state")
    wrong = parse("grad J = sum[s] eta(s) * sum[a] pi(a|s) * grad Q(s,a)")
    broken = replace(proof, blocks=(*proof.blocks, Chain(replace(wrong, reasons=("hoped",)))))
    checked = broken.checked(model)
    assert checked.audit.summary == "29 relations: 28 proved, 1 refuted"
    for text in (checked.text(), checked.latex(), checked.markdown(), checked.html()):
        assert "REFUTED: hoped" in text


def test_direct_policy_has_closed_forms_in_its_own_parameters():
    mdp = MDP.from_transitions(
        [("s", "go", "end", 1, 1), ("s", "wait", "s", 1, 0)], start="s", terminal=["end"], gamma="1/2"
    )
    policy = direct_policy(mdp, {"s": {"go": "p", "wait": "1 - p"}}, ["p"])
    found = derive(pgsym.Problem(mdp, policy))
    assert found.audit.holds
    assert 'V("s") = 2 * p / (1 + p)' in found.text()


def test_symbolic_model_keeps_its_symbols(derived):
    assert "alpha" in derived("recycling-robot", "start-state").text()
    model = pgsym.zoo("two-state", gamma="gamma")
    found = derive(model.replace(objective="start-state"), level="model")
    assert found.audit.holds
    assert "+ gamma * (3/4 * V" in found.text()


# -- what is written out ---------------------------------------------------------------------------------


def test_short_corridor_has_the_published_closed_form(derived):
    text = derived("short-corridor", "start-state").text()
    # J = -2 (x + 1)(x + 2)/x with x = p/(1 - p); Sutton & Barto, Example 13.1.
    assert "\nJ = -2 * (2 - p) / (p * (1 - p))\n" in text
    assert re.search(r"J +-2\*\(exp\(theta\) \+ 1\)\*\(exp\(theta\) \+ 2\)\*exp\(-theta\) +-12\n", text)


def test_two_state_shows_the_gradient_at_theta(derived):
    text = derived("two-state", "stationary-value").text()
    assert re.search(r"dJ/dtheta_x .* 10120/6889\n", text)
    assert re.search(r"dJ/dtheta_y .* 52875/13778\n", text)
    assert "let Delta_1 = 19 - 10 * pi" in text


def test_instance_has_no_sums_left(derived):
    found = derived("two-state", "average-reward")
    start = found.blocks.index(Heading("In this model"))
    chains = [block for block in found.blocks[start:] if isinstance(block, Chain)]
    assert chains
    assert not any(isinstance(n, Sum) for chain in chains for term in chain.statement.terms for n in term.walk())


def test_instance_joins_steps_that_are_the_same_here():
    model = pgsym.zoo("short-corridor")
    statement = parse("grad Q(s,a) = grad (r(s,a) + gamma * sum[s'] P(s'|s,a) * V(s')) = gamma * sum[s'] "
                      "P(s'|s,a) * grad V(s')")  # fmt: skip
    chain = Chain(replace(statement, reasons=("one", "two")))
    found = {str(c.statement): c.statement.reasons for c in Instance(model.mdp, model.policy).chains(chain)}
    assert found['grad Q("s3","R") == 0'] == ("one; two",)
    assert found['grad Q("s1","R") == grad (-1 + V("s2")) == grad V("s2")'] == ("one", "two")


def test_means_of_several_terms_keep_their_name():
    model = pgsym.zoo("two-state")
    instance = Instance(model.mdp, model.policy)
    (chain, *_) = instance.chains(Chain(parse("P_pi(s,s') = sum[a] pi(a|s) * P(s'|s,a)")))
    assert str(chain.statement) == 'P_pi("x","x") == 3/4 * pi("a"|"x") + 1/4 * pi("b"|"x")'


def test_large_model_is_not_written_out():
    model = pgsym.zoo("random-walk", n=9)
    found = derive(model.replace(objective="start-state"))
    assert "It has 18 pairs of state and action with 18 outcomes; sums are written out for up to 12 and 20" in " ".join(
        line.removeprefix("# ") for line in found.text().splitlines()
    )
    with pytest.raises(TooLargeError, match=r"^level: found 18 pairs .* Derive it with level general"):
        derive(model.replace(objective="start-state"), level="model")


def test_general_only_titles_exist():
    titles = {b.text for o in Objective for b in general(o).blocks if isinstance(b, Heading)}
    assert titles >= GENERAL_ONLY


def test_levels():
    model = pgsym.zoo("short-corridor")
    parts = {
        level: {
            b.text for b in derive(model.replace(objective="start-state"), level=level).blocks if isinstance(b, Heading)
        }
        for level in ("general", "model", "both")
    }
    assert parts["both"] == parts["general"] | parts["model"]
    assert "Proof" not in parts["model"]
    assert "In this model" not in parts["general"]
    with pytest.raises(SchemaError, match=r"^level: found 'all'; must be one of general, model, both$"):
        derive(model.replace(objective="start-state"), level="all")


def test_objective_that_the_model_does_not_have_raises():
    model = pgsym.zoo("short-corridor")
    with pytest.raises(HypothesisError, match="a stationary distribution needs a continuing MDP"):
        derive(model.replace(objective="average-reward"))


# -- written forms ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "objective"), MODELS)
def test_text_is_read_back_to_the_same_claims(derived, name, objective):
    found = derived(name, objective)
    read = Script.parse(found.text(), "derivation")
    assert [claim for _, claim in read.relations] == list(found.claims)


def test_text_of_one_level_is_complete():
    model = pgsym.zoo("sign-flip")
    text = derive(model.replace(objective="stationary-value"), level="model").text()
    assert Script.parse(text).check(model).holds


@pytest.mark.parametrize(("name", "objective"), MODELS)
def test_html_is_self_contained_and_its_formulas_are_well_formed(derived, name, objective):
    page = derived(name, objective).html()
    formulas = re.findall(r"<math.*?</math>", page, re.DOTALL)
    assert len(formulas) > 100
    for formula in formulas:
        ElementTree.fromstring(formula)
    assert "<script" not in page
    assert not re.search(r"(src|href)=|url\(|@import", page)
    # What the converter does not know, it leaves as a command.
    assert not re.search(r"<m[a-z]+>\\", page)


def test_html_without_the_extra_names_it(derived, monkeypatch):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    html.mathml.cache_clear()
    with pytest.raises(MissingExtraError, match=r"^html: latex2mathml is not installed; .*: pgsym\[report\]$"):
        derived("short-corridor", "start-state").html()


def test_markdown_has_balanced_formulas(derived):
    text = derived("two-state", "stationary-value").markdown()
    assert text.startswith("# Policy gradient of two-state: stationary-value\n\n## The model\n")
    assert text.count("```") % 2 == 0
    assert text.count(r"\begin{aligned}") == text.count(r"\end{aligned}") > 10
    assert "| state | action | next state | probability | reward |" in text


@pytest.mark.parametrize(("name", "objective"), MODELS)
def test_no_line_of_latex_is_much_wider_than_the_page(derived, name, objective):
    found = derived(name, objective)
    for row in re.findall(r"&(.*?)(?:\\tag|\\\\|$)", found.latex(), re.MULTILINE):
        assert tex_width(row) <= 100, row


@NEEDS_TEX
@pytest.mark.parametrize(("name", "objective"), MODELS[:4])
def test_document_compiles_without_complaint(derived, name, objective, tmp_path):
    found = compiled(derived(name, objective).document(), tmp_path)
    assert found.complaints == ()
    assert found.pages in range(6, 10)


def test_document_needs_amsmath_only(derived):
    preamble = derived("short-corridor", "start-state").document().partition(r"\begin{document}")[0]
    required = re.sub(r"\\IfFileExists\{.*", "", preamble)
    assert set(re.findall(r"\\usepackage(?:\[.*?\])?\{(.*?)\}", required)) == {"fontenc", "amsmath", "geometry"}


def test_nothing_is_printed_that_was_not_decided(derived):
    """Every formula of the derivation is a side of a decided claim, a definition, or a table's entry."""
    found = derived("short-corridor", "start-state")
    decided = {str(step.claim.left) for step in found.audit.steps} | {
        str(step.claim.right) for step in found.audit.steps
    }
    printed = {str(term) for block in found.blocks if isinstance(block, Chain) for term in block.statement.terms}
    assert printed == decided
    assert {type(block).__name__ for block in found.blocks} == {
        "Heading", "Prose", "Figure", "DataTable", "Definition", "Chain"
    }  # fmt: skip
    assert all(isinstance(b, DataTable | Definition) or b for b in found.blocks)


# -- parts -----------------------------------------------------------------------------------------------


def agree(left, right, bindings):
    """Whether two expressions in arbitrary numbers are equal, by normal form."""
    model = pgsym.zoo("two-state")
    return decide(model.replace(objective="start-state"), Claim(left, "==", right, bindings)).proved


@pytest.mark.parametrize(
    "text",
    [
        "2 - (x - 3) + y",
        "-x * (-y) * 3",
        "(x + y)^2 / (1 - x)",
        "0 * x + 1 * y - 0",
        "-(x - y) * (y - x) / (-3)",
        "x - x * (y * 2) * 1/2",
        "-(x - y) - (-x)^3",
    ],
)
def test_folding_keeps_the_value(text):
    statement = parse(f"for all x, y: {text} = 0")
    model = pgsym.zoo("two-state")
    folded = Instance(model.mdp, model.policy).expand(statement.terms[0], {})
    assert agree(statement.terms[0], folded, statement.bindings)
    assert not agree(statement.terms[0], folded + 1, statement.bindings)


@pytest.mark.parametrize("text", ["(p - 1)^2/(p^2 - 3)", "-p/(3*q)", "p*(p - 1)*(q - 2)^3/7", "1 - p", "p - 1 - q"])
def test_formula_as_tree_keeps_the_value(text):
    statement = parse(f"for all p, q: {text} = 0")
    names = {sp.Symbol(name): Call(name) for name in "pq"}
    tree = as_tree(to_expr(text), names)
    assert agree(tree, statement.terms[0], statement.bindings)


def test_signs_are_outside_and_constants_positive():
    p = sp.Symbol("p")
    assert str(as_tree((p - 2) / (p * (p - 1)))) == "(2 - p) / (p * (1 - p))"
    assert str(fold.product([parse("-2 = 0").terms[0], parse("x = 0").terms[0]])) == "-2 * x"


@pytest.mark.parametrize("sign", ["sum", "prod"])
def test_a_broken_product_keeps_what_a_sum_or_product_over_time_is_of(sign):
    product = parse(f"E[tau] ({sign}[t<3] pi(a_t|s_t)) * (V(s_0) + V(s_1)) = 0").claims[0].left.body
    assert " ".join(lines(product, width=24)).startswith(
        rf"\left(\{sign}_{{t < 3}} \pi(a_{{t}} \mid s_{{t}})\right) \, "
    )
    total = parse(f"E[tau] {sign}[t<3] (V(s_t) + V(s_t) + V(s_t) + V(s_t)) = 0").claims[0].left.body
    assert len(lines(total, width=24)) > 1


def test_lines_are_the_whole_formula():
    statement = parse("J = sum[s] mu(s) * (V(s) + 2 * V(s) + 3 * V(s)) + sum[s] eta(s) * (V(s) - 4 * V(s) - 5 * V(s))")
    found = lines(statement.terms[1], width=24)
    assert all(tex_width(line) <= 30 for line in found)
    joined = " ".join(found).replace("{} ", "").replace(r"\bigl(", r"\left(").replace(r"\bigr)", r"\right)")
    assert joined == statement.terms[1].latex()


def repair(parameter="theta"):
    rows = [("good", "run", "good", "1 - p", "R"), ("good", "run", "bad", "p", "R"), ("good", "fix", "good", 1, 0)]
    rows += [("bad", "run", "bad", 1, "R/2"), ("bad", "fix", "good", 1, 0)]
    mdp = pgsym.MDP.from_transitions(rows, start="good", gamma="gamma", symbols={"R": "real", "p": "0 < p < 1"})
    logits = {s: {"run": parameter, "fix": 0} for s in ("good", "bad")}
    return pgsym.Problem(mdp, pgsym.softmax_policy(mdp, logits, params=[parameter]))


def test_probabilities_that_sum_to_one_are_one():
    text = pgsym.derive(repair()).latex()
    assert r"Q(\mathrm{good}, \mathrm{run}) &= R + \gamma \, \left(" in text
    assert r"R \, p" not in text.partition(r"\section*{Closed forms}")[0]


def test_no_index_is_called_like_a_parameter_t():
    prose = [block.text for block in pgsym.derive(repair("t")).blocks if isinstance(block, Prose)]
    assert len(prose) > 5
    assert [text for text in prose if re.search(r"(?<![`\w'])t(?![`\w'])", text)] == []


def test_a_number_stays_in_the_numerator_of_a_long_fraction():
    first, *_ = lines(
        parse("5 * (V(s) + V(s') + Q(s,a) + Q(s',a') + A(s,a) + A(s',a')) / (1 - gamma) = 0").terms[0], 30
    )
    assert first.startswith(r"\frac{5}{1 - \gamma}")
