"""The same bits from a dask cluster, one of whose workers is killed."""

import builtins
import os
import pickle
import signal

import pytest
from skips import needs

from pgsym.errors import MissingExtraError, StudyError
from pgsym.study import Store, run_study

pytestmark = pytest.mark.filterwarnings("ignore")


def test_cluster_with_a_killed_worker_changes_no_bit(small, whole, digest, tmp_path):
    distributed = needs("distributed")
    killed = []
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:

        def kill_one(done, planned):
            if done and not killed:
                killed.append(cluster.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        path = run_study(small, tmp_path / "s.sqlite", scheduler=cluster.scheduler_address, progress=kill_one).path
    assert killed
    assert digest(path) == whole.digest()


def test_what_shards_share_is_sent_once(small, whole, digest, tmp_path, monkeypatch):
    distributed = needs("distributed")
    submit, sent = distributed.Client.submit, []

    def recorded(self, function, *arguments, **options):
        sent.append(sum(len(pickle.dumps(x)) for x in arguments if not isinstance(x, distributed.Future)))
        return submit(self, function, *arguments, **options)

    monkeypatch.setattr(distributed.Client, "submit", recorded)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as cluster:
        path = run_study(small, tmp_path / "s.sqlite", scheduler=cluster.scheduler_address, progress=False).path
    model = len(small.models[0]["document"])
    assert len(sent) == 15 + len(small.settings)
    assert sum(size > model for size in sent) == len(small.settings)
    assert digest(path) == whole.digest()


def test_lost_scheduler_is_one_message_and_what_is_done_is_kept(small, whole, digest, tmp_path, monkeypatch):
    distributed = needs("distributed")
    monkeypatch.setattr("pgsym.study.run.PATIENCE", "2s")
    out = tmp_path / "s.sqlite"
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as cluster:

        def end(done, planned):
            if done:
                cluster.close()

        with pytest.raises(StudyError, match=r"^scheduler \S+: was lost at shard \d+ \(\w+\); .* run the study again$"):
            run_study(small, out, scheduler=cluster.scheduler_address, progress=end)
    with Store.read(out) as store:
        assert store.done()
        assert not store.finished
    assert digest(run_study(small, out, workers=0, progress=False).path) == whole.digest()


def test_cluster_raises_where_no_scheduler_answers(small, tmp_path, monkeypatch):
    needs("distributed")
    monkeypatch.setattr("pgsym.study.run.PATIENCE", "300ms")
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
