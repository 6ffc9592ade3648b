"""`pgsym sharpen`: the table, the JSON, and its exit status."""

import json


def test_table(run):
    status, out, _ = run("sharpen", "short-corridor", "J <= k", "--for", "k")
    assert status == 0
    assert out.splitlines()[0].startswith("the least k with J <= k: -11.6569 is -6 - 4*sqrt(2), the root of")


def test_json_and_status_where_no_constant_does(run):
    status, out, _ = run("sharpen", "short-corridor", "c <= J", "--json")
    found = json.loads(out)
    assert (status, found["exact"]["exact"], found["proved"]) == (1, "-oo", None)
