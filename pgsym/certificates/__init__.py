"""Certificates: proofs that an independent kernel checks."""

from pgsym.certificates.certificate import Certificate as Certificate
from pgsym.certificates.certificate import certify as certify
from pgsym.certificates.kernel import Answer as Answer
from pgsym.certificates.kernel import Check as Check
from pgsym.certificates.kernel import coqc as coqc
