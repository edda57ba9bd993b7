"""The gate: no CRL becomes public before another implementation has read it back and found nothing wrong.

It is held against what was planned, against the CRL that is public now, and entry by entry against the journal itself,
never against the entry store that it was made from. RFC 5280 sections 5.1 to 5.3; BR 7.2.
"""

import logging
from datetime import datetime, timedelta
from typing import cast

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

from keys.algorithms import algorithm_for
from pki_revocation.clock import iso
from pki_revocation.database import Database

from .builder import subject_name
from .comparison import compare_with_journal, compare_with_public
from .config import LONGEST_VALIDITY
from .entry_encodings import check_encodings
from .errors import UnreadableCrl
from .findings import Findings
from .numbering import NUMBER_LIMIT
from .plan import Plan
from .reading import Frame, ReadCrl, read_crl

_log = logging.getLogger(__name__)
_FIRST_GENERALIZED_YEAR = 2050
_EXPECTED_EXTENSIONS = (x509.AuthorityKeyIdentifier, x509.CRLNumber)


def inspect(data: bytes, plan: Plan, database: Database) -> ReadCrl:
    """Read a CRL back and hold it against its plan, the public one and the journal.

    Raises:
        CrlRejected: when there is a finding at error level.
    """
    findings = Findings()
    try:
        crl = read_crl(data)
        frame = crl.frame()
        _check_frame(frame, plan, findings)
        if not crl.is_signed_by(plan.issuer.certificate):
            findings.error("crl.signature", "The signature is not the issuer's over these bytes.")
        _check_this_update(crl, frame, plan, findings)
        _check_next_update(crl, frame, plan, findings)
        _check_extensions(crl, plan, findings)
        _check_number(crl.number, plan, findings)
        # What is not even signed right is not worth reading on.
        findings.raise_errors()
        check_encodings(frame.listed, findings)
        with database.read() as connection:
            compare_with_journal(connection, crl, plan, findings)
            compare_with_public(connection, crl, plan, findings)
    except UnreadableCrl as error:
        findings.error("crl.unreadable", str(error))
    findings.raise_errors()
    for finding in findings.listed:
        _log.warning("%s: CRL %d: %s: %s", plan.issuer.name, plan.number, finding.id, finding.message)
    return crl


def _check_frame(frame: Frame, plan: Plan, findings: Findings) -> None:
    if frame.version != "v2":
        findings.error("crl.version", f"The version is {frame.version}, not v2 (RFC 5280 section 5.1.2.1).")
    if frame.inner_algorithm != frame.outer_algorithm:
        findings.error("crl.algorithm.mismatch", "The inner and outer signature algorithms differ.")
    key = cast("CertificateIssuerPublicKeyTypes", plan.issuer.certificate.public_key())
    if frame.outer_algorithm != algorithm_for(key).identifier:
        findings.error(
            "crl.algorithm.encoding", "The signature algorithm is not the key's, byte for byte (BR 7.1.3.2)."
        )
    if frame.issuer != subject_name(plan.issuer.certificate_der):
        findings.error("crl.issuer", "The issuer is not the CA certificate's subject, byte for byte (BR 7.2).")
    if frame.has_list and not frame.listed:
        findings.error("crl.entries.empty-list", "An empty list must be left out (RFC 5280 section 5.1.2.6).")


def _check_this_update(crl: ReadCrl, frame: Frame, plan: Plan, findings: Findings) -> None:
    this_update = crl.this_update
    _check_time_type("thisUpdate", this_update, frame.time_types[0], findings)
    if this_update != plan.this_update:
        findings.error(
            "crl.this-update.unplanned", f"thisUpdate is {iso(this_update)}, planned was {iso(plan.this_update)}."
        )
    if this_update > plan.moment:
        findings.error("crl.this-update.future", f"thisUpdate {iso(this_update)} lies after {iso(plan.moment)}.")
    if plan.public is not None and this_update < plan.public.this_update:
        findings.error(
            "crl.this-update.backwards",
            f"thisUpdate {iso(this_update)} lies before the public CRL's {iso(plan.public.this_update)}.",
        )


def _check_next_update(crl: ReadCrl, frame: Frame, plan: Plan, findings: Findings) -> None:
    next_update = crl.next_update
    if next_update is None:
        findings.error("crl.next-update.missing", "nextUpdate is missing (RFC 5280 section 5.1.2.5).")
        return
    _check_time_type("nextUpdate", next_update, frame.time_types[1], findings)
    if next_update != plan.next_update:
        findings.error(
            "crl.next-update.unplanned", f"nextUpdate is {iso(next_update)}, planned was {iso(plan.next_update)}."
        )
    if next_update <= plan.moment:
        findings.error("crl.next-update.past", f"nextUpdate {iso(next_update)} is not after {iso(plan.moment)}.")
    # Both ends count: a validity of ten days ends one second before ten days are over.
    if next_update - crl.this_update >= LONGEST_VALIDITY + timedelta(seconds=1):
        findings.error("crl.next-update.too-far", f"nextUpdate {iso(next_update)} is over ten days away (BR 7.2).")
    public = None if plan.public is None else plan.public.next_update
    if public is not None and next_update < public:
        findings.warning(
            "crl.next-update.backwards",
            f"nextUpdate {iso(next_update)} lies before the public CRL's {iso(public)} (RFC 5280 section 5.1.2.5).",
        )


def _check_time_type(name: str, moment: datetime, found: str | None, findings: Findings) -> None:
    expected = "utc_time" if moment.year < _FIRST_GENERALIZED_YEAR else "general_time"
    if found != expected:
        findings.error("crl.time.type", f"{name} is a {found}, not a {expected} (RFC 5280 section 5.1.2.4).")


def _check_extensions(crl: ReadCrl, plan: Plan, findings: Findings) -> None:
    """AKI and CRLNumber alone, neither critical: a full CRL has no issuingDistributionPoint (BR 7.2.2.1)."""
    for extension in crl.extensions:
        if extension.critical or not isinstance(extension.value, _EXPECTED_EXTENSIONS):
            findings.error(
                "crl.extension.unexpected", f"The extension {extension.oid.dotted_string} has no place here as it is."
            )
    try:
        identifier = crl.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    except x509.ExtensionNotFound:
        findings.error("crl.aki", "The authorityKeyIdentifier is missing (RFC 5280 section 5.2.1).")
        return
    if identifier != x509.AuthorityKeyIdentifier(_subject_key_identifier(plan.issuer.certificate), None, None):
        findings.error("crl.aki", "The authorityKeyIdentifier is not the issuer's key identifier alone (BR 7.2.2).")


def _check_number(number: int | None, plan: Plan, findings: Findings) -> None:
    if number is None:
        findings.error("crl.number.missing", "The CRLNumber is missing (RFC 5280 section 5.2.3).")
        return
    if number != plan.number:
        findings.error("crl.number.unreserved", f"The CRLNumber is {number}, and {plan.number} was reserved.")
    if number >= NUMBER_LIMIT:
        findings.error("crl.number.too-large", "The CRLNumber is not below 2^159 (BR 7.2.2).")
    known = {
        "public": None if plan.public is None else plan.public.number,
        "recorded": None if plan.recorded is None else plan.recorded.number,
    }
    for name, other in known.items():
        if other is not None and number <= other:
            findings.error(
                f"crl.number.not-above-{name}", f"The CRLNumber {number} is not above {other}, the {name} one."
            )


def _subject_key_identifier(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        key = cast("CertificateIssuerPublicKeyTypes", certificate.public_key())
        return x509.SubjectKeyIdentifier.from_public_key(key).digest
