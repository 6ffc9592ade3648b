"""Nothing is lost and no bit changes, whoever is killed: workers, the main process, twice, in mid-transaction."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import pytest
from skips import NEEDS_UNIX

from pgsym.errors import StudyError
from pgsym.study import Store, run, run_study

pytestmark = NEEDS_UNIX


def test_killed_worker_is_replaced(small, whole, digest, tmp_path):
    seen = []

    def kill_the_first(done, planned):
        (worker,) = [child.pid for child in multiprocessing.active_children()] or [None]
        if worker is not None and worker not in seen:
            seen.append(worker)
            if len(seen) == 1:
                os.kill(worker, signal.SIGKILL)

    path = run_study(small, tmp_path / "s.sqlite", workers=1, progress=kill_the_first).path
    assert len(seen) == 2
    assert digest(path) == whole.digest()


class Pool(ThreadPoolExecutor):
    """Threads where worker processes would be: what the main process does is the same, and nothing is compiled anew."""

    def __init__(self, workers, context, initializer, initargs):
        super().__init__(workers)
        (run._SOURCES[:],) = initargs


@pytest.mark.parametrize("where", ["handing out", "working", "both"])
def test_no_shard_of_a_broken_pool_is_lost(monkeypatch, small, whole, digest, tmp_path, where):
    """A worker may die between two submissions or with shards that others have just finished."""
    refused, given = [], []

    class Broken(Pool):
        def submit(self, function, shard):
            given.append(shard.number)
            if where != "working" and shard.number in (1, 9) and given.count(shard.number) == 1:
                refused.append(shard.number)
                raise BrokenProcessPool
            if where != "handing out" and shard.number in (2, 6) and given.count(shard.number) == 1:
                return super().submit(_break, shard)
            return super().submit(function, shard)

    monkeypatch.setattr(run, "ProcessPoolExecutor", Broken)
    path = run_study(small, tmp_path / "s.sqlite", workers=2, progress=False).path
    assert refused == ([] if where == "working" else [1, 9])
    assert set(given) == set(range(15))
    assert digest(path) == whole.digest()


def _break(*task):
    raise BrokenProcessPool


def test_summary_needs_every_shard(small, tmp_path):
    with Store.create(tmp_path / "s.sqlite", small) as store:
        with pytest.raises(StudyError, match=r"s\.sqlite: found 15 shards not done; a summary takes all of them"):
            store.finish({})
        assert not store.finished


def test_worker_that_always_dies_is_given_up(monkeypatch, small, tmp_path):
    monkeypatch.setattr(run, "ProcessPoolExecutor", Pool)
    monkeypatch.setattr(run, "draw_shard", _break)
    monkeypatch.setattr(run, "ATTEMPTS", 2)
    with pytest.raises(
        StudyError, match=r"^workers: workers died 2 times in a row, at shards 0, 1; perhaps memory ran"
    ):
        run_study(small, tmp_path / "s.sqlite", workers=1, progress=False)
    with Store.read(tmp_path / "s.sqlite") as store:
        assert store.done() == set()


KILLED = """
import json, multiprocessing, os, signal, sys
from pathlib import Path
from pgsym.study import Study, Store, run_study

if __name__ == "__main__":
    study, out, workers, shards, inside = Path(sys.argv[1]).read_text(), *sys.argv[2:]
    written, insert = 0, Store._insert

    def insert_and_die(self, table, rows):
        global written
        insert(self, table, rows)
        written += table == "part"
        if inside == "yes" and written > int(shards):
            os.kill(os.getpid(), signal.SIGKILL)

    Store._insert = insert_and_die

    def report(done, planned):
        if inside == "no" and written >= int(shards):
            print(json.dumps([child.pid for child in multiprocessing.active_children()]), flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    run_study(Study.from_json(study), out, workers=int(workers), progress=report)
"""


def test_main_process_killed_twice_changes_no_bit(small, whole, digest, tmp_path):
    script, study, out = tmp_path / "killed.py", tmp_path / "study.json", tmp_path / "s.sqlite"
    script.write_text(KILLED, encoding="utf-8")
    study.write_text(small.to_json(), encoding="utf-8")

    def run(*arguments):
        command = [sys.executable, str(script), str(study), str(out), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == -signal.SIGKILL, done.stderr
        with Store.read(out) as store:
            return done.stdout, store.done()

    # In this process, between the rows of the fifth shard and their commit: four shards are there.
    _, first = run("0", "4", "yes")
    assert first == {0, 1, 2, 3}
    # With a worker process, after three more.
    printed, second = run("1", "3", "no")
    assert len(second) == 7
    assert second > first
    orphans = json.loads(printed)
    assert len(orphans) == 1
    deadline = time.monotonic() + 20
    while any(alive(pid) for pid in orphans):
        assert time.monotonic() < deadline, "workers outlive the killed main process"
        time.sleep(0.05)
    run_study(small, out, workers=0, progress=False)
    assert digest(out) == whole.digest()


def alive(pid):
    try:
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
