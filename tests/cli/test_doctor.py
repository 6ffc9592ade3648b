"""`pgsym doctor` says what is there, and nothing about the machine."""

import json
import platform
from pathlib import Path

import sympy


def test_doctor_lists_versions_engine_and_extras(run):
    status, out, _ = run("doctor")
    assert status == 0
    for row in ("python-flint", "field engine", "devices", "[gym]"):
        assert row in out
    assert sympy.__version__ in out


def test_doctor_json_has_one_entry_for_each_row(run):
    status, out, _ = run("doctor", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["field engine"] == {"found": "FLINT", "note": "(x + y)^2 decided"}
    assert data["python"]["found"] == platform.python_version()


def test_doctor_names_no_machine(run):
    _, out, _ = run("doctor", "--json")
    for private in (platform.node(), str(Path.home()), "site-packages"):
        assert private not in out


def test_doctor_with_wrong_option_is_a_message(run):
    status, _, error = run("doctor", "--nope")
    assert status == 2
    assert "No such option" in error
