"""`pgsym check`: verdicts, exit status, exact defects, and every kind of wrong input; the lecture note's page."""

import json
import re
import shlex
from pathlib import Path

import pytest
from skips import NEEDS_TEX
from transcript import transcripts

from pgsym.reports import files

ROOT = Path(__file__).parent.parent.parent
NOTE = ROOT / "examples" / "lecture_note"
PAGE = NOTE / "README.md"


def test_true_claim(run):
    status, out, err = run("check", "two-state", "sum[s] mu(s) * V(s) = rbar / (1 - gamma)", "-J", "stationary-value")
    assert (status, err) == (0, "")
    assert "proved: normal form" in out
    assert out.endswith("1 relation: 1 proved\n")


def test_a_claim_may_begin_with_a_minus_sign(run):
    status, out, err = run("check", "two-state", "-grad J = -grad J")
    assert (status, err) == (0, "")
    assert "-grad J = -grad J" in out
    status, _, err = run("check", "two-state", "-x")
    assert (status, "No such option: -x" in err) == (2, True)


@pytest.mark.parametrize("formula", [r"$V(s) \leq 10$", r"V(s) \leq 10", r"$$V(s) \le 10$$", "$10 >= V(s)$"])
def test_a_formula_alone_is_a_statement(run, formula):
    status, out, _ = run("check", "two-state", formula)
    assert (status, "1 relation: 1 refuted" in out) == (1, True)


def test_declarations_of_a_claim_are_printed_with_it(run):
    _, out, _ = run("check", "two-state", "for all b(s), s: let c(s) = V(s) + b(s); c(s) = c(s) + sum[s] 0 * b(s)")
    assert out.splitlines()[4:8] == [
        "   for all b(s):",
        "   for all s:",
        "   let c(s) = V(s) + b(s);",
        "1  c(s) = c(s) + sum[s] 0 * b(s)",
    ]


def test_declarations_are_not_repeated_until_they_change(run, tmp_path):
    """What holds for one chain alone is printed each time; an index that no side leaves free is not."""
    path = tmp_path / "a.claims"
    path.write_text(
        "for all P', s:\n\nV'(s) = V'(s)\n\n"
        "let c(s) = V(s); J' = J' + 0 * sum[s] c(s)\n\nlet c(s) = V(s); c(s) = V(s)\n\n"
        "let c(s) = 2 * V(s); c(s) + J' = V(s) + V(s) + J'\n"
    )
    _, out, _ = run("check", "two-state", path)
    shown = [line.strip() for line in out.splitlines() if re.match(r" +(for all|let)", line)]
    assert shown == [
        *("for all P':", "for all s:"),
        *("for all P':", "let c(s) = V(s);"),
        "for all s:",
        *("for all P':", "for all s:", "let c(s) = 2 * V(s);"),
    ]


def test_lecture_note_has_the_numbers_of_both_lines(run):
    status, out, _ = run("check", "two-state", NOTE / "note.claims")
    assert status == 1
    lines = out.splitlines()
    first = next(k for k, line in enumerate(lines) if "refuted" in line)
    assert lines[first - 1].split() == shlex.split("13 = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)")
    assert lines[first + 1].strip() == "at theta_x = log(2), theta_y = -log(3)"
    assert lines[first + 2].split() == ["d/dtheta_x", "left", "10120/6889", "right", "9988/71961"]
    assert lines[first + 3].split() == ["d/dtheta_y", "left", "52875/13778", "right", "36225/95948"]
    assert lines[-1] == "10 relations: 7 proved, 3 refuted"


def test_sign_flips_below_four_sevenths(run):
    signs = {}
    for gamma in ("1/2", "4/7", "9/10"):
        out = run("check", "sign-flip", "grad J = sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)", "--gamma", gamma)[1]
        (values,) = (line.split() for line in out.splitlines() if line.strip().startswith("d/dtheta"))
        assert not values[2].startswith("-")
        signs[gamma] = values[4]
    assert signs == {"1/2": "-2/133", "4/7": "0", "9/10": "46/525"}


@pytest.mark.parametrize("command", [command for command, _ in transcripts(PAGE)])
def test_page_of_the_lecture_note_shows_what_is_printed(run, monkeypatch, command):
    monkeypatch.chdir(NOTE)
    expected = dict(transcripts(PAGE))[command]
    assert run(*shlex.split(command))[1].rstrip("\n") == expected.rstrip("\n")


@pytest.mark.parametrize("model", ["short-corridor", "two-state", "student"])
def test_repaired_start_state_holds_on_every_model(run, model):
    assert run("check", model, NOTE / "repaired-start-state.claims")[0] == 0


@pytest.mark.parametrize("objective", ["average-reward", "stationary-value"])
@pytest.mark.parametrize("model", ["two-state", "sign-flip", "recycling-robot"])
def test_other_repairs_hold_on_every_model(run, model, objective):
    assert run("check", model, NOTE / f"repaired-{objective}.claims")[0] == 0


def test_false_claim_names_the_factor_and_the_difference(run):
    status, out, _ = run("check", "two-state", "J = sum[s] mu(s) * r_pi(s)", "-J", "stationary-value")
    assert status == 1
    assert "true with the factor 1 / (1 - gamma) on the right" in out


def test_inapplicable_claim_says_why_and_counts_as_not_proved(run):
    status, out, _ = run("check", "short-corridor", "rbar = 0")
    assert status == 1
    assert "inapplicable: " in out
    assert "a stationary distribution needs a continuing MDP" in out


def test_theta_and_method_options(run):
    claim = "J = 2 * J"
    out = run("check", "short-corridor", claim, "--theta", "theta=log(2)", "--method", "identity test")[1]
    assert "at theta = log(2)" in out
    assert "refuted: identity test" in out
    proved = run("check", "short-corridor", "J = J", "--method", "identity test", "--error-bits", "200")[1]
    assert "error at most 2^-2" in proved


def test_json_is_complete(run):
    status, out, _ = run("check", "two-state", NOTE / "note.claims", "--json")
    data = json.loads(out)
    assert status == 1
    assert data["claims"] == "note.claims"
    assert (data["holds"], data["summary"]) == (False, "10 relations: 7 proved, 3 refuted")
    second = data["relations"][1]
    assert (second["line"], second["objective"]) == (13, "stationary-value")
    assert second["reason"] == "line 2: the gradient moves onto the policy alone"
    assert second["verdict"]["witness"]["left"] == {"d/dtheta_x": "10120/6889", "d/dtheta_y": "52875/13778"}
    assert second["verdict"]["witness"]["right"] == {"d/dtheta_x": "9988/71961", "d/dtheta_y": "36225/95948"}


@pytest.mark.parametrize(
    ("suffix", "begins", "marked"),
    [
        (".tex", "\\documentclass", "REFUTED: line 2"),
        (".html", "<!DOCTYPE html>", "<strong>REFUTED: line 2"),
        (".md", "# note.claims", "REFUTED: line 2"),
        (".claims", "# note.claims", "# REFUTED: line 2"),
    ],
)
def test_suffix_typesets_the_text_with_its_verdicts(run, tmp_path, suffix, begins, marked):
    path = tmp_path / f"out{suffix}"
    status, out, err = run("check", "two-state", NOTE / "note.claims", "-o", path)
    assert (status, err) == (1, f"wrote {path}\n")
    assert out.endswith("10 relations: 7 proved, 3 refuted\n")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(begins)
    assert marked in text
    assert "10 relations: 7 proved, 3 refuted" in text
    # Both sides of line 2 at theta.
    assert re.search(r"10120\D+6889", text)
    assert re.search(r"9988\D+71961", text)


def test_typeset_witness_has_every_coordinate(run, tmp_path):
    path = tmp_path / "out.md"
    out = run("check", "random-walk", "Q(s,a) = 17", "-o", path)[1]
    rows = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("| $`s = ")]
    assert len(rows) == 10
    assert len(re.findall(r"left \S+ +right 17", out)) == 8
    assert "and 2 more: to_json(), and --json on the command line, have all of them" in out


def test_typeset_claims_are_read_again(run, tmp_path):
    text = "# Two objectives.\n\nJ = J   # alike\n\nobjective average-reward\n\nlet c = rbar;\n\nJ = c\n"
    mine, again = tmp_path / "mine.claims", tmp_path / "again.claims"
    mine.write_text(text, encoding="utf-8")
    assert run("check", "two-state", mine, "-J", "stationary-value", "-o", again)[0] == 0
    data = json.loads(run("check", "two-state", again, "--json")[1])
    assert [(r["objective"], r["claim"], r["reason"]) for r in data["relations"]] == [
        ("stationary-value", "J == J", "alike"),
        ("average-reward", "J == c", ""),
    ]


DECLARED = """\
for all b(s), lambda:

let x(s) = lambda * b(s);

x(s) - b(s) = (lambda - 1) * b(s)

for all c(s,a): c(s,a) = c(s,a)

for all P', s: sum[s'] P'(s'|s,a) = 1
"""


def test_typeset_claims_say_what_is_arbitrary(run, tmp_path):
    mine = tmp_path / "mine.claims"
    mine.write_text(DECLARED + "\nwith M' = terminating: J' = J\n", encoding="utf-8")
    for suffix, heads in (
        (".tex", [r"\text{for all } b(s),\, \lambda:", r"\text{for all } c(s, a):", r"\text{for all } P',\, s:",
                  r"M' \colon \text{discount as random termination"]),
        (".claims", ["for all b(s):\nfor all lambda:\n", "\nfor all c(s,a): c(s,a)", "\nfor all P': for all s: sum[s']",
                     "with M' = terminating: J' = J"]),
    ):  # fmt: skip
        out = tmp_path / f"out{suffix}"
        assert run("check", "two-state", mine, "-o", out)[0] == 0
        text = out.read_text(encoding="utf-8")
        assert [head for head in heads if head not in text] == []
    told = [json.loads(run("check", "two-state", path, "--json")[1])["relations"] for path in (mine, out)]
    assert len(told[0]) == 4
    assert [{**r, "line": 0} for r in told[0]] == [{**r, "line": 0} for r in told[1]]


def test_objective_is_said_where_it_changes(run, tmp_path):
    mine, out = tmp_path / "mine.claims", tmp_path / "out.md"
    mine.write_text("J = J\n\nobjective average-reward\nJ = rbar\n", encoding="utf-8")
    assert run("check", "two-state", mine, "-J", "stationary-value", "-o", out)[0] == 0
    told = re.findall(r"The objective is [\w-]+", out.read_text(encoding="utf-8").replace("\\", ""))
    assert told == ["The objective is stationary-value", "The objective is average-reward"]


@NEEDS_TEX
def test_pdf_is_written(run, tmp_path):
    path = tmp_path / "out.pdf"
    assert run("check", "two-state", NOTE / "note.claims", "-o", path)[::2] == (1, f"wrote {path}\n")
    assert path.read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.docx", "x.docx: found .docx; must be one of .tex, .md, .html, .claims, .pdf"),
        ("absent/x.tex", "cannot be written (No such file or directory)"),
        ("x.pdf", "x.pdf: none of tectonic, pdflatex, lualatex, xelatex is installed; a PDF needs one"),
    ],
)
def test_unwritable_page_is_refused_before_anything_is_decided(run, tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(files.shutil, "which", lambda name: None)
    status, out, err = run("check", "two-state", "J = J", "-o", name)
    assert (status, out) == (2, "")
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("two-state", "J = Vv"), "Vv is not a symbol of the model"),
        (("two-state", "J = V(s"), "found the end; the claim is not complete"),
        (("two-state", "grad J = 1"), "a vector over the parameters on the left, a scalar on the right"),
        (("two-state", 'V("z") = 1'), "the model has x, y"),
        (("two-state", ""), "found no relation; a claim has =, !=, propto, <=, >=, < or > between two sides"),
        (("two-state", "# nothing"), "found no relation"),
        (("two-state", "none.claims"), "none.claims: cannot be read (No such file or directory)"),
        (("two-state", "."), "cannot be read (Is a directory)"),
        (("two-state", "J = J", "--method", "guess"), "method: found 'guess'; must be one of auto"),
        (("two-state", "J = J", "--objective", "best"), "objective: found 'best'"),
        (("no-model", "J = J"), "no-model"),
        (("two-state", "J = " + "(" * 5000), "found"),
        (("two-state", "J = " + "9" * 5000), "found 5000 digits"),
        (("two-state", "J = 1\0"), "found"),
    ],
)
def test_wrong_input_is_one_message(run, arguments, message):
    status, out, err = run("check", *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert "Traceback" not in err


def test_wrong_input_as_json(run):
    status, out, _ = run("check", "two-state", "J = foo(s)", "--json")
    assert status == 2
    assert json.loads(out)["error"]["type"] == "ClaimError"


def test_file_errors_have_line_and_column(run, tmp_path):
    path = tmp_path / "mine.claims"
    path.write_text("J = J\n\nJ = foo(s)\n", encoding="utf-8")
    status, _, err = run("check", "two-state", path)
    assert status == 2
    assert err.splitlines()[0].startswith("error: mine.claims:3:5: foo is not a name of the language")
    assert err.splitlines()[1:] == ["    J = foo(s)", "        ^"]


BELLMAN = Path(__file__).parents[1] / "notes" / "bellman.md"


def test_note_is_written_in_another_format(run, tmp_path):
    page = tmp_path / "x.html"
    assert run("check", "two-state", BELLMAN, "-o", page)[::2] == (0, f"wrote {page}\n")
    assert page.read_text(encoding="utf-8").lower().startswith("<!doctype html>")


def test_note_as_pdf_without_tex_is_refused_before_anything_is_decided(run, tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    path = tmp_path / "x.pdf"
    status, out, err = run("check", "two-state", BELLMAN, "-o", path)
    assert (status, out) == (2, "")
    assert "none of tectonic, pdflatex, lualatex, xelatex is installed; a PDF needs one" in err
    status, out, err = run("check", "two-state", BELLMAN, "-o", tmp_path / "x.docx")
    assert (status, out) == (2, "")
    assert "found .docx; must be one of .tex, .md, .html, .claims, .pdf" in err


def test_claims_and_derivations_are_typeset_in_another_notation(run, tmp_path):
    path, table = tmp_path / "x.tex", tmp_path / "mine.txt"
    table.write_text("# mine\nV(s): U_{\\pi}(s)\n", encoding="utf-8")
    assert run("check", "two-state", "V(s) = sum[a] pi(a|s) * Q(s,a)", "--notation", table, "-o", path)[0] == 0
    assert r"U_{\pi}(s) &= \sum_{a} \pi(a \mid s) \, Q(s, a)" in path.read_text(encoding="utf-8")
    assert run("derive", "short-corridor", "--level", "general", "--notation", "silver", "-o", path)[0] == 0
    written = path.read_text(encoding="utf-8")
    assert r"\nabla_{\theta} V^{\pi_{\theta}}(s)" in written
    assert r"\nabla V" not in written
    assert run("derive", "short-corridor", "--level", "general", "-o", path)[0] == 0  # it ends with the command
    assert r"\nabla V(s)" in path.read_text(encoding="utf-8")


def test_watched_note_is_decided_again_when_its_file_changes(run, tmp_path, monkeypatch):
    path = tmp_path / "note.md"
    path.write_text("$$J = J$$\n", encoding="utf-8")
    texts = ["$$J = J$$\n\n$$J = 2 J$$\n"]

    def sleep(seconds):
        if not texts:
            raise KeyboardInterrupt
        path.write_text(texts.pop(), encoding="utf-8")

    monkeypatch.setattr("time.sleep", sleep)
    status, out, err = run("check", "two-state", path, "--watch")
    assert (status, err) == (1, "")
    assert out.count("J = J\n") == 1
    assert out.splitlines()[-1] == "2 relations: 1 proved, 1 refuted"
    assert [p.name for p in tmp_path.iterdir()] == ["note.md"]
    assert run("check", "two-state", path, "--watch", "--json")[0] == 2


def test_formula_in_tex_is_a_note(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for text in (r"J = \sum_s \mu_0(s) V^\pi(s)", r"so $J = \sum_s \mu_0(s) V^\pi(s)$"):
        status, out, err = run("check", "two-state", text)
        assert (status, err, list(tmp_path.iterdir())) == (0, "", [])
        assert "1  J = sum[s] mu0(s) * V(s)\n   proved: normal form" in out


def test_prove_names_the_nearest_theorem_and_who_reads_notes(run, tmp_path):
    assert "the nearest is 'policy-gradient'" in run("prove", "policy-gradient-theorm")[2]
    note = tmp_path / "note.md"
    note.write_text("$J = J$", encoding="utf-8")
    assert f"found a note; claims are required. Run pgsym check {note}" in run("prove", note)[2]
    assert "cannot be read (No such file" in run("prove", tmp_path / "other.md")[2]
