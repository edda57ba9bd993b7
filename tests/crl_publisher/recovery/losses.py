"""Revocations that were published, and a database from before them in the place of the one that had them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from crl_publisher.crl.reading import parse_crl
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.settings import WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.model import Channel, JournalEntry
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from pki_revocation.web.app import create_app
from tests.crl_publisher.installations import Installed
from tests.subscribers import Subscriber

KEY = "5e55" * 16
COMPROMISE = RevocationReason.KEY_COMPROMISE
LOST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """What was and is: *rows* are those that were lost, in their order, and *good* is a certificate without one."""

    installed: Installed
    subscribers: tuple[Subscriber, ...]
    good: Subscriber
    rows: tuple[JournalEntry, ...]
    answers: tuple[dict[str, object], ...]
    verifier: CodeVerifier

    def client(self) -> FlaskClient:
        """The subscriber's page and endpoint on the database as it is now."""
        return client_of(self.installed.database, self.verifier)

    def revoke(self, place: int) -> dict[str, object]:
        """The answer to a subscriber who revokes again."""
        return revoked_by(self.client(), self.subscribers[place])


def client_of(database: Database, verifier: CodeVerifier) -> FlaskClient:
    """A client of the application on a database."""
    clock = SystemClock()
    service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
    return create_app(service=service, settings=WebSettings(), session_key=KEY, clock=clock).test_client()


def revoked_by(client: FlaskClient, subscriber: Subscriber) -> dict[str, object]:
    """The endpoint's answer to number and code."""
    answer = client.post("/api/v1/revocations", json={"number": subscriber.number, "code": subscriber.code})
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.get_json()
    return found


def run(installed: Installed, *words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(program, [*words, "--directory", str(installed.installation.directory)])


def back_date(database: Database, installed: Installed, serials: list[int], verifier: CodeVerifier) -> None:
    """Revoke on an operator's authority, each dated an hour after the one before: their order shows in their dates."""
    clock = SystemClock()
    service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
    begin = clock.now() - timedelta(hours=LOST)
    for place, serial in enumerate(serials):
        request = RevocationRequest(
            reason=COMPROMISE, channel=Channel.OPERATOR, revocation_date=begin + timedelta(hours=place)
        )
        service.revoke_for_operator(None, serial, request)


def listed(installed: Installed) -> dict[int, datetime]:
    """The dates on the public CRL, by serial."""
    crl = parse_crl(installed.public_file.read_bytes())
    return {int.from_bytes(entry.serial): entry.revocation_date for entry in crl.entries()}
