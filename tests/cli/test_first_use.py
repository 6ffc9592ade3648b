"""What a new user types first and wrong: each message names a remedy, and the remedy works."""

import networkx as nx
import pytest
from skips import needs

import pgsym
from pgsym.errors import NotStochasticError, SamplingError, SchemaError, StructureError


def refused(kind, message, act):
    with pytest.raises(kind) as caught:
        act()
    assert message in str(caught.value)


def test_tabs_and_assumptions_of_a_model_file(run, tmp_path):
    path = tmp_path / "mine.yaml"
    text = "states: [s]\ntransitions:\n  - [s, a, s, 1, p]\nstart: {s: 1}\ngamma: 1/2\nsymbols: {p: 0 < p < 1}\n"
    for old, new, message in (
        ("  -", "\t-", "mine.yaml: line 3: found a tab; YAML is indented with spaces. Write spaces for it"),
        (
            "0 < p < 1",
            "[0, 1]",
            "found [0, 1]; a comparison is required, in quotes if it has a comma. Write p: 0 < p < 1",
        ),
        ("0 < p < 1", "'p in (0, 1)'", "an assumption compares, such as '0 < p < 1', or is 'real'. Write a comparison"),
    ):
        path.write_text(text.replace(old, new), encoding="utf-8")
        status, _, err = run("check", path, "J = J")
        assert (status, message in err) == (2, True), err
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())  # as editors on Windows write it
    assert run("check", path, "J = 2 * p")[0] == 0


def test_start_that_is_missing():
    graph = nx.MultiDiGraph(gamma="1/2")
    graph.add_edge("s", "s", action="a", p=1, r=1)
    refused(StructureError, "Give start=STATE, or start=1 to that node of a graph", lambda: pgsym.solve(graph))
    graph.nodes["s"]["start"] = 1
    assert pgsym.solve(graph).J == 2


def test_numbers_as_they_are_written_need_no_warning(recwarn):
    pgsym.MDP.from_transitions([("s", "a", "s", 0.1, 1), ("s", "a", "s", 0.9, 0)], start="s", gamma=0.9)
    assert not recwarn.list


def test_gymnasium_environment_is_a_problem():
    gymnasium = needs("gymnasium")
    env = gymnasium.make("FrozenLake-v1")
    assert pgsym.solve(env).problem.mdp == pgsym.MDP.from_gymnasium("FrozenLake-v1")
    refused(SchemaError, "found 'FrozenLake-v1', an environment of gymnasium. Write gym:FrozenLake-v1",
            lambda: pgsym.solve("FrozenLake-v1"))  # fmt: skip


def test_problem_shows_itself_in_one_line():
    assert repr(pgsym.zoo("short-corridor")) == (
        "Problem(short-corridor, start-state, MDP(4 states, 1 terminal, 6 outcomes, gamma=1), "
        "Softmax(3 states, 1 parameter), theta = 0)"
    )


def test_group_of_one_is_no_mistake_of_a_known_kind(run):
    import numpy as np

    def silent(theta, batch):
        rewards = batch.sequence_rewards.reshape(-1, batch.group_size)
        advantages = (rewards - rewards.mean(1, keepdims=True)).reshape(-1, 1) * batch.mask
        return (advantages[..., None] * np.where(batch.mask[..., None], batch.scores, 0)).sum((0, 1)) / batch.episodes

    task = pgsym.token_tree(["q"], ["x", "y"], 1, lambda prompt, tokens: int(tokens == ("x",)))
    found = pgsym.audit(task, silent, horizon=1, mode="exact")
    assert found.diagnosis is None
    assert "every estimate was 0" in found.text()
    remedied = pgsym.audit(task, silent, horizon=1, mode="exact", group_size=4)
    assert remedied.diagnosis.key == "group-mean-baseline"
    refused(SamplingError, "found a loss that compares the episodes of a group, and groups of one. Give group_size",
            lambda: pgsym.audit(task, "grpo", horizon=1, mode="exact"))  # fmt: skip
    assert "the nearest is 'grpo'" in run("audit", "GRPO", "tokens")[2]


def test_results_show_themselves_in_one_line_of_words():
    verdict = pgsym.decide("two-state", "J = 0")
    assert repr(pgsym.verify("short-corridor")) == (
        "Verdict(proved: grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a))"
    )
    assert repr(verdict.witness) == "Witness(at theta_x = log(2), theta_y = -log(3))"
    assert repr(verdict.trust) == "Trust(normal form)"
    assert repr(pgsym.Script.parse("J = J")) == "Script(text, 1 relation)"
    assert repr(pgsym.theorem("policy-gradient")).startswith("Theorem(policy-gradient: grad J = sum[s] eta(s)")
    assert repr(pgsym.optimal("machine-replacement")).startswith("Optimum(average-reward")
    for shown in (pgsym.prove("J = J"), pgsym.derive("short-corridor"), pgsym.Script.parse("J = J").check("two-state")):
        assert "=" not in repr(shown).split("J ")[0], repr(shown)
        assert "\n" not in repr(shown)


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.RationalisedWarning")
def test_rows_of_single_floats_are_divided_in_double_precision():
    import numpy as np

    table = np.random.default_rng(0).random((3, 2, 3))
    single = (table / table.sum(-1, keepdims=True)).astype(np.float32)
    rewards = np.zeros((3, 2))
    refused(NotStochasticError, "or divide them by their sum in double precision",
            lambda: pgsym.MDP.from_arrays(single, rewards, gamma="1/2"))  # fmt: skip
    double = single.astype(float)
    assert pgsym.MDP.from_arrays(double / double.sum(-1, keepdims=True), rewards, gamma="1/2").rows
