"""Values that are text are read by our grammar wherever numbers are taken: SymPy's own reader would run them."""

import ast
from pathlib import Path

import pytest

import pgsym
from pgsym.certificates import certify
from pgsym.errors import PgsymError, SchemaError

PACKAGE = Path(pgsym.__file__).parent


@pytest.fixture
def canary(tmp_path):
    path = tmp_path / "canary"
    yield f"__import__('pathlib').Path({str(path)!r}).touch()"
    assert not path.exists()


@pytest.fixture(scope="module")
def corridor():
    return pgsym.zoo("short-corridor")


def test_direction_runs_nothing(corridor, canary):
    law = pgsym.moments(corridor, "reward-to-go").at()
    with pytest.raises(PgsymError, match=r"^directions: "):
        law.project([{"theta": canary}])
    assert law.project([{"theta": "1/2"}]).covariance[0, 0] * 4 == 733


def test_theta_of_a_certificate_runs_nothing(canary):
    p = pgsym.zoo("two-state")
    with pytest.raises(PgsymError, match=r"^theta"):
        certify(p.replace(objective="stationary-value").at({"theta_x": canary, "theta_y": 0}))
    found = certify(p.replace(objective="stationary-value").at({"theta_x": "log(2)", "theta_y": "-log(3)"}))
    assert "10120" in found.text


def test_theta_of_a_report_runs_nothing(corridor, canary, tmp_path):
    with pytest.raises(PgsymError, match=r"^theta"):
        pgsym.report(corridor.at({"theta": canary}), tmp_path)
    with pytest.raises(SchemaError, match=r"^zoo: no model is called ['\"]__import__"):
        pgsym.report(canary, tmp_path)


def lenient(source: str) -> list[int]:
    """Lines that give SymPy's reader something that may be text, or make code of it."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", ""))
        in ("sympify", "parse_expr", "S", "lambdify", "eval", "exec")
        and not any(k.arg == "strict" and ast.unparse(k.value) == "True" for k in node.keywords)
    ]


def test_no_text_reaches_sympys_reader():
    assert lenient("sp.sympify(x)\nsp.sympify(x, strict=True)\nsp.S(x)") == [1, 3]
    found = {path.name: lines for path in PACKAGE.rglob("*.py") if (lines := lenient(path.read_text("utf-8")))}
    assert found == {}
