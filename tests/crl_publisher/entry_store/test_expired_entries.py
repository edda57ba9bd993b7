"""Entries of expired certificates: when they go, and that none goes too early."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from crl_publisher.crl.reading import parse_crl
from crl_publisher.issuing.issuance import CrlIssuance
from pki_revocation.model import Issuer
from tests.crl_publisher.population import Population
from tests.crl_publisher.publications import serials
from tests.fakes import FakeClock

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def test_expired_entry_stays_for_one_more_crl(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """On the first CRL issued beyond the certificate's validity it is still listed, on the next no more."""
    (short,) = population.issue(lifetime=DAY)
    population.revoke(short)
    listed = []
    for step in (timedelta(0), 2 * DAY, HOUR, HOUR):
        clock.advance(step)
        issuance.publish(issuer)
        listed.append(short in serials(parse_crl(public_file.read_bytes())))

    assert listed == [True, True, False, False]


def test_certificate_revoked_after_its_expiry_is_listed_once(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """Operators may revoke what has expired: relying parties must be told at least once."""
    (short,) = population.issue(lifetime=DAY)
    clock.advance(10 * DAY)
    issuance.publish(issuer)
    clock.advance(HOUR)
    population.revoke(short)
    listed = []
    for _ in range(2):
        clock.advance(HOUR)
        issuance.publish(issuer)
        listed.append(short in serials(parse_crl(public_file.read_bytes())))

    assert listed == [True, False]


def test_entry_of_an_older_crl_that_was_put_back_is_listed_again(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """A published folder from a backup lists what has gone since: it comes back, and goes once it was listed again."""
    (short,) = population.issue(lifetime=DAY)
    population.revoke(short)
    listed: list[bool] = []
    results = [issuance.publish(issuer)]
    first = public_file.read_bytes()
    for step in (2 * DAY, HOUR, HOUR, HOUR, HOUR):
        clock.advance(step)
        if len(results) == 3:
            public_file.write_bytes(first)
        results.append(issuance.publish(issuer))
        listed.append(short in serials(parse_crl(public_file.read_bytes())))

    assert listed == [True, False, True, False, False]
    for before, after in pairwise(results):
        assert after.number > before.number
        assert after.this_update > before.this_update


def test_late_revocation_that_a_put_back_crl_lacks_is_listed_again(
    issuance: CrlIssuance, issuer: Issuer, clock: FakeClock, population: Population, public_file: Path
) -> None:
    """It was issued beyond the certificate's validity, and never listed it: that is no listing of it."""
    (short,) = population.issue(lifetime=DAY)
    clock.advance(2 * DAY)
    issuance.publish(issuer)
    first = public_file.read_bytes()
    population.revoke(short)
    listed: list[bool] = []
    for _ in range(4):
        clock.advance(HOUR)
        if len(listed) == 2:
            public_file.write_bytes(first)
        issuance.publish(issuer)
        listed.append(short in serials(parse_crl(public_file.read_bytes())))

    assert listed == [True, False, True, False]
