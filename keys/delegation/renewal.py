"""The responder's side of delegation: a new key at each renewal, asked for by a row, and old keys destroyed.

`poll` does one step of whatever is due and is called every second or so; everything that it knows is in the folder
and in the database, so that a responder which was stopped at any point continues from there.
"""

import logging
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy.exc import IntegrityError

from keys.certificate_request import certificate_request
from keys.delegate_key_store import Delegate, DelegateKeyStore
from keys.delegate_profile import accept_delegate
from keys.enrolment import enrolment_key, public_half, sign_request
from keys.errors import UnusableKey
from keys.key_location import KeyLocation
from pki_revocation.clock import Clock, iso
from pki_revocation.database.engine import Database
from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.model import Issuer

from .requests import DelegateRequest, Responder, key_digest, request_for, responder_with_key, submit

_log = logging.getLogger(__name__)
# A worker takes a new key up within seconds, unless it is stuck or cannot reach its token.
_RELOADED_WITHIN = timedelta(minutes=1)
# After a refusal: what was wrong is not put right within a minute.
_AFTER_REFUSAL = timedelta(hours=1)


class DelegateRenewal:
    """For one issuer and one folder, of which one process takes care."""

    def __init__(self, *, issuer: Issuer, folder: DelegateKeyStore, database: Database, clock: Clock) -> None:
        """Look after the keys in *folder*, for one issuer; nothing is read yet."""
        self.issuer = issuer
        self._folder = folder
        self._database = database
        self._clock = clock
        # Since when a key that another one follows is locked all the same, and whether that was logged.
        self._lock: dict[str, tuple[datetime, bool]] = {}
        self.trouble: str | None = None

    def poll(self) -> None:
        """Do what is due; `trouble` says afterwards in a sentence what keeps the next certificate away.

        Raises:
            KeyUnavailable: when token, PIN or passphrase is not there.
            UnusableKey: when the folder cannot be used.
            StoreError: when the database does not answer.
        """
        now = self._clock.now()
        current = self._folder.current(now)
        self._retire(current, now)
        if current is not None and now < current.renewal_at:
            self.trouble = None
            return
        pending = self._folder.pending()
        if pending is None:
            self._folder.begin(self._request)
            pending = self._folder.pending()
            if pending is None:
                return
        self._follow(*pending, now)

    def _request(self, location: KeyLocation) -> x509.CertificateSigningRequest:
        return certificate_request(location.load(), "CN=OCSP responder")

    def _follow(self, name: str, request: x509.CertificateSigningRequest, now: datetime) -> None:
        """Ask for the pending key's certificate, or take what came."""
        key = enrolment_key(self._folder.enrolment)
        with self._database.read() as connection:
            me = responder_with_key(connection, self.issuer, public_half(key))
            asked = request_for(connection, key_digest(request))
        if asked is not None and asked.certificate is not None:
            self._install(name, asked.certificate)
        elif asked is not None and asked.refusal is not None:
            self._refused(name, asked, now)
        elif asked is not None:
            # One sentence for as long as it lasts: each new one is a line in the log.
            late = now - asked.requested_at > timedelta(minutes=5)
            self.trouble = f"The publisher has not answered since {iso(asked.requested_at)}." if late else None
        elif me is None:
            self.trouble = (
                "This responder is not registered: run 'pki-revocation keys delegate register', or renew by "
                "'keys delegate request' and 'keys delegate install'."
            )
        else:
            der = request.public_bytes(Encoding.DER)
            self._submit(me, der, sign_request(key, self.issuer.certificate, der), key_digest(request), now)

    def _submit(self, me: Responder, request: bytes, signature: bytes, digest: bytes, now: datetime) -> None:
        try:
            with self._database.write() as connection:
                submit(connection, me, request, signature, digest=digest, now=now)
        except IntegrityError:
            self.trouble = "Another request of this responder waits: does a second one run with the same enrolment key?"
        else:
            _log.info("%s: asked for the next certificate of this responder", self.issuer.name)

    def _install(self, name: str, der: bytes) -> None:
        location = self._folder.location(name)
        try:
            certificate = x509.load_der_x509_certificate(der)
            accept_delegate(location.load(), certificate, issuer=self.issuer.certificate, now=self._clock.now())
        except UnusableKey as error:
            self.trouble = f"The certificate that came cannot be used: {error}"
            return
        except (ValueError, x509.InvalidVersion) as error:
            self.trouble = f"The certificate that came cannot be read: {plain_cause(error)}."
            return
        self._folder.install(name, certificate)
        self.trouble = None
        _log.info("%s: a new certificate is here, until %s", self.issuer.name, iso(certificate.not_valid_after_utc))

    def _refused(self, name: str, asked: DelegateRequest, now: datetime) -> None:
        self.trouble = f"The publisher refused: {asked.refusal}"
        if asked.answered_at is not None and now - asked.answered_at >= _AFTER_REFUSAL:
            self._folder.destroy(name)

    def _retire(self, current: Delegate | None, now: datetime) -> None:
        """Destroy keys that another one follows, once no process holds them or their certificates have ended."""
        for name in self._folder.leftovers():
            self._folder.destroy(name)
        if current is None:
            return
        for each in self._folder.delegates():
            if each.name == current.name:
                continue
            if now >= each.certificate.not_valid_after_utc:
                self._folder.destroy(each.name)
            elif not self._folder.destroy_unless_locked(each.name):
                self._report_locked(each, now)
                continue
            self._lock.pop(each.name, None)
            _log.info("%s: the key that the new one follows is destroyed", self.issuer.name)

    def _report_locked(self, old: Delegate, now: datetime) -> None:
        since, said = self._lock.setdefault(old.name, (now, False))
        if not said and now - since >= _RELOADED_WITHIN:
            self._lock[old.name] = (since, True)
            _log.warning(
                "%s: the key %s is not destroyed yet, because a process has not loaded the one that follows it; it "
                "is when that has, has ended, or at %s",
                self.issuer.name,
                old.name,
                iso(old.certificate.not_valid_after_utc),
            )
