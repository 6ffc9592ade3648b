"""Claims about every finite MDP, of any number of states and actions: proofs with certificates, and corrections."""

from pgsym.prover.prove import GeneralVerdict as GeneralVerdict
from pgsym.prover.prove import prove as prove
