"""The proof of the policy gradient theorem in symbols, and the document on one model that it is a part of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from functools import cache
from importlib.resources import files

from pgsym.claims.blocks import Block, Chain, Definition, Heading, Prose
from pgsym.claims.derivation.closed import BUDGET, SECONDS, ClosedForms
from pgsym.claims.derivation.instance import Instance
from pgsym.claims.derivation.model_tables import OUTCOMES, PAIRS, count_outcomes, is_small, model_page, values
from pgsym.claims.derivation.record import Derivation
from pgsym.claims.language.parse import parse
from pgsym.claims.language.statement import Let
from pgsym.claims.script import Script
from pgsym.errors import NotInFieldError, SchemaError, TooLargeError
from pgsym.exact import solve
from pgsym.model.mdp import MDP
from pgsym.model.objective import Objective
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.structure import Structure

GENERAL_ONLY = frozenset({"Unrolling", "As an expectation", "A baseline", "What the usual sum is worth"})
"""Parts of the proofs that read the same in every model: they are not written out again."""


def general(objective: Objective | str) -> Derivation:
    """The proof for an objective, not yet checked on a model; SchemaError where there is none.

    >>> print(general("average-reward").chains[0].statement)
    J == rbar == sum[s] mu(s) * r_pi(s)
    """
    objective = Objective.parse(objective)
    if objective.definition.proved is None:
        written = ", ".join(o for o in Objective if o.definition.proved)
        raise SchemaError(
            f"no proof for {objective} is written; there are {written}. Choose one of them", where="objective"
        )
    return Derivation(f"Policy gradient theorem, {objective}", objective, _script(objective).blocks)


@cache
def _script(objective: Objective) -> Script:
    name = f"{objective}.claims"
    text = (files("pgsym.claims.derivation") / "proofs" / name).read_text(encoding="utf-8")
    return Script.parse(text, name)


class Detail(StrEnum):
    """What a derivation is written in: symbols only, one model's states and numbers, or both."""

    GENERAL = "general"
    MODEL = "model"
    BOTH = "both"

    @classmethod
    def of(cls, level: Detail | str) -> Detail:
        """What is asked for; SchemaError where there is no such level."""
        try:
            return cls(level)
        except ValueError:
            raise SchemaError(f"found {level!r}; must be one of {', '.join(cls)}", where="level") from None


def derive(
    problem: ProblemLike, *, level: Detail | str = Detail.BOTH, error_bits: int = 100, seed: int = 0
) -> Derivation:
    """The policy gradient theorem of an objective, derived for a model; every line is decided.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`; its name, source and theta are shown.
    level
        ``general``: the proof in symbols.  ``model``: its lines for this model, and closed forms.  ``both``.

    Returns
    -------
    Derivation
        With the verdict on each of its relations in `audit`.

    Raises
    ------
    HypothesisError
        The objective is not defined on this model.
    TooLargeError
        ``level="model"`` for a model too large to be written out.

    See Also
    --------
    verify : The verdict alone.
    Script : A derivation of one's own.

    References
    ----------
    Sutton, McAllester, Singh & Mansour, Policy gradient methods for reinforcement learning with function
    approximation, NeurIPS 2000.

    Examples
    --------
    >>> found = derive("short-corridor")
    >>> found.title, found.audit.holds
    ('Policy gradient of short-corridor: start-state', True)
    """
    problem, level = Problem.of(problem), Detail.of(level)
    mdp, policy, objective = problem.mdp, problem.policy, problem.objective
    Structure(mdp, policy).require(objective)
    proof = general(objective)
    proved = objective.definition.proved
    assert proved is not None  # since `general` has not refused
    claim = f"`J` is {objective.definition.meaning}. The gradient by the parameters of the policy is"
    blocks: list[Block] = [
        Heading("The model"),
        *model_page(problem),
        Heading("What is proved"),
        Prose(claim),
        Chain(parse(proved), objective),
    ]
    if level is not Detail.MODEL:
        lines = (replace(block, level=2) if isinstance(block, Heading) else block for block in proof.blocks)
        blocks += [Heading("Proof"), Prose(_READING), *lines]
    if level is not Detail.GENERAL:
        blocks += [*instance_blocks(proof, mdp, policy, level), *_closed(problem)]
    title = f"Policy gradient of {problem.name}: {objective}" if problem.name else f"Policy gradient: {objective}"
    # Closed forms of a large model would be given up line by line.
    method = "auto" if is_small(mdp) else "identity test"
    found = Derivation(title, objective, tuple(blocks))
    found = found.checked(problem, method=method, error_bits=error_bits, seed=seed)
    assert found.audit is not None
    return replace(found, blocks=(*found.blocks, Heading("Verdict"), *found.audit.conclusion()))


_READING = (
    "Each line holds for all values of the parameters, and for every state and action that occurs in it without "
    "being summed over."
)


# -- the lines for this model --------------------------------------------------------------------------------


def instance_blocks(proof: Derivation, mdp: MDP, policy: Policy, level: Detail) -> Iterator[Block]:
    """The proof with the sums over states and actions written out."""
    if not is_small(mdp):
        found = (
            f"{len(mdp.pairs)} pairs of state and action with {count_outcomes(mdp)} outcomes; "
            f"sums are written out for up to {PAIRS} and {OUTCOMES}"
        )
        if level is Detail.MODEL:
            raise TooLargeError(f"found {found}. Derive it with level general", where="level")
        yield Heading("In this model")
        yield Prose(f"It has {found}, so the lines above are not repeated in its numbers.")
        return
    yield Heading("In this model")
    yield Prose(
        "The same lines with the sums written out and the numbers of the model put in. Values of terminal states, "
        "which are 0, are left out; a step that is only one of writing here is joined with the next."
    )
    instance = Instance(mdp, policy)
    titled: Heading | None = None
    skipped = False
    for block in proof.blocks:
        if isinstance(block, Heading):
            skipped, titled = block.text in GENERAL_ONLY, replace(block, level=2)
            continue
        if isinstance(block, Definition) and level is Detail.MODEL:
            yield block
        written = [] if skipped else list(_written(block, instance))
        if written and titled is not None:
            yield titled
            titled = None
        yield from written


def _written(block: Block, instance: Instance) -> Iterator[Block]:
    if isinstance(block, Chain):
        yield from instance.chains(block)
    elif isinstance(block, Definition):
        for b in block.bindings:
            if isinstance(b, Let):
                yield from instance.definition(b, block.bindings)


# -- closed forms --------------------------------------------------------------------------------------------


def _closed(problem: Problem) -> Iterator[Block]:
    """Closed forms where they can be read, and values at theta."""
    if is_small(problem.mdp):
        try:
            yield from list(ClosedForms(problem).blocks())
        except (TooLargeError, NotInFieldError) as error:
            yield Heading("Closed forms")
            yield Prose(f"They are left out: {error.message.partition(';')[0]}.")
    yield from values(solve(problem, budget=BUDGET, seconds=SECONDS))
