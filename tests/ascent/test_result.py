"""What an ascent looks like: text, notebook, plot, JSON."""

import sys

import pytest
from skips import needs

import pgsym
from pgsym.ascent import ascend
from pgsym.ascent.result import sparkline
from pgsym.display.figure import require_format
from pgsym.errors import MissingExtraError, SchemaError
from pgsym.model.files.atomic import write_figure


@pytest.fixture(scope="module")
def found():
    p = pgsym.zoo("short-corridor")
    return ascend(p, methods=["exact", "natural"], steps=20)


def test_text_is_a_table_with_a_curve(found):
    lines = str(found).splitlines()
    assert lines[0] == "method   step  J at the end  over seeds  |grad J|  cosine  J along the way"
    assert lines[1].startswith("exact     0.1      -11.6569")
    assert lines[1].endswith("█")
    assert lines[3:] == ["start-state: 20 steps of sgd from J = -12", "best policy of any kind: J = -3"]
    assert repr(found) == "Ascent(start-state, 20 steps, exact: J=-11.6569, natural: J=-11.6569)"


def test_notebook_gets_the_same_table(found):
    page = found._repr_html_()
    assert page.startswith("<table><tr>")
    assert "</table><p>start-state: 20 steps of sgd from J = -12<br>best policy" in page
    assert page.count("<tr>") == 3


def test_json_holds_every_path(found):
    data = found.to_json()
    assert (data["objective"], data["params"], data["steps"]) == ("start-state", ["theta"], 20)
    assert [path["label"] for path in data["paths"]] == ["exact", "natural"]
    assert data["paths"][0]["J"] == found.paths[0].J.tolist()
    assert data["paths"][0]["seed"] is None


def test_sparkline_of_a_constant_is_flat():
    assert sparkline([2.0, 2.0], 2.0, 2.0) == "▁▁"


def test_plot_draws_every_path_and_the_optimum(found):
    needs("matplotlib")
    (axes,) = found.plot().axes
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["exact", "natural", "best policy of any kind"]
    assert axes.lines[0].get_ydata().tolist() == found.paths[0].J.tolist()
    assert axes.lines[2].get_linestyle() == "--"
    assert axes.get_ylabel() == "J (start-state)"


def test_plot_draws_into_given_axes(found):
    needs("matplotlib")
    from matplotlib.figure import Figure

    figure = Figure()
    assert found.plot(figure.subplots()) is figure


def test_plot_is_written(found, tmp_path):
    needs("matplotlib")
    write_figure(tmp_path / "paths.svg", found.plot())
    assert "<svg" in (tmp_path / "paths.svg").read_text(encoding="utf-8")
    with pytest.raises(SchemaError, match=r"paths\.xyz'; a name must end in one of .*\.svg.*\. Use \.svg$"):
        require_format(tmp_path / "paths.xyz")


def test_missing_matplotlib_is_named(found, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingExtraError, match=r"^matplotlib: it is not installed; plots need it\. .* pgsym\[plot\]$"):
        found.plot()
