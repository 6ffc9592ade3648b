"""The quick form of a benchmark runs and finds every verdict right."""

import random
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_claims_benchmark_runs_quickly() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "claims.py"), "--quick"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.count("right") == 4
    assert "WRONG" not in run.stdout
    assert not run.stderr


def test_growth_of_every_verb_at_its_smallest_size() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "growth.py"), "--quick"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=400)
    assert run.returncode == 0, run.stdout + run.stderr
    verbs = re.findall(r"^\| (\w+) \|", run.stdout, re.MULTILINE)
    assert verbs == ["verb", "solve", "verify", "decide", "prove", "moments", "estimate", "audit", "floats"]


def test_every_kind_of_model_file_is_read_or_refused() -> None:
    """Its times are not judged here: the exit status is not looked at."""
    command = [sys.executable, str(ROOT / "benchmarks" / "model_files.py"), "--megabytes", "0.02", "--runs", "1"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    rows = [line for line in run.stdout.splitlines()[2:] if line.startswith("|")]
    assert len(rows) >= 30, run.stdout + run.stderr
    assert all(row.endswith(" | read |") or " | refused: " in row for row in rows)
    assert not run.stderr


def test_names_change_no_answer() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "hostile_names.py"), "--models", "24", "--first", "100000"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1].startswith("0 of 24 models depend on names; ")


def test_laws_of_the_short_corridor() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "moments.py"), "--quick"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert " 1959 " in run.stdout
    assert " 733 " in run.stdout
    assert run.stdout.splitlines()[-1] == "0 of 4 laws differ"


def test_inequalities_are_decided_as_known() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "order.py"), "--only", "2 arms"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "| 4 | Lojasiewicz, 2 arms | proved | signs of coefficients (trust: normal form) |" in run.stdout
    assert "| 4 | its constant, 2 arms | 2 |" in run.stdout
    assert run.stdout.splitlines()[-1] == "0 wrong"


def test_random_inequalities_contradict_no_evaluation() -> None:
    command = [sys.executable, str(ROOT / "benchmarks" / "order_soundness.py"), "--count", "8", "--points", "200"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-2].startswith("8 questions, 1,600 evaluations")
    assert run.stdout.splitlines()[-1] == "0 wrong"


def test_a_mutant_that_proves_everything_is_caught(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import order_soundness

    from pgsym.order import SignStatus, SignVerdict

    monkeypatch.setattr(order_soundness, "decide_sign", lambda *_, **__: SignVerdict(SignStatus.PROVED))
    assert any(order_soundness.sign(random.Random(seed), 200)[1] for seed in range(8))


def test_random_inequalities_with_logarithms_are_seen_to_be_false(monkeypatch) -> None:
    """Each of them less 1, at a few points of its domain; none of those that are proved is."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    from order_logarithms import Random

    from pgsym.order import SignStatus

    seen = 0
    for seed in range(8):
        asked = Random(random.Random(f"0 {seed}"))
        if asked.verdict(False).status is SignStatus.PROVED:
            assert not asked.failing(False, 300)
        asked.found = asked.found - 1
        seen += bool(asked.failing(False, 300))
    assert seen >= 4


def test_ledger_says_what_its_lines_give() -> None:
    """The cheap claims; the page is written by the same script."""
    command = [sys.executable, str(ROOT / "benchmarks" / "ledger.py"), "--only", "4", "9", "10", "26", "30", "31", "32"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    page = (ROOT / "docs" / "ledger.md").read_text(encoding="utf-8")
    sections = run.stdout.split("## ")[1:]
    assert len(sections) == 7
    assert all(f"## {section.rstrip()}\n" in page for section in sections)
    assert [page.count(f"**{word}") for word in ("Confirmed.", "Refuted.", "Conditional.")] == [
        int(n) for n in re.findall(r"(\d+) (?:confirmed|refuted|conditional)", page)
    ]


def test_storm_finds_the_same_functions() -> None:
    """Without Storm only pgsym's times are printed."""
    command = [sys.executable, str(ROOT / "benchmarks" / "storm.py"), "--quick", "--only", "nand"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "| nand 2, 4 | 326 | " in run.stdout
    assert ("| yes |" in run.stdout) == (find_spec("stormpy") is not None)
    assert run.stdout.splitlines()[-1] == "0 differ"
