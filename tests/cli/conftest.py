"""Running a command in this process."""

import sys

import pytest

from pgsym.cli import main


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a command; gives (status, stdout, stderr)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["pgsym", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return call
