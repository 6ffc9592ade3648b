"""`pgsym audit`."""

import json

import pytest

SOURCE = """
import numpy as np

def gradient(theta, batch):
    discounts = batch.gamma ** batch.steps
    returns = np.cumsum((discounts * batch.rewards * batch.mask)[:, ::-1], axis=1)[:, ::-1]
    return ((returns * batch.mask)[..., None] * batch.scores).sum((0, 1)) / batch.episodes

def wrong(theta, batch):
    return -gradient(theta, batch)

number = 3
"""


@pytest.fixture
def losses(tmp_path):
    path = tmp_path / "losses.py"
    path.write_text(SOURCE, encoding="utf-8")
    return str(path)


def test_audit_of_a_correct_estimator_has_status_0(run, losses):
    status, out, _ = run("audit", f"{losses}:gradient", "short-corridor", "--horizon", "6")
    assert status == 0
    assert "unbiased within 0.1 as an estimator of grad J_T" in out


def test_audit_of_a_biased_estimator_names_the_mistake(run, losses):
    status, out, _ = run("audit", f"{losses}:wrong", "short-corridor", "--horizon", "6", "--json")
    assert status == 1
    data = json.loads(out)["short-corridor"]
    assert data["verdict"] == "biased"
    assert data["diagnosis"]["mistakes"] == ["sign"]
    assert data["grad"]["theta"]["predicted"] == pytest.approx(data["grad"]["theta"]["observed"])


def test_audit_on_the_suite_and_exactly(run, losses):
    status, out, _ = run("audit", f"{losses}:gradient", "--exact", "--horizon", "2")
    assert status == 0
    assert "unbiased on 5 of 5 problems" in out


def test_audit_by_name_on_token_trees(run):
    status, out, _ = run("audit", "grpo", "tokens", "--exact", "--group-size", "2")
    assert status == 1
    assert "biased on 4 of 4 problems" in out
    status, out, _ = run("audit", "rloo", "tokens", "--exact", "--group-size", "3")
    assert status == 0
    assert "unbiased on 4 of 4 problems" in out


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("losses", "function: found 'losses'; must read MODULE:FUNCTION or FILE.py:FUNCTION"),
        ("absent.py:f", "function: absent.py is no file; the estimator is imported from there. Check the path"),
        ("absent_module:f", "function: No module named 'absent_module'; the estimator is imported from there"),
    ],
)
def test_function_that_is_not_there_is_one_message(run, place, message):
    status, _, err = run("audit", place, "short-corridor")
    assert status == 2
    assert message in err


def test_name_that_is_no_function_is_one_message(run, losses):
    status, _, err = run("audit", f"{losses}:number", "short-corridor")
    assert status == 2
    assert "has no function 'number'; an estimator(theta, batch) is required" in err


def test_exception_of_the_user_s_own_code_is_one_message_with_its_own_lines(run, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("def gradient(theta, batch):\n    raise ValueError('no such thing')\n", encoding="utf-8")
    status, _, err = run("audit", f"{path}:gradient", "short-corridor", "--horizon", "5")
    assert status == 2
    assert err == (
        "error: estimator: your code raised ValueError: no such thing; an estimator returns a gradient. Mend it\n"
        f"  File \"{path}\", line 2, in gradient\n    raise ValueError('no such thing')\n"
    )


def test_what_a_batch_does_not_have_is_met_with_what_it_has(run, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text("def gradient(theta, batch):\n    return batch.returns\n", encoding="utf-8")
    status, _, err = run("audit", f"{path}:gradient", "short-corridor", "--horizon", "5")
    assert status == 2
    assert "AttributeError: a batch has no returns; it has done, states, actions, rewards, next_states" in err
    assert err.endswith("line 2, in gradient\n    return batch.returns\n           ^^^^^^^^^^^^^\n")


def test_exception_while_the_user_s_file_is_read_is_one_message(run, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("x = 1 / 0\n", encoding="utf-8")
    status, _, err = run("audit", f"{path}:gradient", "short-corridor")
    assert status == 2
    assert err.startswith("error: estimator: your code raised ZeroDivisionError: division by zero; an estimator")
    assert "pgsym" not in err.partition("\n")[2].replace(str(tmp_path), "")


def test_data_and_penalty_from_the_command_line(run):
    """The unbiased estimator for data of another policy stays so; what top-k never holds is told."""
    exact = ("tokens", "--exact", "--group-size", "2")
    status, out, _ = run("audit", "rloo-ratio", *exact, "--behaviour", "temperature=2")
    assert status == 0
    assert "rloo-ratio: unbiased on 4 of 4 problems" in out
    mixed = ("--behaviour", "3/4: temperature=2", "--behaviour", "1/4: temperature=1/2")
    assert run("audit", "rloo-ratio", *exact, *mixed)[0] == 0
    status, out, _ = run("audit", "rloo-ratio", *exact, "--behaviour", "top-k=2")
    assert status == 1
    assert "the data never hold" in out
    penalty = (
        "tokens",
        "--exact",
        "--batch-size",
        "1",
        "--group-size",
        "1",
        "--kl-to",
        "temperature=2",
        "--beta",
        "1/10",
    )
    assert [run("audit", name, *penalty)[0] for name in ("k1-in-reward", "k3-in-loss")] == [0, 1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ("--behaviour", "top-k=0"),
            "error: behaviour: found top-k = 0; a positive whole number is required. Correct it",
        ),
        (
            ("--behaviour", "x: u=0", "--behaviour", "u=0"),
            "error: behaviour: the shares are x, 1; positive numbers are",
        ),
        (("--kl-to", "temperature=2"), "error: kl_to: kl_to is given without beta; a penalty needs both. Give beta"),
        (("--beta", "x"), "error: beta: found x; a number is required. Correct it"),
        (
            ("--kl-to", "temperature"),
            "error: --kl-to: found 'temperature'; must read name=value. Write --kl-to 't=log(2),",
        ),
    ],
)
def test_data_and_penalties_that_are_none(run, options, message):
    status, _, err = run("audit", "rloo", "tokens", "--exact", *options)
    assert status == 2
    assert err.startswith(message)
