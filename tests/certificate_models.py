"""Certificates of the zoo's models, and of models with names and forms of any kind."""

import pgsym
from pgsym.certificates import Certificate, certify
from pgsym.model.mdp import MDP
from pgsym.model.policy import Policy
from pgsym.model.zoo.constructed import generic_problem

Rows = list[tuple[object, ...]]


def of(name: str, objective: str | None = None, claim: str | None = None, **options: object) -> Certificate:
    """The certificate of a model of the zoo, or of all models of a size: ``generic:2x2``."""
    if name.startswith("generic:"):
        problem = generic_problem(name.removeprefix("generic:"))
    else:
        problem = pgsym.zoo(name, **options)
    return certify(problem.replace(objective=objective or problem.objective).replace(name=name), claim)


SYMBOLIC: Rows = [("s", "go", "e", "p", "R"), ("s", "go", "s", "1-p", 0), ("s", "wait", "u", 1, "I"),
                  ("u", "back", "s", 1, 0)]  # fmt: skip
ENDLESS: Rows = [("s", "go", "e", 1, 1), ("s", "stay", "s", 1, -1), ("x", "loop", "x", 1, 5), ("s", "idle", "z", 1, 0),
                 ("z", "z", "z", 1, 0)]  # fmt: skip
TRANSIENT: Rows = [("t", "a", "r", 1, 3), ("t", "b", "t", 1, 0), ("r", "a", "q", "1/(1+v)", 1),
                   ("r", "a", "r", "v/(1+v)", 1), ("q", "a", "r", 1, "exp(2)")]  # fmt: skip
SHORT: Rows = [("s", "go", "e", 1, 1), ("s", "stay", "s", 1, -1)]

NASTY: Rows = [
    ("Σ *)", 'go "now"', "(* T", 1, "forall"),
    ("Σ *)", "go-now", "Σ *)", 1, "sum_ext"),
    ("Σ *)", "go_now", "one", 1, "R"),
    ("one", "End Model.", "(* T", 1, "probability_1"),
    ("one", "状态\n*)", "unique", 1, "é"),
    ("unique", "Qed", "(* T", "divisor_1", "I"),
    ("unique", "Qed", "Σ *)", "1 - divisor_1", 0),
]
"""States, actions and symbols called like Coq's words, the library's lemmas, or the end of a comment."""

NASTY_LOGITS = {
    "Σ *)": {'go "now"': "theta", "go-now": "theta_explicit / 2", "go_now": "t - theta"},
    "one": {"End Model.": "theta_s_one", "状态\n*)": "softmax_pos"},
}


def nasty(discount: str = "gamma") -> tuple[MDP, Policy]:
    """A model whose names would break a file that takes them as they are."""
    bounds = {"divisor_1": "0 <= divisor_1 <= 1"}
    mdp = MDP.from_transitions(NASTY, start="Σ *)", terminal=["(* T"], gamma=discount, symbols=bounds)
    return mdp, pgsym.softmax_policy(mdp, NASTY_LOGITS)
