"""Charts: what is drawn lies in the frame, and the two formats agree."""

import math
import re
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest

from pgsym.reports.page.chart import HEIGHT, WIDTH, Curve, Interval, curves, intervals, ticks

NAN = math.nan


@pytest.mark.parametrize(
    ("low", "high"), [(-0.3, 9.1), (0, 0), (1e-9, 2e-9), (-5, -5), (1e6, 1e6 + 1), (-1e300, 1e300)]
)
def test_ticks_enclose_their_range(low, high):
    found = ticks(low, high)
    slack = 1e-9 * (found[1] - found[0])
    assert found[0] <= low + slack
    assert found[-1] >= high - slack
    assert 2 <= len(found) <= 13
    assert len({round((b - a) / (found[1] - found[0]), 6) for a, b in pairwise(found)}) == 1


def test_curves_stay_in_their_frame_and_end_where_they_end():
    figure = curves(
        [Curve("exact <&>", range(4), [0, 1, 2, NAN]), Curve("noisy", range(4), [0, 3, 1, 2], ([0, 9, 1, 2],))],
        "step", "J", "J along the paths", ("best", 5.0),
    )  # fmt: skip
    root = ET.fromstring(figure.svg)
    space = "{http://www.w3.org/2000/svg}"
    lines = [line.get("points").split() for line in root.iter(f"{space}polyline")]
    for x, y in (map(float, point.split(",")) for line in lines for point in line):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT
    # The run that reaches 9 leaves a frame that ends at 5.
    assert [len(line) for line in lines if len(line) > 2] == [3, 4]
    assert root.get("aria-label") == "J along the paths; lines are cut where they leave the frame"
    assert root.find(f"{space}desc").text == "J by step. exact <&>: from 0 to 2; noisy: from 0 to 2; best: 5."
    assert figure.tikz.count(r"\draw") == len(lines)
    assert r"exact \textless{}\&\textgreater{}" in figure.tikz


def test_what_differs_by_rounding_is_a_level():
    figure = curves([Curve("J", range(3), [1.0, 1.0 + 2e-16, 1.0])], "step", "J", "J")
    (points,) = [p for p in re.findall(r'points="([^"]*)"', figure.svg) if len(p.split()) > 2]
    assert len({point.split(",")[1] for point in points.split()}) == 1


def test_long_curves_are_thinned_but_keep_their_ends():
    figure = curves([Curve("J", range(5_000), [float(k) for k in range(5_000)])], "step", "J", "J")
    (points,) = [p for p in re.findall(r'points="([^"]*)"', figure.svg) if len(p.split()) > 2]
    assert len(points.split()) == 200
    assert max(map(len, figure.tikz.splitlines())) < 500


def test_intervals_say_how_many_contain_zero():
    found = [Interval("a", -1, 0.5, 2, 0), Interval("b", 1, 2, 3, 1), Interval("c", -3, -2, -1, 1)]
    figure = intervals(found, "difference", "Intervals", ("one", "two"))
    assert figure.description == "3 intervals; 1 contain 0, 2 do not."
    assert figure.svg.count("<circle") == figure.tikz.count(r"\fill") == 3 + 2
