"""`pki-revocation ocsp query`, against a responder in a thread of this process."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from werkzeug.serving import make_server

from ocsp_responder.bootstrap import responder
from ocsp_responder.client.cli import ocsp
from ocsp_responder.errors import AnswerRefused
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock, iso
from pki_revocation.codes import CodeVerifier
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotFound
from pki_revocation.model import serial_text
from pki_revocation.reasons import RevocationReason
from pki_revocation.service import RevocationService
from tests.ocsp_responder import registers
from tests.ocsp_responder.installations import Installed, install
from tests.pki import CertificateAuthority


@pytest.fixture
def installed(database: Database, authority: CertificateAuthority, tmp_path: Path) -> Iterator[Installed]:
    """An installation whose responder answers, by werkzeug's server."""
    made = install(tmp_path, database, authority)
    port = int(made.url.split(":")[2].split("/")[0])
    server = make_server("127.0.0.1", port, responder(made.installation, database), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def known(installed: Installed, database: Database, authority: CertificateAuthority) -> x509.Certificate:
    """A registered certificate."""
    issued = authority.issue("Zorg BV", SystemClock().now())
    registers.add(database, installed.issuer, SystemClock(), issued)
    return issued


def query(installed: Installed, *arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(ocsp, ["query", "--directory", str(installed.installation.directory), *arguments])


def test_tells_the_status(
    installed: Installed, known: x509.Certificate, database: Database, verifier: CodeVerifier
) -> None:
    """By serial and by file, for people and as JSON: good, then revoked with time and reason."""
    path = installed.installation.path("known.pem")
    path.write_bytes(known.public_bytes(Encoding.PEM))
    serial = serial_text(known.serial_number)

    by_file = query(installed, str(path))
    assert by_file.exit_code == 0
    assert "status: good\n" in by_file.output
    assert f"serial: {serial}\n" in by_file.output
    assert "revocation" not in by_file.output

    clock = SystemClock()
    service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
    moment = registers.revoke(service, installed.issuer, known.serial_number, RevocationReason.KEY_COMPROMISE)
    told = json.loads(query(installed, "--json", "--issuer", "issuing", serial.upper()).output)
    assert (told["status"], told["revocation_date"], told["reason"]) == ("revoked", iso(moment), "keyCompromise")
    assert told["signer"] == "CN=Test OCSP responder,C=NL"
    assert told["url"] == installed.url


@pytest.mark.parametrize("serial", ["7f", "00", "-05", "f" * 42])
def test_never_issued_is_unknown(installed: Installed, serial: str) -> None:
    """A serial that the register does not have, also one that no CA may give (RFC 5280 section 4.1.2.2)."""
    told = json.loads(query(installed, "--json", "--", serial).output)
    assert (told["status"], told["serial"]) == ("unknown", serial)


@pytest.mark.parametrize("what", ["zz", "f" * 129, "config.toml"])
def test_what_is_no_serial_is_said(installed: Installed, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    """Neither a serial nor a certificate's file."""
    monkeypatch.chdir(installed.installation.directory)

    assert isinstance(query(installed, "--", what).exception, NotFound)


def test_other_address_can_be_asked(installed: Installed) -> None:
    """--url wins over the configuration; where nobody answers, that is said."""
    result = query(installed, "--url", "http://127.0.0.1:1/ocsp", "7f")

    assert "http://127.0.0.1:1/ocsp got no answer" in str(result.exception)


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/ocsp", "127.0.0.1/ocsp", "http:///ocsp", "http://127.0.0.1:99999/ocsp", "http://[::1/ocsp"]
)
def test_an_address_that_is_none_is_said(installed: Installed, url: str) -> None:
    """One sentence with what was given and what to give."""
    error = query(installed, "--url", url, "7f").exception

    assert isinstance(error, AnswerRefused)
    assert str(error) == f"{url!r} is no http address: name the responder's, such as http://127.0.0.1:8462/ocsp."
