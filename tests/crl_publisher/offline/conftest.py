"""An issuer whose key is elsewhere: what this machine can do for it, and the key for whoever signs."""

from pathlib import Path

import pytest

from crl_publisher.config import CrlSettings
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.offline.installing import CrlInstaller
from crl_publisher.offline.requesting import SigningRequests
from crl_publisher.outlets import DirectoryOutlet
from pki_revocation.audit import AuditTrail
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.offline.ceremony import Ceremony
from tests.crl_publisher.population import OneKey
from tests.crl_publisher.publications import issuance_of
from tests.fakes import FakeClock
from tests.keys.pkcs11.tokens import on_token
from tests.pki import CertificateAuthority

__all__ = ["on_token"]


@pytest.fixture
def keyless(
    database: Database, clock: FakeClock, authority: CertificateAuthority, outlet: DirectoryOutlet
) -> CrlIssuance:
    """An issuance that has no key."""
    return issuance_of(database, clock, OneKey(authority.key, authority.certificate, clock, is_missing=True), outlet)


@pytest.fixture
def requesting(database: Database, clock: FakeClock, keyless: CrlIssuance) -> SigningRequests:
    """Makes requests."""
    return SigningRequests(
        database=database, clock=clock, audit=AuditTrail(clock), issuance=keyless, settings=CrlSettings()
    )


@pytest.fixture
def installing(database: Database, clock: FakeClock, keyless: CrlIssuance) -> CrlInstaller:
    """Installs what comes back."""
    return CrlInstaller(
        database=database, clock=clock, audit=AuditTrail(clock), issuance=keyless, settings=CrlSettings()
    )


@pytest.fixture
def ceremony(authority: CertificateAuthority, tmp_path: Path) -> Ceremony:
    """The air-gapped side: the key, and OpenSSL."""
    return Ceremony(authority, tmp_path / "safe")


@pytest.fixture
def installed_file(root: Path, issuer: Issuer) -> Path:
    """Where the CRL becomes public."""
    return root / "crl" / f"{issuer.name}.crl"
