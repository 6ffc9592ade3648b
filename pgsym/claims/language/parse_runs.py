"""What the parser makes of the parts of a statement that are about runs; see `pgsym.claims.language.runs`."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from lark import Token, Transformer, v_args

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.habits import habit
from pgsym.claims.language.rewriting import rewrite
from pgsym.errors import ClaimError
from pgsym.expression.complaint import caret, short

_EXPONENT = re.compile(r"([a-z]\d*'*)\s*(?:-\s*([a-z]\d*'*)\s*)?([+-]\s*\d{1,4})?")


@v_args(inline=True)
class RunRules(Transformer[Token, Any]):
    """The rules of the grammar for sums over indices and times, E, Var and Cov over runs, and powers over time."""

    source: str
    counts: dict[str, int]
    """Names that stand for whole numbers, as in let T = 3."""

    def counted(self, token: Token) -> Token:
        """With numbers put in for such names where a time is written: s_{T-1} is s_2, t+T is t+3."""
        names = "|".join(map(re.escape, self.counts))
        found = re.sub(rf"(?<![^\W_])(?:{names})(?![\w'])", lambda m: str(self.counts[m[0]]), token) if names else token
        return token if found == token else token.update(value=_COUNTS.sub(_added, found))

    def refuse(self, message: str, at: int | None) -> ClaimError:
        return ClaimError(message + caret(self.source, at or 0), at=at or 0)

    def index_name(self, token: Token) -> Token:
        if not is_index(token) and not runs.is_time(token):
            if known := habit(self.source, token.start_pos or 0, there=True):
                raise self.refuse(*known)
            raise self.refuse(
                f"found the index {token}; states are called s, s', s1, ..., actions a, a', a1, ..., times t, u, v, "
                f'... Rename it, or write "{token}" for the state or action of that name',
                token.start_pos,
            )
        return token

    def sum_over(self, token: Token, *parts: Any) -> t.Node:
        *bounds, body = parts
        if [self.written(b) for b in bounds] == [[runs.RUN]]:
            return self.over_runs(token, body)
        indices: list[str] = []
        for bound in reversed(bounds):
            (first, _), *rest = bound
            if rest or runs.is_time(str(first)):
                if indices:
                    body, indices = t.Sum(tuple(reversed(indices)), body, at=token.start_pos), []
                body = self.over_time(runs.TimeSum, bound, body, token)
            else:
                indices.append(str(self.index_name(first)))
        return t.Sum(tuple(reversed(indices)), body, at=token.start_pos) if indices else body

    def extreme_over(self, token: Token, *parts: Any) -> t.Node:
        *indices, body = parts
        for index in indices:
            if runs.is_time(str(self.index_name(index))):
                raise self.refuse(f"found {token} over the time {index}; it is taken over states and actions. Sum over "
                                  "the time", index.start_pos)  # fmt: skip
        return (t.Max if token == "max" else t.Min)(tuple(map(str, indices)), body, at=token.start_pos)

    def product_over(self, token: Token, bound: Any, body: t.Node) -> t.Node:
        return self.over_time(runs.TimeProduct, bound, body, token)

    def bound(self, *parts: Any) -> list[tuple[Any, Any]]:
        """(end, the comparison before it), ..."""
        ends, comparisons = parts[0::2], (None, *parts[1::2])
        return [(end, op) for end, op in zip(ends, comparisons, strict=False) if end is not None]

    def written(self, bound: list[tuple[Any, Any]]) -> list[str]:
        return [str(end) for end, _ in bound]

    def end(self, name: Token, sign: Token | None = None, number: Token | None = None) -> Token:
        return self.counted(name if sign is None else name.update(value=f"{name}{sign}{number}"))

    def over_time(self, kind: type[runs.OverTime], bound: list[tuple[Any, Any]], body: t.Node, token: Token) -> t.Node:
        """sum[t], sum[u>=t], sum[t<=u<t+3]: the index is the first letter that is no bound itself."""
        ends = [end for end, _ in bound]
        index = ends[1] if len(ends) == 3 else ends[0]
        if not runs.is_time(str(index)):
            raise self.refuse(f"found {index}; a time is one of t, u, v, ..., as in sum[u>=t]", index.start_pos)
        found = []
        for k, (end, op) in enumerate(bound):
            if op is None:
                continue
            flipped = k == 1 and len(ends) == 3  # t <= u: the index stands on the right
            other = ends[0] if flipped else end
            time = runs.read_time(str(other))
            if time is None or time.name == index:
                raise self.refuse(
                    f"found {other}; a bound is another time, as in u>=t, or a number, as in let T = 3; sum[t<T]",
                    other.start_pos,
                )
            found.append(runs.TimeBound(runs.FLIPPED[op] if flipped else str(op), time))
        for part in body.walk():
            if isinstance(part, t.Symbol) and part.name == index:
                raise self.refuse(
                    f"found {index} as a number; it is a time there, which stands in indices and powers. Rename the "
                    "time if a symbol of the model is meant",
                    part.at,
                )
        return kind(str(index), tuple(found), body, at=token.start_pos)

    def over_runs(self, token: Token, body: t.Node) -> t.Node:
        """sum[tau] P(tau) * X is E[tau] X, and sum[tau] grad P(tau) * X is E[tau] grad log P(tau) * X."""
        first = body
        while isinstance(first, t.Mul):
            first = first.left
        P = runs.RunProbability()
        if first not in (P, t.Grad(P)):
            raise self.refuse("a sum over runs is written sum[tau] P(tau) * ...", token.start_pos)
        instead = t.Number(Fraction(1)) if first == P else t.Grad(t.Log(P))
        body = instead if body is first else _with_first(body, None if first == P else instead)
        return runs.RunExpect(body, "E", at=token.start_pos)

    def runs(self, tau: Token, policy: Token | None, bar: Token | None, *given: Any) -> tuple[Any, ...]:
        if policy not in (None, "pi", "pi'"):
            raise self.refuse(f"found tau~{policy}; runs are those of pi or of pi'", policy.start_pos)
        known = dict(g for g in given if g is not None)
        for name, index in known.items():
            if name not in ("s_0", "a_0") or "s_0" not in known:
                raise self.refuse(f"found {name}={index}; runs begin in a state, as in E[tau | s_0=s, a_0=a]",
                                  tau.start_pos)  # fmt: skip
        return tuple(known[name] for name in ("s_0", "a_0") if name in known), policy == "pi'"

    def begin(self, name: Token, index: tuple[t.Index, int | None]) -> tuple[str, t.Index]:
        return str(name), index[0]

    def run_expect(self, token: Token, drawn: tuple[Any, ...], body: t.Node) -> t.Node:
        return runs.RunExpect(body, str(token), *drawn, at=token.start_pos)

    def covariance(self, token: Token, drawn: tuple[Any, ...], left: t.Node, right: t.Node) -> t.Node:
        return runs.Covariance(left, right, *drawn, at=token.start_pos)

    def trace(self, token: Token, body: t.Node) -> t.Node:
        return runs.Trace(body, at=token.start_pos)

    def time_power(self, base: t.Node, _: Token, exponent: Token) -> t.Node:
        counted = self.counted(exponent)
        text = counted[1:-1] if exponent.type == "GROUP" else str(counted)
        if counted != exponent and text.isdigit():
            return t.Pow(base, int(text), at=base.at)
        match = _EXPONENT.fullmatch(text.strip())
        to = match and runs.read_time(match[1])
        since = match and match[2] and runs.read_time(match[2])
        if to is None or not to.name or (match and match[2] and since is None):
            raise self.refuse(
                f"found the power {short(text)}; a power is a whole number, a time as in gamma^t, or a difference of "
                "times as in gamma^(u-t)", exponent.start_pos,
            )  # fmt: skip
        shift = int(match[3].replace(" ", "")) if match and match[3] else 0
        return runs.TimePower(base, to + shift, since or None, at=base.at)


_COUNTS = re.compile(r"(?<![\w])[+-]?\d+(?:\s*[+-]\s*\d+)+|[+-]\s*\d+(?:\s*[+-]\s*\d+)+")


def _added(match: re.Match[str]) -> str:
    """A sum of whole numbers as one, with its sign where it has one in front."""
    total = sum(int(re.sub(r"\s", "", part)) for part in re.findall(r"[+-]?\s*\d+", match[0]))
    return f"{total:+d}" if match[0][0] in "+-" else str(total)


def part_of_run(token: Token, indices: tuple[t.Index, ...], at: int | None) -> t.Node | None:
    """r_t, G_t, G, R(tau), P(tau)."""
    found = None if indices else runs.read_timed(token)
    if found is not None and found[0] in "rG":
        return runs.RewardAt(found[1], at=at) if found[0] == "r" else runs.ReturnFrom(found[1], at=at)
    match (str(token), indices):
        case ("G", ()) | ("R" | "G", (runs.RUN,)):
            return runs.Return(at=at)
        case ("P", (runs.RUN,)):
            return runs.RunProbability(at=at)
    return None


def _with_first(product: t.Node, instead: t.Node | None) -> t.Node:
    """A product with another first factor, or without it."""
    assert isinstance(product, t.Mul)
    if isinstance(product.left, t.Mul):
        return t.Mul(_with_first(product.left, instead), product.right, at=product.at)
    return product.right if instead is None else t.Mul(instead, product.right, at=product.at)


def outside_runs(node: t.Node) -> t.Node:
    """Outside of a run G, r_1 and the like are symbols of the model."""

    def change(part: t.Node) -> t.Node | None:
        if isinstance(part, runs.Runs):
            return part
        if isinstance(part, runs.RewardAt | runs.ReturnFrom):
            return t.Symbol(runs.timed("r" if isinstance(part, runs.RewardAt) else "G", part.time), at=part.at)
        return t.Symbol("G", at=part.at) if isinstance(part, runs.Return) else None

    return rewrite(node, change)


def is_index(name: str) -> bool:
    """Whether a name is that of a state or an action."""
    rest = name[1:].rstrip("'")
    return name[0] in "sa" and (not rest or rest.isdigit())
