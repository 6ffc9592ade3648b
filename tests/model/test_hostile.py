"""Model files that mean harm: each gets a clear error or a right answer, in bounded time.

The bound of processor time is generous, because other processes share the machine; what is measured here takes
hundredths of a second, and without its bounds minutes or for ever.  benchmarks/model_files.py measures seconds for each
megabyte.
"""

import os
import signal
from contextlib import contextmanager
from itertools import combinations

import pytest
import sympy as sp

import pgsym
from pgsym.cli import main
from pgsym.errors import PgsymError, SchemaError
from pgsym.expression import grammar
from pgsym.expression.sums import MAX_WORK, Sums
from pgsym.model import MDP
from pgsym.model.files import from_document, loads, reading
from pgsym.model.formats import load

pytestmark = [
    pytest.mark.filterwarnings("ignore::pgsym.model.validate.AssumptionWarning"),
    pytest.mark.filterwarnings("ignore::pgsym.model.validate.RationalisedWarning"),
]


class OutOfTimeError(BaseException):
    """More processor time than the text could be worth."""


@contextmanager
def bounded(seconds=20.0):
    def stop(*_):
        raise OutOfTimeError

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def rows(*probabilities, states=1, **keys):
    """States with one action that stays, and a probability for each outcome; ``{i}`` is the state's number."""
    return {
        "states": [f"s{i}" for i in range(states)],
        "transitions": [
            [f"s{i}", "a", f"s{i}", p.replace("{i}", str(i)), 0] for i in range(states) for p in probabilities
        ],
        "gamma": "1/2",
    } | keys


def policy(gamma="1/2", **keys):
    """One state with two actions."""
    transitions = [["s", "a", "s", 1, 1], ["s", "b", "s", 1, 0]]
    return {"states": ["s"], "transitions": transitions, "gamma": gamma, "policy": keys}


LONG = "x" * 10**6


def one_state(actions, **keys):
    """One state with many actions."""
    transitions = [["s", f"a{i}", "s", 1, 0] for i in range(actions)]
    return {"states": ["s"], "transitions": transitions, "gamma": 0, "policy": keys}


def many_sums():
    """Rows that sum to 1, none of them at sight, from few formulas: for each action a cycle of three among 27."""
    rows = []
    for cycle in combinations(range(27), 3):
        for i, j in zip(cycle, (*cycle[1:], cycle[0]), strict=True):
            rows.append(["s", str(cycle), "s", f"(x{i}-x{j})*z+1/3", 0])
    return {"states": ["s"], "transitions": rows, "gamma": 0}


def direct(formula, **theta):
    table = {"s": {"a": formula, "b": f"1-({formula})"}}
    return policy(params=list(theta), probabilities=table, theta=theta)


def reward(formula):
    return {"states": ["s"], "transitions": [["s", "a", "s", 1, formula]], "gamma": "1/2"}


TOWER = "exp(exp(exp(exp(10))))"
STEEP = "the largest exponent that is read is 1000000. Use a smaller one"

REFUSED = {
    "exponent": (reward("10**10**10"), "found the exponent 10000000000; at most 1000 is read"),
    "exponents": (reward("2^(2^100)"), "found the exponent 1267650600228229401496703205376; at most 1000"),
    "decimal exponent": (reward("1e999999"), "found the decimal exponent 999999; at most 1000 is read"),
    "long exponent": (reward("2^(2^(2^(2^(2^2))))"), "found the exponent a number of about 19728 digits"),
    "logit power": (policy(params=list("abcd"), logits={"s": {"a": "(a+b+c+d)^200"}}), "about 1373701 terms"),
    "logit powers": (policy(params=list("abc"), logits={"s": {"a": "((a+b)^10+c)^99"}}), "terms; at most 5000 are"),
    "reward power": (reward("exp((a+b+c+d)^200)"), "would expand to about 1373701 terms; at most 5000 are"),
    "theta tower": (direct("t/(1+t)", t=TOWER), STEEP),
    "theta steep": (direct("t/(1+t)", t="exp(10^900)"), STEEP),
    "theta steep in exp": (direct("exp(t)/(1+exp(t))", t="-10^900"), "|theta| is at most 1000000 where"),
    "theta infinite": (direct("t/(1+t)", t="oo"), "found oo; a number must be finite"),
    "theta nan": (direct("t/(1+t)", t="NaN"), "found NaN; a number must be finite"),
    "weight tower": (policy(params=["t"], logits={"s": {"a": "t"}}, epsilon=f"exp(-{TOWER})"), STEEP),
    "row of fractions": (rows("/".join(f"(x{j}+{j + 1})" for j in range(12)), "1/2"), "about 6144 terms"),
    "long sum": (
        rows(*(f"1/{10**150 + k}" for k in range(1, 300))),
        "have a common denominator of more than 4931 digits; at most so many are summed",
    ),
    "impossible": (rows("p{i}", "1-p{i}", states=200, symbols={f"p{i}": f"p{i} > 2" for i in range(200)}), "no values"),
    "impossible in a circle": (
        rows("p{i}", "1-p{i}", states=50, symbols={f"p{i}": f"p{i} > 2*p{(i + 1) % 50} + 1/9" for i in range(50)}),
        "found no values of p0, p1, p10",
    ),
    "impossible in products": (
        rows("p{i}", "q{i}", "1-p{i}-q{i}", states=50, symbols={f"p{i}": f"p{i}*q{i} > 1/3" for i in range(50)}),
        "found no values of p0, p1, p10",
    ),
    "long name": (rows("1", start={"x" * 10**6: 1}), "state 'xxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxx' is unknown"),
    "nested name": (rows("1", start=[[["s0"] * 5, 1]]), "state ('s0', 's0', 's0', 's0', 's0') is unknown; "),
    "Cyrillic name": (rows("1", states=1) | {"states": ["a", "\u0430"]}, r"the states 'a' and '\u0430' look alike"),
    "decomposed name": (rows("1") | {"states": ["\u00e9", "e\u0301"]}, r"the states '\xe9' and 'e\u0301' look alike"),
    "invisible name": (rows("1") | {"states": ["s", "s\u200b"]}, r"the states 's' and 's\u200b' look alike"),
    "space in a name": (rows("1") | {"states": ["s", "s "]}, "the states 's' and 's ' look alike"),
    "actions alike": ({"states": ["s"], "transitions": [["s", a, "s", 1, 0] for a in "o\u043e"]}, "look alike"),
    "name to the left": (rows("1") | {"states": ["s\u202e1"]}, "U+202E RIGHT-TO-LEFT OVERRIDE, a command to the term"),
    "terminal escape": (rows("1") | {"states": ["s\x1b[2J"]}, "the character U+001B unnamed, a command to the"),
    "title escape": (rows("1", name="\x9b2J"), "name: found '\\x9b2J' with the character U+009B"),
    "symbols alike": (rows("p", "1-\u0440"), "easily taken"),
    "many denominators": (rows(*(f"1/{n}" for n in range(1, 20_000))), "common denominator of more than 4931 digits"),
    "many sums": (many_sums(), "the sums of probabilities take more than 30000000 operations to bring over one denom"),
    "sum of many symbols": (rows(*(f"p{j}" for j in range(3000))), "take more than 30000000 operations"),
    "large sum": (rows(*(f"p{j}/2" for j in range(600))), "more than 1000 parts; must be exactly 1. Correct one."),
    "large numbers": (rows(*(f"{7**350 + j}" for j in range(100))), ", ...; each lies in [0, 1]. Correct them"),
    "all of theta missing": (one_state(20_000, theta={}), "no value for theta_s_a0, theta_s_a1, "),
    "all parameters wrong": (one_state(20_000, params=[f"t{i}" for i in range(20_000)]), "found t0, t1, t2, "),
    "zeros of many parameters": (
        direct("t^2 - 1", t=0, **{f"x{i}": 0 for i in range(3000)}),
        "pi(a|s) = -1 at t = 0, x0 = 0, x1 = 0, ",
    ),
    "name of a place": (rows("0.3") | {"states": [LONG], "transitions": [[LONG, "a", LONG, 0.3, 0]]}, "sum to 3/10"),
    "long discount factor": (rows("1", gamma="+".join(f"1/(x{i}+1)" for i in range(900))), "more than 1000 parts"),
    "many exponentials": (reward("+".join(f"exp({i}*x/{i + 1}+y)" for i in range(500))), "different formulas before"),
    "braces": (rows("1") | {"transitions": [{"x": 1}]}, "transitions[0]: found {'x': 1}; a row is"),
}  # fmt: skip
"""Documents, and a part of the message."""


@pytest.mark.parametrize("case", REFUSED)
def test_document_is_refused(case):
    document, message = REFUSED[case]
    with pytest.raises(PgsymError) as caught, bounded():
        from_document(document)
    if case != "symbols alike":
        assert message in str(caught.value)
    assert len(str(caught.value)) < 2000


ACCEPTED = {
    "terms that cancel": policy(params=["a", "b"], logits={"s": {"a": "(a+b)^900-(a+b)^900+a"}}),
    "twelve roots": direct("t/(1+t)", t="+".join(f"sqrt({q})" for q in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37))),
    "high degree": direct("t^900/(1+t^900)", t="1/3"),
    "long product": direct("*".join(f"x{i}" for i in range(200)), **{f"x{i}": "1/2" for i in range(200)}),
    "rows that cancel": rows("((x+y)^2+z)^8", "1-(x^2+2*x*y+y^2+z)^8"),
    "assumption of high degree": rows("p", "1-p", symbols={"p": "(p+1/7)^900 < (p+1/6)^900"}),
    "rows that cancel often": {**many_sums(), "transitions": many_sums()["transitions"][:600]},
    "one state, many logits": one_state(20_000, logits={"s": {f"a{i}": "t" for i in range(20_000)}}),
    "one state, many parameters": one_state(20_000, theta={f"theta_s_a{i}": 1 for i in range(20_000)}),
    "names that are spelt alike": {
        "states": [*range(0, -30_000, -1)],
        "transitions": [[-i, "a", -i, 1, 0] for i in range(30_000)],
        "gamma": 0,
    },
    "thousand digits": reward(f"{10**998}/{7**1000}"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_document_is_read(case):
    with bounded():
        from_document(ACCEPTED[case])


def test_steep_theta_of_a_softmax_is_refused_where_it_is_read():
    with pytest.raises(PgsymError, match=STEEP), bounded():
        from_document(policy(params=["t"], logits={"s": {"a": "t"}}, theta={"t": TOWER}))


# -- texts -----------------------------------------------------------------------------------------------

MODEL = "states: [s]\ntransitions:\n- [s, a, s, 1, 1]\ngamma: 1/2\n"

TEXTS = {
    "no such number": ("gamma: 1e999", "found 1e999, beyond the range of decimal numbers"),
    "vanishing number": ("gamma: 1e-999", "found 1e-999, beyond the range of decimal numbers"),
    "half a character": ("name: '\ud800'", "found half a character, U+D800; text is Unicode. Remove it"),
    "NUL": ("name: '\0'", "not YAML ("),
    "long key": (f"{'x' * 500}: 1\n{'x' * 500}: 2", "line 2: key 'xxxxxxxxxxxxxxxxx...xxxxxxxxxxxxxxxxx' occurs twice"),
    "merge key": ("<<: {states: [s]}\n" + MODEL, "the key is unknown"),
    "binary": ("name: !!binary aGk=", "tag 'tag:yaml.org,2002:binary'"),
    "object": ("name: !!python/object/apply:os.system [id]", "tag 'tag:yaml.org,2002:python/object/apply:os.system'"),
    "brackets in a text without an end": ('{"states": "' + '\\"[' * 200_000, "line 1, column 12: not JSON (Unterm"),
    "backslash at the end": ('{"states": ["' + '\\"' * 200_000 + "\\", "line 1, column 13: not JSON (Unterm"),
    "many directives": (
        "".join(f"%TAG !t{i}! x\n" for i in range(60_000)) + "--- a",
        "line 1: found the directive %TAG",
    ),
    "long tag": ("!" + "x" * 10**6 + " a", "a model file holds plain values. Remove the tag"),
    "directive": ("%TAG ! tag:yaml.org,2002:python/\n---\nname: !name:os.system", "Remove the tag"),
}


@pytest.mark.parametrize("case", TEXTS)
def test_text_is_refused(case):
    text, message = TEXTS[case]
    with pytest.raises(SchemaError) as caught, bounded():
        loads(text, "json" if text.startswith("{") else "yaml")
    assert message in str(caught.value)
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize("name", ["-.nan", ".nan", ".inf", "NaN", "0x10", "1_000", "1:30", "no", "=", "<<"])
def test_what_other_readers_take_for_more_is_text(name):
    problem = loads(f"states: ['{name}']\ntransitions:\n- [{name}, a, {name}, 1, 1]\ngamma: 1/2")
    assert problem.mdp.states == (name,)


# -- files -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "found NoneType; a model is a mapping of keys"),
        (MODEL.encode()[:-3] + b"\xc3", "byte 51 is not UTF-8 text; a model file is. Save it as UTF-8"),
        (MODEL.encode("utf-16"), "byte 0 is not UTF-8 text"),
        (b"\x00" * 1000, "not YAML (unacceptable character #x0000"),
        (b"\x89PNG\r\n\x1a\n", "byte 0 is not UTF-8 text"),
    ],
)
def test_file_is_refused(tmp_path, data, message):
    path = tmp_path / "model.yaml"
    path.write_bytes(data)
    with pytest.raises(SchemaError, match=r"^model\.yaml: ") as caught:
        load(path)
    assert message in str(caught.value)


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + MODEL.encode(), MODEL.replace("\n", "\r\n").encode()])
def test_byte_order_mark_and_line_ends_of_windows_mean_nothing(tmp_path, data):
    path = tmp_path / "model.yaml"
    path.write_bytes(data)
    assert load(path) == loads(MODEL)


def test_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "model.yaml")
    with pytest.raises(SchemaError, match=r"model\.yaml: is a pipe or a device; a file is required"):
        load(tmp_path / "model.yaml")


def test_device_and_impossible_names_are_refused():
    with pytest.raises(SchemaError, match="the ending '' cannot be read"):
        load("/dev/zero")
    with pytest.raises(SchemaError, match="embedded null byte"):
        load("x\0.yaml")
    with pytest.raises(SchemaError, match="File name too long"):
        load("x" * 300 + ".yaml")


# -- work ------------------------------------------------------------------------------------------------


def test_each_formula_is_parsed_once(monkeypatch):
    read = []

    def counting(text):
        read.append(text)
        return original(text)

    original = grammar._parser().parse
    monkeypatch.setattr(grammar._parser(), "parse", counting)
    from_document(rows("once/3", "1-once/3", states=500))
    assert sorted(read) == ["1-once/3", "once/3"]


def test_numbers_and_names_are_read_without_the_grammar(monkeypatch):
    monkeypatch.setattr(grammar._parser(), "parse", None)
    from_document(rows("1/3", "0.25", "5/12", states=3, gamma="0.9"))
    from_document(reward("some_symbol"))


def test_as_many_formulas_as_allowed_are_read(monkeypatch):
    count = 50
    monkeypatch.setattr(reading, "MAX_WORK", count * reading.SHORT)
    document = rows("1", states=count)
    for i, row in enumerate(document["transitions"]):
        row[4] = f"{i + 1}*reward/7"
    assert len(from_document(document).mdp.states) == count
    document["transitions"][-1][3] = "1 + 0*x"
    with pytest.raises(
        SchemaError, match=rf"^transitions\[{count - 1}\].r: found {count + 1} different formulas before"
    ):
        from_document(document)


def test_long_formulas_count_by_their_length(monkeypatch):
    monkeypatch.setattr(reading, "MAX_WORK", 1000)
    from_document(reward("+".join(f"x{i}" for i in range(200))))
    with pytest.raises(SchemaError, match="together they have at most 1000 characters, short ones counted as 40"):
        from_document(reward("+".join(f"x{i}" for i in range(300))))


@pytest.mark.parametrize("key", ["symbols", "theta"])
def test_assumptions_and_points_count_too(monkeypatch, key):
    monkeypatch.setattr(reading, "MAX_WORK", 1000)
    values = {f"p{i}": f"0 < p{i} + {i} < 1" if key == "symbols" else f"{i} + 1/7" for i in range(26)}
    document = policy(theta=values) if key == "theta" else rows("1", symbols=values)
    with pytest.raises(SchemaError, match=r"(symbols|policy\.theta)\.p25: found 26 different formulas"):
        from_document(document)


@pytest.mark.parametrize("ending", [".yaml", ".json", ".graphml", ".node-link.json"])
def test_a_file_of_ones_own_may_have_any_number_of_formulas(tmp_path, ending, monkeypatch):
    """More formulas, and more sums of probabilities, than a stranger may send; saved from Python."""
    monkeypatch.setattr(reading, "MAX_WORK", 50 * reading.SHORT)
    path = tmp_path / f"m{ending}"
    count, chances = 30, ("p/(p + q)", "q/(p + q)")
    table = [
        (i, "go", (i + k) % count, p, f"{i + 1}*reward/7 + {k}") for i in range(count) for k, p in enumerate(chances)
    ]
    pgsym.save(pgsym.Problem(MDP.from_transitions(table, gamma="1/2")), path)
    remedy = r"If the file is your own, read it with load\(\.\.\., trusted=True\) or --trust-file$"
    with pytest.raises(SchemaError, match=f"different formulas before the end, too many to read; .*{remedy}"):
        pgsym.load(path)
    assert len(pgsym.load(path, trusted=True).mdp.states) == count
    with pytest.raises(SchemaError, match="too many to read"):  # trust ends with the file
        pgsym.load(path)
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MAX_SUMS", 1000)
    with pytest.raises(PgsymError, match=f"take more than 1000 operations .* Use smaller powers. {remedy}"):
        pgsym.load(path)
    assert len(pgsym.load(path, trusted=True).mdp.states) == count


def test_a_command_reads_a_file_of_ones_own(tmp_path, monkeypatch, capsys):
    path = tmp_path / "m.yaml"
    path.write_text("states: [s]\ntransitions: [[s, go, s, 1, 2*x + 1]]\ngamma: 1/2\nstart: {s: 1}\n")
    monkeypatch.setattr(reading, "MAX_WORK", 10)
    for arguments, status in (([], 2), (["--trust-file"], 0)):
        monkeypatch.setattr("sys.argv", ["pgsym", "check", str(path), "J = J", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == status
    assert "read it with load(..., trusted=True) or --trust-file" in capsys.readouterr().err


def test_a_trusted_file_is_still_no_code_and_no_bomb(tmp_path):
    path = tmp_path / "m.yaml"
    for text in ("!!python/object:os.system {}", "a: &a [1]\nb: *a", "[" * 100):
        path.write_text(text)
        with pytest.raises(SchemaError):
            pgsym.load(path, trusted=True)


def test_numbers_are_not_counted():
    document = rows("1", states=5000)
    for i, row in enumerate(document["transitions"]):
        row[4] = f"{i}/7"
    problem = from_document(document)
    assert problem.mdp.outcomes("s4999", "a")[0].r == sp.Rational(4999, 7)


def test_models_built_in_python_may_have_any_number_of_sums():
    """Each state with rates of its own, as in a queue: what is refused in a file is not here."""
    rates = ((1, "l"), (-1, "m"))
    queue = [(i, "wait", (i + k) % 1000, f"{rate}{i}/(l{i}+m{i})", 0) for i in range(1000) for k, rate in rates]
    assert len(MDP.from_transitions(queue, gamma="1/2").symbols) == 2000
    with pytest.raises(PgsymError, match="the sums of probabilities take more than 30000000 operations"):
        MDP.from_transitions(queue, gamma="1/2", sums=Sums(MAX_WORK))
