"""Whatever the text: it is read, or refused with an error of ours, and nothing else happens.

benchmarks/fuzz.py reads 100,000 such texts, under limits of time and memory; here are some, chosen by hypothesis, and
what once failed.
"""

import random
import subprocess
import sys

import pytest
from hostile import inputs, targets
from hostile.inputs import ROOT
from hostile.watch import Deed, watched
from hypothesis import given, settings
from hypothesis import strategies as st

from pgsym.errors import PgsymError

RANDOMS = st.randoms(use_true_random=False)


@pytest.fixture(autouse=True, scope="module")
def warm():
    targets.warm_up()


@pytest.mark.parametrize("name", targets.TARGETS)
def test_text_is_read_or_refused(name):
    kind = targets.TARGETS[name][1]

    @settings(max_examples=60, deadline=None)
    @given(RANDOMS)
    def check(rng):
        targets.attempt(name, inputs.bytes_for(rng) if kind == "bytes" else inputs.text_for(kind, rng))

    check()


@pytest.mark.parametrize("name", [name for name, (_, kind, _) in targets.TARGETS.items() if kind != "bytes"])
@settings(max_examples=40, deadline=None)
@given(text=st.text(max_size=80))
def test_any_unicode_text_is_read_or_refused(name, text):
    targets.attempt(name, text)


@pytest.mark.parametrize("kind", ["yaml", "json", "claim", "script", "formula", "study"])
def test_real_texts_are_accepted(kind):
    name = next(name for name, (_, k, _) in targets.TARGETS.items() if k == kind)
    refused = [text for text in inputs.corpus()[kind] if targets.attempt(name, text)]
    # Some of the test cases are there to be refused.
    assert len(refused) <= len(inputs.corpus()[kind]) // 3


@pytest.mark.parametrize("text", inputs.CODE)
@pytest.mark.parametrize("name", targets.TARGETS)
def test_code_is_text(name, text):
    """Alone, as every entry of a document, and as a part of a formula."""
    binary = targets.TARGETS[name][1] == "bytes"
    for value in (
        text,
        f"1 + {text}",
        f"states: [{text!r}]",
        f"x: {text}",
        f'{{"model": {text!r}}}',
        f"{text} = {text}",
    ):
        targets.attempt(name, value.encode() if binary else value)


# -- the watch itself ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("deed", "what"),
    [
        (lambda folder: eval("1 + 1"), "compile"),
        (lambda folder: exec("x = 1"), "compile"),
        (lambda folder: (folder / "canary").write_text("x"), "for writing"),
        (lambda folder: __import__("pgsym_canary"), "import pgsym_canary"),
        (lambda folder: subprocess.run(["true"], check=False), "subprocess.Popen"),
        (lambda folder: (folder / "x").mkdir(), "os.mkdir"),
    ],
)
def test_watch_sees(deed, what, tmp_path):
    with pytest.raises(Deed, match=what), watched():
        deed(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_watch_rejects_a_reader_that_evaluates(monkeypatch):
    monkeypatch.setitem(targets.TARGETS, "claim", (lambda text: eval("7"), "claim", 1))
    with pytest.raises(Deed):
        targets.attempt("claim", "V(s) = 1")


def test_attempt_rejects_a_reader_that_crashes(monkeypatch):
    monkeypatch.setitem(targets.TARGETS, "claim", (lambda text: text.missing, "claim", 1))
    with pytest.raises(AttributeError):
        targets.attempt("claim", "V(s) = 1")


# -- the script ------------------------------------------------------------------------------------------


def test_input_is_fixed_by_its_index():
    assert targets.case(inputs.numbered(3, 14)) == targets.case(inputs.numbered(3, 14))
    assert len({str(targets.case(inputs.numbered(0, i))) for i in range(50)}) > 40
    assert isinstance(inputs.numbered(0, 0), random.Random)


def test_script_reads_a_few_hundred_texts():
    command = [sys.executable, str(ROOT / "benchmarks" / "fuzz.py"), "-n", "200", "--seconds", "20"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "| all | 200 |" in run.stdout


def test_script_says_that_atheris_is_missing(tmp_path):
    (tmp_path / "atheris.py").write_text("raise ImportError", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv = ['fuzz.py', '--engine', 'atheris']; "
    code += f"import runpy; runpy.run_path({str(ROOT / 'benchmarks' / 'fuzz.py')!r}, run_name='__main__')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == 2
    assert "atheris is not installed" in run.stderr


# -- what once failed ------------------------------------------------------------------------------------

FOUND = {
    "half a character in YAML": ("model (YAML)", 'name: "\ud800"', "found half a character, U+D800; text is Unicode"),
    "half a character in JSON": ("model (JSON)", '{"name": "\\ud800"}', "found half a character, U+D800"),
    "half a character in a study": ("study", "models: [\ud800]", "found half a character, U+D800"),
    "a critic in bad rows": (
        "study",
        "{models: two-state, n: 2, estimators: {estimator: gae, let: {lambda: 1, v: [true]}}}",
        "let v(s)[0]: found True; a row is [state, value]. Give both in a list",
    ),
    "a critic with a mapping for a state": (
        "study",
        "{models: two-state, n: 2, estimators: {estimator: gae, let: {lambda: 1, v: [[[{}], 1]]}}}",
        "let v(s)[0]: found [{}]; a state's name is required. Give one",
    ),
    "a name longer than a path": ("options", "-" * 5000, None),
    "an option with a NUL": ("options", "x\0", None),
    "a tower of exponentials": ("options", "exp(" * 10 + "1" + ")" * 10, None),
    "a tower of powers": ("formula", "2^(" * 10 + "2" + ")" * 10, "found the exponent a number of about"),
    "a discount in a thousand symbols": ("options", "*".join(f"(x{i}+1)" for i in range(1000)), None),
    "a coefficient beyond floats": (
        "model (YAML)",
        f"{{states: [s], transitions: [[s, a, s, p*{10**400}, 0], [s, a, s, 1 - p*{10**400}, 0]], gamma: 0}}",
        None,
    ),
}


@pytest.mark.parametrize("case", FOUND)
def test_what_once_failed_is_refused(case):
    name, value, message = FOUND[case]
    refusal = targets.attempt(name, value)
    if message is not None:
        assert isinstance(refusal, PgsymError)
        assert message in str(refusal)
