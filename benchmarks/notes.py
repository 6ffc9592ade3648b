"""How much of other people's notes is read: rows, read, refused with their reasons, decided.

    python benchmarks/notes.py FILE...          # notes, or .jsonl with one formula a line: {"path": ..., "latex": ...}

A row is a formula with at least one relation.  It is read when all of its relations are; what a definition says is read
too.  With `--show` every row is printed with what it was read as, for an audit by hand.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pgsym.notes import NoteDocument, audit_note
from pgsym.notes.result import DEFINES, REFUSED, NoteRelation

KINDS = {
    r"\\approx": "approximate",
    r"samples": "samples and estimates",
    r"order": "orders of what is not known, and conditions",
    r"assignment|a draw|membership": "no statement",
    r"optimal|found a max|found a min|argmax": "optima",
    r"derivative by|gradient by|with \\|with .*; quantities of": "other parameters and estimates",
    r"exponential|root|normal|limit|ellipsis|cases|array|transpose|loss|data set": "other mathematics",
    r"in a way that was not read": "names with such a definition",
    r"state or an action should stand": "other arguments",
    r"no such meaning|no meaning here": "names without a meaning",
    r"given a state|nothing says what it is drawn": "a fixed start state",
}
"""Reasons by what they have in common."""


def kind(reason: str) -> str:
    """What sort of reason it is."""
    return next((name for pattern, name in KINDS.items() if re.search(pattern, reason)), "other")


def notes(paths: list[Path]) -> Iterator[NoteDocument]:
    """Each note; the rows of a .jsonl as one note for each path in it."""
    for path in paths:
        if path.suffix != ".jsonl":
            yield NoteDocument.load(path)
            continue
        files: dict[str, list[str]] = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            files.setdefault(row["path"], []).append(row["latex"])
        for name, formulas in files.items():
            yield NoteDocument.of("\n\n".join(f"$$\n{latex}\n$$" for latex in formulas), name, "markdown")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--show", action="store_true")
    asked = parser.parse_args()
    rows: Counter[str] = Counter()
    relations: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for document in notes(asked.files):
        found: dict[int, list[NoteRelation]] = {}
        for relation in audit_note(document, general=False).relations:
            found.setdefault(relation.relation.end, []).append(relation)
            relations[relation.status] += 1
            if relation.status == REFUSED:
                reasons[kind(relation.relation.reason)] += 1
        for of_row in found.values():
            refused = [r for r in of_row if r.status == REFUSED]
            rows["refused" if len(refused) == len(of_row) else "partly read" if refused else "read"] += 1
            if asked.show:
                for r in of_row:
                    what = r.relation.reason if r.main is None else r.main.claim.statement
                    print(f"{document.name}:{r.line} [{r.status}] {what or r.relation.defines}")
                    print(f"    {r.relation.latex[:200]!r}")
    total = sum(rows.values())
    print(f"rows with a relation  {total}")
    for name in ("read", "partly read", "refused"):
        print(f"  {name:<20}{rows[name]:>5}  {rows[name] / max(total, 1):.0%}")
    every = sum(relations.values())
    decided = every - relations[REFUSED] - relations[DEFINES]
    print(f"relations             {every}: {decided} decided, {relations[REFUSED]} refused, the rest definitions")
    for name, count in sorted(relations.items()):
        print(f"  {name:<26}{count:>5}")
    print("refused because of")
    for name, count in reasons.most_common():
        print(f"  {name:<34}{count:>5}")


if __name__ == "__main__":
    main()
