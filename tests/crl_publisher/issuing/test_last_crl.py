"""A CA's last CRL: good for ever, and so only when no certificate could ever be missing on it (CSS-6.3.9-06)."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from crl_publisher.config import CrlSettings, LintProfile
from crl_publisher.crl.crl_extensions import NEXT_CRL_PUBLISH
from crl_publisher.errors import CrlRejected, LastCrlPublished, NotLastCrl
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from crl_publisher.published import FOR_EVER, last_published
from crl_publisher.scope import FULL
from pki_revocation.database.engine import Database
from pki_revocation.encoding.der import generalized_time
from pki_revocation.model import Issuer
from tests.crl_publisher.population import OneKey, Population
from tests.crl_publisher.publications import crl_at, issuance_of, serials, with_deltas
from tests.fakes import FakeClock

DAY = timedelta(days=1)


def test_last_crl_is_good_for_ever(
    issuance: CrlIssuance, issuer: Issuer, population: Population, root: Path, database: Database
) -> None:
    """With nextUpdate 99991231235959Z, as GeneralizedTime; it lists what was revoked, and is recorded as the last."""
    revoked = population.issue_revoked(3)

    made = issuance.publish(issuer, last=True)

    crl = crl_at(root, issuer)
    assert serials(crl) == set(revoked)
    assert crl.next_update == FOR_EVER
    assert crl.frame.before.endswith(b"\x18\x0f99991231235959Z")
    assert generalized_time(FOR_EVER) == b"\x18\x0f99991231235959Z"
    assert made.is_last
    with database.read() as connection:
        assert last_published(connection, issuer) == made


def test_it_is_refused_while_a_certificate_is_good(
    issuance: CrlIssuance, issuer: Issuer, population: Population, clock: FakeClock, root: Path
) -> None:
    """Neither revoked nor expired; to the very last second of its validity, which counts (RFC 5280 4.1.2.5)."""
    population.issue_revoked(2)
    population.issue(2, lifetime=DAY)

    with pytest.raises(NotLastCrl, match="2 certificates that are neither revoked nor expired"):
        issuance.publish(issuer, last=True)
    assert not (root / FULL.path(issuer)).exists()
    clock.advance(DAY)
    with pytest.raises(NotLastCrl):
        issuance.publish(issuer, last=True)
    clock.advance(timedelta(seconds=1))

    assert issuance.publish(issuer, last=True).is_last


def test_refused_last_crl_changes_nothing(
    issuance: CrlIssuance, issuer: Issuer, population: Population, root: Path
) -> None:
    """Ordinary ones go on."""
    population.issue(1)
    first = issuance.publish(issuer)
    with pytest.raises(NotLastCrl):
        issuance.publish(issuer, last=True)

    second = issuance.publish(issuer)

    assert second.number > first.number
    assert not second.is_last
    assert crl_at(root, issuer).number == second.number


def test_nothing_can_follow_it(
    database: Database,
    clock: FakeClock,
    one_key: OneKey,
    outlet: DirectoryOutlet,
    issuer: Issuer,
    population: Population,
    root: Path,
) -> None:
    """No complete CRL, no second last one, and no delta; what is public stays, and the sentence names it."""
    population.issue_revoked(1)
    issuance = issuance_of(database, clock, one_key, outlet, timings=with_deltas())
    issuance.publish(issuer)
    issuance.publish(issuer)
    made = issuance.publish(issuer, last=True)
    delta = crl_at(root, issuer, FULL.delta).data
    before = crl_at(root, issuer).data
    clock.advance(DAY)

    for last in (False, True):
        with pytest.raises(LastCrlPublished, match=f"CRL {made.number} of issuing is its last one"):
            issuance.publish(issuer, last=last)
    assert issuance.publish_delta(issuer) is None

    assert crl_at(root, issuer).data == before
    assert crl_at(root, issuer, FULL.delta).data == delta


def test_it_promises_nothing_that_will_not_come(
    database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet, issuer: Issuer, root: Path
) -> None:
    """Neither a fresher CRL nor a next publication."""
    issuance = issuance_of(
        database, clock, one_key, outlet, timings=with_deltas(), settings=CrlSettings(next_publish=True)
    )
    issuance.publish(issuer)

    issuance.publish(issuer, last=True)

    oids = {each.oid.dotted_string for each in crl_at(root, issuer).extensions}
    assert x509.FreshestCRL.oid.dotted_string not in oids
    assert NEXT_CRL_PUBLISH not in oids


def test_baseline_requirements_know_no_last_crl(
    database: Database, clock: FakeClock, one_key: OneKey, outlet: DirectoryOutlet, issuer: Issuer, root: Path
) -> None:
    """Ten days are the most there (BR 7.2): under that profile pkilint stops it, and ordinary ones go on."""
    issuance = issuance_of(database, clock, one_key, outlet, settings=CrlSettings(lint=LintProfile.BR))

    with pytest.raises(CrlRejected, match=r"crl\.lint\.cabf\."):
        issuance.publish(issuer, last=True)

    assert not (root / FULL.path(issuer)).exists()
    issuance.publish(issuer)
