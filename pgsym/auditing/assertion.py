"""One line in a test: `assert_unbiased`, on one problem or on the standard suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from pgsym.auditing.batch import Estimator
from pgsym.auditing.diagnose import NONE
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
    if len(results) > 1:
        header = ("problem", "verdict", "relative bias", "at most", "scale", "across", "mistake")
        lines.append(aligned([header, *(_row(key, result) for key, result in results.items())], (0, 1, 6)))
    if failed:
        biased = {key: result for key, result in failed.items() if result.diagnosis is not None}
        worst = max(biased or failed, key=lambda key: _eloquence(failed[key]))
        shown = failed[worst]
        if biased:
            lines.append(str(shown.diagnosis) if len(biased) == 1 else joint_diagnosis(biased))
        lines += [f"on {worst}: {shown.headline}", aligned(shown.cells(), shown.LEFT), *shown.details]
    return "\n".join(lines)


def _row(name: str, result: AuditResult) -> tuple[str, ...]:
    found = result.diagnosis
    numbers = (f"{x:.3g}" for x in (result.relative_bias, result.bound, result.factor, result.across))
    return (name, result.verdict.value, *numbers, "" if found is None else found.key)


def joint_diagnosis(biased: dict[str, AuditResult]) -> str:
    """The fewest departures that explain what was found on every problem: each problem shows some of them."""
    supported = [
        {frozenset(key.split(" + ")) for key in (found.key, *found.others)}
        for found in (result.diagnosis for result in biased.values())
        if found is not None
    ]
    tried = sorted(
        {keys for some in supported for keys in some if NONE not in keys}, key=lambda keys: (len(keys), sorted(keys))
    )
    for keys in tried:
        if all(any(one <= keys for one in some) for some in supported):
            named = (r.diagnosis for r in biased.values() if r.diagnosis is not None and r.diagnosis.keys == keys)
            return str(next(named, f"diagnosis: {' + '.join(sorted(keys))}"))
    return f"diagnosis: {NONE}: no one mistake explains what was found on all of {', '.join(biased)}"


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
