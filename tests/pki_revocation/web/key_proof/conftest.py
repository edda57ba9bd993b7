"""A subscriber whose certificate's private key is at hand, beside its letter."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.subscribers import Subscriber, enrol


@pytest.fixture(scope="session")
def key() -> ec.EllipticCurvePrivateKey:
    """The certificate's own key."""
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def holder(
    database: Database,
    issuer: Issuer,
    authority: CertificateAuthority,
    clock: FakeClock,
    verifier: CodeVerifier,
    key: ec.EllipticCurvePrivateKey,
) -> Subscriber:
    """Who has the key."""
    return enrol(database, issuer, authority.issue("Zorg BV", clock.now(), key=key), clock, verifier)
