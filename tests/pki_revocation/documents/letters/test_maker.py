"""Codes and letters for a register: who gets one, in which order things become true, and what a killed run leaves."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import event, insert, select

from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import audit, certificates, letter_recipients, revocation_codes
from pki_revocation.documents.letters import single_letters
from pki_revocation.documents.letters.code_store import CodeStore
from pki_revocation.documents.letters.drawing import letter_name
from pki_revocation.documents.letters.eligibility import CodeRefused
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.model import Channel, IssuedCertificate
from pki_revocation.numbers import grouped, number_at
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.live_codes import live_code
from pki_revocation.service import RevocationRequest, RevocationService
from pki_revocation.subscribers.languages import Language
from tests.fakes import FakeClock
from tests.pki_revocation.documents.letters.reading import code_in, letters_in, number_of
from tests.pki_revocation.importing.rows import index_row

NO_REASON = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)


def test_letter_for_everybody_who_is_live(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    database: Database,
    tmp_path: Path,
) -> None:
    """Live certificates get a letter whose number and code revoke; revoked and expired ones get none."""
    one, two, *_ = registered(
        index_row(1), index_row(2), index_row(3, "260102030405Z"), index_row(4, expiry="250101000000Z")
    )
    folder = tmp_path / "letters"
    done: list[int] = []
    assert maker.waiting() == 2

    report = maker.make_all(folder, done.append)

    assert (report.made, report.refused, done) == (2, (), [2])
    assert letters_in(folder) == sorted(letter_name(number_of(each)) for each in (one, two))
    for certificate in (one, two):
        number = number_of(certificate)
        authenticated = service.authenticate(number, code_in(folder / letter_name(number)))
        assert service.revoke(authenticated, NO_REASON).certificate.serial == certificate.serial
    with database.read() as connection:
        detail = connection.execute(select(audit.c.detail).where(audit.c.event == "codes.issued")).scalar_one()
        verify_chain(connection)
    assert json.loads(detail)["numbers"] == [number_of(one), number_of(two)]


def test_second_run_makes_nothing(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], tmp_path: Path
) -> None:
    """Who has a letter keeps the one that he has."""
    (one,) = registered(index_row(1))
    letter = tmp_path / "letters" / letter_name(number_of(one))
    maker.make_all(tmp_path / "letters")
    before = letter.read_bytes()

    assert maker.make_all(tmp_path / "letters").made == 0
    assert letter.read_bytes() == before


def test_numbers_that_get_no_letter(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    clock: FakeClock,
    tmp_path: Path,
) -> None:
    """Unknown, revoked, expired, or with a code already: a sentence each, and the rest is made."""
    revoked, expired, lettered, good = registered(
        index_row(1), index_row(2, expiry="261124000000Z"), index_row(3), index_row(4)
    )
    folder = tmp_path / "letters"
    maker.make([number_of(lettered)], folder)
    service.revoke_for_operator(None, revoked.serial, NO_REASON)
    clock.advance(timedelta(days=2))
    unknown = number_at(999)
    numbers = [unknown, *map(number_of, (revoked, expired, lettered, good, good))]

    report = maker.make(numbers, folder)

    assert report.made == 1
    expected = (
        (unknown, "There is no certificate with number"),
        (revoked.number, "was revoked on 2026-11-23T14:03:22Z: it needs no code any more."),
        (expired.number, "expired on 2026-11-24T00:00:00Z: it needs no code any more."),
        (lettered.number, "has a revocation code already: 'pki-revocation letter reissue' makes a new one."),
    )
    for refused, (number, words) in zip(report.refused, expected, strict=True):
        assert refused.number == number
        assert words in refused.reason
        assert grouped(refused.number) in refused.reason
    assert letters_in(folder) == sorted(letter_name(number_of(each)) for each in (lettered, good))
    assert report.text().splitlines()[:3] == ["1 letter was made.", f"Manifest: {report.manifests[0]}", "4 refused:"]
    assert report.as_json()["refused"] == 4


def test_letters_are_in_their_subscribers_language(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], database: Database, tmp_path: Path
) -> None:
    """What was told when a certificate came in counts; the maker's own language is for the others."""
    english, other = registered(index_row(1), index_row(2))
    with database.write() as connection:
        connection.execute(
            insert(letter_recipients).values(certificate_id=english.id, language="en", address="Postbus 1\nUtrecht")
        )

    maker.make_all(tmp_path / "letters")

    texts = [
        PdfReader(tmp_path / "letters" / letter_name(number_of(each))).pages[0].extract_text()
        for each in (english, other)
    ]
    assert "Revocation code" in texts[0]
    assert "Postbus 1" in texts[0]
    assert "https://intrekken.example/revoke" in texts[0]
    assert "Intrekkingscode" in texts[1]


def test_letter_that_cannot_be_set_gets_no_code(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], database: Database, tmp_path: Path
) -> None:
    """A name that no font can print is refused by number; the others get theirs."""
    odd, good = registered(index_row(1, subject="/O=\\xE6\\x97\\xA5/CN=a"), index_row(2))

    report = maker.make_all(tmp_path / "letters")

    assert report.made == 1
    assert [each.number for each in report.refused] == [odd.number]
    assert "日" in report.refused[0].reason
    with database.read() as connection:
        assert connection.execute(select(revocation_codes.c.certificate_id)).scalars().all() == [good.id]


def test_codes_without_letters(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], service: RevocationService
) -> None:
    """In the order asked for, one each, right from the moment that they are given, and in no repr."""
    one, two = registered(index_row(1), index_row(2))
    done: list[int] = []

    issued = maker.issue_codes([two.id, one.id, two.id], progress=done.append)

    assert [each.number for each in issued] == [two.number, one.number]
    assert done == [2]
    assert service.authenticate(issued[1].number, issued[1].code).certificate_id == one.id
    assert issued[0].code not in repr(issued)


def test_codes_with_letters(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], tmp_path: Path
) -> None:
    """The code given is the code in the letter."""
    (one,) = registered(index_row(1))

    (issued,) = maker.issue_codes([one.id], letters=tmp_path / "letters")

    assert code_in(tmp_path / "letters" / letter_name(number_of(one))) == issued.code


def test_code_for_whom_it_is_not(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], database: Database
) -> None:
    """One that may have none stops all of them, before any is issued."""
    live, revoked = registered(index_row(1), index_row(2, "260102030405Z"))
    with pytest.raises(CodeRefused, match="has no number"):
        maker.issue_codes([live.id, revoked.id])
    with pytest.raises(CodeRefused, match="no certificate with id"):
        maker.issue_codes([live.id, 999])
    with database.read() as connection:
        assert live_code(connection, number_of(live)) is None

    maker.issue_codes([live.id])
    with pytest.raises(CodeRefused, match="has a revocation code already"):
        maker.issue_codes([live.id])


def test_more_than_one_portion(
    database: Database,
    clock: FakeClock,
    registered: Callable[..., list[IssuedCertificate]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A long run is stored portion by portion, each with its record; the longer codes are stored by their scheme."""
    monkeypatch.setattr(single_letters, "PORTION", 2)
    registered(*(index_row(serial) for serial in range(1, 6)))
    pepper = Pepper.generate()
    maker = LetterMaker(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        verifier=CodeVerifier(pepper, CodeScheme.KEYED_HASH),
        public_url="https://intrekken.example",
        language=Language.ENGLISH,
    )
    done: list[int] = []

    assert maker.make_all(tmp_path / "letters", done.append).made == 5

    assert done == [2, 4, 5]
    assert len(letters_in(tmp_path / "letters")) == 5
    with database.read() as connection:
        stored = connection.execute(select(revocation_codes.c.verifier, revocation_codes.c.pepper_id)).all()
        events = connection.execute(select(audit.c.event)).scalars().all()
    assert len({verifier for verifier, _ in stored}) == 5
    assert {pepper_id for _, pepper_id in stored} == {pepper.id}
    assert events.count("codes.issued") == 3


def test_revocations_wait_no_longer_for_many_codes_than_for_few(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Under the lock of the journal's head, a portion takes as many statements whatever it holds."""
    ids = [each.id for each in registered(*(index_row(serial) for serial in range(1, 8)))]
    store = CodeStore.store
    counted: list[int] = []

    def counting(*given: Any, **more: Any) -> Any:  # noqa: ANN401 - whatever the method takes
        counted.append(0)

        def count(*_: object) -> None:
            counted[-1] += 1

        event.listen(database.engine, "before_cursor_execute", count)
        try:
            return store(*given, **more)
        finally:
            event.remove(database.engine, "before_cursor_execute", count)

    monkeypatch.setattr(CodeStore, "store", counting)
    maker.issue_codes(ids[:1])
    maker.issue_codes(ids[1:])

    assert len(counted) == 2
    assert counted[0] == counted[1]


def test_no_code_is_in_database_or_log(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was issued stands nowhere but with whoever asked for it."""
    (one,) = registered(index_row(1))
    with caplog.at_level("DEBUG"):
        (issued,) = maker.issue_codes([one.id])

    with database.read() as connection:
        everything = [
            str(row) for table in (certificates, revocation_codes, audit) for row in connection.execute(select(table))
        ]
    assert issued.code not in caplog.text
    assert not any(issued.code in row for row in everything)
