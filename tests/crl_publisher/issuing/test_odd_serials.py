"""Certificates with serials that RFC 5280 forbids, from their import to CRL, OCSP and receipt, on both databases."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.x509 import ocsp
from sqlalchemy import select

from crl_publisher.crl.reading import parse_crl
from crl_publisher.issuing.issuance import CrlIssuance
from keys.identity import Purpose, identify
from ocsp_responder.answering.answerer import Answerer
from ocsp_responder.fast_path.sqlite_journal import SqliteJournal
from ocsp_responder.signing.response import AnswerSigner
from ocsp_responder.status import Good, Revoked, SqlStatusSource
from pki_revocation import journal
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.encoding import serials as odd
from pki_revocation.encoding.der import integer
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Channel, Issuer
from pki_revocation.proof.listing import _lists
from pki_revocation.proof.ocsp_answer import question_of
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from tests.crl_publisher.publications import crl_at
from tests.fakes import FakeClock
from tests.ocsp_responder import answers, messages
from tests.ocsp_responder.responders import SETTINGS
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import with_serial

SERIALS = (0, -1, -24, -128, -129, -(1 << 159) - 1, 0x80, 1 << 159, (1 << 168) - 1, odd.LIMIT - 1, -odd.LIMIT, 1)


def test_odd_serials_from_import_to_relying_parties(
    database: Database,
    issuer: Issuer,
    clock: FakeClock,
    authority: CertificateAuthority,
    service: RevocationService,
    issuance: CrlIssuance,
    root: Path,
    public_file: Path,
    tmp_path: Path,
) -> None:
    """BR 4.9.1.1: what was issued can be revoked; BR 7.2.2: the CRL shows the serial as it was issued."""
    plain = authority.issue("Zorg BV", clock.now())
    files = []
    for place, serial in enumerate(SERIALS):
        files.append(tmp_path / f"{place}.der")
        files[-1].write_bytes(with_serial(authority, plain, integer(serial)[2:]))
    report = Importer(database=database, clock=clock, audit=AuditTrail(clock)).run(files)
    assert (report.added, report.numbered, report.refused) == (len(SERIALS), len(SERIALS), {})
    assert report.remarked == sum(bool(odd.breach_of(serial)) for serial in SERIALS)
    key, delegate = authority.delegate(clock.now())
    identity = identify(key, delegate, Purpose.OCSP, issuer=authority.certificate, now=clock.now())
    source = SqlStatusSource(database, clock)
    answerer = Answerer(signers={issuer: AnswerSigner(identity, issuer)}, source=source, settings=SETTINGS)
    for serial in SERIALS:
        assert answers.statuses(answerer.answer(messages.asked(issuer, serial)).der) == [answers.GOOD]

    revoke = RevocationRequest(reason=RevocationReason.SUPERSEDED, channel=Channel.OPERATOR)
    for serial in SERIALS:
        service.revoke_for_operator(None, serial, revoke)
    issuance.publish(issuer)
    # Once more, so that the gate compares with what is public already.
    issuance.publish(issuer)

    crl = crl_at(root, issuer)
    assert {each.serial_number for each in crl.parsed} == set(SERIALS)
    assert {odd.from_stored(each.serial) for each in parse_crl(public_file.read_bytes()).entries()} == set(SERIALS)
    for serial in SERIALS:
        answer = answerer.answer(messages.asked(issuer, serial)).der
        read = ocsp.load_der_ocsp_response(answer)
        assert (read.certificate_status, read.serial_number) == (ocsp.OCSPCertStatus.REVOKED, serial)
        # What a receipt asks, and how it looks into the CRL.
        assert answers.statuses(answerer.answer(question_of(authority.certificate, serial)).der) == [
            ocsp.OCSPCertStatus.REVOKED
        ]
        assert _lists(crl.parsed, serial)
    assert not _lists(crl.parsed, -25)
    assert all(isinstance(each, Revoked) for each in source.read(issuer.id, SERIALS).statuses)
    with database.read() as connection:
        assert set(connection.scalars(select(certificates.c.serial))) == set(SERIALS)
        assert {each.serial for each in journal.entries_after(connection, issuer.id, 0)} == set(SERIALS)
        verify_chain(connection)
        assert verify_journal(connection) == len(SERIALS)
    if database.is_sqlite:
        _look_directly(database, issuer, clock)
    if shutil.which("openssl"):
        text = subprocess.run(
            ["openssl", "crl", "-inform", "DER", "-in", str(public_file), "-noout", "-text"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        lines = text.replace("\\\n", "").splitlines()
        listed = {line.split(": ")[1].strip().lower() for line in lines if "Serial Number:" in line}
        assert listed == {odd.text_of(serial) for serial in SERIALS}


def _look_directly(database: Database, issuer: Issuer, clock: FakeClock) -> None:
    """As the fast path does."""
    reader = SqliteJournal(Path(str(database.url.database)), clock)
    changes = reader.poll({}, None)
    assert changes is not None
    assert {type(reader.status(issuer.id, serial)) for serial in SERIALS} == {Revoked}
    assert set(reader._serials_between(issuer.id, 0, len(SERIALS))) == set(SERIALS)  # noqa: SLF001 - what it tells of changes
    reader.close()


@pytest.mark.parametrize("serial", [odd.LIMIT, -odd.LIMIT - 1])
def test_serial_that_has_no_place_is_refused(
    database: Database, issuer: Issuer, clock: FakeClock, authority: CertificateAuthority, tmp_path: Path, serial: int
) -> None:
    """With one sentence, and OCSP knows nothing of it."""
    (tmp_path / "a.der").write_bytes(with_serial(authority, authority.issue("Zorg", clock.now()), integer(serial)[2:]))

    report = Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([tmp_path / "a.der"])

    assert report.added == 0
    assert "Its serial takes over 64 octets" in report.text()
    (status,) = SqlStatusSource(database, clock).read(issuer.id, [serial]).statuses
    assert not isinstance(status, Good | Revoked)
