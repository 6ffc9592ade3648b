"""The entries in order, and looking one up by name."""

from __future__ import annotations

from functools import cache

from pgsym.claims.catalogue import (
    estimators,
    false_expansions,
    false_runs,
    false_weights,
    long_run,
    policy_gradient,
    runs,
    values,
)
from pgsym.claims.catalogue.comparison import COMPARISON, OFF_POLICY
from pgsym.claims.catalogue.second_order import NATURAL, SECOND_ORDER
from pgsym.claims.catalogue.softmax import ENTROPY, SOFTMAX
from pgsym.claims.catalogue.theorem import Theorem
from pgsym.errors import SchemaError
from pgsym.expression.complaint import nearest

_TOPICS: dict[str, tuple[Theorem, ...]] = {
    "The policy gradient": policy_gradient.THEOREMS,
    "Softmax policies": SOFTMAX,
    "Values and occupancies": values.THEOREMS,
    "The long run": long_run.THEOREMS,
    "Second order": SECOND_ORDER,
    "Natural gradients": NATURAL,
    "Comparison of policies": COMPARISON,
    "Off-policy": OFF_POLICY,
    "Estimators in the mean": estimators.THEOREMS,
    "Moments of runs": runs.MOMENTS,
    "Runs of another policy": runs.OTHER_RUNS,
    "Entropy": ENTROPY,
    "False: wrong weights and factors": false_weights.THEOREMS,
    "False: terms that are missing": false_expansions.THEOREMS,
    "False: slips with runs": false_runs.THEOREMS,
}


@cache
def catalogue() -> tuple[Theorem, ...]:
    """All entries, by topic; the false ones last.

    >>> len([t for t in catalogue() if t.holds]) >= 25
    True
    """
    return tuple(t for theorems in _TOPICS.values() for t in theorems)


def topics() -> dict[str, tuple[Theorem, ...]]:
    """The entries under the title of their topic."""
    return dict(_TOPICS)


def theorem_names() -> tuple[str, ...]:
    """The names, in the order of the catalogue.

    Returns
    -------
    tuple of str
        In the order of the catalogue.

    See Also
    --------
    theorem : The entry of a name.

    Examples
    --------
    >>> theorem_names()[0]
    'policy-gradient'
    """
    return tuple(t.name for t in catalogue())


def theorem(name: str) -> Theorem:
    """The entry of that name.

    Parameters
    ----------
    name
        Of an entry of the catalogue.

    Returns
    -------
    Theorem
        Statement, hypotheses, derivation and reference; ``.decide(problem)`` decides it.

    Raises
    ------
    SchemaError
        There is none.

    See Also
    --------
    theorem_names : The names.
    decide : A claim of one's own.

    Examples
    --------
    >>> theorem("flow").statement
    "eta(s') = mu0(s') + gamma * sum[s] eta(s) * P_pi(s,s')"
    >>> theorem("potential-shapping")
    Traceback (most recent call last):
      ...
    pgsym.errors.SchemaError: theorems: none is called 'potential-shapping'; the nearest is 'potential-shaping'. ...
    """
    for entry in catalogue():
        if entry.name == name:
            return entry
    raise SchemaError(
        f"none is called {name!r}; {nearest(name, theorem_names(), 'there are')}. Check the name", where="theorems"
    )
