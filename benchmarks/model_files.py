"""Seconds of processor time for each megabyte of a model file, by what the file is made of.

    python benchmarks/model_files.py [--megabytes 1] [--runs 3] [--million] [KIND ...]

Each kind is a worst case of something: the shortest rows, numbers that never repeat, formulas, names.  Every file is
read in processes of their own; the table has the least and the largest of `--runs` times, and the message of a refusal.
The bound is 2 s for each megabyte, and 2 s for small files (docs/robustness.md).  Exit status 1 if the least time of
some kind exceeds it.  `--million` reads a file of 10^6 transitions instead.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import sys
import time
import warnings
from collections.abc import Callable
from itertools import combinations, islice, pairwise

BOUND = 2.0
"""Seconds for each megabyte, and for a file of less than one."""

Rows = list[str]


def _model(states: int, rows: Rows, more: str = "") -> str:
    names = ", ".join(f"s{i}" for i in range(states))
    return f"states: [{names}]\ntransitions:\n" + "\n".join(rows) + f"\ngamma: 9/10\n{more}"


def _mixed(n: int) -> str:
    rng = random.Random(0)
    rows = []
    for i in range(n):
        weights = [rng.randint(1, 9) for _ in range(3)]
        rows += [f"- [s{i}, go, s{rng.randrange(n)}, {w}/{sum(weights)}, {rng.randint(-5, 5)}]" for w in weights]
    return _model(n, rows)


def _million(states: int) -> str:
    """Ten actions with five outcomes in each state."""
    rows = [
        f"- [s{i}, a{a}, s{(7 * i + 13 * k) % states}, 1/5, {a}]"
        for i in range(states)
        for a in range(10)
        for k in range(5)
    ]
    return _model(states, rows)


def _decimals(n: int) -> str:
    rng = random.Random(0)
    rows = []
    for i in range(n):
        p = rng.randrange(1, 999_999)
        rows += [f"- [s{i}, a, s{i}, {q / 10**6:.6f}, {rng.random():.6f}]" for q in (p, 10**6 - p)]
    return _model(n, rows)


def _json(n: int) -> str:
    rng = random.Random(0)
    names = ",".join(f'"s{i}"' for i in range(n))
    rows = ",".join(f'["s{i}","a","s{(7 * i) % n}",1,{rng.random()}]' for i in range(n))
    return f'{{"states":[{names}],"transitions":[{rows}],"gamma":0.5}}'


def _stay(n: int, reward: str = "0", more: Callable[[int], str] = lambda n: "") -> str:
    return _model(n, [f"- [s{i}, a, s{i}, 1, {reward.replace('#', str(i))}]" for i in range(n)], more(n))


def _pairs(n: int, p: str) -> str:
    rows = [f"- [s{i}, a, s{i}, {q.replace('#', str(i))}, 1]" for i in range(n) for q in (p, f"1-{p}")]
    return _model(n, rows)


def _policy(n: int, key: str, row: str, more: Callable[[int], str]) -> str:
    rows = [f"- [s{i}, {a}, s{i}, 1, 1]" for i in range(n) for a in "ab"]
    table = "\n".join(f"    s{i}: {row.replace('#', str(i))}" for i in range(n))
    return _model(n, rows, f"policy:\n{more(n)}  {key}:\n{table}\n")


def _one_state(n: int, row: str, more: Callable[[int], str] = lambda n: "") -> str:
    return _model(1, [f"- [s0, {row.replace('#', str(i))}]" for i in range(n)], more(n))


def _cycles(n: int) -> str:
    """Rows that sum to 1, but not at sight, from few formulas."""
    pairs = ((c, pair) for c in combinations(range(27), 3) for pair in pairwise((*c, c[0])))
    return _model(1, [f"- [s0, {i}-{j}-{k}, s0, (x{a}-x{b})*z+1/3, 0]" for (i, j, k), (a, b) in islice(pairs, n)])


def _enough_formulas(n: int) -> str:
    """As many as are read, and numbers besides."""
    return _model(n, [f"- [s{i}, a, s{i}, 1, {f'{i}*r+{i}' if i < 740 else i}]" for i in range(n)])


def _fractions(n: int) -> str:
    return _model(
        n,
        [f"- [s{i}, a, s{i}, 1, 0]" for i in range(n)],
        "start:\n" + "".join(f"  s{i}: 1/{2 * i + 1}\n" for i in range(n)),
    )


def _parameters(n: int) -> str:
    names = [f"q{i}" for i in range(n)]
    return f"  params: [{', '.join(names)}]\n  theta: {{{', '.join(f'{name}: 1/2' for name in names)}}}\n"


KINDS: dict[str, Callable[[int], str]] = {
    "three outcomes each": _mixed,
    "shortest rows": lambda n: _stay(n),
    "one state": lambda n: "states: [s]\ngamma: 0\ntransitions:\n" + "\n".join(f"- [s,{i},s,1,0]" for i in range(n)),
    "one action": lambda n: (
        "states: [s]\ngamma: 0\ntransitions:\n" + "\n".join(f"- [s,a,s,1/{n},{i}]" for i in range(n))
    ),
    "decimals": _decimals,
    "JSON, floats": _json,
    "start": lambda n: _stay(n, more=lambda n: "start:\n" + "\n".join(f"  s{i}: 1/{n}" for i in range(n))),
    "one formula": lambda n: _pairs(n, "p"),
    "formulas": lambda n: _pairs(n, "p/#7"),
    "symbols": lambda n: _pairs(n, "p#"),
    "rewards in symbols": lambda n: _stay(n, "r#+#*q"),
    "long formulas": lambda n: _stay(max(n // 500, 1), "#+" + "+".join(f"x{j}" for j in range(3000))),
    "products": lambda n: _stay(max(n // 90, 1), "#+" + "*".join(f"(x{j}+1)" for j in range(300))),
    "logits": lambda n: _policy(n, "logits", "{a: t#/2 + u, b: u}", lambda n: ""),
    "probabilities": lambda n: _policy(n, "probabilities", "{a: q#, b: 1-q#}", _parameters),
    "logits of names": lambda n: _policy(n, "logits", "{a: t#, b: 0}", lambda n: ""),
    "one row of logits": lambda n: _one_state(
        n, "a#, s0, 1, 0", lambda n: "policy:\n  logits:\n    s0:\n" + "".join(f"      a{i}: t\n" for i in range(n))
    ),
    "theta": lambda n: _one_state(
        n, "a#, s0, 1, 0", lambda n: "policy:\n  theta:\n" + "".join(f"    theta_s0_a{i}: 1\n" for i in range(n))
    ),
    "shared probabilities": lambda n: _policy(
        n, "probabilities", "{a: q, b: 1-q}", lambda n: "  params: [q]\n  theta: {q: 1/3}\n"
    ),
    "shared exponentials": lambda n: _policy(
        n,
        "probabilities",
        "{a: exp(t)/(exp(t)+1), b: 1/(exp(t)+1)}",
        lambda n: "  params: [t]\n  theta: {t: 0}\n",
    ),
    "sums to prove": _cycles,
    "row of symbols": lambda n: _one_state(n, "a, s0, p#, 0"),
    "fractions": _fractions,
    "logarithms": lambda n: _stay(n, "exp(log(#+2)/7)"),
    "divisions": lambda n: _stay(n, "1/((x+y+#)^9+1)"),
    "assumptions": lambda n: _stay(n, "p#", lambda n: "symbols:\n" + "".join(f"  p{i}: p{i} > 0\n" for i in range(n))),
    "enough formulas": _enough_formulas,
    "names spelt alike": lambda n: _model(1, [f"- [s0, -{i}, s0, 1, 0]\n- [s0, {i}, s0, 1, 0]" for i in range(1, n)]),
    "JSON, no end": lambda n: '{"states": "' + '\\"[' * n,
    "unknown keys": lambda n: _stay(2, more=lambda _: "\n".join(f"k{i}: {i}" for i in range(n))),
    "unknown state": lambda n: _stay(n, more=lambda n: f"start: {{t{n}: 1}}\n"),
    "one long name": lambda n: _stay(2, more=lambda _: f"name: {'x' * 20 * n}\n"),
}


def main() -> int:
    options = _options()
    print("| file | MB | s | to s | s/MB | peak MB | |\n|---|---|---|---|---|---|---|")
    if options.million:
        return int(_is_slow("10^6 transitions", _million(20_000), runs=1))
    slow = 0
    for kind in options.kinds or KINDS:
        write = KINDS[kind]
        text = write(max(2, int(1000 * options.megabytes * 1e6 / len(write(1000)))))
        slow += _is_slow(kind, text, options.runs)
    return 1 if slow else 0


def _is_slow(kind: str, text: str, runs: int) -> bool:
    """Whether reading the text takes longer than it may: the least of the runs, because other work only adds to it."""
    found = [_in_a_child(text) for _ in range(runs)]
    seconds, peak, message = min(found)
    longest, size = max(found)[0], len(text) / 1e6
    row = (kind, f"{size:.1f}", f"{seconds:.1f}", f"{longest:.1f}", f"{seconds / size:.1f}", f"{peak:.0f}", message)
    print("|", " | ".join(row), "|", flush=True)
    return seconds > BOUND * max(size, 1.0)


def _in_a_child(text: str) -> tuple[float, float, str]:
    """Seconds, peak MB and what came of it, in a process of its own."""
    with multiprocessing.get_context("fork").Pool(1) as pool:
        seconds, message = pool.apply(_read, (text,))
        peak = pool.apply(resource.getrusage, (resource.RUSAGE_SELF,)).ru_maxrss / 1024
    return seconds, peak, message


def _read(text: str) -> tuple[float, str]:
    from pgsym.errors import PgsymError
    from pgsym.model.files import loads

    warnings.simplefilter("ignore")
    loads(_stay(2, "r"))  # imports, and what is made once
    begin = time.process_time()
    try:
        loads(text, "json" if text.startswith("{") else "yaml")
        message = "read"
    except PgsymError as error:
        message = f"refused: {error!s:.60}..."
    return time.process_time() - begin, message


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", choices=[[], *KINDS], metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--megabytes", type=float, default=1.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--million", action="store_true", help="10^6 transitions")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
