"""The one SQLite file of a study: what was asked, what is done, what was found.

Every shard is written in one transaction, so that a run killed at any moment leaves only whole shards, and the
next run does what is missing.  docs/studies.md describes the tables for readers.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np

from pgsym.errors import StudyError
from pgsym.study.settings import FORMAT, Study
from pgsym.study.shards import ShardResult, cells, shards

SCHEMA = """
CREATE TABLE study (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE model (model INTEGER PRIMARY KEY, name TEXT NOT NULL, document TEXT NOT NULL);
CREATE TABLE setting (
    setting INTEGER PRIMARY KEY, model INTEGER NOT NULL REFERENCES model, theta TEXT NOT NULL,
    objective TEXT NOT NULL, estimator TEXT NOT NULL, horizon INTEGER NOT NULL);
CREATE TABLE cell (cell INTEGER PRIMARY KEY, setting INTEGER NOT NULL REFERENCES setting, n INTEGER NOT NULL);
CREATE TABLE run (run INTEGER PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cell, seed INTEGER NOT NULL);
CREATE TABLE shard (shard INTEGER PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cell, trajectories INTEGER NOT NULL,
    done INTEGER NOT NULL DEFAULT 0);
CREATE TABLE part (
    shard INTEGER NOT NULL REFERENCES shard, run INTEGER NOT NULL REFERENCES run, n INTEGER NOT NULL,
    mean BLOB NOT NULL, m2 BLOB NOT NULL, transitions INTEGER NOT NULL, PRIMARY KEY (shard, run)) WITHOUT ROWID;
CREATE INDEX part_of_run ON part (run);
CREATE TABLE exact (
    setting INTEGER PRIMARY KEY REFERENCES setting, trace REAL, bias REAL, gradient BLOB, mean BLOB, variance BLOB,
    missing TEXT);
CREATE TABLE run_result (
    run INTEGER PRIMARY KEY REFERENCES run, J REAL NOT NULL, gradient BLOB NOT NULL, squared_error REAL,
    transitions INTEGER NOT NULL);
CREATE TABLE cell_result (
    cell INTEGER PRIMARY KEY REFERENCES cell, runs INTEGER NOT NULL, J REAL NOT NULL, trace REAL NOT NULL,
    variance REAL, bias REAL, noise REAL NOT NULL, mse REAL);
CREATE TABLE coordinate_result (
    cell INTEGER NOT NULL REFERENCES cell, place INTEGER NOT NULL, parameter TEXT NOT NULL, gradient REAL,
    exact_mean REAL, exact_variance REAL, mean REAL NOT NULL, variance REAL NOT NULL, standard_error REAL NOT NULL,
    PRIMARY KEY (cell, place)) WITHOUT ROWID;
CREATE VIEW result AS
    SELECT model.name AS model, setting.theta, setting.objective, setting.estimator, setting.horizon, cell.n,
        cell_result.*, exact.trace AS exact_trace, exact.trace / cell.n AS exact_variance, exact.bias AS exact_bias
    FROM cell_result JOIN cell USING (cell) JOIN setting USING (setting) JOIN model USING (model)
        LEFT JOIN exact USING (setting) ORDER BY cell.cell;
"""

RESULTS = ("exact", "run_result", "cell_result", "coordinate_result")
"""The tables that `finish` fills, all of them from `part`."""

BITS = ("part", *RESULTS)
"""The tables that `digest` covers."""


class Store:
    """An open study file.

    Use as a context manager; `create` makes or resumes one for writing, `read` opens one for reading.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._db = connection

    # -- opening -------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, study: Study) -> Store:
        """The file of a study, new or as an earlier run left it."""

        def prepare(store: Store) -> None:
            # A commit is on the disk before the next shard is handed out as done.
            store._db.execute("PRAGMA synchronous = FULL")
            with store._transaction():
                if not store._tables():
                    store._plan(study)
            store._require_ours()
            found = store.study
            if found.fingerprint != study.fingerprint:
                raise StudyError(
                    f"holds the study {found.name!r} with fingerprint {found.fingerprint[:12]}; this one, "
                    f"{study.name!r}, has {study.fingerprint[:12]}. Give another --out, or move the file away",
                    where=str(path),
                )

        return cls._opened(path, prepare)

    @classmethod
    def read(cls, path: Path) -> Store:
        """An existing file."""
        if not os.path.exists(path):
            raise StudyError("does not exist; a study file is needed. Make one with pgsym study run", where=str(path))
        return cls._opened(path, cls._require_ours)

    @classmethod
    def _opened(cls, path: Path, prepare: Callable[[Store], None]) -> Store:
        """The file, closed again where it is not what `prepare` needs."""
        with ExitStack() as stack:
            try:
                store = cls(path, stack.enter_context(closing(sqlite3.connect(path, timeout=30, isolation_level=None))))
                prepare(store)
            except sqlite3.Error as error:
                raise _unusable(path, error) from None
            stack.pop_all()
            return store

    def _require_ours(self) -> None:
        if "study" not in self._tables():
            raise StudyError("is not a study's; one has a table named study. Check the name", where=str(self.path))
        if self._value("format") != str(FORMAT):
            raise StudyError(
                f"has format {self._value('format')}; this release reads {FORMAT}. Use the release that wrote it",
                where=str(self.path),
            )

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    # -- what was asked ------------------------------------------------------------------------------------

    @property
    def study(self) -> Study:
        """The study, as it was resolved."""
        return Study.from_json(self._value("study"))

    def _plan(self, study: Study) -> None:
        for statement in SCHEMA.split(";"):
            if statement.strip():
                self._db.execute(statement)
        facts = {"format": str(FORMAT), "study": study.to_json(), "fingerprint": study.fingerprint, "name": study.name}
        self._insert("study", facts.items())
        self._insert("model", ((i, m["name"], m["document"]) for i, m in enumerate(study.models)))
        self._insert(
            "setting",
            (
                (i, s.model, _text(s.theta), s.objective, _text(s.estimator), s.horizon)
                for i, s in enumerate(study.settings)
            ),
        )
        planned, R = cells(study), len(study.seeds)
        self._insert("cell", ((c.number, c.setting, c.n) for c in planned))
        self._insert("run", ((R * c.number + i, c.number, s) for c in planned for i, s in enumerate(study.seeds)))
        self._insert("shard", ((s.number, s.cell.number, s.trajectories, 0) for s in shards(study)))

    # -- what is done --------------------------------------------------------------------------------------

    def done(self) -> set[int]:
        """Numbers of the finished shards."""
        return {shard for (shard,) in self._db.execute("SELECT shard FROM shard WHERE done")}

    def trajectories(self) -> tuple[int, int]:
        """Those drawn, and those planned."""
        query = "SELECT coalesce(sum(trajectories * done), 0), coalesce(sum(trajectories), 0) FROM shard"
        done, planned = self._db.execute(query).fetchone()
        return done, planned

    def write(self, shard: int, parts: Iterable[ShardResult]) -> None:
        """Keep what a shard found: all of it or, if we are killed meanwhile, nothing."""
        rows = [(shard, p.run, p.n, _blob(p.mean), _blob(p.M2), p.transitions) for p in parts]
        with self._transaction():
            (already,) = self._db.execute("SELECT done FROM shard WHERE shard = ?", (shard,)).fetchone()
            if not already:
                self._insert("part", rows)
                self._db.execute("UPDATE shard SET done = 1 WHERE shard = ?", (shard,))

    # -- what was found ------------------------------------------------------------------------------------

    def parts(self, run: int) -> list[ShardResult]:
        """What every shard found for a run."""
        query = "SELECT n, mean, m2, transitions FROM part WHERE run = ? ORDER BY shard"
        return [
            ShardResult(run, n, np.frombuffer(mean, "<f8"), _square(np.frombuffer(m2, "<f8"), len(mean) // 8), steps)
            for n, mean, m2, steps in self._db.execute(query, (run,))
        ]

    @property
    def finished(self) -> bool:
        """Whether the result tables are filled."""
        return self._value("finished", "0") == "1"

    def finish(self, rows: dict[str, list[tuple[Any, ...]]]) -> None:
        """Fill the result tables, all at once; StudyError where a shard is not done."""
        with self._transaction():
            (left,) = self._db.execute("SELECT count(*) FROM shard WHERE NOT done").fetchone()
            if left:
                raise StudyError(
                    f"found {left} shards not done; a summary takes all of them. Run the study again",
                    where=str(self.path),
                )
            for table in RESULTS:
                self._db.execute(f"DELETE FROM {table}")
                self._insert(table, rows[table])
            self._db.execute("INSERT OR REPLACE INTO study VALUES ('finished', '1')")

    def rows(self, query: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """The rows of a query, by column name."""
        cursor = self._db.execute(query, values)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def digest(self) -> str:
        """SHA-256 of every number found: equal for two runs exactly when they agree to the last bit."""
        found = hashlib.sha256(self._value("fingerprint").encode())
        for table in BITS:
            keys = ", ".join(str(i + 1) for i in range(2 if table in ("part", "coordinate_result") else 1))
            for row in self._db.execute(f"SELECT * FROM {table} ORDER BY {keys}"):
                found.update(repr((table, *row)).encode())
        return found.hexdigest()

    # -- SQL -----------------------------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Everything inside, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _insert(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        listed = list(rows)
        if listed:
            marks = ", ".join("?" * len(listed[0]))
            self._db.executemany(f"INSERT INTO {table} VALUES ({marks})", listed)

    def _tables(self) -> set[str]:
        return {name for (name,) in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def _value(self, key: str, default: str | None = None) -> str:
        row = self._db.execute("SELECT value FROM study WHERE key = ?", (key,)).fetchone()
        return str(row[0]) if row else str(default)


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _blob(array: Any) -> bytes:
    """Little-endian float64, row by row."""
    return np.ascontiguousarray(array, "<f8").tobytes()


def _square(flat: Any, d: int) -> Any:
    return flat if len(flat) == d else flat.reshape(d, d)


def _unusable(path: Path, error: sqlite3.Error) -> StudyError:
    folder = path.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return StudyError(
            f"cannot be opened ({error}). Check that its folder exists and can be written", where=str(path)
        )
    return StudyError(f"is no study file ({error}). Check the name, or give another --out", where=str(path))
