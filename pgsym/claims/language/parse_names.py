"""Rules for names: what stands for a quantity, a symbol, a part of a run or a definition, and what it is taken at."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from lark import Token, v_args

from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.habits import habit
from pgsym.claims.language.parse_runs import RunRules, part_of_run
from pgsym.claims.language.relation import AT_LEAST
from pgsym.claims.language.rewriting import bound_indices, with_index
from pgsym.expression.complaint import short
from pgsym.expression.quantity import VOCABULARY, quantity_at
from pgsym.limits import CLAIM_DIGITS, CLAIM_POWER


@v_args(inline=True)
class NameRules(RunRules):
    """Trees of names and their indices."""

    declared: dict[str, tuple[str, ...]]
    """Definitions and arbitrary functions so far, with their indices."""

    def whole(self, exponent: Token) -> int:
        if len(exponent) > 4 or abs(int(exponent)) > CLAIM_POWER:
            raise self.refuse(f"found the power {short(exponent)}; at most {CLAIM_POWER} is read", exponent.start_pos)
        return int(exponent)

    def quoted(self, token: Token) -> t.Node:
        return t.Symbol(_unquoted(token), at=token.start_pos)

    def draw(self, index: Token, name: Token) -> t.Draw:
        self.index_name(index)
        bare = name.rstrip("'")
        kinds = ("pi",) if t.is_action(index) else ("mu", "mu0", "d", "eta", "nu", "P")
        if bare not in kinds or name not in (bare, bare + "'"):
            what = "an action is drawn from pi" if t.is_action(index) else f"a state is drawn from {', '.join(kinds)}"
            raise self.refuse(f"found {index}~{name}; {what}", name.start_pos)
        return t.Draw(str(index), bare, name != bare)

    def indicator(self, token: Token, *pairs: tuple[t.Index, int | None]) -> t.Node:
        indices = pairs[0][0], pairs[1][0]
        names = [i for i in indices if isinstance(i, str)]
        if not names or any(i == runs.RUN or runs.read_time(i) for i in names):
            raise self.refuse('1[...] compares states or actions, as in 1[s=s\'] or 1[a="go"]', token.start_pos)
        if len({t.is_action(i) for i in names}) > 1:
            raise self.refuse(f"found a state and an action in 1[{names[0]}={names[1]}]; compare two of one kind",
                              token.start_pos)  # fmt: skip
        return t.Indicator(indices, at=token.start_pos)

    def index(self, token: Token, sign: Token | None = None, number: Token | None = None) -> tuple[t.Index, int | None]:
        if sign is not None and not runs.is_time(token) and (whole := self.counted(token)) != token:
            return f"{int(whole) + int(f'{sign}{number}')}", token.start_pos
        if token in self.counts:
            return str(self.counts[token]), token.start_pos
        if sign is not None:
            number = None if number is None else self.counted(number)
            if not runs.is_time(token):
                raise self.refuse(f"found {token}{sign}{number}; only times are shifted", token.start_pos)
            return f"{token}{sign}{number}", token.start_pos
        if token.type == "NAME":
            if token == runs.RUN:
                return runs.RUN, token.start_pos
            at = runs.read_timed(self.counted(token))
            if at is not None and at[0] in "sa":
                return runs.timed(*at), token.start_pos
            return str(self.index_name(token)), token.start_pos
        if token.type == "STRING":
            return t.Literal(_unquoted(token)), token.start_pos
        if not token.isdigit() or len(token) > CLAIM_DIGITS:
            raise self.refuse(f"found {short(token)}; a state has a name or a whole number", token.start_pos)
        return t.Literal(int(token) if str(int(token)) == token else str(token)), token.start_pos

    def argmax(
        self, held: tuple[t.Index, int | None], _: Token, token: Token, name: Token, body: t.Node
    ) -> tuple[tuple[t.Node, ...], tuple[str, ...]]:
        """x in argmax[a] f(a) is f(x) >= max[a] f(a)."""
        index, over = held[0], str(self.index_name(name))
        if isinstance(index, str) and (t.is_action(index) != t.is_action(over) or runs.read_time(index)):
            raise self.refuse(f"found {index} in argmax[{over}]; both must be states, or both actions", name.start_pos)
        bound = {i for node in body.walk() for i in bound_indices(node)}
        if index in bound or over in bound:
            again = index if index in bound else over
            raise self.refuse(f"{again} is bound again inside of argmax[{over}]; rename one of them", token.start_pos)
        largest = t.Max((over,), body, at=token.start_pos)
        return (with_index(body, over, index), largest), (AT_LEAST,)

    def arguments(self, *parts: Any) -> tuple[tuple[t.Index, ...], tuple[int, ...]]:
        """The indices, and after which of them a bar stands."""
        indices = tuple(part[0] for part in parts if isinstance(part, tuple))
        bars, seen = [], 0
        for part in parts:
            if isinstance(part, Token):
                bars.append(seen)
            else:
                seen += 1
        return indices, tuple(bars)

    def override(self, key: Token, value: t.Node) -> tuple[Token, t.Override]:
        return key, t.Override(str(key), value)

    def overrides(self, *parts: tuple[Token, t.Override]) -> tuple[tuple[Token, t.Override], ...]:
        return parts

    def name(self, token: Token, overrides: Any, arguments: Any) -> t.Node:
        at = token.start_pos
        indices, bars = arguments or ((), ())
        bare = token.rstrip("'")
        if token in self.declared:
            return self.own(token, indices, bars, overrides)
        if not overrides and (part := part_of_run(self.counted(token), indices, at)) is not None:
            return part
        if bare == "I" and token != bare:
            raise self.refuse(f"found {token}; the identity matrix is one and the same in both worlds. Write I", at)
        if bare not in VOCABULARY or token not in (bare, bare + "'"):
            if not indices and not overrides:
                return t.Symbol(str(token), at=at)
            if known := habit(self.source, at or 0, there=True):
                raise self.refuse(*known)
            near = difflib.get_close_matches(token, [*VOCABULARY, *self.declared], n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ". Define it with let, or declare it with for all"
            raise self.refuse(f"{token} is not a name of the language, nor defined here{hint}", at)
        found = quantity_at(bare, len(indices))
        if indices and len(indices) != len(found.kinds):
            raise self.refuse(f"{token} has {len(indices)} indices; it is written {_usage(found.name)}", at)
        if bars != ((1,) if bare in ("pi", "P") and indices else ()):
            raise self.refuse(f"{token} is written {_usage(found.name)}", at)
        return t.Quantity(bare, indices, token != bare, self.allowed(found.name, overrides or ()), at=at)

    def starred(self, token: Token, arguments: Any) -> t.Node:
        """V*(s), Q*(s,a), h*(s), J*: the star belongs to the name."""
        return self.name(token, None, arguments)

    def moment(
        self, token: Token, name: Token, _: Token | None, power: Token | None, bar: Token, *given: Any
    ) -> t.Node:
        """E[r^2|s,a,s'], a moment of the reward of one step; the first one is r(s,a,s')."""
        if name not in ("r", "r'"):
            raise self.refuse(
                f"found E[{name}|...]; such a mean is that of a reward, as in E[r^2|s,a] or E[r^2|s,a,s']. For runs "
                "write E[tau | s_0=s, a_0=a]", name.start_pos,
            )  # fmt: skip
        k = 1 if power is None else self.whole(power)
        if power is not None and k < 1:
            raise self.refuse(f"found the power {k}; moments are E[r|...], E[r^2|...], ... Correct it", power.start_pos)
        indices = tuple(index for index, _ in filter(None, given))
        return t.Quantity("r" if k == 1 else f"E[r^{k}]", indices, name != "r", at=token.start_pos)

    def own(self, token: Token, indices: tuple[t.Index, ...], bars: tuple[int, ...], overrides: Any) -> t.Node:
        if overrides or bars:
            raise self.refuse(f"{token} is your own name; it is written {token}(s) or {token}(s,a)", token.start_pos)
        known = self.declared[token]
        if indices and len(indices) != len(known):
            raise self.refuse(f"{token} has {len(indices)} indices; it was defined with {len(known)}", token.start_pos)
        pairs = zip(indices, known, strict=False)
        taken = [_step(i) if runs.is_time(k) else i for i, k in pairs]
        return t.Call(str(token), tuple(taken), at=token.start_pos)

    def allowed(self, name: str, overrides: Iterable[tuple[Token, t.Override]]) -> tuple[t.Override, ...]:
        known = VOCABULARY[name].overrides
        seen: dict[str, t.Override] = {}
        for key, override in overrides:
            if key not in known:
                what = f"it takes {', '.join(known)}" if known else "it takes nothing in brackets"
                raise self.refuse(f"found {name}[{key}=...]; {what}", key.start_pos)
            if key in seen:
                raise self.refuse(f"found {key} twice; once is enough", key.start_pos)
            seen[str(key)] = override
        return tuple(seen.values())


def _usage(name: str) -> str:
    """How a quantity is written.

    >>> _usage("pi"), _usage("Q"), _usage("P")
    ('pi(a|s)', 'Q(s,a)', "P(s'|s,a)")
    """
    if name in ("pi", "P"):
        return {"pi": "pi(a|s)", "P": "P(s'|s,a)"}[name]
    letters = {"state": iter(["s", "s'"]), "action": iter(["a", "a'"])}
    kinds = VOCABULARY[name].kinds
    return f"{name}({','.join(next(letters[kind]) for kind in kinds)})" if kinds else name


def _step(index: t.Index) -> t.Index:
    """A number where a time stands: the step that is counted from the start."""
    return str(index.name) if isinstance(index, t.Literal) and isinstance(index.name, int) else index


def _unquoted(token: Token) -> str:
    return token[1:-1].replace('\\"', '"').replace("\\\\", "\\")
