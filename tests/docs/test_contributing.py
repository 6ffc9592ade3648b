"""The recipes of CONTRIBUTING.md, followed: every block is put where its heading says, in a copy of the package."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
STEP = re.compile(
    r"(?:[Ii]n `(?P<file>pgsym/[^`]+)`,\s)?(?:and in the same file,\s)?(?P<where>after|before) `(?P<anchor>[^`]+)`:\n\n"
    r"```(?:python|text)\n(?P<block>.*?)```",
    re.DOTALL,
)
PREAMBLE = """
import pathlib
import pgsym
from typer.testing import CliRunner
from pgsym.cli import app

def run(*command):
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, (command, done.output, done.exception)
    return done.output
"""
"""Python in which the recipes are used."""

USES = {
    "A theorem": """
from pgsym.claims.catalogue import theorem
found = theorem("advantage-telescopes").decide(theorem("advantage-telescopes").example())
assert str(found.status) == "proved", found
""",
    "An estimator": """
from pgsym.auditing.law_check import check_law
law = pgsym.moments("short-corridor", "faded", horizon=20).at()
assert law.bias["theta"] != 0
assert pgsym.moments("short-corridor", "faded", let={"lambda": 1}).at().covariance_trace == 733
assert check_law(law, n=20_000, seed=1).consistent
assert pgsym.estimate("short-corridor", "faded", n=100).estimator == "faded"
assert not pgsym.cross_check("short-corridor", "faded", n=20_000).consistent
assert pgsym.ascend("short-corridor", methods="faded", steps=2).paths[0].label == "faded"
study = "models: short-corridor\\nestimators: {estimator: faded, let: {lambda: 1/3}}\\nn: 64\\n"
pathlib.Path("faded.yaml").write_text(study)
assert pgsym.compare("short-corridor", "faded", "reinforce").rows[0].law.bias["theta"] != 0
run("moments", "short-corridor", "faded", "--let", "lambda=1/3", "-n", "0")
run("estimate", "short-corridor", "faded", "--let", "lambda=1/3", "-n", "100")
run("study", "run", "faded.yaml", "--workers", "0")
assert "faded" in run("estimators")
""",
    "A known mistake": """
import numpy as np
from pgsym.auditing import audit, standard_suite
def gradient(theta, batch):
    returns = np.zeros(batch.rewards.shape)
    for t in reversed(range(returns.shape[1])):
        following = returns[:, t + 1] if t + 1 < returns.shape[1] else 0
        returns[:, t] = batch.mask[:, t] * batch.rewards[:, t] + batch.gamma * following
    weight = batch.gamma ** (2 * batch.steps) * returns * batch.mask
    return (weight[..., None] * batch.scores).sum((0, 1)) / batch.episodes
case = next(case for case in standard_suite() if case.name == "discounted")
found = audit(case.problem, gradient, horizon=case.horizon, seed=1)
assert found.diagnosis.key == "gamma-t-twice", str(found)
""",
    "An objective": """
from pgsym.claims.derivation import general
two = pgsym.zoo("two-state")
p = two.replace(objective="normalised-return")
assert (pgsym.solve(p).J - pgsym.solve(two).J / 10).simplify() == 0
for method in ("normal form", "identity test"):
    verdict = pgsym.verify(p, method=method)
    assert verdict.proved and verdict.method == method, verdict
false = pgsym.decide(p, "grad J = sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)")
assert str(false.factor) == "1 - gamma", false
from pgsym.estimators.estimator import find_estimator
cut = find_estimator("reward-to-go", horizon=3)
law = pgsym.moments(p, cut).at()
assert law.target == "normalised-return"
assert pgsym.moments("two-state", cut, target="normalised-return").at().gradient == law.gradient
page, *_ = pgsym.report(p, pathlib.Path("page"))
assert "normalised-return" in page.read_text(encoding="utf-8")
run("verify", "two-state", "--objective", "normalised-return", "-n", "0")
run("solve", "two-state", "-J", "normalised-return")
from pgsym.certificates import certify
for refused in (
    lambda: pgsym.estimate(p),
    lambda: pgsym.ascend(p),
    lambda: certify(p),
    lambda: general(p.objective),
):
    try:
        refused()
    except pgsym.PgsymError as error:
        assert str(error).startswith("objective: "), error
    else:
        raise AssertionError("an objective that nobody taught it to draw was not refused")
""",
    "A format": """
run("convert", "short-corridor", "corridor.rows", "--mdp-only")
assert run("solve", "corridor.rows")
corridor = pgsym.load("corridor.rows")
assert corridor.mdp == pgsym.zoo("short-corridor").mdp
assert pgsym.solve("corridor.rows").at({p: 0 for p in corridor.policy.params}).J == -12
pgsym.save(corridor, "again.rows")
assert pathlib.Path("again.rows").read_text() == pathlib.Path("corridor.rows").read_text()
try:
    pgsym.save(pgsym.zoo("two-state"), "two.rows", mdp_only=True)
except pgsym.PgsymError as error:
    assert "a file of rows has no discount factor" in str(error), error
else:
    raise AssertionError("the discount factor was lost")
""",
    "A quantity": """
import json, subprocess, sys
import pgsym
p = pgsym.zoo("short-corridor")
solution = pgsym.solve(p).at()
assert solution.VarG["s1"] == pgsym.moments(p, "reinforce").at().return_variance != 0
assert r"\\operatorname{Var} G(\\mathrm{s1}) &= " in solution.latex(["VarG"])
assert set(solution.frame(["VarG"])["state"]) == set(p.mdp.states)
command = "from pgsym.cli import main; main()"
solved = subprocess.run([sys.executable, "-c", command, "solve", "short-corridor", "--json"], capture_output=True)
assert json.loads(solved.stdout)["VarG"]["s1"]["exact"] == str(solution.VarG["s1"]), solved
two = pgsym.zoo("two-state")
sobel = "sum[a] pi(a|s) * sum[s'] P(s'|s,a) * ((r(s,a,s') + gamma * V(s') - V(s))^2 + %s * VarG(s'))"
for method in ("normal form", "identity test"):
    verdict = pgsym.decide(two, "VarG(s) = " + sobel % "gamma^2", method=method)
    assert verdict.proved and verdict.method == method, verdict
    assert pgsym.decide(two, "VarG(s) = " + sobel % "gamma", method=method).refuted
from pgsym.reports.page.quantities import Writer
from pgsym.reports.page.quantities import quantities
assert "`VarG(s)` is the variance of the return" in str(list(quantities(Writer(two), {})))
""",
}
"""What each recipe is good for."""


def files(recipe: str) -> list[Path]:
    """The files of a recipe, in order."""
    return list(dict.fromkeys(Path(step["file"]) for step in STEP.finditer(section(recipe)) if step["file"]))


def section(recipe: str) -> str:
    """The text below a heading; a line of a block that begins with ## has a small letter after it."""
    return re.split(r"\n## (?=[A-Z])", PAGE.partition(f"## {recipe}\n")[2])[0]


def follow(recipe: str, tree: Path) -> None:
    """Put every block of a recipe into its file, after or before the line that holds the anchor."""
    file = Path()
    for step in STEP.finditer(section(recipe)):
        file = Path(step["file"] or file)
        lines = (tree / file).read_text(encoding="utf-8").splitlines(keepends=True)
        found = [k for k, line in enumerate(lines) if step["anchor"] in line]
        assert len(found) == 1, f"{file}: {step['anchor']!r} stands {len(found)} times"
        at = found[0] + (step["where"] == "after")
        lines.insert(at, step["block"] + ("\n\n" if step["where"] == "before" else ""))
        (tree / file).write_text("".join(lines), encoding="utf-8")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("contributing")
    shutil.copytree(ROOT / "pgsym", folder / "pgsym", ignore=shutil.ignore_patterns("__pycache__"))
    for recipe in USES:
        follow(recipe, folder)
    return folder


@pytest.mark.parametrize("recipe", USES)
def test_recipe_touches_one_or_two_files(recipe: str) -> None:
    assert 1 <= len(files(recipe)) <= 2


def test_recipes_work_together(tree: Path) -> None:
    code = PREAMBLE + "".join(USES.values())
    # In the copy, wherever the package itself is looked for.
    environment = os.environ | {"PYTHONPATH": str(tree)}
    run = subprocess.run([sys.executable, "-c", code], cwd=tree, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_a_recipe_whose_place_is_gone_is_found(tmp_path: Path) -> None:
    (tmp_path / "pgsym/claims/catalogue").mkdir(parents=True)
    (tmp_path / "pgsym/claims/catalogue/values.py").write_text("# Values\n", encoding="utf-8")
    with pytest.raises(AssertionError, match=r"values\.py: '# Values and occupancies' stands 0 times"):
        follow("A theorem", tmp_path)
