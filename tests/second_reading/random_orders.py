"""Random inequalities, true, false and in doubt, made of random claims."""

from __future__ import annotations

import random
from dataclasses import replace

from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.claims.language.parse import parse
from pgsym.claims.language.relation import ABOVE, AT_LEAST, AT_MOST, BELOW, EQUAL, UNEQUAL
from pgsym.claims.language.statement import Claim
from pgsym.errors import ClaimError
from pgsym.model import Problem
from second_reading.random_claims import ONE, ZERO, random_claim

ORDERS = (AT_MOST, AT_LEAST, BELOW, ABOVE)

TRUE = ("square", "triangle", "extremes", "gram")
"""Sorts that are true where they are defined."""

SORTS = (*TRUE, "as it is", "shifted", "abs", "max of sides")


def random_order(problem: Problem, sort: str, rng: random.Random) -> Claim:
    """A claim about order that makes sense, of that sort, read back from its text."""
    while True:
        found = _made(random_claim(problem, rng.choice(["true", "false", "false"]), rng), sort, rng)
        if found is None:
            continue
        try:
            check(found)
            return parse(str(found.statement)).claims[0]
        except ClaimError:
            continue


def _made(claim: Claim, sort: str, rng: random.Random) -> Claim | None:
    x, y = claim.left, claim.right
    some = rng.choice([ONE, t.Quantity("gamma")])
    try:
        rank = check(claim)[0]
    except ClaimError:
        return None
    match sort:
        case "as it is":
            return replace(claim, relation=rng.choice(ORDERS))
        case "gram" if rank == 1:
            return replace(claim, left=ZERO, relation=AT_MOST, right=t.Outer(x, x))
        case _ if rank:
            return None
        case "square":
            return replace(claim, relation=AT_LEAST, left=t.Add(x, t.Pow(y, 2)), right=x)
        case "triangle":
            return replace(claim, left=t.Abs(t.Sub(x, y)), relation=AT_MOST, right=t.Add(t.Abs(x), t.Abs(y)))
        case "extremes":
            pi, Q = t.Quantity("pi", ("a8", "s8")), t.Quantity("Q", ("s8", "a8"))
            mean = t.Max(("s8",), t.Sum(("a8",), t.Mul(pi, Q)))
            return replace(claim, left=mean, relation=AT_MOST, right=t.Max(("s8", "a8"), Q))
        case "shifted":
            return replace(claim, relation=rng.choice(ORDERS), right=t.Add(y, some))
        case "abs":
            return replace(claim, left=t.Abs(x), relation=rng.choice([*ORDERS, EQUAL, UNEQUAL]))
        case "max of sides":
            body = t.Mul(t.Quantity("V", ("s8",)), x)
            return replace(claim, left=rng.choice([t.Max, t.Min])(("s8",), body), relation=rng.choice(ORDERS))
    return None
