"""A note that is being written: what is shown when it changes, without waiting."""

import pytest

from pgsym.errors import ClaimError
from pgsym.notes import NoteDocument, audit_note
from pgsym.notes.watch import watch

TRUE, FALSE = r"$$V(s) = \sum_a \pi(a|s) Q(s,a)$$", r"$$V(s) = \sum_a \pi(a|s) A(s,a)$$"


def shown(*texts: str) -> list[list[str]]:
    """What a watch shows for the states of a file, one after the other; its stamp is the text."""
    states = list(texts)

    def audit():
        if states[0] == "broken":
            raise ClaimError("found nothing. Write it")
        return audit_note(NoteDocument.of(states[0], "note.md"), "two-state")

    return [lines for _, lines in watch(audit, lambda: states[0], lambda: bool(states.pop(0) and states))]


def test_first_look_shows_everything():
    (lines,) = shown(TRUE)
    assert lines[0] == "read as"
    assert "1  V(s) = sum[a] pi(a|s) * Q(s,a)" in lines
    assert lines[-1] == "1 relation: 1 proved"


def test_only_what_is_new_is_shown():
    first, second = shown(TRUE, TRUE, "Words.\n\n" + TRUE, f"Words.\n\n{TRUE}\n\n{FALSE}")
    assert first
    assert second[0].startswith("5  V(s) = sum[a] pi(a|s) * A(s,a)")
    assert not any("Q(s,a)" in line and not line.lstrip().startswith("true is") for line in second)
    assert second[-1] == "2 relations: 1 proved, 1 refuted"


def test_what_is_gone_changes_the_summary_alone():
    assert shown(f"{TRUE}\n\n{FALSE}", TRUE)[1] == ["1 relation: 1 proved"]


def test_same_line_written_twice_is_shown_again():
    assert "2 relations: 2 proved" in shown(TRUE, f"{TRUE}\n\n{TRUE}")[1]


def test_an_error_is_shown_once_and_ends_with_the_next_text():
    assert shown(TRUE, "broken", "broken", TRUE)[1:] == [
        ["error: found nothing. Write it"], ["1 relation: 1 proved"]
    ]  # fmt: skip


def test_other_readings_are_shown():
    text = r"$$J = \sum_s d(s) V(s)$$"
    lines = shown(text, "Here $d(s)$ is the stationary distribution.\n\n" + text)[1]
    assert lines[:2] == ["read as", "  J: stationary-value, for which line 3 is true"]
    assert "  d: mu, the stationary distribution (line 1)" in lines


@pytest.mark.parametrize("texts", [(TRUE, FALSE), (FALSE, TRUE)])
def test_a_changed_line_is_never_missed(texts):
    assert len(shown(*texts)) == 2
