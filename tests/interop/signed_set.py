"""What one CA signs, as files for other programs: certificate, CRL, delegated certificate and two OCSP answers."""

from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from crl_publisher.outlets import DirectoryOutlet
from keys.algorithms import SignatureName
from keys.delegation.certificate import issue_delegate
from keys.demo.hierarchy import self_signed
from keys.identity import Purpose, SigningIdentity, identify
from ocsp_responder.client.query import Question
from ocsp_responder.status import Good, Revoked
from pki_revocation.clock import SystemClock, whole_second
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from tests.crl_publisher.population import Population
from tests.crl_publisher.publications import issuance_of
from tests.databases import new_sqlite
from tests.fakes import FakeClock
from tests.ocsp_responder.responders import Always, responder

_DAY = timedelta(days=1)


class SignedSet:
    """Everything is in *folder*: ca.pem, crl/ca.crl, delegate.pem, good.der, revoked.der."""

    def __init__(
        self,
        folder: Path,
        key: CertificateIssuerPrivateKeyTypes,
        delegated_key: CertificateIssuerPrivateKeyTypes,
        signature: SignatureName | None = None,
    ) -> None:
        """Make it with a CA's key and a responder's, wherever they live."""
        self.folder = folder
        self.now = whole_second(SystemClock().now())
        ca = self_signed(key, self.now, signature)
        self.ca = identify(key, ca, Purpose.CRL, issuer=ca, now=self.now, signature=signature)
        delegate = issue_delegate(self.ca, delegated_key.public_key(), now=self.now, lifetime=14 * _DAY)
        rsa_only = signature if type(delegated_key) is type(key) else None
        self.delegate = identify(delegated_key, delegate, Purpose.OCSP, issuer=ca, now=self.now, signature=rsa_only)
        (folder / "ca.pem").write_bytes(ca.public_bytes(Encoding.PEM))
        (folder / "delegate.pem").write_bytes(delegate.public_bytes(Encoding.PEM))
        with new_sqlite(folder / "revocation.db") as database:
            self._publish(database, ca)

    def crl_identity(self, issuer: Issuer) -> SigningIdentity:  # noqa: ARG002 - the port's
        """The CA's, as issuance asks for it."""
        return self.ca

    @property
    def crl(self) -> bytes:
        """The published CRL."""
        return (self.folder / "crl" / "ca.crl").read_bytes()

    def answer(self, name: str) -> bytes:
        """The OCSP answer about the certificate that is `good` or `revoked`."""
        return (self.folder / f"{name}.der").read_bytes()

    def _publish(self, database: Database, ca: x509.Certificate) -> None:
        clock = SystemClock()
        with database.write() as connection:
            issuer = add_issuer(connection, name="ca", certificate=ca, is_default=True, clock=clock)
        population = Population(database, issuer, clock)
        self.good, self.revoked = population.issue(2)
        population.revoke(self.revoked, reason=RevocationReason.KEY_COMPROMISE)
        issuance_of(database, clock, self, DirectoryOutlet(self.folder)).publish(issuer)
        then = FakeClock(self.now)
        for name, serial, status in (
            ("good", self.good, Good(self.now + 90 * _DAY)),
            ("revoked", self.revoked, Revoked(self.now, RevocationReason.KEY_COMPROMISE, self.now + 90 * _DAY)),
        ):
            answerer = responder({issuer: self.delegate}, Always(clock=then, status=status))
            answer = answerer.answer(Question(issuer=issuer, serial=serial, nonce=None).der)
            (self.folder / f"{name}.der").write_bytes(answer.der)
