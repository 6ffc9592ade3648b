"""`pgsym prove --check`: the answer of the kernel, exit status."""

import json

import pytest
from skips import NEEDS_COQ

BELLMAN = "V(s) = sum[a] pi(a|s) * Q(s,a)"


def test_missing_coq_is_status_two(run, monkeypatch):
    monkeypatch.setenv("PGSYM_COQC", "no-such-coqc")
    status, out, _ = run("prove", BELLMAN, "--check")
    assert status == 2
    assert out.startswith("proved for every finite MDP: V(s) == ")
    assert "not installed: coqc is not on the path; Coq 8.16 or later with Coquelicot is required. Install both" in out


def test_what_is_not_written_in_coq_is_an_error(run):
    status, out, err = run("prove", "E[tau] G = J", "--check")
    assert status == 2
    assert out.startswith("proved for every finite MDP")
    assert "found RunExpect in E[tau] G == J; certificates for every MDP are written for sums, products" in err


def test_what_is_not_proved_is_not_checked(run):
    status, out, _ = run("prove", "J = 2 * J", "--check", "--json")
    assert status == 1
    assert json.loads(out)["check"] == []


@NEEDS_COQ
@pytest.mark.slow
def test_kernel_accepts_each_relation(run):
    status, out, _ = run("prove", "bellman", "--check")
    assert status == 0
    assert out.count("kernel-checked: Coq's kernel accepted every theorem") == 4
