"""One line in a test: `assert_unbiased`, on one problem or on the standard suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pgsym.auditing.batch import Estimator
from pgsym.auditing.diagnose import Diagnosis
from pgsym.auditing.finished import SCALED
from pgsym.auditing.result import AuditResult
from pgsym.auditing.run import ALPHA, audit
from pgsym.auditing.suites import Case, standard_suite
from pgsym.display.result import aligned
from pgsym.errors import SamplingError
from pgsym.model.problem import ProblemLike


class AuditError(AssertionError):
    """An estimator that is biased, or whose audit could not decide; `results` by name of the problem."""

    def __init__(self, message: str, results: dict[str, AuditResult]) -> None:
        self.results = results
        super().__init__(message)

    @property
    def diagnosis(self) -> Diagnosis | None:
        """Of all problems together; None where none is biased."""
        return joint_diagnosis(self.results)


def assert_unbiased(
    estimator: Estimator | str,
    problem: ProblemLike | None = None,
    *,
    cases: Iterable[Case] | None = None,
    alpha: float | None = None,
    off_policy: bool = False,
    **options: Any,
) -> dict[str, AuditResult]:
    """Audit an estimator on one problem, or on each of the standard suite.

    Parameters
    ----------
    problem
        See `pgsym.Problem.of`; left out, the standard suite.
    cases
        Problems to take instead of the standard suite.
    alpha
        Probability that a correct estimator fails, over all problems together (Bonferroni).
    off_policy
        Collect the suite's data with another policy.
    options
        As for `pgsym.auditing.audit`.

    Returns
    -------
    The results by name of the problem.

    Raises
    ------
    AuditError
        Biased somewhere, with the diagnosis and the table of exact against observed; or undecided.

    See Also
    --------
    audit : One problem, with all that was found.

    Examples
    --------
    >>> def actor_critic(theta, batch):
    ...     following = batch.gamma * batch.next_values * ~batch.terminated
    ...     delta = batch.rewards + following - batch.values
    ...     weight = batch.gamma ** batch.steps * delta * batch.mask
    ...     return (weight[..., None] * batch.scores).sum((0, 1)) / batch.episodes
    >>> sorted(assert_unbiased(actor_critic, target="bootstrap"))
    ['aliased', 'discounted', 'random-rewards', 'terminal', 'truncated']
    """
    __tracebackhide__ = True
    rate = ALPHA if alpha is None else alpha
    if problem is not None:
        found = {"the problem": audit(problem, estimator, alpha=rate, **options)}
    else:
        tried = list(standard_suite() if cases is None else cases)
        if not tried:
            raise SamplingError("no problem is given; an audit needs one. Leave cases out", where="cases")
        found = {}
        for case in tried:
            given: dict[str, Any] = {**case.options, "alpha": rate / len(tried), **options}
            if off_policy:
                given["behaviour"] = case.behaviour
            found[case.name] = audit(case.problem, estimator, **given)
    passed = [result.unbiased or ("delta" in options and result.tolerated) for result in found.values()]
    if not all(passed):
        raise AuditError(summary(getattr(estimator, "__name__", str(estimator)), found), found)
    return found


def summary(name: str, results: dict[str, AuditResult]) -> str:
    """One verdict, one diagnosis and one table for all problems, and the details of the one that shows most."""
    failed = {key: result for key, result in results.items() if not result.unbiased}
    count = Counter(result.verdict.value for result in results.values())
    lines = [f"{name}: {', '.join(f'{verdict} on {n}' for verdict, n in count.items())} of {len(results)} problems"]
    found = joint_diagnosis(results)
    if len(results) > 1:
        header = ("problem", "verdict", "relative bias", "at most", "scale", "across", "mistake")
        rows = (_row(key, result, found) for key, result in results.items())
        lines.append(aligned([header, *rows], (0, 1, 6)))
    if failed:
        worst = max(failed, key=lambda key: _eloquence(failed[key]))
        shown = failed[worst]
        if found is not None:
            lines.append(str(found))
        if found is not None and found.parts:
            source = next(key for key, result in results.items() if result.diagnosis is found)
            lines.append(f"  These lengths are those on {source}")
        lines += [f"on {worst}: {shown.headline}", aligned(shown.cells(), shown.LEFT), *shown.details]
    return "\n".join(lines)


def _row(name: str, result: AuditResult, joint: Diagnosis | None) -> tuple[str, ...]:
    found = result.diagnosis
    numbers = (f"{x:.3g}" for x in (result.relative_bias, result.bound, result.factor, result.across))
    mistake = "" if found is None or joint is None else "as below" if found.shows(joint) else found.key
    return (name, result.verdict.value, *numbers, mistake)


def joint_diagnosis(results: dict[str, AuditResult]) -> Diagnosis | None:
    """The fewest departures that explain what was found on every problem: each problem shows some of them."""
    biased = {name: result for name, result in results.items() if result.diagnosis is not None}
    worst_first = sorted(biased, key=lambda name: _eloquence(biased[name]), reverse=True)
    found = [d for name in worst_first if (d := biased[name].diagnosis) is not None]
    if len(found) < 2:
        return found[0] if found else None
    others = (replace(d, mistakes=m, parts=()) for d in found for m in d.supported)
    tried = {one.keys: one for one in reversed([*found, *others])}
    for one in sorted(tried.values(), key=lambda one: (len(one.keys), SCALED.key in one.keys, sorted(one.keys))):
        if one.mistakes and all(d.shows(one) for d in found):
            return one
    note = f"no one mistake explains what was found on all of {', '.join(biased)}"
    return Diagnosis((), "", False, None, note=note)


def _eloquence(result: AuditResult) -> tuple[bool, bool, int, float]:
    """Rank of a failure: reproduced, explained, by few departures, large."""
    d = result.diagnosis
    if d is None:
        return (False, False, 0, result.relative_bias)
    return (d.reproduced, bool(d.mistakes), -len(d.mistakes) - len(d.others), result.relative_bias)


class Auditor:
    """What the fixture ``pgsym_audit`` gives a test: audits at the session's false-alarm rate."""

    def __init__(self, alpha: float | None = None) -> None:
        self.alpha = ALPHA if alpha is None else alpha

    def __call__(self, problem: ProblemLike, estimator: Estimator, **options: Any) -> AuditResult:
        """As `pgsym.auditing.audit`."""
        return audit(problem, estimator, **{"alpha": self.alpha, **options})

    def assert_unbiased(self, estimator: Estimator, *args: Any, **options: Any) -> dict[str, AuditResult]:
        """As `assert_unbiased`."""
        __tracebackhide__ = True
        return assert_unbiased(estimator, *args, **{"alpha": self.alpha, **options})
