"""Statements about an MDP: the claim language, verdicts, theorems and derivations."""

from pgsym.claims.catalogue import Theorem as Theorem
from pgsym.claims.catalogue import theorem as theorem
from pgsym.claims.catalogue import theorem_names as theorem_names
from pgsym.claims.counterexample import Witness as Witness
from pgsym.claims.decide import Decision as Decision
from pgsym.claims.decide import decide as decide
from pgsym.claims.derivation import Derivation as Derivation
from pgsym.claims.derivation import derive as derive
from pgsym.claims.language import Claim as Claim
from pgsym.claims.language import Statement as Statement
from pgsym.claims.language import equal as equal
from pgsym.claims.language import parse as parse
from pgsym.claims.script import Script as Script
from pgsym.claims.verdict import Status as Status
from pgsym.claims.verdict import Verdict as Verdict
from pgsym.claims.verify import policy_gradient_theorem as policy_gradient_theorem
from pgsym.claims.verify import verify as verify
from pgsym.trust import Level as Level
from pgsym.trust import Trust as Trust
