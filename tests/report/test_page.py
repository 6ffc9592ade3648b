"""The page and the document: well-formed, reachable, self-contained, and with the numbers of the API."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
import sympy as sp
from paper import compiled
from report_pages import HOSTILE, QUICK, problem, tables, tree
from skips import NEEDS_TEX

import pgsym
from pgsym.ascent.ascend import best_value
from pgsym.claims import decide
from pgsym.claims.blocks import DataTable
from pgsym.claims.derivation.html import mathml
from pgsym.errors import DiscountError, MissingExtraError, SchemaError
from pgsym.reports.live import live
from pgsym.reports.page import report
from pgsym.reports.page.content import Settings
from pgsym.reports.page.document import Builder
from pgsym.reports.page.estimators import estimators
from pgsym.reports.page.opening import finding, marked_points
from pgsym.reports.page.quantities import Writer
from pgsym.reports.page.theorem import ruling
from pgsym.reports.page.write import POLICY

MODELS = ("short-corridor", "two-state, gamma", "recycling-robot", "hostile", "forty")

SECTIONS = [
    "Try it",
    "The model",
    "Exact quantities",
    "The policy gradient theorem",
    "The derivation, checked line by line",
    "Optimal policies",
    "Exact and sampled gradients",
    "Bias and variance of estimators",
    "Learning curves",
    "How far each line can be relied on",
]


# -- the first screen ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        ("start-state", "The policy gradient theorem holds for every value of the parameters: decided exactly"),
        ("average-reward", "The policy gradient theorem holds for every value of the parameters: decided exactly"),
        ("stationary-value", "What many notes call the policy gradient theorem is false here"),
    ],
)
def test_first_sentence_says_what_was_found(objective, says):
    model = pgsym.zoo("two-state").replace(objective=objective)
    verdict = pgsym.verify(model)
    assert finding(model, verdict).startswith(says)
    points = marked_points(model, verdict)
    assert set(points) == {"local optimum"} | ({"counterexample"} if objective == "stationary-value" else set())
    # Far out on the sliders the policy is nearly deterministic, and nearly the best of all.
    best = best_value(model)
    assert best is not None
    reached = float(pgsym.solve(model).at(points["local optimum"]).J)
    assert best - abs(best) / 50 < reached < best


def test_counterexample_is_a_point_of_the_page(page):
    model = pgsym.zoo("two-state").replace(objective="stationary-value")
    verdict = pgsym.verify(model)
    assert marked_points(model, verdict)["counterexample"] == {s.name: v for s, v in verdict.witness.point.items()}


def test_sliders_of_symbols_start_at_familiar_numbers():
    part = live(pgsym.zoo("recycling-robot"))
    starts = dict(re.findall(r'aria-label="(\w+), typed" value="([^"]*)"', part.html))
    assert {name: starts[name] for name in ("α", "β", "γ", "r_search")} == {
        "α": "0.5", "β": "0.5", "γ": "0.9", "r_search": "1",
    }  # fmt: skip


# -- structure -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_page_has_every_section_in_order(page, name):
    (main,) = page(name).all("main")
    assert [h.text for h in main.all("h2")] == SECTIONS


@pytest.mark.parametrize("name", MODELS)
def test_headings_nest_below_one_title(page, name):
    levels = [int(h.tag[1]) for h in page(name).all("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


@pytest.mark.parametrize("name", MODELS)
def test_every_reference_resolves(page, name):
    nodes = list(page(name).walk())
    ids = [n.attributes["id"] for n in nodes if "id" in n.attributes]
    assert len(ids) == len(set(ids))
    links = [n.attributes["href"] for n in nodes if n.tag == "a"]
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)
    for key in ("aria-labelledby", "aria-describedby", "for"):
        for node in nodes:
            assert set((node.attributes.get(key) or "").split()) <= set(ids)


@pytest.mark.parametrize("name", MODELS)
def test_page_asks_for_nothing(written, page, name):
    nodes = list(page(name).walk())
    for node in nodes:
        for key in ("src", "srcset", "action", "data", "poster", "background"):
            assert key not in node.attributes, node
        assert (node.attributes.get("href") or "#").startswith(("#", "data:")), node
    text = (written(name) / "index.html").read_text(encoding="utf-8")
    # Namespaces are names, not addresses that anything is loaded from.
    addresses = set(re.findall(r"https?://[^\s\"'<)]+", text))
    assert addresses <= {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg"}
    assert not re.search(r"@import|url\((?!data:)", text)
    (policy,) = [n for n in nodes if n.attributes.get("http-equiv") == "Content-Security-Policy"]
    assert policy.attributes["content"] == POLICY
    assert POLICY.startswith("default-src 'none'")


@pytest.mark.parametrize("name", MODELS)
def test_page_can_be_used_without_eyes_or_mouse(page, name):
    root = page(name)
    (html,) = root.all("html")
    assert html.attributes["lang"] == "en"
    # What moves is labelled by its script; tests/browser looks at it there.
    live = {id(n) for box in root.all("div") if box.attributes.get("class") == "pgsym-live" for n in box.walk()}
    for picture in root.all("svg", "img", "canvas"):
        assert id(picture) in live or picture.attributes.get("aria-label"), picture.attributes
    first = root.all("a")[0]
    assert (first.attributes["class"], first.attributes["href"]) == ("skip", "#main")
    for table in root.all("table"):
        assert id(table) in live or table.attributes.get("aria-labelledby")
        assert all(th.attributes.get("scope") for th in table.all("th"))
    labels = {n.attributes.get("for") for n in root.all("label")}
    wrapped = {id(n) for label in root.all("label") for n in label.walk()}
    for control in root.all("input", "select"):
        named = control.attributes.get("aria-label") or control.attributes.get("id") in labels
        assert named or id(control) in wrapped, control.attributes
    assert all(button.text.strip() for button in root.all("button"))


@pytest.mark.parametrize("name", MODELS)
def test_every_formula_has_a_box_that_scrolls(page, name):
    root = page(name)
    chains = [n for n in root.all("div") if "chain" in (n.attributes.get("class") or "").split()]
    assert chains
    assert all("scroll" in n.attributes["class"].split() for n in chains)
    sections = [s for s in root.all("section") if s.attributes.get("id") not in (None, "live")]
    boxes = [n for s in sections for n in s.all("div") if "scroll" in (n.attributes.get("class") or "").split()]
    boxed = {id(n) for box in boxes for n in box.walk()}
    assert all(id(table) in boxed for s in sections for table in s.all("table"))


def test_what_is_defined_is_written_with_its_character(written, page):
    definitions = [m for m in page("short-corridor").all("math") if "≔" in m.text]
    assert definitions
    text = (written("short-corridor") / "index.html").read_text(encoding="utf-8")
    assert ":=" not in re.sub(r"<(script|style).*?</\1>", "", text, flags=re.DOTALL)


def test_a_name_is_upright_however_short():
    assert "<mtext>R</mtext>" in mathml(r"\pi(\mathrm{R} \mid s)")
    assert "<mi>go</mi>" in mathml(r"\mathrm{go}")


def test_parentheses_stretch_where_they_must():
    flat = mathml(r"\left(1 - \left(p + q\right)\right)")
    assert flat.count('stretchy="false"') == 4
    assert 'stretchy="true"' not in flat
    tall = mathml(r"\left(1 - \frac{1}{2} \left(p + q\right)\right)")
    assert (tall.count('stretchy="true"'), tall.count('stretchy="false"')) == (2, 2)


# -- numbers -------------------------------------------------------------------------------------------------


def test_quantities_are_those_of_solve(page):
    model = pgsym.zoo("short-corridor")
    solution = pgsym.solve(model).at(model.theta)
    found = tables(page("short-corridor"))
    header, *rows = found["States"]
    assert header == ["state", "V(s)", "η(s)"]
    assert rows == [[s, str(solution.V[s]), str(solution.eta[s])] for s in model.mdp.nonterminal]
    _, *rows = found["Actions"]
    assert rows == [[s, a, str(solution.Q[s, a]), str(solution.A[s, a])] for s, a in model.mdp.pairs]
    assert [row[-1] for row in found["J and its derivatives"][1:]] == ["-12", "2"]


def test_symbolic_model_shows_J_V_and_Q(written, page):
    shown = {n.text for n in page("recycling-robot").all("div") if n.attributes.get("class") == "left first"}
    assert {"J", "V(high)", "V(low)", "Q(high,search)", "Q(low,recharge)", "Δ"} <= {s.replace(" ", "") for s in shown}
    (summary,) = [n for n in page("recycling-robot").all("dl") if n.attributes.get("class") == "summary"]
    assert summary.all("dd")[0].text == "a formula in alpha, beta, r_search, r_wait, under Exact quantities"
    document = (written("recycling-robot") / "report.tex").read_text(encoding="utf-8")
    assert r"Q(\mathrm{high}, \mathrm{wait}) &= r_{\mathrm{wait}} + \frac{9}{10} \, V(\mathrm{high})" in document
    assert r"\text{long}" not in document


def test_rounded_quantities_are_those_of_solve(page):
    model = problem("forty")
    solution = pgsym.solve(model).at(dict.fromkeys(model.policy.params, 0.0))
    _, *rows = tables(page("forty"))["States: the first 24 of 40"]
    assert len(rows) == 24
    for state, *numbers in rows:
        for name, text in zip(("V", "h", "mu", "eta"), numbers, strict=True):
            value = float(getattr(solution, name)[int(state)])
            assert float(sp.Rational(text.removeprefix("≈"))) == pytest.approx(value, rel=1e-5), (name, state)


def test_laws_of_estimators_are_those_of_moments(page):
    model = pgsym.zoo("short-corridor")
    (title,) = [t for t in tables(page("short-corridor")) if t.startswith("Laws")]
    rows = {row[0]: row[1:] for row in tables(page("short-corridor"))[title]}
    for name, estimator in (("REINFORCE", "reinforce"), ("reward-to-go", "reward-to-go")):
        law = pgsym.moments(model.replace(objective="start-state"), estimator).at()
        assert rows[name][:2] == ["0", str(law.covariance_trace)]
        assert int(rows[name][3]) == law.sample_size(0.1)
    assert (rows["REINFORCE"][1], rows["reward-to-go"][1]) == ("1959", "733")


def test_samples_are_those_of_cross_check(page):
    model = pgsym.zoo("short-corridor")
    check = pgsym.cross_check(model.replace(objective="start-state"), "reward-to-go", n=QUICK["samples"])
    _, row = tables(page("short-corridor"))["reward-to-go, exact and sampled"]
    exact, sampled, low, high = map(float, row[1:5])
    assert exact == pytest.approx(check.truth[0], rel=1e-5)
    assert sampled == pytest.approx(check.estimate.mean[0], rel=1e-5)
    half = check.critical_z * check.estimate.standard_error[0]
    assert (low, high) == pytest.approx((sampled - half, sampled + half), rel=1e-4)


def test_estimators_of_a_model_without_start_begin_in_its_stationary_distribution():
    model = pgsym.zoo("kakade")
    blocks = list(estimators(Writer(model)))
    (table,) = [block for block in blocks if isinstance(block, DataTable)]
    assert [row[0] for row in table.rows] == [f"eligibility trace, beta = {b}" for b in ("1/2", "9/10", "99/100")]
    biases = [float(row[1].text) for row in table.rows]
    assert biases == sorted(biases, reverse=True)


def test_an_estimator_of_ones_own_has_a_row():
    text = "sum[t] grad log pi(a_t|s_t) * (G - 5)"
    blocks = list(estimators(Writer(pgsym.zoo("short-corridor")), [text]))
    table = next(block for block in blocks if isinstance(block, DataTable))
    law = pgsym.moments("short-corridor", text).at()
    assert table.rows[-1][0] == text
    assert float(table.rows[-1][2].text) == pytest.approx(float(law.covariance_trace))


def test_verdicts_have_their_trust(page):
    answers = [n.text for n in page("two-state, gamma").all("p") if n.attributes.get("class") == "answer"]
    assert answers == [
        "proved normal form",
        "proved normal form",
        "refuted normal form",
        "refuted normal form",
        "proved normal form",
    ]
    (title,) = [t for t in tables(page("two-state, gamma")) if t.startswith("A counterexample")]
    point = tables(page("two-state, gamma"))[title]
    assert [row[-1] for row in point[-3:]] == ["log(2)", "-log(3)", "47"]  # the last is a fraction
    answers = [n.text for n in page("forty").all("p") if n.attributes.get("class") == "answer"]
    assert re.fullmatch(r"proved identity test, error at most 2−1\d\d", answers[0])


def test_counterexample_can_be_checked():
    """The whole point, and both sides in all coordinates: nothing ends in "and 3 more"."""
    writer = Writer(pgsym.Problem.of("generic:3x2").replace(objective="stationary-value"))
    found = list(ruling(decide(writer.problem, "grad J = 0"), writer))
    rows = {}
    for table in (block for block in found if isinstance(block, DataTable)):
        rows[table.caption] = rows.get(table.caption, 0) + len(table.rows)
    witness = decide(writer.problem, "grad J = 0").witness
    assert rows["A counterexample: the point"] == len(witness.point) > 20
    assert rows["Both sides there"] == len(witness.differing)


def test_what_does_not_apply_says_why(page):
    notes = [n.text for n in page("two-state, gamma").all("p") if n.attributes.get("class") == "note"]
    assert "Sampling needs numbers, and this model has gamma without value." in notes
    assert "Following a path needs numbers, and this model has gamma without value." in notes
    notes = [n.text for n in page("forty").all("p") if n.attributes.get("class") == "note"]
    assert (
        "They are written out for up to 12 pairs of state and action with 20 outcomes; this model has 80 with 240. "
        "Its numbers at theta are above." in notes
    )
    answers = [n.text for n in page("short-corridor").all("p") if n.attributes.get("class") == "answer"]
    assert answers[1].startswith("inapplicable mu: 1 terminal state ('T'); a stationary distribution needs")


def test_names_from_a_file_are_text(page):
    root = page("hostile")
    (title,) = root.all("h1")
    assert title.text == "<i>&_%: exact policy gradient"
    assert not root.all("b")
    shown = {row[0] for row in tables(root)["States"][1:]}
    assert len(shown) == len(HOSTILE)
    assert {"<b>", "50%"} <= shown


# -- the document --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_document_has_what_the_page_has(written, page, name):
    text = (written(name) / "report.tex").read_text(encoding="utf-8")
    assert re.findall(r"\\section\{(.*)\}", text) == SECTIONS
    titles = re.findall(r"^\\caption\*\{(.*)\} \\\\$", text, flags=re.MULTILINE)
    assert len(titles) == len(tables(page(name)))
    pictures = [f for f in page(name).all("figure") if f.attributes.get("class") != "table"]
    live = [f for n in page(name).all("div") if n.attributes.get("class") == "pgsym-live" for f in n.all("figure")]
    assert text.count(r"\begin{tikzpicture}") == len(pictures) - len(live)


@NEEDS_TEX
@pytest.mark.parametrize("name", MODELS)
def test_document_compiles_without_complaint(written, tmp_path, name):
    found = compiled((written(name) / "report.tex").read_text(encoding="utf-8"), tmp_path)
    assert found.complaints == ()
    assert found.pages in range(10, 17)


# -- writing -------------------------------------------------------------------------------------------------


@pytest.fixture
def small():
    """A problem whose report takes a moment: its gamma has no value, so that nothing is sampled."""
    mdp = pgsym.MDP.from_transitions(
        [("s", "go", "end", 1, 1), ("s", "wait", "s", 1, 0)], start="s", terminal=["end"], gamma="gamma"
    )
    policy = pgsym.sigmoid(mdp, {"s": "t"})
    return pgsym.Problem(mdp, policy, pgsym.Objective.START_STATE, policy.point([0]), "small")


def test_same_problem_gives_the_same_files(small, tmp_path):
    for folder in ("a", "b"):
        found = pgsym.report(small, tmp_path / folder)
        assert found == [tmp_path / folder / "index.html", tmp_path / folder / "report.tex"]
    for name in ("index.html", "report.tex"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_progress_reaches_the_end(small, tmp_path):
    seen = []
    report(small, tmp_path, progress=lambda done, n: seen.append((done, n)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {n for _, n in seen} == {100}
    assert seen[0][0] == 0
    assert seen[-1] == (100, 100)


def test_model_can_be_an_mdp(small, tmp_path):
    report(pgsym.Problem.of(small.mdp).at({"theta_s_go": "log(3)"}), tmp_path)
    root = tree((tmp_path / "index.html").read_text(encoding="utf-8"))
    assert [h.text for h in root.all("h1")] == ["A Markov decision process: exact policy gradient"]
    expected = pgsym.solve(small.mdp).at({"theta_s_go": "log(3)", "theta_s_wait": 0})
    assert str(expected.J) == "-3/(gamma - 4)"
    assert any(row[:1] == ["J"] and "3" in row[-1] for row in tables(root)["J and its derivatives"])


def test_interrupted_report_leaves_the_old_one_whole(small, tmp_path, monkeypatch):
    report(small, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("pgsym.reports.page.write.paper", stop)
    with pytest.raises(KeyboardInterrupt):
        report(small.at({"t": 1}), tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr("os.replace", stop)
    with pytest.raises(KeyboardInterrupt):
        report(small.at({"t": 1}), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(("section", "name"), [("sampled", "cross_check"), ("learning", "ascend")])
def test_interrupted_sampling_is_not_half_a_report(section, name, monkeypatch):
    """Both return what they have after Ctrl-C; a report of that would look like a whole one."""
    model = pgsym.zoo("short-corridor")
    builder = Builder(model, Settings(**QUICK), "0")

    class Half:
        interrupted = True
        estimate = property(lambda self: self)

    monkeypatch.setattr(f"pgsym.reports.page.{section}.{name}", lambda *_, **__: Half())
    (make,) = [make for key, _, _, make in builder.plan if key == section]
    with pytest.raises(KeyboardInterrupt):
        list(make(lambda part: None))


def test_without_latex2mathml_there_is_no_report(small, tmp_path, monkeypatch):
    mathml.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "latex2mathml.converter", None)
    with pytest.raises(
        MissingExtraError,
        match=r"^html: latex2mathml is not installed; HTML needs it. Install pgsym with the extra report",
    ):
        report(small, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_objective_that_is_not_defined_raises(tmp_path):
    endless = pgsym.zoo("two-state")
    undiscounted = pgsym.Problem(endless.mdp.replace(gamma=1), endless.policy, endless.objective, endless.theta, "two")
    with pytest.raises(DiscountError, match=r"^stationary-value: gamma = 1; sum_s mu\(s\) V\(s\) needs gamma < 1"):
        report(undiscounted.replace(objective="stationary-value"), tmp_path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"samples": 1}, r"^samples: found 1; a whole number of at least 2 is required. Change it$"),
        ({"steps": 0}, r"^steps: found 0; a whole number of at least 1 is required. Change it$"),
        ({"seeds": True}, r"^seeds: found True; a whole number of at least 1 is required. Change it$"),
        ({"batch": 1.5}, r"^batch: found 1.5; a whole number of at least 1 is required. Change it$"),
        ({"seed": -1}, r"^seed: found -1; must lie in 0 ... 2\*\*64 - 1. Choose another$"),
        ({"horizon": 0}, r"^horizon: found 0; a whole number of at least 1 is required. Change it$"),
    ],
)
def test_report_raises_on_settings(small, tmp_path, settings, message):
    with pytest.raises(SchemaError, match=message):
        report(small, tmp_path, **settings)


def test_a_report_is_one_file_where_its_name_is_that_of_one(small, tmp_path):
    folder = tmp_path / "both"
    report(small, folder)
    for name, whole in (("x.html", "index.html"), ("x.tex", "report.tex")):
        assert report(small, tmp_path / name) == [tmp_path / name]
        assert (tmp_path / name).read_bytes() == (folder / whole).read_bytes()
    with pytest.raises(SchemaError, match=r"x.html: cannot be written \(No such file or directory\)"):
        report(small, tmp_path / "nowhere" / "x.html")


def test_report_raises_on_a_file_in_place_of_the_folder(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SchemaError, match=r"file: cannot be made \(File exists\). Choose another folder$"):
        report(small, tmp_path / "file")
