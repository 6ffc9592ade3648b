"""Pages with commands and what they print: ```console blocks that begin with ``$ pgsym ...``."""

import re
from pathlib import Path

BLOCK = re.compile(r"```console\n\$ pgsym (?P<command>[^\n]*)\n(?P<output>.*?)```", re.DOTALL)


def transcripts(page: Path) -> list[tuple[str, str]]:
    """(command, output) of every block."""
    return [(m["command"], m["output"]) for m in BLOCK.finditer(page.read_text(encoding="utf-8"))]


def rewritten(page: Path, outputs: dict[str, str]) -> str:
    """The page with other outputs."""

    def change(m: re.Match[str]) -> str:
        return f"```console\n$ pgsym {m['command']}\n{outputs[m['command']]}```"

    return BLOCK.sub(change, page.read_text(encoding="utf-8"))
