"""`issuer` as an operator types it: odd CAs, renewed ones, and what one of them must never do to the others."""

import json
from datetime import UTC, datetime
from pathlib import Path
from ssl import DER_cert_to_PEM_cert

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.cli.program import program
from pki_revocation.encoding.names import subject_text
from pki_revocation.model import serial_text
from tests.odd_authorities import (
    BASIC_CONSTRAINTS,
    ODD_EXTENSIONS,
    ODD_NAMES,
    UNLOADABLE_NAMES,
    UTF8,
    OddAuthority,
    OddExtension,
    odd_name,
)
from tests.pki import DAY, EPOCH, CertificateAuthority

NOW = datetime.now(UTC).replace(microsecond=0)


class Register:
    """An installation with a CA as it should be, and a certificate of that in a file."""

    def __init__(self, folder: Path) -> None:
        """Set up as an operator does."""
        self.folder = folder
        self.good = CertificateAuthority("Zorg CA")
        self.file("good", self.good.certificate)
        assert self.run("init").exit_code == 0
        self.said("issuer", "add", "good.pem", "--name", "good")

    def file(self, name: str, certificate: x509.Certificate) -> str:
        """Write a certificate into NAME.pem, and give its path."""
        path = self.folder / f"{name}.pem"
        path.write_bytes(certificate.public_bytes(Encoding.PEM))
        return str(path)

    def run(self, *words: str) -> Result:
        """One command on the installation; a path is below the folder."""
        paths = [str(self.folder / each) if each.endswith(".pem") else each for each in words]
        return CliRunner().invoke(program, [*paths, "--directory", str(self.folder / "register")])

    def said(self, *words: str) -> str:
        """What a command says that does what it is told."""
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refused(self, *words: str) -> str:
        """The one sentence of a command that refuses."""
        result = self.run(*words)
        assert result.exit_code == 1, result.output
        assert result.output.startswith("Error: ")
        assert len(result.output.strip().splitlines()) == 1
        return result.output


@pytest.fixture
def register(tmp_path: Path) -> Register:
    """A fresh one."""
    return Register(tmp_path)


ODD = {
    **{name: OddAuthority(octets) for name, octets in ODD_NAMES.items()},
    **{name: OddAuthority(odd_name(UTF8, b"Second CA"), each) for name, each in ODD_EXTENSIONS.items()},
}


def test_odd_issuers_are_added_listed_and_revoked_under_and_stop_no_other(register: Register) -> None:
    """Each name and extension that the library refuses: its CA is one like any other, and so are those beside it."""
    for number, odd in enumerate(ODD.values()):
        register.file(f"ca-{number}", odd.certificate)
        register.file(f"leaf-{number}", odd.issue(NOW))
        added = register.said("issuer", "add", f"ca-{number}.pem", "--name", f"odd-{number}")
        assert added == f"Added odd-{number}: {subject_text(odd.certificate)}.\n"
    listed = register.said("issuer", "list").splitlines()
    as_json = json.loads(register.said("issuer", "list", "--json"))
    register.file("other", register.good.issue("Zorg BV", NOW))

    assert [line.partition(":")[0] for line in listed] == ["good (default)", *(f"odd-{n}" for n in range(len(ODD)))]
    assert [each["subject"] for each in as_json[1:]] == [subject_text(odd.certificate) for odd in ODD.values()]
    leaves = [f"leaf-{number}.pem" for number in range(len(ODD))]
    imported = register.said("certificate", "import", "other.pem", *leaves)
    assert f"{len(ODD) + 1} certificates went in" in imported
    for what in ("other.pem", "leaf-0.pem", leaves[-1]):
        assert "Revoked since" in register.said("revoke", what, "--yes")
        assert "revoked" in register.said("status", what)
    told = register.run("doctor").output
    assert "Traceback" not in told
    assert "journal of odd-0" in told or "odd-0" in told


@pytest.mark.parametrize("name", UNLOADABLE_NAMES.values(), ids=list(UNLOADABLE_NAMES))
def test_what_cannot_be_loaded_is_refused_and_not_registered(register: Register, name: bytes) -> None:
    """One sentence that says what to do, and the list is as it was: the rest of the commands never meets it."""
    good = OddAuthority(odd_name(UTF8, b"A" * (len(name) - len(odd_name(UTF8, b"")))))
    der = good.certificate.public_bytes(Encoding.DER).replace(good.subject, name)
    (register.folder / "odd.der").write_bytes(der)

    said = register.refused("issuer", "add", str(register.folder / "odd.der"), "--name", "odd")
    assert "is a CA certificate that this program cannot load" in said
    assert "Have the CA certified once more with the same name and the same key" in said
    assert "ParseError" not in said
    assert len(register.said("issuer", "list").splitlines()) == 1


def test_version_that_there_is_not_is_one_sentence(register: Register) -> None:
    """The library's error for it is no ValueError: PEM and DER alike, added or renewed."""
    der = register.good.certificate.public_bytes(Encoding.DER)
    unversioned = der.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"), 1)
    (register.folder / "odd.der").write_bytes(unversioned)
    (register.folder / "odd.pem").write_text(DER_cert_to_PEM_cert(unversioned))

    for words in (
        ("issuer", "add", str(register.folder / "odd.der"), "--name", "odd"),
        ("issuer", "add", "odd.pem", "--name", "odd"),
        ("issuer", "renew", "good", "odd.pem"),
    ):
        assert "cannot load" in register.refused(*words)


def test_files_that_are_no_ca_certificate(register: Register) -> None:
    """Each has its own sentence, and none is a traceback."""
    leaf = register.good.issue("Zorg BV", NOW)
    no_ca = OddAuthority(odd_name(UTF8, b"x"), extensions=[OddExtension(BASIC_CONSTRAINTS, b"\x30\x00")])
    register.file("leaf", leaf)
    register.file("no-ca", no_ca.certificate)
    both = register.good.certificate.public_bytes(Encoding.PEM) + leaf.public_bytes(Encoding.PEM)
    (register.folder / "both.pem").write_bytes(both)
    (register.folder / "empty.pem").write_bytes(b"")
    (register.folder / "text.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    for name, says in (
        ("leaf", "do not say cA"),
        ("no-ca", "do not say cA"),
        ("both", "holds 2 certificates"),
        ("empty", "no certificate that can be read"),
        ("text", "no certificate that can be read"),
    ):
        assert says in register.refused("issuer", "add", f"{name}.pem", "--name", "x")
    assert "No such file" in register.refused("issuer", "add", "none.pem", "--name", "x")
    for name in ("Issuing", "a b", "x-delta", "-x", "é"):
        assert "will not do" in register.refused("issuer", "add", "good.pem", "--name", name)


def test_renewal_as_it_is_typed(register: Register) -> None:
    """`renew`, and `add` of the same name and key: the list has every certificate, and both names mean the CA."""
    ca = OddAuthority(odd_name(UTF8, b"Verlengde CA"))
    newer, newest = (ca.certified(EPOCH + days * DAY, EPOCH + 4000 * DAY) for days in (30, 60))
    for name, certificate in (("ca", ca.certificate), ("newer", newer), ("newest", newest)):
        register.file(name, certificate)
    register.said("issuer", "add", "ca.pem", "--name", "issuing")
    renewed = register.said("issuer", "renew", "issuing", "newer.pem")
    added = register.said("issuer", "add", "newest.pem", "--name", "issuing-2026", "--default")
    listed = register.said("issuer", "list")
    (_, known) = json.loads(register.said("issuer", "list", "--json"))

    assert renewed.startswith("Renewed issuing: CN=Verlengde CA,O=Register,C=NL, serial")
    assert added.startswith("Added issuing-2026: CN=Verlengde CA,O=Register,C=NL. It is the default issuer.")
    assert "one CA: it has one journal and one CRL, crl/issuing.crl" in added
    assert "issuing (default) (also issuing-2026): CN=Verlengde CA" in listed
    assert [each["serial"] for each in known["certificates"]] == [
        serial_text(each.serial_number) for each in (newest, newer, ca.certificate)
    ]
    register.file("leaf", ca.issue(NOW))
    register.said("certificate", "import", "leaf.pem")
    assert "Revoked since" in register.said("revoke", "leaf.pem", "--yes")
    serial = serial_text(ca.issue(NOW).serial_number)
    assert "no certificate with serial" in register.refused("status", serial, "--issuer", "issuing-2026")
    assert "registered already" in register.refused("issuer", "renew", "issuing", "newer.pem")
    register.file("third", ca.certified(EPOCH + 90 * DAY, EPOCH + 4000 * DAY))
    assert "another name than 'good'" in register.refused("issuer", "renew", "good", "third.pem")
    assert "no issuer 'none'" in register.refused("issuer", "renew", "none", "newer.pem")


def test_rename_and_remove_as_they_are_typed(register: Register) -> None:
    """While nothing hangs on it; afterwards the sentence says what does."""
    odd = OddAuthority(odd_name(UTF8, b"Second CA"))
    register.file("odd", odd.certificate)
    register.file("leaf", odd.issue(NOW))
    register.said("issuer", "add", "odd.pem", "--name", "isuing")
    assert "[keys.issuing]" in register.said("issuer", "rename", "isuing", "issuing")
    assert "Removed issuing" in register.said("issuer", "remove", "issuing")
    register.said("issuer", "add", "odd.pem", "--name", "issuing")
    register.said("certificate", "import", "leaf.pem")

    assert "1 certificates hang on it" in register.refused("issuer", "remove", "issuing")
    assert "cannot be renamed" in register.refused("issuer", "rename", "issuing", "second")
    assert "--default NAME" in register.refused("issuer", "remove", "good")
    assert "Removed good" in register.said("issuer", "remove", "good", "--default", "issuing")
    assert "issuing (default)" in register.said("issuer", "list")
    assert "audit" in register.run("audit", "verify").output.lower()
