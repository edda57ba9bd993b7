"""A proof by the certificate's own key revokes every certificate that has the key, for keyCompromise, and lists it."""

import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import select

from pki_revocation import journal
from pki_revocation.audit import verify_chain
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, mail_outbox
from pki_revocation.encoding.possession.csr_proof import csr_proof
from pki_revocation.encoding.possession.making import make_csr_proof
from pki_revocation.encoding.possession.proven_key import ProvenKey
from pki_revocation.errors import UnknownKey
from pki_revocation.model import Channel, EntryKind, Issuer, JournalEntry
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.certificate_keys import certificates_with_key
from pki_revocation.register.compromised_keys import (
    CompromisedKey,
    KeySource,
    compromised_key,
    count_keys,
    evidence_of,
    list_keys,
    live_with_compromised_keys,
)
from pki_revocation.register.issuers import add_issuer
from pki_revocation.service import KeyOutcome, RevocationRequest, RevocationService
from tests.fakes import FakeClock
from tests.pki import DAY, CertificateAuthority
from tests.subscribers import Subscriber, enrol

SOURCE = {"address": "192.0.2.7"}
KEY = ec.generate_private_key(ec.SECP256R1())
PROVEN: ProvenKey = csr_proof(make_csr_proof(KEY))


class Holder:
    """A subscriber with several certificates of one key, of two CAs."""

    def __init__(self, database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock) -> None:
        """Register a second CA beside the first."""
        self.database, self.clock = database, clock
        self.other_authority = CertificateAuthority("Andere CA")
        with database.write() as connection:
            self.other = add_issuer(
                connection, name="other", certificate=self.other_authority.certificate, is_default=False, clock=clock
            )
        self._authorities = {issuer.id: (issuer, authority), self.other.id: (self.other, self.other_authority)}

    def enrol(
        self,
        verifier: CodeVerifier,
        issuer_id: int,
        lifetime: timedelta = 90 * DAY,
        key: ec.EllipticCurvePrivateKey = KEY,
    ) -> Subscriber:
        """One more certificate with the key."""
        issuer, authority = self._authorities[issuer_id]
        certificate = authority.issue("Zorg BV", self.clock.now(), lifetime, key=key)
        return enrol(self.database, issuer, certificate, self.clock, verifier)

    def journal(self) -> list[JournalEntry]:
        """The rows of both CAs."""
        with self.database.read() as connection:
            return [row for each in self._authorities for row in journal.entries_after(connection, each, 0)]


@pytest.fixture
def holder(database: Database, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock) -> Holder:
    """Two CAs and one key."""
    return Holder(database, issuer, authority, clock)


def results(outcomes: tuple[KeyOutcome, ...]) -> dict[int, str]:
    """What became of each serial."""
    return {
        each.status.certificate.serial: "expired"
        if each.confirmation is None
        else "repeated"
        if each.confirmation.repeated
        else each.confirmation.entry.kind.value
        for each in outcomes
    }


def test_every_certificate_with_the_key_is_revoked(
    service: RevocationService, holder: Holder, verifier: CodeVerifier, issuer: Issuer, database: Database
) -> None:
    """Live ones of all CAs are revoked, one revoked before has its reason raised, an expired one is only named."""
    live = holder.enrol(verifier, issuer.id)
    elsewhere = holder.enrol(verifier, holder.other.id)
    before = holder.enrol(verifier, issuer.id)
    expired = holder.enrol(verifier, issuer.id, timedelta(minutes=1))
    untouched = holder.enrol(verifier, issuer.id, key=ec.generate_private_key(ec.SECP256R1()))
    service.revoke(
        service.authenticate(before.number, before.code),
        RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.PAGE),
    )
    holder.clock.advance(timedelta(hours=1))

    outcomes = service.revoke_by_key(PROVEN, SOURCE)

    assert results(outcomes) == {
        live.certificate.serial: EntryKind.REVOCATION,
        elsewhere.certificate.serial: EntryKind.REVOCATION,
        before.certificate.serial: EntryKind.RAISE,
        expired.certificate.serial: "expired",
    }
    rows = {each.serial: each for each in holder.journal() if each.channel is Channel.KEY}
    assert rows.keys() == results(outcomes).keys() - {expired.certificate.serial}
    assert {each.reason for each in rows.values()} == {RevocationReason.KEY_COMPROMISE}
    assert untouched.certificate.serial not in rows
    # The raise keeps the time of the revocation.
    assert rows[before.certificate.serial].revocation_date == holder.clock.now() - timedelta(hours=1)
    with database.read() as connection:
        mailed = connection.execute(select(mail_outbox.c.number)).scalars().all()
        verify_chain(connection)
    assert sorted(mailed) == sorted([live.number, elsewhere.number, before.number, before.number])


def test_repeat_changes_nothing(
    service: RevocationService, holder: Holder, verifier: CodeVerifier, issuer: Issuer, database: Database
) -> None:
    """The same proof again gets the same rows, and is one key on the list."""
    holder.enrol(verifier, issuer.id)
    first = service.revoke_by_key(PROVEN, SOURCE)
    holder.clock.advance(timedelta(days=1))

    again = service.revoke_by_key(PROVEN, SOURCE)

    assert set(results(again).values()) == {"repeated"}
    assert [each.confirmation and each.confirmation.entry for each in again] == [
        each.confirmation and each.confirmation.entry for each in first
    ]
    with database.read() as connection:
        known = compromised_key(connection, PROVEN.sha256)
        events = [row.event for row in connection.execute(select(audit.c.event).order_by(audit.c.sequence))]
    assert known is not None
    assert known.since == holder.clock.now() - timedelta(days=1)
    assert events == ["key.compromised", "revocation.made", "revocation.repeated"]


def test_key_is_listed_with_its_proof(
    service: RevocationService, holder: Holder, verifier: CodeVerifier, issuer: Issuer, database: Database
) -> None:
    """What proved it is kept for auditors, and the address of who sent it beside the chain alone."""
    holder.enrol(verifier, issuer.id)
    service.revoke_by_key(PROVEN, SOURCE)

    with database.read() as connection:
        assert evidence_of(connection, PROVEN.sha256) == PROVEN.evidence
        detail = json.loads(connection.scalar(select(audit.c.detail).where(audit.c.event == "key.compromised")) or "")
    assert detail["key_sha256"] == PROVEN.sha256.hex()
    assert detail["proof"] == "csr"
    assert "192.0.2.7" not in str(detail)


def test_key_of_no_certificate_changes_nothing(
    service: RevocationService, holder: Holder, database: Database, subscriber: Subscriber
) -> None:
    """Whoever makes keys by the thousand fills no list of ours."""
    with pytest.raises(UnknownKey, match="no certificate here has this key"):
        service.revoke_by_key(PROVEN, SOURCE)

    with database.read() as connection:
        assert count_keys(connection) == 0
        assert verify_chain(connection) == 0
    assert holder.journal() == []


def test_proof_outweighs_what_a_list_said(
    service: RevocationService, holder: Holder, verifier: CodeVerifier, issuer: Issuer, database: Database, clock: Clock
) -> None:
    """A listed key becomes a proven one, since when it is listed stays; until then `doctor` has something to say."""
    holder.enrol(verifier, issuer.id)
    listed = CompromisedKey(sha256=PROVEN.sha256, since=clock.now(), source=KeySource.LIST, note="a list")
    with database.write() as connection:
        assert list_keys(connection, [listed]) == 1
        assert list_keys(connection, [listed]) == 0
    with database.read() as connection:
        assert len(live_with_compromised_keys(connection, clock.now())) == 1
    holder.clock.advance(timedelta(hours=1))

    service.revoke_by_key(PROVEN, SOURCE)

    with database.read() as connection:
        known = compromised_key(connection, PROVEN.sha256)
        assert known is not None
        assert (known.source, known.since) == (KeySource.PROOF, listed.since)
        assert evidence_of(connection, PROVEN.sha256) == PROVEN.evidence
        assert live_with_compromised_keys(connection, clock.now()) == []


def test_keys_are_found_by_any_of_their_hashes(holder: Holder, verifier: CodeVerifier, issuer: Issuer) -> None:
    """And by no other; each certificate once, issuer by issuer."""
    mine = [holder.enrol(verifier, each) for each in (issuer.id, holder.other.id)]

    with holder.database.read() as connection:
        found = certificates_with_key(connection, [PROVEN.sha256, bytes(32)])
        assert certificates_with_key(connection, [bytes(32)]) == []
    assert found == [(each.certificate.issuer_id, each.certificate.serial) for each in mine]
