"""Reading the entries, and looking one up by name.

A text has ``# topics`` with entries below them: ``## name: title``, the statement, and fields ``:field:``, which are
those of `Theorem`.  ``requires`` lists names of `HYPOTHESES`; without it the objective has to be defined and, for a
false entry, the policy to have parameters.  ``$NAME`` in a reference stands for one of `SOURCES`.
"""

from __future__ import annotations

import re
from functools import cache
from string import Template

from pgsym.claims.catalogue import (
    comparison,
    false_gradients,
    false_runs,
    long_run,
    policy_gradient,
    runs,
    second_order,
    values,
)
from pgsym.claims.catalogue.hypotheses import HYPOTHESES
from pgsym.claims.catalogue.theorem import Theorem
from pgsym.errors import SchemaError
from pgsym.expression.complaint import nearest
from pgsym.model.objective import Objective

_MODULES = (policy_gradient, values, long_run, second_order, comparison, runs, false_gradients, false_runs)

SOURCES = {
    "BOOK": "R. S. Sutton, A. G. Barto, Reinforcement Learning, 2nd ed. (2018)",
    "SUTTON": "R. S. Sutton, D. McAllester, S. Singh, Y. Mansour, Policy gradient methods for reinforcement "
    "learning with function approximation, NIPS 12 (2000)",
    "SCHULMAN": "J. Schulman, P. Moritz, S. Levine, M. Jordan, P. Abbeel, High-dimensional continuous control using "
    "generalized advantage estimation, ICLR (2016)",
    "SOFT": "J. Schulman, X. Chen, P. Abbeel, Equivalence between policy gradients and soft Q-learning (2017)",
    "PARDO": "F. Pardo, A. Tavakoli, V. Levdik, P. Kormushev, Time limits in reinforcement learning, ICML (2018)",
    "PUTERMAN": "M. L. Puterman, Markov Decision Processes (1994)",
    "SCHWEITZER": "P. J. Schweitzer, Perturbation theory and finite Markov chains, J. Applied Probability 5 (1968)",
    "BARTLETT": "J. Baxter, P. L. Bartlett, Infinite-horizon policy-gradient estimation, JAIR 15 (2001)",
    "NOTA": "C. Nota, P. S. Thomas, Is the policy gradient a gradient?, AAMAS (2020)",
    "THOMAS": "P. S. Thomas, Bias in natural actor-critic algorithms, ICML (2014)",
    "NOTE": "lecture notes that begin with the stationary mean of V",
    "LANGFORD": "S. Kakade, J. Langford, Approximately optimal approximate reinforcement learning, ICML (2002)",
    "IMANI": "E. Imani, E. Graves, M. White, An off-policy policy gradient theorem using emphatic weightings, "
    "NeurIPS 31 (2018)",
    "DEGRIS": "T. Degris, M. White, R. S. Sutton, Off-policy actor-critic, ICML (2012)",
    "FURMSTON": "T. Furmston, G. Lever, D. Barber, Approximate Newton methods for policy search in Markov decision "
    "processes, JMLR 17 (2016)",
    "KAKADE": "S. Kakade, A natural policy gradient, NIPS 14 (2002)",
    "AGARWAL": "A. Agarwal, S. Kakade, J. Lee, G. Mahajan, On the theory of policy gradient methods, JMLR 22 (2021)",
    "MEI": "J. Mei, C. Xiao, C. Szepesvari, D. Schuurmans, On the global convergence rates of softmax policy "
    "gradient methods, ICML (2020)",
    "SOBEL": "M. J. Sobel, The variance of discounted Markov decision processes, J. Appl. Probab. 19 (1982)",
    "PRECUP": "D. Precup, R. S. Sutton, S. Singh, Eligibility traces for off-policy policy evaluation, ICML (2000)",
    "GREENSMITH": "E. Greensmith, P. L. Bartlett, J. Baxter, Variance reduction techniques for gradient estimates in "
    "reinforcement learning, JMLR 5 (2004)",
    "NG": "A. Y. Ng, D. Harada, S. Russell, Policy invariance under reward transformations, ICML (1999)",
}
"""Books and papers that several entries refer to."""


@cache
def topics() -> dict[str, tuple[Theorem, ...]]:
    """The entries under the title of their topic; the false ones last."""
    found = {}
    for topic in re.split(r"^# ", "".join(module.THEOREMS for module in _MODULES), flags=re.MULTILINE)[1:]:
        title, *entries = re.split(r"^## ", topic, flags=re.MULTILINE)
        found[title.strip()] = tuple(map(_entry, entries))
    return found


def _entry(text: str) -> Theorem:
    entry, *fields = re.split(r"^:(\w+):", text, flags=re.MULTILINE)
    head, _, statement = entry.partition("\n")
    name, _, title = head.partition(": ")
    given = dict(zip(fields[::2], map(str.strip, fields[1::2]), strict=True))
    requires = given.pop("requires", "defined, parameters" if "defect" in given else "defined")
    return Theorem(
        name,
        title,
        statement.strip(),
        about=" ".join(given.pop("about").split()),
        reference=" ".join(Template(given.pop("reference")).substitute(SOURCES).split()),
        objective=Objective.parse(given.pop("objective", "start-state")),
        requires=tuple(HYPOTHESES[hypothesis] for hypothesis in requires.split(", ") if hypothesis),
        **given,
    )


@cache
def catalogue() -> tuple[Theorem, ...]:
    """All entries, by topic.

    >>> len([t for t in catalogue() if t.holds]) >= 25
    True
    """
    return tuple(t for theorems in topics().values() for t in theorems)


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
