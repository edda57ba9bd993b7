"""What an operator does for a responder by hand: issue with the CA's key, or take what was signed elsewhere.

The audit trail says each, with the key's digest. Where the responder is registered it is recorded as if it had asked,
so that `delegate list` and `doctor` know of it, and the publisher gives none for that key.
"""

from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection

from keys.certificate_request import certificate_request
from keys.delegate_key_store import DelegateKeyStore
from keys.delegate_profile import accept_delegate
from keys.description import spki_sha256
from keys.enrolment import enrolment_key, public_half, sign_request
from keys.errors import UnusableKey
from keys.files.file_key import KEY_TYPES, replace_pair
from keys.identity import SigningIdentity
from keys.keyring import Keyring
from keys.signing_audit import SigningAudit
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.model import Issuer, serial_text
from pki_revocation.runtime.clock_keeping import open_clock

from .certificate import issue_delegate
from .requests import Responder, key_digest, record_given, responder_with_key


def folder_of(installation: Installation, issuer: Issuer) -> DelegateKeyStore:
    """Where this installation's responder keeps the keys that it makes.

    Raises:
        UnusableKey: when the configuration names no place.
    """
    folder = Keyring.open(installation, SystemClock()).delegates(issuer)
    if folder is None:
        raise UnusableKey(f"[keys.{issuer.name}] names no folder ocsp_delegates: there the responder keeps its keys.")
    return folder


def request_here(installation: Installation, issuer: Issuer) -> x509.CertificateSigningRequest:
    """Make a new key, unless one waits already, and give its request.

    Raises:
        KeyUnavailable: when token, PIN or passphrase is not there.
        UnusableKey: when nothing can be written.
    """
    folder = folder_of(installation, issuer)
    _, asked = _asked(folder)
    with installation.database() as database:
        audit = AuditTrail(open_clock(database))
        with database.write() as connection:
            detail = {"issuer": issuer.name, "delegated_spki_sha256": key_digest(asked).hex()}
            audit.record(connection, "delegate.requested", detail)
    return asked


def install_here(installation: Installation, issuer: Issuer, certificate: x509.Certificate) -> None:
    """Take the certificate of the key that waits for one.

    Raises:
        KeyUnavailable: when token, PIN or passphrase is not there.
        UnusableKey: when no key waits, the certificate is not what a responder must have, or no responder would use it.
    """
    folder = folder_of(installation, issuer)
    pending = folder.pending()
    if pending is None:
        raise UnusableKey(
            f"No key in {folder.path} waits for a certificate: make one with 'pki-revocation keys delegate request'."
        )
    name, asked = pending
    with installation.database() as database:
        clock = open_clock(database)
        accept_delegate(folder.location(name).load(), certificate, issuer=issuer.certificate, now=clock.now())
        folder.refuse_unless_last(certificate.not_valid_after_utc, clock.now())
        detail = {"issuer": issuer.name, "delegated_spki_sha256": key_digest(asked).hex()} | _of(certificate)
        with database.write() as connection:
            _record_given(connection, issuer, folder, asked, certificate, clock.now())
            AuditTrail(clock).record(connection, "delegate.installed", detail)
            # Last, so that what is not recorded is not installed.
            folder.install(name, certificate)


def issue_here(
    installation: Installation, issuer: Issuer, *, lifetime: timedelta, key_type: str
) -> tuple[x509.Certificate, Path]:
    """Issue a certificate with the CA's key of this installation, into its folder of delegates or its two files."""
    with installation.database() as database:
        clock = open_clock(database)
        keyring = Keyring.open(installation, clock)
        folder = keyring.delegates(issuer)
        signing_audit = SigningAudit(database=database, audit=AuditTrail(clock))
        if folder is None:
            location, path = keyring.ocsp_files(issuer)
            location.new_passphrase()
            # Before a key is made: where the CA's cannot be opened, nothing is left behind.
            authority = keyring.crl_identity(issuer)
            key = KEY_TYPES[key_type]()
            detail = _intended(issuer, authority, key.public_key(), lifetime)
            with signing_audit.record("delegate", detail) as result:
                certificate = issue_delegate(authority, key.public_key(), now=clock.now(), lifetime=lifetime)
                result.update(_of(certificate))
                replace_pair(key, location, certificate.public_bytes(Encoding.PEM), path)
            return certificate, path
        authority = keyring.crl_identity(issuer)
        end = min(clock.now() + lifetime, authority.certificate.not_valid_after_utc)
        folder.refuse_unless_last(end, clock.now())
        name, asked = _asked(folder)
        detail = _intended(issuer, authority, _public(asked), lifetime)
        with database.read() as connection:
            me = _registered(connection, issuer, folder)
        if me is not None:
            detail["responder"] = me.name
        with signing_audit.record("delegate", detail) as result:
            certificate = issue_delegate(authority, _public(asked), now=clock.now(), lifetime=lifetime)
            result.update(_of(certificate))
            with database.write() as connection:
                _record_given(connection, issuer, folder, asked, certificate, clock.now())
                folder.install(name, certificate)
        return certificate, folder.path


def _intended(
    issuer: Issuer, authority: SigningIdentity, key: CertificateIssuerPublicKeyTypes, lifetime: timedelta
) -> dict[str, object]:
    return {
        "issuer": issuer.name,
        "days": lifetime.days,
        "delegated_spki_sha256": spki_sha256(key),
        "key": authority.subject_key_identifier.hex(),
    }


def _of(certificate: x509.Certificate) -> dict[str, object]:
    """What the audit trail says of a certificate."""
    return {"serial": serial_text(certificate.serial_number), "until": iso(certificate.not_valid_after_utc)}


def _record_given(
    connection: Connection,
    issuer: Issuer,
    folder: DelegateKeyStore,
    asked: x509.CertificateSigningRequest,
    certificate: x509.Certificate,
    now: datetime,
) -> None:
    """Record it as a registered responder's own request: the publisher then issues none for the same key."""
    me = _registered(connection, issuer, folder)
    if me is not None:
        der = asked.public_bytes(Encoding.DER)
        signature = sign_request(enrolment_key(folder.enrolment), issuer.certificate, der)
        record_given(connection, me, der, signature, digest=key_digest(asked), certificate=certificate, now=now)


def _registered(connection: Connection, issuer: Issuer, folder: DelegateKeyStore) -> Responder | None:
    """The responder that keeps its keys here, where it may ask for certificates."""
    if not folder.enrolment.path.exists():
        return None
    return responder_with_key(connection, issuer, public_half(enrolment_key(folder.enrolment)))


def _asked(folder: DelegateKeyStore) -> tuple[str, x509.CertificateSigningRequest]:
    """The key that waits for its certificate, made when there is none."""
    pending = folder.pending()
    if pending is None:
        folder.begin(lambda location: certificate_request(location.load(), "CN=OCSP responder"))
        pending = folder.pending()
    if pending is None:
        raise UnusableKey(f"The request that was written to {folder.path} is gone: run the command again.")
    return pending


def _public(asked: x509.CertificateSigningRequest) -> CertificateIssuerPublicKeyTypes:
    return asked.public_key()  # type: ignore[return-value] # it was made here, of a type that signs
