"""Model files: both formats, every refusal, and the round trip."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import sympy as sp
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pgsym.errors import (
    FormulaError,
    NameCollisionError,
    NotStochasticError,
    PgsymError,
    PolicyError,
    ProbabilityRangeError,
    SchemaError,
    StructureError,
    ZeroProbabilityError,
)
from pgsym.expression.naming import appearance
from pgsym.model import MDP, Objective, Problem, direct_policy, mixture, softmax_policy, tabular
from pgsym.model.files import dumps, from_document, loads, reading, to_document
from pgsym.model.formats import load, save

MODEL = """
name: example
source: written for this test
states: [s, t, end]
terminal: [end]
transitions:
  - [s, go, end, 1/3, 1]
  - [s, go, t, "2/3", -0.5]
  - [s, stay, s, 1, 0]
  - [t, go, end, p, gamma/2]
  - [t, go, t, 1-p, 0]
start: {s: 3/4, t: 0.25}
gamma: 9/10
objective: start-state
symbols: {p: 0 < p < 1}
policy:
  params: [u]
  logits: {s: {go: 2*u}}
  theta: {u: log(2)}
"""

SMALL = {"states": ["s", "end"], "terminal": ["end"], "transitions": [["s", "go", "end", 1, 1]], "start": {"s": 1}}
TWO = {
    "states": ["s", "end"],
    "terminal": ["end"],
    "transitions": [["s", "a", "end", 1, 1], ["s", "b", "end", 1, 2]],
    "start": {"s": 1},
}


# -- reading ---------------------------------------------------------------------------------------------


def test_yaml_reads_every_key() -> None:
    problem = loads(MODEL)
    p, u = sp.symbols("p u")
    assert problem.name == "example"
    assert problem.source == "written for this test"
    assert problem.mdp.states == ("s", "t", "end")
    assert problem.mdp.terminal == {"end"}
    assert problem.mdp.gamma == sp.Rational(9, 10)
    assert problem.mdp.outcomes("s", "go") == (("end", sp.Rational(1, 3), 1), ("t", sp.Rational(2, 3), -sp.S.Half))
    assert problem.mdp.outcomes("t", "go")[1] == ("t", 1 - p, 0)
    assert problem.mdp.start == {"s": sp.Rational(3, 4), "t": sp.Rational(1, 4)}
    assert problem.mdp.assumptions == {"p": "0 < p < 1"}
    assert problem.objective is Objective.START_STATE
    assert problem.policy("go", "s") == sp.exp(2 * u) / (sp.exp(2 * u) + 1)
    assert problem.theta == {u: sp.log(2)}


def test_gamma_in_dynamics_is_the_discount_factor() -> None:
    assert loads(MODEL).mdp.outcomes("t", "go")[0].r == sp.Rational(9, 20)
    symbolic = loads(MODEL.replace("gamma: 9/10", "gamma: gamma"))
    assert symbolic.mdp.outcomes("t", "go")[0].r == sp.Symbol("gamma") / 2


def test_gamma_as_parameter_is_refused_only_if_the_dynamics_use_it() -> None:
    text = MODEL.replace("params: [u]", "params: [gamma]").replace("2*u", "gamma").replace("u: log", "gamma: log")
    with pytest.raises(NameCollisionError, match=r"transitions\[3\]\.r: gamma names both a policy parameter"):
        loads(text)
    assert loads(text.replace("gamma/2", "1/2")).policy.params == (sp.Symbol("gamma"),)


def test_no_policy_means_tabular_softmax_at_zero() -> None:
    problem = from_document(TWO)
    assert problem.policy == tabular(problem.mdp)
    assert set(problem.theta.values()) == {sp.Integer(0)}


def test_json_and_yaml_give_the_same_problem() -> None:
    problem = loads(MODEL)
    assert loads(dumps(problem, "json"), "json") == problem == loads(dumps(problem, "yaml"), "yaml")


def test_epsilon_makes_a_mixture() -> None:
    problem = from_document(TWO | {"policy": {"epsilon": "1/5"}})
    assert problem.policy == mixture(tabular(problem.mdp), "1/5")


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_load_chooses_the_format_by_suffix(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    save(loads(MODEL), path)
    assert load(path) == loads(MODEL)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_load_reads_the_model_inside_a_larger_document(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text(json.dumps({"id": "X1", "source": "ours", "expected": {}, "model": SMALL}))
    assert (load(path).name, load(path).source) == ("X1", "ours")
    path.write_text(json.dumps({"id": "X1", "model": SMALL | {"gama": 1}}))
    with pytest.raises(SchemaError, match=r"^case\.json: model\.gama: the key is unknown; the nearest is 'gamma'"):
        load(path)


# -- names -----------------------------------------------------------------------------------------------


def test_states_one_and_text_one_differ() -> None:
    document = {"states": [1, "1"], "transitions": [[1, "a", "1", 1, 0], ["1", "a", 1, 1, 5]], "start": {"1": 1}}
    mdp = from_document(document).mdp
    assert mdp.states == (1, "1")
    assert mdp.start == {"1": 1}
    assert from_document(document | {"start": [[1, 1]]}).mdp.start == {1: 1}


def test_json_keys_mean_the_name_that_is_written_so() -> None:
    cells = [[0, 0], [0, 1]]
    document = {
        "states": [*cells, True, 2.5],
        "terminal": [True],
        "transitions": [
            [cells[0], 7, cells[1], 1, 0],
            [cells[0], 8, True, 1, 0],
            [cells[1], 7, 2.5, 1, 0],
            [2.5, 7, True, 1, 0],
        ],
        "start": {"[0, 0]": "1/2", "2.5": "1/2"},
        "policy": {"params": ["t"], "logits": {"[0, 0]": {"8": "t"}}},
    }
    problem = loads(json.dumps(document), "json")
    assert problem.mdp.start == {(0, 0): sp.S.Half, 2.5: sp.S.Half}
    assert problem.policy(8, (0, 0)) == sp.exp(sp.Symbol("t")) / (sp.exp(sp.Symbol("t")) + 1)
    assert loads(dumps(problem, "json"), "json") == problem


def test_yaml_sequences_are_names_and_keys() -> None:
    problem = loads(
        "{states: [[0, 1], end], terminal: [end], transitions: [[[0, 1], a, end, 1, 1]], start: {[0, 1]: 1}}"
    )
    assert problem.mdp.start == {(0, 1): 1}


@pytest.mark.parametrize(
    ("name", "value"),
    [("no", "no"), ("on", "on"), ("y", "y"), ("1:30", "1:30"), ("2020-01-01", "2020-01-01"), ("010", 10),
     ("1_0", "1_0"), ("0x10", "0x10"), ("true", True), ("1e3", 1000.0), ("'7'", "7"),
     ("=", "="), ("<<", "<<"), (".5", 0.5), ("-3", -3)],
)  # fmt: skip
def test_yaml_scalars_are_read_by_the_core_schema(name: str, value: object) -> None:
    problem = loads(f"{{states: [{name}], transitions: [[{name}, a, {name}, 1, 0]], gamma: 1/2}}")
    (state,) = problem.mdp.states
    assert state == value
    assert type(state) is type(value)
    assert loads(dumps(problem)) == problem


# -- refusals --------------------------------------------------------------------------------------------


def edited(**changes: object) -> dict[str, object]:
    return {key: value for key, value in (TWO | changes).items() if value is not None}


POLICY = {"params": ["t"], "logits": {"s": {"a": "t"}}, "theta": {"t": 0}}

REFUSED = {
    "short row": (
        edited(transitions=[["s", "a", "end", 1]]),
        SchemaError,
        "transitions[0]: found 4 entries; an outcome is [s, a, s', p, r]. Give all five",
    ),
    "row not a list": (
        edited(transitions=["s"]),
        SchemaError,
        "transitions[0]: found 's'; a row is [s, a, s', p, r]. Give all five in a list",
    ),
    "rows not a list": (
        edited(transitions="s"),
        SchemaError,
        "transitions: found 's'; a list is required. Write it in [ ] or with dashes",
    ),
    "missing key": (
        edited(states=None),
        SchemaError,
        "states: the key is missing; every model has states and transitions. Add it",
    ),
    "unknown key": (
        edited(transition=[]),
        SchemaError,
        "transition: the key is unknown; the nearest is 'transitions'. Rename or remove it",
    ),
    "unknown policy key": (
        edited(policy={"logit": {}}),
        SchemaError,
        "policy.logit: the key is unknown; the nearest is 'logits'. Rename or remove it",
    ),
    "boolean number": (
        edited(gamma=True),
        SchemaError,
        "gamma: found True; a number or a formula is required. Write it as a number or as text",
    ),
    "list as number": (
        edited(transitions=[["s", "a", "end", [1], 1]]),
        SchemaError,
        "transitions[0][3]: found [1]; a number or a formula is required. Write it as a number or as text",
    ),
    "mapping as name": (
        edited(states=["s", {"end": 1}]),
        SchemaError,
        "states[1]: found a mapping; a name is text, a number, true, false or a list of these. Rename it",
    ),
    "null as name": (
        edited(states=["s", None]),
        SchemaError,
        "states[1]: found nothing; a name is text, a number, true, false or a list of these. Rename it",
    ),
    "infinite name": (
        edited(states=["s", float("inf")]),
        SchemaError,
        "states[1]: found inf; a name that is a number must be finite. Rename it",
    ),
    "start of neither shape": (
        edited(start="s"),
        SchemaError,
        "start: found neither; the start is a mapping {state: p} or a list of rows [state, p]. Write one of the two",
    ),
    "short start row": (
        edited(start=[["s"]]),
        SchemaError,
        "start[0]: found 1 entry; a row is [state, p]. Give all two",
    ),
    "unknown start state": (
        edited(start={"ends": 1}),
        StructureError,
        "start.ends: state 'ends' is unknown; the nearest is 'end'. Check its name",
    ),
    "state twice in start": (
        edited(start=[["s", "1/2"], ["s", "1/2"]]),
        SchemaError,
        "start[1]: 's' occurs twice; one entry for each is required. Remove one",
    ),
    "unknown state in a row": (
        edited(states=["s"], terminal=[]),
        StructureError,
        "transitions[0]: state 'end' is unknown; every state must be listed in states. Add it there",
    ),
    "state listed twice": (
        edited(states=["s", "end", "s"]),
        StructureError,
        "states: state 's' is listed twice; names must be distinct. Rename one",
    ),
    "no states": (
        edited(states=[], terminal=[], transitions=[], start=None),
        SchemaError,
        "states: found 0 states; a model has at least one. List them",
    ),
    "objective": (
        edited(objective="start-sate"),
        SchemaError,
        "objective: found 'start-sate'; the nearest is 'start-state'. Correct it",
    ),
    "assumption not text": (
        edited(symbols={"p": 1}),
        SchemaError,
        "symbols.p: found 1; a comparison is required, in quotes if it has a comma. Write p: 0 < p < 1",
    ),
    "two policies": (
        edited(policy={"logits": {}, "probabilities": {}}),
        SchemaError,
        "policy: found both logits and probabilities; a policy has one of them. Remove the other",
    ),
    "probabilities without params": (
        edited(policy={"probabilities": {}}),
        SchemaError,
        "policy.params: the key is missing; probabilities need the list of their parameters. Add it",
    ),
    "probabilities without theta": (
        edited(policy={"params": ["q"], "probabilities": {"s": {"a": "q", "b": "1-q"}}}),
        SchemaError,
        "policy.theta: the key is missing; probabilities have no default theta. Add a value for every parameter",
    ),
    "policy not a mapping": (
        edited(policy="uniform"),
        SchemaError,
        "policy: found 'uniform'; a mapping is required. Write it as key: value",
    ),
    "logits of neither shape": (
        edited(policy={"logits": "t"}),
        SchemaError,
        "policy.logits: found neither; a policy is a mapping {state: {action: formula}} or a list of rows "
        "[state, action, formula]. Write one of the two",
    ),
    "logits for no state": (
        edited(policy={"logits": {}}),
        PolicyError,
        "policy: found no logits for 's'; every state that can be reached and has a choice needs them. "
        "Add them, or say default='uniform' (in a file, default: uniform)",
    ),
    "another default": (
        edited(policy={"logits": {}, "default": "greedy"}),
        PolicyError,
        "policy: found default = 'greedy'; only 'uniform' is known. Write that, or leave it out",
    ),
    "default alone": (
        edited(policy={"default": "uniform"}),
        SchemaError,
        "policy.default: found it without logits or probabilities; it is for the states that they leave out. "
        "Write logits: {} for a uniform policy, or remove it",
    ),
    "unknown action": (
        edited(policy={"logits": {"s": {"c": "t"}}}),
        StructureError,
        "policy.logits.s.c: action 'c' is unknown; the actions are a, b. Check its name",
    ),
    "logit not linear": (
        edited(policy={"params": ["t"], "logits": {"s": {"a": "t^2"}}}),
        FormulaError,
        "t**2 is not a rational multiple of one parameter",
    ),
    "unlisted parameter": (
        edited(policy={"params": ["t"], "logits": {"s": {"a": "t + u"}}}),
        PolicyError,
        "logits use u, which params does not list",
    ),
    "parameter not a name": (
        edited(policy={"params": ["t+1"], "logits": {}}),
        SchemaError,
        "policy.params[0]: 't+1' is not a name; a parameter is one identifier. Rename it",
    ),
    "unknown theta": (
        edited(policy=POLICY | {"theta": {"u": 0}}),
        PolicyError,
        "policy.theta.u: 'u' is not a parameter; the policy has t. Check the name",
    ),
    "incomplete theta": (
        edited(policy=POLICY | {"theta": {}}),
        PolicyError,
        "theta: no value for t; every parameter needs one. Add it",
    ),
    "epsilon outside": (
        edited(policy={"epsilon": "3/2"}),
        PolicyError,
        "epsilon: found 3/2; a mixture weight lies in [0, 1]",
    ),
    "theta outside": (
        edited(policy={"params": ["q"], "probabilities": {"s": {"a": "q", "b": "1-q"}}, "theta": {"q": "3/2"}}),
        ProbabilityRangeError,
        "('s', 'a'): pi(a|s) = 3/2 at q = 3/2; a probability lies in [0, 1]. Choose another theta",
    ),
    "theta on the boundary": (
        edited(policy={"params": ["q"], "probabilities": {"s": {"a": "q", "b": "1-q"}}, "theta": {"q": 1}}),
        ZeroProbabilityError,
        "('s', 'b'): pi(a|s) = 0 but d pi(a|s)/dq = -1 at q = 1; the score grad log pi needs pi(a|s) > 0. "
        "Move theta to the interior, or give the policy as logits",
    ),
    "pole": (
        edited(policy={"params": ["q"], "probabilities": {"s": {"a": "1/q", "b": "1-1/q"}}, "theta": {"q": 0}}),
        ProbabilityRangeError,
        "('s', 'a'): pi(a|s) = 1/q has a pole at q = 0; a probability lies in [0, 1]. Choose another theta",
    ),
    "probabilities that do not sum to 1": (
        edited(policy={"params": ["q"], "probabilities": {"s": {"a": "q", "b": "q"}}, "theta": {"q": "1/4"}}),
        NotStochasticError,
        "('probabilities', 's'): probabilities sum to 2*q; must be exactly 1",
    ),
    "row of 9/10": (
        edited(transitions=[["s", "a", "end", "9/10", 1]]),
        NotStochasticError,
        "9/10",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("format", ["json", "yaml"])
def test_document_refuses(case: str, format: str) -> None:
    document, error, message = REFUSED[case]
    text = json.dumps(document) if format == "json" else dumps_plain(document)
    if case == "infinite name" and format == "json":
        message = "found Infinity; a number must be finite. Give a number or a formula"
    if case == "infinite name" and format == "yaml":
        text = text.replace("Infinity", "1e999")
        message = "found 1e999, beyond the range of decimal numbers; a number lies within about 1e-308 and 1e308"
    with pytest.raises(error, match=re.escape(message)) as caught:
        loads(text, format, where=f"model.{format}")
    assert type(caught.value) is error
    assert str(caught.value).startswith(f"model.{format}: ")


def dumps_plain(document: dict[str, object]) -> str:
    """JSON is YAML (flow style)."""
    return json.dumps(document)


def test_formula_errors_name_file_and_entry() -> None:
    with pytest.raises(FormulaError, match=r"^m\.yaml: transitions\[0\]\.p: "):
        from_document(edited(transitions=[["s", "a", "end", "1 +", 1]]), where="m.yaml")
    with pytest.raises(FormulaError, match=r"^m\.yaml: policy\.logits\.s\.a: "):
        from_document(edited(policy={"logits": {"s": {"a": "t("}}}), where="m.yaml")
    with pytest.raises(FormulaError, match=r"^m\.yaml: start\.s: "):
        from_document(edited(start={"s": "one half"}), where="m.yaml")


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('true')",
        "().__class__",
        "9**9**9**9",
        "lambda: 0",
        "[1][0]",
        "1;2",
        "1 + " * 10**5 + "1",
    ],
)
def test_formulas_are_never_executed_and_bounded(formula: str) -> None:
    with pytest.raises(FormulaError):
        from_document(edited(transitions=[["s", "a", "end", formula, 1]]))


@pytest.mark.parametrize(
    ("text", "format", "message"),
    [
        ('{"states": 1, "states": 2}', "json", "key 'states' occurs twice in one object; keys must be distinct"),
        ("states: 1\nstates: 2", "yaml", "line 2: key 'states' occurs twice in one mapping; keys must be distinct"),
        ('{"gamma": NaN}', "json", "found NaN; a number must be finite"),
        ('{"gamma": -Infinity}', "json", "found -Infinity; a number must be finite"),
        ('{"gamma": 1', "json", "line 1, column 12: not JSON (Expecting ',' delimiter)"),
        ("a: [1", "yaml", "not YAML ("),
        ("a: \x00", "yaml", "not YAML ("),
        ("a: &x 1", "yaml", "line 1: an anchor or alias; a model file has none. Write the value out"),
        ("a: *x", "yaml", "line 1: an anchor or alias; a model file has none. Write the value out"),
        ("a: !!python/object/apply:os.system [true]", "yaml", "a model file holds plain values. Remove the tag"),
        ("a: !!str 1", "yaml", "tag 'tag:yaml.org,2002:str'; a model file holds plain values. Remove the tag"),
        ("--- 1\n--- 2", "yaml", "line 2: a second document starts; a model file holds one"),
        ("{{a: 1}: 2}", "yaml", "line 1: a mapping as a key; a key is a name"),
        ("[" * 10**5, "json", "line 1: nested more than 16 deep; a model file is flatter"),
        ("[" * 10**5, "yaml", "line 1: nested more than 16 deep; a model file is flatter"),
        ("- " * 10**4, "yaml", "line 1: nested more than 16 deep; a model file is flatter"),
        ('{"a":' * 10**5, "json", "line 1: nested more than 16 deep; a model file is flatter"),
        ("9" * 5000, "json", "found an integer of 5000 digits; at most 4000 are read"),
        ("9" * 5000, "yaml", "found an integer of 5000 digits; at most 4000 are read"),
        ("", "yaml", "found NoneType; a model is a mapping of keys such as states"),
        ("[1]", "json", "found list; a model is a mapping of keys such as states"),
    ],
)
def test_text_refuses(text: str, format: str, message: str) -> None:
    with pytest.raises(SchemaError, match=re.escape(message)) as caught:
        loads(text, format, where="model")
    assert str(caught.value).startswith("model: ")


class Bounded(yaml.SafeLoader):
    """A YAML library with a bound of its own on nesting, as PyYAML has since 6.0.4; it stands in for later ones."""

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        if self.flow_level == 100:
            raise yaml.scanner.ScannerError(None, None, "too deep for the library", self.get_mark())
        super().fetch_flow_collection_start(token)


@pytest.mark.parametrize("loader", [Bounded, yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)])
@pytest.mark.parametrize(("text", "line"), [("[" * 2000, 1), ("a: 1\nb:\n  " + "[" * 2000, 3), ("- " * 2000, 1)])
def test_our_bound_on_nesting_speaks_whatever_the_library_does(
    monkeypatch: pytest.MonkeyPatch, loader: type[yaml.SafeLoader], text: str, line: int
) -> None:
    monkeypatch.setattr(reading, "_Loader", loader)
    with pytest.raises(SchemaError, match=rf"^line {line}: nested more than 16 deep; a model file is flatter\. Check"):
        loads(text)


def test_an_error_of_the_library_in_flat_text_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_Loader", Bounded)
    with pytest.raises(SchemaError, match=r"^line 2, column 20: not YAML \(expected ',' or '\]', but got '}'\)"):
        loads('a: "' + "[" * 2000 + '"\nb: ' + "[" * 15 + "1}")


def test_text_refuses_an_alias_bomb_at_once() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    with pytest.raises(SchemaError, match="line 1: an anchor or alias"):
        loads("\n".join(lines))


def test_load_refuses_what_is_not_a_model_file(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"nowhere\.yaml: cannot be read \(No such file or directory\)"):
        load(tmp_path / "nowhere.yaml")
    with pytest.raises(SchemaError, match=r"model\.jsn: the ending '\.jsn' cannot be read; the nearest is '\.json'"):
        load(tmp_path / "model.jsn")
    (tmp_path / "latin.json").write_bytes(b'{"states": ["\xe9"]}')
    with pytest.raises(SchemaError, match=r"latin\.json: byte 13 is not UTF-8 text"):
        load(tmp_path / "latin.json")
    (tmp_path / "folder.json").mkdir()
    with pytest.raises(SchemaError, match=r"folder\.json: cannot be read"):
        load(tmp_path / "folder.json")


def test_load_refuses_a_huge_file_without_reading_it(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(SchemaError, match=r"huge\.json: found 33554433 characters or more; a model file has at most"):
        load(path)


def test_page_of_model_files_shows_a_model_that_loads() -> None:
    page = (Path(__file__).parents[2] / "docs" / "model-files.md").read_text(encoding="utf-8")
    problem = loads(re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)[0])
    assert problem.policy.at(problem.theta)["worn"]["repair"] == sp.Rational(3, 4)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(
        [0, -1, 10**30, 0.5, 1e308, "", "p", "t", "1/0", "0/0", "gamma", "s", "oo", "log(0)", "exp(t)", [], {}]
    ),
    st.lists(st.sampled_from(["s", "a", "end", 1, "p", None]), max_size=5),
    st.dictionaries(st.sampled_from(["s", "t", "a", 1, "gamma"]), st.sampled_from(["s", 1, "p", None, []]), max_size=2),
)


@st.composite
def damaged(draw: st.DrawFn) -> object:
    """A good document in which up to three places hold something else."""
    document = json.loads(json.dumps(to_document(loads(MODEL))))
    for _ in range(draw(st.integers(1, 3))):
        node, steps = document, draw(st.integers(1, 5))
        for step in range(steps):
            keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
            if not keys:
                break
            key = draw(st.sampled_from(keys))
            if step == steps - 1 or not isinstance(node[key], dict | list):
                node[key] = draw(JUNK)
                break
            node = node[key]
    return document


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.AssumptionWarning")
@pytest.mark.filterwarnings("ignore::pgsym.model.validate.RationalisedWarning")
@settings(max_examples=200, deadline=None)
@given(damaged())
def test_damaged_document_loads_or_is_refused_as_a_model(document: object) -> None:
    try:
        problem = from_document(document)
    except PgsymError:
        return
    assert problem.theta.keys() == set(problem.policy.params)


# -- writing ---------------------------------------------------------------------------------------------


def one_state(**options: object) -> Problem:
    mdp = MDP.from_transitions([("s", "a", "s", 1, 0), ("s", "b", "s", 1, 1)], **{"gamma": "1/2"} | options)
    policy = tabular(mdp)
    return Problem(mdp, policy, Objective.START_STATE, {symbol: sp.Integer(0) for symbol in policy.params})


def test_document_is_plain() -> None:
    document = to_document(loads(MODEL))
    assert json.loads(json.dumps(document)) == document
    assert document["start"] == {"s": "3/4", "t": "1/4"}
    assert document["policy"] == {
        "params": ["u"],
        "logits": {"s": {"go": "2*u", "stay": 0}, "t": {"go": 0}},
        "theta": {"u": "log(2)"},
    }


def test_save_leaves_the_old_file_when_it_refuses(tmp_path: Path) -> None:
    path = tmp_path / "model.yaml"
    save(one_state(), path)
    before = path.read_text()
    p = sp.Symbol("p", positive=True)
    mdp = MDP.from_transitions([("s", "a", "s", 1, p)], gamma="1/2")
    with pytest.raises(SchemaError, match="symbols: symbol p carries SymPy assumptions; a file holds plain symbols"):
        save(Problem(mdp, tabular(mdp), Objective.START_STATE, {tabular(mdp).params[0]: sp.Integer(0)}), path)
    assert path.read_text() == before
    assert [p.name for p in tmp_path.iterdir()] == ["model.yaml"]


def test_save_refuses_a_gamma_that_is_not_the_discount() -> None:
    mdp = MDP.from_transitions([("s", "a", "s", 1, sp.Symbol("gamma"))], gamma="1/2")
    policy = softmax_policy(mdp, {})
    with pytest.raises(NameCollisionError, match="symbols: gamma names a symbol of the model whose discount factor is"):
        dumps(Problem(mdp, policy, Objective.START_STATE, {}))


def test_save_refuses_names_and_policies_without_a_form() -> None:
    mdp = MDP.from_transitions([(frozenset("s"), "a", frozenset("s"), 1, 1)], gamma="1/2")
    with pytest.raises(SchemaError, match="of type frozenset; a model file holds text, numbers"):
        dumps(Problem(mdp, softmax_policy(mdp, {}), Objective.START_STATE, {}))
    problem = one_state()
    twice = mixture(mixture(problem.policy, "1/2"), "1/2")
    with pytest.raises(SchemaError, match="policy: the policy is a mixture of a mixture; a file holds logits"):
        dumps(Problem(problem.mdp, twice, problem.objective, problem.theta))


def test_save_refuses_an_unknown_place(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match=r"cannot be written \(No such file or directory\)"):
        save(one_state(), tmp_path / "nowhere" / "model.yaml")


def test_default_uniform_fills_what_the_logits_leave_out() -> None:
    problem = from_document(edited(policy={"logits": {}, "default": "uniform"}))
    assert problem.policy("a", "s") == sp.Rational(1, 2)
    assert loads(dumps(problem)) == problem


# -- round trip ------------------------------------------------------------------------------------------

# Files refuse commands to the terminal, and what looks like something else.
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs"), include_characters="\n\t"), max_size=6)
NAMES = st.recursive(
    st.one_of(
        TEXT,
        st.sampled_from(["1", "no", "true", "null", "~", "1e3", "0x1", "a: b", "- a", "# c", "[0]", " x ", "é", "\n"]),
        st.integers(-3, 3),
        st.booleans(),
        st.floats(allow_nan=False, allow_infinity=False, width=16),
    ),
    lambda inner: st.tuples(inner, inner),
    max_leaves=3,
)


def looks(name: object) -> object:
    return appearance(name) if isinstance(name, str) else (type(name), name)


NUMBERS = st.fractions(min_value=-3, max_value=3, max_denominator=12)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Random MDPs with odd names, parallel outcomes, a symbol, and each kind of policy."""
    states = draw(st.lists(NAMES, min_size=2, max_size=4, unique_by=(lambda name: name, looks)))
    terminal = draw(st.sets(st.sampled_from(range(1, len(states))), max_size=len(states) - 1))
    actions = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=(lambda name: name, looks)))
    rows = []
    for i, s in enumerate(states):
        if i in terminal:
            continue
        for a in draw(st.lists(st.sampled_from(actions), min_size=1, unique=True)):
            weights = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
            total = sum(weights)
            for weight in weights:
                target = draw(st.sampled_from(states))
                reward = draw(st.one_of(NUMBERS, st.sampled_from(["rho/2 - 1", "gamma*rho"])))
                rows.append((s, a, target, sp.Rational(weight, total), reward))
    rows = draw(st.permutations(rows))
    gamma = draw(st.sampled_from(["gamma", "1/2", "9/10"]))
    if gamma != "gamma":
        rows = [(*row[:4], "rho" if row[4] == "gamma*rho" else row[4]) for row in rows]
    start = draw(st.sampled_from([None, {states[0]: 1}, {states[0]: "1/3", states[1]: "2/3"}]))
    mdp = MDP.from_transitions(rows, states=states, terminal=[states[i] for i in terminal], gamma=gamma, start=start)
    kind = draw(st.sampled_from(["tabular", "shared", "direct", "mixture"]))
    if kind == "direct":
        table = {}
        for s in mdp.nonterminal:
            first, *rest = mdp.actions(s)
            table[s] = {a: f"q/{len(rest) + 2}" for a in rest}
            table[s][first] = f"1 - {len(rest)}*q/{len(rest) + 2}"
        policy = direct_policy(mdp, table, ["q"])
        theta = {sp.Symbol("q"): sp.Rational(1, 2)}
    else:
        logits = {
            s: {a: f"{draw(NUMBERS)}*u + {draw(NUMBERS)}*lambda + ({draw(NUMBERS)})" for a in mdp.actions(s)}
            for s in mdp.nonterminal
        }
        policy = tabular(mdp) if kind == "tabular" else softmax_policy(mdp, logits, ["u", "lambda"])
        values = st.sampled_from([sp.Integer(0), sp.log(2), -sp.log(sp.Rational(3, 2)), sp.Rational(-1, 9)])
        theta = {symbol: draw(values) for symbol in policy.params}
        if kind == "mixture":
            policy = mixture(policy, "1/7")
    name, source = draw(TEXT), draw(TEXT)
    return Problem(mdp, policy, draw(st.sampled_from(Objective)), theta, name, source)


@settings(max_examples=60, deadline=None)
@given(problems(), st.sampled_from(["yaml", "json"]))
def test_round_trip_is_lossless(problem: Problem, format: str) -> None:
    again = loads(dumps(problem, format), format)
    assert again.mdp == problem.mdp
    assert again.mdp.pairs == problem.mdp.pairs
    assert again.policy.params == problem.policy.params
    for s in problem.mdp.nonterminal:
        assert again.policy.actions(s) == problem.policy.actions(s)
        assert [again.policy(a, s) for a in again.policy.actions(s)] == [
            problem.policy(a, s) for a in problem.policy.actions(s)
        ]
    assert again == problem


def test_round_trip_rejects_a_lost_outcome() -> None:
    """The mutant: a writer that keys outcomes by (s, a, s') loses one of two parallel outcomes."""
    problem = loads("{states: [s], transitions: [[s, a, s, 1/2, 0], [s, a, s, 1/2, 1]], gamma: 1/2}")
    document = to_document(problem)
    document["transitions"] = [[*document["transitions"][0][:3], 1, 0]]
    assert from_document(document) != problem
