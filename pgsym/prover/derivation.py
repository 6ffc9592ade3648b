"""A proof for readers: from the left side of a claim to its right side, one named equation a line.

The steps that `combination` finds may be taken in any order, since they are summed.  Those of one equation are one
line, and the order is the one in which the lines are shortest.  What is written is decided once more, on every MDP with
two states and two actions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from heapq import nsmallest
from typing import NamedTuple

from pgsym.claims.blocks import Block, Chain, Definition, Heading, Prose, used
from pgsym.claims.derivation.handout import Detail, instance_blocks
from pgsym.claims.derivation.record import Derivation
from pgsym.claims.language import runs
from pgsym.claims.language import tree as t
from pgsym.claims.language.parse import parse
from pgsym.claims.language.relation import EQUAL
from pgsym.claims.language.scope import Scope
from pgsym.claims.language.statement import Binding, Claim, ForAll, ForEach, Let, Statement
from pgsym.errors import ClaimError
from pgsym.model.objective import Objective
from pgsym.model.policies import sigmoid, tabular
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.zoo.constructed import generic_mdp
from pgsym.prover.combination import combine, fold
from pgsym.prover.equations import CONTINUING, INVERTIBLE, UNICHAIN, Equation, coefficient_text, instance
from pgsym.prover.letters import LetterReading
from pgsym.prover.lines import leading, line
from pgsym.prover.rewriting import CertificateStep
from pgsym.prover.run_tensors import ENDING
from pgsym.prover.tensors import OWN, Total, add, combined, is_summed, kind_of, renamed, unused

BEAM = 60
"""Orders of lines that are compared at a time."""

MULTIPLIER = 40
"""Characters of a multiplier that is worth its place in a reason."""


Steps = list[CertificateStep]
"""Those of one equation."""


class ProofParts(NamedTuple):
    """Both sides with their means over runs in letters, the steps to there, and the sums between them."""

    left: Total
    there: list[Steps]
    lines: list[tuple[Total, Steps]]
    right: Total
    back: list[Steps]


@dataclass(frozen=True)
class Proof:
    """The lines of a proof of a claim that `prove` has proved.

    >>> from pgsym.claims.language import parse
    >>> claim = parse("sum[a] pi(a|s) * A(s,a) = 0").claims[0]
    >>> for step in Proof(claim, Objective.START_STATE, ()).chain.claims:
    ...     print(step.right, "#", step.reason)
    sum[a] pi(a|s) * (Q(s,a) - V(s)) # definition of `A` (times `pi(a|s)`, summed over `a`)
    V(s) - sum[a] pi(a|s) * V(s) # `V` is the mean of `Q`
    0 # the probabilities of actions sum to 1 (times `V(s)`)
    """

    claim: Claim
    objective: Objective
    hypotheses: tuple[str, ...]

    @cached_property
    def reading(self) -> LetterReading:
        return LetterReading(self.claim, self.objective, undiscounted="gamma = 1" in self.hypotheses)

    @cached_property
    def parts(self) -> ProofParts:
        """The proof as sums and steps."""
        reading, claim = self.reading, self.claim
        reading.difference()
        holding = {"", *self.hypotheses, *([CONTINUING] if UNICHAIN in self.hypotheses else [])}
        order = max(_order(side, reading.scope) for side in (claim.left, claim.right))
        definitions, laws, table = (
            [e for e in known if e.needs in holding] for known in (*reading.relations(order), reading.equations.table())
        )
        (left, there), (right, back) = (
            fold(total, definitions, [*laws, *table])
            if any(f[0][0] == "N" for fs in total for f in fs)
            else (total, [])
            for total in (reading.total(claim.left), reading.total(claim.right))
        )
        steps = combine(combined((1, left), (-1, right)), definitions, laws, table, reading.field.one)
        lines = _in_order(left, _by_equation(steps))
        return ProofParts(left, _by_equation(there), lines, right, _by_equation(back))

    @cached_property
    def chain(self) -> Chain:
        """From the left side of the claim to its right side."""
        bindings, left, right = self.bindings, self.claim.left, self.claim.right
        first, there, lines, _, back = self.parts
        found = [(left, "")]
        if there or self._written_out(left):
            found.append((line(first, self.reading), self._reason(there, left)))
        found += [(line(total, self.reading), self._reason([group])) for total, group in lines]
        if not (back or self._written_out(right)) and len(found) > 1:
            found[-1] = (right, found[-1][1])
        else:
            found.append((right, self._reason(back, right)))
        kept = [found[k] for k in range(len(found)) if k == 0 or len(found) == 2 or found[k][0] != found[k - 1][0]]
        terms, reasons = zip(*kept, strict=True)
        return self._line(terms, reasons[1:], bindings)

    @cached_property
    def bindings(self) -> tuple[Binding, ...]:
        """Those of the claim, and the visits from each state where the proof speaks of them."""
        totals = (self.parts.left, *(total for total, _ in self.parts.lines), self.parts.right)
        names = {f[0] for total in totals for fs in total for f in fs}
        names |= {f[0] for e in self.equations for fs in e.products for f in fs}
        found = self.claim.bindings
        for name in sorted(n for n in names if n[0] == "N"):
            mark, text = "'" * name.startswith("N'"), name.partition("[")[2][:-1]
            own = ("N" if text == "gamma" else "N_" + re.sub(r"\W", "", text)) + mark
            if any(getattr(b, "name", "") == own for b in self.claim.bindings):
                own += "_visits"
            self.reading.visits[name] = own
            power = "" if text == "1" or "gamma = 1" in self.hypotheses else f"({text})^t * "
            begin = f"tau{'~pi' + mark if mark else ''} | s_0=s"
            found = parse(f"let {own}(s,s') = E[{begin}] sum[t] {power}1[s_t=s']; 0 = 0", found).bindings
        return found

    @cached_property
    def equations(self) -> list[Equation]:
        """What is used, each once."""
        groups = (*self.parts.there, *(group for _, group in self.parts.lines), *self.parts.back)
        return list({str(step.equation): step.equation for group in groups for step in group}.values())

    def _written_out(self, node: t.Node) -> list[str]:
        """What a side has that its letters do not show: means over runs, names that the claim defines."""
        match node:
            case runs.RunExpect() | runs.Covariance():
                return ["the mean over runs"]
            case t.Call(name) if name in self.reading.scope.lets:
                return [f"definition of `{name}`"]
            case t.Quantity():
                return []
        return [reason for child in node.children for reason in self._written_out(child)]

    def _reason(self, groups: Sequence[Steps], side: t.Node | None = None) -> str:
        """Which equations, what they are multiplied by, and what else a side is written out with."""
        found = [*(self._written_out(side) if side is not None else ()), *map(self._one_reason, groups)]
        return "; ".join(dict.fromkeys(found)) or "multiplied out"

    def _one_reason(self, group: Sequence[CertificateStep]) -> str:
        equation, *others = {str(s.equation): s.equation for s in group}.values()
        summed = {i: {is_summed(s.place[i]) for s in group} for i in group[0].place}
        along = {frozenset(i for f in s.multiplier for i in f[1:] if i in ("i0", "i1")) for s in group}
        if (
            others
            or len(along) > 1
            or any(len(kinds) > 1 or (kind_of(i) == "i" and True in kinds) for i, kinds in summed.items())
        ):
            return self._name(equation)
        taken = {i for s in group for f in s.multiplier for i in f[1:]}
        names: dict[str, str] = {}
        for i in (i for i, kinds in summed.items() if True in kinds):
            names[i] = unused(kind_of(i), taken | set(names.values()))
        total: Total = {}
        for s in group:
            add(total, renamed(s.multiplier, {s.place[i]: name for i, name in names.items()}), s.coefficient)
        sign = -1 if coefficient_text(leading([(c, fs) for fs, c in total.items()]))[0] else 1
        try:
            text = str(line({fs: sign * c for fs, c in total.items()}, self.reading))
        except ClaimError:  # a multiplier without words, as a product over time
            return self._name(equation)
        if text == "1" or len(text) > MULTIPLIER:
            return self._name(equation)
        over = ", summed over " + ", ".join(f"`{name}`" for name in names.values()) if names else ""
        return f"{self._name(equation)} (times `{text}`{over})"

    def _name(self, equation: Equation) -> str:
        """In words, with the name that visits have here."""
        return reduce(lambda text, known: text.replace(*known), self.reading.visits.items(), equation.name)

    def _stated(self, equation: Equation) -> Chain:
        """An equation with indices for its free places."""
        free = {i for fs in equation.products for f in fs for i in f[1:] if not is_summed(i)}
        names = {"S": "s", "A": "a", "T": "s'" if "S" in free else "s", "B": "a'", "I": "i0", "J": "i1", "K": "i1"}
        bindings, beside = self.bindings, list[tuple[str, ...]]()
        if equation.carried and equation.left[0][0].startswith("N"):
            # Not true where that state is terminal: it is summed with a function, which is 0 there.
            f = next(n for n in ("f", "u", "v", "w", "f'") if n not in {getattr(b, "name", "") for b in bindings})
            bindings, beside = (*bindings, ForAll(f, ("s",))), [(OWN + f, "s#f")]
            names["T"] = "s#f"
        sides: list[t.Node] = []
        one = self.reading.field.one
        whole = reduce(lambda x, y: x.lcm(y), ((one * c).denom for c, _ in equation.right), one.denom)
        for terms in ([(1, equation.left)], equation.right):
            total: Total = {}
            for c, fs in terms:
                add(total, renamed([*fs, *beside], names), one * c * one.field.new(whole))
            sides.append(line(total, self.reading))
        return self._line(sides, (self._name(equation),), bindings)

    def _line(self, terms: Sequence[t.Node], reasons: tuple[str, ...], bindings: tuple[Binding, ...]) -> Chain:
        """A chain; what it alone declares stands before it."""
        scope = Scope(bindings)
        free = [{i for i, _ in scope.free_uses(term)} for term in terms if not isinstance(term, t.Number)]
        loose = sorted(i for i in set[str]().union(*free) - set(scope.each) if not all(i in own for own in free))
        bindings = used((*bindings, *(ForEach(i) for i in loose)), terms)
        own = tuple(b for b in bindings if b not in self.bindings or isinstance(b, ForEach))
        return Chain(Statement(tuple(terms), (EQUAL,) * len(reasons), bindings, reasons), self.objective, (), own)

    def blocks(self, level: int = 1) -> Iterator[Block]:
        """What is proved, what is used, and the chain."""
        needs = f" where {'; '.join(self.hypotheses)}" if self.hypotheses else ""
        yield Heading("What is proved", level)
        yield Prose(f"For every finite MDP, with any number of states and actions,{needs}:")
        named = tuple(b for b in self.claim.bindings if not isinstance(b, ForEach))
        if named:
            yield Definition(named)
        yield self._line((self.claim.left, self.claim.right), ("",), self.claim.bindings)
        visits = self.bindings[len(self.claim.bindings) :]
        if self.equations:
            yield Heading("What is used", level)
            if visits:
                yield Definition(visits)
            yield from map(self._stated, self.equations)
        yield Heading("Proof", level)
        yield self.chain


def document(cases: Sequence[tuple[Claim, Objective, tuple[str, ...]]]) -> Derivation:
    """Proofs of claims, one after the other; every line is decided, and an AssertionError is a defect of pgsym.

    A case is a claim that `prove` has proved, with its objective and its hypotheses.
    """
    blocks: list[Block] = []
    for k, (claim, objective, hypotheses) in enumerate(cases, 1):
        if len(cases) > 1:
            blocks.append(Heading(f"Relation {k}"))
        own = tuple(Proof(claim, objective, hypotheses).blocks(1 + (len(cases) > 1)))
        for problem in models(hypotheses):
            _decide(Derivation("", objective, own), problem)
        blocks += (block for block in own if not (isinstance(block, Definition) and block in blocks))
    return Derivation("A proof for every finite MDP", cases[0][1], tuple(blocks))


def _decide(found: Derivation, problem: Problem) -> None:
    audit = found.check(problem)
    for step in audit.steps:
        if not step.verdict.proved:
            raise AssertionError(f"a line of the proof is {step.verdict.status}: {step.claim}")


def on_model(proof: Derivation, problem: ProblemLike, level: str) -> Derivation:
    """A proof, its lines written out in the states and actions of a model, and the verdict on each of them there."""
    problem, detail = Problem.of(problem).replace(objective=proof.objective), Detail.of(level)
    blocks = proof.blocks if detail is not Detail.MODEL else ()
    if detail is not Detail.GENERAL:
        short = replace(proof, blocks=tuple(block for block in proof.blocks if not _speaks_of_runs(block)))
        blocks = (*blocks, *instance_blocks(short, problem.mdp, problem.policy, detail))
    found = replace(proof, title=f"A proof on {problem.name or 'a model'}", blocks=blocks).checked(problem)
    assert found.audit is not None
    return replace(found, blocks=(*found.blocks, Heading("Verdict"), *found.audit.conclusion()))


def _speaks_of_runs(block: Block) -> bool:
    """Whether it has means over runs from a given state, which no sum over states replaces."""
    terms = block.statement.terms if isinstance(block, Chain) else ()
    lets = (b.body for b in getattr(block, "bindings", ()) or () if isinstance(b, Let))
    if isinstance(block, Chain):
        lets = (b.body for b in used(block.statement.bindings, terms) if isinstance(b, Let))
    nodes = (n for node in (*terms, *lets) for n in node.walk())
    return any(isinstance(n, runs.RunExpect | runs.Covariance) and n.indices for n in nodes)


def _order(node: t.Node, scope: Scope) -> int:
    """How often something in it is differentiated, by definitions too."""
    let = scope.lets.get(node.name) if isinstance(node, t.Call) else None
    below = max((_order(n, scope) for n in (node.children if let is None else (let.body,))), default=0)
    return below + isinstance(node, t.Grad | t.PrimedGrad)


def _by_equation(steps: Iterable[CertificateStep]) -> list[Steps]:
    groups: dict[str, Steps] = {}
    for step in steps:
        groups.setdefault(step.equation.name, []).append(step)
    return list(groups.values())


def _in_order(total: Total, groups: Sequence[Steps]) -> list[tuple[Total, Steps]]:
    """The sums between a total and its end, in the order of the groups in which they are shortest together."""
    changes: list[Total] = []
    for group in groups:
        change: Total = {}
        for s in group:
            for c, factors in instance(s.equation, s.place, s.multiplier, s.coefficient):
                add(change, factors, c)
        changes.append(change)
    beam: dict[frozenset[int], tuple[int, tuple[int, ...], list[Total]]] = {frozenset(): (0, (), [total])}
    for _ in groups:
        longer: dict[frozenset[int], tuple[int, tuple[int, ...], list[Total]]] = {}
        for done, (length, order, totals) in beam.items():
            for k in set(range(len(groups))) - done:
                after = combined((1, totals[-1]), (-1, changes[k]))
                found = length + sum(1 + len(product) for product in after), (*order, k), [*totals, after]
                longer[done | {k}] = min(found, longer.get(done | {k}, found), key=lambda x: x[:2])
        beam = dict(nsmallest(BEAM, longer.items(), key=lambda item: item[1][:2]))
    ((_, order, totals),) = beam.values()
    return [(after, groups[k]) for k, after in zip(order, totals[1:], strict=True)]


def models(hypotheses: Sequence[str]) -> Iterator[Problem]:
    """Every MDP of two states and two actions, as the hypotheses want it."""
    for terminal in (False, True):
        if (terminal and {CONTINUING, UNICHAIN} & set(hypotheses)) or (not terminal and ENDING in hypotheses):
            continue
        mdp = generic_mdp(2, 2, terminal=terminal)
        if "gamma = 1" in hypotheses:
            mdp = mdp.replace(gamma=1)
        states = {s: f"theta_{s}" for s in mdp.nonterminal}
        yield Problem(mdp, sigmoid(mdp, states) if INVERTIBLE in hypotheses else tabular(mdp))
