"""One line in a test: `assert_unbiased`, on one problem or on the standard suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pgsym.auditing.batch import Estimator
from pgsym.auditing.diagnose import NONE
from pgsym.auditing.result import AuditResult
from pgsym.auditing.run import ALPHA, audit
from pgsym.display.result import aligned
from pgsym.errors import SamplingError
from pgsym.model.mdp import MDP, Action, State
from pgsym.model.policies import softmax_policy, tabular
from pgsym.model.policy import Policy
from pgsym.model.problem import Problem, ProblemLike


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
            given: dict[str, Any] = {"horizon": case.horizon, "alpha": rate / len(tried), **options}
            if off_policy:
                given["behaviour"] = case.behaviour
            found[case.name] = audit(case.problem, estimator, **given)
    passed = [result.unbiased or ("delta" in options and result.tolerated) for result in found.values()]
    if not all(passed):
        raise AuditError(summary(getattr(estimator, "__name__", "estimator"), found), found)
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


@dataclass(frozen=True)
class Case:
    """A problem of the suite.

    >>> [case.name for case in standard_suite()]
    ['terminal', 'truncated', 'discounted', 'random-rewards', 'aliased']
    """

    name: str
    problem: Problem
    behaviour: dict[str, str]
    """Another point, for off-policy data."""
    horizon: int


def _case(name: str, mdp: MDP, policy: Policy, theta: Sequence[str], behaviour: Sequence[str], horizon: int) -> Case:
    point, other = (dict(zip((p.name for p in policy.params), values, strict=True)) for values in (theta, behaviour))
    return Case(name, Problem(mdp, policy, theta=point), other, horizon)


def _one_parameter_a_state(mdp: MDP, action: Action) -> Policy:
    return softmax_policy(mdp, {s: {action: f"t{s}"} for s in mdp.nonterminal})


def _terminal() -> Case:
    """Undiscounted; every action leads on, so that T steps reach the end."""
    rows = [
        ("0", "left", "1", "1/2", 1),
        ("0", "left", "end", "1/2", -1),
        ("0", "right", "2", 1, 0),
        ("1", "left", "end", 1, 4),
        ("1", "right", "2", 1, -2),
        ("2", "left", "end", "1/3", 3),
        ("2", "left", "3", "2/3", 1),
        ("2", "right", "end", 1, 2),
        ("3", "left", "end", 1, 1),
        ("3", "right", "end", 1, -3),
    ]
    mdp = MDP.from_transitions(rows, start="0", terminal=["end"])
    theta, behaviour = ("log(2)", "0", "-log(2)", "log(3)"), ("-log(2)", "log(2)", "0", "0")
    return _case("terminal", mdp, _one_parameter_a_state(mdp, "left"), theta, behaviour, 4)


def _truncated() -> Case:
    """Discount 9/10, no terminal state: the time limit cuts every episode."""
    rows = [
        ("x", "stay", "x", "3/4", 1),
        ("x", "stay", "y", "1/4", 0),
        ("x", "go", "y", 1, 2),
        ("y", "stay", "y", "1/2", -1),
        ("y", "stay", "x", "1/2", 3),
        ("y", "go", "x", "4/5", 0),
        ("y", "go", "z", "1/5", 1),
        ("z", "stay", "z", "1/2", 4),
        ("z", "stay", "x", "1/2", 1),
        ("z", "go", "y", 1, 0),
    ]
    start: dict[State, str] = {"x": "2/3", "z": "1/3"}
    mdp = MDP.from_transitions(rows, start=start, gamma="9/10")
    theta, behaviour = ("log(2)", "-log(3)", "0"), ("0", "0", "log(2)")
    return _case("truncated", mdp, _one_parameter_a_state(mdp, "stay"), theta, behaviour, 4)


def _discounted() -> Case:
    """Terminates or is cut; gamma = 1/2 makes gamma^t matter."""
    rows = [
        ("a", "x", "b", "1/2", 1),
        ("a", "x", "c", "1/2", -1),
        ("a", "y", "c", 1, 2),
        ("b", "x", "end", "1/4", 4),
        ("b", "x", "c", "3/4", 0),
        ("b", "y", "a", 1, -1),
        ("c", "x", "end", "1/2", 1),
        ("c", "x", "b", "1/2", 3),
        ("c", "y", "c", "3/4", 1),
        ("c", "y", "end", "1/4", -4),
    ]
    mdp = MDP.from_transitions(rows, start="a", terminal=["end"], gamma="1/2")
    theta, behaviour = ("0", "log(2)", "-log(2)"), ("log(2)", "0", "0")
    return _case("discounted", mdp, _one_parameter_a_state(mdp, "x"), theta, behaviour, 5)


def _random_rewards() -> Case:
    """Two outcomes of one (s, a) share s' with different rewards; tabular softmax."""
    rows = [
        ("s", "safe", "t", 1, 1),
        ("s", "risky", "t", "1/4", 8),
        ("s", "risky", "t", "3/4", -1),
        ("t", "safe", "end", "1/2", 2),
        ("t", "safe", "s", "1/2", 0),
        ("t", "risky", "end", "1/2", 5),
        ("t", "risky", "end", "1/2", -3),
    ]
    mdp = MDP.from_transitions(rows, start="s", terminal=["end"], gamma="4/5")
    return _case("random-rewards", mdp, tabular(mdp), ("log(2)", "0", "0", "log(3)"), ("0", "0", "0", "0"), 4)


def _aliased() -> Case:
    """The policy sees one of two observations in four states; the middle states look alike and want opposite things.

    Episodes are often cut.
    """
    rows = [
        ("0", "right", "1", 1, -1),
        ("0", "left", "0", 1, -1),
        ("1", "right", "0", 1, -1),
        ("1", "left", "2", 1, -1),
        ("2", "right", "end", 1, 3),
        ("2", "left", "1", 1, -1),
    ]
    mdp = MDP.from_transitions(rows, start="0", terminal=["end"], gamma="19/20")
    logits: dict[State, dict[Action, str]] = {"0": {"right": "u + v"}, "1": {"right": "u"}, "2": {"right": "u"}}
    policy = softmax_policy(mdp, logits, ["u", "v"])
    return _case("aliased", mdp, policy, ("0", "log(2)"), ("log(2)", "0"), 6)


def standard_suite() -> Iterator[Case]:
    """Small problems with everything that goes wrong in practice, built one by one.

    Episodes that terminate, that the time limit cuts, that discount, whose rewards are random given (s, a, s'), and
    whose states share parameters because the policy cannot tell them apart.
    """
    for build in (_terminal, _truncated, _discounted, _random_rewards, _aliased):
        yield build()
