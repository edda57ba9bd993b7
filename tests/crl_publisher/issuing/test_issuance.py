"""One publication: what becomes public, when it says it was made, and what is recorded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from crl_publisher.config import PublisherSettings
from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import NumberNotAbove, SupersededCrl
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.issuing.timing import SettingsTiming
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import last_published, published
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.issuers import add_issuer
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import events, issuance_of, serials
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_published_crl_is_recorded_with_what_it_covers(
    issuance: CrlIssuance, issuer: Issuer, population: Population, public_file: Path, database: Database
) -> None:
    """File, record and audit trail say the same of it."""
    revoked = population.issue_revoked(3, reason=RevocationReason.SUPERSEDED)

    result = issuance.publish(issuer)

    crl = parse_crl(public_file.read_bytes())
    assert serials(crl) == set(revoked)
    assert (crl.number, crl.this_update, crl.next_update) == (result.number, result.this_update, result.next_update)
    assert (result.covers_sequence, result.entries) == (3, 3)
    assert (result.size, result.sha256) == (len(crl.data), crl.sha256.hex())
    with database.read() as connection:
        assert last_published(connection, issuer) == result
    assert events(database) == ["crl.signing", "crl.published"]


def test_times_follow_the_settings(issuance: CrlIssuance, issuer: Issuer, clock: FakeClock) -> None:
    """ThisUpdate is backdated, and validity ends a second early, because both ends count (BR 4.9.10)."""
    result = issuance.publish(issuer)

    assert result.this_update == clock.now() - timedelta(seconds=60)
    assert result.next_update == result.this_update + timedelta(hours=48) - timedelta(seconds=1)


def test_nothing_revoked_is_an_empty_crl(issuance: CrlIssuance, issuer: Issuer, public_file: Path) -> None:
    """The first CRL comes before the first revocation (BR 4.9.7)."""
    assert issuance.publish(issuer).entries == 0
    assert len(parse_crl(public_file.read_bytes())) == 0


def test_shorter_validity_does_not_take_next_update_back(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    one_key: OneKey,
    outlet: DirectoryOutlet,
) -> None:
    """What was promised stays promised (RFC 5280 section 5.1.2.5)."""
    first = issuance.publish(issuer)
    timings = SettingsTiming(PublisherSettings(validity=4 * HOUR))
    shorter = issuance_of(database, clock, one_key, outlet, timings=timings)

    assert shorter.publish(issuer).next_update == first.next_update


def test_prepare_writes_the_ca_certificate_beside(issuance: CrlIssuance, issuer: Issuer, root: Path) -> None:
    """What AIA caIssuers points at, in DER."""
    issuance.prepare(issuer)

    assert (root / "aia" / "issuing.cer").read_bytes() == issuer.certificate_der


def test_two_issuers_are_apart(
    issuance: CrlIssuance,
    issuer: Issuer,
    population: Population,
    root: Path,
    database: Database,
    clock: FakeClock,
) -> None:
    """Each has its own numbers, its own file and its own entries."""
    other = CertificateAuthority("Other CA")
    with database.write() as connection:
        second = add_issuer(connection, name="other", certificate=other.certificate, is_default=False, clock=clock)
    keys = OneKey(other.key, other.certificate, clock)
    elsewhere = issuance_of(database, clock, keys, DirectoryOutlet(root))
    population.issue_revoked(1)

    assert issuance.publish(issuer).entries == 1
    assert elsewhere.publish(second).entries == 0

    assert (root / "crl" / "other.crl").exists()


def test_two_publishers_at_once_share_no_number(
    issuance: CrlIssuance,
    issuer: Issuer,
    clock: FakeClock,
    database: Database,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    settings: PublisherSettings,
    population: Population,
    public_file: Path,
) -> None:
    """Without any lease: each number is reserved once, and whoever is slower publishes nothing older."""
    population.issue_revoked(5)
    other = issuance_of(database, clock, one_key, outlet)

    def publish(which: CrlIssuance) -> list[int]:
        numbers = []
        for _ in range(10):
            try:
                numbers.append(which.publish(issuer).number)
            except (NumberNotAbove, SupersededCrl):
                continue
        return numbers

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(publish, (issuance, other))

    assert not set(first) & set(second)
    assert parse_crl(public_file.read_bytes()).number == max(first + second)
    with database.read() as connection:
        assert len(connection.execute(select(crls)).all()) == 20
        assert {crl.number for crl in published(connection, issuer, limit=100)} == {*first, *second}
