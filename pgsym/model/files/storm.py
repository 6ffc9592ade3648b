"""Storm's own models through stormpy, and PRISM programs, which Storm builds; DRN text is the bridge."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pgsym.errors import SchemaError, optional
from pgsym.model.files import drn
from pgsym.model.mdp import MDP
from pgsym.model.problem import Problem, ProblemLike


def to_stormpy(problem: ProblemLike, *, discount: str | None = None, average: bool = False) -> Any:
    """The model in Storm: parametric where it has symbols, else with exact rationals.

    Parameters
    ----------
    discount, average
        As for `save`.

    Returns
    -------
    stormpy.SparseMdp
        Or its parametric or exact kind.

    Raises
    ------
    MissingExtraError
        stormpy is not installed.
    ModelError
        Something that Storm has no place for, as for DRN files.

    See Also
    --------
    from_stormpy : The way back.
    save : The same as a DRN file.

    References
    ----------
    Hensel, Junges, Katoen, Quatmann & Volk, The probabilistic model checker Storm, STTT 24, 2022.
    """
    stormpy = optional("stormpy", "neighbours", "Storm's models")
    developer = optional("stormpy.developer", "neighbours", "Storm's models")
    options = developer.DirectEncodingParserOptions()
    options.build_choice_labeling = True
    mdp = Problem.of(problem).mdp
    kind = stormpy.RationalFunction if mdp.symbols else stormpy.Rational
    text = drn.dumps(mdp, discount=discount, average=average)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.drn"
        path.write_text(text, encoding="utf-8")
        return _asked(lambda: stormpy.build_model_from_drn[kind](path, options=options), "model")


def from_stormpy(model: Any, *, rewards: str | None = None, where: str | None = None) -> MDP:
    """The MDP of a sparse model of Storm, a DTMC or an MDP.

    Parameters
    ----------
    rewards
        The reward model, where there are several.
    where
        Begins every message.

    Returns
    -------
    MDP
        With exact numbers.

    Raises
    ------
    MissingExtraError
        stormpy is not installed.
    SchemaError
        A model of another type, such as a CTMC.

    See Also
    --------
    to_stormpy : The way back.
    load_prism : From a program.
    """
    io = optional("stormpy.io", "neighbours", "Storm's models")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.drn"
        _asked(lambda: io.export_to_drn(model, path), where or "model")
        return drn.loads(path.read_text(encoding="utf-8"), rewards=rewards, where=where)


def load_prism(path: str | os.PathLike[str], *, constants: str = "", rewards: str | None = None) -> MDP:
    """The MDP of a PRISM program, built by Storm; constants without a value become symbols.

    States are called by the values of their variables, ``x=1 & y=0``.

    Parameters
    ----------
    constants
        Values of constants: ``"n=4,p=1/3"``.
    rewards
        The reward structure, where there are several.

    Returns
    -------
    MDP
        With a symbol for each constant without a value.

    Raises
    ------
    MissingExtraError
        stormpy is not installed.
    SchemaError
        The file is no PRISM program that Storm can build.

    See Also
    --------
    load : Files that need no Storm.

    References
    ----------
    Kwiatkowska, Norman & Parker, PRISM 4.0: verification of probabilistic real-time systems, CAV 2011.
    """
    stormpy = optional("stormpy", "neighbours", "PRISM programs")
    path = Path(path)
    if not path.is_file():
        raise SchemaError("cannot be read (no such file). Check the path", where=str(path))

    def build() -> Any:
        program = stormpy.parse_prism_program(str(path))
        if constants:
            program, _ = stormpy.instantiate_constants(program, constants)
        return stormpy.build_model[stormpy.RationalFunction](program, options=stormpy.BuilderOptions(build_full=True))

    return from_stormpy(_asked(build, path.name), rewards=rewards, where=path.name)


def _asked(ask: Callable[[], Any], where: str) -> Any:
    """Storm's answer; its refusals are RuntimeErrors, with their reason on the first line."""
    try:
        return ask()
    except (RuntimeError, optional("stormpy.exceptions", "neighbours", "Storm's models").StormError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise SchemaError(
            f"Storm refuses it ({reason}); a model that it can build is required. Correct it", where=where
        ) from None
