"""`pki-revocation recipient`: corrected, shown, erased; the letter that is made anew goes to the right place."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pypdf import PdfReader
from sqlalchemy import select

from pki_revocation.audit import verify_chain
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import audit, certificates, personal_details
from pki_revocation.host.account import claimed_by
from pki_revocation.numbers import grouped, number_at
from tests.letter_runs import new_installation
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import pem

_ROW = 'serial,subject,not_after,organisation,language,address\n01,"CN=a,O=Zrog",2049-11-23T14:03:22Z,Zrog,en,{}\n'


@pytest.fixture
def installation(tmp_path: Path, authority: CertificateAuthority) -> Installation:
    """One with a row of a register, whose organisation and address were typed wrong."""
    made = new_installation(tmp_path / "installation", authority)
    (tmp_path / "rows.csv").write_text(_ROW.format("Postbus 1|1234 AB Utercht"), "utf-8")
    assert run(made.directory, "certificate", "import", str(tmp_path / "rows.csv")).exit_code == 0
    return made


def run(folder: Path, *arguments: str, typed: str = "") -> Result:
    """A command on the installation."""
    return CliRunner().invoke(program, [*arguments, "--directory", str(folder)], input=typed)


def number_in(installation: Installation) -> str:
    """The one certificate's number."""
    with installation.database() as database, database.read() as connection:
        return str(connection.execute(select(certificates.c.number)).scalar_one())


def test_reissued_letter_goes_to_the_corrected_place(installation: Installation, tmp_path: Path) -> None:
    """Address and organisation alike; the language that was registered stays."""
    folder, number = installation.directory, number_in(installation)
    letters = str(tmp_path / "letters")
    assert run(folder, "letter", number, "--letters", letters).exit_code == 0

    done = run(
        folder, "recipient", "set", "--number", grouped(number), "--organisation", " Zorg  BV ", "--by", "anna",
        typed="Postbus 2\n\n1234 AB  Utrecht\n",
    )  # fmt: skip
    assert (done.exit_code, done.output) == (0, "The recipient is registered.\n")
    assert run(folder, "letter", "reissue", number, "--letters", letters).exit_code == 0

    text = PdfReader(tmp_path / "letters" / f"letter-{number}-2.pdf").pages[0].extract_text()
    window = [line.strip() for line in text.splitlines()]
    begin = window.index("Postbus 2")
    assert window[begin - 1 : begin + 2] == ["Zorg BV", "Postbus 2", "1234 AB Utrecht"]
    assert "Revocation code" in window
    assert "Utercht" not in text
    with installation.database() as database, database.read() as connection:
        row = connection.execute(select(audit).where(audit.c.event == "recipient.set")).one()
        assert json.loads(row.detail) == {"serial": "01", "changed": ["address", "organisation"]}
        beside = select(personal_details.c.detail).where(personal_details.c.audit_sequence == row.sequence)
        assert connection.execute(beside).scalar_one() == json.dumps(claimed_by("anna", key="by"), sort_keys=True)
        verify_chain(connection)


def test_recipient_is_shown_and_erased(installation: Installation) -> None:
    """As the window shows it, and for programs; erasing leaves the organisation, which is the certificate's."""
    folder, number = installation.directory, number_in(installation)

    shown = run(folder, "recipient", "show", "--number", number)
    as_json = run(folder, "recipient", "show", "--number", number, "--json")
    assert shown.output.splitlines() == ["Zrog", "Postbus 1", "1234 AB Utercht", "(en)"]
    assert json.loads(as_json.output) == {
        "organisation": "Zrog", "address": ["Postbus 1", "1234 AB Utercht"], "language": "en",
    }  # fmt: skip
    assert run(folder, "recipient", "erase", "--number", number).exit_code == 0

    assert run(folder, "recipient", "show", "--number", number).output == "Zrog\n(no language of its own)\n"
    assert run(folder, "recipient", "erase", "--number", number).exit_code == 1


def test_language_alone(installation: Installation) -> None:
    """Without a line on standard input, the address stays."""
    folder, number = installation.directory, number_in(installation)

    assert run(folder, "recipient", "set", "--number", number, "--language", "nl").exit_code == 0

    shown = run(folder, "recipient", "show", "--number", number).output.splitlines()
    assert shown == ["Zrog", "Postbus 1", "1234 AB Utercht", "(nl)"]


@pytest.mark.parametrize(
    ("options", "typed", "says"),
    [
        ((), "", "There is nothing to change"),
        ((), "Postbus 1\n1234 AB Utercht\n", "There is nothing to change"),
        ((), "a\nb\nc\nd\ne\nf\ng\n", "Its address has 7 lines"),
        ((), "b" * 61, "Line 1 of its address has over 60 characters"),
        (("--organisation", " "), "", "The organisation is empty"),
        (("--organisation", "W" * 65), "", "over 64 characters"),
        (("--organisation", "W" * 65), "Postbus 9\n", "over 64 characters"),
    ],
)
def test_what_cannot_be_registered(installation: Installation, options: tuple[str, ...], typed: str, says: str) -> None:
    """One sentence, and nothing is stored, of what else was given neither."""
    folder, number = installation.directory, number_in(installation)

    done = run(folder, "recipient", "set", "--number", number, *options, typed=typed)

    assert done.exit_code != 0
    assert says in done.output
    assert "Traceback" not in done.output
    shown = run(folder, "recipient", "show", "--number", number).output.splitlines()
    assert shown == ["Zrog", "Postbus 1", "1234 AB Utercht", "(en)"]
    with installation.database() as database, database.read() as connection:
        assert connection.execute(select(audit.c.sequence).where(audit.c.event == "recipient.set")).all() == []


def test_organisation_of_a_certificate_is_the_certificates(tmp_path: Path, authority: CertificateAuthority) -> None:
    """What was signed is not written over: the address has place for whom the letter is meant."""
    made = new_installation(tmp_path / "other", authority)
    (tmp_path / "one.pem").write_bytes(pem(authority.issue("Zorg BV", SystemClock().now())))
    assert run(made.directory, "certificate", "import", str(tmp_path / "one.pem")).exit_code == 0
    number = number_in(made)

    done = run(made.directory, "recipient", "set", "--number", number, "--organisation", "Ander BV", typed="Postbus 1")

    assert done.exit_code == 1
    assert "stands in the certificate itself" in done.output
    assert run(made.directory, "recipient", "show", "--number", number).output.splitlines()[:-1] == ["Zorg BV"]


def test_unknown_number_is_one_sentence(installation: Installation) -> None:
    """Whatever is asked for."""
    for command in ("set", "show", "erase"):
        done = run(installation.directory, "recipient", command, "--number", number_at(987_654), typed="a\n")
        assert done.exit_code == 1
        assert "There is no certificate with this number" in done.output
