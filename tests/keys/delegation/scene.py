"""A CA and a responder whose keys roll, in one process and by a clock that a test moves."""

import os
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import insert, select

from keys.config import KeySettings, KeyType
from keys.delegate_identity import identity_in
from keys.delegate_key_store import DelegateKeyStore
from keys.delegation.issuing import DelegateIssuer
from keys.delegation.renewal import DelegateRenewal
from keys.delegation.requests import register_responder
from keys.enrolment import enrolment_key, public_half, sign_request
from keys.files.file_key import save_key
from keys.identity import SigningIdentity
from keys.key_location import TokenKey
from keys.keyring import Keyring
from keys.signing_audit import SigningAudit
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import delegate_requests, delegate_responders
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import add_issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

LIFETIME = timedelta(days=14)


class Scene:
    """A CA, its publisher's job, and one responder."""

    def __init__(self, folder: Path, database: Database, clock: FakeClock, token: TokenKey | None = None) -> None:
        """The responder is registered."""
        self.database = database
        self.clock = clock
        self.authority = authority = CertificateAuthority("Demo Zorgverzekeraars CA")
        save_key(authority.key, folder / "ca.key")
        with database.write() as connection:
            self.issuer: Issuer = add_issuer(
                connection, name="issuing", certificate=authority.certificate, is_default=True, clock=clock
            )
        settings = {"issuing": KeySettings(crl_key="ca.key", unencrypted=True)}
        self.issuing = DelegateIssuer(
            database=database,
            clock=clock,
            keyring=Keyring(settings=settings, directory=folder, clock=clock),
            signing_audit=SigningAudit(database=database, audit=AuditTrail(clock)),
        )
        self.folder = DelegateKeyStore(folder / "ocsp", key_type=KeyType.P256, unencrypted=True, token=token)
        self.folder.prepare()
        self.enrolment = enrolment_key(self.folder.enrolment)
        with database.write() as connection:
            register_responder(connection, self.issuer, "one", public_half(self.enrolment), clock.now())
        self.renewal = DelegateRenewal(issuer=self.issuer, folder=self.folder, database=database, clock=clock)

    def turn(self) -> None:
        """The responder asks, the publisher answers, the responder takes."""
        self.renewal.poll()
        self.issuing.answer(self.issuer)
        self.renewal.poll()

    def keyring(self) -> Keyring:
        """The responder's."""
        settings = {"issuing": KeySettings(ocsp_delegates=Path("ocsp"), unencrypted=True)}
        return Keyring(settings=settings, directory=self.folder.path.parent, clock=self.clock)

    def signing(self) -> SigningIdentity:
        """What is signed with now, as a worker has it."""
        return identity_in(self.folder, self.issuer, self.clock.now())

    def serial(self) -> int:
        """Of what is signed with now."""
        return self.signing().certificate.serial_number

    def left(self) -> set[str]:
        """The files in the responder's folder."""
        return {each.name for each in self.folder.path.iterdir()}

    def write_row(self, signer: ed25519.Ed25519PrivateKey, request: x509.CertificateSigningRequest) -> None:
        """A row in the registered responder's name."""
        der = request.public_bytes(Encoding.DER)
        with self.database.write() as connection:
            responder = connection.execute(select(delegate_responders.c.id)).scalar_one()
            connection.execute(
                insert(delegate_requests).values(
                    responder_id=responder,
                    request=der,
                    signature=sign_request(signer, self.issuer.certificate, der),
                    key_sha256=os.urandom(32),
                    requested_at=self.clock.now(),
                )
            )

    def refusals(self) -> list[str]:
        """Why requests were refused."""
        with self.database.read() as connection:
            found = connection.scalars(
                select(delegate_requests.c.refusal).where(delegate_requests.c.refusal.is_not(None))
            )
            return [str(each) for each in found]
