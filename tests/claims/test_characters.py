"""Claims in the characters of mathematics: what they say, that errors point at the user's own character."""

import importlib
import re

import pytest
from claim_strategies import statements
from hypothesis import assume, given, settings

from pgsym.claims import Script, decide, parse
from pgsym.errors import ClaimError
from pgsym.expression.notation import GREEK
from pgsym.model import MDP, Problem, tabular

SAID = {
    "∇J = Σ_s η(s) Σ_a ∇π(a|s) Q(s,a)": "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)",
    "∇_θ J = 𝔼_τ[Σₜ γᵗ ∇log π_θ(aₜ|sₜ) Gₜ]": "grad J = E[tau] (sum[t] gamma^t * grad log pi(a_t|s_t) * G_t)",
    "J' − J = Σ_{s,a} η′(s)·π'(a|s)×A(s,a)": "J' - J = sum[s,a] eta'(s) * pi'(a|s) * A(s,a)",
    "V(s) = 𝔼_{a∼π}[Q(s,a)]": "V(s) = E[a~pi] Q(s,a)",
    "V(s) ≤ V*(s)": "V(s) <= V*(s)",
    "V^π(s) ≥ 2γ − 3": "V(s) >= 2 * gamma - 3",
    "𝔼_{τ∣s₀=s, a₀=a}[G] ≠ Q^π(s,a)": "E[tau | s_0=s, a_0=a] G != Q(s,a)",
    "Q^{π'}(s,a) = r(s,a) + γ ∑_s' P(s'|s,a) V^π'(s')": "Q'(s,a) = r(s,a) + gamma * sum[s'] P(s'|s,a) * V'(s')",
    "𝔼[τ∼π'] (∏_u π(aᵤ|sᵤ)/π'(aᵤ|sᵤ)) G = J": "E[tau~pi'] (prod[u] pi(a_u|s_u) / pi'(a_u|s_u)) * G = J",
    "let δ(t) = r_t + γ V(sₜ₊₁) − V(sₜ); 𝔼_τ[Σ_{u≥0} (γ λ)^u δ(u)] = J":
        "let delta(t) = r_t + gamma * V(s_{t+1}) - V(s_t); E[tau] (sum[u>=0] (gamma * lambda)^u * delta(u)) = J",
    "𝔼_τ[Σ_t Σ_{u≥t} γᵘ⁻ᵗ r_u] = J": "E[tau] (sum[t] sum[u>=t] gamma^(u-t) * r_u) = J",
    "J = Σₛ μ₀(s) V(s)": "J = sum[s] mu0(s) * V(s)",
    "for all λ: ∇(J + λ J²) ∝ ∇J": "for all lambda: grad (J + lambda * J^2) propto grad J",
    "J = θ_x·F⁻¹": "J = theta_x * F^-1",
    "r_π(s) = Σ_a π(a|s) r(s,a)": "r_pi(s) = sum[a] pi(a|s) * r(s,a)",
    'V("θ Σ") = γ J  # Σ': 'V("θ Σ") = gamma * J',
}  # fmt: skip


@pytest.mark.parametrize(("text", "plain"), SAID.items())
def test_characters_say_what_the_words_say(text, plain):
    assert parse(text) == parse(plain)
    assert parse(str(parse(text))) == parse(text)


UNKNOWN = " is not a name of the language, nor defined here. Define it with let, or declare it with for all"
CALLED = (
    "; states are called s, s', s1, ..., actions a, a', a1, ..., times t, u, v, ... Rename it, "
    'or write "x" for the state or action of that name'
)
WRONG = {
    "γ V(s) = Σ V(s)": ("Σ V", "found Σ without what it runs over. Write Σ_s"),
    "∇J = Σ_s η(s) ж(s,a)": ("ж", f"ж{UNKNOWN}"),
    "Σ_s η(s) Σ_a ∇π(a|s) = γ ) 2": (") 2", "found ')', which cannot stand here. Correct the claim"),
    "J = γ / 2 J": ("/", "found a factor beside a divisor: does it stand below the line? Write * or brackets"),
    "Σ_{x} η(x) = J": ("x) =", f"found the index x{CALLED}"),
    "𝔼_τ[Σₜ γᵗ rₜ] = 𝔼_τ[G": ("[G", "found [ without its other bracket; brackets come in pairs. Correct it"),
    "𝔼_τ[Σₜ γᵗ qₜ(s)] = J": ("qₜ", f"q_t{UNKNOWN}"),
    "J = ∇": ("", "found the end; the claim is not complete. Complete it"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "found"), WRONG.items(), ids=list(WRONG))
def test_the_caret_points_at_the_character(text, found):
    place, message = found
    with pytest.raises(ClaimError) as caught:
        parse(text)
    first, shown, arrow = str(caught.value).split("\n")
    assert first == message
    at = text.index(place) if place else len(text)
    assert (caught.value.at, arrow.index("^") - 4) == (at, at)
    assert shown == "    " + text


def test_places_that_are_not_moved_back_are_found(monkeypatch):
    """A mutant of the table of places."""
    parser = importlib.import_module("pgsym.claims.language.parse")
    plain = parser.ascii_text
    monkeypatch.setattr(parser, "ascii_text", lambda text: (plain(text)[0], list(range(999))))
    with pytest.raises(AssertionError):
        test_the_caret_points_at_the_character("∇J = Σ_s η(s) ж(s,a)", WRONG["∇J = Σ_s η(s) ж(s,a)"])


@given(statements())
@settings(max_examples=100)
def test_any_statement_in_characters_is_the_same_statement(statement):
    text = str(statement)
    assume('"' not in text)
    for word, character in {"<=": "≤", ">=": "≥", "!=": "≠", " * ": " · ", "propto": "∝", "grad ": "∇", "sum[": "Σ[",
                            "prod[": "∏[", "E[": "𝔼[", " - ": " − "}.items():  # fmt: skip
        text = text.replace(word, character)
    for name in ("gamma", "eta", "theta", "pi", "lambda", "tau"):
        text = "".join(GREEK[name] if part == name else part for part in re.split(r"\b", text))
    assert parse(text.replace("𝔼[T]", "E[T]")) == statement


def test_a_product_in_words_needs_its_sign():
    with pytest.raises(ClaimError, match=r"found 'J' without an operator before it. Write \* for a product"):
        parse("gamma J = J")


def test_a_symbol_of_the_model_is_not_taken_for_a_quantity():
    """γ is what a step pays here, and not the discount."""
    rows = [("x", "go", "x", "1/2", "γ"), ("x", "go", "end", "1/2", 0)]
    mdp = MDP.from_transitions(rows, gamma="1/2", start="x", terminal=["end"])
    problem = Problem(mdp, tabular(mdp))
    assert decide(problem, 'V("x") = 2/3 * "γ"').proved
    with pytest.raises(ClaimError) as caught:
        decide(problem, 'J = γ * V("x")')
    assert caught.value.message == (
        'found γ, which is gamma in claims and a symbol of the model. Write gamma, or "γ" in quotes for the symbol'
    )


def test_a_file_of_claims_goes_on_with_such_a_relation():
    text = "V(s)  # a\n  = Σ_a π(a|s) Q(s,a)  # b\n  ≤ V*(s)  # c\n\n𝔼_τ[Σ_{u≥0} γᵘ rᵤ] = J"
    found = [(line, str(claim), claim.reason) for line, claim in Script.parse(text).relations]
    assert found == [
        (2, "V(s) == sum[a] pi(a|s) * Q(s,a)", "a b"),
        (3, "sum[a] pi(a|s) * Q(s,a) <= V*(s)", "c"),
        (5, "E[tau] sum[u>=0] gamma^u * r_u == J", ""),
    ]


def test_an_error_in_a_file_has_line_and_column():
    with pytest.raises(ClaimError, match=r"^x\.claims:4:5: ж is not a name of the language"):
        Script.parse("J = J\n\nV(s) ≤ Σ_a π(a|s)\n  · ж(s,a)", "x.claims")
