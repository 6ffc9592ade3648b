"""Certificates: proofs that an independent kernel checks."""

from pgsym.certificates.certificate import Certificate as Certificate
from pgsym.certificates.certificate import certify as certify
from pgsym.certificates.every_mdp import certify_every_mdp as certify_every_mdp
from pgsym.certificates.kernel import Answer as Answer
from pgsym.certificates.kernel import Check as Check
from pgsym.certificates.kernel import coqc as coqc
