"""What responders say of themselves: the living, the dead and the withdrawn."""

from datetime import timedelta

from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from pki_revocation.propagation import responders
from tests.fakes import FakeClock


def test_the_living_are_listed(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Each with its last word; one that has been silent for too long, or has withdrawn, is not."""
    with database.write() as connection:
        responders.report(connection, "silent", "b", {issuer.id: 3}, current=True, now=clock.now())
    clock.advance(responders.LIVE_FOR)
    with database.write() as connection:
        for sequence in (4, 5):
            responders.report(connection, "one", "a", {issuer.id: sequence}, current=sequence == 5, now=clock.now())
        responders.report(connection, "gone", "c", {issuer.id: 5}, current=True, now=clock.now())
        responders.withdraw(connection, "gone")

    with database.read() as connection:
        both = responders.live_responders(connection, issuer.id, clock.now())
        later = responders.live_responders(connection, issuer.id, clock.now() + timedelta(seconds=1))
        others = responders.live_responders(connection, issuer.id + 1, clock.now())
    assert [(each.host, each.sequence, each.current) for each in both] == [("a", 5, True), ("b", 3, True)]
    assert [each.host for each in later] == ["a"]
    assert others == ()


def test_the_long_dead_are_forgotten(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """Their rows are removed by whoever reports next."""
    with database.write() as connection:
        responders.report(connection, "dead", "b", {issuer.id: 3}, current=True, now=clock.now())
    with database.write() as connection:
        responders.report(connection, "one", "a", {issuer.id: 3}, current=True, now=clock.now() + timedelta(days=2))
    with database.read() as connection:
        assert [each.host for each in responders.live_responders(connection, issuer.id, clock.now())] == ["a"]
