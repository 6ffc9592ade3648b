"""One change in what a certificate states, or in its model: the kernel refuses it where the change makes it false."""

import re

import pytest
from certificate_models import of

from pgsym.certificates import Answer

THEOREM, AVERAGE, COUNTEREXAMPLE = "start-state", "average-reward", "stationary-value"

# objective of two-state, pattern, replacement, where Coq stops; each pattern occurs in the certificate
MUTANTS = {
    "sign of a reward": (THEOREM, r"a_y_b => \(-1\)", "a_y_b => 1", "Q_a_y_b"),
    "one probability": (THEOREM, r"s_x, a_x_a, s_x => 3/4", "s_x, a_x_a, s_x => 2/3", "transition_sum"),
    "a probability below 0": (THEOREM, r"=> 3/4\n  \| s_x, a_x_a, s_y => 1/4", "=> 5/4\n  | s_x, a_x_a, s_y => -1/4",
                              "transition_nonneg"),
    "two probabilities": (THEOREM, r"=> 3/4\n  \| s_x, a_x_a, s_y => 1/4", "=> 2/3\n  | s_x, a_x_a, s_y => 1/3",
                          "Q_a_x_a"),
    "discount of the model": (THEOREM, r"discount : R := 9/10", "discount : R := 4/5", "Q_a_x_a"),
    "no discount": (THEOREM, r"discount : R := 9/10", "discount : R := 1", "discount_range"),
    "power of gamma": (THEOREM, r"\(9/10\) \* \(\(3/4\) \* V s_x", "(9/10) ^ 2 * ((3/4) * V s_x", "Q_a_x_a"),
    "Bellman's equation without Q": (THEOREM, r"(Bellman_s_x : V s_x = )pi s_x a_x_a \* Q s_x a_x_a", r"\1pi s_x a_x_a",
                                     "Bellman_s_x"),
    "a balance equation": (THEOREM, r"(balance_s_y : eta s_y =\n  )", r"\1 1 + ", "balance_s_y"),
    "weight eta of another state": (THEOREM, r"\(eta s_x \*\n", "(eta s_y *\n", "explicit_gradient_theta_x"),
    "weight without gamma": (THEOREM, r"\(Σ s < 2, eta s \*", "(Σ s < 2, start s *", "gradient_theta_x"),
    "sign in the gradient": (THEOREM, r"pi s_x a_x_b \* \(0 - \(", "pi s_x a_x_b * (0 + (",
                             "explicit_gradient_theta_x"),
    "Q of another action": (THEOREM, r"\)\) \* Q s_x a_x_b\)", ")) * Q s_x a_x_a)", "explicit_gradient_theta_x"),
    "V for Q": (THEOREM, r"dpi_theta_y theta_x theta_y s a \* Q s a", "dpi_theta_y theta_x theta_y s a * V s",
                "gradient_theta_y"),
    "closed form of J": (THEOREM, r"(Definition closed_J [^\n]*:=\n  )", r"\g<1>1 + ", "closed_form_J"),
    "closed form of the gradient": (THEOREM, r"(Definition closed_gradient_theta_y [^\n]*:=\n  )", r"\g<1>2 * ",
                                    "closed_form_gradient_theta_y"),
    "slope of a logit": (THEOREM, r"(dlogit_theta_x \(s a : nat\) : R :=\n  match s, a with\n  \| s_x, a_x_a => )1",
                         r"\g<1>2", "pi_derive_theta_x"),
    "logits": (THEOREM, r"\| s_x, a_x_a => theta_x\n", "| s_x, a_x_a => theta_y\n", "pi_derive_theta_x"),
    "start": (THEOREM, r"(Definition start [^|]*\| )s_x", r"\g<1>s_y", "J_sum"),
    "stationarity": (AVERAGE, r"(stationary_s_x : mu s_x =\n  mu )s_x", r"\1s_y", "stationary_s_x"),
    "mu does not sum to 1": (AVERAGE, r"mu s_x \+ mu s_y = 1", "mu s_x + mu s_y = 2", "stationary_one"),
    "Q without the average reward": (AVERAGE, r"(Theorem Q_a_x_a [^.]*) - rbar theta_x theta_y\.", r"\1.", "Q_a_x_a"),
    "weight mu of another state": (AVERAGE, r"\(mu s_x \*\n", "(mu s_y *\n", "explicit_gradient_theta_x"),
    "left side": (COUNTEREXAMPLE, r"left = \(10120/6889\)", "left = (10120/6888)", "left_side"),
    "right side": (COUNTEREXAMPLE, r"right = \(9988/71961\)", "right = (9988/71962)", "right_side"),
    "a value": (COUNTEREXAMPLE, r"s_x => \(1655/867\)", "s_x => (1655/866)", "V_point"),
    "a derivative of mu": (COUNTEREXAMPLE, r"s_x => \(440/6889\)", "s_x => (441/6889)", "dmu_theta_x_point"),
    "the point": (COUNTEREXAMPLE, r"Definition theta_x_0 : R := 1 \* ln 2", "Definition theta_x_0 : R := 1 * ln 3",
                  "weight_a_x_a"),
    "equal sides": (COUNTEREXAMPLE, r"left <> right\.", "left = right.", "refuted_claim"),
}  # fmt: skip
QUICK = ("sign of a reward", "one probability", "power of gamma", "a balance equation", "weight without gamma",
         "weight eta of another state", "closed form of J", "closed form of the gradient", "stationarity",
         "right side", "a derivative of mu")  # fmt: skip


def changed(objective: str, pattern: str, replacement: str) -> str:
    text, count = re.subn(pattern, replacement, of("two-state", objective).text, count=1, flags=re.DOTALL)
    assert count == 1, f"{pattern} does not occur"
    return text


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow, id=n) for n in sorted(MUTANTS)]
)
def test_kernel_rejects_mutant_where_it_is_false(kernel, name) -> None:
    objective, pattern, replacement, place = MUTANTS[name]
    answer = kernel(changed(objective, pattern, replacement))
    assert (answer.answer, answer.place) == (Answer.REFUSED, place), answer
    assert answer.reason.startswith(f"at {place}: ")


# -- proofs that are no proofs: what they rest on gives them away ---------------------------------------------

CHEATS = {
    "an axiom": (r"End Model\.", "Axiom cheat : False. Theorem all_of_it2 : 1 = 2. Proof. destruct cheat. Qed.\n"
                 "End Model.\nPrint Assumptions all_of_it2.", "cheat"),
    "an admitted lemma": (r"(Lemma V_Bellman [^.]*\.[^.]*)\nProof\..*?Qed\.", r"\1\nProof. Admitted.", "V_Bellman"),
}  # fmt: skip


@pytest.mark.parametrize("name", ["an axiom", pytest.param("an admitted lemma", marks=pytest.mark.slow)])
def test_refusal_names_the_axiom(kernel, name) -> None:
    pattern, replacement, axiom = CHEATS[name]
    answer = kernel(changed(THEOREM, pattern, replacement))
    assert str(answer) == f"refused: it rests on {axiom}, which is no axiom of the reals"
