"""Every verb's answer keeps one protocol, and its JSON is what docs/results.md documents."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from skips import needs

import pgsym
import pgsym.notes
from pgsym.auditing.law_check import check_law
from pgsym.display.result import Result
from pgsym.errors import MissingExtraError
from pgsym.study.schema import read_study
from pgsym.study.settings import resolve
from pgsym.trust import Trust

PAGE = Path(__file__).parent.parent / "docs" / "results.md"
DISPLAYS = ("_repr_html_", "_repr_markdown_", "_repr_latex_")
MEMBERS = ("to_json", "frame", "latex", "text", "trust", "assumption", "__str__")
PLOTTED = {
    "EstimatorLaw",
    "EstimatorComparison",
    "Estimate",
    "CrossCheck",
    "LawCheck",
    "AuditResult",
    "Ascent",
    "StudyResult",
    "OptimalRegions",
}
"""Where there is a picture."""

ASSUMED = "assumed: tabular softmax, theta = 0, start-state objective"


def model() -> pgsym.MDP:
    """An MDP without a policy, with names that have to be escaped."""
    rows = [("s", "<go>", "t_1", "1/2", 1), ("s", "<go>", "end", "1/2", 0), ("s", "wait", "s", 1, 0)]
    rows += [("t_1", "<go>", "end", 1, 2), ("t_1", "wait", "s", 1, -1)]
    return pgsym.MDP.from_transitions(rows, start="s", terminal=["end"], gamma="1/2")


def reward_to_go(theta, batch):
    """Without the weight gamma^t: biased."""
    returns = np.cumsum((batch.gamma**batch.steps * batch.rewards)[:, ::-1], axis=1)[:, ::-1]
    return (returns[..., None] * batch.scores / batch.gamma ** batch.steps[..., None]).sum((0, 1)) / batch.episodes


NOTE = pgsym.notes.NoteDocument.of(r"$$V^\pi(s) = \mathbb{E}_\pi[Q(s,a)] = 2 V^\pi(s) \le 1$$", "note.md")
MAKERS = {
    "Solution": lambda: pgsym.solve(model()).at(),
    "Solution in closed form": lambda: pgsym.solve(model()),
    "Solution in floats": lambda: pgsym.solve(model()).at([0.1, 0.2, 0.3, 0.4]),
    "FloatSolution": lambda: pgsym.FloatMDP.of(model()).at(),
    "FloatSolution of the average reward": lambda: pgsym.FloatMDP.of(pgsym.zoo("two-state").mdp).at(
        objective="average-reward"
    ),
    "Optimum": lambda: pgsym.optimal(model()),
    "Optimum of the average reward": lambda: pgsym.optimal("machine-replacement"),
    "OptimalRegions": lambda: pgsym.optimal(model().replace(gamma="gamma")),
    "SharpestConstant": lambda: pgsym.sharpen(model(), 'sum[s] mu0(s) * pi("wait"|"s") <= c'),
    "SharpestConstant that is attained": lambda: pgsym.sharpen(model(), "sum[s] sum[a] pi(a|s)^2 >= c"),
    "Verdict": lambda: pgsym.verify(model()),
    "Verdict refuted": lambda: pgsym.decide(model(), 'J = 2 * J = V("s")'),
    "Verdict of an inequality": lambda: pgsym.decide(model(), "J <= 100"),
    "Verdict undecided": lambda: pgsym.decide(
        model(), "sum[a] pi(a|s) * log pi(a|s) <= 2 * log 2 * (sum[a] pi(a|s)^2 - 1)"
    ),
    "Verdict inapplicable": lambda: pgsym.decide(model(), "rbar = 0"),
    "Checked": lambda: pgsym.Script.parse('J = V("s")\n  = 0   # no').check(model()),
    "AuditedNote": lambda: pgsym.notes.audit_note(NOTE, model()),
    "GeneralVerdict": lambda: pgsym.prove("grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * A(s,a)"),
    "GeneralVerdict refuted": lambda: pgsym.prove("J = 2 * J = rbar"),
    "Derivation": lambda: pgsym.derive(model(), level="general"),
    "Findings": lambda: pgsym.theorem("policy-gradient").decide(model()),
    "Findings inapplicable": lambda: pgsym.theorem("policy-gradient-average-reward").decide(model()),
    "EstimatorLaw": lambda: pgsym.moments(model(), "reward-to-go").at(),
    "EstimatorLaw in closed form": lambda: pgsym.moments(model(), "reward-to-go"),
    "EstimatorComparison": lambda: pgsym.compare(model(), "reinforce", "reward-to-go"),
    "Estimate": lambda: pgsym.estimate(model(), n=200, horizon=8),
    "CrossCheck": lambda: pgsym.cross_check(model(), n=200, horizon=8),
    "LawCheck": lambda: check_law(pgsym.moments(model(), "reward-to-go").at(), n=400, horizon=8),
    "AuditResult": lambda: pgsym.audit(model(), reward_to_go, horizon=6, max_samples=4_000),
    "AuditResult exact": lambda: pgsym.audit(model(), reward_to_go, horizon=2, mode="exact"),
    "Ascent": lambda: pgsym.ascend(model(), methods=["exact", "reward-to-go"], steps=3, seeds=2, batch=8, horizon=8),
    "StudyResult": None,  # made by the fixture: it needs a file
}
UNASSUMED = {"StudyResult", "GeneralVerdict", "GeneralVerdict refuted", "Optimum of the average reward"}
"""A study's file says all of it."""
CHOSEN = {
    "FloatSolution": "assumed: logits = 0",
    "FloatSolution of the average reward": "assumed: logits = 0",
    "Findings": "assumed: tabular softmax, theta = 0",  # a theorem has its own objective
    "Optimum": "assumed: start-state objective",  # the model's own policy does not matter
    "OptimalRegions": "assumed: start-state objective",
    "Solution in floats": "assumed: tabular softmax, start-state objective",
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    small = {
        "name": "small",
        "models": "two-state",
        "estimators": ["reward-to-go"],
        "n": [20],
        "seeds": 2,
        "horizon": 5,
    }
    made = {}

    def result(name):
        if name not in made:
            if name == "StudyResult":
                path = tmp_path_factory.mktemp("study") / "small.sqlite"
                made[name] = pgsym.run_study(resolve(read_study(small)), path, workers=0, progress=False)
            else:
                made[name] = MAKERS[name]()
        return made[name]

    return result


# -- the protocol ----------------------------------------------------------------------------------------------


def missing(result: object) -> list[str]:
    """The members of the protocol that it lacks."""
    kind = type(result)
    found = [name for name in MEMBERS if not hasattr(kind, name) and not hasattr(result, name)]
    if not any(hasattr(kind, name) for name in DISPLAYS):
        found.append("display")
    if kind.__name__ in PLOTTED and not hasattr(kind, "plot"):
        found.append("plot")
    return found


@pytest.mark.parametrize("name", MAKERS)
def test_result_has_every_member(results, name):
    result = results(name)
    assert type(result).__name__ == name.split()[0]
    assert isinstance(result, Result)
    assert missing(result) == []
    assert result.trust is None or isinstance(result.trust, Trust)
    assert (result.trust is None) == name.endswith(("inapplicable", "undecided"))


@pytest.mark.parametrize("name", MAKERS)
def test_result_is_shown_as_text_latex_and_in_a_notebook(results, name):
    result = results(name)
    shown = [getattr(result, display)() for display in DISPLAYS if hasattr(result, display)]
    assert all(isinstance(text, str) and len(text) > 20 for text in [*shown, str(result), result.latex()])
    assert not any("<go>" in text for text in shown if "<table" in text)
    assert result.latex().count("{") == result.latex().count("}")


@pytest.mark.parametrize("name", [name for name in MAKERS if name not in UNASSUMED])
def test_first_line_says_what_was_assumed(results, name):
    result = results(name)
    assert str(result).splitlines()[0] == result.assumption == CHOSEN.get(name.split()[0], CHOSEN.get(name, ASSUMED))
    assert any(result.assumption in getattr(result, d)() for d in DISPLAYS if hasattr(result, d))


def test_nothing_is_assumed_where_all_was_chosen():
    model = pgsym.zoo("short-corridor")
    for result in (pgsym.solve(model), pgsym.verify(model), pgsym.moments(model, "reinforce")):
        assert result.assumption == ""
        assert str(result) == result.text()


@pytest.mark.parametrize("name", MAKERS)
def test_frame_has_a_row(results, name):
    needs("pandas")
    assert len(results(name).frame()) > 0


@pytest.mark.parametrize("name", [name for name in MAKERS if name.split()[0] in PLOTTED and "closed" not in name])
def test_plot_has_axes(results, name):
    needs("matplotlib")
    assert results(name).plot().axes


def test_protocol_rejects_a_result_without_a_member():
    class Silent(Result):
        assumption = ""
        trust = None

        def to_json(self):
            return {}

        def frame(self):
            raise MissingExtraError

        def latex(self):
            return ""

    with pytest.raises(TypeError, match=r"Can't instantiate abstract class Silent with abstract method.* text"):
        Silent()
    Told = type("Ascent", (Silent,), {"text": lambda self: "told"})
    assert missing(Told()) == ["display", "plot"]
    assert missing(object()) == ["to_json", "frame", "latex", "text", "trust", "assumption", "display"]


# -- JSON ------------------------------------------------------------------------------------------------------

PLAIN = {
    "object": lambda v: isinstance(v, dict),
    "text": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}


def schemas(page: str) -> dict[str, dict[str, str]]:
    """{section: {key: type}} of the tables of a page."""
    sections = re.split(r"^### (\w+)$", page, flags=re.MULTILINE)[1:]
    rows = re.compile(r"^\| `(\w+\??)` \| ([^|]+?) \|", re.MULTILINE)
    return {name: dict(rows.findall(text)) for name, text in zip(sections[::2], sections[1::2], strict=True)}


def mistakes(value: object, kind: str, known: dict[str, dict[str, str]], place: str = "") -> list[str]:
    """Where a value is not of a type."""
    tried = [_mistakes(value, one, known, place) for one in alternatives(kind)]
    return min(tried, key=len)


def alternatives(kind: str) -> list[str]:
    """The parts of ``a or b``, outside brackets."""
    parts, depth = [""], 0
    for word in kind.split(" "):
        if word == "or" and depth == 0:
            parts.append("")
            continue
        depth += sum(c in "[{" for c in word) - sum(c in "]}" for c in word)
        parts[-1] = f"{parts[-1]} {word}".strip()
    return parts


def _mistakes(value: object, kind: str, known: dict[str, dict[str, str]], place: str) -> list[str]:
    if kind in PLAIN:
        return [] if PLAIN[kind](value) else [f"{place}: found {value!r}, not {kind}"]
    wanted = list if kind[0] == "[" else dict
    if not isinstance(value, wanted):
        return [f"{place}: found {value!r}, not {kind}"]
    if kind[0] == "[":
        return [m for k, v in enumerate(value) for m in mistakes(v, kind[1:-1], known, f"{place}[{k}]")]
    if kind[0] == "{":
        return [m for k, v in value.items() for m in mistakes(v, kind[1:-1], known, f"{place}.{k}")]
    keys = {key.rstrip("?"): (key, inner) for key, inner in known[kind].items()}
    found = [f"{place}.{key}: not documented" for key in value if key not in keys]
    found += [f"{place}.{key}: missing" for key, (full, _) in keys.items() if key not in value and full == key]
    return found + [
        m for key in value if key in keys for m in mistakes(value[key], keys[key][1], known, f"{place}.{key}")
    ]


@pytest.mark.parametrize("name", MAKERS)
def test_json_is_plain_and_documented(results, name):
    data = results(name).to_json()
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    known = schemas(PAGE.read_text(encoding="utf-8"))
    assert mistakes(data, name.split()[0], known) == []


def test_page_documents_no_result_that_is_not_there():
    known = schemas(PAGE.read_text(encoding="utf-8"))
    text = " ".join(kind for table in known.values() for kind in table.values())
    inner = {"Trust", "Entry", "Number", "Witness", "Relation", "Mean", "Compared", "Best", "Diagnosis", "Observed"}
    inner |= {"NoteCase", "NoteRelation", "Meaning", "OptimalRegion", "Counterexample"}
    assert set(known) == {name.split()[0] for name in MAKERS} | inner | {"Path", "Cell"}
    assert set(re.findall(r"[A-Z]\w+", text)) <= set(known)


def test_schema_rejects_mutants(results):
    known = schemas(PAGE.read_text(encoding="utf-8"))
    data = results("Verdict").to_json()
    assert mistakes({**data, "extra": 1}, "Verdict", known) == [".extra: not documented"]
    assert mistakes({k: v for k, v in data.items() if k != "claim"}, "Verdict", known) == [".claim: missing"]
    assert mistakes({**data, "ground": None}, "Verdict", known) == [".ground: found None, not text"]
    assert mistakes({**data, "trust": {"level": 1}}, "Verdict", known) == [".trust.level: found 1, not text"]
