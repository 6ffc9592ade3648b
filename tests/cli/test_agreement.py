"""Every way in gives one answer: names, files, graphs and problems, in Python, on the command line and in a report.

Each model of the zoo has an objective of its own; a way in that loses it proves what is false of `sign-flip`.
"""

import json

import pytest

import pgsym
from pgsym.expression.exact import written
from pgsym.model.zoo import zoo_names
from pgsym.reports.page.content import Settings
from pgsym.reports.page.document import Builder

ENDINGS = ("yaml", "json", "graphml", "node-link.json")


def answer(problem):
    """What is said of it: the verdict, J and the gradient at its theta."""
    point = pgsym.solve(problem).at()
    return pgsym.verify(problem).to_json(), point.J, dict(point.grad)


@pytest.fixture(params=zoo_names())
def model(request):
    return pgsym.zoo(request.param)


def test_name_file_and_graph_are_the_problem(model, tmp_path):
    expected = answer(model)
    assert answer(model.name) == expected
    graph = model.mdp.to_graph()
    assert answer(pgsym.Problem(graph, model.policy, model.objective, model.theta)) == expected
    for ending in ENDINGS:
        path = tmp_path / f"model.{ending}"
        pgsym.save(model, path)
        assert answer(pgsym.load(path)) == expected


def test_command_line_says_what_python_says(model, tmp_path, run):
    verdict, J, grad = answer(model)
    path = tmp_path / "model.yaml"
    pgsym.save(model, path)
    for name in (model.name, path):
        data = json.loads(run("solve", name, "--json")[1])
        assert data["objective"] == model.objective
        assert data["J"]["exact"] == written(J)
        assert {p: entry["exact"] for p, entry in data["grad"].items()} == {
            p.name: written(value) for p, value in grad.items()
        }
        status, out, _ = run("verify", name, "-n", "0", "--json")
        data = json.loads(out)["verdict"]
        assert data == verdict
        assert status == (0 if data["status"] == "proved" else 1)


def test_report_says_what_python_says(model):
    builder = Builder(model, Settings(), "")
    verdict, J, grad = answer(model)
    assert builder.verdicts[model.objective].to_json() == verdict
    exact = builder.writer.views.exact
    if exact is not None:
        assert (exact.J, dict(exact.grad)) == (J, grad)


@pytest.mark.parametrize("name", ["sign-flip", "machine-replacement", "riverswim"])
def test_lost_objective_is_noticed(name):
    """The mutant: the same model and policy under the default objective."""
    problem = pgsym.zoo(name)
    assert answer(pgsym.Problem(problem.mdp, problem.policy, theta=problem.theta)) != answer(problem)


def test_model_alone_says_what_was_assumed(run, tmp_path):
    """An MDP, its graph, and a file without a policy are one problem: tabular softmax, start-state, theta = 0."""
    mdp = pgsym.zoo("two-state").mdp
    assumed = pgsym.Problem.of(mdp)
    assert assumed.assumption == "assumed: tabular softmax, theta = 0, start-state objective"
    assert answer(mdp) == answer(mdp.to_graph()) == answer(pgsym.Problem(mdp))
    path = tmp_path / "model.graphml"
    pgsym.save(assumed, path, mdp_only=True)
    _, out, err = run("verify", path, "-n", "0", "--json")
    assert json.loads(out)["verdict"]["status"] == "proved"
    assert answer(pgsym.load(path))[1] == answer(mdp)[1]
    assert err == "" or err.startswith("assumed: ")
