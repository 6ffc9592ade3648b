"""Workers of a dask.distributed cluster, on any number of machines."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from concurrent.futures import CancelledError
from itertools import islice

from pgsym.errors import MissingExtraError, StudyError
from pgsym.study.work import ShardResult, Task, do

ATTEMPTS = 3
"""Times that a shard is handed out again after the scheduler gave it up: it does so when several workers died on it."""
WAITING = 4
"""Shards in flight for each thread of the cluster."""
PATIENCE = "20s"
"""How long to try to reach the scheduler."""


def cluster(tasks: Iterable[Task], address: str) -> Generator[tuple[Task, list[ShardResult]]]:
    """Do the tasks on the cluster whose scheduler is at `address`; results come as they are finished.

    Every worker needs this release of pgsym.  A worker that dies loses nothing: the scheduler gives its shards to
    others.

    Raises
    ------
    MissingExtraError
        distributed is not installed.
    StudyError
        The scheduler does not answer or ends, or a shard kills one worker after the other.
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
        source = iter(tasks)
        running: dict[str, Task] = {}
        given: dict[int, int] = {}

        def hand_out(task: Task) -> object:
            given[task.shard] = given.get(task.shard, 0) + 1
            # Never twice under one key: a given-up key would answer with its old failure.
            key = f"pgsym-{task.key:016x}-{task.shard}-{given[task.shard]}"
            running[key] = task
            return client.submit(do, task, key=key, pure=False)

        width = max(1, sum(client.nthreads().values()))
        futures = as_completed([hand_out(task) for task in islice(source, WAITING * width)], loop=client.loop)
        for future in futures:
            task = running.pop(future.key)
            try:
                found = future.result()
            except KilledWorker as error:
                if given[task.shard] >= ATTEMPTS:
                    raise StudyError(
                        f"several workers died on it ({error}); perhaps memory ran out. "
                        "Use a smaller shard in the study file",
                        where=f"shard {task.shard}",
                    ) from None
                futures.add(hand_out(task))
                continue
            except (CancelledError, OSError) as error:
                # A scheduler that ends cancels what it was asked for.
                raise StudyError(
                    f"was lost at shard {task.shard} ({type(error).__name__}); every shard needs it. "
                    "What is done is kept: start the scheduler and run the study again",
                    where=f"scheduler {address}",
                ) from None
            future.release()
            following = next(source, None)
            if following is not None:
                futures.add(hand_out(following))
            yield task, found
