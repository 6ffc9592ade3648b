"""Sums, products and integrals over states, actions, runs and times."""

from __future__ import annotations

import re
from abc import abstractmethod
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

from pgsym.claims.language.runs import is_time
from pgsym.errors import NotReadError
from pgsym.notes.means import FormulaMeans
from pgsym.notes.names import ALL, plain
from pgsym.notes.parts import (
    EXTREMES,
    OPEN,
    Pieces,
    before_bar,
    commas,
    conditional,
    is_count,
    is_expectation,
    parted,
    placed,
    scripts,
    text_of,
)
from pgsym.notes.side import OutsideRunError
from pgsym.notes.times import everything, renamed
from pgsym.notes.tokens import Token


class FormulaSums(FormulaMeans):
    """What extends to the right over products."""

    @abstractmethod
    def prefixed(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        """A gradient or a logarithm."""

    @abstractmethod
    def factor(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        """One factor, and where the next one begins."""

    def open(self, found: Sequence[Token], k: int) -> Pieces:
        token = found[k]
        sub, sup, primes, after = scripts(found, k + 1)
        rest = list(found[after:])
        if primes:
            why = f"found {token.text} with a prime, which has no meaning here. Set an index with a prime in braces"
            raise NotReadError(why, token.at)
        if token.text == "\\int" and sup is not None and plain(sup) != "\\infty":
            why = f"found an integral up to {plain(sup)}; those over all states or actions are read"
            raise NotReadError(why, token.at)
        if token.text in EXTREMES:
            return self.extreme(token, sub or (), rest)
        if not rest:
            raise NotReadError("found a sum of nothing. Complete it", token.at)
        if token.text == "\\int":
            return self.integral(token, sub or (), rest)
        if not sub:
            raise NotReadError("found a sum without an index. Say what it runs over", token.at)
        if plain(sub) == "\\tau":
            return self.over_runs(token, rest)
        first = sub[0]
        if token.text == "\\sum" and (sup is None or not sup) and not self.is_time(sub):
            return self.over_indices(token, commas(sub), rest)
        if len(sub) > 1 and first.text in ("i", "n", "m", "j") and sup and is_count(sup):
            why = f"found a sum over the samples 1, ..., {plain(sup)}; means are read, samples are not"
            raise NotReadError(why, token.at)
        return self.over_time(token, sub, sup, rest)

    def extreme(self, token: Token, sub: Sequence[Token], rest: list[Token]) -> Pieces:
        r"""\max_a Q(s,a); \max_\pi V^\pi(s), which is V*(s)."""
        name = token.text[1:]
        if not sub or not rest:
            raise NotReadError(f"found a {name} of numbers; those over states and actions are read", token.at)
        if plain(sub) in ("\\pi", "\\theta"):
            body = self.product(rest)
            quantity = re.fullmatch(r"(J|[VQh](?=\())(\([^()]*\))?", text_of(body))
            if quantity is None or plain(sub) != "\\pi" or name != "max":
                raise NotReadError(f"found a {name} over policies; \\max_\\pi of V, Q, h and J is read", token.at)
            self.names.tell("\\max_\\pi", "the best of all policies, not only of those that theta can name")
            return [(f"{quantity[1]}*{quantity[2] or ''}", token.at)]
        found: list[str] = []
        free = set(self.seen)
        with self.binding():
            for index in commas(sub):
                found.append(self.bind(*parted(index, "\\in"), token.at))
            body = self.product(rest)
        self.taken |= set(found) - free
        return placed(token.at, f"({name}[{','.join(found)}] ", body, ")")

    def is_time(self, sub: Sequence[Token]) -> bool:
        return any(t.kind == "symbol" and is_time(t.text) for t in sub[:1]) or sub[0].kind == "number"

    def over_indices(self, token: Token, indices: list[list[Token]], rest: list[Token]) -> Pieces:
        found: list[str] = []
        if plain(parted(indices[0], "\\in")[0]) == "a" and rest[0].text == "\\sum":
            inner, _, _, after = scripts(rest, 1)
            if inner and plain(parted(inner, "\\in")[0]) == "s":  # an action is one of a state: the state comes first
                indices, rest = [list(inner), *indices], rest[after:]
        for k, index in enumerate(indices):  # what stands behind the inner sign is the inner one's
            letter = plain(parted(index, "\\in")[0])
            fresh = next((u for u in "xyzuvw" if u not in {t.text for t in everything(rest)} | {*self.letters}), "")
            name = self.letters.get(letter, letter)
            if re.fullmatch(r"[sa]\d?'*", name) and name in self.bound and fresh:
                self.letters[fresh] = f"{name[0]}{7 + sum(1 for v in self.letters.values() if v[0] == name[0])}"
                indices[k], rest = renamed(index, letter, fresh), renamed(rest, letter, fresh)
        rewards = [index for index in indices if plain(index) == "r"]
        if rewards:
            self.require_joint(token, rest)
        with self.binding():
            for index in indices:
                head, members = parted(index, "\\in")
                if index not in rewards:
                    found.append(self.bind(head, members, token.at))
            body = self.product(rest)
        if not found:
            return body
        timed = 3 * ([piece for piece, _ in body[:3:2]] == ["gamma", " * "] and body[1][0].startswith("^("))
        return placed(token.at, body[:timed], f"(sum[{','.join(found)}] ", body[timed:], ")")  # gamma^t before

    def require_joint(self, token: Token, rest: list[Token]) -> None:
        """A sum over rewards, of P(s',r|s,a), takes their mean: what stands there is linear in them."""
        every = list(everything(rest))
        joint = [t for t in every if t.kind == "()" and re.search(r",r\|", plain(t.inside))]
        levels = [rest, *(t.inside for t in every)]
        plainly = [t.text for t in every if not joint or t not in joint[0].inside]
        before = plainly[: plainly.index("r")] if "r" in plainly else []
        powers = (level[k - 1] for level in levels for k, t in enumerate(level) if k and t.text == "^")
        if (
            len(joint) != 1
            or sum(t.text == "r" for t in every) > 2
            or {"/", "||", "\\frac", "\\log", "\\exp"} & {*plainly}
            or {*EXTREMES} & {*before}
            or any(t.text == "r" or t.inside for t in powers)
            or any(sum(t.text == "|" for t in level) > 1 for level in levels)
        ):
            raise NotReadError("found a sum over rewards of what is not P(s',r|s,a), or not linear in r", token.at)
        start, given = parted(joint[0].inside, "|")
        self.names.tell("P(s',r|s,a)", "its sum over r is the mean: r stands for r(s,a,s')")
        self.joint = (start, given or [])

    def bind(self, head: Sequence[Token], members: Sequence[Token] | None, at: int) -> str:
        """A state or an action that a sum runs over."""
        letter = head[0] if head else None
        if letter is None or letter.kind != "symbol":
            raise NotReadError("found a sum without an index. Say what it runs over", at)
        text = plain(head)
        if members and not ALL.fullmatch(plain(members)) and plain(members) != "-\\infty":
            raise NotReadError(f"found a sum over {plain(members)}; those over all states or actions are read", at)
        if letter.text not in "sa" and members is not None and plain(members)[-2:-1] in "SA" and len(head) == 1:
            kind = "s" if "S" in plain(members) else "a"
            self.letters[text] = f"{kind}{7 + sum(1 for v in self.letters.values() if v[0] == kind)}"
        name = self.index(head, at)
        if name in self.bound:
            raise NotReadError(f"found a second sum over {text} inside of one. Rename one of them", at)
        self.bound.append(name)
        return name

    def over_time(self, token: Token, sub: Sequence[Token], sup: Sequence[Token] | None, rest: list[Token]) -> Pieces:
        """A sum over the steps of a run; outside of a mean, the mean inside is taken over all of the sum."""
        if not self.run and is_expectation(rest[0]) and token.text == "\\sum":
            k = scripts(rest, 1)[3]
            mean, given = conditional(rest[k].inside) if k == len(rest) - 1 else ((), ())
            if given:  # the sum of means is the mean of the sum, which is counted from what is given
                above = (Token("operator", "^", token.at), Token("{}", "{}", token.at, tuple(sup))) if sup else ()
                below = (Token("operator", "_", token.at), Token("{}", "{}", token.at, tuple(sub)))
                bar = Token("operator", "|", token.at)
                whole = Token("()", "()", token.at, (token, *below, *above, *mean, bar, *given))
                return self.expectation([*rest[:k], whole], 0)[0]
        letter, bound, rest = self.clock.bounds(sub, sup, rest, token)
        name = "sum" if token.text == "\\sum" else "prod"
        self.names.tell("T", "a sum to T, to infinity or without bounds runs over every step of the run, up to its end")
        if self.run:
            with self.clock.known(letter):
                self.timed = True
                cut = self.end_of_product(letter, rest, token) if name == "prod" else len(rest)
                body = self.product(rest[:cut])
            if not re.search(rf"(?<![a-z]){letter}(?![a-z'])", text_of(body)):
                why = f"found a sum over {letter} of what does not depend on it: how many steps?"
                raise NotReadError(why, token.at)
            over = placed(token.at, f"({name}[{bound}] ", body, ")")
            return placed(token.at, over, " * ", self.product(rest[cut:])) if cut < len(rest) else over
        self.collect = []
        self.run += 1
        try:
            with self.clock.known(letter):
                body = self.product(rest)
            drawn = self.collect
        finally:
            self.run -= 1
            self.collect = None
        if len(drawn) != 1 or name != "sum":
            raise OutsideRunError
        return placed(token.at, f"({drawn[0]} sum[{bound}] ", body, ")")

    def end_of_product(self, letter: str, rest: list[Token], token: Token) -> int:
        r"""Where the factors end that a product over time is of: before the first one that does not depend on it."""

        def depends(found: Sequence[Token]) -> bool:
            return re.search(rf"(?<![a-z\\]){letter}(?![a-z'])", plain(found)) is not None

        k = 0
        while k < len(rest):
            begin = k + (rest[k].text == "*" and k > 0)
            own = rest[begin].text in OPEN and plain(scripts(rest, begin + 1)[0] or ()).partition("=")[0] == letter
            after = self.factor(rest, begin)[1]
            if own or not depends(rest[begin:after]):
                if not k or (not own and depends(rest[begin:])):
                    why = f"found a product over {letter} of which it is not clear where it ends. Write brackets"
                    raise NotReadError(why, token.at)
                self.names.tell("\\prod", "of the factors that follow and depend on its index")
                return begin
            k = after
        return k

    def over_runs(self, token: Token, rest: list[Token]) -> Pieces:
        r"""\sum_\tau P(\tau) X, the mean of X."""
        if self.run:
            raise NotReadError("found a sum over runs inside of another mean. Take it apart", token.at)
        _, _, _, after = scripts(rest, 1)
        if rest[0].text == "\\nabla" and after == len(rest) - 1 and rest[after].kind in ("()", "[]"):
            graded, _ = self.prefixed([*rest[:after], Token("number", "1", token.at)], 0)
            return [graded[0], *self.over_runs(token, list(rest[after].inside)), (")", token.at)]
        with self.running():
            body = self.product(rest)
        return placed(token.at, "(sum[tau] ", chance_first(body, token.at), ")")

    def integral(self, token: Token, sub: Sequence[Token], rest: list[Token]) -> Pieces:
        r"""\int_s f(s) d\mu(s), \int_a pi(a|s) f(a) da, \int_\tau P(\tau) X d\tau, over finite sets: sums."""
        self.names.tell("\\int", "an integral over states, actions or runs is a sum: the sets are finite")
        head, members = parted(list(sub), "\\in")
        if head and ":" in plain(head):
            why = "found an integral over a segment of a run; means are read. Write \\mathbb{E}_{\\tau_{:t}}[x]"
            raise NotReadError(why, token.at)
        rest, measure = differential(rest)
        if [t.kind for t in head] == ["()"]:
            rest, other = differential(rest)
            pair = commas(head[0].inside)
            if sorted(map(plain, pair)) != sorted(map(plain, (measure, other))):
                raise NotReadError("found an integral over a pair without its two measures, as in ds da", token.at)
            return self.over_indices(token, pair, rest)
        over = measure[0] if measure else None
        if plain(head) == "\\tau" or (over is not None and over.text == "\\tau" and len(measure) == 1):
            return self.over_runs(token, rest)
        if not measure:
            raise NotReadError("found an integral without what it is taken over, as in da or d\\mu(s)", token.at)
        graded = measure[0].text == "\\nabla"
        measure = measure[1:] if graded else measure
        inside = next((t.inside for t in measure if t.kind == "()"), None)
        if inside is None:  # \int ... da
            with self.binding():
                name = self.bind(
                    measure, members or (head if head and head[0].text != measure[0].text else None), token.at
                )
                body = self.product(rest)
            return placed(token.at, f"(sum[{name}] ", body, ")")
        variable = head if head and head[0].text in ("s", "a") else before_bar(inside)
        with self.binding():
            name = self.bind(variable, members, token.at)
            weight, _ = self.applied(measure, 0)
            body = placed(token.at, weight, " * ", self.product(rest)) if rest else weight
        return placed(token.at, f"(sum[{name}] {'grad ' if graded else ''}", body, ")")


def differential(rest: list[Token]) -> tuple[list[Token], list[Token]]:
    r"""What stands before the last d..., and that without its d; \nabla d\pi is the gradient of a measure."""
    for k in range(len(rest) - 1, 0, -1):
        token, after = rest[k - 1], rest[k]
        if token.text != "d" or token.kind != "symbol" or after.kind != "symbol":
            continue
        end = scripts(rest, k + 1)[3]
        end += end < len(rest) and rest[end].kind == "()"
        if end < len(rest):
            return rest, []
        start = k - 1
        graded = start >= 3 and rest[start - 3].text == "\\nabla" and rest[start - 2].text == "_"
        graded = graded or (start >= 1 and rest[start - 1].text == "\\nabla")
        first = (start - 3 if rest[start - 1].text != "\\nabla" else start - 1) if graded else start
        if graded and plain(rest[first:start]) not in ("\\nabla", "\\nabla_\\theta"):
            raise NotReadError("found a gradient by another parameter than theta", rest[first].at)
        return rest[:first], [*rest[first : first + 1], *rest[k:end]] if graded else rest[k:end]
    return rest, []


def chance_first(body: Pieces, at: int) -> Pieces:
    """A sum over runs names the probability of the run first."""
    text = text_of(body)
    for weight in ("P(tau)", "(grad P(tau))"):
        if text.startswith(weight):
            return body
        place = text.find(" * " + weight)
        if place >= 0 and depth(text[:place]) == 0 and "/" not in text[place:][3 + len(weight) :][:3]:
            ends = [*accumulate(len(piece) for piece, _ in body)]
            begin, end = bisect_left(ends, place) + 1, bisect_left(ends, place + 3 + len(weight)) + 1
            return placed(at, weight + " * ", body[:begin], body[end:])
    raise NotReadError("found a sum over runs without the probability of a run as a factor. Write P(tau)", at)


def depth(text: str) -> int:
    """How many brackets a text opens more than it closes."""
    return sum((c in "([") - (c in ")]") for c in text)
