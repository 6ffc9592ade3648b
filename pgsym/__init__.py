"""Exact policy gradients of finite Markov decision processes.

A model, a policy with parameters theta and an objective give J(theta) as a closed form, its gradient, and a
decision whether the policy gradient theorem gives that gradient, for every theta at once:

>>> import pgsym
>>> pgsym.solve("short-corridor").at(theta=0).J
-12
>>> print(pgsym.verify("short-corridor"))
proved: grad J == sum[s] eta(s) * sum[a] grad pi(a|s) * Q(s,a)
  by normal form

Names load on first use, so that ``import pgsym`` costs nothing.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING as _TYPE_CHECKING

if _TYPE_CHECKING:
    from pgsym.ascent import Ascent as Ascent
    from pgsym.ascent import ascend as ascend
    from pgsym.auditing import AuditResult as AuditResult
    from pgsym.auditing import CrossCheck as CrossCheck
    from pgsym.auditing import assert_unbiased as assert_unbiased
    from pgsym.auditing import audit as audit
    from pgsym.auditing import cross_check as cross_check
    from pgsym.certificates import certify as certify
    from pgsym.claims import Derivation as Derivation
    from pgsym.claims import Script as Script
    from pgsym.claims import Theorem as Theorem
    from pgsym.claims import Verdict as Verdict
    from pgsym.claims import decide as decide
    from pgsym.claims import derive as derive
    from pgsym.claims import theorem as theorem
    from pgsym.claims import theorem_names as theorem_names
    from pgsym.claims import verify as verify
    from pgsym.claims.sharp_constant import SharpestConstant as SharpestConstant
    from pgsym.claims.sharp_constant import sharpen as sharpen
    from pgsym.comparison import EstimatorComparison as EstimatorComparison
    from pgsym.comparison import compare as compare
    from pgsym.errors import PgsymError as PgsymError
    from pgsym.estimators.moments import EstimatorLaw as EstimatorLaw
    from pgsym.estimators.moments import moments as moments
    from pgsym.exact import OptimalRegions as OptimalRegions
    from pgsym.exact import Optimum as Optimum
    from pgsym.exact import Solution as Solution
    from pgsym.exact import optimal as optimal
    from pgsym.exact import solve as solve
    from pgsym.exact.float_mdp import FloatMDP as FloatMDP
    from pgsym.exact.float_solution import FloatSolution as FloatSolution
    from pgsym.interchange.environments import to_gymnasium as to_gymnasium
    from pgsym.interchange.environments import to_jax as to_jax
    from pgsym.interchange.functions import function as function
    from pgsym.interchange.toolboxes import from_pymdptoolbox as from_pymdptoolbox
    from pgsym.interchange.toolboxes import from_quantecon as from_quantecon
    from pgsym.interchange.toolboxes import to_pymdptoolbox as to_pymdptoolbox
    from pgsym.interchange.toolboxes import to_quantecon as to_quantecon
    from pgsym.model.drawing.svg import svg as svg
    from pgsym.model.files.storm import from_stormpy as from_stormpy
    from pgsym.model.files.storm import from_stormvogel as from_stormvogel
    from pgsym.model.files.storm import load_prism as load_prism
    from pgsym.model.files.storm import to_stormpy as to_stormpy
    from pgsym.model.files.storm import to_stormvogel as to_stormvogel
    from pgsym.model.formats import load as load
    from pgsym.model.formats import save as save
    from pgsym.model.mdp import MDP as MDP
    from pgsym.model.objective import Objective as Objective
    from pgsym.model.policies import direct_policy as direct_policy
    from pgsym.model.policies import mixture as mixture
    from pgsym.model.policies import sigmoid as sigmoid
    from pgsym.model.policies import softmax_policy as softmax_policy
    from pgsym.model.policies import tabular as tabular
    from pgsym.model.policy import Policy as Policy
    from pgsym.model.problem import Problem as Problem
    from pgsym.model.reductions import induced_chain as induced_chain
    from pgsym.model.token_tree import token_tree as token_tree
    from pgsym.model.zoo import zoo as zoo
    from pgsym.model.zoo import zoo_names as zoo_names
    from pgsym.model.zoo.constructed import generic_mdp as generic_mdp
    from pgsym.prover import GeneralVerdict as GeneralVerdict
    from pgsym.prover import conjecture as conjecture
    from pgsym.prover import prove as prove
    from pgsym.prover import refute as refute
    from pgsym.reports.page import report as report
    from pgsym.sampling import Estimate as Estimate
    from pgsym.sampling import estimate as estimate
    from pgsym.study import run_study as run_study

__version__ = "0.1.0"

_NAMES = {
    "pgsym.ascent": "Ascent ascend",
    "pgsym.auditing": "AuditResult CrossCheck assert_unbiased audit cross_check",
    "pgsym.certificates": "certify",
    "pgsym.claims": "Derivation Script Theorem Verdict decide derive theorem theorem_names verify",
    "pgsym.claims.sharp_constant": "SharpestConstant sharpen",
    "pgsym.comparison": "EstimatorComparison compare",
    "pgsym.errors": "PgsymError",
    "pgsym.estimators.moments": "EstimatorLaw moments",
    "pgsym.exact": "OptimalRegions Optimum Solution optimal solve",
    "pgsym.exact.float_mdp": "FloatMDP",
    "pgsym.exact.float_solution": "FloatSolution",
    "pgsym.interchange.environments": "to_gymnasium to_jax",
    "pgsym.interchange.functions": "function",
    "pgsym.interchange.toolboxes": "from_pymdptoolbox from_quantecon to_pymdptoolbox to_quantecon",
    "pgsym.model.drawing.svg": "svg",
    "pgsym.model.files.storm": "from_stormpy from_stormvogel load_prism to_stormpy to_stormvogel",
    "pgsym.model.formats": "load save",
    "pgsym.model.mdp": "MDP",
    "pgsym.model.objective": "Objective",
    "pgsym.model.policies": "direct_policy mixture sigmoid softmax_policy tabular",
    "pgsym.model.policy": "Policy",
    "pgsym.model.problem": "Problem",
    "pgsym.model.reductions": "induced_chain",
    "pgsym.model.token_tree": "token_tree",
    "pgsym.model.zoo": "zoo zoo_names",
    "pgsym.model.zoo.constructed": "generic_mdp",
    "pgsym.prover": "GeneralVerdict conjecture prove refute",
    "pgsym.reports.page": "report",
    "pgsym.sampling": "Estimate estimate",
    "pgsym.study": "run_study",
}
"""The public names by the module where they live."""

_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    """The public name, from the module where it lives (PEP 562)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names alone."""
    return sorted([*__all__, "__version__"])
