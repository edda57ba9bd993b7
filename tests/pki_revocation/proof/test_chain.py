"""The chain beside a receipt's proof: of a CA's certificates the one that verifies when it is to be checked."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.database.engine import Database
from pki_revocation.proof.chain import chain_above, is_whole
from pki_revocation.register.issuer_changes import IssuerChanges
from pki_revocation.register.issuers import issuer_named
from tests.fakes import FakeClock
from tests.odd_authorities import ODD_NAMES, UTF8, OddAuthority, odd_name
from tests.pki import DAY, EPOCH


class Registered:
    """A CA under a root, both registered."""

    def __init__(self, database: Database, clock: FakeClock, ca: OddAuthority) -> None:
        """The CA has one certificate, of the root, for a year."""
        self.database, self.changes = database, IssuerChanges(clock)
        self.root, self.ca = OddAuthority(odd_name(UTF8, b"Root")), ca
        self.first = ca.certified(EPOCH, EPOCH + 365 * DAY, by=self.root)
        with database.write() as connection:
            self.changes.add(connection, self.root.certificate, name="root", makes_default=False)
            self.changes.add(connection, self.first, name="issuing", makes_default=True)

    def renew(self, certificate: x509.Certificate, name: str = "issuing") -> x509.Certificate:
        """Give an issuer another certificate."""
        with self.database.write() as connection:
            self.changes.renew(connection, name, certificate, takes_other_identifier=False)
        return certificate

    def chain(self, days: int | None = None) -> tuple[x509.Certificate, ...]:
        """The CA's chain, to be checked so many days after 1 January 2026."""
        with self.database.read() as connection:
            issuer = issuer_named(connection, "issuing")
            return chain_above(connection, issuer, None if days is None else EPOCH + days * DAY)


@pytest.fixture
def registered(database: Database, clock: FakeClock) -> Registered:
    """An ordinary one."""
    return Registered(database, clock, OddAuthority(odd_name(UTF8, b"Verlengde CA")))


def test_certificate_of_the_moment_is_taken(registered: Registered) -> None:
    """A receipt of before the renewal is checked under the certificate that was valid then."""
    second = registered.renew(registered.ca.certified(EPOCH + 300 * DAY, EPOCH + 900 * DAY, by=registered.root))
    root = registered.root.certificate

    assert registered.chain(10) == (registered.first, root)
    assert registered.chain(320) == registered.chain(500) == registered.chain() == (second, root)


def test_chain_that_ends_at_a_root_is_preferred(registered: Registered) -> None:
    """A cross-certificate whose root is not registered proves nothing to who has the receipt alone."""
    elsewhere = OddAuthority(odd_name(UTF8, b"Elsewhere"))
    cross = registered.renew(registered.ca.certified(EPOCH + 5 * DAY, EPOCH + 900 * DAY, by=elsewhere))

    assert registered.chain(10) == (registered.first, registered.root.certificate)
    assert registered.chain(500) == (cross,)
    assert is_whole(registered.chain(10))
    assert not is_whole(registered.chain(500))


def test_renewed_root_is_the_one_that_is_valid(registered: Registered) -> None:
    """The CA above may be renewed too."""
    root = registered.root.certified(EPOCH + 100 * DAY, EPOCH + 9000 * DAY)
    registered.renew(root, "root")

    assert registered.chain(200) == (registered.first, root)
    assert registered.chain(50) == (registered.first, registered.root.certificate)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt install openssl")
@pytest.mark.parametrize("name", ["Latin-1 in TeletexString", "Latin-1 in IA5String"])
def test_chain_of_an_odd_ca_is_verified_by_openssl(
    tmp_path: Path, database: Database, clock: FakeClock, name: str
) -> None:
    """Names are compared octet for octet, and nothing decodes them."""
    registered = Registered(database, clock, OddAuthority(ODD_NAMES[name]))
    issuing, root = registered.chain(10)
    for file, certificate in (("issuing", issuing), ("root", root), ("leaf", registered.ca.issue(EPOCH + 9 * DAY))):
        (tmp_path / f"{file}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    moment = str(int((EPOCH + 10 * DAY).timestamp()))
    done = subprocess.run(
        ["openssl", "verify", "-attime", moment, "-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.stdout == "leaf.pem: OK\n"
