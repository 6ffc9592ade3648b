"""One line in a test: `assert_unbiased`, on one problem or on the standard suite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgsym.auditing.result import AuditResult, BiasVerdict
from pgsym.auditing.rollouts import Estimator
from pgsym.auditing.run import ALPHA, audit
from pgsym.auditing.suite import Case, standard_suite
from pgsym.display.result import aligned
from pgsym.errors import SamplingError
from pgsym.model.problem import ProblemLike


class AuditError(AssertionError):
    """An estimator that is biased, or whose audit could not decide; `results` by name of the problem."""

    def __init__(self, message: str, results: dict[str, AuditResult]) -> None:
        self.results = results
        super().__init__(message)


def assert_unbiased(
    estimator: Estimator,
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
    ...     delta = batch.rewards + batch.gamma * batch.next_values - batch.values
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
        found = {case.name: _on(case, estimator, rate / len(tried), off_policy, options) for case in tried}
    failed = {name: result for name, result in found.items() if result.verdict is not BiasVerdict.UNBIASED}
    if failed:
        raise AuditError(failure_message(getattr(estimator, "__name__", "estimator"), found), found)
    return found


def _on(case: Case, estimator: Estimator, alpha: float, off_policy: bool, options: dict[str, Any]) -> AuditResult:
    given = {"horizon": case.horizon, **options}
    if off_policy:
        given["behaviour"] = case.behaviour
    return audit(case.problem, estimator, alpha=alpha, **given)


def failure_message(name: str, results: dict[str, AuditResult]) -> str:
    """The diagnosis with the table of the problem that shows it best; then the other problems in one line each."""
    failed = {key: result for key, result in results.items() if result.verdict is not BiasVerdict.UNBIASED}
    biased = {key: result for key, result in failed.items() if result.verdict is BiasVerdict.BIASED}
    worst = max(biased or failed, key=lambda key: _eloquence(failed[key]))
    lines = [f"{name} on {worst}: {results[worst].headline}"]
    shown = results[worst]
    if shown.diagnosis is not None:
        lines.append(str(shown.diagnosis))
    lines += [aligned(shown.cells(), shown.LEFT), *shown.details]
    others = [f"{key}: {result.headline}" for key, result in results.items() if key != worst]
    return "\n".join([*lines, *others])


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
