"""Manifests of letters that have a file each: what lies there can be told from what should."""

import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader

from pki_revocation.documents.letters import single_letters
from pki_revocation.documents.letters.drawing import letter_name
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.documents.letters.manifest import COLUMNS, concatenated
from pki_revocation.documents.letters.report import LettersReport
from pki_revocation.model import IssuedCertificate, serial_text
from tests.pki_revocation.documents.letters.reading import code_in, letters_in, lying_in, number_of
from tests.pki_revocation.importing.rows import index_row

LONG = "/C=NL" + "".join(f"/OU=Afdeling {place} van de zorgadministratie" for place in range(40)) + "/CN=zorg.example"


def lines_of(folder: Path, report: LettersReport) -> list[dict[str, str]]:
    """What the one manifest of a run says."""
    (name,) = report.manifests
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_line_for_each_letter(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], tmp_path: Path
) -> None:
    """The file with its digest and pages, whose it is, and never the code."""
    one, two = registered(index_row(1), index_row(2, subject=LONG))
    folder = tmp_path / "letters"

    report = maker.make_all(folder)

    lines = lines_of(folder, report)
    assert [tuple(line) for line in lines] == [COLUMNS] * 2
    for line, certificate in zip(lines, (one, two), strict=True):
        letter = folder / letter_name(number_of(certificate))
        assert line["number"] == certificate.number
        assert (line["serial"], line["subject"]) == (serial_text(certificate.serial), certificate.subject)
        assert (line["language"], line["file"], line["page"]) == ("nl", letter.name, "1")
        assert line["pages"] == str(len(PdfReader(letter).pages))
        assert line["sha256"] == hashlib.sha256(letter.read_bytes()).hexdigest()
        assert code_in(letter)[:4] not in "".join(line[name] for name in ("number", "subject", "file"))
    assert [line["pages"] for line in lines] == ["1", "2"]
    assert lying_in(folder) == sorted([*letters_in(folder), *report.manifests])


def test_one_manifest_for_a_run_of_many_portions(
    maker: LetterMaker,
    registered: Callable[..., list[IssuedCertificate]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the order in which they were made; a second run has one of its own, and one that makes nothing has none."""
    monkeypatch.setattr(single_letters, "PORTION", 2)
    numbers = [number_of(each) for each in registered(*(index_row(serial) for serial in range(1, 6)))]
    folder = tmp_path / "letters"

    first = maker.make_all(folder)
    second = maker.reissue(numbers[:1], folder, by="anna")
    third = maker.make_all(folder)

    assert [line["number"] for line in lines_of(folder, first)] == numbers
    assert [line["file"] for line in lines_of(folder, second)] == [letter_name(numbers[0], 2)]
    assert third.manifests == ()
    assert set(lying_in(folder)) == {*letters_in(folder), *first.manifests, *second.manifests}


def test_nothing_in_a_subject_breaks_a_manifest(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], tmp_path: Path
) -> None:
    """Commas, quotation marks and letters of any kind stay in their column."""
    (one,) = registered(index_row(1, subject='/O=Zorg, "Café" \\; BV/CN=a'))

    (line,) = lines_of(tmp_path, maker.make_all(tmp_path))

    assert line["subject"] == one.subject


def test_parts_are_joined_with_one_header() -> None:
    """Whatever line ends stand within quotation marks."""
    parts = [b"a,b\r\n1,2\r\n", b'a,b\r\n3,"x\r\ny"\r\n', b"a,b\r\n"]

    assert b"".join(concatenated(parts)) == b'a,b\r\n1,2\r\n3,"x\r\ny"\r\n'
