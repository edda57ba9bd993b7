"""A CA that is renewed, cross-certified or odd: CRLs go on, and OpenSSL takes them under each of its anchors."""

import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import published
from crl_publisher.publishing.publisher import Publisher
from crl_publisher.scheduling.book import ScheduleBook
from keys.config import KeySettings
from keys.files.file_key import save_key
from keys.keyring import Keyring
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer, serial_text
from pki_revocation.register.issuer_changes import IssuerChanges
from tests.crl_publisher.population import Population
from tests.crl_publisher.publications import KeptLease, crl_at, issuance_of, publisher_of, serials
from tests.fakes import FakeClock
from tests.odd_authorities import ODD_EXTENSIONS, ODD_NAMES, UTF8, OddAuthority, odd_name
from tests.pki import DAY

pytestmark = [
    pytest.mark.usefixtures("light_key_files"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing: apt install openssl"),
]
HOUR = timedelta(hours=1)


@pytest.fixture
def light_key_files() -> None:
    """Key files here are not encrypted."""


class Scene:
    """A CA whose first certificate ends in eight days, its publisher, and relying parties with OpenSSL."""

    def __init__(
        self, folder: Path, database: Database, clock: FakeClock, book: ScheduleBook, ca: OddAuthority
    ) -> None:
        """Register it as `issuing`."""
        self.folder, self.database, self.clock, self.ca = folder, database, clock, ca
        self.root = folder / "published"
        self.changes = IssuerChanges(clock)
        self.first = ca.certified(clock.now() - 3000 * DAY, clock.now() + 8 * DAY)
        with database.write() as connection:
            self.issuer: Issuer = self.changes.add(connection, self.first, name="issuing", makes_default=True)
        save_key(ca.key, folder / "ca.key")
        settings = {"issuing": KeySettings(crl_key="ca.key", unencrypted=True)}
        outlet = DirectoryOutlet(self.root)
        self.monotonic = 0.0
        keyring = Keyring(settings=settings, directory=folder, clock=clock)
        self.publisher: Publisher = publisher_of(
            database,
            clock,
            book,
            issuance_of(database, clock, keyring, outlet, timings=book),
            outlet,
            lease=KeptLease(name="crl-publisher", database=database, clock=clock, length=HOUR),
            monotonic=lambda: self.monotonic,
        )

    def renew(self, certificate: x509.Certificate) -> x509.Certificate:
        """Register another certificate, as the command does, while the publisher runs."""
        with self.database.write() as connection:
            self.changes.renew(connection, "issuing", certificate, takes_other_identifier=False)
        return certificate

    def pass_by(self, length: timedelta) -> None:
        """Let time pass, and let the publisher look."""
        self.clock.advance(length)
        self.monotonic += length.total_seconds()
        self.publisher.poll()

    def aia(self, name: str = "issuing") -> bytes:
        """What relying parties fetch as the CA's certificate."""
        return (self.root / "aia" / f"{name}.cer").read_bytes()

    def count(self) -> int:
        """How many CRLs became public."""
        with self.database.read() as connection:
            return len(published(connection, self.issuer, limit=1000))

    def openssl(self, leaf: x509.Certificate, anchor: x509.Certificate, *between: x509.Certificate) -> str:
        """`openssl verify -crl_check` now, with one anchor."""
        for name, certificates in (("leaf", [leaf]), ("anchor", [anchor]), ("between", between or [anchor])):
            pem = b"".join(each.public_bytes(Encoding.PEM) for each in certificates)
            (self.folder / f"{name}.pem").write_bytes(pem)
        parsed = crl_at(self.root, self.issuer).parsed
        (self.folder / "crl.pem").write_bytes(parsed.public_bytes(Encoding.PEM))
        words = ["openssl", "verify", "-crl_check", "-attime", str(int(self.clock.now().timestamp()))]
        files = ["-CAfile", "anchor.pem", "-untrusted", "between.pem", "-CRLfile", "crl.pem", "leaf.pem"]
        done = subprocess.run(
            [*words, *files], cwd=self.folder, capture_output=True, text=True, check=False, timeout=60
        )
        return done.stdout + done.stderr


@pytest.fixture
def scene_of(
    tmp_path: Path, database: Database, clock: FakeClock, book: ScheduleBook
) -> Callable[[OddAuthority], Scene]:
    """Makes the scene of a CA."""
    return lambda ca: Scene(tmp_path, database, clock, book, ca)


@pytest.fixture
def scene(scene_of: Callable[[OddAuthority], Scene]) -> Scene:
    """That of an ordinary one."""
    return scene_of(OddAuthority(odd_name(UTF8, b"Verlengde CA")))


def test_crls_go_on_across_the_change_of_certificate(scene: Scene, clock: FakeClock) -> None:
    """Under the old certificate as long as the new one is to come, then under that; both anchors take every CRL."""
    good, bad = scene.ca.issue(clock.now()), scene.ca.issue(clock.now())
    Population(scene.database, scene.issuer, clock).issue(serials=[good.serial_number, bad.serial_number])
    scene.pass_by(HOUR)
    assert scene.aia() == scene.first.public_bytes(Encoding.DER)
    second = scene.renew(scene.ca.certified(clock.now() + 2 * DAY, clock.now() + 900 * DAY))
    scene.pass_by(HOUR)
    assert scene.aia() == scene.first.public_bytes(Encoding.DER)
    assert "OK" in scene.openssl(good, scene.first)
    Population(scene.database, scene.issuer, clock).revoke(bad.serial_number)
    scene.pass_by(3 * DAY)

    assert scene.aia() == second.public_bytes(Encoding.DER)
    assert serials(crl_at(scene.root, scene.issuer)) == {bad.serial_number}
    for anchor in (scene.first, second):
        assert "leaf.pem: OK" in scene.openssl(good, anchor)
        assert "certificate revoked" in scene.openssl(bad, anchor)
        assert scene.aia(f"issuing_{serial_text(anchor.serial_number)}") == anchor.public_bytes(Encoding.DER)
    scene.pass_by(30 * DAY)
    assert "leaf.pem: OK" in scene.openssl(good, second)
    assert "certificate revoked" in scene.openssl(bad, second)
    assert "certificate has expired" in scene.openssl(good, scene.first)


def test_ended_certificate_stops_crls_and_its_renewal_starts_them_at_once(scene: Scene, clock: FakeClock) -> None:
    """Not at the end of a pause, and without a restart."""
    scene.pass_by(HOUR)
    before = scene.count()
    for _ in range(20):
        scene.pass_by(DAY)
    assert scene.count() > before
    stopped = scene.count()
    scene.pass_by(timedelta(seconds=1))
    assert scene.count() == stopped
    scene.renew(scene.ca.certified(clock.now() - HOUR, clock.now() + 900 * DAY))
    scene.pass_by(timedelta(seconds=1))

    assert scene.count() == stopped + 1


def test_cross_certificate_leads_to_the_other_root(scene: Scene, clock: FakeClock) -> None:
    """One CRL for relying parties of either root; the trail of certificates keeps both."""
    root = OddAuthority(odd_name(UTF8, b"Other root"))
    leaf = scene.ca.issue(clock.now())
    Population(scene.database, scene.issuer, clock).issue(serials=[leaf.serial_number])
    cross = scene.renew(scene.ca.certified(clock.now() - HOUR, clock.now() + 300 * DAY, by=root))
    scene.pass_by(HOUR)
    assert "leaf.pem: OK" in scene.openssl(leaf, root.certificate, cross)
    assert "leaf.pem: OK" in scene.openssl(leaf, scene.first)
    Population(scene.database, scene.issuer, clock).revoke(leaf.serial_number)
    scene.pass_by(HOUR)

    assert "certificate revoked" in scene.openssl(leaf, root.certificate, cross)
    assert "certificate revoked" in scene.openssl(leaf, scene.first)


@pytest.mark.parametrize(
    "ca",
    [
        *(OddAuthority(name) for name in ODD_NAMES.values()),
        *(OddAuthority(odd_name(UTF8, b"CA"), each) for each in list(ODD_EXTENSIONS.values())[:3]),
    ],
    ids=[*ODD_NAMES, *list(ODD_EXTENSIONS)[:3]],
)
def test_odd_ca_has_crls(scene_of: Callable[[OddAuthority], Scene], clock: FakeClock, ca: OddAuthority) -> None:
    """The issuer is the CA's name octet for octet, whatever it says, and the gate finds nothing wrong with it."""
    scene = scene_of(ca)
    (revoked,) = Population(scene.database, scene.issuer, clock).issue()
    Population(scene.database, scene.issuer, clock).revoke(revoked)
    scene.pass_by(HOUR)
    crl = crl_at(scene.root, scene.issuer)

    assert serials(crl) == {revoked}
    assert crl.frame.issuer == ca.subject
    assert crl.is_of(scene.issuer)
