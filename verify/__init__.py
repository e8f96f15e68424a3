"""Decide whether a torch module is a gradient network, and prove it to a small kernel."""

from verify.counterexample import Counterexample, ReplayError
from verify.decide import assert_proved, check, decide
from verify.trusted.kernel import Rejected
from verify.verdict import Certificate, CertificateError, Reason, Verdict

__all__ = [
    "Certificate",
    "CertificateError",
    "Counterexample",
    "Reason",
    "Rejected",
    "ReplayError",
    "Verdict",
    "assert_proved",
    "check",
    "decide",
]
