"""`run_study`: from a study to the finished file, however often it is killed on the way."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pgsym.errors import StudyError
from pgsym.study import workers as pool
from pgsym.study.result import StudyResult
from pgsym.study.settings import Study, load_study
from pgsym.study.shards import Shard, shards
from pgsym.study.store import Store
from pgsym.study.summary import summarise

if TYPE_CHECKING:
    from pgsym.display.progress import Progress


def run_study(
    study: Study | str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: bool | Progress | None = None,
) -> StudyResult:
    """Do what is missing of a study, and summarise it.

    The file holds the same numbers, to the last bit, whatever the workers, and however often the run was killed and
    started again (on the same kind of processor, with the same release of JAX).

    Parameters
    ----------
    study
        A study, or the name of a study file.
    out
        The SQLite file; by default the study's name with the ending ``.sqlite``.
    workers
        Processes of this machine; one for each core by default.  0: in this process.
    scheduler
        Instead of them, the address of a dask.distributed scheduler.
    progress
        As for `pgsym.estimate`; a function is called with (trajectories done, trajectories in all).

    Returns
    -------
    StudyResult
        Its table, plot and JSON; `path` is the file.

    Raises
    ------
    SchemaError
        The study file is wrong.
    StudyError
        The file holds another study; workers died again and again; the scheduler does not answer.

    See Also
    --------
    estimate : One cell of a study.

    Notes
    -----
    Worker processes are spawned: a script that calls this does so under ``if __name__ == "__main__":``.

    Examples
    --------
    >>> import tempfile
    >>> from pgsym.study.schema import read_study
    >>> from pgsym.study.settings import resolve
    >>> plan = {"models": "two-state", "estimators": ["reward-to-go"], "n": [10], "seeds": 2, "horizon": 5}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run_study(resolve(read_study(plan)), f"{folder}/s.sqlite", workers=0, progress=False).done
    20
    """
    from pgsym.display.progress import reporter

    resolved = study if isinstance(study, Study) else load_study(Path(study))
    if workers is not None and workers < 0:
        raise StudyError(f"found {workers}; a number of processes, or 0 for this one, is required", where="workers")
    path = Path(f"{resolved.name}.sqlite" if out is None else out)
    with Store.create(path, resolved) as store:
        done = store.done()
        left = [shard for shard in shards(resolved) if shard.number not in done]
        count, planned = store.trajectories()
        with reporter(progress, planned) as report, closing(_execute(left, workers, scheduler)) as results:
            report(count, planned)
            for shard, parts in results:
                store.write(shard.number, parts)
                count += shard.trajectories
                report(count, planned)
        if not store.finished:
            store.finish(summarise(store))
    return StudyResult(path)


def _execute(left: list[Shard], workers: int | None, scheduler: str | None) -> Generator[pool.Drawn]:
    if scheduler is not None:
        return pool.cluster(left, scheduler) if left else pool.here(left)
    wanted = (os.cpu_count() or 1) if workers is None else workers
    return pool.processes(left, min(wanted, len(left))) if wanted and left else pool.here(left)
