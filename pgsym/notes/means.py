"""Expectations in the dresses that notes give them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from pgsym.errors import NotReadError
from pgsym.notes.divergences import at_state, divergence_at
from pgsym.notes.names import EXPECT, POLICIES, SECOND, decoration, plain
from pgsym.notes.parts import (
    Pieces,
    WrittenSymbol,
    commas,
    conditional,
    draws_of,
    one_by_one,
    parted,
    placed,
    scripts,
    text_of,
    until,
)
from pgsym.notes.quantities import CHANCES, FormulaQuantities
from pgsym.notes.segments import joined, segment_of
from pgsym.notes.side import OutsideRunError
from pgsym.notes.tokens import Token

SPREADS = {"\\Var": "Var", "\\mathbb{V}": "Var", "\\Cov": "Cov"}
"""Variances and covariances, in the claim language."""


class FormulaMeans(FormulaQuantities):
    """Means over runs, and over states and actions drawn one after the other."""

    def expectation(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        token = found[k]
        sub, sup, primes, after = scripts(found, k + 1)
        if sup is not None or primes:
            raise NotReadError("found an expectation with a power. Write brackets around it", token.at)
        if after < len(found) and found[after].kind in ("()", "[]", "\\{\\}"):
            content, end = found[after].inside, after + 1
        else:
            content, end = tuple(found[after:]), len(found)
        body, given = conditional(content)
        if not body:
            raise NotReadError("found an expectation of nothing. Complete it", token.at)
        if sub and sub[0].text == "\\tau" and not given and any(t.text == "|" and t.kind == "operator" for t in sub):
            sub, given = conditional(sub)
        if (segment := segment_of(sub or ())) and (segment == "from" or not given):
            body = body if segment == "from" else joined(body, segment, {"G_t", *self.names.own})
            return self.run_mean(body, given, False, token), end
        if sub and re.fullmatch(r"s_[01],a_[01],.*\\dots,?\\sim(.+)", plain(sub)):
            at_law = next(k for k, t in enumerate(sub) if t.text == "\\sim")
            return self.run_mean(body, given, self.of_runs(sub[at_law + 1 :], token.at), token), end
        draws = [one for draw in draws_of(sub or ()) for one in one_by_one(*draw)]
        over_runs = next((d for d in draws if plain(d[0]) == "\\tau"), None)
        if plain(sub or ()) == "\\tau" or (over_runs and len(draws) == 1):
            primed = self.of_runs(over_runs[1], token.at) if over_runs else False
            if over_runs and (condition := next((t for t in over_runs[1] if t.kind == "()"), None)) is not None:
                _, more = conditional(condition.inside)
                given = given or (more if more and more[0].text == "s" else ())
            return self.run_mean(body, given, primed, token), end
        laws = {plain(law) for _, law in draws}
        joint = {plain(head) for head, _ in draws} == {"s", "a"} and len(laws) == 1
        if joint and draws[0][1] and draws[0][1][0].text in ("\\pi", "\\tilde{\\pi}"):
            draws, sub = [], draws[0][1]  # s, a ~ pi says no more than E_pi
        if draws and self.collect is not None and self.of_one_step(draws):
            return self.run_mean(body, given, False, token), end
        if draws:
            return self.drawn(draws, body, given, token), end
        primed = decoration("the expectation", sub or (), token.at)
        before = self.timed, set(self.seen), self.of_policy
        self.timed, self.seen, self.of_policy = False, set(), sub is not None
        try:
            pieces = self.run_mean(body, given, primed, token)
            is_run = self.timed
        except (NotReadError, OutsideRunError):
            if self.collect is not None or (sub is None and self.timed):
                raise
            is_run, pieces, self.seen = False, [], set()
            with suppress(NotReadError, OutsideRunError):  # it is said where the mean is read
                self.side(body, token.at)
        seen = set(self.seen)
        self.timed, self.seen = before[0] or self.timed, before[1] | self.seen
        if is_run:
            self.of_policy = before[2]
            if sub is None:
                if "pi'(" in text_of(pieces):
                    why = "found a mean beside a second policy that does not say over what. Write what is drawn"
                    raise NotReadError(why, token.at)
                what = "a mean of steps of a run that does not say over what is one over the runs of the policy"
                self.names.tell("\\mathbb{E}", what)
            return (self.at_any_time(body, pieces, primed, token) if sub is not None and not given else pieces), end
        if sub is None:
            raise NotReadError("found an expectation that does not say over what. Write what is drawn", token.at)
        self.seen = before[1]
        mean = self.policy_mean(body, given, primed, seen, token)
        self.of_policy = before[2]
        return mean, end

    def at_any_time(self, body: Sequence[Token], pieces: Pieces, primed: bool, token: Token) -> Pieces:
        r"""E_\pi[q(S_t, A_t)], where nothing binds t: the state of step t has the weights of the states."""
        text = text_of(pieces)
        bound = {*self.clock.letters, *re.findall(r"(?:sum|prod)\[[^\]]*?([a-z]'*)[^\]]*\]", text)}
        bound |= {
            letter for head in re.findall(r"(?:sum|prod)\[([^\]]*)\]", text) for letter in re.findall("[a-z]'*", head)
        }
        free = {*re.findall(r"_\{([a-z]'*)", text)} - bound
        if len(free) != 1 or self.collect is not None or self.run or re.search(r"[RP]\(tau\)", text):
            return pieces
        time = free.pop()
        self.clock.averaged.add(time)
        weight = self.names.weight(EXPECT, token.at)
        with self.running(), self.clock.counted_from(time):
            inside = self.side(body, token.at)
        mark = "'" * primed
        head = f"(sum[s] {weight}{mark}(s) * E[tau{'~pi' + mark if primed else ''} | s_0=s] ("
        self.names.tell("\\mathbb{E}_\\pi[S_t]", "a mean over the states that pi visits, and the runs from there")
        return placed(token.at, head, inside, "))")

    def spread(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        """A variance or covariance: over runs, or of a number over states and actions."""
        token, name = found[k], SPREADS[found[k].text]
        after = scripts(found, k + 1)[3]
        if self.collect is not None or after >= len(found) or found[after].kind not in ("()", "[]", "\\{\\}"):
            raise NotReadError(f"found {name} inside of a sum over time, or without brackets. Write them", token.at)
        body, given = conditional(found[after].inside)
        bar = (Token("operator", "|", token.at), *given) if given else ()
        parts = commas(body)
        if len(parts) != 1 + (name == "Cov"):
            raise NotReadError(f"found {name} of {len(parts)} arguments", token.at)
        head = [Token("symbol", "\\mathbb{E}", token.at), *found[k + 1 : after]]
        means = [self.expectation([*head, Token("()", "()", token.at, (*part, *bar))], 0)[0] for part in parts]
        heads, insides = [mean[0][0] for mean in means], [mean[1:-1] for mean in means]
        if heads[0].startswith("(E[tau"):
            head_of_spread = heads[0].replace("(E", f"({name}", 1)
            rest = placed(token.at, ", ", insides[1]) if name == "Cov" else []
            return placed(token.at, head_of_spread, insides[0], rest, "))"), after + 1
        if any(self.rank(placed(token.at, "(", inside, ")"), token.at) for inside in insides):
            raise NotReadError(f"found {name} of vectors over states and actions; over runs it is read", token.at)
        of_product = (heads[0].removesuffix("("), "((", insides[0], ") * (", insides[-1], ")))")
        return placed(token.at, "(", *of_product, " - ", means[0], " * ", means[-1], ")"), after + 1

    def divergence(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        r"""D_{KL}(\pi(\cdot|s) \| \pi'(\cdot|s)) at a state; without one for every state."""
        at, action = found[k].at, "a98" if "a" in self.bound else "a"
        inside, after = divergence_at(found, k)
        policies, states = zip(*(at_state(part) for part in inside), strict=True)
        if plain(states[0]) != plain(states[1]):
            raise NotReadError("found a divergence of policies in two states, or in one of them only", at)
        if strange := next((plain(policy) for policy in policies if plain(policy) not in POLICIES), ""):
            raise NotReadError(f"found a divergence of {strange}; that of two policies is read", at)
        state = self.index(states[0], at) if states[0] else "s"
        if not states[0]:
            self.everywhere = True
            if "s" in self.bound or self.run:
                raise NotReadError("found a divergence of policies without a state in a sum or mean. Write pi(.|s)", at)
            self.seen.add("s")
        first, second = (f"pi{chr(39) * (plain(policy) in SECOND)}({action}|{state})" for policy in policies)
        return [(f"(sum[{action}] {first} * log ({first} / {second}))", at)], after

    def of_runs(self, law: Sequence[Token], at: int) -> bool:
        """Whether runs are those of the second policy."""
        base = law[0].text if law else ""
        given = [half for t in law if t.kind == "()" for mark in "|;" if (half := parted(t.inside, mark)[1])]
        primed = sum(decoration("runs of", until(half, ";"), at) for half in given if half[0].text != "s") > 0
        if base == "\\tilde{\\pi}":
            return True
        if base == "\\pi":
            return decoration("runs of", [t for t in law if t.kind != "()"], at) or primed
        if base not in CHANCES and base != "\\rho":
            raise NotReadError(f"found runs drawn from {plain(law)}; they are drawn from a policy", at)
        sub, sup, primes, _ = scripts(law, 1)
        deco = [t for t in (*(sub or ()), *(sup or ())) if self.names.told.get(t.text) != ("mu0",)]
        return decoration("runs of", deco, at) or primed or bool(primes)

    def of_one_step(self, draws: list[tuple[list[Token], list[Token]]]) -> bool:
        """Whether s_t ~ p(s_t), a_t ~ pi(a_t|s_t) says no more than that step t is one of a run."""
        for head, law in draws:
            sub, sup, primes, after = scripts(head, 1)
            base = self.names.letters.get(head[0].text, head[0].text)
            if sub is None or sup is not None or primes or after < len(head) or plain(sub) not in self.clock.letters:
                return False
            symbol = WrittenSymbol.at(law, 0)
            asked, condition = parted(() if symbol.call is None else symbol.call.inside, "|")
            if symbol.primes or symbol.is_second():
                return False
            if plain(asked) != plain(head) or (law[0].text not in CHANCES if base == "s" else law[0].text != "\\pi"):
                return False
            if condition and plain(condition) != plain(draws[0][0]):
                return False
        return True

    def run_mean(self, body: Sequence[Token], given: Sequence[Token], primed: bool, token: Token) -> Pieces:
        """E over runs, perhaps from a state or a state and an action at time t, which is counted from there."""
        begin, shifted = self.given(given, token)
        head = f"E[tau{'~pi' + chr(39) if primed else ''}{' | ' + begin if begin else ''}]"
        if self.collect is not None:
            if begin or self.timed:
                raise NotReadError("found a sum over time of such means. Take the mean of the sum", token.at)
            self.collect.append(head)
            return placed(token.at, "(", self.side(body, token.at), ")")
        if self.run:
            raise NotReadError("found a mean over runs inside of another. Take it apart", token.at)
        with self.running(), self.clock.counted_from(shifted):
            pieces = self.side(body, token.at)
        return placed(token.at, f"({head} (", pieces, "))")

    def given(self, given: Sequence[Token], token: Token) -> tuple[str, str]:
        """s_0=s, a_0=a and the time from which the run is counted."""
        found: dict[str, str] = {}
        shifted = ""
        for part in commas(given):
            left, right = parted(part, "=")
            if not left or left[0].text not in ("s", "a", "S", "A"):
                if decoration("the condition", part, token.at):
                    raise NotReadError("found a condition on the second policy", token.at)
                continue
            sub, sup, primes, _ = scripts(left, 1)
            if left[0].text == "s" and sub is None and right is None:
                found["s_0"] = self.plain_index(left, token.at)
                continue
            if sub is None or sup is not None or primes:
                why = "found a condition; a run is given the state, or state and action, of one time"
                raise NotReadError(why, token.at)
            time = plain(sub)
            if shifted not in ("", time):
                raise NotReadError(f"found conditions at {shifted} and {time}; they are at one time", token.at)
            shifted = time
            letter = left[0].text.lower()
            found[f"{letter}_0"] = self.plain_index(right if right is not None else left, token.at)
        if "a_0" in found and "s_0" not in found:
            raise NotReadError("found an action without its state in a condition", token.at)
        if found and shifted not in ("", str(self.clock.origin)):
            self.names.tell(
                "|", "a mean given the state of time t counts time from there: transitions are the same at all times"
            )
        return ", ".join(f"{key}={found[key]}" for key in sorted(found, reverse=True)), shifted

    def drawn(
        self, draws: list[tuple[list[Token], list[Token]]], body: Sequence[Token], given: Sequence[Token], token: Token
    ) -> Pieces:
        """E over states and actions drawn one after the other."""
        if self.run:
            raise NotReadError("found states and actions drawn inside of a mean over runs. Take it apart", token.at)
        weights: list[tuple[str, str]] = []
        with self.binding():
            for head, law in draws:
                index = self.index(head, token.at)
                if index in self.bound:
                    why = f"found {plain(head)} drawn inside of a sum over it. Rename one of them"
                    raise NotReadError(why, token.at)
                weights.append((index, self.law(index, law, token.at)))
                self.bound.append(index)
            if given:
                for part in commas(given):
                    left, right = parted(part, "=")
                    if right is not None or self.index(left, token.at) in self.bound:
                        why = "found a condition on what is drawn; write it where it is drawn from"
                        raise NotReadError(why, token.at)
            pieces = self.side(body, token.at)
        heads = "".join(f"sum[{index}] {weight} * " for index, weight in weights)
        return placed(token.at, f"({heads}(", pieces, "))")

    def law(self, index: str, law: Sequence[Token], at: int) -> str:
        """The weight with which a state or an action is drawn."""
        if not law:
            raise NotReadError("found a draw from nothing. Say what it is drawn from", at)
        symbol = WrittenSymbol.at(law, 0)
        base, inside = symbol.token.text, () if symbol.call is None else until(symbol.call.inside, ";")
        _, given = parted(inside, "|")
        states = [i for i in self.bound if i[0] == "s" and i != index]
        if index[0] == "a":
            if base not in ("\\pi", "\\tilde{\\pi}", "\\hat{\\pi}"):
                raise NotReadError(f"found an action drawn from {plain(law)}; actions are drawn from a policy", at)
            primed = symbol.is_second_policy()
            named = [p for p in commas(given if given is not None else inside) if p and p[0].text in "sS"]
            state = self.index(named[0], at) if named else (states[-1] if states else "s")
            self.seen.add(state)
            return f"pi{chr(39) * primed}({index}|{state})"
        if base in CHANCES and (given or commas(inside)[1:] or index.endswith("'")):
            if symbol.primes or symbol.is_second():
                raise NotReadError("found transitions of the second policy; they are the model's", at)
            parts = [self.index(p, at) for p in commas(given or inside) if p and p[0].text in "saSA"]
            parts = [p for p in parts if p != index]
            state = next((p for p in parts if p[0] == "s"), states[-1] if states else "s")
            action = next(
                (p for p in parts if p[0] == "a"), next((i for i in reversed(self.bound) if i[0] == "a"), "a")
            )
            self.seen |= {state, action}
            return f"P({index}|{state},{action})"
        own = self.names.own.get(base + "(.)")
        if own is not None and own.text and len(own.indices) == 2 and given:
            return f"{own.name}({index},{self.index(given, at)})"
        weight = self.weight(symbol, index, at)
        if given and any(p and p[0].text in "sS" for p in commas(given)):
            raise NotReadError("found weights of states given a state; those from the start distribution are read", at)
        return weight

    def policy_mean(
        self, body: Sequence[Token], given: Sequence[Token], primed: bool, seen: set[str], token: Token
    ) -> Pieces:
        r"""E_\pi of a function of state and action: a ~ pi in a state that is known; else s is drawn, too."""
        mark = "'" * primed
        fixed = {self.index(parted(part, "=")[0], token.at) for part in commas(given) if part[0].text in "saSA"}
        known = {"s"} & {*self.bound, *self.introduced, *fixed} or bool(given)
        loose = {i for i in seen if i not in self.bound} - {"s", "a", "s'"}
        if loose:
            raise NotReadError(f"found a mean over pi that does not say what {min(loose)} is drawn from", token.at)
        drawn = [
            i
            for i in ("a", "s'")
            if i not in self.bound and (i in seen or (i == "a" and "s'" in seen)) and i not in fixed
        ]
        if "s'" in drawn and "s'" in self.introduced:
            raise NotReadError("found a mean over pi of s', which the relation is about", token.at)
        laws = {"a": f"sum[a] pi{mark}(a|s) * ", "s'": "sum[s'] P(s'|s,a) * "}
        head = "".join(laws[i] for i in drawn)
        with self.binding():
            self.bound += drawn
            if not known:
                weight = self.names.weight(EXPECT, token.at)
                head = f"sum[s] {weight}{mark}(s) * {head}"
                self.bound.append("s")
            pieces = self.side(body, token.at)
        return placed(token.at, f"({head}(", pieces, "))")
