"""Texts that are almost right: each reader either reads them or says what is wrong, in pgsym's own words."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pgsym
from pgsym.errors import PgsymError
from pgsym.model.files import drn, graphml, node_link

MDP = pgsym.MDP.from_transitions(
    [("s", "go", "t", "p", "1/2"), ("s", "go", "s", "1 - p", "1/2"), ("t", ("a", 1), "end", 1, -3)],
    start="s", terminal=["end"], symbols={"p": "0 < p < 1"},
)  # fmt: skip
POLICY = pgsym.tabular(MDP)
PROBLEM = pgsym.Problem(MDP, POLICY, pgsym.Objective.START_STATE, POLICY.point(dict.fromkeys(POLICY.params, 0)))
READERS = {
    "drn": (drn.loads, drn.dumps(MDP)),
    "graphml": (graphml.loads, graphml.dumps(PROBLEM)),
    "node-link": (node_link.loads, node_link.dumps(PROBLEM)),
}
TOKENS = [
    "",
    " ",
    "\n",
    "\t",
    "0",
    "-1",
    "1e9",
    "9^9^9",
    "nan",
    "$",
    "@",
    "[",
    "]",
    "{",
    "}",
    "(",
    '"',
    "<",
    "/>",
    "&x;",
    "é",
    "\x00",
]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("format", READERS)
@settings(max_examples=150)
@given(data=st.data())
def test_a_changed_text_is_read_or_refused(format, data):
    read, text = READERS[format]
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 8))
        other = data.draw(st.integers(0, len(text)))
        put = data.draw(st.one_of(st.sampled_from(TOKENS), st.just(text[other : other + 12]), st.text(max_size=3)))
        text = text[:start] + put + text[end:]
    with suppress(PgsymError):
        assert isinstance(read(text), pgsym.MDP | pgsym.Problem)
