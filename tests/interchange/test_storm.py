"""stormpy and PRISM programs, where stormpy is installed: files that Storm reads, the same solution functions."""

import re
import sys

import pytest
import sympy as sp
from hypothesis import given, settings
from laws import law, parametric_mdps
from skips import needs
from strategies import episodic_mdps

import pgsym
from pgsym import from_stormpy, induced_chain, load_prism, to_stormpy
from pgsym.errors import MissingExtraError, SchemaError
from pgsym.expression.grammar import parse
from pgsym.model.reductions import averaged

PROGRAM = """\
mdp
const double p;
const int n = 2;
module walk
  x : [0..n] init 0;
  [go] x < n -> p : (x'=x+1) + 1-p : (x'=x);
  [jump] x = 0 -> 1/3 : (x'=n) + 2/3 : (x'=0);
endmodule
rewards "steps"
  [go] true : 1;
  [jump] true : 3/2;
endrewards
"""


@pytest.fixture(scope="module")
def stormpy():
    return needs("stormpy")


@pytest.fixture
def program(tmp_path, stormpy):
    path = tmp_path / "walk.prism"
    path.write_text(PROGRAM, encoding="utf-8")
    return path


def ends(mdp):
    """No state but the terminal ones stays for no reward: Storm's models do not tell these apart."""
    return all(
        any(o.state != s or o.r != 0 for a in mdp.actions(s) for o in mdp.outcomes(s, a)) for s in mdp.nonterminal
    )


@settings(max_examples=15)
@given(mdp=episodic_mdps(gamma="1"))
def test_storm_reads_what_is_written(mdp):
    needs("stormpy")
    mdp = averaged(mdp)
    back = from_stormpy(to_stormpy(mdp))
    assert law(back, numbered=True) == law(mdp, numbered=True) or not ends(mdp)


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.AssumptionWarning")
@settings(max_examples=15)
@given(mdp=parametric_mdps())
def test_storm_reads_parameters(mdp):
    needs("stormpy")
    mdp = averaged(mdp)
    back = from_stormpy(to_stormpy(mdp))
    assert law(back, numbered=True) == law(mdp, numbered=True) or not ends(mdp)


def test_powers_bind_as_they_do_here(stormpy):
    """-w^2 is -(w^2), and a negative power is a division."""
    rows = [("s", "a", "end", 1, "-w^2 + 2/w^2 - 3*w^(-1)")]
    mdp = pgsym.MDP.from_transitions(rows, start="s", terminal=["end"], symbols={"w": "w > 0"})
    (reward,) = to_stormpy(mdp).reward_models["reward"].state_action_rewards[:1]
    assert sp.cancel(parse(str(reward)) - mdp.outcomes("s", "a")[0].r) == 0


@pytest.mark.parametrize("name", ["short-corridor", "random-walk-shared", "two-state", "machine-replacement"])
def test_the_same_solution_function(stormpy, name):
    """The expected reward until the end, with a discount as an exit, is one rational function for both."""
    problem = pgsym.zoo(name)
    mdp = problem.mdp.replace(start={next(iter(problem.mdp.start)): 1})
    chain, meaning = induced_chain(pgsym.Problem(mdp, problem.policy))
    model = to_stormpy(chain, discount="exit", average=True)
    (query,) = stormpy.parse_properties('R{"reward"}=? [F "terminal"]')
    found = parse(str(stormpy.model_checking(model, query).get_value(model.initial_states[0])))
    J = pgsym.solve(pgsym.Problem(mdp, problem.policy)).J
    assert sp.cancel(found.xreplace(meaning) - J) == 0


@pytest.mark.filterwarnings("ignore::pgsym.model.validate.AssumptionWarning")
def test_prism_program(program):
    mdp = load_prism(program)
    p = sp.Symbol("p")
    assert (mdp.states, mdp.terminal, mdp.start) == (("x=0", "x=1", "x=2"), {"x=2"}, {"x=0": 1})
    assert mdp.actions("x=0") == ("go", "jump")
    assert law(mdp)[0]["x=0", "go"] == {("x=0", 1): 1 - p, ("x=1", 1): p}
    assert pgsym.load(program).mdp == mdp
    assert load_prism(program, constants="p=1/4").outcomes("x=1", "go")[1].p == sp.Rational(1, 4)


def test_prism_raises_on_wrong_input(program, tmp_path, capfd):
    with pytest.raises(
        SchemaError, match=r"^walk\.prism: Storm refuses it \(.*constant 'q'\); a model that it can build"
    ):
        load_prism(program, constants="q=1")
    program.write_text(PROGRAM.replace("module walk", "modul walk"), encoding="utf-8")
    with pytest.raises(SchemaError, match=r"^walk\.prism: Storm refuses it \(.*Parsing error at 4:1"):
        load_prism(program)
    program.write_text(PROGRAM.replace("mdp", "ctmc"), encoding="utf-8")
    with pytest.raises(SchemaError, match=r"^walk\.prism: "):
        load_prism(program)
    message = f"{tmp_path / 'other.prism'}: cannot be read (no such file). Check the path"
    with pytest.raises(SchemaError, match=f"^{re.escape(message)}$"):
        load_prism(tmp_path / "other.prism")


def test_missing_stormpy_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "stormpy", None)
    (tmp_path / "walk.prism").write_text(PROGRAM, encoding="utf-8")
    message = "stormpy: it is not installed; PRISM programs need it. Install pgsym[neighbours]"
    with pytest.raises(MissingExtraError, match=f"^{re.escape(message)}$"):
        pgsym.load(tmp_path / "walk.prism")
