"""Inequalities about policy gradients: what is decided within a minute, how, and on whose word.

    python benchmarks/order.py [--seconds 60] [--only TEXT]

Each row is decided in a process of its own, and none is special-cased.  "by" is the rung that a proof needs, with its
level of trust; a refutation is an exact point.  Exit code 1 if a verdict contradicts the known one; what is open or
undecided does not.  Each row is asked by the public API: a claim, a constant, a law, regions, or a sign.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection

import sympy as sp

import pgsym
from pgsym.claims.verdict import Status
from pgsym.order import Kind, SignVerdict, SimplexRow, decide_sign, decide_system, fraction_of

REWARD_TO_GO = "trace Var[tau] (sum[t] gamma^t * grad log pi(a_t|s_t) * G_t) <= trace Var[tau] (grad log P(tau) * G)"
VALUE_BASELINE = (
    "trace Var[tau] (sum[t] gamma^t * grad log pi(a_t|s_t) * (G_t - V(s_t))) "
    "<= trace Var[tau] (sum[t] gamma^t * grad log pi(a_t|s_t) * G_t)"
)
BOUND_OF_VALUES = "abs(V(s)) <= max[s1,a] abs(r(s1,a)) / (1 - gamma)"

LOJASIEWICZ = (
    '4 * dot(grad J, grad J) * (max[s] (1[s="x"] * 220/31 + 1[s="y"] * 90/31) / eta(s))^2 '
    '>= (min[s] (1[s="x"] * pi("a"|"x") + 1[s="y"] * pi("a"|"y")))^2 * (J* - J)^2'
)
WEIGHTS = "for all k(s,a): sum[a] pi(a|s) * (1 + k(s,a)^2 * A(s,a)) * A(s,a) >= 0"
IMPROVEMENT = "V'(s) - V(s) >= min[s1] (sum[a] pi'(a|s1) * A(s1,a)) / (1 - gamma)"
SURROGATE = "J' >= J + sum[s] eta(s) * sum[a] pi'(a|s) * A(s,a)"
DIVERGENCE = "sum[a] pi(a|s) * log (pi(a|s) / pi'(a|s))"
ENTROPY = "-sum[a] pi(a|s) * log pi(a|s)"
VARIATION = "1/2 * sum[a2] abs(pi'(a2|s2) - pi(a2|s2))"
POLICIES_APART = (
    f"{SURROGATE} - 2 * gamma / (1 - gamma) * (max[s1] abs(sum[a1] pi'(a1|s1) * A(s1,a1))) "
    f"* sum[s2] eta(s2) * {VARIATION}"
)
FARTHEST_APART = f"{SURROGATE} - 4 * gamma / (1 - gamma)^2 * (max[s1,a1] abs(A(s1,a1))) * (max[s2] {VARIATION})^2"


@dataclass(frozen=True)
class Question:
    """One row: its number in the list of what is to be decided, its name, the known answer, and how it is asked."""

    number: int
    name: str
    known: str
    ask: Callable[[], str]


def claim(number: int, model: str, text: str, name: str, known: str) -> Question:
    """A claim about a model of the zoo, or the bandit below."""

    def ask() -> str:
        found = pgsym.decide(two_arms() if model == "two arms" else model, text)
        if found.status is Status.PROVED:
            return f"proved | {_by(str(found))}"
        if found.status is Status.REFUTED:
            where = [line.strip() for line in str(found).splitlines() if "true exactly" in line]
            return f"refuted | {where[0] if where else 'exact values'}"
        return f"{found.status} | "

    return Question(number, f"{name}: {model}", known, ask)


def _by(text: str) -> str:
    """How a claim was proved, from the line that says so."""
    return next((line.strip().removeprefix("by ") for line in text.splitlines() if line.startswith("  by ")), "")


def two_arms() -> pgsym.MDP:
    """One step, rewards -3 and 1: with p for the first, V raises the variance where (1 - 4 p) (7 - 12 p) > 0."""
    return pgsym.MDP.from_transitions([("s", "a", "end", 1, -3), ("s", "b", "end", 1, 1)], start="s", terminal=["end"])


def shown(verdict: SignVerdict) -> str:
    """The verdict of a polynomial question in one line."""
    if verdict.certificate is not None:
        return f"proved | {verdict.certificate.rung} (trust: {verdict.trust})"
    return f"{verdict.status} | {'exact values' if verdict.witness else verdict}"


def bandit(arms: int) -> tuple[sp.Expr, sp.Expr, dict[sp.Expr, Kind | SimplexRow]]:
    """|grad J|^2 and (pi(best) (r(best) - J))^2 of a softmax bandit whose other arms are worse by symbolic gaps."""
    pi, gaps = sp.symbols(f"pi0:{arms}"), sp.symbols(f"Delta1:{arms}")
    rewards = [sp.Integer(0), *(-gap for gap in gaps)]
    J = sum(p * r for p, r in zip(pi, rewards, strict=True))
    gradient = sum((p * (r - J)) ** 2 for p, r in zip(pi, rewards, strict=True))
    return gradient, (pi[0] * J) ** 2, {**dict.fromkeys(pi, SimplexRow("pi")), **dict.fromkeys(gaps, Kind.POSITIVE)}


def lojasiewicz(arms: int) -> str:
    """|grad J| >= pi(best) (r(best) - J), for all policies and gaps."""
    left, right, kinds = bandit(arms)
    return shown(decide_sign(*fraction_of(left - right, list(kinds)), kinds, strict=False, seconds=60))


def lojasiewicz_constant(arms: int) -> str:
    """The same as a claim about a model: the largest c with |grad J|^2 >= c (pi(best) (r(best) - J))^2."""
    rows = [("s", "best", "end", 1, 0)] + [("s", f"a{k}", "end", 1, f"-d{k}") for k in range(1, arms)]
    symbols = {f"d{k}": f"d{k} > 0" for k in range(1, arms)}
    model = pgsym.MDP.from_transitions(rows, start="s", terminal=["end"], symbols=symbols)
    found = pgsym.sharpen(model, 'dot(grad J, grad J) >= c * pi("best"|"s")^2 * J^2')
    return f"{found.exact} | {found.how}, {_by(str(found.verdicts[0]))}"


def crossing(model: str, guess: int) -> str:
    """For which lambda GAE, with a constant for V, has no larger error than reward-to-go, at the model's theta."""
    symbol = sp.Symbol("lambda")
    gae = pgsym.moments(model, "gae", let={"lambda": symbol, "v(s)": guess}).at().mse
    difference = pgsym.moments(model, "reward-to-go").at().mse - gae
    found = decide_sign(*fraction_of(difference, [symbol]), {symbol: Kind.UNIT_HALF_OPEN}, strict=False)
    return f"true exactly in {' and '.join(map(str, found.where))} | {found.tried[-1]} (trust: {found.trust})"


def best_where(problem: pgsym.Problem | pgsym.MDP, over: str, state: str | int, action: str) -> str:
    """For which values of a symbol an action is optimal in a state."""
    found = pgsym.optimal(problem, over)
    where = [found.span(region) for region in found.regions if action in region.actions.get(state, ())]
    return f"{' or '.join(where)} | regions (trust: {found.trust})"


def replaced(gamma: str) -> pgsym.Problem:
    """machine-replacement with a discount."""
    machine = pgsym.zoo("machine-replacement").replace(objective="start-state")
    return machine.replace(mdp=machine.mdp.replace(gamma=gamma))


def custom() -> pgsym.MDP:
    """examples/custom_mdp.py, with gamma = 9/10 and c = 2."""
    rows = [
        ("works", "run", "works", "1 - p", 1),
        ("works", "run", "broken", "p", 1),
        ("works", "service", "works", 1, 0),
    ]
    rows += [("broken", "repair", "works", 1, -2), ("broken", "wait", "broken", 1, 0)]
    return pgsym.MDP.from_transitions(rows, start="works", gamma="9/10", symbols={"p": "0 < p < 1"})


def policy_improvement(goal: str, states: int = 2) -> str:
    """What is no worse for one step is no worse: every MDP with two actions, every pair of policies."""
    gamma, S = sp.Symbol("gamma"), range(states)
    P = {(s, a, t): sp.Symbol(f"P{s}{a}{t}") for s in S for a in (0, 1) for t in S}
    r = {(s, a): sp.Symbol(f"r{s}{a}") for s in S for a in (0, 1)}
    old, new, V, W = (sp.symbols(f"{name}0:{states}") for name in ("pi", "rho", "V", "W"))
    kinds = {gamma: Kind.UNIT_HALF_OPEN, **dict.fromkeys([*old, *new], Kind.UNIT_OPEN)}
    kinds |= {p: SimplexRow(row[:2]) for row, p in P.items()}
    kinds |= dict.fromkeys([*r.values(), *V, *W], Kind.REAL)

    def gain(policy: tuple[sp.Symbol, ...], U: tuple[sp.Symbol, ...], s: int) -> sp.Expr:
        return fraction_of(
            sum(
                w * (r[s, a] + gamma * sum(P[s, a, t] * U[t] for t in S))
                for a, w in enumerate((1 - policy[s], policy[s]))
            )
            - U[s],
            list(kinds),
        )[0]

    equations = [gain(old, V, s) for s in S] + [gain(new, W, s) for s in S]
    difference = fraction_of({"W0 >= V0": W[0] - V[0], "V0 >= W0": V[0] - W[0]}[goal], list(kinds))
    better = [gain(new, V, s) for s in S]
    return shown(decide_system(difference, equations, kinds, strict=False, assumptions=better, seconds=60))


QUESTIONS = [
    *(
        claim(1, model, REWARD_TO_GO, "Var of reward-to-go <= REINFORCE", known)
        for model, known in (
            ("short-corridor", "proved"),
            ("random-walk-shared", "proved"),
            ("nota-thomas", "proved"),
            ("parallel-outcomes", "refuted"),
        )
    ),
    *(
        claim(2, model, VALUE_BASELINE, "the value baseline never raises Var", known)
        for model, known in (("short-corridor", "proved"), ("nota-thomas", "proved"), ("two arms", "refuted"))
    ),
    Question(
        3,
        "GAE, v = 20, has no larger MSE than reward-to-go: short-corridor",
        "true exactly in [0, 0.907993...]",
        lambda: crossing("short-corridor", 20),
    ),
    Question(
        3,
        "GAE, v = 3, has no larger MSE than reward-to-go: nota-thomas",
        "true exactly in [0, 0.952092...]",
        lambda: crossing("nota-thomas", 3),
    ),
    *(Question(4, f"Lojasiewicz, {n} arms", "proved", lambda n=n: lojasiewicz(n)) for n in (2, 3, 4)),
    *(
        Question(4, f"its constant, {n} arms", str(sp.Rational(n, n - 1)), lambda n=n: lojasiewicz_constant(n))
        for n in (2, 3, 4)
    ),
    claim(5, "two-state", LOJASIEWICZ, "Lojasiewicz of Mei et al., Lemma 8", "proved"),
    *(
        Question(6, f"policy improvement, every {n} x 2 MDP", "proved", lambda n=n: policy_improvement("W0 >= V0", n))
        for n in (2, 3)
    ),
    Question(6, "the same turned around", "refuted", lambda: policy_improvement("V0 >= W0")),
    *(
        claim(7, model, text, f"natural gradient step, {part}", "proved")
        for model in ("two-state", "sign-flip")
        for part, text in (("sum pi' A >= 0", WEIGHTS), ("V' >= V", IMPROVEMENT))
    ),
    claim(8, "two-state", POLICIES_APART, "performance bound, sum of TV", "proved"),
    claim(
        8, "two-state", POLICIES_APART.replace("2 * gamma / (1 - gamma)", "1"), "the same, 18 times sharper", "proved"
    ),
    claim(
        8,
        "two-state",
        POLICIES_APART.replace("2 * gamma / (1 - gamma)", "0"),
        "the same without its last term",
        "refuted",
    ),
    claim(8, "two-state", FARTHEST_APART, "performance bound, max of TV^2", "proved"),
    claim(9, "two-state", BOUND_OF_VALUES, "abs(V) <= max r / (1 - gamma)", "proved"),
    claim(9, "recycling-robot", BOUND_OF_VALUES, "abs(V) <= max r / (1 - gamma)", "proved"),
    claim(10, "short-corridor", "0 <= F", "F is positive semidefinite", "proved"),
    claim(10, "two-state", "0 <= F", "F is positive semidefinite", "proved"),
    claim(10, "two-state", "0 <= grad grad J", "J is convex", "refuted"),
    Question(
        11,
        "repair is optimal: the custom model",
        "0 < p < 7/18 or p = 7/18",
        lambda: best_where(custom(), "p", "broken", "repair"),
    ),
    Question(
        11,
        "replacing at wear 2 is optimal: machine-replacement",
        "gamma = 0.390738 or 0.390738 < gamma < 1",
        lambda: best_where(replaced("gamma"), "gamma", 2, "replace"),
    ),
    claim(12, "two-state", "grad grad J <= 8 / (1 - gamma)^3 * I", "Hessian, from above", "proved"),
    claim(12, "two-state", "-8 / (1 - gamma)^3 * I <= grad grad J", "Hessian, from below", "proved"),
    claim(12, "two-state", "grad grad J <= 1 * I", "Hessian at most 1", "refuted"),
    *(
        claim(13, model, text, name, "proved")
        for model in ("two-state", "short-corridor")
        for text, name in (
            (f"{DIVERGENCE} >= 0", "KL(pi, pi') >= 0"),
            (f"sum[s] d(s) * {DIVERGENCE} >= 0", "mean KL(pi, pi') >= 0"),
            (f"{ENTROPY} >= 0", "entropy >= 0"),
            (f"{ENTROPY} <= log 2", "entropy <= log 2"),
        )
    ),
    claim(13, "two-state", f"{ENTROPY} <= log (199/100)", "entropy <= log 1.99", "refuted"),
    claim(
        13,
        "two-state",
        f"{DIVERGENCE} >= 2 * ({VARIATION.replace('2|s2', '|s').replace('a2', 'a')})^2",
        "Pinsker's inequality",
        "proved",
    ),
]


def _asked(sender: Connection, place: int) -> None:
    start = time.perf_counter()
    try:
        answer = QUESTIONS[place].ask()
    except Exception as error:  # a row that fails is a row of the table
        answer = f"{type(error).__name__} | {error}"
    sender.send((answer, time.perf_counter() - start))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="time for each row")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    options = parser.parse_args()
    wrong = 0
    print("| row | question | verdict | by | s |\n|---|---|---|---|---|")
    for place, question in enumerate(QUESTIONS):
        if options.only not in question.name:
            continue
        receiver, sender = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.Process(target=_asked, args=(sender, place))
        process.start()
        answer, seconds = receiver.recv() if receiver.poll(options.seconds) else ("open | not within the time", None)
        process.terminate()
        process.join()
        verdict = answer.partition(" | ")[0]
        wrong += verdict != question.known and verdict not in ("undecided", "open")
        took = "-" if seconds is None else f"{seconds:.2g}"
        print(f"| {question.number} | {question.name} | {answer} | {took} |", flush=True)
    print(f"\n{wrong} wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
