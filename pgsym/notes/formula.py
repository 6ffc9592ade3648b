r"""One side of a relation: from tokens of LaTeX to the text of the claim language, each piece with its place.

Every rule either says what the claim language says, or refuses with the place and the reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from pgsym.errors import NotReadError
from pgsym.notes.divergences import is_divergence
from pgsym.notes.means import SPREADS
from pgsym.notes.names import plain
from pgsym.notes.parts import (
    OPEN,
    Pieces,
    WrittenSymbol,
    argument,
    closes,
    is_count,
    is_expectation,
    placed,
    scripts,
    text_of,
    with_bars,
)
from pgsym.notes.quantities import CHANCES, REWARDS, VALUES
from pgsym.notes.sums import FormulaSums
from pgsym.notes.tokens import GAP, NAME, Token
from pgsym.notes.vectors import VectorFactor, applied_to, multiplied

_OUTSIDE = {
    "\\|": "a norm that does not close", "\\arg": "an argmax", "\\exp": "an exponential", "\\sqrt": "a root",
    "\\dots": "an ellipsis",
    "\\lim": "a limit", "\\partial": "a partial derivative", "\\infty": "infinity",
    "\\mathcal{N}": "a normal distribution", "\\mathcal{L}": "a loss",
    "\\forall": "a quantifier", "\\mathcal{D}": "a data set", "\\substack": "a stacked index", "\\odot": "a product",
}  # fmt: skip


class Formula(FormulaSums):
    """Reads expressions: sums, products, fractions, gradients, logarithms."""

    def side(self, given: Sequence[Token], at: int) -> Pieces:
        """A whole expression."""
        found = with_bars(with_bars(given, "\\|"))
        if not found:
            raise NotReadError("found nothing where an expression should stand. Complete the formula", at)
        pieces: Pieces = []
        start = 0
        for k, token in enumerate([*found, None]):
            if token is not None and not (token.kind == "operator" and token.text in "+-"):
                continue
            if k == start and token is not None:
                if k and found[k - 1].text in "+-":
                    raise NotReadError("found two signs. Write brackets", token.at)
                pieces.append((token.text if k == 0 and token.text == "-" else "" if k == 0 else token.text, token.at))
            elif k == start:
                raise NotReadError("found the end after a sign. Complete the formula", found[-1].at)
            else:
                pieces += self.product(found[start:k])
                if token is not None:
                    pieces.append((f" {token.text} ", token.at))
            start = k + 1
        if lost := self.taken & self.seen - self.introduced - set(self.bound):
            why = f"found {min(lost)} after a max or min over it: does that go so far? Write brackets"
            raise NotReadError(why, found[0].at)
        return pieces

    def product(self, found: Sequence[Token]) -> Pieces:
        """Factors side by side."""
        factors: list[tuple[Token, str, Pieces, bool]] = []
        operator, k = "", 0
        while k < len(found):
            token = found[k]
            if token.kind == "operator" and token.text in ("*", "/", "\\otimes"):
                if operator or not factors:
                    raise NotReadError(f"found {token.text} without a factor before it. Complete the product", token.at)
                operator, k = token.text, k + 1
                continue
            self.transposed = False
            factor, k = self.factor(found, k)
            beside = k < len(found) and found[k].kind in ("symbol", "number", "()", "[]", "{}", "\\{\\}", "||")
            if operator == "/" and beside:
                raise NotReadError(
                    "found a factor beside a divisor: does it stand below the line? Write \\frac, \\cdot or brackets",
                    found[k].at,
                )
            if k < len(found) and found[k].text == "^":  # of a mean
                factor, k = self.raised(factor, argument(found, k + 1), found[k].at), k + 2
            factors.append((token, operator, factor, self.transposed))
            operator = ""
        if operator or not factors:
            raise NotReadError("found a product without its last factor. Complete it", found[-1].at if found else 0)
        flipped, self.transposed = any(t or o == "\\otimes" for _, o, _, t in factors), False
        flipped = flipped or sum("grad " in text_of(p) for _, _, p, _ in factors) > 1
        if flipped or any(
            re.search(r"\binv\(", text_of(p)) or text_of(p) in self.names.matrices for _, _, p, _ in factors
        ):
            return multiplied([VectorFactor(o, p, self.rank(p, t.at), flip) for t, o, p, flip in factors], found[0].at)
        pieces = list(factors[0][2])
        for token, operator, factor, _ in factors[1:]:
            pieces += [(f" {operator or '*'} ", token.at), *factor]
        return pieces

    def group(self, token: Token) -> Pieces:
        return placed(token.at, "(", self.side(token.inside, token.at), ")")

    def factor(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        """One factor, and where the next one begins."""
        token = found[k]
        if token.text in OPEN:
            return self.open(found, k), len(found)
        if is_expectation(token):
            return self.expectation(found, k)
        if token.text == "e" and found[k + 1 : k + 2] and found[k + 1].text == "^":
            raise NotReadError("found a power of e, an exponential, which is not read in a formula", token.at)
        if token.kind == NAME:
            self.names.arbitrary.setdefault(token.text, token.text)
        if token.kind in ("number", NAME):
            return self.powered([(token.text, token.at)], found, k + 1)
        if token.kind == "||":
            if plain(token.inside)[-2:] in ("S", "A", "S}", "A}"):
                why = f"found |{plain(token.inside)}|: do terminal states count? Write a sum of 1"
                raise NotReadError(why, token.at)
            return self.powered(placed(token.at, "abs", self.group(token)), found, k + 1)
        if token.kind in ("{}", "()", "[]", "\\{\\}"):
            return self.powered(self.group(token), found, k + 1)
        if token.text == "\\frac":
            return self.fraction(found, k)
        if token.text in ("\\nabla", "\\log"):
            return self.prefixed(found, k)
        if is_divergence(found, k):
            return self.divergence(found, k)
        if token.text in SPREADS:
            return self.spread(found, k)
        if token.kind == "\\|\\|":
            return self.norm(found, k)
        if token.text in ("\\tr", "\\Tr", "\\trace"):
            return self.operand("trace", found, k + 1, token.at)
        if token.text == "\\sg" and k + 1 < len(found) and found[k + 1].kind == "()":
            return placed(token.at, "sg", self.group(found[k + 1])), k + 2
        if token.kind == "symbol" or token.text in CHANCES:
            return self.applied(found, k)
        if token.kind == GAP:
            why = "found a wide gap inside of a formula: is what follows a remark? Put it beside it"
            raise NotReadError(why, token.at)
        if token.text == ",":
            raise NotReadError("found a comma between factors. Complete the formula", token.at)
        what = _OUTSIDE.get(token.text)
        if token.kind == "text":
            raise NotReadError("found words inside of a formula; symbols are read. Move them beside it", token.at)
        if token.kind == "environment":
            raise NotReadError(f"found {token.text}; sums, products and means are read", token.at)
        raise NotReadError(f"found {what or token.text}, which is not read in a formula", token.at)

    def norm(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        """The square of the Euclidean norm; the largest absolute value of a function of states and actions."""
        sub, sup, _, after = scripts(found, k + 1)
        if sup is None and plain(sub or ()) == "\\infty":
            return self.largest(found[k]), after
        if sup is None or plain(sup) != "2" or plain(sub or ()) not in ("", "2"):
            why = "found a norm; the square of a Euclidean one, and the largest value of a function, are read"
            raise NotReadError(why, found[k].at)
        body = self.side(found[k].inside, found[k].at)
        return applied_to("dot", found[k].at, body, body), after

    def largest(self, token: Token) -> Pieces:
        r"""\lVert V - V'\rVert_\infty is the largest |V(s) - V'(s)| over the states."""
        inside, indices, k = list(token.inside), {"s"}, 0
        while k < len(inside):
            symbol = WrittenSymbol.at(inside, k)
            k = symbol.after
            if symbol.token.text in (*VALUES, *REWARDS):
                of_state = VALUES.get(symbol.token.text) in ("V", "h")
                indices |= set() if of_state else {"a"}
                call = [Token("symbol", i, token.at) for i in ("s" if of_state else "s,a")]
                inside.insert(k, Token("()", "()", token.at, tuple(call)))
                k += 1
            if symbol.call is not None or symbol.token.kind not in ("symbol", "operator", "number"):
                why = "found a norm of more than a sum of functions like V and Q, without arguments"
                raise NotReadError(why, token.at)
        if inside == list(token.inside) or indices & {*self.bound}:
            raise NotReadError("found a norm that is not of a function like V or Q, or inside of a sum", token.at)
        with self.binding():
            self.bound += indices
            body = self.side(inside, token.at)
        return placed(token.at, f"(max[{','.join(sorted(indices, reverse=True))}] abs(", body, "))")

    def choice(self, left: Sequence[Token], right: Sequence[Token], at: int) -> tuple[str, str]:
        r"""x \in \arg\max_a f(a) in the claim language, and x."""
        member = self.index(left, at)
        most = right[2:] if right[0].text == "\\arg" else right[1:]
        text = text_of(self.side([Token("command", "\\max", at), *most], at))
        return f"{member} in arg{text[1:-1]}", member

    def fraction(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        above, below, after = argument(found, k + 1), argument(found, k + 2), k + 3
        at = found[k].at
        if above and above[0].text in ("\\partial", "d") and below and below[0].text == above[0].text:
            if plain(below[1:]) != "\\theta":
                raise NotReadError(f"found a derivative by {plain(below[1:])}; gradients by theta are read", at)
            if len(above) > 1:
                return placed(at, "(grad (", self.side(above[1:], at), "))"), after
            return self.operand("grad", found, after, at)
        if plain(above) == "1" and after < len(found) and found[after].text == "\\sum" and is_count(below):
            why = f"found 1/{plain(below)} before a sum, a mean over samples; means are read, samples are not"
            raise NotReadError(why, at)
        if text_of(self.trial(below, at)) == "P(tau)":
            over = text_of(self.trial(above, at))
            if over in ("(grad P(tau))", "P(tau)"):  # the gradient of the logarithm, and 1
                return self.powered([("(grad log P(tau))" if over != "P(tau)" else "1", at)], found, after)
        return self.powered(placed(at, "((", self.side(above, at), ") / (", self.side(below, at), "))"), found, after)

    def trial(self, given: Sequence[Token], at: int) -> Pieces:
        """An expression, or nothing where it is not read."""
        try:
            return self.side(given, at)
        except NotReadError:
            return []

    def prefixed(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        r"""\nabla and \log, which bind the next factor, or all of a sum, product or open mean."""
        token = found[k]
        sub, sup, primes, after = scripts(found, k + 1)
        if token.text == "\\nabla":
            if primes or (sub is not None and plain(sub) != "\\theta"):
                why = f"found a gradient by {plain(sub or ()) or 'another parameter'}; gradients by theta are read"
                raise NotReadError(why, token.at)
            if sup is not None and plain(sup) != "2":
                raise NotReadError(f"found the power {plain(sup)} of a gradient", token.at)
            return self.operand("grad grad" if sup else "grad", found, after, token.at)
        if sub is not None or sup is not None or primes:
            raise NotReadError("found a logarithm with an index or a power; the natural one is read", token.at)
        return self.operand("log", found, after, token.at)

    def operand(self, name: str, found: Sequence[Token], k: int, at: int) -> tuple[Pieces, int]:
        if k >= len(found):
            raise NotReadError(f"found {name} of nothing. Complete it", at)
        if found[k].text in OPEN or (is_expectation(found[k]) and not closes(found, k)):
            return placed(at, f"({name} ", self.product(found[k:]), ")"), len(found)
        before, self.graded = self.graded, self.graded or name.startswith("grad")
        body, after = self.factor(found, k)
        self.graded = before
        if "^" in body[-1][0] and found[k].kind != "{}":
            raise NotReadError(f"found {name} before a power: of the power, or a power of it? Write brackets", at)
        words = set(re.findall(r"[A-Za-z]\w*", text_of(body)))
        if after < len(found) and words <= {"gamma", *self.names.arbitrary} and name.startswith("grad"):
            why = "found grad of a number with factors behind it: are they under it too? Write brackets"
            raise NotReadError(why, at)
        if name.startswith("grad") and after < len(found) and found[after].text != "/":
            self.names.tell("\\nabla", "the gradient of the factor that follows; that of more stands in brackets")
        return placed(at, f"({name} ", body, ")"), after
