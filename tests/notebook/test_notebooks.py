"""The notebooks of examples/ run from top to bottom, in any directory, and show what their text says."""

import json
from pathlib import Path

import pytest
from skips import needs

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
SECONDS = 200
"""Of one cell; each notebook takes some seconds on an idle core."""

SHOWN = {
    "lecture": [
        "mu     = {'x': 33/83, 'y': 50/83}",
        "**proved** by normal form",
        "**refuted** by normal form",
        r"\frac{10120}{6889}$ | $\frac{9988}{71961}",
        r"$$\nabla J = \frac{1}{1 - \gamma} \, \sum_{s} \mu(s) \, \sum_{a} \nabla \pi(a \mid s) \, Q(s, a) + "
        r"\sum_{s} \nabla \mu(s) \, V(s)$$",
        "log-odds        0: grad J = 1/6, the note's sum = -1/84",
    ],
    "is_my_estimator_biased": [
        "missing-gamma-t + mean-over-steps, in reward-to-go (it gives the same estimate on every batch)",
        "terminal: unbiased, truncated: unbiased, discounted: unbiased, random-rewards: unbiased, aliased: unbiased",
        "relative bias 3.42, exactly (81 batches of 4 enumerated)",
        "truth [0.0625]",
    ],
    "custom_mdp": [
        "J = 1380/247",
        "repairing pays up to c = 270/67",
        "**proved** by normal form",
        "sampled gradient consistent with the exact one",
    ],
}
PICTURES = {"lecture": 1, "is_my_estimator_biased": 2, "custom_mdp": 2}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_is_committed_without_outputs(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert [c["id"] for c in cells if c.get("outputs") or c.get("execution_count")] == []
    assert path.stat().st_size < 20_000


def test_every_notebook_is_checked():
    assert {path.stem for path in NOTEBOOKS} == set(SHOWN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_shows_exact_results(path, tmp_path, monkeypatch):
    nbformat = needs("nbformat")
    nbclient = needs("nbclient")
    needs("ipykernel")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(tmp_path)}}
    # An error in a cell is a CellExecutionError, with the cell and its traceback.
    nbclient.NotebookClient(notebook, timeout=SECONDS, kernel_name="python3", resources=where).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    shown = "\n".join(text for output in outputs for text in texts(output))
    assert [text for text in SHOWN[path.stem] if text not in shown] == []
    assert sum("image/svg+xml" in output.get("data", {}) for output in outputs) == PICTURES[path.stem]
    assert [output.text for output in outputs if output.output_type == "stream" and output.name == "stderr"] == []


def texts(output):
    """What an output shows: a stream, or the richest text of a display."""
    if output.output_type == "stream":
        return [output.text]
    return [
        output.data[kind] for kind in ("text/html", "text/markdown", "text/plain") if kind in output.get("data", {})
    ]
