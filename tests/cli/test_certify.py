"""`pgsym certify`: the file, the answer of the kernel, exit status."""

import json

import pytest
from skips import NEEDS_COQ


def test_certificate_goes_to_standard_output(run):
    status, out, err = run("certify", "two-state")
    assert status == 0
    assert err == ""
    assert out.startswith("(* The policy gradient theorem (start-state) for the model two-state")
    assert out.endswith("Print Assumptions all_of_it.\n")


def test_certificate_goes_to_a_file(run, tmp_path):
    path = tmp_path / "certificate.v"
    status, out, err = run("certify", "two-state", "--objective", "average-reward", "-o", path)
    assert (status, out, err) == (0, "", f"wrote {path}\n")
    assert "Theorem stationary_s_x" in path.read_text(encoding="utf-8")


def test_a_name_that_is_no_identifier_is_written_and_explained(run, tmp_path):
    path = tmp_path / "two-state.v"
    _, _, err = run("certify", "two-state", "-J", "average-reward", "-o", path)
    assert err == f"wrote {path}; to run coqc on it yourself, call it two_state.v: a module has such a name\n"
    assert path.read_text(encoding="utf-8").startswith("(*")


def test_certificate_as_json(run):
    data = json.loads(run("certify", "two-state", "--claim", "V(s) = r_pi(s)", "--json")[1])
    assert data["kind"] == "refutation"
    assert data["statement"] == "V(s) != r_pi(s)"
    assert data["theorems"] == ["refuted_claim"]
    assert data["check"] is None
    assert data["legend"]["s_x"] == "state x"


def test_missing_coq_is_status_two(run, monkeypatch):
    monkeypatch.setenv("PGSYM_COQC", "no-such-coqc")
    status, out, _ = run("certify", "two-state", "--check")
    assert status == 2
    assert "not installed: coqc is not on the path; Coq 8.16 or later with Coquelicot is required. Install both" in out


def test_true_claim_is_an_error(run):
    status, _, err = run("certify", "two-state", "--claim", "A(s,a) = Q(s,a) - V(s)")
    assert status == 2
    assert "found proved; certificates are written for the policy gradient theorem" in err


@NEEDS_COQ
@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "statement"),
    [
        (["two-state"], "grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"),
        (["short-corridor"], "grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)"),
        (["two-state", "-J", "stationary-value"], "grad J != sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)"),
    ],
)
def test_kernel_accepts_what_the_command_writes(run, tmp_path_factory, arguments, statement):
    work = tmp_path_factory.getbasetemp() / "coq"
    status, out, _ = run("certify", *arguments, "--check", "--work", work)
    assert status == 0
    assert statement in out
    assert "kernel-checked: Coq's kernel accepted every theorem" in out
