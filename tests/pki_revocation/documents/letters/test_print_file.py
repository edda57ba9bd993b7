"""Print files: what is in them, what is left out of them, and that nothing lies there before its codes count."""

import csv
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import insert, select

from pki_revocation.audit import AuditTrail
from pki_revocation.codes import CodeVerifier, parse_code
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, letter_recipients, revocation_codes
from pki_revocation.documents.letters import printing, run_files
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.documents.letters.private_folder import PrivateFolder
from pki_revocation.importing.importer import Importer
from pki_revocation.model import Channel, Issuer, serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationRequest, RevocationService
from pki_revocation.subscribers.languages import Language
from tests.fakes import FakeClock
from tests.letter_runs import on_paper
from tests.pki_revocation.documents.letters.reading import lying_in
from tests.pki_revocation.importing.rows import index_row, write_index

# Sets six print files, and says after each how many MiB the process has.
_SIZES = """
import psutil
from dataclasses import replace
from pki_revocation.documents.letters.letter import compile_print_file
from tests.pki_revocation.documents.letters.test_letter import CONTENT

for file in range(6):
    compile_print_file([replace(CONTENT, number=f"{file:06}{place:06}") for place in range(40)])
    print(psutil.Process().memory_info().rss >> 20)
"""
NO_REASON = RevocationRequest(reason=RevocationReason.UNSPECIFIED, channel=Channel.API)


@pytest.fixture
def maker(database: Database, clock: FakeClock, verifier: CodeVerifier) -> LetterMaker:
    """A maker of print files, Dutch where nobody told another language."""
    return LetterMaker(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        verifier=verifier,
        public_url="https://intrekken.example",
        language=Language.DUTCH,
        prints=True,
    )


@pytest.fixture
def registered(database: Database, issuer: Issuer, clock: FakeClock, tmp_path: Path) -> Callable[..., dict[str, int]]:
    """Registers index rows of this issuer, and gives the serials of the certificates by their numbers."""

    def put_in(*rows: str) -> dict[str, int]:
        index = write_index(tmp_path / "index.txt", rows)
        Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([index], issuer.name)
        with database.read() as connection:
            found = connection.execute(select(certificates.c.number, certificates.c.serial))
            return {row.number: row.serial for row in found}

    return put_in


def opens(service: RevocationService, papers: list[tuple[str, str]]) -> list[int]:
    """The serials of the certificates that the codes on paper revoke."""
    return sorted(service.revoke(service.authenticate(*each), NO_REASON).certificate.serial for each in papers)


def stored(database: Database) -> int:
    """How many codes count."""
    with database.read() as connection:
        return len(connection.execute(select(revocation_codes.c.certificate_id)).all())


def test_one_file_and_its_manifest(
    maker: LetterMaker,
    registered: Callable[..., dict[str, int]],
    service: RevocationService,
    database: Database,
    tmp_path: Path,
) -> None:
    """Each letter in its reader's language, on the page that the manifest says; every code opens, and is in no line."""
    numbers = registered(index_row(1), index_row(2), index_row(3))
    with database.write() as connection:
        english = connection.execute(select(certificates.c.id).where(certificates.c.serial == 2)).scalar_one()
        connection.execute(
            insert(letter_recipients).values(
                certificate_id=english, language="en", address="Postbus 1\n1234 AB  Utrecht"
            )
        )
    folder = tmp_path / "letters"

    report = maker.make_all(folder)

    (pdf,) = folder.glob("*.pdf")
    (manifest,) = folder.glob("*.csv")
    assert (report.made, report.print_files, report.manifests) == (3, (pdf.name,), (manifest.name,))
    assert lying_in(folder) == sorted([manifest.name, pdf.name])
    assert {(folder / name).stat().st_mode & 0o777 for name in lying_in(folder)} == {0o600}
    lines = list(csv.DictReader(manifest.read_text("utf-8").splitlines()))
    columns = ["number", "serial", "subject", "language", "file", "page", "pages", "sha256"]
    assert [list(line) for line in lines] == [columns] * 3
    assert {line["sha256"] for line in lines} == {hashlib.sha256(pdf.read_bytes()).hexdigest()}
    assert {line["pages"] for line in lines} == {"1"}
    assert {line["number"]: line["serial"] for line in lines} == {
        number: serial_text(serial) for number, serial in numbers.items()
    }
    assert [(line["language"], line["page"], line["file"]) for line in lines] == [
        ("nl", "1", pdf.name), ("en", "2", pdf.name), ("nl", "3", pdf.name),
    ]  # fmt: skip
    pages = [page.extract_text() for page in PdfReader(pdf).pages]
    assert "Postbus 1" in pages[1]
    assert "Page 1 of 1" in pages[1]
    assert [number for number, _ in on_paper(folder)] == [line["number"] for line in lines]
    assert opens(service, on_paper(folder)) == [1, 2, 3]
    assert maker.make_all(folder).print_files == ()


def test_more_letters_than_a_file_takes(
    maker: LetterMaker,
    registered: Callable[..., dict[str, int]],
    service: RevocationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then there are more files, counted from 1, and one manifest of all in their order."""
    monkeypatch.setattr(printing, "PORTION", 2)
    registered(*(index_row(serial) for serial in range(1, 6)))
    folder = tmp_path / "letters"

    report = maker.make_all(folder)

    (manifest,) = report.manifests
    assert report.made == 5
    assert list(report.print_files) == [manifest.replace(".csv", f"-000{place}.pdf") for place in (1, 2, 3)]
    assert lying_in(folder) == sorted([manifest, *report.print_files])
    assert [len(PdfReader(folder / name).pages) for name in report.print_files] == [2, 2, 1]
    lines = list(csv.DictReader((folder / manifest).read_text("utf-8").splitlines()))
    assert [(line["file"][-8:], line["page"]) for line in lines] == [
        ("0001.pdf", "1"), ("0001.pdf", "2"), ("0002.pdf", "1"), ("0002.pdf", "2"), ("0003.pdf", "1"),
    ]  # fmt: skip
    assert opens(service, on_paper(folder)) == [1, 2, 3, 4, 5]


def test_run_that_ends_between_two_files(
    maker: LetterMaker,
    registered: Callable[..., dict[str, int]],
    service: RevocationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What it had stored stays as it is; the next run makes the rest, and joins the manifests of each run."""
    registered(*(index_row(serial) for serial in range(1, 6)))
    folder = tmp_path / "letters"
    passed: list[str] = []

    def stop(place: str) -> None:
        passed.append(place)
        if len(passed) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(printing, "PORTION", 2)
        patched.setattr(printing, "reach", stop)
        with pytest.raises(KeyboardInterrupt):
            maker.make_all(folder)
    before = on_paper(folder)
    assert maker.is_unfinished(folder)

    report = maker.make_all(folder)

    assert (report.made, len(before), len(report.print_files), len(report.manifests)) == (1, 4, 1, 2)
    assert not maker.is_unfinished(folder)
    assert set(before) < set(on_paper(folder))
    lines = [line for name in report.manifests for line in csv.DictReader((folder / name).read_text().splitlines())]
    assert sorted(line["number"] for line in lines) == sorted(number for number, _ in on_paper(folder))
    assert opens(service, on_paper(folder)) == [1, 2, 3, 4, 5]


def test_revoked_while_the_file_was_set(
    maker: LetterMaker,
    registered: Callable[..., dict[str, int]],
    service: RevocationService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looked at again under the lock: the file is set anew without, and nothing of the first is left."""
    registered(index_row(1), index_row(2))
    folder = tmp_path / "letters"

    def revoke_first(place: str) -> None:
        monkeypatch.undo()
        assert place == "letters.drafted"
        service.revoke_for_operator(None, 1, NO_REASON)

    monkeypatch.setattr(printing, "reach", revoke_first)
    report = maker.make_all(folder)

    assert (report.made, len(report.refused)) == (1, 1)
    assert "was revoked" in report.refused[0].reason
    assert len(lying_in(folder)) == 2
    assert opens(service, on_paper(folder)) == [2]


def test_name_that_no_font_has_keeps_nobody_from_a_letter(
    maker: LetterMaker, registered: Callable[..., dict[str, int]], service: RevocationService, tmp_path: Path
) -> None:
    """It is refused by number, and its certificate gets no code; the rest is printed."""
    numbers = registered(index_row(1, subject="/O=\\xE6\\x97\\xA5/CN=a"), index_row(2))

    report = maker.make_all(tmp_path / "letters")

    assert report.made == 1
    assert [numbers[each.number] for each in report.refused] == [1]
    assert "日" in report.refused[0].reason
    assert opens(service, on_paper(tmp_path / "letters")) == [2]


@pytest.mark.parametrize("method", ["settle", "draft"])
def test_disk_that_fails_leaves_no_code_and_no_file(
    maker: LetterMaker,
    registered: Callable[..., dict[str, int]],
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
) -> None:
    """Whatever fails before the file is safe leaves nothing; the next run makes it."""
    registered(index_row(1))
    folder = tmp_path / "letters"

    def full(held: PrivateFolder, *_given: object) -> None:
        raise OSError(28, "No space left on device", str(held.path))

    with monkeypatch.context() as patched:
        patched.setattr(PrivateFolder, method, full)
        with pytest.raises(OSError, match="No space"):
            maker.make_all(folder)
    assert lying_in(folder) == []
    assert stored(database) == 0

    assert maker.make_all(folder).made == 1


def test_file_whose_codes_were_never_stored_is_taken_away(
    maker: LetterMaker, registered: Callable[..., dict[str, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody knows of goes; what the audit trail knows of gets its name, whatever is made besides."""
    registered(index_row(1))

    def stop(place: str) -> None:
        raise KeyboardInterrupt(place)

    monkeypatch.setattr(run_files, "reach", stop)
    with pytest.raises(KeyboardInterrupt):
        maker.make_all(tmp_path)
    monkeypatch.undo()
    assert [file.suffix for file in sorted(tmp_path.glob("letters-*"))] == [".csv", ".unconfirmed"]
    for suffix in ("pdf", "csv"):
        (tmp_path / f"letters-20260101T000000Z-00000000-0001.{suffix}.unconfirmed").write_bytes(b"of no codes")

    report = maker.make_all(tmp_path)

    assert (report.made, len(report.print_files), len(report.manifests)) == (0, 1, 1)
    assert not list(tmp_path.glob("*.unconfirmed"))
    assert not list(tmp_path.glob("*-00000000*"))
    ((_, code),) = on_paper(tmp_path)
    assert parse_code(code) == code


@pytest.mark.long
def test_long_run_takes_no_more_memory_than_a_short_one() -> None:
    """What the typesetter kept of one file is free again when the next one is set; a file of 40 takes 40 MiB."""
    sizes = [int(size) for size in subprocess.check_output([sys.executable, "-c", _SIZES], text=True).split()]

    # The first files make room for what all need.
    assert max(sizes[2:]) - sizes[1] < 60, sizes
