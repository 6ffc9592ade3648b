"""Texts to try on a reader: grammar-aware ones, real ones, and damaged ones.

Everything takes a random number generator, `random.Random` or hypothesis's, so that one index, or hypothesis, fixes
the text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]

CODE = (
    "__import__('pgsym_canary')", "__import__('os').system('touch pgsym_canary')", "os.system('id')", "eval('1')",
    "exec('1')", "().__class__.__mro__", "{0.__class__}", "{x!r:>99999999}", "{}", "%(x)s", "%n%s", "${HOME}", "$(id)",
    "`id`", "lambda: 0", "open('pgsym_canary','w')", "!!python/object/apply:os.system ['touch pgsym_canary']",
    "!!python/name:os.system", "!!int 1", "!<tag:yaml.org,2002:python/object/new:os.system> [x]",
    "gym:pgsym_canary:E-v0",
    "<script>alert(1)</script>", "\\input{/etc/passwd}", "; DROP TABLE study; --", "../../etc/passwd", "/dev/zero",
)  # fmt: skip
"""What would run if anything ran."""

NUMBERS = (
    "0", "1", "-1", "1/2", "1/3", "0.1", "1e-3", ".5", "5.", "1e999999", "-1e999999", "1e-999999", "10**10**10",
    "2^(2^100)", "9**9**9**9", "2**-1", "0**0", "0**-1", "1/0", "0/0", "9" * 400, "9" * 5000, "0x10", "1_000", "nan",
    "inf", "-inf", ".nan", ".inf", "NaN", "Infinity", "1j", "True", "null", "~", "1e400", "1e-400", "١٢", "½", "1e",
)  # fmt: skip
"""Numbers, and what could be taken for them."""

NAMES = (
    "s", "a", "p", "t", "gamma", "lambda", "pi", "E", "I", "oo", "zoo", "nan", "exp", "log", "sqrt", "x" * 300, "р",
    "ρ", "é", "e\u0301", "ﬁ", "μ", "µ", "x\u200by", "x\u202ey", "\ufeffx", "\x00", "\ud800", "s'", "__class__", "_",
    "1x", "true", "no", "on", "\u2028", "\U0001f600", "K",
)  # fmt: skip
"""Names, some of which look like others, are reserved somewhere, or are none."""


# -- formulas --------------------------------------------------------------------------------------------


def formula(rng: Any, depth: int = 5) -> str:
    """A formula of the grammar, now and then with something else in it."""
    kind = rng.randrange(12)
    if depth <= 0 or kind < 3:
        return rng.choice(NUMBERS) if rng.randrange(5) == 0 else rng.choice(("1", "2/3", "0.25", "p", "q", "t", "3"))
    inside = [formula(rng, depth - 1 - rng.randrange(2)) for _ in range(2)]
    if kind < 7:
        return rng.choice(("+", "-", "*", "/", " + ", " - ")).join(inside)
    if kind == 7:
        return f"({inside[0]})"
    if kind == 8:
        return f"{rng.choice(('exp', 'log', 'sqrt', 'exp', 'sin', 'ln'))}({inside[0]})"
    if kind == 9:
        return f"({inside[0]}){rng.choice(('^', '**'))}{rng.choice(('2', '-1', '3', '1000', '10**10', inside[1]))}"
    if kind == 10:
        return f"-{inside[0]}"
    return rng.choice((*NAMES, *NUMBERS, *CODE))


def assumption(rng: Any) -> str:
    """A comparison, or several."""
    parts = [formula(rng, 2) for _ in range(rng.randint(1, 3))]
    text = parts[0]
    for part in parts[1:]:
        text += rng.choice((" < ", " <= ", ">", ">=", "!=", " and ", ", ", "=", "==", "≤")) + part
    return text


def options(rng: Any) -> str:
    """What stands behind --theta, --step-size or --baseline."""
    names = (*NAMES, "theta", "s1", "s2", "exact", "reward-to-go")
    pairs = [f"{rng.choice(names)}={formula(rng, 2)}" for _ in range(rng.randint(1, 3))]
    return rng.choice((",", ", ", ";", ",,", "=")).join(pairs)


# -- claims ----------------------------------------------------------------------------------------------

ATOMS = (
    "J", "V(s)", "Q(s,a)", "A(s,a)", "mu(s)", "eta(s)", "d(s)", "mu0(s)", "pi(a|s)", "P(s'|s,a)", "r(s,a)", "gamma",
    "P_pi(s,s')", "rbar", "h(s)", "F", "E[T]", "|S|", "D(s,s')", "logit(s,a)", "g(s)", "nu(s)", "H(s)", "1", "2/3", "0",
    "V'(s)", "pi'(a|s)", "V[r=c](s)", "Q[gamma=1/2](s,a)", "b(s)", "c(s,a)", "lambda", 'V("s1")', "V(3)",
    'pi("go"|"x")', "theta", '"p"', "s", "a", "V", "V(s,s,s)",
)  # fmt: skip


def term(rng: Any, depth: int = 4) -> str:
    """An expression of the claim language, now and then with something else in it."""
    kind = rng.randrange(14)
    if depth <= 0 or kind < 4:
        return rng.choice((*NUMBERS, *NAMES, *CODE)) if rng.randrange(25) == 0 else rng.choice(ATOMS)
    inside = [term(rng, depth - 1 - rng.randrange(2)) for _ in range(2)]
    if kind < 8:
        return rng.choice((" + ", " - ", " * ", " / ", "*")).join(inside)
    if kind == 8:
        indices = rng.choice(("s", "a", "s,a", "s'", "s,s'", "s,a,s'", "s1,s2,s3,s4", "", "x"))
        return f"sum[{indices}] {inside[0]}"
    if kind == 9:
        draws = rng.choice(("s~mu", "a~pi", "s~mu, a~pi", "s~mu0, a~pi, s'~P", "s~pi", "a~mu", "x~y"))
        return f"E[{draws}] {inside[0]}"
    if kind == 10:
        return f"{rng.choice(('grad', 'log', 'grad log', 'limit[gamma->1]', '-', 'grad grad'))} {inside[0]}"
    if kind == 11:
        return f"{rng.choice(('dot', 'outer', 'inv', 'transpose'))}({', '.join(inside[: rng.randint(1, 2)])})"
    if kind == 12:
        return f"({inside[0]})^{rng.choice(('2', '-1', '100', '101', '9999999', '-0'))}"
    return f"({inside[0]})"


def claim(rng: Any) -> str:
    """A statement: bindings, terms and relations."""
    bindings = [
        rng.choice(("let b(s) = {};", "let c(s,a) = {};", "for all b(s):", "for all c(s,a), lambda:", "for all s:",
                    "with M' = terminating:", "let lambda = {};", "let f(s,s') = {};")).replace("{}", term(rng, 3))
        for _ in range(rng.choice((0, 0, 0, 1, 2)))
    ]  # fmt: skip
    text = term(rng)
    for _ in range(rng.randint(1, 2)):
        text += rng.choice((" = ", " == ", " != ", " propto ")) + term(rng)
    return " ".join([*bindings, text])


def script(rng: Any) -> str:
    """A file of claims."""
    line = (
        lambda: claim(rng),
        lambda: "",
        lambda: f"# {rng.choice((*CODE, 'prose', '## deep'))}",
        lambda: f"objective {rng.choice(('start-state', 'average-reward', 'stationary-value', 'x'))}",
        lambda: f"  = {term(rng, 3)}   # {rng.choice(('a reason', *CODE))}",
        lambda: f"let b(s) = {term(rng, 2)};",
        lambda: f"  + {term(rng, 2)}",
    )
    return rng.choice(("\n", "\n", "\r\n")).join(rng.choice(line)() for _ in range(rng.randint(1, 8)))


# -- documents -------------------------------------------------------------------------------------------


def junk(rng: Any, depth: int = 3) -> Any:
    """A plain value of any shape."""
    kind = rng.randrange(9 if depth > 0 else 6)
    if kind < 2:
        return rng.choice((*NAMES, *CODE, *NUMBERS))
    if kind < 4:
        return rng.choice((None, True, False, 0, 1, -1, 10**30, 0.5, 1e308, 5e-324, "", "s", "a", "end", 2**63))
    if kind < 6:
        return formula(rng, 2)
    if kind < 8:
        return [junk(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice((*NAMES, "states", "model", "1", "s")): junk(rng, depth - 1) for _ in range(rng.randrange(3))}


def replaced(document: Any, rng: Any) -> Any:
    """A document in which a few places hold something else, or nothing."""
    document = json.loads(json.dumps(document))
    for _ in range(rng.randint(1, 3)):
        node = document
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            if not keys:
                break
            key = rng.choice(keys)
            if not isinstance(node[key], dict | list) or not node[key] or rng.randrange(4) == 0:
                if rng.randrange(6) == 0:
                    del node[key]
                elif isinstance(node, list) and rng.randrange(4) == 0:
                    node.insert(key, node[key])
                elif isinstance(node[key], str) and rng.randrange(2) == 0:
                    node[key] = formula(rng, 3)
                else:
                    node[key] = junk(rng)
                break
            node = node[key]
    return document


def as_yaml(value: Any, rng: Any) -> str:
    """The value as YAML text, in one of its styles."""
    style = {"default_flow_style": rng.choice((True, False, None)), "allow_unicode": rng.randrange(2) == 0}
    width = rng.choice((20, 80, 2**16))
    try:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        return str(yaml.dump(value, Dumper=dumper, width=width, sort_keys=False, **style))
    except UnicodeEncodeError:  # libyaml has no form for half a character
        return str(yaml.safe_dump(value, width=width, sort_keys=False, **style))


def as_json(value: Any, rng: Any) -> str:
    """The value as JSON text; not always standard JSON."""
    return json.dumps(value, ensure_ascii=rng.randrange(2) == 0, indent=rng.choice((None, 1)))


def bomb(rng: Any) -> str:
    """A text that is small and means something large, or is large and means nothing."""
    n = rng.choice((10, 100, 1000, 20_000))
    return rng.choice((
        lambda: "\n".join(["a0: &a0 [x, x]", *(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 30))]),
        lambda: "[" * n,
        lambda: "[" * n + "]" * n,
        lambda: "{a: " * n + "1" + "}" * n,
        lambda: '{"a":' * n + "1" + "}" * n,
        lambda: "(" * n + "1" + ")" * n,
        lambda: "-" * n + "1",
        lambda: "grad " * n + "J = J",
        lambda: "1" + "+1" * n,
        lambda: "1" + "/3" * n,
        lambda: "p" + "*p" * n,
        lambda: "*".join(f"(x{i}+1)" for i in range(n)),
        lambda: "+".join(f"x{i}/(1+x{i})" for i in range(n)),
        lambda: "exp(" * n + "1" + ")" * n,
        lambda: "2^(" * n + "2" + ")" * n,
        lambda: " ".join(["let f0 = J;", *(f"let f{i} = f{i - 1} * f{i - 1};" for i in range(1, n % 301)), "f9 = 1"]),
        lambda: "sum[" + ",".join(f"s{i}" for i in range(min(n, 200))) + "] mu(s1) = 1",
        lambda: "states: [" + ", ".join(f"s{i}" for i in range(n)) + "]\ntransitions: []",
        lambda: "states: [s]\ntransitions:\n" + f"- [s, a, s, 1/{n}, r]\n" * n,
        lambda: "- " * n + "x",
        lambda: "? " * n + "x",
        lambda: "a" * n + ": 1",
        lambda: "x" * n + " = " + "y" * n,
        lambda: "\n" * n + "states: 1",
        lambda: "#" * n,
        lambda: "\x00" * n,
    ))()  # fmt: skip


# -- real texts and damage -------------------------------------------------------------------------------


@cache
def corpus() -> dict[str, tuple[Any, ...]]:
    """Real inputs: documents, model files, claims, files of claims, formulas, study files."""
    from pgsym.claims.catalogue import catalogue
    from pgsym.model.files import drn, dumps, graphml, node_link, to_document
    from pgsym.model.zoo import zoo, zoo_names

    problems = [zoo(name) for name in zoo_names()]
    kept = [problem for problem in problems if sum(1 for _ in problem.mdp.pairs) <= 40]
    documents = [to_document(problem) for problem in kept]
    cases = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "tests/cases/data").glob("[DV]*.json"))]
    scripts = [t.statement for t in catalogue()] + [t.derivation for t in catalogue() if t.derivation]
    scripts += [p.read_text(encoding="utf-8") for p in sorted((ROOT / "examples").rglob("*.claims"))]
    claims = [str(claim.statement) for t in catalogue() for claim in t.claims]
    studies = [p.read_text(encoding="utf-8") for p in sorted((ROOT / "examples").rglob("study/*.yaml"))]
    rows = [row for document in documents for row in document["transitions"]]
    formulas = sorted({str(value) for row in rows for value in row[3:]})
    return {
        "document": tuple(documents),
        "yaml": tuple(dumps(problem) for problem in kept),
        "json": tuple([dumps(problem, "json") for problem in kept] + [c for c in cases if len(c) < 20_000]),
        "claim": tuple(claims),
        "script": tuple(scripts),
        "formula": tuple(formulas),
        "study": tuple(studies),
        "graphml": tuple(graphml.dumps(problem) for problem in kept),
        "node-link": tuple(node_link.dumps(problem) for problem in kept),
        "drn": tuple(
            drn.dumps(problem.mdp, discount="exit", average=True) for problem in kept if len(problem.mdp.start) == 1
        ),
    }


def damaged(text: str, rng: Any, others: tuple[str, ...]) -> str:
    """The text after a few accidents: characters lost, repeated, swapped; tokens and parts of other texts put in."""
    for _ in range(rng.randint(1, 4)):
        i = rng.randint(0, len(text))
        j = min(len(text), i + rng.choice((0, 1, 1, 2, 5, 20, 200)))
        kind = rng.randrange(8)
        if kind == 0:
            part = ""
        elif kind == 1:
            part = text[i:j] * rng.choice((2, 3, 50))
        elif kind == 2:
            part = rng.choice((*NUMBERS, *NAMES, *CODE))
        elif kind == 3:
            other = rng.choice(others)
            k = rng.randint(0, len(other))
            part = other[k : k + rng.choice((5, 50, 500))]
        elif kind == 4:
            part = rng.choice("\"'[]{}():,#&*!|>%@`~^/\\\n\t -+=<>?;.\x00\x07\x85\u2028\ufeff")
        elif kind == 5:
            part = chr(rng.choice((0, 9, 127, 128, 0x202E, 0x301, 0xD800, 0xFFFE, 0x1F600)) + rng.randrange(3))
        elif kind == 6:
            part = text[i:j][::-1]
        else:
            part = formula(rng, 2)
        text = text[:i] + part + text[j:]
    return text


GENERATORS: dict[str, Callable[[Any], str]] = {
    "yaml": lambda rng: as_yaml(replaced(rng.choice(corpus()["document"]), rng), rng),
    "json": lambda rng: as_json(replaced(rng.choice(corpus()["document"]), rng), rng),
    "formula": formula,
    "assumption": assumption,
    "claim": claim,
    "script": script,
    "study": lambda rng: as_yaml(replaced(_study(), rng), rng),
    "options": options,
}
"""A text for each kind of reader."""


def _study() -> Any:
    return yaml.safe_load(corpus()["study"][0]) | {"horizon": 5, "seeds": 2}


def text_for(kind: str, rng: Any) -> str:
    """A text for a reader of this kind: mostly of its grammar, or a real one damaged; sometimes of another's."""
    choice = rng.randrange(10)
    if choice == 0:
        return bomb(rng)
    if choice == 1:
        kind = rng.choice(tuple(GENERATORS))
    real = corpus().get(kind)
    if kind in GENERATORS and (choice < 6 or real is None):
        text = GENERATORS[kind](rng)
        return damaged(text, rng, real or (text,)) if choice == 2 else text
    return damaged(rng.choice(real), rng, real)


def bytes_for(rng: Any) -> bytes:
    """The bytes of a model file, in an encoding that may be wrong, perhaps cut off."""
    data = text_for("yaml", rng).encode(rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1")), "replace")
    if rng.randrange(3) == 0:
        data = data[: rng.randint(0, len(data))]
    if rng.randrange(3) == 0:
        i = rng.randint(0, len(data))
        data = data[:i] + bytes(rng.randrange(256) for _ in range(rng.randint(1, 4))) + data[i:]
    return data.replace(b"\n", b"\r\n") if rng.randrange(4) == 0 else data


def numbered(seed: int, index: int) -> random.Random:
    """The generator that belongs to one input of a run."""
    return random.Random(f"{seed}/{index}")
