"""Storm's own models through stormpy, and PRISM programs, which Storm builds, over DRN text; stormvogel's models."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError, SchemaError, StructureError, optional
from pgsym.expression.complaint import nearest
from pgsym.expression.exact import to_expr
from pgsym.model.files import drn
from pgsym.model.mdp import MDP
from pgsym.model.problem import Problem, ProblemLike
from pgsym.model.reductions import explicit, pair_reward


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

    Raises
    ------
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
    """The MDP of a PRISM program, built by Storm; states are called by their variables' values, ``x=1 & y=0``.

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
    if not os.path.isfile(path):
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


TARGET = "a stormvogel model"


def to_stormvogel(problem: ProblemLike, *, discount: str | None = None, average: bool = False) -> Any:
    """The MDP as a `stormvogel.model.Model`.

    Terminal states are labelled ``terminal`` and stay; the start state is labelled ``init``; names become text.

    Parameters
    ----------
    discount, average
        As for `save`.

    Returns
    -------
    stormvogel.model.Model
        An MDP.

    Raises
    ------
    DiscountError, StructureError
        A discount factor, a start distribution, or rewards that a stormvogel model has no place for.

    See Also
    --------
    from_stormvogel : The way back.
    """
    stormvogel = optional("stormvogel.model", "neighbours", "stormvogel models")
    mdp = explicit(Problem.of(problem).mdp, TARGET, discount=discount, average=average)
    if len({str(s) for s in mdp.states}) < len(mdp.states):
        raise StructureError("two names are written alike; names are text there. Rename one", where="states")
    model = stormvogel.new_mdp(create_initial_state=False)
    for symbol in mdp.symbols:
        model.declare_parameter(symbol.name)
    states = {}
    for s in mdp.states:
        labels = [label for label, given in (("init", s in mdp.start), ("terminal", s in mdp.terminal)) if given]
        states[s] = model.new_state(labels=labels, friendly_name=str(s))
    rewards = model.new_reward_model("reward")
    for s in mdp.states:
        choices: dict[Any, Any] = {stormvogel.EmptyAction: [(1, states[s])]} if s in mdp.terminal else {}
        for a in mdp.actions(s):
            action = model.new_action(str(a))
            choices[action] = [(_number(p), states[t]) for t, p, _ in mdp.outcomes(s, a)]
            paid = _number(pair_reward(mdp, s, a, TARGET))
            for _, t in choices[action]:
                rewards.set_transition_reward(states[s], action, t, paid)
        if len(choices) < len(mdp.actions(s)):
            raise StructureError("two actions are written alike; names are text there. Rename one", where=s)
        model.set_choices(states[s], choices)
    return model


def _number(expr: sp.Expr) -> Fraction | sp.Expr:
    if isinstance(expr, sp.Rational):
        return Fraction(int(expr.p), int(expr.q))
    if expr.has(sp.exp):
        raise FormulaError(
            f"found {expr}; stormvogel has rational functions. Put a symbol in place of the exponential", where="reward"
        )
    return expr


def from_stormvogel(model: Any, *, rewards: str | None = None) -> MDP:
    """The MDP of a stormvogel model, an MDP or a DTMC; states that only stay, without a reward, are terminal.

    Parameters
    ----------
    rewards
        The reward model, where there are several.

    Returns
    -------
    MDP

    Raises
    ------
    SchemaError
        A model of another type, or several reward models and `rewards` names none.

    See Also
    --------
    to_stormvogel : The way back.
    """
    kind = model.model_type.name
    if kind not in ("MDP", "DTMC"):
        raise SchemaError(f"found a {kind}; MDP or DTMC is required. Make a discrete-time model", where="model")
    known = [r.name for r in model.rewards]
    if (rewards is None and len(known) > 1) or (rewards is not None and rewards not in known):
        found = f"found {rewards!r}" if rewards is not None else f"the model has {len(known)} reward models"
        raise SchemaError(
            f"{found}; {nearest(rewards or '', known, 'they are')}. Name one with rewards=", where="rewards"
        )
    paid = next((r for r in model.rewards if r.name == (rewards or r.name)), None)
    names = {state: state.friendly_name or str(k) for k, state in enumerate(model.states)}
    if len(set(names.values())) < len(names):
        raise StructureError("two states are called alike; names must be distinct. Rename one", where="states")
    rows, terminal, start = [], [], []
    for state, name in names.items():
        start += [name] if "init" in state.labels else []
        if not state.has_choices():
            raise StructureError("the state has no transition; each state leads on. Call add_self_loops()", where=name)
        own = []
        for k, (action, branch) in enumerate(model.transitions[state]):
            for p, target in branch:
                parts = (
                    (paid.get_state_reward(state), paid.get_transition_reward(state, action, target)) if paid else ()
                )
                r = sp.Add(*(to_expr(part or 0) for part in parts))
                own.append((name, action.label or f"a{k}", names[target], to_expr(p), r))
        if all(t == name and r == 0 for _, _, t, _, r in own):
            terminal.append(name)
        else:
            rows += own
    if len(start) > 1:
        raise StructureError(
            f"found {len(start)} states labelled init, without probabilities; one start is required. Remove labels",
            where="start",
        )
    return MDP.from_transitions(rows, start=start[0] if start else None, terminal=terminal, states=list(names.values()))
