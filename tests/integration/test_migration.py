"""A CA moves here: its index, its certificates and its last CRL, from an OpenSSL CA to the first CRL that is ours.

Real processes, in the order in which docs/ca-operations.md has the steps. One certificate is on hold, one row is
broken, one names a shard's CRL, one is in the index alone: nothing comes in as good that relying parties saw revoked.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp

from keys.files.file_key import save_key
from pki_revocation.clock import iso
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, exchange
from tests.integration.running_demo import environment, openssl, program
from tests.letter_runs import on_paper
from tests.ocsp_responder.installations import free_ports
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

_LIMITS = ExchangeLimits(seconds=30, octets=1 << 20)
_DAY = timedelta(days=1)
# `openssl ca -gencrl` with the key and the index of this CA.
_OPENSSL = """
[ca]
default_ca = here
[here]
database = index.txt
crlnumber = crlnumber
private_key = ca.key
certificate = ca.pem
default_md = sha256
default_crl_days = 7
"""
_NAMES = ("live", "stays", "replaced", "sharded", "held", "broken", "listed")


@dataclass(frozen=True)
class OldCa:
    """The folder that the old CA leaves: index.txt, issued/, ca.pem and its last CRL, old.crl."""

    folder: Path
    authority: CertificateAuthority
    certificates: dict[str, x509.Certificate]
    revoked_at: datetime

    def row(self, name: str, status: str = "V", revoked: str = "") -> str:
        """A line of index.txt, as OpenSSL writes it."""
        certificate = self.certificates[name]
        end = f"{certificate.not_valid_after_utc:%y%m%d%H%M%SZ}"
        return f"{status}\t{end}\t{revoked}\t{certificate.serial_number:X}\tunknown\t/C=NL/O={name}/CN={name}.example\n"

    def write_index(self, broken: str) -> None:
        """The index as the CA has it; *broken* is the date of the one row in which something is to be wrong."""
        at = f"{self.revoked_at:%y%m%d%H%M%SZ}"
        rows = [
            self.row("live"),
            self.row("stays"),
            self.row("replaced", "R", f"{at},superseded"),
            self.row("sharded"),
            self.row("held", "R", f"{at},certificateHold"),
            self.row("broken", "R", broken),
            self.row("listed", "R", f"{at},keyCompromise"),
        ]
        (self.folder / "index.txt").write_text("".join(rows))


@pytest.fixture
def old_ca(tmp_path: Path, authority: CertificateAuthority) -> OldCa:
    """With a CRL of its own program, and an index that was damaged since."""
    folder = tmp_path / "old"
    (folder / "issued").mkdir(parents=True)
    now = datetime.now(UTC).replace(microsecond=0)
    (crl_port,) = free_ports(1)
    (folder / "port").write_text(str(crl_port))
    shard = f"http://127.0.0.1:{crl_port}/crl/issuing/1.crl"
    certificates = {
        name: authority.issue(name, now - 30 * _DAY, crl_url=shard if name == "sharded" else None) for name in _NAMES
    }
    made = OldCa(folder, authority, certificates, now - 3 * _DAY)
    for name, certificate in certificates.items():
        # Of one the files are gone, and the index is all that is left.
        if name != "listed":
            (folder / "issued" / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    key = authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "ca.key").write_bytes(key)
    (folder / "ca.cnf").write_text(_OPENSSL)
    (folder / "crlnumber").write_text("1A\n")
    made.write_index(f"{made.revoked_at:%y%m%d%H%M%SZ},affiliationChanged")
    command = ["openssl", "ca", "-config", "ca.cnf", "-gencrl", "-out", "old.crl"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    made.write_index("last Tuesday")
    return made


class Register:
    """The new installation, and its services while they run."""

    def __init__(self, directory: Path, old: OldCa, url: str) -> None:
        """Set it up as an operator does."""
        self.directory = directory
        self.old = old
        self.web, web_operations, self.ocsp, self.ocsp_operations, publisher = free_ports(5)
        self.web_operations = web_operations
        key, certificate = old.authority.delegate(datetime.now(UTC))
        (directory / "keys").mkdir(parents=True, mode=0o700)
        save_key(old.authority.key, directory / "keys" / "issuing.key")
        save_key(key, directory / "keys" / "ocsp.key")
        (directory / "keys" / "ocsp.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        (directory / "config.toml").write_text(
            f"""
            [database]
            url = {json.dumps(url)}
            [codes]
            scheme = "keyed-hash"
            [web]
            port = {self.web}
            operations_port = {web_operations}
            public_url = "https://intrekken.example"
            [keys.issuing]
            crl_key = "keys/issuing.key"
            ocsp_key = "keys/ocsp.key"
            ocsp_certificate = "keys/ocsp.pem"
            unencrypted = true
            [ocsp]
            port = {self.ocsp}
            operations_port = {self.ocsp_operations}
            [publisher]
            operations_port = {publisher}
            [distribution]
            public_url = "http://127.0.0.1:{(old.folder / "port").read_text()}"
            """
        )
        self.run("init")
        self.run("issuer", "add", old.folder / "ca.pem", "--name", "issuing", "--default")
        self.run("crl", "shards", "--add")

    def run(self, *words: str | Path, status: int = 0) -> str:
        """Run a command; give what it said."""
        done = program(*words, "--directory", self.directory)
        said = done.stdout + done.stderr
        assert done.returncode == status, said
        return said

    def listed(self, path: str) -> dict[str, str]:
        """The dates on a published CRL, by the certificates' names."""
        names = {certificate.serial_number: name for name, certificate in self.old.certificates.items()}
        crl = x509.load_der_x509_crl((self.directory / "published" / path).read_bytes())
        return {names[each.serial_number]: iso(each.revocation_date_utc) for each in crl}

    def verified(self, name: str, path: str) -> str:
        """What `openssl verify -crl_check` says of a certificate with a published CRL."""
        pem = self.directory / "now.crl"
        openssl("crl", "-inform", "DER", "-in", str(self.directory / "published" / path), "-out", str(pem))
        certificate, authority = self.old.folder / "issued" / f"{name}.pem", str(self.old.folder / "ca.pem")
        words = ("-crl_check", "-CAfile", authority, "-CRLfile", str(pem), str(certificate))
        return openssl("verify", *words, check=False)

    def status(self, name: str) -> str:
        """What OCSP says."""
        request = ocsp.OCSPRequestBuilder().add_certificate(
            self.old.certificates[name], self.old.authority.certificate, SHA256()
        )
        answer = exchange(
            "POST",
            f"http://127.0.0.1:{self.ocsp}/ocsp",
            limits=_LIMITS,
            headers={"Content-Type": "application/ocsp-request"},
            body=request.build().public_bytes(Encoding.DER),
        )
        return ocsp.load_der_ocsp_response(answer.body).certificate_status.name

    def revoke(self, number: str, code: str) -> dict[str, str]:
        """Revoke as a subscriber's program does."""
        answer = exchange(
            "POST",
            f"http://127.0.0.1:{self.web}/api/v1/revocations",
            limits=_LIMITS,
            headers={"Content-Type": "application/json"},
            body=json.dumps({"number": number, "code": code}).encode(),
        )
        assert answer.status == 200, answer.body
        found: dict[str, str] = json.loads(answer.body)
        return found

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Page and responder, as long as the block."""
        with ExitStack() as stack:
            for service in ("web", "ocsp"):
                command = [sys.executable, "-m", "pki_revocation", "serve", service, "--directory", str(self.directory)]
                log = stack.enter_context((self.directory / f"{service}.log").open("w"))
                process = subprocess.Popen(command, env=environment(), stderr=log, stdout=log)
                stack.callback(process.wait, 60)
                stack.callback(process.terminate)
            for port in (self.web_operations, self.ocsp_operations):
                wait_until(lambda port=port: _is_ready(port), what="the services")  # type: ignore[misc] # bound now
            yield


def _is_ready(port: int) -> bool:
    try:
        return exchange("GET", f"http://127.0.0.1:{port}/readyz", limits=_LIMITS).status == 200
    except ExchangeFailed:
        return False


@pytest.fixture(
    params=[
        ("sqlite", "index first"),
        pytest.param(("sqlite", "certificates first"), marks=pytest.mark.long),
        pytest.param(("postgresql", "certificates first"), marks=pytest.mark.long),
    ],
    ids=" ".join,
)
def chosen(request: pytest.FixtureRequest) -> tuple[str, bool]:
    """A database's address, and whether the index comes first in the import."""
    kind, order = request.param
    url = "sqlite:///revocation.db" if kind == "sqlite" else request.getfixturevalue("postgresql_empty_url")
    return url, order == "index first"


def test_nothing_that_was_revoked_comes_in_as_good(  # noqa: PLR0915 - one story
    old_ca: OldCa, tmp_path: Path, chosen: tuple[str, bool]
) -> None:
    """Import, comparison, repairs, first CRL, a subscriber's revocation, and the end of the hold."""
    url, index_first = chosen
    register = Register(tmp_path / "register", old_ca, url)
    files = [old_ca.folder / "index.txt", old_ca.folder / "issued"]
    letters = tmp_path / "letters"
    at = iso(old_ca.revoked_at)

    said = register.run(
        "certificate", "import", *(files if index_first else files[::-1]), "--letters", letters, status=3
    )

    assert said.startswith("ON HOLD: 1 certificate is on hold, and barred"), said
    assert "last Tuesday" in said
    papers = dict(on_paper(letters))
    # Live are three; what is on hold, broken or revoked has no letter.
    assert len(papers) == 3
    told = register.run("doctor", status=1)
    assert "WRONG  barred serials of issuing: 2 neither revoked nor known to be good" in told
    assert "1 came without the certificate itself" in told

    # The old CRL has two that the register does not: the broken row is repaired, the hold is meant.
    held, broken = (f"{old_ca.certificates[name].serial_number:x}" for name in ("held", "broken"))
    old_crl = old_ca.folder / "old.crl"
    compared = register.run("crl", "compare", old_crl, status=1)
    assert "2 only on the old CRL, and not revoked here" in compared
    assert f"{held}  {at}  the reason certificateHold  (barred)" in compared
    (tmp_path / "repair.csv").write_text(f"serial,status,revoked_at,reason\n{broken},revoked,{at},affiliationChanged\n")
    register.run("certificate", "import", tmp_path / "repair.csv", "--serials", "hexadecimal")
    register.run("crl", "compare", old_crl, status=1)
    assert "1 accepted" in register.run("crl", "compare", old_crl, "--accept", held)
    # A file that turned up completes what the index alone knew.
    listed = old_ca.folder / "issued" / "listed.pem"
    listed.write_bytes(old_ca.certificates["listed"].public_bytes(Encoding.PEM))
    register.run("certificate", "import", old_ca.folder / "issued", status=3)
    register.run("certificate", "import", listed)
    assert "came without the certificate itself" not in register.run("doctor", status=1)

    register.run("crl", "publish")
    before = {"replaced": at, "broken": at, "listed": at}
    assert register.listed("crl/issuing.crl") == before
    with register.serving():
        known = {name: register.status(name) for name in _NAMES}
        assert known == {
            "live": "GOOD",
            "stays": "GOOD",
            "sharded": "GOOD",
            "replaced": "REVOKED",
            "broken": "REVOKED",
            "listed": "REVOKED",
            "held": "UNKNOWN",
        }
        moments = {}
        for name in ("live", "sharded"):
            serial = f"{old_ca.certificates[name].serial_number:x}"
            number = json.loads(register.run("status", serial, "--json"))["number"]
            moments[name] = register.revoke(number, papers[number])["revoked_at"]
            assert register.status(name) == "REVOKED"
        register.run("crl", "publish")
        assert register.listed("crl/issuing.crl") == {**before, **moments}
        assert register.listed("crl/issuing/1.crl") == {"sharded": moments["sharded"]}
        # By the CRL that the certificate itself names, as relying parties look.
        assert "certificate revoked" in register.verified("sharded", "crl/issuing/1.crl")
        assert "certificate revoked" in register.verified("live", "crl/issuing.crl")
        assert ": OK" in register.verified("stays", "crl/issuing.crl")

        # The hold becomes a revocation where it was put on hold, and the bar is gone with it.
        (tmp_path / "held.csv").write_text(f"serial,status,revoked_at\n{held},R,{at}\n")
        register.run("certificate", "import", tmp_path / "held.csv", "--serials", "hexadecimal")
        register.run("crl", "publish")
        assert register.listed("crl/issuing.crl") == {**before, **moments, "held": at}
        assert register.status("held") == "REVOKED"
        told = register.run("doctor", status=1)
    assert "barred serials" not in told
    assert "WRONG  audit chain" not in told
