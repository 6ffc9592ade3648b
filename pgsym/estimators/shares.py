"""One let for several estimators: each gets the names that it has."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pgsym.errors import SchemaError
from pgsym.estimators.estimator import Estimator
from pgsym.estimators.named import ESTIMATORS, NAMES, UNDISCOUNTED
from pgsym.estimators.numbers import base


def shares(estimators: Sequence[Any], let: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What each estimator, name or text gets of `let`; SchemaError where none of them has such a name.

    >>> shares(["gae", "reinforce"], {"lambda": 1, "b(s)": 2})
    [{'lambda': 1}, {'b(s)': 2}]
    """
    known = [_names(one) for one in estimators]
    for head in let:
        if not any(base(head) in names for names in known):
            raise SchemaError("no estimator has such a name. Rename it or leave it out", where=f"let {head}")
    return [{head: value for head, value in let.items() if base(head) in names} for names in known]


def needed(estimator: str, name: str) -> bool:
    """Whether an estimator has no value for a name of its own; every word of a text may be one.

    >>> needed("gae", "lambda"), needed("reinforce", "b(s)"), needed("sum[t] k^t * grad log pi(a_t|s_t) * G_t", "k")
    (True, False, True)
    """
    if estimator in NAMES:
        return ESTIMATORS[estimator.removesuffix(UNDISCOUNTED)].let.get(name, "") is None
    return name in _names(estimator)


def _names(estimator: Any) -> set[str]:
    """Names that it has; of a text, all words."""
    if isinstance(estimator, Estimator):
        return set(map(base, estimator.let))
    if estimator in NAMES:
        return set(map(base, ESTIMATORS[estimator.removesuffix(UNDISCOUNTED)].let))
    return set(re.findall(r"\w+", estimator)) if isinstance(estimator, str) else set()
