import pytest

from pgsym.errors import SchemaError
from pgsym.study import load_study
from pgsym.study.schema import read_study

LEAST = {"models": ["two-state"], "estimators": ["reinforce"], "n": [10]}


def test_short_forms_mean_lists_of_one():
    found = read_study({"models": "two-state", "estimators": "reinforce", "n": 10})
    assert [m.model for m in found.models] == ["two-state"]
    assert (found.n, found.seeds, found.seed, found.shard) == ([10], [0], 0, 2**17)
    assert read_study(LEAST) == found


def test_seeds_are_a_number_or_a_list():
    assert read_study(LEAST | {"seeds": 3}).seeds == [0, 1, 2]
    assert read_study(LEAST | {"seeds": [7, 9]}).seeds == [7, 9]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"models": None}, r"^study: models\[0\]: found None; a name, or a mapping of keys, is required"),
        ({"models": []}, r"^study: models: found an empty list; at least one entry is required\. Add one"),
        ({"models": ["a", "a"]}, r"^study: models: found .* twice; the entries must be distinct"),
        (
            {"models": [{"model": "a", "theda": {}}]},
            r"^study: models\[0\]\.theda: the key is unknown; .*'theta'\. Rename",
        ),
        (
            {"estimator": "x"},
            r"^study: estimator: the key is unknown; the nearest is 'estimators'\. Rename or remove it",
        ),
        ({"n": 1}, r"^study: n\[0\]: found 1; a whole number from 2 to \d+ is required"),
        ({"n": [10, "many"]}, r"^study: n\[1\]: found 'many'; a whole number from 2 to \d+ is required"),
        ({"seeds": "some"}, r"^study: seeds: found 'some'; a number of repetitions or a list of seeds is required"),
        ({"seeds": 0}, r"^study: seeds: found 0; the number of repetitions lies in 1 \.\.\. 10\*\*6"),
        ({"shard": 1}, r"^study: shard: found 1; a whole number from 64 to"),
        ({"horizon": True}, r"^study: horizon: found True; a whole number from 1"),
    ],
)
def test_schema_raises_on(change, message):
    with pytest.raises(SchemaError, match=message):
        read_study(LEAST | change)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]", r"^study\.yaml: found \[1, 2\]; a study is a mapping of keys"),
        ("models: two-state\nmodels: x\n", r"^study\.yaml: line 2: key 'models' occurs twice"),
        ("models: no-such\nestimators: reinforce\nn: 10", r"^study\.yaml: models\[0\]: .*no-such"),
        ("models: two-state\nestimators: reinforse\nn: 10", r"^study\.yaml: estimators\[0\]: estimator: .*'reinforce'"),
        (
            "models: two-state\nestimators: gae\nn: 10",
            r"^study\.yaml: estimators\[0\]: lambda: gae needs it",
        ),
        (
            "models: two-state\nestimators: {estimator: gae, let: {lamda: 1}}\nn: 10",
            r"^study\.yaml: estimators\[0\]: let lamda: gae has no such name; .*lambda",
        ),
        (
            "models: two-state\nestimators: {estimator: reward-to-go, bootstrap: 1}\nn: 10",
            r"^study\.yaml: estimators\[0\]\.bootstrap: found 1; ",
        ),
        (
            "models: two-state\nestimators: {name: reinforce}\nn: 10",
            r"^study\.yaml: estimators\[0\]\.estimator: the key is missing",
        ),
        (
            "models: two-state\nestimators: {estimator: gae, let: {lambda: 1, v: {q: 1}}}\nn: 10",
            r"^study\.yaml: models\[0\], estimators\[0\]: state q: 0 of that name; the model has",
        ),
        (
            "models: two-state\nestimators: sum[t] G_t\nn: 10",
            r"^study\.yaml: estimators\[0\]: found a scalar; an estimator of grad J is a vector",
        ),
        (
            "models: {model: two-state, theta: {nope: 1}}\nestimators: reinforce\nn: 10",
            r"^study\.yaml: models\[0\]: .*nope",
        ),
        (
            "models: two-state\nestimators: reinforce\nn: [10, 1000000000]\nseeds: 2\nshard: 64",
            r"^study\.yaml: found 31250002 parts of runs; at most 10000000 fit into one file\. Give a larger shard, or",
        ),
    ],
)
def test_study_file_raises_on(tmp_path, text, message):
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError, match=message):
        load_study(path)


def test_study_file_must_exist(tmp_path):
    with pytest.raises(SchemaError, match="cannot be read"):
        load_study(tmp_path / "none.yaml")
