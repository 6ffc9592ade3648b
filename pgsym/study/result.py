"""`StudyResult`: what stands in the file of a study."""

from __future__ import annotations

import json
import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgsym.display.frame import data_frame
from pgsym.display.result import TableResult, finite
from pgsym.study.store import Store
from pgsym.study.summary import COLUMNS, result_rows
from pgsym.trust import Level, Trust

if TYPE_CHECKING:
    from pgsym.display.figure import Figure


class StudyResult(TableResult):
    """The results of a study, read from its file; made by `run_study`.

    Parameters
    ----------
    path
        The SQLite file.  It is opened for as long as it takes to read, and may still be growing.

    Attributes
    ----------
    name, fingerprint : str
        Of the study.
    done, planned : int
        Trajectories.
    digest : str or None
        SHA-256 of every number; None before the study is finished.
    missing : tuple of str
        Why some exact law is not there.

    Raises
    ------
    StudyError
        There is no such file, or it is not a study's.

    See Also
    --------
    pgsym.run_study : Makes it.
    pgsym.study.Store : The file itself, for queries.
    """

    LEFT = (0, 1)

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with Store.read(self.path) as store:
            self.name, self.fingerprint = store.study.name, store.study.fingerprint
            self.done, self.planned = store.trajectories()
            self.finished = store.finished
            self.digest = store.digest() if store.finished else None
            self._cells = result_rows(store)
            self._rows = store.rows("SELECT * FROM result")
            self._columns = [row["name"] for row in store.rows("PRAGMA table_info(result)")]
            query = "SELECT DISTINCT missing FROM exact WHERE missing IS NOT NULL ORDER BY missing"
            self.missing = tuple(row["missing"] for row in store.rows(query))

    @property
    def assumption(self) -> str:
        """Nothing: a study's file says all of it."""
        return ""

    @property
    def trust(self) -> Trust:
        """Sampled, without a test."""
        return Trust(Level.SAMPLED)

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """A row for each cell, by column of the view ``result``; none before the study is finished."""
        return [row | {key: json.loads(row[key]) for key in ("theta", "estimator")} for row in self._rows]

    def to_json(self) -> dict[str, Any]:
        """Plain data: what is done, and the rows of the view ``result``."""
        return finite({
            "name": self.name,
            "fingerprint": self.fingerprint,
            "trajectories": {"done": self.done, "planned": self.planned},
            "finished": self.finished,
            "digest": self.digest,
            "trust": self.trust.to_json(),
            "results": self.rows,
        })  # fmt: skip

    def frame(self) -> Any:
        """A pandas frame of the view ``result``: a row for each cell, empty before the study is finished.

        Raises
        ------
        MissingExtraError
            pandas is not installed.
        """
        return data_frame(self._columns, [tuple(row.values()) for row in self._rows])

    def cells(self) -> list[tuple[str, ...]]:
        """A row for each cell; each ``exact`` belongs to the column before it."""
        return [COLUMNS, *map(tuple, self._cells)]

    @property
    def above(self) -> list[str]:
        """How much is done."""
        return [f"{self.name}: {self.done} of {self.planned} trajectories"]

    @property
    def below(self) -> list[str]:
        """Which exact laws are missing and why, and the digest."""
        if not self.finished:
            return ["not finished; run it again to go on"]
        return [*(f"no exact law: {reason}" for reason in self.missing), f"digest {self.digest}"]

    def plot(self) -> Figure:
        """Bias and variance against n: exact lines, sampled points.

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        StudyError
            The study is not finished.
        """
        from pgsym.study.plot import plot

        with Store.read(self.path) as store:
            return plot(store)

    def __repr__(self) -> str:
        return f"StudyResult({str(self.path)!r}, {self.done} of {self.planned} trajectories)"
