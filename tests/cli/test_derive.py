"""`pgsym derive`: the formats, the levels, the PDF, and wrong input."""

import subprocess

import pytest
from skips import NEEDS_TEX

from pgsym.reports import files


def test_terminal_shows_text_that_check_proves(run, tmp_path):
    status, out, err = run("derive", "short-corridor")
    assert (status, err) == (0, "")
    assert out.startswith("# Policy gradient of short-corridor: start-state\n")
    path = tmp_path / "derivation.claims"
    path.write_text(out, encoding="utf-8")
    status, checked, _ = run("check", "short-corridor", path)
    assert status == 0
    assert checked.rstrip().endswith("relations: 101 proved")


@pytest.mark.parametrize(
    ("suffix", "begins"),
    [(".tex", "\\documentclass"), (".md", "# Policy gradient"), (".html", "<!DOCTYPE html>"), (".claims", "# Policy")],
)
def test_suffix_chooses_the_format(run, tmp_path, suffix, begins):
    path = tmp_path / f"derivation{suffix}"
    status, out, err = run("derive", "sign-flip", "-o", path)
    assert (status, out, err) == (0, "", f"wrote {path}\n")
    assert path.read_text(encoding="utf-8").startswith(begins)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_levels(run):
    general = run("derive", "cliff", "--level", "general")[1]
    assert "## Proof" in general
    assert "## In this model" not in general
    status, _, err = run("derive", "cliff", "--level", "model")
    assert status == 2
    assert "sums are written out for up to 12 and 20. Derive it with level general" in err


def test_a_claim_of_ones_own(run, tmp_path):
    """Its proof is found, and its lines hold on the model; by name, a theorem brings its objective."""
    status, out, err = run("derive", "two-state", "--claim", "J = sum[s] eta(s) * r_pi(s)")
    assert (status, err) == (0, "")
    assert "# Bellman's equation (times `eta(s) * pi(a|s)`" in out
    assert 'J = mu0("x") * V("x")' in out or 'J = V("x")' in out
    status, out, _ = run("derive", "two-state", "--claim", "poisson-equation", "--level", "general")
    assert status == 0
    assert "objective average-reward" in out
    path = tmp_path / "proof.tex"
    status, out, err = run("prove", "flow", "-o", path)
    assert (status, err) == (0, f"wrote {path}\n")
    assert "balance of visits" in out
    assert path.read_text(encoding="utf-8").startswith("\\documentclass")


@NEEDS_TEX
def test_pdf_is_written(run, tmp_path):
    path = tmp_path / "derivation.pdf"
    status, out, err = run("derive", "short-corridor", "--pdf", path)
    assert (status, out, err) == (0, "", f"wrote {path}\n")
    assert path.read_bytes().startswith(b"%PDF")


def test_without_an_engine_a_pdf_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.setattr(files.shutil, "which", lambda name: None)
    status, _, err = run("derive", "sign-flip", "--pdf", tmp_path / "x.pdf")
    assert status == 2
    assert "x.pdf: none of tectonic, pdflatex, lualatex, xelatex is installed; a PDF needs one" in err


def test_failing_engine_is_one_message(run, tmp_path, monkeypatch):
    monkeypatch.setattr(files.shutil, "which", lambda name: name)
    done = subprocess.CompletedProcess([], 1, stdout=b"...\n! Undefined control sequence.\n")
    monkeypatch.setattr(files.subprocess, "run", lambda *args, **options: done)
    status, _, err = run("derive", "sign-flip", "--pdf", tmp_path / "x.pdf")
    assert status == 2
    assert "x.pdf: tectonic failed: Undefined control sequence. Write the .tex file" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("short-corridor", "-o", "x.docx"), "x.docx: found .docx; must be one of .tex, .md, .html, .claims, .pdf"),
        (("short-corridor", "-o", "x"), "x: found no suffix"),
        (("short-corridor", "-o", "absent/x.tex"), "cannot be written (No such file or directory)"),
        (("short-corridor", "--level", "all"), "level: found 'all'"),
        (("short-corridor", "-J", "average-reward"), "a stationary distribution needs a continuing MDP"),
        (("kakade", "-J", "start-state"), "the model has no start distribution"),
    ],
)
def test_wrong_input_is_one_message(run, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    status, out, err = run("derive", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
