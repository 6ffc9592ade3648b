"""MODEL and the options that several commands share, and the way from them to a problem and an estimator."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from pgsym.cli.app import AsJson as AsJson
from pgsym.cli.app import app
from pgsym.errors import SchemaError

if TYPE_CHECKING:
    from pgsym.model.estimator import Estimator
    from pgsym.model.mdp import MDP
    from pgsym.model.problem import Problem

_SPELLING = {
    "name": "--estimator",
    "lam": "--lambda",
    "n": "--n-step",
    "T": "--horizon",
    "horizon": "--horizon",
    "baseline": "--baseline",
    "critic": "--critic",
    "beta": "--beta",
    "discount_weight": "--no-discount-weight",
    "bootstrap": "--no-bootstrap",
    "stationary": "--stationary",
}
"""The options of commands that are fields of an estimator."""


def load_problem(
    model: str, objective: str | None, theta: str | None, gamma: str | None, values: str | None = None
) -> Problem:
    """MODEL with the options that replace parts of it; what nobody chose is said on standard error."""
    from pgsym.model.formats import locate

    problem = locate(model)
    if gamma is not None:
        problem = problem.replace(mdp=problem.mdp.replace(gamma=gamma))
    if objective is not None:
        problem = problem.replace(objective=objective)
    if theta is not None:
        given = {p.name: v for p, v in problem.theta.items()} | assignments(theta, "--theta")
        problem = problem.replace(theta=given)
    if values is not None:
        problem = problem.at(assignments(values, "--set"))
    if problem.assumption:
        print(problem.assumption, file=sys.stderr)
    return problem


def load_estimator(name: str, mdp: MDP, **options: Any) -> Estimator:
    """The estimator of that name with the options that were given; None and False stand for options that were not.

    >>> from pgsym.model.zoo import zoo
    >>> load_estimator("n-step", zoo("two-state").mdp, critic="x=1", no_discount_weight=True, n=3, lam=None)
    NStep(horizon=None, n=3, critic={'x': 1}, discount_weight=False, bootstrap=True)
    """
    from pgsym.model.estimator import find_estimator

    return find_estimator(name, _fields(mdp, options), spelling=_SPELLING)


def load_methods(names: str, mdp: MDP, **options: Any) -> dict[str, Any] | list[str]:
    """Methods of ascent by name, with commas; an option goes to each estimator that has it.

    >>> from pgsym.model.zoo import zoo
    >>> list(load_methods("exact, gae", zoo("two-state").mdp, lam="1/2").values())
    ['exact', GAE(horizon=None, lam=1/2, critic='exact', discount_weight=True, bootstrap=True)]
    """
    from dataclasses import fields

    from pgsym.model.estimator import ESTIMATORS, UNDISCOUNTED, find_estimator

    listed = [name.strip() for name in names.split(",") if name.strip()]
    given = _fields(mdp, options)
    found: dict[str, Any] = {name: name for name in listed}
    used: set[str] = set()
    for name in found:
        kind = ESTIMATORS.get(name.removesuffix(UNDISCOUNTED))
        if kind is not None:
            own = {field.name: given[field.name] for field in fields(kind) if field.name in given}
            used.update(own)
            found[name] = find_estimator(name, own, spelling=_SPELLING)
    for key in given:
        if key not in used:
            raise SchemaError("none of the methods has such an option. Leave it out", where=_SPELLING[key])
    # One that stands twice is refused where all methods are read.
    return found if len(found) == len(listed) else listed


def _fields(mdp: MDP, options: dict[str, Any]) -> dict[str, Any]:
    """Fields of an estimator from a command's options."""
    given = {key: value for key, value in options.items() if value is not None and value is not False}
    for key in ("baseline", "critic"):
        if key in given:
            given[key] = _state_function(given[key], mdp, _SPELLING[key])
    for key in ("discount_weight", "bootstrap"):
        if given.pop(f"no_{key}", None):
            given[key] = False
    return given


def _state_function(text: str, mdp: MDP, where: str) -> Any:
    """A number, "exact", or numbers by state."""
    if "=" not in text:
        return text
    found = {}
    for name, value in assignments(text, where).items():
        states = [s for s in mdp.states if str(s) == name]
        if not states:
            raise SchemaError(f"state {name!r} is unknown; write name=value,... Check its name", where=where)
        if len(states) > 1:
            meanings = " or ".join(map(repr, states))
            raise SchemaError(f"{name!r} can mean {meanings}; a name must mean one state. Rename one", where=where)
        found[states[0]] = value
    return found


def assignments(text: str, where: str) -> dict[str, str]:
    """``a=1,b=log(2)`` by name.

    >>> assignments("a=1,b=log(2)", "--theta")
    {'a': '1', 'b': 'log(2)'}
    """
    found: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, equals, value = part.partition("=")
        if not equals or not value.strip():
            raise SchemaError(f"found {part!r}; must read name=value. Write {where} 't=log(2),u=0'", where=where)
        found[name.strip()] = value.strip()
    return found


Model = Annotated[
    str,
    typer.Argument(
        help="A model file (.yaml, .json; .graphml, .drn, .prism), a name from `pgsym zoo`, a gymnasium environment "
        "with a table: gym:FrozenLake-v1, or all MDPs with 3 states and 2 actions: generic:3x2.",
        show_default=False,
    ),
]
ObjectiveName = Annotated[
    str | None,
    typer.Option("--objective", "-J", help="start-state, average-reward or stationary-value; the model's by default."),
]
Theta = Annotated[
    str | None,
    typer.Option(help='The point, e.g. "t=log(2),u=0"; parameters left out keep the model\'s value.'),
]
Gamma = Annotated[str | None, typer.Option(help="Discount factor: a number or a formula, e.g. 9/10 or gamma.")]
Values = Annotated[
    str | None,
    typer.Option("--set", help='Numbers for symbols of the model, e.g. "p=1/2,alpha=1/3".', metavar="TEXT"),
]
Samples = Annotated[int, typer.Option("-n", "--samples", help="Trajectories to sample.")]
Seed = Annotated[int, typer.Option(help="Seed of the sampler; same seed, same numbers.")]
Horizon = Annotated[int | None, typer.Option(help="Steps of a trajectory; by default so many that little is cut off.")]
EstimatorName = Annotated[
    str,
    typer.Option(
        help="reinforce, reward-to-go, advantage, actor-critic, n-step, gae, all-knowing or eligibility-trace; "
        "with -undiscounted behind it, without the weight gamma^t."
    ),
]
Lambda = Annotated[str | None, typer.Option("--lambda", help="lambda of gae; a number or a formula.")]
Rewards = Annotated[int | None, typer.Option("--n-step", help="Rewards of n-step before the critic takes over.")]
_BY_STATE = 'A number, "s1=-3,s2=1/2" by state, or "exact" for V.'
Baseline = Annotated[str | None, typer.Option(help=_BY_STATE, show_default=False)]
Critic = Annotated[str | None, typer.Option(help=_BY_STATE, show_default=False)]
Beta = Annotated[str | None, typer.Option(help="Decay of the eligibility trace.")]
NoDiscountWeight = Annotated[
    bool, typer.Option("--no-discount-weight", help="Leave out the weight gamma^t of each term.")
]

DEFAULT_SAMPLES = 100_000

EstimatorOptions = dict[str, Any]
"""Options of an estimator beside its name, for `load_estimator` and `load_methods`."""

_SHARED: dict[str, dict[str, tuple[Any, Any]]] = {
    "problem": {
        "model": (Model, inspect.Parameter.empty),
        "objective": (ObjectiveName, None),
        "theta": (Theta, None),
        "gamma": (Gamma, None),
        "values": (Values, None),
    },
    "options": {
        "lam": (Lambda, None),
        "n": (Rewards, None),
        "baseline": (Baseline, None),
        "critic": (Critic, None),
        "beta": (Beta, None),
        "no_discount_weight": (NoDiscountWeight, False),
    },
}
"""What a command's parameters `problem` and `options` stand for: annotation and default of each option."""


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Register a command; the options behind `problem` and `options` are declared and read here, once for all."""
    hints = get_type_hints(function, localns={"Problem": Any}, include_extras=True)
    own = {name: (hints[name], p.default) for name, p in inspect.signature(function).parameters.items()}
    declared: dict[str, tuple[Any, Any]] = {}
    for name, one in own.items():
        declared |= _SHARED.get(name, {name: one})

    @functools.wraps(function)
    def run(**given: Any) -> None:
        found = {name: {key: given.pop(key) for key in _SHARED[name]} for name in own if name in _SHARED}
        function(**found | {"problem": load_problem(**found["problem"])}, **given)

    del run.__wrapped__
    run.__annotations__ = {name: annotation for name, (annotation, _) in declared.items()}
    run.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in declared.items()
    ])  # fmt: skip
    return app.command()(run)
