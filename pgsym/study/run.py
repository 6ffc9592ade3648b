"""`run_study`: from a study to the finished file, however often it is killed on the way.

Shards are drawn by processes of this machine, or by workers of a dask.distributed cluster.  A process that dies is
replaced, and its shards are done again.
"""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import threading
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from pgsym.errors import MissingExtraError, StudyError
from pgsym.study.result import StudyResult
from pgsym.study.settings import Study, load_study
from pgsym.study.shards import Shard, ShardResult, ShardSource, draw_shard, shards, sources
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
        with reporter(progress, planned) as report, closing(_execute(resolved, left, workers, scheduler)) as results:
            report(count, planned)
            for shard, parts in results:
                store.write(shard.number, parts)
                count += shard.trajectories
                report(count, planned)
        if not store.finished:
            store.finish(summarise(store))
    return StudyResult(path)


def _execute(study: Study, left: list[Shard], workers: int | None, scheduler: str | None) -> Generator[Drawn]:
    given = sources(study)
    if scheduler is not None:
        return cluster(left, given, scheduler) if left else here(left, given)
    wanted = (os.cpu_count() or 1) if workers is None else workers
    return processes(left, given, min(wanted, len(left))) if wanted and left else here(left, given)


Drawn = tuple[Shard, list[ShardResult]]

ATTEMPTS = 3
"""Times that workers may die with no shard finished in between; or that a scheduler may give up one shard."""
WAITING = 2
"""Shards that wait in the queue for each worker."""


def here(shards: Iterable[Shard], sources: Sequence[ShardSource]) -> Generator[Drawn]:
    """Draw the shards in this process, in order."""
    for shard in shards:
        yield shard, draw_shard(shard, sources[shard.cell.setting])


def processes(shards: Iterable[Shard], sources: Sequence[ShardSource], workers: int) -> Generator[Drawn]:
    """Draw the shards in `workers` processes; results come in the order in which they are finished."""
    source, again = iter(shards), list[Shard]()
    deaths = 0
    while True:
        spawn = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, spawn, initializer=_prepare, initargs=(sources,))
        running: dict[Future[list[ShardResult]], Shard] = {}
        try:
            while True:
                while len(running) < WAITING * workers:
                    shard = again.pop() if again else next(source, None)
                    if shard is None:
                        break
                    try:
                        future = pool.submit(_draw, shard)
                    except BrokenProcessPool:
                        # A pool that has just lost a worker refuses; the shard must not be lost with it.
                        again.append(shard)
                        raise
                    running[future] = shard
                if not running:
                    return
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    found = future.result()
                    deaths = 0
                    yield running.pop(future), found
        except BrokenProcessPool:
            deaths += 1
            lost = sorted(running.values(), key=lambda shard: -shard.number)
            if deaths >= ATTEMPTS:
                numbers = ", ".join(str(shard.number) for shard in lost[::-1]) or "none"
                raise StudyError(
                    f"workers died {deaths} times in a row, at shards {numbers}; perhaps memory ran out. "
                    "Run again with fewer --workers, or with a smaller shard in the study file",
                    where="workers",
                ) from None
            again += lost
        finally:
            _stop(pool)


_SOURCES: list[ShardSource] = []
"""In a worker: of each setting of the study."""


def _draw(shard: Shard) -> list[ShardResult]:
    return draw_shard(shard, _SOURCES[shard.cell.setting])


def _prepare(sources: Sequence[ShardSource]) -> None:
    """What a worker does first: leave Ctrl-C to the main process, share a GPU, and end when the main process ends."""
    _SOURCES[:] = sources
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """A worker whose main process was killed would wait for work for ever."""
    parent.join()
    os._exit(1)


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers at once: what they are doing is not wanted, or nothing."""
    workers = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join()


IN_FLIGHT = 4
"""Shards for each thread of the cluster."""
PATIENCE = "20s"
"""How long to try to reach the scheduler."""


def cluster(shards: Iterable[Shard], sources: Sequence[ShardSource], address: str) -> Generator[Drawn]:
    """Draw the shards on the cluster whose scheduler is at `address`; results come as they are finished.

    Every worker needs this release of pgsym.  A worker that dies loses nothing: the scheduler gives its shards to
    others.
    """
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise MissingExtraError(
            "distributed is not installed; --scheduler needs it. Install pgsym with the extra cluster: pgsym[cluster]",
            where="scheduler",
        ) from None
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise StudyError(
            f"does not answer ({error}); a dask scheduler's address is required, such as tcp://host:8786. "
            "Start one with dask scheduler, and workers with dask worker",
            where=f"scheduler {address}",
        ) from None
    with client:
        source = iter(shards)
        running: dict[str, Shard] = {}
        given: dict[int, int] = {}
        # A task rather than scattered data: workers pass it on among them, and what dies with them is done again.
        study = secrets.token_hex(8)
        sent = [client.submit(ShardSource, *source, key=f"pgsym-{study}-{i}") for i, source in enumerate(sources)]

        def hand_out(shard: Shard) -> object:
            given[shard.number] = given.get(shard.number, 0) + 1
            # Never twice under one key: a given-up key would answer with its old failure.
            key = f"pgsym-{shard.key:016x}-{shard.number}-{given[shard.number]}"
            running[key] = shard
            return client.submit(draw_shard, shard, sent[shard.cell.setting], key=key, pure=False)

        width = max(1, sum(client.nthreads().values()))
        futures = as_completed([hand_out(shard) for shard in islice(source, IN_FLIGHT * width)], loop=client.loop)
        for future in futures:
            shard = running.pop(future.key)
            try:
                found = future.result()
            except KilledWorker as error:
                if given[shard.number] >= ATTEMPTS:
                    raise StudyError(
                        f"several workers died on it ({error}); perhaps memory ran out. "
                        "Use a smaller shard in the study file",
                        where=f"shard {shard.number}",
                    ) from None
                futures.add(hand_out(shard))
                continue
            except (CancelledError, OSError) as error:
                # A scheduler that ends cancels what it was asked for.
                raise StudyError(
                    f"was lost at shard {shard.number} ({type(error).__name__}); every shard needs it. "
                    "What is done is kept: start the scheduler and run the study again",
                    where=f"scheduler {address}",
                ) from None
            future.release()
            following = next(source, None)
            if following is not None:
                futures.add(hand_out(following))
            yield shard, found
