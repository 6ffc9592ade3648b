"""Arguments and options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

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
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; the schema is described in docs/cli.md.")]
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
