"""`certify`: a proof about one model, as a file that Coq's kernel checks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from pgsym.certificates.closed import closed_section
from pgsym.certificates.instance import CertifiedModel
from pgsym.certificates.kernel import Check, check
from pgsym.certificates.refutation import refutation
from pgsym.certificates.sections import IMPORTS, model_section, policy_section, theorem_header
from pgsym.certificates.solution import solution_section, theorem_names
from pgsym.claims.decide import Decision
from pgsym.claims.language import parse
from pgsym.claims.language import tree as t
from pgsym.claims.verify import policy_gradient_theorem
from pgsym.errors import CertificateError, HypothesisError
from pgsym.limits import CERTIFICATE_SECONDS
from pgsym.model.files.atomic import write_atomically
from pgsym.model.objective import Objective
from pgsym.model.problem import Problem, ProblemLike

COVERED = (Objective.START_STATE, Objective.AVERAGE_REWARD, Objective.STATIONARY_VALUE)
"""Objectives whose J, weights and values Coq's library knows."""


@dataclass(frozen=True)
class Certificate:
    """A Coq file about one model.

    Attributes
    ----------
    text : str
        The file.
    kind : str
        ``theorem``: the policy gradient theorem holds; ``refutation``: a claim fails at a point.
    statement : str
        What is proved, in the claim language.
    legend : tuple of (str, str)
        Identifiers of the file, and what they stand for.
    theorems : tuple of str
        The theorems that the file is about.
    """

    text: str
    kind: str
    statement: str
    legend: tuple[tuple[str, str], ...]
    theorems: tuple[str, ...]

    def check(self, timeout: float = CERTIFICATE_SECONDS, work: Path | None = None) -> Check:
        """What Coq's kernel says; ``not installed`` where there is no Coq.

        Parameters
        ----------
        timeout
            Seconds.
        work
            Where the compiled library is kept; the user's cache folder by default.

        Raises
        ------
        CertificateError
            Coq does not accept the library itself: it is too old, or lacks Coquelicot.
        """
        return check(self.text, timeout, work)

    def write(self, path: Path | str) -> Path:
        """Write the file; `check` needs none, and ``coqc`` reads it under the name `coq_name`."""
        path = Path(path)
        if path.suffix != ".v":
            raise CertificateError(
                f"found {path.name!r}; Coq's files end in .v. Name it {path.stem or 'certificate'}.v", where="output"
            )
        return write_atomically(path, self.text)


def coq_name(path: Path) -> str:
    """The file's name as ``coqc`` accepts it: a module's name is an identifier.

    >>> coq_name(Path("two-state.v")), coq_name(Path("2x2.v"))
    ('two_state.v', '_2x2.v')
    """
    stem = re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    return f"{'' if stem.isidentifier() else '_'}{stem}.v"


def certify(
    problem: ProblemLike,
    claim: t.Claim | str | None = None,
    *,
    closed_forms: bool | None = None,
) -> Certificate:
    """A Coq file that proves the policy gradient theorem for a model, or that refutes a claim about it.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`; its policy is softmax with linear logits.  A point that refutes a claim is looked for at
        its theta first, which serves if every exp(theta_i/q_i) is rational there.
    claim
        A tree, or the text of one relation; the policy gradient theorem by default.  For a false one the certificate
        has a point at which both sides are proved to be different rational numbers.
    closed_forms
        Whether pgsym's closed forms of J and its derivatives are proved too; by default where they are small.

    Returns
    -------
    Certificate
        The text of a Coq file; ``.check()`` runs Coq on it.

    Raises
    ------
    CertificateError
        No certificate is written for such a policy, claim or size; the message says what is.
    HypothesisError
        The objective is not defined on this model.

    See Also
    --------
    verify : The verdict without Coq.

    References
    ----------
    Boldo, Lelay & Melquiond, Coquelicot: a user-friendly library of real analysis for Coq, 2015.

    Examples
    --------
    >>> found = certify("sign-flip")
    >>> found.kind, found.statement
    ('refutation', 'grad J != sum[s] mu(s) * sum[a] grad pi(a|s) * Q(s,a)')
    """
    problem = Problem.of(problem)
    objective = problem.objective
    if objective not in COVERED:
        raise CertificateError(
            f"found {objective}; certificates are written for {', '.join(COVERED)}. Choose one of them",
            where="objective",
        )
    usual = policy_gradient_theorem(objective)
    found = _parsed(claim) if isinstance(claim, str) else claim
    if (found is None or found == usual) and objective is not Objective.STATIONARY_VALUE:
        return _theorem(problem, usual, closed_forms)
    found = usual if found is None else found
    verdict = Decision(problem).decide(found)
    if verdict.reason:
        raise HypothesisError(f"{verdict.reason}", where=str(found))
    if found.relation != t.EQUAL or verdict.proved:
        raise CertificateError(
            f"the claim is {verdict.status}; certificates are written for the policy gradient theorem of the "
            "start-state and average-reward objectives, and for equalities that are false. Decide it with pgsym check",
            where=str(found),
        )
    text, legend, theorems = refutation(problem, found)
    return Certificate(text, "refutation", str(found).replace(t.EQUAL, t.UNEQUAL), legend, theorems)


def _parsed(text: str) -> t.Claim:
    claims = parse(text).claims
    if len(claims) != 1:
        raise CertificateError(f"found {len(claims)} relations; a certificate is about one. Give one", where="claim")
    return claims[0]


def _theorem(problem: Problem, claim: t.Claim, closed_forms: bool | None) -> Certificate:
    at = CertifiedModel(problem.mdp, problem.policy, problem.objective)
    closed = closed_section(at, closed_forms)
    theorems = theorem_names(at)
    parts = [theorem_header(at, problem.name or "of this file", closed is not None), IMPORTS, model_section(at),
             policy_section(at), solution_section(at)]  # fmt: skip
    if closed is not None:
        parts.append(closed[0])
        theorems += closed[1]
    parts += [f"Definition all_of_it := ({', '.join(theorems)}).", "End Model.", "Print Assumptions all_of_it."]
    return Certificate("\n\n".join(parts) + "\n", "theorem", str(claim), tuple(at.names.legend), tuple(theorems))
