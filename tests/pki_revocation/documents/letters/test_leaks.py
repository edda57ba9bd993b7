"""A code stands on paper and nowhere else: not in database, write-ahead log, manifest, output or temporary file."""

import os
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest
from sqlalchemy import insert

from pki_revocation.codes import grouped
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import letter_recipients
from tests.letter_runs import new_installation, on_paper, process
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, write_index


def leaks(codes: Iterable[str], places: Iterable[Path]) -> set[Path]:
    """Those files that hold one of the codes, in any way of writing it."""
    written = {form for code in codes for form in _forms(code)}
    found = set()
    for place in places:
        content = place.read_bytes()
        if any(form in content for form in written):
            found.add(place)
    return found


def _forms(code: str) -> set[bytes]:
    """Grouped by hyphens or blanks and not at all, in capitals and small letters, in UTF-8 and as Windows writes."""
    texts = {code, grouped(code), grouped(code).replace("-", " ")}
    both = texts | {text.lower() for text in texts}
    return {text.encode(encoding) for text in both for encoding in ("utf-8", "utf-16-le")}


def files_in(*folders: Path) -> list[Path]:
    """Everything there; letters too, in which a code is compressed and thus not found as it stands."""
    return [each for folder in folders for each in folder.rglob("*") if each.is_file()]


@pytest.fixture
def installation(tmp_path: Path, authority: CertificateAuthority) -> Installation:
    """A folder with configuration, secrets, tables, and an issuer."""
    return new_installation(tmp_path / "installation", authority)


@pytest.mark.parametrize("option", ["--print-file", "--no-print-file"])
def test_no_code_is_anywhere_but_in_its_letter(installation: Installation, tmp_path: Path, option: str) -> None:
    """Also after a kill, when the write-ahead log and whatever was in the making still lie there."""
    index = write_index(tmp_path / "index.txt", [index_row(n, expiry="491123140322Z") for n in range(1, 8)])
    folder, temporary, output = tmp_path / "letters", tmp_path / "tmp", tmp_path / "output"
    temporary.mkdir()
    codes: set[str] = set()

    def run(*arguments: str | Path, failpoint: str | None = None) -> int:
        ended = process(installation, *arguments, failpoint=failpoint, environment={"TMPDIR": str(temporary)})
        with output.open("a", encoding="utf-8") as out:
            out.write(ended.stdout + ended.stderr)
        codes.update(code for _, code in on_paper(folder, unconfirmed=True))
        return ended.returncode

    made = ("certificate", "import", index, "--letters", folder, option)
    looked_in = []
    for failpoint in ("letters.written", "letters.stored"):
        assert run(*made, failpoint=failpoint) == -signal.SIGKILL
        looked_in = files_in(tmp_path)
        assert any(file.name.endswith("-wal") and file.stat().st_size for file in looked_in)
        assert not leaks(codes, looked_in)
    run(*made)
    (number, _), *_ = on_paper(folder)
    assert run("letter", "reissue", number, "--letters", folder, "--json") == 0
    assert run("letter", "reissue", "000000000000", "--letters", folder) != 0

    # Seven that never counted, seven that do, and the reissued one.
    assert len(codes) == 15
    assert not leaks(codes, files_in(tmp_path))
    assert list(folder.glob("*.csv"))


@pytest.mark.parametrize("form", ["grouped", "ungrouped", "lower", "lower grouped", "blanks"])
def test_planted_leak_is_found(installation: Installation, tmp_path: Path, form: str) -> None:
    """In whatever way a code is written: in a log, a temporary file, the database, or its write-ahead log."""
    code = "0123456789ABCDEFG"
    text = {
        "grouped": grouped(code),
        "ungrouped": code,
        "lower": code.lower(),
        "lower grouped": grouped(code).lower(),
        "blanks": grouped(code).replace("-", " "),
    }[form]
    log, temporary = tmp_path / "service.log", tmp_path / "tmp" / "typst.tmp"
    temporary.parent.mkdir()
    for file in (log, temporary):
        file.write_bytes(os.urandom(5000) + text.encode() + os.urandom(5000))
    (tmp_path / "clean").write_bytes(os.urandom(10_000))
    assert leaks([code], files_in(tmp_path)) == {log, temporary}

    pdf = tmp_path / "innocent.txt"
    pdf.write_text(code[1:], "utf-8")
    index = write_index(tmp_path / "index.txt", [index_row(1, expiry="491123140322Z")])
    assert process(installation, "certificate", "import", index).returncode == 0
    with installation.database() as database:
        with database.write() as connection:
            connection.execute(insert(letter_recipients).values(certificate_id=1, language="nl", address=text))
        assert {file.name for file in leaks([code], files_in(installation.directory))} == {"revocation.db-wal"}
    assert {file.name for file in leaks([code], files_in(installation.directory))} == {"revocation.db"}
