"""The whole check of a receipt, as the command and the page have it."""

from collections.abc import Sequence

from cryptography import x509

from .package import open_package
from .pdf_signature import signature_finding
from .proofs import ProofChecker
from .verdict import Verdict


def verify_receipt(
    octets: bytes, anchors: Sequence[x509.Certificate], stamp_anchors: Sequence[x509.Certificate] = ()
) -> Verdict:
    """Check a receipt as it was downloaded, PDF or zip, as of the moment when its proof was signed.

    Args:
        octets: the file.
        anchors: the roots that the checker trusts, from elsewhere than the receipt.
        stamp_anchors: those of time-stamp services; without any, the time stamp is not checked.

    Raises:
        NoReceipt: for what is none at all.
        ExtraMissing: where the packages that read PDFs are not installed.
    """
    package = open_package(octets)
    checker = ProofChecker(package.files, anchors, stamp_anchors)
    findings = [*checker.findings()]
    moments = [each.as_of for each in checker.proven]
    if package.pdf is not None and moments:
        findings.append(signature_finding(package.pdf, anchors, checker.between, moments[0]))
    return Verdict(findings=tuple(findings), proven=bool(checker.proven))
