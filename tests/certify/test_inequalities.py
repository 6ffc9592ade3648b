"""Inequalities that Coq's kernel accepts as theorems, changed ones that it refuses, and what is not written."""

import re

import pytest
from certificate_models import of

import pgsym
from pgsym.certificates import Answer, Certificate, certify
from pgsym.errors import CertificateError
from pgsym.model.mdp import MDP

DISCOUNTED, AVERAGE = "start-state", "average-reward"
HOPS = [("s", "go", "e", 1, 1), ("s", "stay", "s", 1, "1/2"), ("s", "hop", "u", 1, 0), ("u", "back", "s", 1, "-1")]


def lojasiewicz(constant: str) -> str:
    """On bandits whose best arm has the reward 0."""
    return f'dot(grad J, grad J) >= {constant} * pi("best"|"s")^2 * J^2'


WEIGHTS = "for all k(s,a): sum[a] pi(a|s) * (1 + k(s,a)^2 * A(s,a)) * A(s,a) >= 0"
"""The first part of the improvement by a step of the natural gradient: `benchmarks/order.py`, row 7."""

CLAIMS = {
    "values": ("two-state", DISCOUNTED, "abs(V(s)) <= 20"),
    "action values": ("two-state", DISCOUNTED, "Q(s,a) < 20"),
    "advantages": ("two-state", DISCOUNTED, "abs(A(s,a)) < 40"),
    "squares of probabilities": ("two-state", DISCOUNTED, "sum[a] pi(a|s)^2 <= 1"),
    "product of probabilities": ("two-state", DISCOUNTED, "pi(a|s) * (1 - pi(a|s)) <= 1/4"),
    "objective": ("short-corridor", DISCOUNTED, "J < -11"),
    "nearly sharp, a completed square": ("short-corridor", DISCOUNTED, "-J >= 58/5"),
    "average reward": ("two-state", AVERAGE, "rbar <= 2"),
    "stationary distribution": ("two-state", AVERAGE, "mu(s) < 1"),
    "every discount": ("hops", DISCOUNTED, "abs(V(s)) <= 1/(1-gamma)"),
    "bound of values": ("two-state", DISCOUNTED, "abs(V(s)) <= max[s1,a] abs(r(s1,a)) / (1 - gamma)"),
    "Lojasiewicz, 2 arms": (2, DISCOUNTED, lojasiewicz("2")),
    "Lojasiewicz, 3 arms": (3, DISCOUNTED, lojasiewicz("3/2")),
    "Lojasiewicz, 4 arms": (4, DISCOUNTED, lojasiewicz("4/3")),
    "Lojasiewicz with a name": (2, DISCOUNTED, "let norm = dot(grad J, grad J); norm >= 1/2 * norm"),
    "natural gradient step": ("two-state", DISCOUNTED, WEIGHTS),
    "repair is optimal": ("1/3", DISCOUNTED, 'V("broken") <= 10/13'),
    "repair is as good as waiting": ("7/18", DISCOUNTED, 'V("broken") <= 0'),
    "Hessian, from above": ("two-state", DISCOUNTED, "grad grad J <= 8 / (1 - gamma)^3 * I"),
    "Hessian, from below": ("two-state", DISCOUNTED, "-8 / (1 - gamma)^3 * I <= grad grad J"),
    "J is concave": ("short-corridor", DISCOUNTED, "0 >= grad grad J"),
}
QUICK = (
    "values", "squares of probabilities", "nearly sharp, a completed square", "every discount", "bound of values",
    "Lojasiewicz, 2 arms",
)  # fmt: skip


def problem(model: int | str) -> pgsym.Problem:
    """A bandit with symbolic gaps by its arms, hops, or the machine of examples/custom_mdp.py by its p."""
    if isinstance(model, int):
        arms = range(1, model)
        rows = [("s", "best", "e", 1, 0)] + [("s", f"a{k}", "e", 1, f"-d{k}") for k in arms]
        gaps = {f"d{k}": f"d{k} > 0" for k in arms}
        return pgsym.Problem(MDP.from_transitions(rows, start="s", terminal=["e"], symbols=gaps))
    if model == "hops":
        return pgsym.Problem(MDP.from_transitions(HOPS, start="s", terminal=["e"], gamma="gamma"))
    rows = [("works", "run", "works", f"1 - {model}", 1), ("works", "run", "broken", model, 1)]
    rows += [("works", "service", "works", 1, 0)]
    rows += [("broken", "repair", "works", 1, -2), ("broken", "wait", "broken", 1, 0)]
    return pgsym.Problem(MDP.from_transitions(rows, start="works", gamma="9/10"))


def certificate(name: str) -> Certificate:
    model, objective, claim = CLAIMS[name]
    if model in ("two-state", "short-corridor"):
        return of(model, objective, claim)
    return certify(problem(model), claim)


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICK else pytest.mark.slow, id=n) for n in CLAIMS])
def test_kernel_accepts_inequality(kernel, name) -> None:
    found = certificate(name)
    assert found.kind == "theorem"
    assert found.text.endswith("Print Assumptions all_of_it.\n")
    answer = kernel(found)
    assert answer.accepted, answer


def test_theorem_is_the_claim() -> None:
    text = certificate("values").text
    assert "Theorem claim_1 : Rabs (V_at theta_x theta_y s_x) <= 20." in text
    assert "Theorem claim_2 : Rabs (V_at theta_x theta_y s_y) <= 20." in text
    assert "Theorem claim_1 : (- J theta) >= (58/5)." in certificate("nearly sharp, a completed square").text


# claim, pattern, replacement, where Coq stops
MUTANTS = {
    "a bound that is too small": ("values", r"(claim_1 : Rabs [^\n]* <= )20", r"\g<1>2", "claim_1"),
    "the other relation": ("squares of probabilities", r"(claim_1 : [^\n]*) <= 1\.", r"\1 >= 1.", "claim_1"),
    "a coefficient of the statement": ("nearly sharp, a completed square", r">= \(58/5\)", ">= (59/5)", "claim_1"),
    "a reward": ("every discount", r"(reward [^.]*)=> 1/2", r"\1=> 3/2", "Q_a_s_stay"),
    "a constant that is too large": ("Lojasiewicz, 2 arms", r"(claim_1 [^\n]*>= )2 ", r"\g<1>3 ", "claim_1"),
    "another derivative": ("Lojasiewicz, 2 arms", r"(claim_1 : \(\(Derive \(fun t => J )t (\S+)\) (\S+)\)",
                           r"\g<1>\3 t) \2)", "claim_1"),
    "the least reward": ("bound of values", r"(claim_1 [^\n]*?)Rmax", r"\1Rmin", "claim_1"),
    "a gap of any sign": ("Lojasiewicz, 3 arms", r"Hypothesis v_d1_positive[^\n]*", "", "claim_1"),
    "a weight of any sign": ("natural gradient step", r"(claim_1 [^\n]*?\(f_\w+) \^ 2", r"\1 ^ 1", "claim_1"),
    "a better repair": ("repair is optimal", r"(claim_1 [^\n]*)10/13", r"\g<1>9/13", "claim_1"),
    "a smaller Hessian": ("Hessian, from above", r"\(8 / ", "(1/1000 / ", "claim_1"),
    "a coefficient of a square": ("nearly sharp, a completed square", r"(apply \(completed(?:_strictly)? \()",
                                  r"\g<1>1 + ", None),
}  # fmt: skip


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if k < 3 else pytest.mark.slow, id=n)
                                  for k, n in enumerate(MUTANTS)])  # fmt: skip
def test_kernel_refuses_changed_inequality(kernel, name) -> None:
    claim, pattern, replacement, place = MUTANTS[name]
    text, count = re.subn(pattern, replacement, certificate(claim).text, count=1, flags=re.DOTALL)
    assert count == 1, f"{pattern} does not occur"
    answer = kernel(text)
    assert answer.answer is Answer.REFUSED, answer
    assert place is None or answer.place == place, answer


@pytest.mark.parametrize(
    ("claim", "what"),
    [
        ("eta(s) >= 0", "eta"),
        ("abs(V(s)) + 1 <= 30", r"abs\(\.\.\) inside a side"),
        ("1 <= abs(J) + 5", "the largest of several values"),
        ("1 + abs(E[a~pi] r(s,a)) <= 3", r"abs\(\.\.\) inside a side"),
        ("0 <= F", "F in F"),
        ("grad grad J < 8 / (1 - gamma)^3 * I", "a strict order of matrices, or one for every gamma"),
    ],
)
def test_what_is_not_covered_is_named(claim, what) -> None:
    with pytest.raises(CertificateError, match=rf"^claim: found {what}; certificates of inequalities are written"):
        of("two-state", DISCOUNTED, claim)


def test_false_inequality_is_not_certified() -> None:
    with pytest.raises(CertificateError, match=r"^V\(s\) <= 1: found refuted; certificates are written for"):
        of("two-state", DISCOUNTED, "V(s) <= 1")


@pytest.mark.parametrize("name", ["Lojasiewicz, 2 arms", "bound of values", "J is concave", "repair is optimal"])
def test_sharper_inequality_is_not_certified(name) -> None:
    """Each is false: the constants are the largest that hold, the rewards of two-state go up to 2."""
    sharper = {
        "Lojasiewicz, 2 arms": lojasiewicz("201/100"),
        "bound of values": "abs(V(s)) <= max[s1,a] abs(r(s1,a))",
        "J is concave": "-100 * I >= grad grad J",
        "repair is optimal": 'V("broken") <= 9/13',
    }
    model = CLAIMS[name][0]
    at = problem(model) if model not in ("two-state", "short-corridor") else pgsym.zoo(model)
    at = at if model != "two-state" else at.replace(objective=DISCOUNTED)
    with pytest.raises(CertificateError, match="found refuted"):
        certify(at, sharper[name])


IMPROVEMENT = """\
From Coq Require Import Reals.
From Pgsym Require Import Sums Elimination MDP PerformanceDifference.
Open Scope R_scope.

Theorem no_worse : forall M pi pi' V V',
  policy M pi' -> ends M pi' -> Bellman M pi V -> Bellman M pi' V' ->
  (forall s, (s < states M)%nat -> 0 <= sum (actions M s) (fun a => pi' s a * (Q M V s a - V s))) ->
  forall s, (s < states M)%nat -> V s <= V' s.
Proof. exact policy_improvement. Qed.

Print Assumptions no_worse.
"""


def test_policy_improvement_for_every_mdp(kernel) -> None:
    """What is no worse for one step is no worse, and not the other way round."""
    assert kernel(IMPROVEMENT).accepted
    assert kernel(IMPROVEMENT.replace("V s <= V' s", "V' s <= V s")).answer is Answer.REFUSED
