"""The CA's side of delegation: gives registered responders their certificates, of one profile and at a bounded rate.

Of a request the public key counts and nothing else: names, extensions and times are the CA's.
"""

import logging
from datetime import timedelta
from typing import cast

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

from keys.algorithms import algorithms_for
from keys.enrolment import is_signed
from keys.errors import UnusableKey
from keys.identity import SigningIdentity
from keys.keyring import Keyring
from keys.signing_audit import SigningAudit, begun_since
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.host.failpoints import reach
from pki_revocation.model import Issuer, serial_text

from .certificate import issue_delegate
from .requests import DelegateRequest, grant, key_digest, refuse, waiting

_log = logging.getLogger(__name__)
# One in half a lifetime is what a responder needs; some more where it lost its keys, or is set up.
MOST_IN_A_DAY = 4
_DAY = timedelta(days=1)


class RequestRefused(Exception):
    """A request that gets no certificate, and why."""


class DelegateIssuer:
    """Issues the delegated OCSP certificates that responders have asked for."""

    def __init__(self, *, database: Database, clock: Clock, keyring: Keyring, signing_audit: SigningAudit) -> None:
        """*signing_audit* audits each use of the CA's key."""
        self._database = database
        self._clock = clock
        self._keyring = keyring
        self._signing_audit = signing_audit

    def answer(self, issuer: Issuer) -> int:
        """Answer every request that waits for an issuer; how many that were.

        Raises:
            KeyUnavailable: when the CA's key is not there now; they go on waiting.
            UnusableKey: when it cannot issue certificates.
            StoreError: when the database does not answer.
        """
        with self._database.read() as connection:
            asked = waiting(connection, issuer)
        for each in asked:
            try:
                key = self._examined(issuer, each)
            except RequestRefused as refused:
                _log.error("%s: no certificate for the responder %s: %s", issuer.name, each.responder.name, refused)
                with self._database.write() as connection:
                    refuse(connection, each, str(refused), self._clock.now())
            else:
                self._issue(issuer, each, key, self._keyring.crl_identity(issuer))
        return len(asked)

    def _examined(self, issuer: Issuer, asked: DelegateRequest) -> CertificateIssuerPublicKeyTypes:
        """The public key to certify, once the request has passed every check.

        Raises:
            RequestRefused: when it is not that responder's request, or one too many.
        """
        # A responder that has not yet heard of a renewal asked under the certificate before it.
        if not any(
            is_signed(asked.responder.public_key, asked.signature, each, asked.request) for each in issuer.certificates
        ):
            raise RequestRefused("The row was not written by that responder: its enrolment key did not sign it.")
        try:
            request = x509.load_der_x509_csr(asked.request)
            proven = request.is_signature_valid
            key = cast("CertificateIssuerPublicKeyTypes", request.public_key())
            algorithms_for(key)
        except (ValueError, x509.InvalidVersion, InvalidSignature, UnsupportedAlgorithm, UnusableKey) as error:
            raise RequestRefused(f"The request cannot be used: {plain_cause(error)}.") from error
        if not proven:
            raise RequestRefused("The request is not signed with the key that it is for.")
        since, name = self._clock.now() - _DAY, asked.responder.name
        with self._database.read() as connection:
            recent = begun_since(connection, "delegate", since, issuer=issuer.name, responder=name)
        if recent >= MOST_IN_A_DAY:
            raise RequestRefused(f"{recent} certificates were made for it within a day, and more are not given.")
        return key

    def _issue(
        self,
        issuer: Issuer,
        asked: DelegateRequest,
        key: CertificateIssuerPublicKeyTypes,
        authority: SigningIdentity,
    ) -> None:
        lifetime = self._keyring.delegate_lifetime(issuer)
        detail = {
            "issuer": issuer.name,
            "responder": asked.responder.name,
            "request": asked.id,
            "delegated_spki_sha256": key_digest(x509.load_der_x509_csr(asked.request)).hex(),
            "key": authority.subject_key_identifier.hex(),
        }
        with self._signing_audit.record("delegate", detail) as result:
            certificate = issue_delegate(authority, key, now=self._clock.now(), lifetime=lifetime)
            result["serial"] = serial_text(certificate.serial_number)
            result["until"] = iso(certificate.not_valid_after_utc)
            reach("delegate.signed")
            with self._database.write() as connection:
                grant(connection, asked, certificate, self._clock.now())
        _log.info(
            "%s: the responder %s got a certificate until %s",
            issuer.name,
            asked.responder.name,
            iso(certificate.not_valid_after_utc),
        )
