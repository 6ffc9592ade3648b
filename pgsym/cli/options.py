"""The options and arguments that several commands share."""

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
Trusted = Annotated[
    bool, typer.Option("--trust-file", help="The model file is your own: read any number of formulas, however long.")
]
NotationName = Annotated[
    str | None,
    typer.Option(
        "--notation", help="LaTeX as in sutton-barto, silver, spinning-up, or a file with a table.", show_default=False
    ),
]
Samples = Annotated[int, typer.Option("-n", "--samples", help="Trajectories to sample.")]
Seed = Annotated[int, typer.Option(help="Seed of the sampler; same seed, same numbers.")]
Horizon = Annotated[int | None, typer.Option(help="Steps of a trajectory; by default so many that little is cut off.")]
EstimatorText = Annotated[
    str,
    typer.Argument(
        metavar="[ESTIMATOR]",
        help="A name from `pgsym estimators`, with -undiscounted behind it without gamma^t, or a text of your own: "
        '"sum[t] grad log pi(a_t|s_t) * G_t".',
    ),
]
Let = Annotated[
    list[str] | None,
    typer.Option(
        "--let",
        metavar="NAME=VALUE",
        help='What a name of the estimator stands for, e.g. "b(s)=V(s)", lambda=19/20, n=3, by state "v(s1)=2"; '
        "without a value: a symbol. Can be given several times.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; the schema is described in docs/cli.md.")]

DEFAULT_SAMPLES = 100_000
