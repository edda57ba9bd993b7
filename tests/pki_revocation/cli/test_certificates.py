"""`certificate` and `letter` as an operator uses them: output, exit statuses, and runs that were killed."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader
from sqlalchemy import func, select

from pki_revocation.audit import verify_chain
from pki_revocation.cli.certificates import certificate
from pki_revocation.cli.letters import letter
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, personal_details, revocation_codes
from pki_revocation.errors import ConfigurationError, MistypedNumber, NotFound, PkiError, StoreError
from pki_revocation.host.account import claimed_by
from pki_revocation.importing.importer import BATCH_ROWS
from pki_revocation.numbers import grouped
from tests.letter_runs import counting, new_installation, on_paper, process
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row, pem, write_index

Run = Callable[..., Result]


@pytest.fixture
def installation(tmp_path: Path, authority: CertificateAuthority) -> Installation:
    """A folder with configuration, secrets, tables, and the default issuer `issuing`."""
    return new_installation(tmp_path / "installation", authority)


@pytest.fixture
def run(installation: Installation) -> Run:
    """Runs a command on the installation, and lets its errors through as the program catches them."""

    def invoke(command: str, *arguments: str | Path) -> Result:
        root, *rest = command.split()
        result = CliRunner().invoke(
            {"certificate": certificate, "letter": letter}[root],
            [*rest, *map(str, arguments), "--directory", str(installation.directory)],
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """An index with a live, a revoked and an expired row."""
    rows = [index_row(1), index_row(2, "260102030405Z,superseded"), index_row(3, expiry="250101000000Z")]
    return write_index(tmp_path / "index.txt", [rows[0].replace("271123", "491123"), *rows[1:]])


def codes_in(database: Database) -> int:
    """How many codes are stored."""
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(revocation_codes)).scalar_one()


def test_import_and_list(run: Run, index: Path) -> None:
    """Everything goes in: exit status 0, and the list says what each is."""
    imported = run("certificate import", index)

    assert imported.exit_code == 0
    assert imported.stdout == "3 certificates went in: 1 with a number, 1 revoked, 1 expired.\n"
    assert imported.stderr == ""
    listing = run("certificate list")
    lines = [line[14:].split() for line in listing.stdout.splitlines()]
    assert lines == [
        ["good", "2049-11-23T14:03:22Z", "01", "CN=zorg.example,O=Zorg", "BV,C=NL"],
        ["revoked", "2027-11-23T14:03:22Z", "02", "CN=zorg.example,O=Zorg", "BV,C=NL"],
        ["expired", "2025-01-01T00:00:00Z", "03", "CN=zorg.example,O=Zorg", "BV,C=NL"],
    ]


def test_list_as_json_is_limited(run: Run, index: Path) -> None:
    """As many as asked for, with the number and never a code."""
    run("certificate import", index)

    answer = json.loads(run("certificate list", "--json", "--limit", "2", "--issuer", "issuing").stdout)

    assert [(each["serial"], each["status"], each["has_code"]) for each in answer] == [
        ("01", "good", False),
        ("02", "revoked", False),
    ]
    assert len(answer[0]["number"]) == 12
    assert answer[1]["number"] is None


def test_exit_statuses_of_import(run: Run, index: Path, tmp_path: Path) -> None:
    """3 when something was refused and the rest went in, 1 when nothing went in; what stands there already is right."""
    some = run("certificate import", index, tmp_path / "missing.pem")
    again = run("certificate import", index)
    nothing = run("certificate import", write_index(tmp_path / "empty.txt", []))

    assert (some.exit_code, again.exit_code, nothing.exit_code) == (3, 0, 1)
    assert f"{tmp_path}/missing.pem: There is no such file." in some.stdout
    assert "3 said once more what is registered already" in again.stdout


def test_report_of_an_import_has_every_row(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many: the terminal shows the first of them, and the file all, with the counts in its last line."""
    monkeypatch.setattr("pki_revocation.importing.report.KEPT_REFUSALS", 15)
    rows = [index_row(1), *(index_row(serial, "260102030405Z,certificateHold") for serial in range(2, 42))]
    index, report = write_index(tmp_path / "index.txt", rows), tmp_path / "report.jsonl"

    imported = run("certificate import", index, "--report", report)

    assert imported.exit_code == 3
    assert imported.stdout.count(", line ") == 15 + 10
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    refused = [line for line in lines if line["what"] == "refused"]
    assert [line["line"] for line in refused] == list(range(2, 42))
    assert {line["kind"] for line in refused} == {"hold"}
    assert lines[-1] | {"what": "report", "refused": 40, "added": 1} == lines[-1]
    assert report.stat().st_mode & 0o777 == 0o600
    with pytest.raises(PkiError, match=r"report\.jsonl is there already"):
        run("certificate import", index, "--report", report)
    with pytest.raises(PkiError, match="cannot be made: No such file"):
        run("certificate import", index, "--report", tmp_path / "none" / "report")


def test_import_as_json(run: Run, index: Path, tmp_path: Path, authority: CertificateAuthority) -> None:
    """One object for programs, letters included; nothing else on standard output."""
    (tmp_path / "a.pem").write_bytes(pem(authority.issue("Zorg BV", SystemClock().now())))

    result = run(
        "certificate import", index, tmp_path / "a.pem", tmp_path / "no", "--json", "--letters", tmp_path / "l"
    )

    answer = json.loads(result.stdout)
    assert (answer["added"], answer["numbered"], answer["revoked"], answer["expired"]) == (4, 2, 1, 1)
    assert answer["refused"] == 1
    assert answer["refusals"][0]["reason"] == "There is no such file."
    (manifest,) = (tmp_path / "l").glob("*.csv")
    assert answer["letters"] == {
        "letters": 2, "print_files": [], "manifests": [manifest.name], "covering_lists": [],
        "refused": 0, "refusals": [],
    }  # fmt: skip
    assert result.exit_code == 3
    assert len(list((tmp_path / "l").glob("letter-*.pdf"))) == 2


def test_letters_for_an_earlier_import(run: Run, index: Path, tmp_path: Path, installation: Installation) -> None:
    """An import with --letters also makes those that an earlier one left: so a killed one goes on where it was."""
    run("certificate import", index)

    again = run("certificate import", index, "--letters", tmp_path / "letters")

    assert again.exit_code == 0
    assert "\n1 letter was made.\nManifest: letters-" in again.stdout
    with installation.database() as database:
        assert codes_in(database) == 1


def test_pepper_is_missed_before_anything_is_imported(
    run: Run, index: Path, tmp_path: Path, installation: Installation
) -> None:
    """Letters need the pepper: without it the import does not begin."""
    (installation.directory / "secrets" / "pepper").unlink()

    with pytest.raises(ConfigurationError, match="pepper is missing"):
        run("certificate import", index, "--letters", tmp_path / "letters")
    assert run("certificate list").stdout == ""
    assert run("certificate import", index).exit_code == 0


@pytest.mark.parametrize(
    ("language", "address"),
    [("nl", "https://intrekken.example/intrekken"), ("en", "https://intrekken.example/revoke")],
)
def test_letters_print_the_page_of_their_language(
    run: Run, index: Path, tmp_path: Path, language: str, address: str
) -> None:
    """The public address of the configuration, and the path of the language."""
    run("certificate import", index)

    result = run("letter", "--all", "--letters", tmp_path / "letters", "--language", language, "--json")

    assert json.loads(result.stdout)["letters"] == 1
    (made,) = (tmp_path / "letters").glob("*.pdf")
    assert address in PdfReader(made).pages[0].extract_text()


def test_letters_for_chosen_numbers(run: Run, tmp_path: Path, installation: Installation) -> None:
    """Numbers in any way of writing; one with a code already is refused, and the rest is made."""
    run("certificate import", write_index(tmp_path / "i", [index_row(n, expiry="491123140322Z") for n in (1, 2)]))
    with installation.database() as database, database.read() as connection:
        one, two = connection.execute(select(certificates.c.number).order_by(certificates.c.serial)).scalars()
    folder = tmp_path / "letters"

    first = run("letter", grouped(one), "--letters", folder)
    second = run("letter", one, two.replace("", " "), "--letters", folder)
    third = run("letter", one, two, "--letters", folder)

    assert [each.exit_code for each in (first, second, third)] == [0, 3, 1]
    assert "has a revocation code already: 'pki-revocation letter reissue' makes a new one." in second.stdout
    assert {file.name for file in folder.glob("*.pdf")} == {f"letter-{one}.pdf", f"letter-{two}.pdf"}


def test_reissue_kills_the_code_of_before(run: Run, index: Path, tmp_path: Path, installation: Installation) -> None:
    """A second letter whose code counts, and the first's no more; without a code there is nothing to reissue."""
    run("certificate import", index)
    folder = tmp_path / "letters"
    with installation.database() as database, database.read() as connection:
        number = connection.execute(select(certificates.c.number).where(certificates.c.serial == 1)).scalar_one()
    too_early = run("letter reissue", number, "--letters", folder)
    run("letter make", number, "--letters", folder)
    (first,) = on_paper(folder)

    reissued = run("letter reissue", grouped(number), "--letters", folder, "--by", "anna", "--json")

    assert (too_early.exit_code, reissued.exit_code) == (1, 0)
    assert "has no revocation code yet" in too_early.stdout
    assert json.loads(reissued.stdout)["letters"] == 1
    assert {file.name for file in folder.glob("*.pdf")} == {f"letter-{number}.pdf", f"letter-{number}-2.pdf"}
    papers = on_paper(folder)
    assert len(set(papers)) == 2
    assert counting(installation, [each for each in papers if each != first]) == [number]
    assert counting(installation, [first]) == []
    with installation.database() as database, database.read() as connection:
        assert connection.execute(select(personal_details.c.detail)).scalars().all() == [
            json.dumps(claimed_by("anna", key="by"), sort_keys=True)
        ]
        verify_chain(connection)


@pytest.mark.parametrize("command", ["letter make", "letter reissue"])
def test_fonts_of_the_configuration_print_what_the_own_ones_cannot(
    tmp_path: Path, authority: CertificateAuthority, command: str
) -> None:
    """Without them the name is refused by number; with them it is printed, and the code counts."""
    installation = new_installation(tmp_path / "other", authority, '[letters]\nfonts = "fonts"\n')
    fonts = installation.directory / "fonts"
    fonts.mkdir()
    subject = "/O=" + "".join(f"\\x{octet:02X}" for octet in "ⴰⵣⵓⵍ".encode()) + "/CN=a"
    index = write_index(tmp_path / "index.txt", [index_row(1, expiry="491123140322Z", subject=subject)])
    process(installation, "certificate", "import", index)
    letters = tmp_path / "letters"

    refused = process(installation, "letter", "make", "--all", "--letters", letters)
    # Debian's fontconfig, which the browser of the tests needs, brings it.
    shutil.copy("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", fonts)
    made = process(installation, "letter", "make", "--all", "--letters", letters)
    if command == "letter reissue":
        (number,) = counting(installation, on_paper(letters))
        made = process(installation, "letter", "reissue", number, "--letters", letters)

    assert refused.returncode == 1
    assert "ⴰ" in refused.stdout
    assert made.returncode == 0, made.stdout
    newest = max(letters.glob("*.pdf"), key=lambda file: len(file.name))
    assert "ⴰⵣⵓⵍ" in PdfReader(newest).pages[0].extract_text()
    assert len(counting(installation, on_paper(letters))) == 1


def test_all_with_nothing_to_do_is_no_failure(run: Run, tmp_path: Path) -> None:
    """A job that runs every night finds nothing now and then."""
    assert run("letter", "--all", "--letters", tmp_path / "letters").exit_code == 0


def test_wrong_use_of_letter(run: Run, tmp_path: Path) -> None:
    """Numbers or --all, one of the two, and numbers without typing errors."""
    assert run("letter", "--letters", tmp_path).exit_code == 2
    assert run("letter", "123456789012", "--all", "--letters", tmp_path).exit_code == 2
    with pytest.raises(MistypedNumber):
        run("letter", "123456789012", "--letters", tmp_path)


def test_unknown_issuer(run: Run, index: Path) -> None:
    """The sentence names the issuers that there are."""
    for command in ("certificate import", "certificate list"):
        arguments = [index] if command.endswith("import") else []
        with pytest.raises(NotFound, match="no issuer 'elsewhere'; there are: issuing"):
            run(command, *arguments, "--issuer", "elsewhere")


def test_database_that_was_never_set_up(run: Run, index: Path, installation: Installation) -> None:
    """Said before anything is read."""
    (installation.directory / "revocation.db").unlink()

    with pytest.raises(StoreError, match="init"):
        run("certificate import", index)


@pytest.mark.parametrize("command", ["import", "list"])
def test_help_says_what_it_takes(command: str) -> None:
    """Help for each; the import's says which exit status means what."""
    text = CliRunner().invoke(certificate, [command, "--help"]).stdout

    assert "--directory" in text
    assert "--json" in text
    if command == "import":
        assert "Exit status: 0 when everything went in" in text


def test_killed_import_loses_its_last_batch(installation: Installation, tmp_path: Path) -> None:
    """Killed after its first batch, an import runs again: what went in is counted, the rest goes in."""
    index = write_index(
        tmp_path / "index.txt",
        (index_row(serial, "260102030405Z" if serial % 100 == 0 else "") for serial in range(1, BATCH_ROWS + 101)),
    )

    killed = process(installation, "certificate", "import", index, failpoint="import.batch.committed")
    again = process(installation, "certificate", "import", index, "--json")

    assert killed.returncode == -signal.SIGKILL
    assert again.returncode == 0
    answer = json.loads(again.stdout)
    assert (answer["added"], answer["revoked"]) == (100, 1)
    assert (answer["agreed"], answer["refused"]) == (BATCH_ROWS, 0)
    with installation.database() as database, database.read() as connection:
        assert connection.execute(select(func.count()).select_from(certificates)).scalar_one() == BATCH_ROWS + 100
        assert verify_chain(connection) == 2
