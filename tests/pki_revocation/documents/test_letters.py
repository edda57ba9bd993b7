"""Codes and letters for a register: who gets one, in which order things become true, and what a killed run leaves."""

import io
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import insert, select

from pki_revocation import journal, register
from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper, parse_code
from pki_revocation.database import Database
from pki_revocation.documents import code_store
from pki_revocation.documents import letters as letters_module
from pki_revocation.documents.drawing import letter_name
from pki_revocation.documents.eligibility import CodeRefused
from pki_revocation.documents.letter import Language
from pki_revocation.documents.letters import LetterMaker
from pki_revocation.documents.private_folder import FolderInUse, PrivateFolder
from pki_revocation.errors import NotRecognised
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Channel, IssuedCertificate, Issuer
from pki_revocation.numbers import grouped, number_at
from pki_revocation.reasons import RevocationReason
from pki_revocation.schema import audit, certificates, letter_recipients, personal_details, revocation_codes
from pki_revocation.service import RevocationService, Wish
from tests.fakes import FakeClock
from tests.pki_revocation.importing.rows import index_row, write_index
from tests.pki_revocation.importing.waiting import waited_for

NO_REASON = Wish(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)


@pytest.fixture
def maker(database: Database, clock: FakeClock, verifier: CodeVerifier) -> LetterMaker:
    """A maker of Dutch letters, hashing as production does."""
    return LetterMaker(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        verifier=verifier,
        public_url="https://intrekken.example",
        language=Language.DUTCH,
    )


@pytest.fixture
def registered(
    database: Database, issuer: Issuer, clock: FakeClock, tmp_path: Path
) -> Callable[..., list[IssuedCertificate]]:
    """Registers index rows and gives their certificates, in the order of their serials."""

    def put_in(*rows: str) -> list[IssuedCertificate]:
        index = write_index(tmp_path / "index.txt", rows)
        Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([index])
        with database.read() as connection:
            found = connection.execute(select(certificates).order_by(certificates.c.serial))
            return [register.as_certificate(row) for row in found]

    return put_in


def code_in(letter: Path) -> str:
    """The code that stands in a letter, as its reader would type it."""
    text = PdfReader(io.BytesIO(letter.read_bytes())).pages[0].extract_text()
    lines = [line.strip() for line in text.splitlines()]
    return parse_code(lines[lines.index("Intrekkingscode") + 1])


def number_of(certificate: IssuedCertificate) -> str:
    """Its number, which it must have."""
    assert certificate.number is not None
    return certificate.number


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
    assert sorted(file.name for file in folder.iterdir()) == sorted(letter_name(number_of(each)) for each in (one, two))
    for certificate in (one, two):
        number = number_of(certificate)
        identified = service.identify(number, code_in(folder / letter_name(number)))
        assert service.revoke(identified, NO_REASON).certificate.serial == certificate.serial
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
    assert {file.name for file in folder.iterdir()} == {letter_name(number_of(each)) for each in (lettered, good)}
    assert report.text().splitlines()[:2] == ["1 letter was made.", "4 refused:"]
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


def test_reissue_makes_a_new_code_and_kills_the_old_one(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    database: Database,
    tmp_path: Path,
) -> None:
    """The old code opens nothing, the new one does; the audit trail says it, and who did it stands beside the chain."""
    (one,) = registered(index_row(1))
    number, folder = number_of(one), tmp_path / "letters"
    maker.make([number], folder)
    old = code_in(folder / letter_name(number))

    report = maker.reissue([number], folder, by="anna")

    assert (report.made, report.refused) == (1, ())
    new = code_in(folder / letter_name(number, 2))
    assert (folder / letter_name(number)).exists()
    with pytest.raises(NotRecognised):
        service.identify(number, old)
    assert service.identify(number, new) is not None
    with database.read() as connection:
        row = connection.execute(select(audit).where(audit.c.event == "codes.reissued")).one()
        assert json.loads(row.detail)["numbers"] == [number]
        assert "anna" not in row.detail
        assert '{"by": "anna"}' in connection.execute(select(personal_details.c.detail)).scalars().all()
        verify_chain(connection)


def test_reissue_is_for_live_certificates_that_have_a_code(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    tmp_path: Path,
) -> None:
    """Without a code there is nothing to replace, and a revoked certificate needs none."""
    fresh, revoked = registered(index_row(1), index_row(2))
    maker.make([number_of(revoked)], tmp_path / "letters")
    service.revoke_for_operator(None, revoked.serial, NO_REASON)

    report = maker.reissue([number_of(fresh), number_of(revoked)], tmp_path / "letters", by="anna")

    assert report.made == 0
    assert "has no revocation code yet" in report.refused[0].reason
    assert "was revoked" in report.refused[1].reason


def test_code_of_before_counts_until_the_new_letter_is_on_disk(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A reissue that fails half-way leaves the old code, its letter, and no letter of a code that never counted."""
    (one,) = registered(index_row(1))
    number, folder = number_of(one), tmp_path / "letters"
    maker.make([number], folder)
    old = code_in(folder / letter_name(number))

    def fail(_folder: PrivateFolder) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PrivateFolder, "settle", fail)
    with pytest.raises(OSError, match="space"):
        maker.reissue([number], folder, by="anna")

    assert service.identify(number, old) is not None
    assert [each.name for each in folder.iterdir()] == [letter_name(number)]


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


def test_code_counts_only_when_its_letter_is_on_disk(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The letter is found by its name before its code counts."""
    (one,) = registered(index_row(1))
    letter = tmp_path / "letters" / letter_name(number_of(one))
    seen: list[str] = []

    def look(place: str) -> None:
        with database.read() as connection:
            assert (register.live_code(connection, number_of(one)) is not None) == (place == "letters.stored")
        assert letter.exists() == (place != "letters.drafted")
        seen.append(place)

    monkeypatch.setattr(letters_module, "reach", look)
    monkeypatch.setattr(code_store, "reach", look)
    maker.make_all(tmp_path / "letters")

    assert seen == ["letters.drafted", "letters.written", "letters.stored"]


@pytest.mark.parametrize("method", ["settle", "draft"])
def test_disk_that_fails_leaves_no_code_and_no_letter(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    """Whatever fails before the letters are safe leaves nothing; the next run makes them."""
    (one,) = registered(index_row(1))
    letter = tmp_path / "letters" / letter_name(number_of(one))

    def full(folder: PrivateFolder, *_: object) -> None:
        raise OSError(28, "No space left on device", str(folder.path))

    with monkeypatch.context() as patched:
        patched.setattr(PrivateFolder, method, full)
        with pytest.raises(OSError, match="No space"):
            maker.make_all(tmp_path / "letters")
    assert list(letter.parent.iterdir()) == []
    with database.read() as connection:
        assert register.live_code(connection, number_of(one)) is None

    assert maker.make_all(tmp_path / "letters").made == 1
    assert letter.exists()


def test_letter_that_a_killed_run_left_is_replaced(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], service: RevocationService, tmp_path: Path
) -> None:
    """Its code was never stored: the next run puts one there whose code counts."""
    (one,) = registered(index_row(1))
    letter = tmp_path / "letters" / letter_name(number_of(one))
    letter.parent.mkdir()
    letter.write_bytes(b"a letter whose code was never stored")

    assert maker.make_all(tmp_path / "letters").made == 1

    assert service.identify(number_of(one), code_in(letter)).certificate_id == one.id


@pytest.mark.parametrize("asked", ["all", "number", "id"])
def test_run_that_comes_second_leaves_the_letters_of_the_first(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
) -> None:
    """What the first made before the second held the folder is neither made again nor touched."""
    (one,) = registered(index_row(1))
    folder = tmp_path / "letters"
    enter = PrivateFolder.__enter__
    first = [maker.make_all]

    def after_the_first(held: PrivateFolder) -> PrivateFolder:
        if first:
            first.pop()(folder)
        return enter(held)

    monkeypatch.setattr(PrivateFolder, "__enter__", after_the_first)
    if asked == "all":
        assert maker.make_all(folder).made == 0
    elif asked == "number":
        (refused,) = maker.make([number_of(one)], folder).refused
        assert "has a revocation code already" in refused.reason
    else:
        with pytest.raises(CodeRefused, match="has a revocation code already"):
            maker.issue_codes([one.id], letters=folder)

    assert first == []
    letter = folder / letter_name(number_of(one))
    assert list(folder.iterdir()) == [letter]
    assert service.identify(number_of(one), code_in(letter)).certificate_id == one.id


def test_letter_whose_code_counts_is_never_touched(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A code that was stored while letters were being made keeps its letter, even where theirs would have gone."""
    one, two = registered(index_row(1), index_row(2))
    folder, elsewhere = tmp_path / "letters", tmp_path / "elsewhere"
    name = letter_name(number_of(one))

    def overtake(place: str) -> None:
        monkeypatch.undo()
        assert place == "letters.drafted"
        assert maker.make([number_of(one)], elsewhere).made == 1
        (folder / name).write_bytes((elsewhere / name).read_bytes())

    monkeypatch.setattr(letters_module, "reach", overtake)
    report = maker.make_all(folder)

    assert report.made == 1
    assert [each.number for each in report.refused] == [one.number]
    assert sorted(file.name for file in folder.iterdir()) == sorted([name, letter_name(number_of(two))])
    for letter in (folder / name, elsewhere / name):
        assert service.identify(number_of(one), code_in(letter)).certificate_id == one.id


def test_two_runs_at_once_in_two_folders(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], service: RevocationService, tmp_path: Path
) -> None:
    """However they interleave, each certificate has one letter, and the code in it counts."""
    certificates_of = registered(*(index_row(serial) for serial in range(1, 9)))
    folders = [tmp_path / "one", tmp_path / "two"]

    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(maker.make_all, folders))

    assert sum(report.made for report in reports) == 8
    for folder, report in zip(folders, reports, strict=True):
        assert len(list(folder.iterdir())) == report.made
    for certificate in certificates_of:
        number = number_of(certificate)
        (letter,) = [folder / letter_name(number) for folder in folders if (folder / letter_name(number)).exists()]
        assert service.identify(number, code_in(letter)).certificate_id == certificate.id


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_codes_wait_for_the_journal(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], database: Database, issuer: Issuer
) -> None:
    """While somebody revokes, or stores codes, nothing is decided: only then is it seen who may have one."""
    (one,) = registered(index_row(1))

    (issued,) = waited_for(
        database, lambda connection: journal.lock_head(connection, issuer.id), lambda: maker.issue_codes([one.id])
    )

    assert issued.number == one.number


def test_revoked_while_its_letter_was_made(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    service: RevocationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looked at again under the lock: no code, and no letter."""
    one, two = registered(index_row(1), index_row(2))

    def revoke_first(place: str) -> None:
        if place == "letters.drafted":
            service.revoke_for_operator(None, one.serial, NO_REASON)

    monkeypatch.setattr(letters_module, "reach", revoke_first)
    report = maker.make_all(tmp_path / "letters")

    assert report.made == 1
    assert [each.number for each in report.refused] == [one.number]
    assert [file.name for file in (tmp_path / "letters").iterdir()] == [letter_name(number_of(two))]


def test_two_runs_in_one_folder(maker: LetterMaker, issuer: Issuer, tmp_path: Path) -> None:
    """The second is refused: it would overwrite the letters of the first."""
    with PrivateFolder(tmp_path / "letters"), pytest.raises(FolderInUse):
        maker.make_all(tmp_path / "letters")
    with PrivateFolder(tmp_path / "letters"), pytest.raises(FolderInUse):
        maker.issue_codes([], letters=tmp_path / "letters")


def test_codes_without_letters(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], service: RevocationService
) -> None:
    """In the order asked for, one each, right from the moment that they are given, and in no repr."""
    one, two = registered(index_row(1), index_row(2))
    done: list[int] = []

    issued = maker.issue_codes([two.id, one.id, two.id], progress=done.append)

    assert [each.number for each in issued] == [two.number, one.number]
    assert done == [2]
    assert service.identify(issued[1].number, issued[1].code).certificate_id == one.id
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
        assert register.live_code(connection, number_of(live)) is None

    maker.issue_codes([live.id])
    with pytest.raises(CodeRefused, match="has a revocation code already"):
        maker.issue_codes([live.id])


def test_more_than_one_portion(
    database: Database,
    clock: FakeClock,
    registered: Callable[..., list[IssuedCertificate]],
    tmp_path: Path,
) -> None:
    """A long run is stored portion by portion, each with its record; the longer codes are stored by their scheme."""
    registered(*(index_row(serial) for serial in range(1, 151)))
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

    assert maker.make_all(tmp_path / "letters", done.append).made == 150

    assert done == [64, 128, 150]
    assert len(list((tmp_path / "letters").iterdir())) == 150
    with database.read() as connection:
        stored = connection.execute(select(revocation_codes.c.verifier, revocation_codes.c.pepper_id)).all()
        events = connection.execute(select(audit.c.event)).scalars().all()
    assert len({verifier for verifier, _ in stored}) == 150
    assert {pepper_id for _, pepper_id in stored} == {pepper.id}
    assert events.count("codes.issued") == 3


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
