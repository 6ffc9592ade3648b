"""Many hostile texts through everything that reads text; docs/robustness.md holds the figures.

    python benchmarks/fuzz.py [-n 100000] [--seed 0] [--target NAME] [--seconds 2] [--memory 512]
    python benchmarks/fuzz.py --only INDEX [--seed 0]      one input again, shown with its traceback
    python benchmarks/fuzz.py --engine atheris -n 100000   coverage-guided, where atheris is installed

Every input is fixed by the seed and its index.  A worker process reads them under a limit of processor time for each
(`--seconds`, and as many again for each megabyte) and of memory (`--memory` megabytes beyond what it starts with), and
under a watch for what reading never does: code, programs, files written, foreign imports (tests/hostile/watch.py).
Prints a table of inputs, accepted, refused and failed, the slowest, and the peak memory.  Exit status 1 if any failed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BATCH = 200
GRACE = 30.0
"""Seconds of wall time, beyond the limit of processor time, after which a silent worker is killed."""


class OutOfTimeError(BaseException):
    """The input took more processor time than it may; nothing in the package may catch this."""


@dataclass
class Tally:
    """What was found, by target."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    slowest: dict[str, tuple[float, int]] = field(default_factory=dict)
    defects: dict[str, list[int]] = field(default_factory=dict)
    """Indices by the kind of exception and the places on its way."""
    messages: dict[str, str] = field(default_factory=dict)
    peak: float = 0.0

    def add(self, other: Tally) -> None:
        for mine, theirs in (
            (self.accepted, other.accepted),
            (self.refused, other.refused),
            (self.failed, other.failed),
        ):
            mine.update(theirs)
        for name, pair in other.slowest.items():
            self.slowest[name] = max(self.slowest.get(name, (0.0, 0)), pair)
        for defect, indices in other.defects.items():
            self.defects.setdefault(defect, []).extend(indices)
        self.messages = other.messages | self.messages
        self.peak = max(self.peak, other.peak)

    @property
    def inputs(self) -> Counter[str]:
        return self.accepted + self.refused + self.failed

    def fail(self, name: str, index: int, defect: str, message: str = "") -> None:
        self.failed[name] += 1
        self.defects.setdefault(f"{name}: {defect}", []).append(index)
        self.messages.setdefault(f"{name}: {defect}", message)

    def table(self) -> str:
        """Markdown."""
        lines = ["| target | inputs | accepted | refused | failed | slowest |", "|---|---|---|---|---|---|"]
        for name in [*sorted(self.inputs), "all"]:
            row = [c.total() if name == "all" else c[name]
                   for c in (self.inputs, self.accepted, self.refused, self.failed)]  # fmt: skip
            seconds, index = max(self.slowest.values()) if name == "all" else self.slowest.get(name, (0.0, 0))
            lines.append(f"| {name} | {' | '.join(map(str, row))} | {seconds:.2f} s (input {index}) |")
        return "\n".join(lines)


def main() -> int:
    options = _options()
    if options.engine == "atheris":
        return _atheris(options)
    if options.only is not None:
        return _one(options)
    found, begin, next_index = Tally(), time.perf_counter(), 0
    while next_index < options.n:
        next_index = _work(options, next_index, found)
        done = found.inputs.total()
        print(f"{next_index} inputs read, {found.failed.total()} failed, {done / (time.perf_counter() - begin):.0f} /s",
              file=sys.stderr, flush=True)  # fmt: skip
    print(found.table())
    print(f"\npeak memory {found.peak:.0f} MB, {time.perf_counter() - begin:.0f} s, seed {options.seed}")
    for defect, indices in sorted(found.defects.items(), key=lambda item: -len(item[1])):
        first = ", ".join(map(str, indices[:5]))
        print(f"\n{len(indices)} times (inputs {first}): {defect}\n    {found.messages[defect]!a}")
    return 1 if found.defects else 0


# -- a worker --------------------------------------------------------------------------------------------


def _work(options: argparse.Namespace, start: int, found: Tally) -> int:
    """Read inputs from `start` on in a worker, until it has read all or dies; the index to go on with."""
    context = multiprocessing.get_context("fork" if "pgsym" not in sys.modules else "spawn")
    receiver, sender = context.Pipe(duplex=False)
    index = context.Value("q", -1)
    worker = context.Process(target=_read_all, args=(options, start, sender, index), daemon=True)
    worker.start()
    sender.close()
    before, since = start, time.perf_counter()
    while True:
        if receiver.poll(1.0):
            try:
                position, tally = receiver.recv()
            except EOFError:
                break
            found.add(tally)
            start = position
            if start >= options.n:
                break
        if index.value != before:
            before, since = index.value, time.perf_counter()
        if time.perf_counter() - since > GRACE + options.seconds * 20:
            worker.kill()
            break
    worker.join()
    if start >= options.n:
        return start
    if index.value < 0:
        sys.exit("the worker died before it read anything; see above")
    # The batch of the worker that died is lost but for the input that killed it; the others are read again.
    found.fail("worker", index.value, f"died with exit code {worker.exitcode}")
    _skip.add(index.value)
    return start


_skip: set[int] = set()
"""Inputs that killed their worker."""


def _read_all(options: argparse.Namespace, start: int, sender: Any, index: Any) -> None:
    from hostile import inputs, targets

    targets.warm_up()
    inputs.corpus()
    _limit_memory(options.memory)
    signal.signal(signal.SIGPROF, _out_of_time)
    tally = Tally()
    for number in range(start, options.n):
        index.value = number
        if number not in _skip:
            _read(number, options, tally)
        if (number + 1) % BATCH == 0 or number + 1 == options.n:
            tally.peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            sender.send((number + 1, tally))
            tally = Tally()
    sender.close()


def _case(options: argparse.Namespace, number: int) -> tuple[str, Any]:
    from hostile import inputs, targets

    return targets.case(inputs.numbered(options.seed, number), options.target)


def _read(number: int, options: argparse.Namespace, tally: Tally) -> None:
    from hostile import targets

    name, value = _case(options, number)
    signal.setitimer(signal.ITIMER_PROF, options.seconds * (1 + len(value) / 1e6))
    begin = time.process_time()
    try:
        try:
            refusal = targets.attempt(name, value)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        (tally.accepted if refusal is None else tally.refused)[name] += 1
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever else comes out is what is looked for
        tally.fail(name, number, _kind(error), f"{error!s:.200}")
    tally.slowest[name] = max(tally.slowest.get(name, (0.0, 0)), (time.process_time() - begin, number))


def _kind(error: BaseException) -> str:
    """The exception and the last places of the package on its way: equal for equal defects."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/pgsym/" in f.filename]
    places = [f"{Path(f.filename).name}:{f.lineno} in {f.name}" for f in frames[-4:]]
    return f"{type(error).__name__} from {' from '.join(reversed(places))}"


def _limit_memory(megabytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + megabytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _out_of_time(*_: Any) -> None:
    raise OutOfTimeError


# -- one input again -------------------------------------------------------------------------------------


def _one(options: argparse.Namespace) -> int:
    from hostile import targets

    name, value = _case(options, options.only)
    print(f"{name}, {len(value)} long: {value[:2000]!a}")
    begin = time.process_time()
    try:
        targets.warm_up()
        print(f"refused: {refusal}" if (refusal := targets.attempt(name, value)) else "accepted")
    finally:
        print(f"{time.process_time() - begin:.2f} s, warming up included")
    return 0


# -- atheris ---------------------------------------------------------------------------------------------


def _atheris(options: argparse.Namespace) -> int:
    """Coverage-guided: the first byte chooses the target, the rest is the text."""
    try:
        import atheris
    except ImportError:
        print("atheris is not installed; --engine atheris needs it. Run pip install atheris, or leave --engine out",
              file=sys.stderr)  # fmt: skip
        return 2
    with atheris.instrument_imports(include=["pgsym"]):
        from hostile import inputs, targets

        targets.warm_up()
    names = [options.target] if options.target else list(targets.TARGETS)

    def read(data: bytes) -> None:
        if data:
            name, rest = names[data[0] % len(names)], data[1:]
            binary = targets.TARGETS[name][1] == "bytes"
            targets.attempt(name, rest if binary else rest.decode("utf-8", "surrogateescape"))

    folder = Path(tempfile.mkdtemp(prefix="pgsym-atheris-"))
    for place, name in enumerate(names):
        for number, real in enumerate(inputs.corpus().get(targets.TARGETS[name][1], ())[:40]):
            (folder / f"{place}-{number}").write_bytes(bytes([place]) + real.encode("utf-8"))
    flags = [f"-runs={options.n}", f"-timeout={int(options.seconds) + 8}", "-rss_limit_mb=2048", "-max_len=4096"]
    atheris.Setup([sys.argv[0], *flags, f"-seed={options.seed + 1}", str(folder)], read)
    atheris.Fuzz()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=100_000, help="inputs")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", help="one target only; its name as in the table")
    parser.add_argument("--seconds", type=float, default=2.0, help="processor time of an input, and of each megabyte")
    parser.add_argument("--memory", type=int, default=512, help="megabytes that reading may take")
    parser.add_argument("--only", type=int, help="the index of one input")
    parser.add_argument("--engine", choices=("random", "atheris"), default="random")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
