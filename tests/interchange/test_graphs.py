"""GraphML and node-link JSON: exact round trips of whole problems, networkx both ways, and wrong input."""

import io
import json

import networkx as nx
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import law, parametric_mdps
from strategies import continuing_mdps, episodic_mdps, points, policies

from pgsym.errors import ModelError, SchemaError, StructureError
from pgsym.model import MDP, Objective, Problem, direct_policy, mixture, tabular
from pgsym.model.files import graphml, node_link
from pgsym.model.zoo import zoo

FORMATS = {"graphml": graphml, "node-link": node_link}


@st.composite
def problems(draw):
    mdp = draw(st.one_of(episodic_mdps(), continuing_mdps(), parametric_mdps()))
    policy = draw(policies(mdp))
    return Problem(mdp, policy, draw(st.sampled_from(list(Objective))), draw(points(policy)), "m", "tests")


# -- round trips -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
@settings(max_examples=20)
@given(problem=problems())
def test_round_trip_is_exact(format, problem):
    text = FORMATS[format].dumps(problem)
    assert FORMATS[format].loads(text) == problem


@pytest.mark.parametrize("format", FORMATS)
def test_names_policies_and_gamma_of_every_kind_come_back(format):
    names = ["s", "1", 1, (0, "a"), "(1)", "a\nb", '<&">', "été", ""]
    actions = ["go", "1", 1, (0, 1), "a b"]
    rows = [(s, a, t, 1, sp.Rational(1, 3)) for s, t in zip(names, [*names[1:], "end"], strict=True) for a in actions]
    mdp = MDP.from_transitions(
        rows, start={"1": "1/3", 1: "2/3"}, terminal=["end"], gamma="1 - q", symbols={"q": "q > 0"}
    )
    table = {s: dict(zip(actions, ["u", "1/2 - u", "1/2", 0, 0], strict=True)) for s in names}
    policy = mixture(direct_policy(mdp, table, ["u"]), "1/10")
    problem = Problem(mdp, policy, Objective.STATIONARY_VALUE, policy.point({"u": "1/4"}))
    assert FORMATS[format].loads(FORMATS[format].dumps(problem)) == problem


# -- networkx --------------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(continuing_mdps())
def test_networkx_reads_and_writes_node_link_data(mdp):
    policy = tabular(mdp)
    problem = Problem(mdp, policy, Objective.START_STATE, dict.fromkeys(policy.params, sp.Integer(0)))
    graph = nx.node_link_graph(json.loads(node_link.dumps(problem)), edges="edges")
    assert graph.number_of_nodes() == len(mdp.states)
    for key in ("edges", "links"):
        assert node_link.loads(json.dumps(nx.node_link_data(graph, edges=key))) == problem


@settings(max_examples=10)
@given(episodic_mdps())
def test_networkx_reads_and_writes_graphml(mdp):
    policy = tabular(mdp)
    problem = Problem(mdp, policy, Objective.START_STATE, dict.fromkeys(policy.params, sp.Integer(0)))
    graph = nx.read_graphml(io.BytesIO(graphml.dumps(problem).encode()), force_multigraph=True)
    assert graph.number_of_nodes() == len(mdp.states)
    assert graphml.loads("\n".join(nx.generate_graphml(graph))) == problem


def test_a_graph_drawn_elsewhere():
    """Types of GraphML, defaults, and attributes that mean nothing here."""
    text = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
      <key id="a" for="edge" attr.name="action" attr.type="string"><default>go</default></key>
      <key id="p" for="edge" attr.name="p" attr.type="double"/>
      <key id="r" for="edge" attr.name="r" attr.type="int"/>
      <key id="t" for="node" attr.name="terminal" attr.type="boolean"><default>false</default></key>
      <key id="c" for="node" attr.name="colour" attr.type="string"/>
      <graph edgedefault="directed">
        <node id="s"><data key="c">red</data></node>
        <node id="end"><data key="t">true</data></node>
        <edge source="s" target="end"><data key="p">0.25</data><data key="r">2</data></edge>
        <edge source="s" target="s"><data key="p">0.75</data><data key="r">0</data></edge>
      </graph></graphml>"""
    mdp = graphml.loads(text).mdp
    expected = MDP.from_transitions([("s", "go", "end", "1/4", 2), ("s", "go", "s", "3/4", 0)], terminal=["end"])
    assert law(mdp) == law(expected)


# -- what cannot be carried, and wrong input -------------------------------------------------------------


def _problem(name="s"):
    mdp = MDP.from_transitions([(name, "go", name, 1, 1)], gamma="1/2")
    policy = tabular(mdp)
    return Problem(mdp, policy, Objective.START_STATE, dict.fromkeys(policy.params, sp.Integer(0)))


@pytest.mark.parametrize("format", FORMATS)
def test_names_that_do_not_read_back_are_refused(format):
    with pytest.raises(SchemaError, match=r"^read back: "):
        FORMATS[format].dumps(_problem("a\x01b"))


@pytest.mark.parametrize("format", FORMATS)
def test_names_of_other_types_are_refused(format):
    with pytest.raises(SchemaError, match="is of type frozenset; a model file holds text, numbers"):
        FORMATS[format].dumps(_problem(frozenset({1})))


GRAPHML = graphml.dumps(_problem())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<graphml", "<!DOCTYPE x><graphml", "m: found a document type; GraphML has none here."),
        ("</graphml>", "", "m: not XML (no element found: line"),
        ("graphml", "gexf", "m: found <gexf>; <graphml> with a <graph> is required."),
        (
            'edgedefault="directed"',
            'edgedefault="undirected"',
            "m: the graph is undirected; outcomes lead from s to s'.",
        ),
        ("<edge ", '<edge directed="false" ', "m: the graph is undirected; outcomes lead from s to s'."),
        ('<data key="edge_p">1</data>', "", "m: edges[0] ('s' to 's'): the edge has no attribute p; every edge needs"),
        ('<data key="edge_action">go</data>', "", "m: edges[0] ('s' to 's'): the edge has no attribute action;"),
        (
            '<data key="edge_p">1</data>',
            '<data key="edge_p">1/2</data>',
            "m: ('s', 'go'): outgoing probabilities sum to",
        ),
        ('<data key="edge_p">1</data>', '<data key="edge_p">2^</data>', "m: transitions[0].p: "),
        (
            '<data key="edge_order">0</data>',
            '<data key="edge_order">x</data>',
            "m: found 'x' for 'order'; its key says long.",
        ),
        (">false<", ">flase<", "m: found 'flase' for 'terminal'; its key says boolean. Correct one of them"),
        (
            '<data key="edge_r">1</data>',
            "",
            "m: edges[0] ('s' to 's'): the edge has no attribute r; every edge needs action, p and r. "
            "Write r=0 where there is no reward",
        ),
        (
            'attr.name="r"',
            'attr.name="reward"',
            "m: edges[0] ('s' to 's'): found the edge attribute 'reward'; the nearest is 'r'. "
            "Rename it, or write '_reward' if it is not pgsym's",
        ),
        (
            'attr.name="gamma"',
            'attr.name="gama"',
            "m: graph: found the graph attribute 'gama'; the nearest is 'gamma'.",
        ),
        ('key="edge_r"', 'key="edge_R"', "m: found the key 'edge_R'; no <key> declares it. Declare it"),
        (
            '"terminal" attr.type="boolean"',
            '"terminal" attr.type="string"',
            "m: nodes[0] ('s'): found terminal = 'false'; True or False is required. Write terminal=True where",
        ),
        ('<node id="s">', "<node>", "m: found <node> without id; it is required. Add it"),
        ('target="s"', 'target="t"', "m: transitions[0]: state 't' is unknown;"),
    ],
)
def test_graphml_raises_on_wrong_input(old, new, message):
    assert old in GRAPHML
    with pytest.raises(ModelError) as error:
        graphml.loads(GRAPHML.replace(old, new), where="m")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("double", "1e-400", "m: found 1e-400, beyond the range of decimal numbers; a number lies within about"),
        ("double", "1_0", "m: found '1_0' for 'r'; its key says double. Correct one of them"),
        ("int", "1.0", "m: found '1.0' for 'r'; its key says int. Correct one of them"),
        ("double", "inf", "m: found 'inf' for 'r'; its key says double. Correct one of them"),
    ],
)
def test_graphml_number_that_is_none_is_refused(kind, text, message):
    other = GRAPHML.replace('attr.name="r" attr.type="string"', f'attr.name="r" attr.type="{kind}"')
    assert graphml.loads(other) == graphml.loads(GRAPHML)
    with pytest.raises(SchemaError) as error:
        graphml.loads(other.replace('<data key="edge_r">1</data>', f'<data key="edge_r">{text}</data>'), where="m")
    assert str(error.value).startswith(message)


def test_edges_without_an_order_come_first():
    """As in a networkx graph: where none is said, it is 0."""
    data = json.loads(node_link.dumps(zoo("short-corridor")))
    data["edges"][0]["order"] = 1
    del data["edges"][1]["order"]
    moves = [(s, a) for s, a, *_ in node_link.from_node_link(data).mdp.rows]
    assert moves[:2] == [("s1", "L"), ("s1", "R")]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "m: found no nodes and edges; node-link data have both."),
        ({"nodes": [], "edges": [], "directed": False}, "m: the graph is undirected; outcomes lead from s to s'."),
        ({"nodes": {}, "edges": []}, "m: found dict under nodes; a list is required. Correct it"),
        ({"nodes": [], "edges": [], "graph": []}, "m: found list under graph; a mapping is required. Correct it"),
        ({"nodes": [{"name": "s"}], "edges": []}, "m: nodes[0]: the key 'id' is missing; id must be there. Add it"),
        ({"nodes": [], "links": [1]}, "m: edges[0]: the key 'source' is missing; source and target must be there."),
        (
            {"nodes": [], "edges": [], "gamma": "1/2"},
            "m: gamma: the key is unknown; the keys are directed, multigraph, graph, nodes, edges, links. "
            "Move it into graph, or remove it",
        ),
        (
            {"nodes": [{"id": "s", "terminl": True}], "edges": []},
            "m: nodes[0] ('s'): found the node attribute 'terminl'; the nearest is 'terminal'. Rename it, or",
        ),
        (
            {"nodes": [{"id": "s"}], "edges": [{"source": "s", "target": "s", "action": "a", "p": 1, "r": 0, "R": 5}]},
            "m: edges[0] ('s' to 's'): found the edge attribute 'R'; the nearest is 'r'. Rename it, or write '_R' if",
        ),
        ({"nodes": [], "links": []}, "m: states: found 0 states; a model has at least one. List them"),
    ],
)
def test_node_link_raises_on_wrong_input(data, message):
    with pytest.raises(ModelError) as error:
        node_link.loads(json.dumps(data), where="m")
    assert str(error.value).startswith(message)


def test_a_dead_end_is_refused():
    data = {"nodes": [{"id": "s"}], "edges": []}
    with pytest.raises(StructureError, match="0 actions; a state that is not terminal needs at least one"):
        node_link.loads(json.dumps(data))


@pytest.mark.parametrize("name", ["key", "source", "target"])
def test_graphml_attribute_that_node_link_data_would_hide(name):
    """An attribute of that name is a typo or somebody else's: it is refused, not dropped."""
    text = graphml.dumps(_problem()).replace('attr.name="order"', f'attr.name="{name}"')
    with pytest.raises(SchemaError) as caught:
        graphml.loads(text)
    assert str(caught.value).startswith(f"found the edge attribute {name!r}; ")
