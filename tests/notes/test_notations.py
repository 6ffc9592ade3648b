# ruff: noqa: E501
"""Claims in the notation of other people's notes: what is printed, and that the notes reader reads it back."""

import re

import pytest
from claim_strategies import statements
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from pgsym.claims import parse
from pgsym.claims.language import tree as t
from pgsym.claims.language.check import check
from pgsym.errors import ClaimError, SchemaError
from pgsym.expression.notations import NOTATIONS, Notation, current, written_in
from pgsym.notes.conventions import conventions
from pgsym.notes.documents import NoteDocument
from pgsym.notes.names import Names, told
from pgsym.notes.note import read

OWN = Notation.of(r"""
# a table of one's own
V(s): v^{\pi}(s)
Q(s,a): q^{\pi}(s, a)
eta(s): \eta_{\pi}(s)
E[tau]: E_{\tau}
""", "own")  # fmt: skip
TABLES = [*NOTATIONS, OWN]


def read_back(claim, notation) -> list[str]:
    return [str(r.claim) if r.claim else f"refused: {r.reason}" for r in relations(claim, notation)]


def relations(claim, notation):
    """What the reader makes of a claim in a notation, where its letters for weights are told."""
    with written_in(notation):
        letters = {q: re.match(r"\\?[A-Za-z]+", current().quantity(q, ("s",)))[0] for q in ("mu", "eta", "d", "nu")}
        shown = claim.latex()
        said = f"Times are as in $G_t$ and ${current().step('r', 't', 0)}$."
    document = NoteDocument.of(f"{said}\n\n$$\n{shown}\n$$\n", "note.md")
    found = conventions(document)
    weights = told([f"{letter}: {q}" for q, letter in letters.items() if q != "nu"])
    names = Names({}, weights, found.origin, found.letters, rewards=found.rewards)
    return read(document, names)


# -- claims that every notation has -------------------------------------------------------------------------------

STATES = {
    "s": ["V({s})", "eta({s})", "mu({s})", "d({s})", "V*({s})", "V'({s})", "eta'({s})", "r_pi({s})", "sum[{a}] {pair}"],
    "sa": ["Q({s},{a})", "A({s},{a})", "pi({a}|{s})", "r({s},{a})", "Q*({s},{a})", "pi'({a}|{s})", "Q'({s},{a})",
           "log pi({a}|{s})", "gamma * sum[{t}] P({t}|{s},{a}) * V({t})", "2/3 * Q({s},{a})", "(Q({s},{a}) - V({s}))^2",
           "pi({a}|{s}) / pi'({a}|{s})"],
    "t": ["r_{t}", "G_{t}", "V(s_{t})", "log pi(a_{t}|s_{t})", "gamma^{t}", "Q(s_{t},a_{t})", "V(s_{{{t}+1}})",
          "pi(a_{t}|s_{t}) / pi'(a_{t}|s_{t})", "pi(a_{t}|s_{t})"],
}  # fmt: skip


@st.composite
def products(draw, kind, **names):
    """Factors at a state, a pair, or a time."""
    found = [f.format(pair="", **names) if "{pair}" not in f else
             f.format(pair=draw(products("sa", s=names["s"], a=names["a"], t="s'")), **names)
             for f in draw(st.lists(st.sampled_from(STATES[kind]), min_size=1, max_size=3))]  # fmt: skip
    return " * ".join(f"({f})" if f.startswith(("sum", "gamma *", "2/3")) else f for f in found)


@st.composite
def claims(draw):
    """Scalars, gradients of them, means over runs and over states."""

    def scalar():
        over = draw(st.sampled_from(["s", "sa", "run", "J", "given"]))
        if over == "J":
            return draw(st.sampled_from(["J", "J'", "J*", "gamma * J", "J^2", "1 / (1 - gamma) * J", "-J"]))
        if over == "s":
            return f"sum[s] {draw(products('s', s='s', a='a'))}"
        if over == "sa":
            sign = draw(st.sampled_from(["sum[s,a]", "max[s,a]", "min[s,a]", "sum[s] sum[a]"]))
            return f"{sign} {draw(products('sa', s='s', a='a', t=chr(115) + chr(39)))}"
        inner = draw(products("t", t="u"))
        outer = draw(products("t", t="t"))
        law = "tau~pi'" if draw(st.booleans()) and "pi'" not in inner + outer else "tau"
        body = draw(st.sampled_from([f"sum[t] {outer}", f"sum[t] {outer} * sum[u>=t] {inner}", "G",
                                     f"(sum[t] {outer}) * G", f"sum[t] gamma^t * sum[u>=t] gamma^(u-t) * {inner}"]))  # fmt: skip
        given_ = " | s_0=s" if over == "given" else ""
        return f"E[{law}{given_}] {body}"

    def side():
        found = " + ".join(f"({x})" for x in (scalar() for _ in range(draw(st.integers(1, 2)))))
        return f"grad ({found})" if draw(st.booleans()) else found

    relation = draw(st.sampled_from(["=", "=", "propto", "!="]))
    return f"{side()} {relation} {side()}"


@pytest.mark.parametrize("notation", TABLES, ids=lambda n: getattr(n, "name", n))
@given(text=claims())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_written_is_read_back(notation, text):
    try:
        claim = parse(text).claims[0]
        check(claim)
    except ClaimError:
        return
    primed = re.search(r"[VQ]'", text) and notation == "pgsym"  # V'(s) is mostly something else in notes
    found = read_back(claim, notation)
    assert found == [str(claim)] or (primed and found[0].startswith("refused: "))


@pytest.mark.parametrize("notation", TABLES, ids=lambda n: getattr(n, "name", n))
@given(statement=statements())
@settings(max_examples=60, deadline=None)
def test_whatever_is_written_is_read_back_or_refused(notation, statement):
    claim = statement.claims[0]
    products = t.Inv | t.Dot | t.Outer | t.Transpose
    for node in (n for side in (claim.left, claim.right) for n in side.walk() if isinstance(n, products)):
        try:
            assume(not any(isinstance(n, t.Number) for n in node.children))  # 0 has every shape
            check(claim)
        except ClaimError:  # of a number: it is written as its power -1, or as a product, and read as that
            return
    assume(not any(isinstance(n, t.Expect | t.Symbol) for side in (claim.left, claim.right) for n in side.walk()))
    for found in relations(claim, notation):
        back = found.claim
        assert back is None or (back.left, back.relation, back.right) == (claim.left, claim.relation, claim.right)


def test_a_notation_that_swaps_two_letters_is_read_as_another_claim():
    """A mutant: V and h change places."""
    claim = parse("V(s) = h(s) + 1").claims[0]
    assert read_back(claim, "pgsym") == [str(claim)]
    assert read_back(claim, Notation("swapped", {"V": "h({0})", "h": "V({0})"})) == ["h(s) == V(s) + 1"]


def test_rows_of_each_table():
    claim = parse("grad J = E[tau] sum[t] gamma^t * grad log pi(a_t|s_t) * (r_t - V(s_{t+1}))").claims[0]
    shown = {}
    for name in NOTATIONS:
        with written_in(name):
            shown[name] = claim.latex()
    assert shown["sutton-barto"] == (
        r"\nabla J(\theta) = \mathbb{E}_{\pi}\left[\sum_{t \ge 0} \gamma^{t} \, \nabla \log \pi(A_{t} \mid S_{t}, \theta) \, "
        r"\left(R_{t+1} - v_{\pi}(S_{t+1})\right)\right]"
    )
    assert shown["silver"] == (
        r"\nabla_{\theta} J(\theta) = \mathbb{E}_{\tau \sim \pi_{\theta}}\left[\sum_{t \ge 0} \gamma^{t} \, \nabla_{\theta} \log "
        r"\pi_{\theta}(s_{t}, a_{t}) \, \left(r_{t} - V^{\pi_{\theta}}(s_{t+1})\right)\right]"
    )
    assert r"\pi_{\theta}(a_{t} \mid s_{t})" in shown["spinning-up"]
    assert claim.latex() == shown["pgsym"]


WRONG = {
    "V(s) v(s)": r"own:1: found V(s) v(s); a row is written as in V(s): v_\pi(s). Correct it",
    "V(s): v_{(s)": r"own:1: found V(s): v_{(s); a row is written as in V(s): v_\pi(s). Correct it",
    "# x\nW(s): w(s)": "own:2: found W(s); a quantity of claims with its indices is required, as in V(s). Correct it",
    "Q(s): q(s)": "own:1: found Q(s); a quantity of claims with its indices is required, as in V(s). Correct it",
    "Q(s,a): q(s)": "own:1: found q(s) for Q(s,a), without a. Write it",
    "r_t: R": "own:1: found R for r_t; it ends with _t or _{t+1}. Correct it",
    "V(s): h(s)": "own: found h(x) for V and for h; they must differ. Choose another",
}


@pytest.mark.parametrize(("table", "message"), WRONG.items(), ids=list(WRONG))
def test_table_is_refused(table, message):
    with pytest.raises(SchemaError) as caught:
        Notation.of(table, "own")
    assert str(caught.value) == message
