"""Subscribers for tests: a registered certificate, its number, and the code that stands in the letter."""

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import insert

from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier, new_code
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.model import IssuedCertificate, Issuer
from pki_revocation.register.certificate_keys import hashes_of_certificate, record_keys
from pki_revocation.register.certificates import certificate_with_number, deal_numbers
from pki_revocation.register.live_codes import store_codes


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """What a subscriber holds: the certificate, and the letter's number and code."""

    certificate: IssuedCertificate
    number: str
    code: str


def enrol(
    database: Database, issuer: Issuer, certificate: x509.Certificate, clock: Clock, verifier: CodeVerifier
) -> Subscriber:
    """Register a certificate, deal it a number, and make its code."""
    organisation = certificate.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    code = new_code(verifier.scheme)
    with database.write() as connection:
        (number,) = deal_numbers(connection, 1)
        connection.execute(
            insert(certificates).values(
                issuer_id=issuer.id,
                serial=certificate.serial_number,
                subject=certificate.subject.rfc4514_string(),
                organisation=str(organisation[0].value) if organisation else "",
                not_before=certificate.not_valid_before_utc,
                not_after=certificate.not_valid_after_utc,
                number=number,
                der=certificate.public_bytes(Encoding.DER),
                imported_at=clock.now(),
            )
        )
        der = certificate.public_bytes(Encoding.DER)
        record_keys(connection, issuer.id, {certificate.serial_number: hashes_of_certificate(der)})
        stored = certificate_with_number(connection, number)
        if stored is None:
            raise AssertionError(number)
        store_codes(
            connection,
            [(stored.id, verifier.store(number=number, code=code))],
            pepper_id=verifier.pepper.id,
            clock=clock,
        )
    return Subscriber(certificate=stored, number=number, code=code)
