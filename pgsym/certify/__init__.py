"""Certificates: proofs that an independent kernel checks."""

from pgsym.certify.certificate import Certificate as Certificate
from pgsym.certify.certificate import certify as certify
from pgsym.certify.kernel import Answer as Answer
from pgsym.certify.kernel import Check as Check
from pgsym.certify.kernel import coqc as coqc
