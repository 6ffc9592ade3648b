"""One measurement in a process of its own, killed at its time limit."""

from __future__ import annotations

import multiprocessing
import resource
import time
from dataclasses import dataclass, field
from fractions import Fraction
from multiprocessing.connection import Connection
from statistics import median
from typing import Any

from pgsym.errors import PgsymError

SETUP_LIMIT = 300.0
"""Seconds for imports and for building the input, which are not measured."""

CHECK_LIMIT = 120.0
"""Seconds for the value at a point, which is not measured."""

SHORT = 2.0
"""A run of J and gradient below this many seconds is done three times."""

REPEATS = 3


@dataclass
class Measurement:
    """Seconds for J, and for J and the gradient together; None where there is no figure."""

    J: float | None = None
    both: float | None = None
    note: str = ""
    """Why a figure is missing."""
    terms: int | None = None
    J_value: Fraction | None = None
    gradient_value: list[Fraction] = field(default_factory=list)

    def agrees(self, other: Measurement) -> bool | None:
        """Whether all values that both found are the same; None if there is nothing to compare."""
        if self.J_value is None or other.J_value is None:
            return None
        same = self.J_value == other.J_value
        if self.gradient_value and other.gradient_value:
            same = same and self.gradient_value == other.gradient_value
        return same


def measure(solver: str, family: str, size: int, timeout: float, memory: float) -> Measurement:
    """Run one solver on one instance; `timeout` bounds J and gradient together, in seconds, `memory` in GiB."""
    # The server imports once; its forks start in milliseconds and share nothing that a solver computed.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["exact_families", "exact_solvers", "pgsym.exact", "sympy.stats"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, solver, family, size, memory), daemon=True)
    process.start()
    theirs.close()
    result = Measurement()
    seconds: dict[str, list[float]] = {"J": [], "both": []}

    def next_message(limit: float, late: str) -> tuple[str, Any]:
        try:
            return ours.recv() if ours.poll(limit) else ("note", late)
        except EOFError:
            return "note", "died"

    too_slow, unchecked = f"> {timeout:g} s", f"no value after {CHECK_LIMIT:g} s"
    left = timeout
    try:
        kind, value = next_message(SETUP_LIMIT, f"no input after {SETUP_LIMIT:g} s")
        while kind not in ("note", "end"):
            if kind == "ready":
                left = timeout
                kind, value = next_message(left, too_slow)
            elif kind == "J":
                seconds["J"].append(value)
                left = timeout - value
                kind, value = next_message(CHECK_LIMIT, unchecked)
            elif kind == "J value":
                result.J_value, result.terms = value
                kind, value = next_message(left, too_slow)
            elif kind == "both":
                seconds["both"].append(value)
                kind, value = next_message(CHECK_LIMIT, unchecked)
            elif kind == "gradient value":
                result.gradient_value = value
                kind, value = next_message(CHECK_LIMIT, unchecked)
        result.note = value if kind == "note" else ""
    finally:
        process.kill()
        process.join()
    result.J = median(seconds["J"]) if seconds["J"] else None
    result.both = median(seconds["both"]) if seconds["both"] else None
    return result


def _work(pipe: Connection, solver: str, family: str, size: int, memory: float) -> None:
    """The measured process: sends ("ready" | "J" | "J value" | "both" | "gradient value" | "note" | "end", value)."""
    from exact_families import FAMILIES
    from exact_solvers import SOLVERS

    limit = int(memory * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    instance = FAMILIES[family].make(size)
    try:
        prepared = SOLVERS[solver](instance)
        point = instance.point()
        total, runs = 0.0, 0
        while runs < (REPEATS if total < SHORT else 1):
            pipe.send(("ready", None))
            start = time.perf_counter()
            J = prepared.objective()
            for_J = time.perf_counter() - start
            pipe.send(("J", for_J))
            pipe.send(("J value", (prepared.at(J, point), prepared.terms(J))))
            start = time.perf_counter()
            gradient = prepared.gradient(J)
            total = for_J + time.perf_counter() - start
            pipe.send(("both", total))
            pipe.send(("gradient value", [prepared.at(e, point) for e in gradient]))
            runs += 1
        pipe.send(("end", None))
    except MemoryError:
        pipe.send(("note", f"> {memory:g} GiB"))
    except PgsymError as error:
        pipe.send(("note", type(error).__name__))
