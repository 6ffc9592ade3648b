"""Coq: whether it is installed, its library of theorems, and what it says of a file.

A certificate counts as checked when `coqc` accepts it, and what its theorems depend on, as `Print Assumptions` lists
it, are axioms of Coq's real numbers and of classical logic only.  The library is compiled once for each version of Coq
and of its text, into a cache folder of the user; nothing is written where pgsym is installed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from typing import Any

from pgsym.errors import CertificateError, MissingCoqError
from pgsym.limits import CERTIFICATE_SECONDS
from pgsym.trust import Level, Trust

LIBRARY = ("Sums", "Elimination", "MDP", "PerformanceDifference", "PolicyGradient", "Softmax", "AverageReward",
           "Refutation", "Tensors", "Chains")  # fmt: skip
"""The theorems that hold for every finite MDP, each file after those that it needs."""

AXIOMS = frozenset(
    {
        "ClassicalDedekindReals.sig_forall_dec",
        "ClassicalDedekindReals.sig_not_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
        "Classical_Prop.classic",
    }
)
"""What Coq's real numbers and classical logic assume; nothing else may be assumed."""


_QUIET = ("-q", "-w", "none")


class Answer(StrEnum):
    """What the kernel says of a certificate."""

    ACCEPTED = str(Level.KERNEL)
    REFUSED = "refused"
    TIMED_OUT = "timed out"
    MISSING = "not installed"


@dataclass(frozen=True)
class Check:
    """What became of one check."""

    answer: Answer
    reason: str = ""
    """What Coq said, or why it could not be asked; empty when it accepted."""
    seconds: float = 0.0
    """Wall-clock time that Coq took for the certificate, without its library."""
    place: str = ""
    """The definition or theorem at which Coq stopped; empty when it read the whole file."""

    @property
    def accepted(self) -> bool:
        """Whether Coq's kernel accepted every theorem."""
        return self.answer is Answer.ACCEPTED

    @property
    def trust(self) -> Trust | None:
        """Kernel-checked; None where it is not."""
        return Trust(Level.KERNEL) if self.accepted else None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "answer": str(self.answer),
            "reason": self.reason,
            "place": self.place,
            "seconds": round(self.seconds, 3),
            "trust": None if self.trust is None else self.trust.to_json(),
        }

    def __str__(self) -> str:
        if self.accepted:
            return f"{self.answer}: Coq's kernel accepted every theorem ({self.seconds:.1f} s)"
        return f"{self.answer}: {self.reason}"


def coqc() -> str | None:
    """The compiler, where Coq and Coquelicot are installed; ``PGSYM_COQC`` names another than the one on the path."""
    found = shutil.which(os.environ.get("PGSYM_COQC", "coqc"))
    return None if found is None else str(Path(found).absolute())


def library(work: Path | None = None, *, timeout: float = CERTIFICATE_SECONDS) -> Path:
    """The folder of the compiled library, in `work` or the user's cache; compiled now if it is not there.

    `timeout` is in seconds, for each of its files.  MissingCoqError where there is no Coq, or no Coquelicot;
    CertificateError where Coq does not accept the library, or its folder cannot be written.
    """
    program = coqc()
    if program is None:
        raise MissingCoqError("coqc is not on the path; Coq 8.16 or later with Coquelicot is required. Install both",
                              where="coq")  # fmt: skip
    sources = {
        name: (files("pgsym.certificates") / "coq" / f"{name}.v").read_text(encoding="utf-8") for name in LIBRARY
    }
    folder = (work or _cache()).absolute() / f"pgsym-coq-{_digest(program, sources)}"
    if folder.exists():
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        started = tempfile.TemporaryDirectory(dir=folder.parent, prefix="pgsym-coq-")
    except OSError as error:
        raise CertificateError(f"{folder.parent} cannot be written ({error.strerror}); the compiled library is kept "
                               "there. Name another folder with --work", where="coq") from error  # fmt: skip
    with started:
        build = Path(started.name) / "library"
        build.mkdir()
        for name, text in sources.items():
            (build / f"{name}.v").write_text(text, encoding="utf-8")
            _accept(_run([program, *_QUIET, "-Q", ".", "Pgsym", f"{name}.v"], build, timeout), name)
        try:
            build.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was faster
                raise
    return folder


def _accept(done: subprocess.CompletedProcess[str], name: str) -> None:
    """One file of the library is compiled, or the reason why it is not."""
    if done.returncode == 0:
        return
    if re.search(r"Cannot find a physical path[^.]*\bCoquelicot\b", " ".join(done.stderr.split())):
        raise MissingCoqError("coqc does not find Coquelicot; Coq 8.16 or later with Coquelicot is required. "
                              "Install it", where="coq")  # fmt: skip
    raise CertificateError(f"Coq does not accept {name}.v: {_complaint(done)}; the library needs Coq 8.16 or later "
                           "with Coquelicot. Install both", where="coq")  # fmt: skip


def check(text: str, timeout: float = CERTIFICATE_SECONDS, work: Path | None = None) -> Check:
    """Let Coq check a certificate; `timeout` is in seconds, for it and for each file of the `library`."""
    try:
        compiled = library(work, timeout=timeout)
    except MissingCoqError as error:
        return Check(Answer.MISSING, error.message)
    except subprocess.TimeoutExpired:
        return Check(Answer.TIMED_OUT, f"Coq did not compile pgsym's library within {timeout:g} s a file; give it more")
    program = coqc()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="pgsym-certificate-") as folder:
        (Path(folder) / "certificate.v").write_text(text, encoding="utf-8")
        began = time.perf_counter()
        try:
            done = _run([program, *_QUIET, "-Q", str(compiled), "Pgsym", "certificate.v"], Path(folder), timeout)
        except subprocess.TimeoutExpired:
            return Check(Answer.TIMED_OUT, f"no answer within {timeout:g} s; give it more with --timeout", timeout)
        seconds = time.perf_counter() - began
    if done.returncode:
        place = _stopped(done.stderr, text)
        return Check(Answer.REFUSED, f"{'at ' + place + ': ' if place else ''}{_complaint(done)}", seconds, place)
    listed = assumptions(done.stdout)
    if not listed:
        return Check(Answer.REFUSED, "the file prints the assumptions of no theorem", seconds)
    foreign = sorted(set().union(*listed) - AXIOMS)
    if foreign:
        return Check(Answer.REFUSED, f"it rests on {', '.join(foreign)}, which is no axiom of the reals", seconds)
    return Check(Answer.ACCEPTED, seconds=seconds)


def assumptions(output: str) -> list[frozenset[str]]:
    """The axioms of each theorem whose assumptions were printed, in order.

    >>> assumptions("Closed under the global context\\nAxioms:\\nMine.cheat\\n  : False\\nother : 1 = 2\\n")
    [frozenset(), frozenset({'...', '...'})]
    """
    found: list[set[str]] = []
    for line in output.splitlines():
        if line.startswith(("Axioms:", "Closed under the global context", "Section Variables:")):
            found.append(set())
        elif found and line[:1].strip():  # types go on in indented lines
            found[-1].add(line.split()[0].removesuffix(":"))
    return [frozenset(names) for names in found]


def _run(command: list[str], folder: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", errors="replace",
                          timeout=timeout, check=False)  # fmt: skip


def _complaint(done: subprocess.CompletedProcess[str]) -> str:
    """The first error, on one line; where Coq shows none, how it ended."""
    _, _, said = done.stderr.rpartition("Error:")
    return " ".join(said.split())[:400] or f"exit status {done.returncode}"


def _stopped(said: str, text: str) -> str:
    """The definition or theorem in which Coq found an error.

    >>> _stopped('File "./certificate.v", line 2, characters 0-4:', "Lemma two : 1 + 1 = 2.\\nProof. easy. Qed.")
    'two'
    """
    found = re.search(r'certificate\.v", line (\d+)', said)
    before = text.splitlines()[: int(found[1])] if found else []
    named = re.findall(
        r"^(?:Lemma|Theorem|Definition|Hypothesis|Axiom|Variables|Ltac) ([\w']+)", "\n".join(before), re.M
    )
    return str(named[-1]) if named else ""


def _digest(program: str, sources: Mapping[str, str]) -> str:
    version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=60, check=False).stdout
    text = "\0".join([version, *sources.values()])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cache() -> Path:
    """The user's cache folder, or the one of temporary files where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME")
    if given:
        return Path(given) / "pgsym"
    try:
        home = Path.home()
    except RuntimeError:
        return Path(tempfile.gettempdir()) / f"pgsym-{os.getuid()}"
    return home / ".cache" / "pgsym"
