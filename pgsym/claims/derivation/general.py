"""The proofs of the policy gradient theorem, in symbols only: the same lines for every model."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pgsym.claims.blocks import Chain
from pgsym.claims.derivation.record import Derivation
from pgsym.claims.language.parse import parse
from pgsym.claims.language.tree import Statement
from pgsym.claims.script import Script
from pgsym.errors import SchemaError
from pgsym.model.objective import Objective


def general(objective: Objective | str) -> Derivation:
    """The proof for an objective, not yet checked on a model.

    Raises
    ------
    SchemaError
        There is none.

    Examples
    --------
    >>> print(general("average-reward").chains[0].statement)
    J == rbar == sum[s] mu(s) * r_pi(s)
    """
    objective = Objective.parse(objective)
    if objective.definition.proved is None:
        written = ", ".join(o for o in Objective if o.definition.proved)
        raise SchemaError(
            f"no proof for {objective} is written; there are {written}. Choose one of them",
            where="objective",
        )
    return Derivation(f"Policy gradient theorem, {objective}", objective, _script(objective).blocks)


def theorem(objective: Objective) -> Chain:
    """What the proof proves, as one line."""
    proved = objective.definition.proved
    assert proved is not None
    statement = parse(proved)
    return Chain(Statement(statement.terms, statement.relations, (), ("",), statement.source), objective)


@cache
def _script(objective: Objective) -> Script:
    name = f"{objective}.claims"
    text = files("pgsym.claims.derivation.proofs").joinpath(name).read_text(encoding="utf-8")
    return Script.parse(text, name)
