"""Random models without loops, and random variables on their runs."""

from __future__ import annotations

import random
from collections.abc import Iterable

from pgsym.claims.bound_claim import BoundClaim
from pgsym.claims.language import parse
from pgsym.claims.language.runs import Runs
from pgsym.claims.language.statement import Claim, Let
from pgsym.claims.language.tree import Node
from pgsym.model import MDP, Objective, Problem
from pgsym.model.structure import Structure
from second_reading.random_policies import POLICIES

HEADS = ('E[tau | s_0="x"]', 'E[tau | s_0="x", a_0="l"]', "E[tau~pi']")
KINDS = ("tabular", "shared", "constants", "direct", "mixed", "features")


def layered(rng: random.Random) -> Problem:
    """Two or three layers of states, parallel outcomes with different rewards, and ends on the way."""
    layers = [["x"], ["y1", "y2"], ["z"]][: rng.choice([2, 3])]
    rows: list[tuple[str, str, str, str, int]] = []
    for k, layer in enumerate(layers):
        after = [*(layers[k + 1] if k + 1 < len(layers) else []), "end"]
        for s in layer:
            for a in "lr":
                targets = [rng.choice(after) for _ in range(rng.choice([1, 2, 2]))]
                weights = [rng.randint(1, 3) for _ in targets]
                rows += [
                    (s, a, target, f"{w}/{sum(weights)}", rng.randint(-3, 3))
                    for target, w in zip(targets, weights, strict=True)
                ]
    mdp = MDP.from_transitions(rows, start="x", terminal=["end"], gamma=rng.choice(["1", "1/2", "gamma"]))
    kind = rng.choice(KINDS)
    return Problem(mdp, POLICIES[kind](rng, mdp), Objective.START_STATE)


def statement(rng: random.Random) -> str:
    """A mean, a variance or a covariance, as text."""
    head = rng.choice(["E[tau]", "E[tau]", "E[tau]", *HEADS])
    match rng.randrange(6):
        case 0:
            return f"Var[tau] ({scalar(rng, [], 2)})"
        case 1:
            return f"Cov[tau]({scalar(rng, [], 2)}, {scalar(rng, [], 2)})"
        case 2:
            return f"trace Var[tau] ({vector(rng)})"
        case 3:
            return f"{head} ({vector(rng, whole=head in ('E[tau]', HEADS[0]))})"
    return f"{head} ({scalar(rng, [], 3)})"


def vector(rng: random.Random, whole: bool = True) -> str:
    score = rng.choice(["grad log pi(a_t|s_t)", "grad log pi(a_t|s_t)", "grad V(s_t)", "grad V(s_{t+1})"])
    if whole and rng.random() < 0.3:
        return f"grad log P(tau) * ({scalar(rng, [], 1)})"
    if rng.random() < 0.3:
        return f"grad ({scalar(rng, [], 2)})"
    return f"sum[t] {rng.choice(['', 'gamma^t * '])}{score} * ({scalar(rng, ['t'], 2)})"


def scalar(rng: random.Random, times: list[str], depth: int) -> str:
    """A scalar random variable in which these times are bound."""
    if depth == 0 or (times and rng.random() < 0.3):
        return atom(rng, times)
    kind = rng.randrange(5 if len(times) < 2 else 3)
    if kind == 0:
        return f"({scalar(rng, times, depth - 1)} {rng.choice('+-')} {scalar(rng, times, depth - 1)})"
    if kind == 1:
        return f"({scalar(rng, times, depth - 1)}) * ({scalar(rng, times, depth - 1)})"
    if kind == 2 and times:
        return atom(rng, times) + " * " + atom(rng, times)
    new = "tuv"[len(times)] if len(times) < 3 else "k"
    bound = new
    weight = ""
    if times:
        old = rng.choice(times)
        bound = rng.choice(
            [
                f"{new}>={old}",
                f"{new}>{old}",
                f"{new}<{old}",
                f"{new}<={old}",
                f"{old}<={new}<{old}+2",
                f"{new}>={old}-1",
            ]
        )
        if bound.startswith((f"{new}>={old}", f"{new}>{old}", f"{old}<=")) and not bound.endswith("-1"):
            weight = rng.choice(["", f"gamma^({new}-{old}) * ", f"(1/3)^({new}-{old}) * "])
    elif rng.random() < 0.3:
        bound = rng.choice([f"{new}<2", f"{new}>=1", f"1<={new}<=2"])
    return f"(sum[{bound}] {weight}({scalar(rng, [*times, new], depth - 1)}))"


def atom(rng: random.Random, times: list[str]) -> str:
    if not times:
        return rng.choice(["G", "G", "2", "r_0", "V(s_0)", "r_1", "sum[t] r_t", "sum[t] 1", "G_1"])
    t = rng.choice(times)
    return rng.choice(
        [
            f"r_{t}", f"r_{t}", f"V(s_{t})", f"V(s_{{{t}+1}})", f"Q(s_{t},a_{t})", f"pi(a_{t}|s_{t})", f"gamma^{t}",
            f"r_{{{t}+1}}", f"Q(s_{{{t}+1}},a_{{{t}+1}})", f"G_{t}", f"r_{{{t}-1}}", "3", "G", f"r(s_{t},a_{t})",
            f"(r_{t} + gamma * V(s_{{{t}+1}}) - V(s_{t}))", f"(1 + r_{{{t}+1}})", f"(sum[a] pi(a|s_{t}) * Q(s_{t},a))",
            f"E[r^2|s_{t},a_{t},s_{{{t}+1}}]", f'1[a_{t}="l"]', f'1[s_{{{t}+1}}="end"]', f'1[s_{t}="x"]',
            product(rng, t) if "v" not in times else f"r_{t}",
        ]
    )  # fmt: skip


def product(rng: random.Random, t: str) -> str:
    """A product over time with any bounds."""
    bounds = [f"v<={t}", f"v<{t}", f"v>{t}", f"v<{t}+2", f"v<={t}-1", f"1<=v<{t}", f"{t}<=v<{t}+2", "v<2", "v", "v>=1"]
    factor = rng.choice(["pi(a_v|s_v)", "(pi(a_v|s_v) / sg(pi(a_v|s_v)))", "V(s_v)", "r_v"])
    return f"(prod[{rng.choice(bounds)}] {factor})"


def are_about_runs(claims: Iterable[Claim]) -> bool:
    """Whether one has E[tau], Var[tau] or Cov[tau]: such are read on models without loops."""

    def is_about(node: Node) -> bool:
        return isinstance(node, Runs) or any(map(is_about, node.children))

    return any(
        is_about(node)
        for claim in claims
        for node in (claim.left, claim.right, *(b.body for b in claim.bindings if isinstance(b, Let)))
    )


def setting(problem: Problem, text: str) -> BoundClaim:
    """The statement as the left side of a claim."""
    claim = parse(f"{text} = 0").claims[0]
    structure = Structure(problem.mdp, problem.policy)
    return BoundClaim(claim, problem.mdp, problem.policy, problem.objective, structure)
