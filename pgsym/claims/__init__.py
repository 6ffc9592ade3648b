"""Statements about an MDP: trees, their meaning in every field, and verdicts."""

from pgsym.claims.decide import Decision as Decision
from pgsym.claims.theorem import policy_gradient_theorem as policy_gradient_theorem
from pgsym.claims.tree import Equal as Equal
from pgsym.claims.verdict import Status as Status
from pgsym.claims.verdict import Verdict as Verdict
from pgsym.claims.verdict import Witness as Witness
from pgsym.claims.verify import verify as verify
