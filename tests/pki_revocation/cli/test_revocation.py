"""`revoke`, `status`, `issuer`, `init` and `doctor`, on an installation made by the commands themselves."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from pki_revocation.audit import verify_chain
from pki_revocation.cli.program import program
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import audit, personal_details
from pki_revocation.host.account import claimed_by
from pki_revocation.numbers import number_at
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import index_row


class Register:
    """An installation, its CA, and one certificate in it."""

    def __init__(self, folder: Path) -> None:
        """Set it up as an operator does."""
        self.folder = folder / "register"
        self.authority = CertificateAuthority("Demo Zorgverzekeraars CA")
        now = datetime.now(UTC).replace(microsecond=0)
        self.certificate = self.authority.issue("Zorg BV", now)
        self.file = folder / "zorg.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        (folder / "ca.pem").write_bytes(self.authority.certificate.public_bytes(Encoding.PEM))
        for arguments in (
            ["init"],
            ["issuer", "add", str(folder / "ca.pem"), "--name", "issuing"],
            ["certificate", "import", str(self.file)],
        ):
            done = self.run(*arguments)
            assert done.exit_code == 0, done.output
        config = self.folder / "config.toml"
        config.write_text(config.read_text().replace("http://127.0.0.1:8460", "https://intrekken.example"))

    def run(self, *arguments: str, answer: str | None = None) -> Result:
        """One command on this installation."""
        return CliRunner().invoke(program, [*arguments, "--directory", str(self.folder)], input=answer)

    @property
    def serial(self) -> str:
        """The certificate's, in hexadecimal."""
        return f"{self.certificate.serial_number:x}"


@pytest.fixture
def installed(tmp_path: Path) -> Register:
    """A fresh one."""
    return Register(tmp_path)


def test_revoke_by_serial_number_or_file(installed: Register) -> None:
    """All three name the same certificate; the second and third revocation are repeats."""
    number = json.loads(installed.run("status", installed.serial, "--json").stdout)["number"]
    answers = [
        json.loads(installed.run("revoke", what, "--yes", "--json", "--reason", "superseded").stdout)
        for what in (installed.serial.upper(), number, str(installed.file))
    ]

    assert [answer["repeated"] for answer in answers] == [False, True, True]
    assert len({answer["reference"] for answer in answers}) == 1
    assert json.loads(installed.run("status", number, "--json").stdout)["reason"] == "superseded"


def test_case_and_evidence_stand_in_the_audit_trail(installed: Register, tmp_path: Path) -> None:
    """Beside the chain, where they can be erased: the file's name and digest, and nothing that is in it."""
    form = tmp_path / "signed form.pdf"
    form.write_bytes(b"Jansen, 06-12345678")
    words = ["revoke", installed.serial, "--yes", "--case", "  CHG-12 \n desk ", "--evidence", str(form)]
    assert "1 to 128 characters" in installed.run(*words[:3], "--case", " ").output

    done = installed.run(*words)

    assert done.exit_code == 0, done.output
    with Installation.open(installed.folder).database() as database, database.read() as connection:
        verify_chain(connection)
        (kept,) = [
            text for text in connection.execute(select(personal_details.c.detail)).scalars() if "evidence_1" in text
        ]
        public = " ".join(connection.execute(select(audit.c.detail)).scalars())
    detail = json.loads(kept)
    assert detail["case"] == "CHG-12 desk"
    assert detail["evidence_1"] == f"signed form.pdf SHA-256 {sha256(form.read_bytes()).hexdigest()}"
    assert "Jansen" not in kept + public
    assert "signed form" not in public


@pytest.mark.parametrize("written", ["{0} {1}", "{0}:{1}", "\u200e{0}{1}", "0x{0}{1}"])
def test_serial_as_it_is_copied(installed: Register, written: str) -> None:
    """As Windows, browsers and OpenSSL show it, with the marks that a copy brings along."""
    serial = f"{installed.certificate.serial_number:032x}"

    found = installed.run("status", written.format(serial[:4], serial[4:]), "--json")

    assert json.loads(found.stdout)["status"] == "good"


def test_number_with_a_mark_of_direction_before_it(installed: Register) -> None:
    """It cannot be seen, and comes along with a copy out of a window."""
    number = json.loads(installed.run("status", installed.serial, "--json").stdout)["number"]

    assert json.loads(installed.run("status", f"\u200e{number}", "--json").stdout)["number"] == number


def test_bar_is_lifted_by_an_operator_who_says_why(installed: Register, tmp_path: Path) -> None:
    """Held, barred, named by doctor; then lifted, with the reason and who in the audit trail, and imported."""
    held = installed.authority.issue("Held", datetime.now(UTC).replace(microsecond=0), serial=0x1003)
    (tmp_path / "held.pem").write_bytes(held.public_bytes(Encoding.PEM))
    (tmp_path / "index.txt").write_text(index_row(0x1003, "260102030405Z,certificateHold"))
    imported = installed.run("certificate", "import", str(tmp_path / "index.txt"), str(tmp_path / "held.pem"))
    assert imported.exit_code == 1
    assert imported.stdout.startswith("ON HOLD: 1 certificate is on hold")
    told = installed.run("doctor")
    assert "WRONG  barred serials of issuing: 1 neither revoked nor known to be good: 1003 (hold: " in told.stdout

    lifted = installed.run("certificate", "unbar", "10:03", "--reason", "released, ticket 4711", "--by", "anna")

    assert lifted.exit_code == 0, lifted.output
    assert installed.run("certificate", "import", str(tmp_path / "held.pem")).exit_code == 0
    assert "barred" not in installed.run("doctor").stdout
    with Installation.open(installed.folder).database() as database, database.read() as connection:
        verify_chain(connection)
        detail, personal = connection.execute(
            select(audit.c.detail, personal_details.c.detail.label("by"))
            .join(personal_details, personal_details.c.audit_sequence == audit.c.sequence)
            .where(audit.c.event == "certificates.unbarred")
        ).one()
    assert json.loads(detail)["reason"] == "released, ticket 4711"
    assert json.loads(detail)["bars"][0]["kind"] == "hold"
    assert json.loads(personal) == claimed_by("anna", key="by")


def test_revoking_asks_first(installed: Register) -> None:
    """Without --yes, 'n' changes nothing."""
    done = installed.run("revoke", installed.serial, answer="n\n")

    assert done.exit_code == 1
    assert "can never be undone" in done.output
    assert json.loads(installed.run("status", installed.serial, "--json").stdout)["status"] == "good"


def test_key_compromise_may_be_back_dated(installed: Register) -> None:
    """Both times are kept: when it was recorded, and what relying parties are shown (BR 7.2.2)."""
    received = installed.certificate.not_valid_before_utc + timedelta(minutes=30)
    done = installed.run(
        "revoke", installed.serial, "--yes", "--reason", "keyCompromise", "--older-than-certificate",
        "--revocation-date", "2026-11-01T00:00:00Z", "--compromised-at", "2026-10-30T12:00:00+01:00",
        "--channel", "post", "--received-at", received.isoformat(),
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    status = json.loads(installed.run("status", installed.serial, "--json").stdout)

    assert status["revocation_date"] == "2026-11-01T00:00:00Z"
    assert status["invalidity_date"] == "2026-10-30T11:00:00Z"
    assert status["recorded_at"] > status["revocation_date"]
    assert status["channel"] == "post"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["revoke", "00ff", "--yes"], "has no certificate with serial ff"),
        (["revoke", "zz", "--yes"], "no number, no serial in hexadecimal, and no file"),
        (["revoke", "f" * 129, "--yes"], "no number, no serial in hexadecimal, and no file"),
        (["status", number_at(500)], "There is no certificate with number"),
        (["revoke", "SERIAL", "--yes", "--reason", "certificateHold"], "cannot be given here"),
        (["revoke", "SERIAL", "--yes", "--compromised-at", "2026-10-30T12:00:00"], "zone included"),
        (["revoke", "SERIAL", "--yes", "--revocation-date", "2026-10-30T12:00:00Z"], "Only a revocation for keyComp"),
        (["revoke", "SERIAL", "--yes", "--channel", "post"], "say when with --received-at"),
        (["revoke", "SERIAL", "--yes", "--channel", "email"], "say when with --received-at"),
        (["revoke", "SERIAL", "--yes", "--received-at", "2999-01-01T00:00:00Z"], "lies in the future"),
        (["revoke", "SERIAL", "--yes", "--received-at", "2019-11-20T09:15:00Z"], "before the certificate began"),
        (
            ["revoke", "SERIAL", "--yes", "--reason", "keyCompromise", "--compromised-at", "2006-01-03T00:00:00Z"],
            "--older-than-certificate",
        ),
        (
            ["revoke", "SERIAL", "--yes", "--reason", "keyCompromise", "--revocation-date", "2006-01-03T00:00:00Z"],
            "--older-than-certificate",
        ),
        (["audit", "show", number_at(500)], "There is no certificate with number"),
        (["audit", "show", "AAAA-BBBB-CCCC"], "no number and no reference"),
        (["audit", "show", "--since", "2026-11-20"], "zone included"),
        (["revoke", "SERIAL", "--yes", "--channel", "post", "--received-at", "2026-11-20T09:15:00"], "zone included"),
        (["certificate", "unbar", "SERIAL", "--reason", "x"], "Not barred for issuing"),
        (["certificate", "unbar", "zz", "--reason", "x"], "is no serial in hexadecimal"),
        (["certificate", "unbar", "SERIAL", "--reason", " "], "The audit trail wants a reason"),
        (["status", "CA"], "is not registered"),
        (["status", "SERIAL", "--issuer", "none"], "there are: issuing"),
        (["issuer", "add", "CA", "--name", "issuing"], "already"),
        (["issuer", "add", "CA", "--name", "No Good"], "will not do"),
        (["issuer", "add", "FILE", "--name", "leaf"], "no CA certificate"),
    ],
)
def test_refusals_are_one_sentence(installed: Register, tmp_path: Path, arguments: list[str], says: str) -> None:
    """On standard error, with status 1, and nothing is changed."""
    other = CertificateAuthority("Another CA")
    (tmp_path / "other.pem").write_bytes(other.issue("X", datetime.now(UTC)).public_bytes(Encoding.PEM))
    if arguments[:2] == ["status", "CA"]:
        arguments = ["status", str(tmp_path / "other.pem")]
    named = {"SERIAL": installed.serial, "CA": str(tmp_path / "ca.pem"), "FILE": str(installed.file)}
    done = installed.run(*[named.get(argument, argument) for argument in arguments])

    assert done.exit_code == 1
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_date_before_the_certificate_is_asked_about(installed: Register) -> None:
    """It is public for ever, and mostly a wrong year: 'n' revokes nothing, 'y' is followed by the question proper."""
    words = ("revoke", installed.serial, "--reason", "keyCompromise", "--compromised-at", "2006-01-03T00:00:00Z")
    refused = installed.run(*words, answer="n\n")
    assert refused.exit_code == 1
    assert "lies before the certificate began" in refused.output
    assert json.loads(installed.run("status", installed.serial, "--json").stdout)["status"] == "good"
    # Whoever says yes to the date still is asked whether to revoke.
    assert installed.run(*words, answer="y\nn\n").exit_code == 1
    assert json.loads(installed.run("status", installed.serial, "--json").stdout)["status"] == "good"
    assert installed.run(*words, answer="y\ny\n").exit_code == 0
    status = json.loads(installed.run("status", installed.serial, "--json").stdout)
    assert status["invalidity_date"] == "2006-01-03T00:00:00Z"


def test_doctor_says_what_would_fail_silently(installed: Register) -> None:
    """All well at first; then a lost pepper, of which nobody would hear until a code is typed."""
    letters = installed.folder / "letters"
    assert installed.run("letter", "--all", "--letters", str(letters)).exit_code == 0
    with (installed.folder / "config.toml").open("a") as config:
        config.write('\n[contact]\nemail = "ra@register.example"\n')
    assert installed.run("doctor").exit_code == 0
    (installed.folder / "secrets/pepper").write_text("ab" * 32)
    (installed.folder / "secrets/session-key").unlink()
    done = installed.run("doctor", "--json")
    wrong = {finding["check"] for finding in json.loads(done.stdout) if not finding["well"]}

    assert done.exit_code == 1
    assert wrong == {"codes", "session key"}


def test_doctor_says_when_subscribers_cannot_reach_you(installed: Register) -> None:
    """Page and letter name each other; what else a page leaves out is said, and is not wrong."""

    def said(settings: str) -> tuple[bool, str]:
        config = installed.folder / "config.toml"
        before = config.read_text()
        config.write_text(f"{before}\n[contact]\n{settings}\n")
        findings = json.loads(installed.run("doctor", "--json").stdout)
        config.write_text(before)
        ((well, sentence),) = [(each["well"], each["says"]) for each in findings if each["check"] == "contact"]
        return well, sentence

    assert said("") == (False, said('organisation = "CIBG"')[1])
    assert "names no way to reach you" in said("")[1]
    well, sentence = said('emergency_phone = "070 1"\ncps_url = "https://register.example/cps"')
    assert well
    assert "leaves out organisation, privacy_url, accessibility_url, trust_anchor_url:" in sentence
    well, sentence = said('email = "ra@register.example"\ncps_url = "www.register.example/cps"')
    assert (well, "cps_url: 'www.register.example/cps' is not a web address" in sentence) == (False, True)


def test_init_makes_no_new_pepper_while_there_are_codes(installed: Register) -> None:
    """After half a restore, a new pepper would make every letter worthless without a word."""
    assert installed.run("letter", "--all", "--letters", str(installed.folder / "letters")).exit_code == 0
    (installed.folder / "secrets/pepper").unlink()
    done = installed.run("init")

    assert done.exit_code == 1
    assert "restore it from its backup" in done.stderr
    assert not (installed.folder / "secrets/pepper").exists()


def test_broken_database_address_is_one_sentence(tmp_path: Path) -> None:
    """With no password in it."""
    address = "postgresql://u:geheim@127.0.0.1:abc/x"
    done = CliRunner().invoke(program, ["init", "--directory", str(tmp_path / "new"), "--database", address])

    assert done.exit_code == 1
    assert "no database address" in done.stderr
    assert "geheim" not in done.stderr


def test_no_installation_is_one_sentence(tmp_path: Path) -> None:
    """The first mistake of everybody."""
    done = CliRunner().invoke(program, ["status", "ff", "--directory", str(tmp_path / "nowhere")])

    assert done.exit_code == 1
    assert "pki-revocation init" in done.stderr
