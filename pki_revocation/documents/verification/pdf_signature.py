"""The signature of a receipt's PDF: whether it is whole, and by whose key, as of the moment of its proof."""

import io
import logging
from collections.abc import Sequence
from datetime import datetime

from cryptography import x509

from pki_revocation.encoding.names import subject_text
from pki_revocation.host.extras import ExtraMissing, require_extra
from pki_revocation.proof.certificates import may_sign_documents

from .path import anchor_above, is_issued
from .verdict import Finding, Outcome

_NAME = "signature"


def signature_finding(
    pdf: bytes, anchors: Sequence[x509.Certificate], between: Sequence[x509.Certificate], moment: datetime
) -> Finding:
    """What the file's own signature says.

    Args:
        pdf: the receipt.
        anchors: the roots that are trusted.
        between: certificates that may stand between signer and root.
        moment: as of when the signer's certificate is checked.
    """
    try:
        require_extra("signatures", "Checking the signature")
    except ExtraMissing as error:
        return _finding(Outcome.NOT_CHECKED, "The PDF's signature was not checked: %(why)s", why=str(error))
    # What the library logs of a stranger's file would be the stranger's words in our log.
    logging.getLogger("pyhanko").setLevel(logging.CRITICAL)
    logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL)
    try:
        return _checked(pdf, anchors, between, moment)
    except Exception as error:  # noqa: BLE001 - a stranger's file: the library raises a dozen kinds, of several packages
        return _finding(Outcome.WRONG, "The PDF's signature cannot be read (%(why)s).", why=f"{type(error).__name__}")


def _checked(
    pdf: bytes, anchors: Sequence[x509.Certificate], between: Sequence[x509.Certificate], moment: datetime
) -> Finding:
    from pyhanko.pdf_utils.reader import PdfFileReader  # noqa: PLC0415 - 20 MiB, for what checks a receipt alone
    from pyhanko.sign.validation import validate_pdf_signature  # noqa: PLC0415 - as above
    from pyhanko_certvalidator import ValidationContext  # noqa: PLC0415 - as above

    signatures = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
    if not signatures:
        return _finding(Outcome.NOT_CHECKED, "The PDF is not signed; its attachments are.")
    # Whether the octets are those that were signed; whose key it was is looked at here, as for the other proofs: the
    # library knows no post-quantum signatures.
    context = ValidationContext(trust_roots=[], allow_fetching=False, moment=moment, revocation_mode="soft-fail")
    status = validate_pdf_signature(signatures[0], context)
    if not status.intact or not status.valid:
        return _finding(Outcome.WRONG, "The PDF was changed after it was signed.")
    if not status.docmdp_ok or len(signatures) > 1:
        return _finding(Outcome.WRONG, "Something was added to the PDF after it was signed.")
    signer = x509.load_der_x509_certificate(status.signing_cert.dump())
    embedded = [x509.load_der_x509_certificate(each.dump()) for each in signatures[0].other_embedded_certs]
    try:
        _refuse_stranger(signer, [*between, *embedded], anchors, moment)
    except ValueError as error:
        return _finding(
            Outcome.WRONG, "The PDF is signed by a key that is not the register's: %(why)s.", why=str(error)
        )
    return _finding(Outcome.OK, "The PDF is as %(signer)s signed it.", signer=subject_text(signer))


def _refuse_stranger(
    signer: x509.Certificate, between: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], moment: datetime
) -> None:
    """Refuse a signer that the CAs under these roots have not certified for documents."""
    issuer = next((each for each in (*between, *anchors) if is_issued(signer, each)), None)
    if issuer is None:
        raise ValueError("it does not lead to a root that you trust")
    anchor_above(issuer, between, anchors, moment)
    if not signer.not_valid_before_utc <= moment <= signer.not_valid_after_utc:
        raise ValueError("its certificate was not valid then")
    if not may_sign_documents(signer):
        # Any subscriber of the CA has a key with a certificate of its.
        raise ValueError("its certificate is not for signing documents")


def _finding(outcome: Outcome, message: str, **values: str) -> Finding:
    return Finding(check=_NAME, outcome=outcome, message=message, values=values)
