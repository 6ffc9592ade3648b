"""Claims about every finite MDP, of any number of states and actions: proofs with certificates, and corrections."""

from pgsym.prover.discovery import conjecture as conjecture
from pgsym.prover.general import prove as prove
from pgsym.prover.general import refute as refute
from pgsym.prover.verdict import GeneralVerdict as GeneralVerdict
