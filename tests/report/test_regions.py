"""Where in the parameters: bands between exact break points, and commands that show a counterexample again."""

import math
import re
import shlex

import pytest
from typer.testing import CliRunner

import pgsym
from pgsym.claims.blocks import Command, DataTable, Figure, Note
from pgsym.claims.decide import decide
from pgsym.cli import app
from pgsym.reports.page.quantities import Writer
from pgsym.reports.page.regions import best, claims, command
from pgsym.reports.page.theorem import ruling


def machine():
    rows = [
        ("works", "run", "works", "1 - p", 1),
        ("works", "run", "broken", "p", 1),
        ("works", "service", "works", 1, 0),
    ]
    rows += [("broken", "repair", "works", 1, -2), ("broken", "wait", "broken", 1, 0)]
    return pgsym.Problem(pgsym.MDP.from_transitions(rows, start="works", gamma="9/10", symbols={"p": "0 < p < 1"}))


def edges(figure):
    """Left and right ends of the shaded parts inside the frame."""
    found = re.findall(r'<rect class="f c\d" x="([\d.]+)" y="40.0" width="([\d.]+)"', figure.svg)
    return [(float(x), float(x) + float(width)) for x, width in found]


def test_optimal_actions_of_a_symbol_are_bands_up_to_the_break_point():
    blocks = list(best(Writer(machine())))
    (figure,) = [block for block in blocks if isinstance(block, Figure)]
    first, second = edges(figure)
    # The frame reaches from 74 to 744 for p from 0 to 1; 7/18 is where repair and waiting are worth the same.
    assert first == pytest.approx((74, 74 + 670 * 7 / 18), abs=0.2)
    assert second == pytest.approx((74 + 670 * 7 / 18, 744), abs=0.2)
    assert r"\fill[series0, opacity=0.16]" in figure.tikz
    (table,) = [block for block in blocks if isinstance(block, DataTable)]
    assert [row[1] for row in table.rows] == ["broken: repair", "broken: repair or wait", "broken: wait"]


def test_optimal_policies_of_two_symbols_say_why_they_are_not_there():
    (note,) = best(Writer(pgsym.zoo("recycling-robot")))
    assert isinstance(note, Note)
    assert note.text.startswith("Not computed: ")


def test_a_claim_is_true_between_its_break_points():
    problem = pgsym.zoo("short-corridor")
    verdict = decide(problem, "J >= -15")
    # J = -2 (1 + x) (2 + x) / x is -15 at x = 1/2 and x = 4.
    ((symbol, low, high),) = verdict.bands
    assert symbol == problem.policy.params[0]
    assert (low, high) == pytest.approx((-math.log(2), math.log(4)))
    blocks = list(claims(Writer(problem), [verdict], lambda found: ruling(found, Writer(problem))))
    (figure,) = [block for block in blocks if isinstance(block, Figure)]
    (band,) = edges(figure)
    assert band == pytest.approx((74 + 670 * (4 + low) / 8, 74 + 670 * (4 + high) / 8), abs=0.2)


def test_a_claim_that_is_proved_has_no_bands():
    verdict = decide(pgsym.zoo("short-corridor"), "J <= 0")
    assert verdict.proved
    assert verdict.bands == ()


@pytest.mark.parametrize(("name", "objective"), [("sign-flip", "stationary-value"), ("two-state", "stationary-value")])
def test_the_command_of_a_counterexample_shows_it_again(name, objective):
    problem = pgsym.zoo(name).replace(objective=objective)
    verdict = pgsym.verify(problem)
    found = command(problem, verdict)
    assert isinstance(found, Command)
    _, *arguments = shlex.split(found.text)
    run = CliRunner().invoke(app, arguments)
    assert run.exit_code == 1
    point = ", ".join(f"{s} = {v}" for s, v in verdict.witness.point.items())
    assert f"at {point}" in run.output
