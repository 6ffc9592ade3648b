"""Parametric chains of the literature, from their published descriptions: an MDP with one action for each.

The value of the start is the probability of an event, or an expected number of steps.  `explore` follows a protocol
from its first state; what Storm is asked is the same chain.

References: D'Argenio, Jeannet, Jensen and Larsen, Reachability analysis of probabilistic systems by successive
refinements (2001): BRP.  Norman, Parker, Kwiatkowska and Shukla, Evaluating the reliability of NAND multiplexing with
PRISM (2005).  Shmatikov, Probabilistic model checking of an anonymity system (2004): Crowds.  Herman, Probabilistic
self-stabilization (1990).  Bohnenkamp, van der Stok, Hermanns and Vaandrager, Cost-optimization of the IPv4 zeroconf
protocol (2003).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import product
from typing import NamedTuple

import sympy as sp

from pgsym.model import MDP

Moves = Iterable[tuple[sp.Expr | int, Hashable]]
"""(probability, next state); none where the run ends."""

ONE = sp.Integer(1)


def explore(first: Hashable, moves: Callable[[Hashable], Moves], reward: Callable[[Hashable, Hashable], int]) -> MDP:
    """The chain that is reached from the first state; `reward` is what a step from one state to another earns."""
    number, waiting = {first: 0}, [first]
    rows, terminal, symbols = [], [], set()
    for state in waiting:
        found = list(moves(state))
        for p, after in found:
            if after not in number:
                number[after] = len(number)
                waiting.append(after)
            rows.append((number[state], "go", number[after], p, reward(state, after)))
            symbols |= getattr(p, "free_symbols", set())
        if not found:
            terminal.append(number[state])
    assumed = {symbol.name: f"0 < {symbol.name} < 1" for symbol in symbols}
    return MDP.from_transitions(rows, start=0, terminal=terminal, states=range(len(number)), symbols=assumed)


class File(NamedTuple):
    """BRP: the sender's place, its report and frame, the receiver's, and the two channels."""

    s: str = "idle"
    report: int = 0
    tries: int = 0
    i: int = 0
    bit: int = 0
    next_bit: int = 0
    first: bool = False
    last: bool = False
    r: str = "new"
    told: int = 0
    got_first: bool = False
    got_last: bool = False
    got_bit: int = 0
    expected: int = 0
    received: bool = False
    sent: bool = False
    k: str = ""
    l: str = ""  # noqa: E741  (the channel's name)


def brp(n: int, most: int) -> MDP:
    """Bounded retransmission: n frames, each sent again at most `most` times; the probability that the sender gives up.

    Frames pass channel K with probability pK, acknowledgements pass L with pL.
    """
    pK, pL = sp.symbols("pK pL")

    def moves(v: File) -> Moves:
        go = v._replace
        frame = {"first": v.i == 1, "last": v.i == n, "bit": v.next_bit}
        if v.k == "sending":  # the receiver gets the frame
            got = {"got_first": v.first, "got_last": v.last, "got_bit": v.bit, "received": v.sent, "k": ""}
            return [(1, go(r="first" if v.r == "new" else "frame", **got))]
        if v.r == "first":
            return [(1, go(r="frame", expected=v.got_bit))]
        if v.r == "frame" and v.got_bit == v.expected:
            return [(1, go(r="reported", told=3 if v.got_last else 1 if v.got_first else 2))]
        if v.r in ("frame", "reported"):
            heard = go(r="idle", expected=v.expected ^ (v.r == "reported"))
            return [(pL, heard._replace(l="sending")), (1 - pL, heard._replace(l="lost"))]
        if v.l == "sending":
            return [(1, go(s="success", next_bit=1 - v.next_bit, l=""))]
        if "lost" in (v.k, v.l):
            return [(1, go(s="retry", k="", l=""))]
        if v.s == "idle":
            return [] if v.sent else [(1, go(s="next", i=1, report=0, sent=True))]
        if v.s == "next" or (v.s == "retry" and v.tries < most):
            out = go(s="wait", tries=0 if v.s == "next" else v.tries + 1, **frame)
            return [(pK, out._replace(k="sending")), (1 - pK, out._replace(k="lost"))]
        if v.s == "retry":
            return [(1, go(s="error", report=1 if v.i < n else 2))]
        if v.s == "success":
            return [(1, go(s="next", i=v.i + 1) if v.i < n else go(s="idle", report=3))]
        return []  # the sender has given up

    return explore(File(), moves, lambda before, after: int(after.s == "error"))


def nand(n: int, k: int) -> MDP:
    """NAND multiplexing with n copies and k restorative stages: the probability that under a tenth of them is wrong.

    A gate fails with probability perr; inputs are stimulated with probability prob1.
    """
    perr, prob1 = sp.symbols("perr prob1")

    def moves(state: tuple[int, ...]) -> Moves:
        """stage, copies done, place, ones made, ones left for x, ones left for y, x, y."""
        u, c, place, z, zx, zy, x, y = state
        if place == 0:
            if c < n:
                return [(1, (u, c, 1, z, zx, zy, x, y))]
            return [(1, (u + 1, 0, 1, 0, z, z, x, y) if u <= 2 * k else (u, c, 4, z, 0, 0, 0, 0))]
        if place == 1:
            if u == 1:
                return [(prob1, (u, c, 2, z, zx, zy, 1, y)), (1 - prob1, (u, c, 2, z, zx, zy, 0, y))]
            return [(1, (u, c, 2, z, max(zx - 1, 0), zy, int(zx > 0), y))]
        if place == 2:
            p = prob1 if u == 1 else sp.Rational(zy, n - c)
            left = zy if u == 1 else zy - 1
            found = [(p, (u, c, 3, z, zx, left, x, 1)), (1 - p, (u, c, 3, z, zx, zy, x, 0))]
            return [(q, after) for q, after in found if q != 0]
        if place == 3:
            right = 1 - x * y
            return [
                (1 - perr, (u, c + 1, 0, z + right, zx, zy, 0, 0)),
                (perr, (u, c + 1, 0, z + 1 - right, zx, zy, 0, 0)),
            ]
        return []

    return explore((1, 0, 0, 0, 0, 0, 0, 0), moves, lambda before, after: int(after[2] == 4 and 10 * after[3] < n))


def crowds(size: int, runs: int) -> MDP:
    """Crowds: the probability that the true sender is seen more than once.

    A message is passed on with probability PF, to a bad member with probability badC.
    """
    PF, badC = sp.symbols("PF badC")

    def moves(state: tuple[str, int, int, tuple[int, ...]]) -> Moves:
        """What happens, the runs left, who had the message last, how often the bad members saw each good one."""
        place, left, last, seen = state
        if place == "launch":
            return [(1, ("new", left, last, seen))]
        if place == "new":
            return [(1, ("start", left - 1, last, seen))] if left else []
        if place == "start":
            return [(1, ("choose", left, 0, seen))]
        if place == "choose":
            return [(1 - badC, ("good", left, last, seen)), (badC, ("bad", left, last, seen))]
        if place == "good":
            return [(sp.Rational(1, size), ("forward?", left, who, seen)) for who in range(size)]
        if place == "forward?":
            return [(PF, ("choose", left, last, seen)), (1 - PF, ("deliver", left, last, seen))]
        if place == "bad":
            return [(1, ("deliver bad", left, last, tuple(k + (who == last) for who, k in enumerate(seen))))]
        if place == "done":
            return [(1, ("new", left, size, seen))]
        return [(1, ("done", left, last, seen))]

    return explore(
        ("launch", runs, 0, (0,) * size), moves, lambda before, after: int(before[3][0] <= 1 and after[3][0] == 2)
    )


def herman(n: int) -> MDP:
    """Herman's ring of n processes: the expected number of steps to one token, from a random start.

    A process that has a token, the bit of its left neighbour, takes the bit 0 with probability p.
    """
    p = sp.Symbol("p")

    def moves(state: tuple[int, ...]) -> Moves:
        if not state:
            return [(sp.Rational(1, 2**n), bits) for bits in product((0, 1), repeat=n)]
        token = [state[k] == state[k - 1] for k in range(n)]
        if sum(token) == 1:
            return []
        found = []
        for bits in product(*((0, 1) if has else (state[k - 1],) for k, has in enumerate(token))):
            zeros = sum(has and not bit for has, bit in zip(token, bits, strict=True))
            found.append((p**zeros * (1 - p) ** (sum(token) - zeros), bits))
        return found

    return explore((), moves, lambda before, after: int(bool(before)))


def zeroconf(n: int) -> MDP:
    """Zeroconf with n probes: the probability of ending with an address in use.

    An address that is tried is in use with probability q; a probe stays without an answer with probability p.
    """
    p, q = sp.symbols("p q")

    def moves(state: str | int) -> Moves:
        if state == "start":
            return [(q, 1), (1 - q, "ok")]
        if isinstance(state, int):
            return [(p, state + 1 if state < n else "collision"), (1 - p, "start")]
        return []

    return explore("start", moves, lambda before, after: int(after == "collision"))


FAMILIES: dict[str, Callable[..., MDP]] = {f.__name__: f for f in (brp, nand, crowds, herman, zeroconf)}
SMALL = [("brp", 16, 2), ("nand", 2, 4), ("crowds", 3, 5), ("herman", 5), ("zeroconf", 100)]
MIDDLE = [("brp", 64, 4), ("nand", 5, 10), ("herman", 7), ("zeroconf", 1000), ("brp", 512, 5)]
LARGE = [("nand", 10, 15), ("crowds", 10, 5), ("brp", 1024, 6)]
