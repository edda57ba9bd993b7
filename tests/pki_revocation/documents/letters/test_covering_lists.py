"""The covering list of a subscriber with several certificates in one run: host names, numbers, letters, no code."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from pypdf import PdfReader
from sqlalchemy import insert, select

from pki_revocation.audit import AuditTrail
from pki_revocation.cli.program import program
from pki_revocation.codes import CodeVerifier
from pki_revocation.config.settings import ContactSettings
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, letter_recipients
from pki_revocation.documents.letters.covering_run import CoveringLists, ManifestUnread
from pki_revocation.documents.letters.letter_sender import LetterSender
from pki_revocation.documents.letters.maker import LetterMaker
from pki_revocation.model import IssuedCertificate
from pki_revocation.numbers import grouped
from pki_revocation.subscribers.languages import Language
from tests.fakes import FakeClock
from tests.letter_runs import new_installation, on_paper
from tests.pki import CertificateAuthority
from tests.pki_revocation.documents.claims import broken_claims
from tests.pki_revocation.documents.letters.reading import lying_in, number_of
from tests.pki_revocation.importing.rows import index_row, write_index

CONTACT = ContactSettings(organisation="Register", email="ra@example.nl")


@pytest.fixture
def lists(database: Database, clock: FakeClock) -> CoveringLists:
    """Makes covering lists."""
    return CoveringLists(database=database, clock=clock, contact=CONTACT, sender=LetterSender())


@pytest.fixture(params=[False, True], ids=["a file each", "print files"])
def maker(
    request: pytest.FixtureRequest, database: Database, clock: FakeClock, verifier: CodeVerifier, lists: CoveringLists
) -> LetterMaker:
    """A maker whose runs have covering lists."""
    return LetterMaker(
        database=database,
        clock=clock,
        audit=AuditTrail(clock),
        verifier=verifier,
        public_url="https://intrekken.example",
        language=Language.DUTCH,
        contact=CONTACT,
        covering=lists,
        prints=request.param,
    )


def address(database: Database, serial: int, lines: str, language: str) -> None:
    """Register a recipient."""
    with database.write() as connection:
        found = connection.execute(select(certificates.c.id).where(certificates.c.serial == serial)).scalar_one()
        connection.execute(insert(letter_recipients).values(certificate_id=found, language=language, address=lines))


def test_each_subscriber_with_several_letters_has_a_list(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], database: Database, tmp_path: Path
) -> None:
    """Those with one window and language are one subscriber; who gets one letter alone has no list."""
    found = registered(
        *(index_row(serial, subject=f"/C=NL/O=Zorg BV/CN={serial}.zorg.example") for serial in (1, 2, 3, 4)),
        *(index_row(serial, subject=f"/C=NL/O=Ander BV/CN={serial}.ander.example") for serial in (5, 6)),
    )
    for serial in (1, 2, 3):
        address(database, serial, "Postbus 1\n1234 AB  Utrecht", "nl")
    # The same organisation at another address is not the same reader.
    address(database, 4, "Postbus 2\n1234 AB  Utrecht", "nl")
    for serial in (5, 6):
        address(database, serial, "Postbus 9\n9999 ZZ  Delfzijl", "en")
    folder = tmp_path / "letters"

    report = maker.make_all(folder)

    (name,) = report.covering_lists
    assert name in lying_in(folder)
    assert f"Covering list: {name}" in report.text()
    assert report.as_json()["covering_lists"] == [name]
    pdf = (folder / name).read_bytes()
    assert not broken_claims(pdf)
    assert (folder / name).stat().st_mode & 0o777 == 0o600
    dutch, english = (" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages)
    for certificate in found:
        page = dutch if certificate.serial <= 3 else english if certificate.serial >= 5 else ""
        others = {dutch, english} - {page}
        host = f"{certificate.serial}.{'zorg' if certificate.serial < 5 else 'ander'}.example"
        for said in (host, grouped(number_of(certificate))):
            assert not page or said in page
            assert not any(said in other for other in others)
    assert "Lijst bij uw brieven" in dutch
    assert "Zorg BV Postbus 1" in dutch
    assert "List of your letters" in english
    codes = on_paper(folder)
    assert len(codes) == len(found)
    assert not any(code[:9] in (dutch + english).replace("-", "") for _, code in codes)


def test_run_without_such_a_subscriber_has_none(
    maker: LetterMaker, registered: Callable[..., list[IssuedCertificate]], tmp_path: Path
) -> None:
    """Nothing is written, and nothing is told."""
    registered(index_row(1, subject="/O=Zorg BV/CN=a"), index_row(2, subject="/O=Ander BV/CN=b"))
    report = maker.make_all(tmp_path / "letters")
    assert report.covering_lists == ()
    assert not list((tmp_path / "letters").glob("*covering*"))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        (b"a,b\r\n1,2\r\n", "is no manifest of letters"),
        (b"\xff\xfe", "cannot be read"),
        (b"number,serial,subject,language,file,page,pages,sha256\r\n1,1,a,de,f,1,1,00\r\n", "is damaged: line 2"),
        (b"number,serial,subject,language,file,page,pages,sha256\r\n1,1,a,nl,f,1,1,00\r\n", "not registered here"),
    ],
)
def test_what_is_no_manifest_is_refused(lists: CoveringLists, tmp_path: Path, content: bytes | None, says: str) -> None:
    """In one sentence, and nothing is written."""
    manifest = tmp_path / "letters.csv"
    if content is not None:
        manifest.write_bytes(content)
    with pytest.raises(ManifestUnread, match=says):
        lists.make(manifest)
    assert not list(tmp_path.glob("*.pdf"))


def test_settings_and_command_make_them(authority: CertificateAuthority, tmp_path: Path) -> None:
    """A run's own with `[letters] covering_lists`, and those of an earlier run with `letter cover`."""
    more = "\n[letters]\nprint_file = true\ncovering_lists = true\nsheet_marks = true\nletterhead = false\n"
    directory = new_installation(tmp_path / "installation", authority, more).directory
    rows = [index_row(n, expiry="491123140322Z", subject=f"/O=Zorg BV/CN={n}.example") for n in (1, 2)]
    index, folder = write_index(tmp_path / "index.txt", rows), tmp_path / "letters"

    def run(*words: str | Path) -> str:
        done = CliRunner().invoke(program, [*map(str, words), "--directory", str(directory)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    run("certificate", "import", index)
    said = run("letter", "--all", "--letters", folder)
    (covering,) = folder.glob("*-covering.pdf")
    assert f"Covering list: {covering.name}" in said
    made = covering.read_bytes()
    covering.unlink()
    (manifest,) = folder.glob("*.csv")
    assert run("letter", "cover", manifest) == f"Covering lists: {covering}\n"
    assert len(PdfReader(covering).pages) == len(PdfReader(io.BytesIO(made)).pages) == 1
