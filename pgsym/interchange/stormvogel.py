"""stormvogel's models in and out; probabilities are fractions, formulas are text."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from pgsym.errors import FormulaError, SchemaError, StructureError
from pgsym.expression.complaint import nearest
from pgsym.expression.exact import to_expr
from pgsym.expression.grammar import unparse
from pgsym.interchange.extras import optional
from pgsym.interchange.reductions import averaged, merged, pair_reward, require_one_start, undiscounted
from pgsym.model.mdp import MDP

TARGET = "a stormvogel model"


def to_stormvogel(mdp: MDP, *, discount: str | None = None, average: bool = False) -> Any:
    """The MDP as a `stormvogel.model.Model`.

    Terminal states are labelled ``terminal`` and stay; the start state is labelled ``init``; names become text.

    Parameters
    ----------
    discount, average
        As for `pgsym.interchange.drn.dumps`.

    Raises
    ------
    MissingExtraError
        stormvogel is not installed.
    DiscountError, StructureError
        A discount factor, a start distribution, or rewards that a stormvogel model has no place for.
    """
    stormvogel = optional("stormvogel.model", "neighbours", "stormvogel models")
    mdp = merged(undiscounted(averaged(mdp) if average else mdp, discount, TARGET))
    require_one_start(mdp, TARGET)
    if len({str(s) for s in mdp.states}) < len(mdp.states):
        raise StructureError("two names are written alike; names are text there. Rename one", where="states")
    model = stormvogel.new_mdp(create_initial_state=False)
    states = {}
    for s in mdp.states:
        labels = [label for label, given in (("init", s in mdp.start), ("terminal", s in mdp.terminal)) if given]
        states[s] = model.new_state(labels=labels, name=str(s))
    rewards = model.add_rewards("reward")
    for s in mdp.states:
        branches: dict[Any, Any] = {}
        paid: dict[Any, sp.Expr] = {}
        if s in mdp.terminal:
            branches[stormvogel.EmptyAction] = stormvogel.Branch([(1, states[s])])
            paid[stormvogel.EmptyAction] = sp.Integer(0)
        for a in mdp.actions(s):
            action = model.new_action(str(a))
            paid[action] = pair_reward(mdp, s, a, TARGET)
            branches[action] = stormvogel.Branch([(_number(p), states[t]) for t, p, _ in mdp.outcomes(s, a)])
        if len(branches) < len(mdp.actions(s)):
            raise StructureError("two actions are written alike; names are text there. Rename one", where=s)
        model.set_transitions(states[s], stormvogel.Transition(branches))
        for action, r in paid.items():
            rewards.set_state_action_reward(states[s], action, _number(r))
    return model


def _number(expr: sp.Expr) -> Fraction | str:
    if isinstance(expr, sp.Rational):
        return Fraction(int(expr.p), int(expr.q))
    if expr.has(sp.exp):
        raise FormulaError(
            f"found {expr}; stormvogel has rational functions. Put a symbol in place of the exponential", where="reward"
        )
    return unparse(expr)


def from_stormvogel(model: Any, *, rewards: str | None = None) -> MDP:
    """The MDP of a stormvogel model, an MDP or a DTMC; states that only stay, without a reward, are terminal.

    Floats are read as the simplest rationals nearby, text as formulas.

    Parameters
    ----------
    rewards
        The reward model, where there are several.

    Raises
    ------
    SchemaError
        A model of another type, or several reward models and `rewards` names none.
    ModelError
        The entries do not make an MDP.
    """
    kind = model.get_type().name
    if kind not in ("MDP", "DTMC"):
        raise SchemaError(f"found a {kind}; MDP or DTMC is required. Make a discrete-time model", where="model")
    known = [r.name for r in model.rewards]
    if (rewards is None and len(known) > 1) or (rewards is not None and rewards not in known):
        found = f"found {rewards!r}" if rewards is not None else f"the model has {len(known)} reward models"
        raise SchemaError(
            f"{found}; {nearest(rewards or '', known, 'they are')}. Name one with rewards=", where="rewards"
        )
    paid: dict[Any, Any] = next((r.rewards for r in model.rewards if r.name == (rewards or r.name)), {})
    rows, terminal, start = [], [], []
    for i, state in model.states.items():
        if "init" in state.labels:
            start.append(state.name)
        if i not in model.transitions:
            raise StructureError(
                "the state has no transition; each state leads on. Call add_self_loops()", where=state.name
            )
        own = []
        for k, (action, branch) in enumerate(model.transitions[i].transition.items()):
            word = ",".join(sorted(action.labels)) or f"a{k}"
            r = _expr(paid.get((i, action), 0))
            own += [(state.name, word, target.name, _expr(p), r) for p, target in branch.branch]
        if all(t == state.name and r == 0 for _, _, t, _, r in own):
            terminal.append(state.name)
        else:
            rows += own
    if len(start) > 1:
        raise StructureError(
            f"found {len(start)} states labelled init, without probabilities; one start is required. Remove labels",
            where="start",
        )
    names = [state.name for state in model.states.values()]
    return MDP.from_transitions(rows, start=start[0] if start else None, terminal=terminal, states=names)


def _expr(value: Any) -> sp.Expr:
    """Exactly; a model written in floats cannot be written otherwise, so no warning."""
    return to_expr(0 if value is None else value)
