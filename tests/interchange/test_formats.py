"""The table of endings: what reads, what writes, and the options that reduce a problem first."""

import json
import re
from dataclasses import replace

import pytest
import sympy as sp

import pgsym
from pgsym.errors import DiscountError, SchemaError, StructureError
from pgsym.model import formats
from pgsym.model.files import node_link
from pgsym.model.reductions import plain

EVERYTHING = ["m.yaml", "m.yml", "m.json", "m.node-link.json", "m.graphml", "M.GraphML"]


@pytest.mark.parametrize("name", ["short-corridor", "two-state", "recycling-robot", "parallel-outcomes"])
@pytest.mark.parametrize("file", EVERYTHING)
def test_what_carries_everything_brings_it_back(tmp_path, file, name):
    problem = pgsym.zoo(name)
    pgsym.save(problem, tmp_path / file)
    assert pgsym.load(tmp_path / file) == problem


def test_json_is_a_model_file_or_node_link_data(tmp_path):
    problem = pgsym.zoo("two-state")
    (tmp_path / "m.json").write_text(node_link.dumps(problem), encoding="utf-8")
    assert pgsym.load(tmp_path / "m.json") == problem
    pgsym.save(problem, tmp_path / "m.json")
    assert "states" in json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))


def test_drn_carries_the_mdp(tmp_path):
    problem = pgsym.zoo("short-corridor")
    pgsym.save(problem, tmp_path / "m.drn", mdp_only=True)
    assert pgsym.load(tmp_path / "m.drn") == plain(problem.mdp)


def test_chain_has_the_same_J(tmp_path):
    problem = pgsym.zoo("short-corridor")
    pgsym.save(problem, tmp_path / "m.drn", chain=True)
    found = pgsym.load(tmp_path / "m.drn")
    (theta,) = problem.policy.params
    J = pgsym.solve(found.replace(objective="start-state")).J.xreplace({sp.Symbol("x_theta"): sp.exp(theta)})
    assert sp.cancel(J - pgsym.solve(problem.replace(objective="start-state")).J) == 0


def test_discount_exit_has_the_same_J(tmp_path):
    problem = pgsym.zoo("two-state")
    pgsym.save(problem, tmp_path / "m.yaml", discount="exit")
    found = pgsym.load(tmp_path / "m.yaml")
    assert found.mdp.gamma == 1
    policy = problem.policy.pullback(found.mdp, lambda s: s)
    J = pgsym.solve(pgsym.Problem(found.mdp, policy)).J
    assert sp.cancel(J - pgsym.solve(problem.replace(objective="start-state")).J) == 0


@pytest.mark.parametrize(
    ("name", "file", "options", "kind", "message"),
    [
        (
            "short-corridor", "m.drn", {}, SchemaError,
            "policy: found Softmax(3 states, 1 parameter); a DRN file has no policy. Use the option mdp_only, which "
            "leaves policy and theta out, or chain, which writes the chain that the policy induces",
        ),
        ("two-state", "m.drn", {"mdp_only": True}, DiscountError, "gamma: found 9/10; a DRN file has no discount"),
        ("parallel-outcomes", "m.drn", {"mdp_only": True}, StructureError, "('s', 'a'): found the rewards 4, 0, -1;"),
        ("short-corridor", "m.prism", {}, SchemaError, "m.prism: the ending '.prism' cannot be written; the endings"),
        (
            "short-corridor", "m.txt", {}, SchemaError,
            "m.txt: the ending '.txt' cannot be written; the endings are .yaml, .yml, .node-link.json, .json, "
            ".graphml, .drn. Rename the file",
        ),
    ],
)  # fmt: skip
def test_save_raises_on_what_is_lost(tmp_path, name, file, options, kind, message):
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        pgsym.save(pgsym.zoo(name), tmp_path / file, **options)
    assert list(tmp_path.iterdir()) == []


def test_an_objective_is_refused_by_drn(tmp_path):
    problem = replace(pgsym.zoo("short-corridor"), objective=pgsym.Objective.AVERAGE_REWARD)
    message = (
        "objective: found average-reward; a DRN file has no objective. Use the option mdp_only, which leaves it out"
    )
    with pytest.raises(SchemaError, match=f"^{re.escape(message)}$"):
        pgsym.save(problem, tmp_path / "m.drn", chain=True)


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("m.txt", "", "m.txt: the ending '.txt' cannot be read; the endings are .yaml, .yml, .node-link.json, .json,"),
        ("m.drn", "@type: MDP", "m.drn: the section @model is missing;"),
        ("m.graphml", "hello", "m.graphml: not XML ("),
        ("m.node-link.json", "{}", "m.node-link.json: found no nodes and edges;"),
        ("m.json", "[]", "m.json: found list; a model is a mapping of keys such as states. Write key: value"),
        ("m.yaml", "states: []", "m.yaml: transitions: the key is missing;"),
    ],
)
def test_load_raises_with_the_files_name(tmp_path, file, text, message):
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=f"^{re.escape(message)}"):
        pgsym.load(tmp_path / file)


def test_load_raises_on_a_file_that_is_not_there(tmp_path):
    for file in ("m.drn", "m.graphml", "m.json", "m.yaml"):
        with pytest.raises(SchemaError, match=r"cannot be read \(No such file or directory\)\. Check the path"):
            pgsym.load(tmp_path / file)


@pytest.mark.parametrize("file", [*EVERYTHING, "m.drn"])
def test_every_verb_takes_every_file(tmp_path, file):
    problem = pgsym.zoo("short-corridor")
    pgsym.save(problem, tmp_path / file, mdp_only=file == "m.drn")
    found = pgsym.solve(str(tmp_path / file))
    assert found.J == pgsym.solve(pgsym.load(tmp_path / file)).J
    assert pgsym.Problem.of(tmp_path / file).name


def test_locate_knows_files_and_names(tmp_path):
    pgsym.save(pgsym.zoo("two-state"), tmp_path / "mine.graphml")
    assert formats.locate("mine.graphml", tmp_path).mdp == pgsym.zoo("two-state").mdp
    assert formats.locate("two-state").name == "two-state"
    assert formats.locate("generic:2x1").name == "generic:2x1"
