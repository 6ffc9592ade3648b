"""A study small enough to be run again and again, and what must not change."""

import pytest

from pgsym.study import Store, run_study
from pgsym.study.schema import read_study
from pgsym.study.settings import resolve

SMALL = {
    "name": "small",
    "models": "two-state",
    "estimators": ["reward-to-go"],
    "n": [40, 150],
    "seeds": 6,
    "horizon": 12,
    "shard": 100,
}
"""15 shards: several runs in one shard, and several shards for one run."""


@pytest.fixture(scope="session")
def small():
    return resolve(read_study(SMALL))


@pytest.fixture(scope="session")
def whole(small, tmp_path_factory):
    """The study done in one go, in this process."""
    path = run_study(small, tmp_path_factory.mktemp("whole") / "small.sqlite", workers=0, progress=False).path
    with Store.read(path) as store:
        yield store


@pytest.fixture(scope="session")
def digest():
    def of(path):
        with Store.read(path) as store:
            assert store.finished
            return store.digest()

    return of
