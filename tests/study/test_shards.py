import hashlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgsym.estimators.estimator import Estimator
from pgsym.study import Study, load_study
from pgsym.study.schema import read_study
from pgsym.study.settings import resolve, to_plain
from pgsym.study.shards import cells, shard_key, shards


@settings(max_examples=30)
@given(
    n=st.lists(st.integers(2, 3000), min_size=1, max_size=4, unique=True),
    repetitions=st.integers(1, 30),
    size=st.integers(64, 1000),
)
def test_shards_cover_every_trajectory_once(small, n, repetitions, size):
    study = replace(small, n=tuple(n), seeds=tuple(range(repetitions)), shard=size)
    work = list(shards(study))
    assert [shard.number for shard in work] == list(range(len(work)))
    assert all(shard.trajectories <= size for shard in work)
    drawn = {}
    for shard in work:
        for run, count in zip(shard.runs, shard.counts, strict=True):
            assert count > 0
            assert run // repetitions == shard.cell.number
            drawn[run] = drawn.get(run, 0) + count
    assert drawn == {repetitions * c.number + i: c.n for c in cells(study) for i in range(repetitions)}


def test_key_is_the_hash_of_study_and_shard(small):
    (first, *_) = shards(small)
    whole = hashlib.sha256(f"{small.fingerprint}/0".encode()).hexdigest()
    assert first.key == int(whole[:16], 16) == shard_key(small.fingerprint, 0)
    assert len({shard.key for shard in shards(small)}) == len(list(shards(small)))


def test_fingerprint_sees_every_part(small):
    same = Study.from_json(small.to_json())
    assert same == small
    assert same.fingerprint == small.fingerprint
    changed = [
        replace(small, seed=1),
        replace(small, shard=101),
        replace(small, n=(40, 151)),
        replace(small, seeds=(0, 1, 2, 3, 4, 6)),
        replace(small, settings=(replace(small.settings[0], horizon=13),)),
    ]
    assert len({study.fingerprint for study in [small, *changed]}) == 6


def test_models_points_and_estimators_are_written_out(tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "{states: [[0, 1], end], terminal: [end], start: [[[0, 1], 1]], transitions: "
        "[[[0, 1], go, end, 1, 2], [[0, 1], stay, end, 1, 0]], policy: {params: [t], logits: [[[0, 1], go, t]]}}"
    )
    (tmp_path / "study.yaml").write_text(
        "models: [{model: mine.yaml, theta: [{t: 0}, {t: log(2)}]}]\nn: 10\n"
        "estimators: [all-knowing, {estimator: reward-to-go, let: {b: {[0, 1]: 0.5}}}, "
        "'sum[t] grad log pi(a_t|s_t) * G^2']\n"
    )
    study = load_study(tmp_path / "study.yaml")
    assert study.name == "study"
    assert [s.theta for s in study.settings] == [{"t": "0"}] * 3 + [{"t": "log(2)"}] * 3
    assert study.settings[1].estimator["let"] == {"b(s)": [[[0, 1], "1/2"]]}
    assert Estimator.from_json(study.settings[1].estimator).let["b(s)"] == {(0, 1): pytest.approx(0.5)}
    assert study.problem(study.settings[0]).mdp.nonterminal == ((0, 1),)
    for setting in study.settings:
        assert to_plain(Estimator.from_json(setting.estimator)) == setting.estimator


TRACE = {"estimator": "eligibility-trace", "let": {"beta": "1/2"}}


def test_eligibility_trace_is_for_the_average_reward():
    study = resolve(read_study({"models": "kakade", "estimators": [{**TRACE, "horizon": 9}], "n": 10}))
    assert [(s.objective, s.horizon) for s in study.settings] == [("average-reward", 9)]
