"""One study by 1, 2 and 4 workers of this machine, and by a dask cluster: the same bits, and how long it takes.

python benchmarks/studies.py [--episodes 1e9]

Sampling uses every core that it may, so n workers get n cores, as far as there are so many.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from distributed import LocalCluster

from pgsym.study import Store, run_study
from pgsym.study.schema import read_study
from pgsym.study.settings import resolve


def main() -> None:
    """A row for each way; exit status 1 where the bits differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=float, default=1e8)
    n = int(parser.parse_args().episodes) // 16
    document = {"models": "two-state", "estimators": "reward-to-go", "n": n, "seeds": 16, "horizon": 10, "shard": n}
    study = resolve(read_study(document))
    digests, first, cores = set(), None, sorted(os.sched_getaffinity(0))
    print(f"{16 * n:,} episodes of 10 steps\n\n| workers | cores | seconds | speed-up |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, workers in (("1", 1), ("2", 2), ("4", 4), ("2, of a dask cluster", 0)):
            os.sched_setaffinity(0, share := cores[: workers or 2])
            path, begun = Path(folder) / f"{name}.sqlite", time.perf_counter()
            if workers:
                run_study(study, path, workers=workers, progress=False)
            else:
                with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
                    begun = time.perf_counter()
                    run_study(study, path, scheduler=cluster.scheduler_address, progress=False)
            seconds = time.perf_counter() - begun
            first = first or seconds
            print(f"| {name} | {len(share)} | {seconds:.1f} | {first / seconds:.2f} |", flush=True)
            with Store.read(path) as store:
                digests.add(store.digest())
    print("\nthe same bits" if len(digests) == 1 else "\nDIFFERENT BITS")
    raise SystemExit(len(digests) != 1)


if __name__ == "__main__":
    main()
