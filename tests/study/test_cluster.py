"""The same bits from a dask cluster, one of whose workers is killed."""

import builtins
import os
import signal

import pytest

from pgsym.errors import MissingExtraError, StudyError
from pgsym.study import run_study

pytestmark = pytest.mark.filterwarnings("ignore")


def test_cluster_with_a_killed_worker_changes_no_bit(small, whole, digest, tmp_path):
    distributed = pytest.importorskip("distributed", reason="distributed is not installed: pgsym[cluster]")
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:

        def kill_one(done, planned):
            if done and not killed:
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        path = run_study(small, tmp_path / "s.sqlite", scheduler=cluster.scheduler_address, progress=kill_one)
    assert killed
    assert digest(path) == whole.digest()


def test_cluster_raises_where_no_scheduler_answers(small, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="distributed is not installed: pgsym[cluster]")
    monkeypatch.setattr("pgsym.study.cluster.PATIENCE", "300ms")
    with pytest.raises(
        StudyError, match=r"^scheduler tcp://127\.0\.0\.1:9: does not answer .*a dask scheduler's address"
    ):
        run_study(small, tmp_path / "s.sqlite", scheduler="tcp://127.0.0.1:9")


def test_cluster_raises_without_distributed(small, tmp_path, monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name.split(".")[0] == "distributed":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingExtraError, match=r"^scheduler: distributed is not installed; .*pgsym\[cluster\]"):
        run_study(small, tmp_path / "s.sqlite", scheduler="tcp://127.0.0.1:9")
