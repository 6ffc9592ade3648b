"""A note that is being written: it is audited again when its file changes, and only what is new is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from pgsym.errors import PgsymError
from pgsym.notes.result import AuditedNote, NoteRelation


def changes(before: AuditedNote | None, after: AuditedNote) -> list[str]:
    """The relations of a note that are new, or have another answer, and the summary where it is another.

    >>> from pgsym.notes import NoteDocument, audit_note
    >>> text = r"$$V(s) = \\sum_a \\pi(a|s) Q(s,a)$$"
    >>> first, second = (audit_note(NoteDocument.of(t, "n.md"), "two-state") for t in (text, "Words.\\n\\n" + text))
    >>> changes(first, second), changes(None, first)[-1]
    ([], '1 relation: 1 proved')
    """
    known = Counter(map(_answer, before.relations)) if before is not None else Counter()
    wide = max((len(str(r.line)) for r in after.relations), default=1)
    lines: list[str] = []
    for relation in after.relations:
        answer = _answer(relation)
        if known[answer]:
            known[answer] -= 1
        else:
            lines += relation.lines(wide)
    said = before.readings if before is not None else ()
    if new := [f"  {symbol}: {meaning}" for symbol, meaning in after.readings if (symbol, meaning) not in said]:
        lines = ["read as", *new, *lines]
    return [*lines, after.summary] if before is None or lines or after.summary != before.summary else []


def _answer(relation: NoteRelation) -> tuple[str, ...]:
    """What is said of a relation, wherever it stands."""
    main = relation.main
    claim = relation.relation.latex if main is None else str(main.claim.statement)
    return claim, relation.status, relation.relation.reason, relation.relation.finding, relation.correction


def watch(
    audit: Callable[[], AuditedNote], stamp: Callable[[], object], wait: Callable[[], bool]
) -> Iterator[tuple[AuditedNote | None, list[str]]]:
    """Each audit that shows something new, with that; an error instead, until the file is right again.

    Parameters
    ----------
    audit
        Reads the file and decides it.
    stamp
        What changes when the file does: its time and size.
    wait
        Called between looks; false ends the watch.
    """
    seen: object = None
    before: AuditedNote | None = None
    failed = ""
    while True:
        try:
            now = stamp()
            if now != seen:
                seen = now
                found = audit()
                shown = changes(before, found) or ([found.summary] if failed else [])
                before, failed = found, ""
                if shown:
                    yield found, shown
        except (PgsymError, OSError) as error:
            if str(error) != failed:
                failed = str(error)
                yield None, [f"error: {failed}"]
        if not wait():
            return
