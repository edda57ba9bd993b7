"""Requests: numbered, dated and audited like any CRL, within what a CA's CRL may last."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from crl_publisher.errors import LastCrlInFuture, LastCrlPublished, NotLastCrl
from crl_publisher.offline.installing import CrlInstaller
from crl_publisher.offline.requesting import ImpossibleRequest, RequestedCrl, SigningRequests
from crl_publisher.published import FOR_EVER
from pki_revocation.audit import verify_chain
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificates, crl_entries, crl_stretches, crls
from pki_revocation.model import Issuer
from tests.crl_publisher.offline.ceremony import Ceremony
from tests.crl_publisher.population import Population
from tests.fakes import FakeClock

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


def make_subscriber(database: Database, serial: int) -> None:
    """Give a certificate a number, as a subscriber's has."""
    with database.write() as connection:
        connection.execute(update(certificates).where(certificates.c.serial == serial).values(number="100000000017"))


def test_request_reserves_its_number_and_is_audited(
    requesting: SigningRequests, issuer: Issuer, population: Population, database: Database
) -> None:
    """Before and after, with the digest of what is to be signed; each request has a number of its own."""
    population.issue_revoked(3)

    first, second = requesting.request(issuer, RequestedCrl()), requesting.request(issuer, RequestedCrl())

    numbers = [first.unsigned().number, second.unsigned().number]
    assert numbers[0] is not None
    assert numbers[1] == numbers[0] + 1
    with database.read() as connection:
        verify_chain(connection)
        rows = connection.execute(select(crls).order_by(crls.c.number)).all()
        records = connection.execute(select(audit.c.event, audit.c.detail).order_by(audit.c.sequence)).all()
    assert [(row.number, row.covers_sequence, row.published_at) for row in rows] == [
        (each, 3, None) for each in numbers
    ]
    assert [record.event for record in records] == ["crl.requesting", "crl.requested"] * 2
    assert json.loads(records[1].detail)["to_be_signed_sha256"] == first.sha256.replace(" ", "")


def test_no_ceremony_is_spent_on_a_list_that_lacks_entries(
    requesting: SigningRequests, issuer: Issuer, population: Population, database: Database
) -> None:
    """An emptied store is made anew before the request is written, and not found out by the gate afterwards."""
    revoked = population.issue_revoked(3)
    requesting.request(issuer, RequestedCrl())
    with database.write() as connection:
        connection.execute(delete(crl_entries))
        connection.execute(delete(crl_stretches))

    crl = requesting.request(issuer, RequestedCrl()).unsigned()

    assert {int.from_bytes(entry.serial) for entry in crl.entries()} == set(revoked)
    with database.read() as connection:
        assert "crl.entries-rebuilt" in connection.scalars(select(audit.c.event)).all()


def test_times_are_an_off_line_authoritys(requesting: SigningRequests, issuer: Issuer, clock: FakeClock) -> None:
    """Half a year without a word, and both ends count."""
    crl = requesting.request(issuer, RequestedCrl()).unsigned()

    assert crl.this_update == clock.now()
    assert crl.next_update == clock.now() + 182 * DAY - SECOND


def test_validity_of_authorities_is_at_most_a_year(
    requesting: SigningRequests, issuer: Issuer, clock: FakeClock, population: Population
) -> None:
    """BR 7.2: 12 months where no subscriber is covered."""
    population.issue(1)

    crl = requesting.request(issuer, RequestedCrl(validity=365 * DAY)).unsigned()

    assert crl.next_update == clock.now() + 365 * DAY - SECOND
    with pytest.raises(ImpossibleRequest, match="365d at most"):
        requesting.request(issuer, RequestedCrl(validity=365 * DAY + SECOND))
    with pytest.raises(ImpossibleRequest):
        requesting.request(issuer, RequestedCrl(validity=timedelta(0)))


def test_validity_with_subscribers_is_at_most_ten_days(
    requesting: SigningRequests, issuer: Issuer, clock: FakeClock, population: Population, database: Database
) -> None:
    """BR 7.2; until the last subscriber's certificate expired."""
    (serial,) = population.issue(1, lifetime=30 * DAY)
    make_subscriber(database, serial)

    assert requesting.request(issuer, RequestedCrl()).unsigned().next_update == clock.now() + 10 * DAY - SECOND
    with pytest.raises(ImpossibleRequest, match="10d at most"):
        requesting.request(issuer, RequestedCrl(validity=11 * DAY))
    clock.advance(31 * DAY)
    assert requesting.request(issuer, RequestedCrl()).unsigned().next_update == clock.now() + 182 * DAY - SECOND


def test_moment_may_be_a_planned_ceremonys(requesting: SigningRequests, issuer: Issuer, clock: FakeClock) -> None:
    """Ahead by a month at most, and never in the past."""
    planned = clock.now() + 7 * DAY

    crl = requesting.request(issuer, RequestedCrl(this_update=planned, validity=30 * DAY)).unsigned()

    assert (crl.this_update, crl.next_update) == (planned, planned + 30 * DAY - SECOND)
    with pytest.raises(ImpossibleRequest, match="past"):
        requesting.request(issuer, RequestedCrl(this_update=clock.now() - SECOND))
    with pytest.raises(ImpossibleRequest, match="ahead"):
        requesting.request(issuer, RequestedCrl(this_update=clock.now() + 32 * DAY))


def test_last_crl_is_good_for_ever_and_ends_it(
    requesting: SigningRequests,
    installing: CrlInstaller,
    ceremony: Ceremony,
    issuer: Issuer,
    population: Population,
    clock: FakeClock,
) -> None:
    """ETSI EN 319 411-1 CSS-6.3.9-06: once no certificate is good any more, and nothing follows."""
    (serial,) = population.issue(1)
    with pytest.raises(NotLastCrl):
        requesting.request(issuer, RequestedCrl(is_last=True))
    population.revoke(serial)

    request = requesting.request(issuer, RequestedCrl(is_last=True))
    assert request.unsigned().next_update == FOR_EVER
    assert installing.install(ceremony.sign(request)).published.is_last

    clock.advance(DAY)
    with pytest.raises(LastCrlPublished):
        requesting.request(issuer, RequestedCrl())


def test_request_is_never_dated_before_what_is_public(
    requesting: SigningRequests, installing: CrlInstaller, ceremony: Ceremony, issuer: Issuer, clock: FakeClock
) -> None:
    """A clock that was set back by a day and more."""
    installing.install(ceremony.sign(requesting.request(issuer, RequestedCrl())))
    with requesting._database.write() as connection:  # noqa: SLF001 - the record of a clock that was ahead
        connection.execute(update(crls).values(this_update=clock.now() + 2 * DAY))

    with pytest.raises(LastCrlInFuture):
        requesting.request(issuer, RequestedCrl())
