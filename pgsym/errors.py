"""Every exception that pgsym raises, as one tree.

    PgsymError
    ├── ModelError                      the input is not an MDP, or not a policy for it
    │   ├── FormulaError                text that is not a formula, or a formula of the wrong kind
    │   ├── ClaimError                  text that is not a claim, or a claim that makes no sense for this model
    │   │   └── NotReadError            a formula of a note that is not read
    │   ├── SchemaError                 an entry of a model file is missing, misspelt or mistyped
    │   ├── NotStochasticError          probabilities that do not sum to exactly 1
    │   ├── ProbabilityRangeError       a probability outside [0, 1]
    │   ├── StructureError              unknown, duplicate, dead-end or contradictory states
    │   ├── NameCollisionError          one name for two different things
    │   └── PolicyError                 a policy that does not fit the MDP
    │       └── ZeroProbabilityError    pi(a|s) = 0 at this theta although its derivative is not
    ├── HypothesisError                 a theorem or objective needs what this model does not have
    │   ├── NotUnichainError            two or more recurrent classes
    │   ├── ImproperPolicyError         gamma = 1 and termination is not certain
    │   ├── DiscountError               gamma outside what the objective allows
    │   └── UndefinedQuantityError      the objective does not define this quantity
    ├── AlgebraError                    exact arithmetic cannot continue
    │   ├── NotInFieldError             an expression that is not a rational function of the generators
    │   ├── SingularMatrixError         a linear system without a unique solution
    │   └── TooLargeError               the closed form would not fit the budget
    ├── CertificateError                a proof that pgsym does not write, or that could not be checked
    │   └── MissingCoqError             Coq or its library Coquelicot is not installed
    ├── SamplingError                   a Monte Carlo request that makes no sense
    ├── AscentError                     a request for gradient ascent that makes no sense
    ├── StudyError                      a study that cannot be run, resumed or read
    └── MissingExtraError               an optional package is not installed

A message reads ``<where>: <found, with its number>; <required>. <remedy>.``  ``where`` is also kept as
an attribute, so that a program can point at the place.
"""

from __future__ import annotations

import importlib
from typing import Any


class PgsymError(Exception):
    """Base class; ``where`` names the place (a state-action pair, a file entry, a parameter...).

    See Also
    --------
    pgsym.errors : The tree of all errors.
    """

    def __init__(self, message: str, *, where: Any = None) -> None:
        self.message = _shown(message)
        self.where = where
        place = _shown(where if isinstance(where, str) else repr(where))
        super().__init__(self.message if where is None else f"{place}: {self.message}")


_HALF = 800


def _shown(text: str) -> str:
    """Halves of characters, which no encoding has, are escaped; of long names and formulas the middle is left out."""
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= 2 * _HALF else f"{text[:_HALF]} ... {text[-_HALF:]}"


class ModelError(PgsymError):
    """The input is not an MDP, or not a policy for it."""


class FormulaError(ModelError):
    """Text that is not a formula, or a formula of the wrong kind."""


class ClaimError(ModelError):
    """Text that is not a claim, or a claim that makes no sense for this model.

    ``at`` is the place in the claim's text, where it is known.
    """

    def __init__(self, message: str, *, where: Any = None, at: int | None = None) -> None:
        self.at = at
        super().__init__(message, where=where)


class NotReadError(ClaimError):
    """A formula of a note that is not read; ``at`` is its place in the formula, ``place`` that in the note."""

    def __init__(self, message: str, at: int) -> None:
        self.place: int | None = None
        super().__init__(message, at=at)


class SchemaError(ModelError):
    """An entry of a model file is missing, misspelt or mistyped."""


class NotStochasticError(ModelError):
    """Probabilities that do not sum to exactly 1."""


class ProbabilityRangeError(ModelError):
    """A probability outside [0, 1]."""


class StructureError(ModelError):
    """Unknown, duplicate, dead-end or contradictory states."""


class NameCollisionError(ModelError):
    """One name for two different things."""


class PolicyError(ModelError):
    """A policy that does not fit the MDP."""


class ZeroProbabilityError(PolicyError):
    """pi(a|s) = 0 at this theta although its derivative is not: the score form loses it."""


class HypothesisError(PgsymError):
    """A theorem or an objective needs what this model does not have."""


class NotUnichainError(HypothesisError):
    """Two or more recurrent classes: no unique stationary distribution."""


class ImproperPolicyError(HypothesisError):
    """gamma = 1 and some reachable state does not terminate with probability 1."""


class DiscountError(HypothesisError):
    """gamma outside what the objective allows."""


class UndefinedQuantityError(HypothesisError):
    """The objective does not define this quantity."""


class AlgebraError(PgsymError):
    """Exact arithmetic cannot continue."""


class NotInFieldError(AlgebraError):
    """An expression that is not a rational function of the field's generators."""


class SingularMatrixError(AlgebraError):
    """A linear system without a unique solution."""


class TooLargeError(AlgebraError):
    """The closed form would not fit the budget; the message says what to use instead."""


class CertificateError(PgsymError):
    """A certificate that pgsym does not write, or one that could not be checked."""


class MissingCoqError(CertificateError):
    """Coq or its library Coquelicot is not installed: there is no kernel to ask."""


class SamplingError(PgsymError):
    """A Monte Carlo request that makes no sense."""


class EstimateError(SamplingError):
    """What the code that is audited returned is no gradient; `batch` is the batch that it was given."""

    batch: Any = None


class AscentError(PgsymError):
    """A request for gradient ascent that makes no sense."""


class StudyError(PgsymError):
    """A study that cannot be run, resumed or read."""


class PlaygroundError(PgsymError):
    """The playground cannot be written: something could not be fetched or compiled."""


class MissingExtraError(PgsymError):
    """An optional package is not installed."""


def optional(module: str, extra: str, what: str) -> Any:
    """The module of an optional package, which pgsym's `extra` installs; `what`, in the plural, needs it.

    >>> optional("json", "gym", "tests").loads("1")
    1
    >>> optional("no_such_package.part", "gym", "tests")
    Traceback (most recent call last):
      ...
    pgsym.errors.MissingExtraError: no_such_package: it is not installed; tests need it. Install pgsym[gym]
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtraError(f"it is not installed; {what} need it. Install pgsym[{extra}]", where=package) from None
    except SyntaxError as error:
        raise MissingExtraError(
            f"this Python cannot read it ({error.msg}); {what} need it. Use a newer Python", where=package
        ) from None
