"""A language model's task as an MDP: a state is a prompt with the tokens so far, an action the next token."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from pgsym.errors import SchemaError, TooLargeError
from pgsym.expression.complaint import listed, nearest
from pgsym.limits import TOKEN_TREE_STATES
from pgsym.model.mdp import MDP
from pgsym.model.policies import tabular
from pgsym.model.policy import Policy
from pgsym.model.problem import Point, Problem

END = "end"
"""The terminal state."""

Reward = Callable[[str, tuple[str, ...]], Any] | Mapping[str, Any] | Collection[str]


def token_tree(
    prompts: Mapping[str, Any] | Iterable[str],
    vocabulary: Iterable[str],
    length: int,
    reward: Reward,
    *,
    eos: str | None = None,
    per_token: bool = False,
    policy: Callable[[MDP], Policy] = tabular,
    theta: Point | None = None,
) -> Problem:
    """Prompts, a vocabulary and a reward as a problem: gamma = 1, and a softmax over the next token in every state.

    A state is called by its prompt and its tokens, with spaces between: ``"q a b"``.

    Parameters
    ----------
    prompts
        Names, all equally likely; or a name's probability.
    vocabulary
        The tokens.
    length
        Tokens after which a sequence ends, the reward being paid as at its own end.
    reward
        Of a whole sequence: a function of prompt and tokens; a table with every sequence by the state's name, such as
        ``"q a b"``; or the set of the sequences that earn 1, the others 0.
    eos
        The token of the vocabulary that ends a sequence early, itself included in it.
    per_token
        `reward` is asked for every prefix, and paid with its last token.
    policy
        Of the MDP; tabular softmax by default.
    theta
        The point; 0 by default.

    Returns
    -------
    Problem

    Raises
    ------
    SchemaError
        Names that are no single words; an unknown eos; a table that lacks a sequence or has another one.
    TooLargeError
        More than `pgsym.limits.TOKEN_TREE_STATES` states.

    See Also
    --------
    pgsym.audit : Takes groups of such sequences.

    Examples
    --------
    >>> p = token_tree(["q"], ["a", "b", "stop"], 2, {"q a b", "q stop"}, eos="stop")
    >>> p.mdp.states
    ('q', 'q a', 'q b', 'end')
    >>> from pgsym.exact import solve
    >>> solve(p).at().J
    4/9
    """
    first: dict[Any, Any] = dict(prompts) if isinstance(prompts, Mapping) else _equally(prompts)
    tokens = list(vocabulary)
    for where, words in (("prompts", list(first)), ("vocabulary", tokens)):
        _require_words(words, where)
    if eos is not None and eos not in tokens:
        raise SchemaError(f"found {eos!r}; {nearest(eos, tokens, 'the vocabulary has')}. Add it there", where="eos")
    if length < 1:
        raise SchemaError(f"found {length}; at least one token is required. Give length >= 1", where="length")
    count = len(first) * sum((len(tokens) - (eos is not None)) ** t for t in range(length))
    if count > TOKEN_TREE_STATES:
        raise TooLargeError(
            f"{count} states; a token tree has at most {TOKEN_TREE_STATES}. Give a shorter length or fewer tokens",
            where="token tree",
        )
    prefixes = list(_prefixes(list(first), tokens, length, eos))
    ends = {name: len(taken) == length or taken[-1] == eos for name, _, taken in prefixes}
    pay = _payer(reward, [name for name in ends if per_token or ends[name]])
    rows = [
        (
            " ".join((prompt, *taken[:-1])),
            taken[-1],
            END if ends[name] else name,
            1,
            pay(name, prompt, taken) if per_token or ends[name] else 0,
        )
        for name, prompt, taken in prefixes
    ]
    mdp = MDP.from_transitions(rows, start=first, terminal=[END], states=[*dict.fromkeys(row[0] for row in rows), END])
    return Problem(mdp, policy(mdp), theta=theta, name="token tree")


def _equally(names: Iterable[str]) -> dict[str, str]:
    """Each name's probability; a text alone is one name."""
    found = [names] if isinstance(names, str) else list(names)
    if len(found) > len(set(found)):
        raise SchemaError(f"found {listed(found)}; every prompt is named once. Leave the repeated out", where="prompts")
    return {name: f"1/{len(found)}" for name in found}


def _require_words(words: list[str], where: str) -> None:
    if not words:
        raise SchemaError("found none; at least one is required. Name one", where=where)
    wrong = [w for w in words if not isinstance(w, str) or w.split() != [w] or (w == END and where == "prompts")]
    if wrong or len(words) > len(set(words)):
        raise SchemaError(
            f"found {listed(wrong or words)}; distinct words without spaces are required, and {END!r} is the terminal "
            "state. Rename",
            where=where,
        )


def _prefixes(
    prompts: list[str], tokens: list[str], length: int, eos: str | None
) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(name, prompt, tokens) of every sequence that is not empty, the shorter ones first."""
    running: list[tuple[str, tuple[str, ...]]] = [(prompt, ()) for prompt in prompts]
    for _ in range(length):
        longer = [(prompt, (*taken, token)) for prompt, taken in running for token in tokens]
        yield from ((" ".join((prompt, *taken)), prompt, taken) for prompt, taken in longer)
        running = [(prompt, taken) for prompt, taken in longer if taken[-1] != eos]


def _payer(reward: Reward, asked: list[str]) -> Callable[[str, str, tuple[str, ...]], Any]:
    """(name, prompt, tokens) -> reward, by whatever gives it."""
    if callable(reward):
        return lambda name, prompt, taken: reward(prompt, taken)
    unknown = [name for name in reward if name not in set(asked)]
    missing = [name for name in asked if name not in reward] if isinstance(reward, Mapping) else []
    if unknown:
        found = nearest(str(unknown[0]), asked, "rewards are paid for")
        raise SchemaError(f"{unknown[0]!r} is not rewarded here; {found}. Check the name", where="reward")
    if missing:
        raise SchemaError(
            f"the table lacks {listed(missing)}; every sequence has a reward. Add it, or give the set of the sequences "
            "that earn 1",
            where="reward",
        )
    if isinstance(reward, Mapping):
        return lambda name, prompt, taken: reward[name]
    return lambda name, prompt, taken: int(name in reward)
