"""The list of certificates: status as the journal and the clock say it, in the order in which they came in."""

from datetime import timedelta

from pki_revocation.database.engine import Database
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.listing import listed
from pki_revocation.model import Channel, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.subscribers import Subscriber


def test_status_of_each(
    importer: Importer,
    service: RevocationService,
    database: Database,
    issuer: Issuer,
    subscriber: Subscriber,
    clock: FakeClock,
) -> None:
    """Good, then revoked with its date; a raise of the reason makes no second line; expired when its time is over."""

    def line() -> tuple[str, object]:
        with database.read() as connection:
            (one,) = listed(connection, issuer, 10)
        return one.status(clock.now()), one.as_json(clock.now())["revoked_at"]

    assert line() == ("good", None)
    clock.advance(timedelta(days=366))
    assert line() == ("expired", None)
    clock.advance(timedelta(days=-366))
    for reason in (RevocationReason.UNSPECIFIED, RevocationReason.KEY_COMPROMISE):
        service.revoke(
            service.authenticate(subscriber.number, subscriber.code),
            RevocationRequest(reason=reason, channel=Channel.API),
        )
    assert line() == ("revoked", "2026-11-23T14:03:22Z")


def test_line_as_json(database: Database, issuer: Issuer, subscriber: Subscriber, clock: FakeClock) -> None:
    """What programs read of a certificate; its code is nowhere in it."""
    with database.read() as connection:
        (one,) = listed(connection, issuer, 1)

    assert one.as_json(clock.now()) == {
        "issuer": "issuing",
        "serial": f"{subscriber.certificate.serial:x}",
        "number": subscriber.number,
        "subject": "CN=zorg-bv.example,O=Zorg BV,C=NL",
        "not_after": "2027-11-23T14:03:22Z",
        "status": "good",
        "revoked_at": None,
        "has_code": True,
    }
