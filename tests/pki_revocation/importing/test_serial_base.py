"""Serials in CSV: hexadecimal as documented, decimal where it can be nothing else, and a word where it may be."""

from pathlib import Path

import pytest

from pki_revocation.database.engine import Database
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.listing import listed
from pki_revocation.importing.serial_base import SerialBase, base_of
from pki_revocation.model import Issuer

HEADER = "serial,subject,not_after"
DECIMAL = ["6182446617941461528814405", "8098744459407843311043361", "5747118717739761118395614"]


def rows(folder: Path, *serials: str, header: str = HEADER, end: str = "\n") -> Path:
    """A CSV with these serials."""
    file = folder / "rows.csv"
    between = ";" if ";" in header else ","
    lines = [between.join((serial, "CN=x", "2029-01-01T00:00:00Z")) for serial in serials]
    file.write_bytes((end.join([header, *lines]) + end).encode())
    return file


@pytest.mark.parametrize(
    ("serials", "base", "words"),
    [
        (DECIMAL, SerialBase.DECIMAL, "read as decimal"),
        (DECIMAL[:2], SerialBase.DECIMAL, "read as decimal"),
        (["00" + DECIMAL[0], *DECIMAL], SerialBase.HEXADECIMAL, ""),
        ([*DECIMAL, "4bf3"], SerialBase.HEXADECIMAL, ""),
        (["4BF3", *DECIMAL], SerialBase.HEXADECIMAL, ""),
        (["1041", "1042", "1043"], SerialBase.HEXADECIMAL, "read as hexadecimal"),
        ([str(number) for number in range(1000, 1100)], SerialBase.HEXADECIMAL, "read as hexadecimal"),
        (DECIMAL[:1], SerialBase.HEXADECIMAL, "read as hexadecimal"),
        (["01", "02"], SerialBase.HEXADECIMAL, ""),
        ([], SerialBase.HEXADECIMAL, ""),
    ],
)
def test_what_the_column_shows(tmp_path: Path, serials: list[str], base: SerialBase, words: str) -> None:
    """Long serials without one letter are decimal; of short ones none can say, so that it is said."""
    found, remark = base_of(rows(tmp_path, *serials), None)

    assert found is base
    assert (words in remark) if words else remark == ""


@pytest.mark.parametrize(
    "header", ["serial;subject;not_after", '"Serial";subject;not_after', "\ufeffserial;subject;not_after"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_column_is_found_as_the_reader_finds_it(tmp_path: Path, header: str, end: str) -> None:
    """With semicolons, quotes, a mark, and any end of lines."""
    assert base_of(rows(tmp_path, *DECIMAL, header=header, end=end), None)[0] is SerialBase.DECIMAL


def test_operators_word_counts(tmp_path: Path, importer: Importer, database: Database, issuer: Issuer) -> None:
    """With --serials nothing is guessed and nothing is said."""
    assert base_of(rows(tmp_path, *DECIMAL), SerialBase.HEXADECIMAL) == (SerialBase.HEXADECIMAL, "")

    report = importer.run([rows(tmp_path, "1041", "1042")], serials=SerialBase.DECIMAL)

    assert report.remarks == ()
    with database.read() as connection:
        assert [each.serial for each in listed(connection, issuer, 10)] == [1041, 1042]
    refused = importer.run([rows(tmp_path, "10a1")], serials=SerialBase.DECIMAL)
    assert "Its serial '10a1' is not decimal." in refused.text()


def test_file_that_cannot_be_read_is_the_readers_matter(tmp_path: Path) -> None:
    """No column of that name, or no CSV: the reader says what is wrong."""
    for text in ("certificate\nx\n", "", '"serial\n', "\0\n"):
        (tmp_path / "rows.csv").write_text(text)
        assert base_of(tmp_path / "rows.csv", None)[0] is SerialBase.HEXADECIMAL
