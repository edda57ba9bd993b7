"""What relying parties see of a revocation: counted from reports and published CRLs, and never guessed."""

from datetime import timedelta

from sqlalchemy import insert

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import crls
from pki_revocation.model import Channel, Confirmation, Issuer
from pki_revocation.propagation import responders
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.subscribers import Subscriber


def _revoked(service: RevocationService, subscriber: Subscriber) -> Confirmation:
    revocation_request = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.PAGE)
    return service.revoke(service.authenticate(subscriber.number, subscriber.code), revocation_request)


def test_only_who_has_applied_the_row_and_knows_counts(
    database: Database, issuer: Issuer, service: RevocationService, subscriber: Subscriber, clock: FakeClock
) -> None:
    """A responder that is behind, or cannot know, is one of those that live and none of those that answer."""
    with database.write() as connection:
        for name in ("one", "two", "unsure"):
            responders.report(
                connection, name, "a", {issuer.id: 0}, current=True, now=clock.now(), answers_last=timedelta(hours=24)
            )
    confirmation = _revoked(service, subscriber)
    before = service.propagation(confirmation)
    assert (before.responders, before.answering, before.answering_since, before.settled) == (3, 0, None, False)

    sequence = confirmation.entry.sequence
    clock.advance(timedelta(seconds=2))
    reached = clock.now()
    with database.write() as connection:
        responders.report(connection, "one", "a", {issuer.id: sequence}, current=True, now=reached)
        responders.report(connection, "two", "a", {issuer.id: sequence}, current=True, now=reached)
        responders.report(connection, "unsure", "a", {issuer.id: sequence}, current=False, now=reached)
    clock.advance(timedelta(seconds=10))
    with database.write() as connection:
        responders.report(
            connection,
            "one",
            "a",
            {issuer.id: sequence},
            current=True,
            now=clock.now(),
            answers_last=timedelta(hours=8),
        )
    after = service.propagation(confirmation)

    assert (after.responders, after.answering, after.answering_since) == (3, 2, reached)
    assert after.answers_until == confirmation.revoked_at + timedelta(hours=8)


def test_silence_is_not_settled(service: RevocationService, subscriber: Subscriber) -> None:
    """Where nobody reports, nothing is said to be revoked by anybody."""
    seen = service.propagation(_revoked(service, subscriber))

    assert (seen.responders, seen.answering, seen.answers_until, seen.settled) == (0, 0, None, False)


def test_time_of_a_later_row_is_not_given_as_since(
    database: Database, issuer: Issuer, service: RevocationService, subscriber: Subscriber, clock: FakeClock
) -> None:
    """A responder that reports another sequence days later was there long before."""
    confirmation = _revoked(service, subscriber)
    clock.advance(timedelta(days=3))
    with database.write() as connection:
        ahead = {issuer.id: confirmation.entry.sequence + 5}
        responders.report(connection, "one", "a", ahead, current=True, now=clock.now())

    seen = service.propagation(confirmation)

    assert (seen.answering, seen.answering_since) == (1, None)


def test_lists_of_before_end_at_their_latest_next_update(
    database: Database, issuer: Issuer, service: RevocationService, subscriber: Subscriber, clock: FakeClock
) -> None:
    """Published CRLs without the row count, the one with it and one that never came out do not."""
    confirmation = _revoked(service, subscriber)
    sequence, now = confirmation.entry.sequence, clock.now()
    ends = {1: (7, sequence - 1, now), 2: (5, sequence - 1, now), 3: (90, sequence - 1, None), 4: (30, sequence, now)}
    with database.write() as connection:
        for number, (days, covers, published) in ends.items():
            connection.execute(
                insert(crls).values(
                    issuer_id=issuer.id,
                    scope="full",
                    number=number,
                    reserved_at=now,
                    this_update=now,
                    next_update=now + timedelta(days=days),
                    covers_sequence=covers,
                    published_at=published,
                )
            )

    seen = service.propagation(confirmation)

    assert seen.crls_until == now + timedelta(days=7)
    assert [crl.number for crl in seen.crls] == [4]
