"""Every command with its arguments and options, from the commands themselves."""

from __future__ import annotations

import typer.cli
import typer.main

import pgsym.cli


def markdown() -> str:
    """One section for each command, as typer documents it."""
    command = typer.main.get_command(pgsym.cli.app)
    text = typer.cli.get_docs_for_click(obj=command, ctx=typer.Context(command), name="pgsym")
    sections = text.partition("\n## ")[2].replace("docs/cli.md", "[here](cli.md)")
    listing = [f"| `{name}` | {_gist(one.help or '')} |" for name, one in command.commands.items()]
    return "\n".join(["| | |", "|---|---|", *listing, "", f"## {sections}"])


def _gist(text: str) -> str:
    """The first paragraph on one line."""
    return " ".join(text.partition("\n\n")[0].split())
