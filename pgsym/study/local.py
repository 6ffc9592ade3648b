"""Worker processes of this machine.  One that dies is replaced, and its shards are done again."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from pgsym.errors import StudyError
from pgsym.study.work import ShardResult, Task, do

ATTEMPTS = 3
"""Times that workers may die with no shard finished in between."""
WAITING = 2
"""Shards that wait in the queue for each worker."""


def here(tasks: Iterable[Task]) -> Generator[tuple[Task, list[ShardResult]]]:
    """Do the tasks in this process, in order."""
    for task in tasks:
        yield task, do(task)


def processes(tasks: Iterable[Task], workers: int) -> Generator[tuple[Task, list[ShardResult]]]:
    """Do the tasks in `workers` processes; results come in the order in which they are finished.

    Raises
    ------
    StudyError
        Workers died `ATTEMPTS` times in a row.
    """
    source, again = iter(tasks), list[Task]()
    deaths = 0
    while True:
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_prepare)
        running: dict[Future[list[ShardResult]], Task] = {}
        try:
            while True:
                while len(running) < WAITING * workers:
                    task = again.pop() if again else next(source, None)
                    if task is None:
                        break
                    try:
                        future = pool.submit(do, task)
                    except BrokenProcessPool:
                        # A pool that has just lost a worker refuses; the task must not be lost with it.
                        again.append(task)
                        raise
                    running[future] = task
                if not running:
                    return
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    found = future.result()
                    deaths = 0
                    yield running.pop(future), found
        except BrokenProcessPool:
            deaths += 1
            lost = sorted(running.values(), key=lambda task: -task.shard)
            if deaths >= ATTEMPTS:
                shards = ", ".join(str(task.shard) for task in lost[::-1]) or "none"
                raise StudyError(
                    f"workers died {deaths} times in a row, at shards {shards}; perhaps memory ran out. "
                    "Run again with fewer --workers, or with a smaller shard in the study file",
                    where="workers",
                ) from None
            again += lost
        finally:
            _stop(pool)


def _prepare() -> None:
    """What a worker does first: leave Ctrl-C to the main process, share a GPU, and end when the main process ends."""
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
