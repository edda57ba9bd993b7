"""A code counts once its letter is safely on disk, whatever comes in between."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pki_revocation import journal
from pki_revocation.database.engine import Database
from pki_revocation.documents.letters import code_store, single_letters
from pki_revocation.documents.letters.drawing import letter_name
from pki_revocation.documents.letters.eligibility import CodeRefused
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.documents.letters.private_folder import FolderInUse, PrivateFolder
from pki_revocation.model import Channel, IssuedCertificate, Issuer
from pki_revocation.reasons import RevocationReason
from pki_revocation.register.live_codes import live_code
from pki_revocation.service import RevocationRequest, RevocationService
from tests.pki_revocation.documents.letters.reading import code_in, letters_in, lying_in, number_of
from tests.pki_revocation.importing.rows import index_row
from tests.pki_revocation.importing.waiting import waited_for

NO_REASON = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)


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
            assert (live_code(connection, number_of(one)) is not None) == (place == "letters.stored")
        assert letter.exists() == (place != "letters.drafted")
        seen.append(place)

    monkeypatch.setattr(single_letters, "reach", look)
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
    assert lying_in(letter.parent) == []
    with database.read() as connection:
        assert live_code(connection, number_of(one)) is None

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

    assert service.authenticate(number_of(one), code_in(letter)).certificate_id == one.id


def test_letter_that_a_killed_run_did_not_make_is_left_alone(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], service: RevocationService, tmp_path: Path
) -> None:
    """Its manifest names the file and another content: what has the name now is the letter of a code that counts."""
    (one,) = registered(index_row(1))
    letter = tmp_path / letter_name(number_of(one))
    maker.make_all(tmp_path)
    (tmp_path / "letters-20260101T000000Z-00000000-0001.csv.unconfirmed").write_text(
        f"number,file,sha256\r\n{one.number},{letter.name},{'0' * 64}\r\n"
    )

    maker.make_all(tmp_path)

    assert service.authenticate(number_of(one), code_in(letter)).certificate_id == one.id
    assert not list(tmp_path.glob("*.unconfirmed"))


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
    assert letters_in(folder) == [letter.name]
    assert service.authenticate(number_of(one), code_in(letter)).certificate_id == one.id


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

    monkeypatch.setattr(single_letters, "reach", overtake)
    report = maker.make_all(folder)

    assert report.made == 1
    assert [each.number for each in report.refused] == [one.number]
    assert letters_in(folder) == sorted([name, letter_name(number_of(two))])
    for letter in (folder / name, elsewhere / name):
        assert service.authenticate(number_of(one), code_in(letter)).certificate_id == one.id


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
        assert len(letters_in(folder)) == report.made
    for certificate in certificates_of:
        number = number_of(certificate)
        (letter,) = [folder / letter_name(number) for folder in folders if (folder / letter_name(number)).exists()]
        assert service.authenticate(number, code_in(letter)).certificate_id == certificate.id


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

    monkeypatch.setattr(single_letters, "reach", revoke_first)
    report = maker.make_all(tmp_path / "letters")

    assert report.made == 1
    assert [each.number for each in report.refused] == [one.number]
    assert letters_in(tmp_path / "letters") == [letter_name(number_of(two))]


def test_two_runs_in_one_folder(maker: LetterMaker, issuer: Issuer, tmp_path: Path) -> None:
    """The second is refused: it would overwrite the letters of the first."""
    with PrivateFolder(tmp_path / "letters"), pytest.raises(FolderInUse):
        maker.make_all(tmp_path / "letters")
    with PrivateFolder(tmp_path / "letters"), pytest.raises(FolderInUse):
        maker.issue_codes([], letters=tmp_path / "letters")
