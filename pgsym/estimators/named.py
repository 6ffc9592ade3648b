"""The estimators that have a name: texts in the claim language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

UNDISCOUNTED = "-undiscounted"
"""Behind an estimator's name: without gamma^t, as most implementations have it."""


@dataclass(frozen=True)
class NamedText:
    """What an estimator's name stands for."""

    text: str
    """In the claim language; a name in angle brackets is a whole number."""
    let: Mapping[str, str | None]
    """What the names of its own stand for, unless they are given."""
    source: str
    """Who wrote of it."""


_TD = "(r_u + gamma*v(s_{u+1}) - v(s_u))"
_SCORE = "grad log pi(a_t|s_t)"

ESTIMATORS: dict[str, NamedText] = {
    "reinforce": NamedText(f"sum[t] {_SCORE} * (G - b(s_t))", {"b(s)": "0"}, "Williams 1992"),
    "reward-to-go": NamedText(
        f"sum[t] gamma^t * {_SCORE} * (G_t - b(s_t))", {"b(s)": "0"}, "GPOMDP; Baxter & Bartlett 2001"
    ),
    "advantage": NamedText(
        f"sum[t] gamma^t * {_SCORE} * (G_t - b(s_t))", {"b(s)": "V(s)"}, "reward-to-go less the value of the state"
    ),
    "actor-critic": NamedText(
        f"sum[t] gamma^t * {_SCORE} * {_TD.replace('u', 't')}", {"v(s)": "V(s)"}, "one-step, TD(0)"
    ),
    "n-step": NamedText(
        f"sum[t] gamma^t * {_SCORE} * sum[t<=u<t+<n>] gamma^(u-t) * {_TD}",
        {"v(s)": "V(s)", "n": None},
        "n-step returns",
    ),
    "gae": NamedText(
        f"sum[t] gamma^t * {_SCORE} * sum[u>=t] (gamma*lambda)^(u-t) * {_TD}",
        {"v(s)": "V(s)", "lambda": None},
        "Schulman et al. 2016",
    ),
    "all-knowing": NamedText(
        f"sum[t] gamma^t * {_SCORE} * (Q(s_t,a_t) - b(s_t))", {"b(s)": "0"}, "the variance that no critic takes away"
    ),
    "eligibility-trace": NamedText(
        f"1/T * sum[t] {_SCORE} * sum[u>=t] beta^(u-t) * r_u", {"beta": "99/100"}, "Baxter & Bartlett 2001"
    ),
}
"""What is known by name; an estimator is added by a line here."""

NAMES = (*ESTIMATORS, *(name + UNDISCOUNTED for name, d in ESTIMATORS.items() if "gamma^t" in d.text))
"""All that are known by name."""


COUNT = re.compile(r"<(\w+)>")


def named_text(name: str) -> str:
    """What a name stands for, the undiscounted ones among them."""
    text = ESTIMATORS[name.removesuffix(UNDISCOUNTED)].text
    return text if name in ESTIMATORS else text.replace("gamma^t * ", "")
