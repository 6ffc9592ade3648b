"""The file as a reader finds it: tables, merges, exact beside sampled, table, JSON and plot."""

import sqlite3

import numpy as np
import pytest
from skips import needs

from pgsym.errors import StudyError
from pgsym.reports.terminal import result_table
from pgsym.sampling.moments import ExactMoments
from pgsym.study import Store, StudyResult, run_study
from pgsym.study.result import COLUMNS, save
from pgsym.study.summary import exact_law, summarise


def test_parts_of_a_run_merge_in_any_order(whole):
    (run,) = whole.rows("SELECT run FROM part GROUP BY run HAVING count(*) > 1 LIMIT 1")
    parts = [part.moments for part in whole.parts(run["run"])]
    assert [part.n for part in parts] == [100, 50]
    there, back = ExactMoments.of(parts).rounded(), ExactMoments.of(parts[::-1]).rounded()
    assert (there.mean == back.mean).all()
    assert (there.M2 == back.M2).all()
    (kept,) = whole.rows("SELECT gradient, J FROM run_result WHERE run = ?", (run["run"],))
    assert np.frombuffer(kept["gradient"], "<f8").tolist() == there.mean[:-1].tolist()
    assert kept["J"] == there.mean[-1]


def test_results_follow_from_the_runs(whole):
    for cell in whole.rows("SELECT * FROM cell JOIN cell_result USING (cell) ORDER BY cell"):
        runs = whole.rows("SELECT gradient FROM run JOIN run_result USING (run) WHERE cell = ?", (cell["cell"],))
        means = np.array([np.frombuffer(run["gradient"], "<f8") for run in runs])
        truth = exact_law(whole.study, whole.study.settings[cell["setting"]]).gradient
        assert cell["variance"] == pytest.approx(means.var(axis=0, ddof=1).sum())
        assert cell["bias"] == pytest.approx(np.linalg.norm(means.mean(axis=0) - truth))
        assert cell["mse"] == pytest.approx(((means - truth) ** 2).sum() / len(means))
        assert cell["noise"] == pytest.approx(np.sqrt(cell["trace"] / (cell["n"] * len(means))))


def test_sampled_agrees_with_exact(whole):
    rows = whole.rows("SELECT * FROM coordinate_result ORDER BY cell, place")
    assert len(rows) == 4
    for row in rows:
        # 4 coordinates, two-sided: P(|z| > 5.2) = 2e-7 each.
        assert abs(row["mean"] - row["exact_mean"]) < 5.2 * row["standard_error"]
    # The mutant: the other coordinate's mean is rejected at 900 trajectories.
    first, second = rows[2:]
    assert abs(first["mean"] - second["exact_mean"]) > 5.2 * first["standard_error"]


def test_summary_is_reproducible_and_finish_replaces_it(small, whole, tmp_path):
    assert summarise(whole) == summarise(whole)
    path = run_study(small, tmp_path / "copy.sqlite", workers=0, progress=False).path
    before = path.read_bytes()
    assert run_study(small, path, workers=0, progress=False).path == path
    assert path.read_bytes() == before


def test_a_reader_needs_sql_only(whole):
    with sqlite3.connect(whole.path) as db:
        rows = db.execute("SELECT model, n, trace, exact_trace FROM result ORDER BY n").fetchall()
    db.close()
    assert [(row[0], row[1]) for row in rows] == [("two-state", 40), ("two-state", 150)]
    assert all(trace == pytest.approx(exact, rel=0.5) for _, _, trace, exact in rows)


def test_table_and_json(whole):
    found = StudyResult(whole.path)
    head, *rows = found.cells()
    assert head == COLUMNS
    assert [len(row) for row in rows] == [len(COLUMNS)] * 2
    assert rows[0][:4] == ("two-state", "reward-to-go", "40", "6")
    assert result_table(found)
    data = found.to_json()
    assert (data["finished"], data["trajectories"]) == (True, {"done": 1140, "planned": 1140})
    assert data["results"][0]["estimator"]["name"] == "reward-to-go"


def test_plot_shows_every_setting(whole, tmp_path):
    needs("matplotlib")
    found = StudyResult(whole.path)
    left, right = found.plot().axes
    assert left.get_title(loc="left") == "two-state"
    # The exact variance is tr Cov / n.
    (line,) = [line for line in right.get_lines() if line.get_label() == "reward-to-go"]
    # Twelve steps leave out so much that the exact bias is in the picture.
    assert not left.texts
    (trace,) = whole.rows("SELECT trace FROM exact")
    np.testing.assert_allclose(line.get_ydata(), [trace["trace"] / 40, trace["trace"] / 150])
    save(found, tmp_path / "plot.svg")
    assert (tmp_path / "plot.svg").read_text(encoding="utf-8").startswith("<?xml")
    with pytest.raises(StudyError, match=r"found '\.xyz'; a plot's ending is one of \.pdf, \.png, \.svg"):
        save(found, tmp_path / "plot.xyz")


# -- files that are not this study's ------------------------------------------------------------------------


def test_another_study_is_refused(whole, small, tmp_path):
    other = type(small)(**{**vars(small), "seed": 5, "name": "other"})
    with pytest.raises(
        StudyError, match=r"holds the study 'small' with fingerprint \w{12}; this one, 'other', has \w{12}"
    ):
        run_study(other, whole.path, workers=0)


def test_what_is_no_study_is_refused(small, tmp_path):
    with pytest.raises(StudyError, match=r"none\.sqlite: does not exist; a study file is needed"):
        Store.read(tmp_path / "none.sqlite")
    (tmp_path / "text").write_text("not a database, but long enough to be read as one\n" * 50)
    with pytest.raises(StudyError, match="is no study file"):
        Store.create(tmp_path / "text", small)
    with pytest.raises(StudyError, match="is no study file"):
        Store.read(tmp_path / "text")
    with sqlite3.connect(tmp_path / "other.sqlite") as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    with pytest.raises(StudyError, match="is not a study's; one has a table named study"):
        Store.create(tmp_path / "other.sqlite", small)
    with pytest.raises(StudyError, match="cannot be opened"):
        Store.create(tmp_path / "absent" / "s.sqlite", small)


def test_a_file_that_is_refused_is_closed(small, whole, tmp_path, monkeypatch):
    opened, connect = [], sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **options: opened.append(connect(*args, **options)) or opened[-1]
    )
    (tmp_path / "text").write_text("not a database, but long enough to be read as one\n" * 50)
    other = type(small)(**{**vars(small), "seed": 5})
    for refused in (lambda: Store.read(tmp_path / "text"), lambda: Store.create(whole.path, other)):
        with pytest.raises(StudyError):
            refused()
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            opened[-1].execute("SELECT 1")


def test_unfinished_study_has_no_plot_yet(small, tmp_path):
    needs("matplotlib")
    with Store.create(tmp_path / "s.sqlite", small) as store:
        assert store.trajectories() == (0, 1140)
    with pytest.raises(StudyError, match="0 of 1140 trajectories are drawn; a plot needs the finished study"):
        StudyResult(tmp_path / "s.sqlite").plot()


def test_workers_must_make_sense(small, tmp_path):
    with pytest.raises(StudyError, match=r"^workers: found -1; a number of processes, or 0 for this one, is required"):
        run_study(small, tmp_path / "s.sqlite", workers=-1)
