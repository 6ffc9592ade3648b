"""Quantities as notes write them: values, rewards, transitions, policies, weights, the names of the note itself."""

from __future__ import annotations

from collections.abc import Sequence

from pgsym.errors import NotReadError
from pgsym.notes import times
from pgsym.notes.events import FormulaEvents
from pgsym.notes.names import EXPECT, FUNCTIONS, MIXED, OPTIMAL, POLICIES, SCALARS, WEIGHTS, decoration, plain
from pgsym.notes.parts import (
    Pieces,
    WrittenSymbol,
    before_bar,
    commas,
    is_power,
    is_run,
    join_bars,
    parted,
    scripts,
    until,
)
from pgsym.notes.tokens import Token

VALUES = {"V": "V", "v": "V", "Q": "Q", "q": "Q", "A": "A", "h": "h"}
"""Letters of values, in the claim language."""
OPTIMA = ("V", "Q", "h")
"""Values that have an optimal one."""
CHANCES = {"P", "p", "\\mathcal{P}", "\\mathcal{T}", "T", "\\mathbb{P}", "\\Pr"}
"""Letters of probabilities; of what, their arguments say."""
REWARDS = {"r", "R", "\\mathcal{R}"}
"""Letters of rewards."""
WORDS = {"grad": "nabla"} | {
    w: w for w in ("nabla", "sum", "prod", "int", "pi", "mu", "eta", "tau", "theta", "gamma", "lambda", "alpha", "beta")
}
"""Words of the claim language and names of commands, by the command that TeX has for them."""


class FormulaQuantities(FormulaEvents):
    """Symbols with their scripts and arguments."""

    def applied(self, found: Sequence[Token], k: int) -> tuple[Pieces, int]:
        """A symbol with its scripts and arguments."""
        symbol = WrittenSymbol.at(found, k)
        token, sub, sup, primes, call, after = symbol
        text, at = token.text, token.at
        own = self.own(symbol)
        if own is not None:
            return self.tail(own, found, after, at)
        if sup is not None and (bare := self.own(symbol._replace(sup=None))) is not None and is_power(sup):
            return self.raised(bare, sup, at), after
        of_second = text in ("J", "\\pi") or (text in WEIGHTS and call is not None and _is_one(call.inside))
        if primes > of_second and text not in VALUES:
            raise NotReadError(
                f"found {plain(found[k : after - (call is not None)])}: a prime marks the second policy, as in J' and "
                "V^{\\pi'}; another model, or a third policy, is not read",
                at,
            )
        if text == "\\gamma" and sub is None:
            return [("gamma", at), *(self.exponent(sup, at) if sup else [])], after - (call is not None)
        if text in SCALARS and call is None and sub is None and sup is None and not primes:
            return [(self.names.declare(text, SCALARS[text]), at)], after
        worded = sub is not None and times.is_word(sub)  # R_max
        if (
            (text == "G" or text in self.names.rewards)
            and call is None
            and sub is not None
            and sup is None
            and not worded
        ):
            self.run_part(at)
            when, late = self.clock.time(sub, at), self.names.rewards.get(text, 0)
            if late == MIXED:
                why = "found a reward at a time in a note that writes the reward of step t as r_t and as r_{t+1}"
                raise NotReadError(why, at)
            if late:
                when = times.shifted(when, -1)
                self.names.tell(f"{text}_{{t+1}}", "the reward of step t, as Sutton and Barto write it")
            elif text == "R":
                self.names.tell("R_t", "a reward, since G_t is the return")
            return [(f"{text.lower() if text == 'R' else text}_{{{when}}}", at)], after
        if text == "R" and call is None and sub is not None and not worded:
            why = "found R_t: the reward of step t, or the return from it? Define it, as in R_t := ..."
            raise NotReadError(why, at)
        if text in ("\\tilde{\\pi}", "\\pi"):
            return self.policy(symbol, found)
        if text == "J":
            if call is None and sup and is_power(sup) and not primes:  # J^2
                return self.raised(self.objective(symbol._replace(sup=None)), sup, at), after
            return self.tail(self.objective(symbol), found, after, at)
        if sup is not None and any(t.kind == "()" for t in sup) and not call:
            why = f"found {plain(found[k:after])}, one of several samples; means are read, samples are not"
            raise NotReadError(why, at)
        if text == "r" and plain(found[k:after]) == "r" and self.joint is not None:
            return [(self.next_given(at, "r({1},{0})"), at)], after
        if text == "r" and plain(found[k:after]) == "r" and self.of_policy:  # of the step that the mean is about
            self.seen |= {"s", "a"}
            return [("r(s,a)", at)], after
        if text == "\\theta":
            raise NotReadError("found theta by itself: steps in the space of parameters are not read", at)
        if call is None and sub and (step := self.indexed_step(text, sub, sup, at)):
            return [(step, at)], after
        if text in REWARDS and call is None and sup is None and not primes and plain(sub or ()) in ("\\max", "max"):
            over = ",".join(i + "98" * (i in self.bound) for i in "sa")
            self.names.tell(
                f"{text}_{{\\max}}", "the largest |r(s,a)| over states and actions: the note does not define it"
            )
            return [(f"(max[{over}] abs(r({over})))", at)], after
        if call is None:
            letters = "".join(t.text if len(t.text) == 1 and t.text.isalpha() else " " for t in found[k : k + 7])
            if word := next((w for w in WORDS if letters.startswith(w)), None):
                raise NotReadError(f"found {word}, which TeX reads as a product of letters. Write \\{WORDS[word]}", at)
            raise NotReadError(
                f"found {plain(found[k:after])} without arguments; it has no meaning here. Define it in the note, "
                "as in x := ...",
                at,
            )
        deco = symbol.scripts
        inside = list(call.inside)
        if (text in WEIGHTS or text == "r") and symbol[1:4] == (None, None, 0) and plain(inside) in POLICIES:
            self.names.tell(f"{text}(\\pi)", "the objective J of the policy")
            return [("J" + "'" * decoration(text, inside, at), at)], after
        if text in ("R", "r", "G") and plain(until(inside, ";")) in ("\\tau", "\\tau\\theta"):
            if symbol.is_second():
                why = f"found {text}(\\tau) with a second policy; a return is that of a run. Leave it out"
                raise NotReadError(why, at)
            self.run_part(at)
            self.names.tell(f"{text}(\\tau)", "the discounted return of the run")
            return self.tail([("R(tau)", at)], found, after, at)
        if text in CHANCES and is_run(before_bar(inside), self.clock.origin):
            self.run_part(at)
            if primes or symbol.is_second() or decoration(text, parted(until(inside, ";"), "|")[1] or (), at):
                raise NotReadError("found the probability of a run under the second policy", at)
            return self.tail([("P(tau)", at)], found, after, at)
        if text in CHANCES and self.joint is not None and inside == [*self.joint[0], *inside[len(self.joint[0]) :]]:
            return [(self.next_given(at, "P({0}|{1})"), at)], after
        ends = [] if text not in CHANCES and text not in WEIGHTS else parted(inside, "\\rightarrow")[1] or []
        if ends and (many := self.number_of_steps(symbol, ends)):
            self.names.tell(f"{text}(s \\to s', k)", "the probability of s' after k steps from s")
            return self.steps(many, parted(inside, "\\rightarrow")[0], commas(ends)[0], at), after
        if text in CHANCES and any(t.text == "=" for t in inside):
            return self.event(token, inside, found, after)
        if text == "V" and self.names.told.get(plain(inside)) == ("mu0",):
            value = self.known(symbol, inside, ["s90"], False)
            return self.tail([(f"(sum[s90] mu0(s90) * {value})", at)], found, after, at)
        arguments = [
            self.index(p, at)
            for p in commas(join_bars(inside))
            if p and plain(p) not in ("\\theta", "\\pi", "\\pi_\\theta")
        ]
        kinds = "".join(i[0] for i in arguments)
        shown = self.known(symbol, inside, arguments, bool(ends))
        if not shown and kinds == "s" and text in CHANCES and "_t" in plain(inside):
            why = f"found {plain(found[k:after])}, the distribution at one time; stationary ones and visits are read"
            raise NotReadError(why, at)
        if not shown and kinds == "s" and text in WEIGHTS:
            shown = self.weight(symbol, arguments[0], at)
        if not shown and kinds == "s" and text in FUNCTIONS and not deco and not primes:
            shown = f"{self.names.declare(text + '(s)', FUNCTIONS[text] + '(s)')}({arguments[0]})"
        if shown:
            return self.tail([(shown, at)], found, after, at)
        raise NotReadError(
            f"found {plain(found[k:after])}; {text} has no such meaning, and the note does not define it "
            "before this place. Define it, as in x := ...",
            at,
        )

    def known(self, symbol: WrittenSymbol, inside: list[Token], arguments: list[str], ends: bool) -> str:
        """A value, a reward, a transition or a policy in the claim language, by its letter and its arguments."""
        text, at, deco, given = symbol.token.text, symbol.token.at, symbol.scripts, ",".join(arguments)
        inside = until(inside, ";")
        kinds = "".join(i[0] for i in arguments)
        bar = next((j for j, t in enumerate(inside) if t.text == "|"), None)
        if text in VALUES:
            name = VALUES[text]
            optimal = plain(deco) in OPTIMAL and name in OPTIMA and not (symbol.sub and symbol.sup)
            if symbol.primes:
                raise NotReadError(f"found {text} with a prime; a second policy is written as its index", at)
            primed = decoration(text, symbol.parameters, at) if optimal else symbol.is_second()
            wanted = "sa" if name in "QA" else "s"
            if kinds != wanted:
                why = f"found {text} with {len(arguments)} arguments; it is taken at {', '.join(wanted)}"
                raise NotReadError(why, at)
            return f"{name}{'*' * optimal}{chr(39) * primed}({given})"
        if text in REWARDS and kinds in ("sa", "sas", "s"):
            primed = symbol.is_second()
            if kinds == "s" and not deco:
                raise NotReadError("found a reward of the state alone; r(s,a) and r(s,a,s') are read", at)
            return f"r_pi{chr(39) * primed}({given})" if kinds == "s" else f"r({given})"
        if text in CHANCES and kinds in ("ssa", "ss"):
            if kinds == "ss" and not deco and not ends:
                why = "found a transition without an action; P(s'|s,a), or P_pi for the chain, is read"
                raise NotReadError(why, at)
            primed = symbol.is_second()
            if kinds == "ssa":
                return f"P({arguments[0]}|{arguments[1]},{arguments[2]})"
            return f"P_pi{chr(39) * primed}({','.join(arguments if bar is None else arguments[::-1])})"
        if text in CHANCES and kinds == "as" and bar is not None:
            self.names.tell(text, f"{text}(a|s) is the policy")
            return f"pi{chr(39) * symbol.is_second()}({arguments[0]}|{arguments[1]})"
        if kinds == "s" and bar is not None and any(t.text in "sS" for t in inside[bar:]):
            raise NotReadError("found weights of states given a state; those from the start distribution are read", at)
        return ""

    def indexed_step(self, text: str, sub: Sequence[Token], sup: Sequence[Token] | None, at: int) -> str:
        r"""\mathcal{P}_{ss'}^a, \mathcal{R}_s^a, \mathcal{R}_{s,a}, \mathcal{R}^\pi_s, as Silver has them."""
        kind = {"\\mathcal{P}": "P", "P": "P", "\\mathcal{R}": "r", "R": "r"}.get(text, "")
        below = [part for piece in commas(sub) for part in _letters(piece)]
        of_policy = sup is not None and plain(sup) in POLICIES
        action = [list(sup)] if sup is not None and not of_policy and len(_letters(sup)) == 1 else []
        heads = "".join(plain(part[:1]) for part in [*below, *action])
        if heads not in ("ss" if of_policy else "ssa", "s" if of_policy else "sa") or (kind == "P") != (
            heads[:2] == "ss"
        ):
            return ""
        if not kind:
            return ""
        found = [self.index(part, at) for part in [*below, *action]]
        name = f"{kind}_pi{chr(39) * decoration(text, sup or (), at)}" if of_policy else kind
        return f"P({found[1]}|{found[0]},{found[2]})" if heads == "ssa" else f"{name}({','.join(found)})"

    def tail(self, pieces: Pieces, found: Sequence[Token], k: int, at: int) -> tuple[Pieces, int]:
        """A power after the arguments."""
        sub, _, primes, _ = scripts(found, k)
        if sub is not None or primes:
            raise NotReadError("found an index after the arguments of a quantity. Write it before them", at)
        return self.powered(pieces, found, k)

    def own(self, symbol: WrittenSymbol) -> Pieces | None:
        """A name that the note defines."""
        (token, sub, _, _, call, _), key = symbol, symbol.key
        own = self.names.own.get(key)
        if own is None and call is None and plain(sub or ()).isdigit():  # x_0, where the note defines x_t
            at_step = self.names.own.get(symbol._replace(sub=(Token("symbol", "t", token.at),)).key)
            own = at_step if at_step is not None and at_step.indices == ("t",) else None
        if own is None:
            return None
        if not own.text:
            why = f"found {key}, which line {own.line} defines in a way that was not read ({own.why})"
            raise NotReadError(why, token.at)
        if own.indices == ("t",) and sub is not None and call is None:
            self.run_part(token.at)
            return [(f"{own.name}({self.clock.time(sub, token.at)})", token.at)]
        if not own.indices:
            if own.random:
                self.run_part(token.at)
            return [(own.name, token.at)]
        assert call is not None
        given = [self.index(p, token.at) for p in commas(join_bars(list(call.inside))) if plain(p) != "\\theta"]
        if len(given) != len(own.indices):
            why = f"found {key} with {len(given)} arguments; line {own.line} defines it with {len(own.indices)}"
            raise NotReadError(why, token.at)
        return [(f"{own.name}({','.join(given)})", token.at)]

    def policy(self, symbol: WrittenSymbol, found: Sequence[Token]) -> tuple[Pieces, int]:
        token, _, _, _, call, after = symbol
        at, primed = token.at, symbol.is_second_policy()
        if call is None:
            raise NotReadError("found a policy without its arguments; pi(a|s) is read", at)
        inside = until(list(call.inside), ";")
        if plain(inside) == "\\tau" and not primed:
            self.run_part(at)
            return self.tail([("P(tau)", at)], found, after, at)
        barred = any(t.text == "|" for t in inside)
        parts = [p for p in commas(join_bars(inside)) if plain(p) != "\\theta"]
        indices = [self.index(p, at) for p in parts]
        kinds = "".join(i[0] for i in indices)
        if kinds == "sa" and not barred:
            self.names.tell("\\pi(s,a)", "the probability of the action a in the state s")
            indices.reverse()
        elif kinds != "as" or not barred:
            raise NotReadError(f"found {plain([token, call])}; a policy is written pi(a|s)", at)
        return self.tail([(f"pi{chr(39) * primed}({indices[0]}|{indices[1]})", at)], found, after, at)

    def objective(self, symbol: WrittenSymbol) -> Pieces:
        token, _, _, primes, call, _ = symbol
        deco = symbol.scripts
        if plain(call.inside if call is not None and not deco else deco) in OPTIMAL and not primes:
            return [("J*", token.at)]
        primed = decoration("J", deco, token.at) or bool(primes)
        if call is not None:
            primed = decoration("J", call.inside, token.at) or primed
        return [("J" + "'" * primed, token.at)]

    def weight(self, symbol: WrittenSymbol, index: str, at: int) -> str:
        """Weights of the states: a letter with its decoration, taken at a state."""
        base, sub = symbol.token.text, symbol.sub
        if plain(sub or ()) == "0" or index in ("s_{0}", f"s{self.clock.origin}"):
            self.names.tell(plain([symbol.token]) + "_0", "the start distribution")
            return f"mu0({index})"
        primed = decoration(base, symbol.parameters, at) or bool(symbol.primes)
        if base == "\\pi":
            primed = decoration("states of", symbol.scripts, at) or primed
            return f"{self.names.weight(EXPECT, at)}{chr(39) * primed}({index})"
        marks = [t for t in symbol.scripts if t.text not in ("\\gamma", ",")]
        if sub is not None and plain(sub) in ("t", "T", "k", "t+1"):
            name = f"{base}_{plain(sub)}" + (f"^{plain(symbol.sup)}" if symbol.sup else "")
            raise NotReadError(f"found {name}, the distribution at one time; stationary ones and visits are read", at)
        primed = decoration(base, [t for t in marks if self.names.told.get(t.text) != ("mu0",)], at) or primed
        keys = [f"{base}_{plain(sub or ())}(.)", base + "(.)"]
        own = next((self.names.own[key] for key in keys if key in self.names.own), None)
        if own is not None and len(self.names.told.get(base, ())) != 1:
            if not own.text or primed or len(own.indices) != 1:
                why = own.why or f"for {' and '.join(own.indices)}"
                why = f"found {base}(.), which line {own.line} defines in a way that was not read ({why})"
                raise NotReadError(why, at)
            return f"{own.name}({index})"
        return f"{self.names.weight(base, at)}{chr(39) * primed}({index})"


def _is_one(arguments: Sequence[Token]) -> bool:
    """Whether a call has one argument, so that its letter may weigh the states."""
    return not any(t.text in (",", "|", ";") for t in arguments)


def _letters(found: Sequence[Token]) -> list[list[Token]]:
    """s s' as two letters, each with its primes and indices."""
    begins = [k for k, t in enumerate(found) if not k or (t.kind == "symbol" and found[k - 1].text != "_")]
    return [list(found[k:end]) for k, end in zip(begins, [*begins[1:], len(found)], strict=True)]
