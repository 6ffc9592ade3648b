"""What paper, code and TeX write, and how a claim has it: why a text is refused, with the remedy that works.

A pattern fits nothing that a claim may have; each is looked for only in a text that is refused already.
"""

from __future__ import annotations

import re

HABITS: dict[str, str] = {
    r"\$|\\[A-Za-z]+": "a claim is plain text, as in grad J = sum[s] ..., or has characters as in ∇J = Σ_s .... "
    "Write it so; formulas in TeX are read by pgsym check MODEL 'FORMULA', and by pgsym.notes.audit_note",
    r"\b(?P<sum>sum|prod|max|min|argmax)_\{?(?P<over>[^\W_]+'*)\}?":
        r"what it runs over stands in brackets. Write \g<sum>[\g<over>]",
    r"\bE(?:_\{?\w+\}?|\s*\(|\s*\[(?!\s*(?:tau|T\b|r'?[\^|]|\w+'*\s*~)))":
        "a mean says what is drawn, with its body behind the bracket. Write E[tau] for runs, E[tau | s_0=s] for those "
        "from s, E[a~pi] for actions, E[s~mu, a~pi] for states too",
    r"\b(?P<of>pi|[VQAJd]|eta|mu)[_^]\{?(?:pi|theta)(?:_theta)?(?!['\w])\}?":
        r"quantities are those of the policy pi at theta. Write \g<of>",
    r"\b(?P<of>pi|[VQAJd]|eta|mu)(?:[_^]\{?(?:pi|theta)(?:_theta)?(?:'|_\w+)|_(?:old|new))\}?":
        r"quantities of a second policy have a prime. Write \g<of>'",
    r"\bJ'?\([\w']+\)": "J stands alone. Write J, and J' for that of a second policy",
    r"\b(?:D_)?KL\(": "a divergence is written out. Write sum[a] pi(a|s) * log (pi(a|s) / pi'(a|s))",
    r"\b(?:entropy|H)\((?=pi)": "an entropy is written out. Write -sum[a] pi(a|s) * log pi(a|s)",
    r"\bP(?:r(?:ob)?)?[(\[](?=\s*[sar]_[^|,)\]]*=)":
        "the chance of what a run does is a mean of brackets. Write E[tau] 1[s_1=s]",
    r"\b(?:nabla|del|gradient|grad)_\w+|\b(?:nabla|del|gradient)\b|\bd[A-Z]?/d\w+":
        "the gradient by all parameters is grad. Write grad J",
    r"(?:\A|(?<=[-+*/=<>(,\[]))\s*\|(?!S\|)": "the absolute value is abs(x). Write abs(V(s)) for |V(s)|",
    r"≈|~=": "a claim is exact. Write =, or a bound such as abs(x - y) <= 1/100",
    r"=<": "the sign is <=. Write <=",
    r"=>": "the sign is >=. Write >=",
    r"\bfor (?:every|each|any)\b|\bforall\b|∀": "a claim is about all states and actions. Leave it out; functions and "
    "numbers of your own are declared: for all b(s), k:",
    r"\b(?:and|or|if|where|iff|implies)\b|&&|⇒": "a claim is one relation, or a chain of them. Write each on a line of "
    "its own",
    r"(?<![(,\d])\d+,\d+": "decimals have a point. Write 0.5 or 1/2",
    r"[(,|]\s*'(?P<name>\w+)'": r'a state or an action by its name stands in double quotes. Write "\g<name>"',
    r"[“”„‘’]": 'quotes are straight. Write "',
    r"\b(?P<old>p|T)\((?=s)": "transition probabilities are P(s'|s,a). Write P",
    r"\bR\((?=s)": "rewards are r(s,a), or r(s,a,s') with the next state. Write r",
    r";\s*\Z": "definitions end so, claims do not. Remove it",
}  # fmt: skip
"""A pattern, and what is required instead, with the remedy."""

_KEPT = re.compile(r'"(?:[^"\\\n]|\\.)*"|#[^\n]*')


def habit(text: str, position: int, *, there: bool = False) -> tuple[str, int] | None:
    """Why a text is refused at a place, and where that begins: the nearest habit before it, or the one that is there.

    >>> habit("V(s) = max_a Q(s,a)", 13)
    ('found max_a; what it runs over stands in brackets. Write max[a]', 7)
    >>> habit("V(s) = Q(s)", 7)
    """
    blank = _KEPT.sub(lambda match: " " * len(match[0]), text)
    found = [
        (match.start() + len(match[0]) - len(match[0].lstrip()), f"found {match[0].strip()}; {match.expand(remedy)}")
        for pattern, remedy in HABITS.items()
        for match in re.finditer(pattern, blank)
        if match.start() <= position <= (match.end() if there else position)
    ]
    place, message = max(found, key=lambda one: one[0], default=(0, ""))
    return (message, place) if message else None
