"""Ctrl-C ends a command with one line and the shells' status, whatever still runs in other threads."""

import subprocess
import sys

import pytest

STOPPED = """
import sys
from pgsym.cli import app, main

@app.command()
def stop() -> None:
    raise {exception}

sys.argv = ["pgsym", "stop"]
main()
"""


@pytest.mark.parametrize("exception", ["KeyboardInterrupt", "__import__('typer').Abort"])
def test_interrupt_is_one_line_and_status_130(exception):
    script = STOPPED.format(exception=exception)
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "interrupted\n")
