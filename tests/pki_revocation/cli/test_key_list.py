"""`key-list` as an operator uses it: what goes on the list, what comes off it, and what is trusted all the same."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import select

from pki_revocation.audit import AuditTrail, verify_chain
from pki_revocation.cli.doctor import examine
from pki_revocation.cli.key_list import UnfitKeyList, key_list
from pki_revocation.config.installation import Installation
from pki_revocation.database.schema import audit
from pki_revocation.encoding.possession.csr_proof import csr_proof
from pki_revocation.encoding.possession.key_forms import key_hash
from pki_revocation.encoding.possession.making import make_csr_proof
from pki_revocation.errors import NotFound
from pki_revocation.importing.importer import Importer
from pki_revocation.model import serial_text
from pki_revocation.register.compromised_keys import ProvenKeyStays
from pki_revocation.register.key_register import KeyRegister
from pki_revocation.runtime.clock_keeping import open_clock
from tests.key_proofs import spki
from tests.letter_runs import new_installation
from tests.pki import CertificateAuthority

Run = Callable[..., Result]
KEY = ec.generate_private_key(ec.SECP256R1())
HASH = key_hash(spki(KEY)).hex()
OTHER = "ab" * 32


@pytest.fixture
def installation(tmp_path: Path, authority: CertificateAuthority) -> Installation:
    """A folder with configuration, secrets and tables."""
    return new_installation(tmp_path / "installation", authority)


@pytest.fixture
def certificate(installation: Installation, authority: CertificateAuthority, tmp_path: Path) -> x509.Certificate:
    """One with the key, registered as live; also in the file `certificate.pem`."""
    with installation.database() as database:
        clock = open_clock(database)
        issued = authority.issue("Zorg BV", clock.now(), key=KEY)
        (tmp_path / "certificate.pem").write_bytes(issued.public_bytes(Encoding.PEM))
        report = Importer(database=database, clock=clock, audit=AuditTrail(clock)).run([tmp_path / "certificate.pem"])
    assert report.added == 1
    return issued


@pytest.fixture
def run(installation: Installation) -> Run:
    """Runs a command on the installation, and lets its errors through as the program catches them."""

    def invoke(*arguments: str | Path) -> Result:
        command = [*map(str, arguments), "--directory", str(installation.directory)]
        result = CliRunner().invoke(key_list, command)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


def wrong(installation: Installation) -> list[str]:
    """What `doctor` says of compromised keys."""
    return [each.says for each in examine(installation) if each.check == "compromised keys"]


def test_listed_key_of_a_live_certificate_is_said(
    run: Run, installation: Installation, certificate: x509.Certificate, tmp_path: Path
) -> None:
    """At once, by `doctor` until it is revoked, and with the command; it is recorded who listed it and why."""
    assert wrong(installation) == []
    result = run("add", tmp_path / "certificate.pem", "--note", "case 7", "--by", "Anne")

    first, second = result.stdout.splitlines()
    assert first == "case 7: 1 key listed, 0 on the list already."
    assert second.startswith("WRONG: 1 certificate is trusted though the key is known to be compromised")
    assert f"{serial_text(certificate.serial_number)} of issuing" in second
    assert "pki-revocation revoke SERIAL --issuer NAME --reason keyCompromise" in second
    assert wrong(installation) == [second.removeprefix("WRONG: ")]
    assert json.loads(run("show", "--json").stdout) == [
        {
            "key_sha256": HASH,
            "since": json.loads(run("show", HASH, "--json").stdout)[0]["since"],
            "source": "operator",
            "note": "case 7",
        }
    ]
    with installation.database() as database, database.read() as connection:
        detail = connection.scalar(select(audit.c.detail).where(audit.c.event == "keys.listed"))
        verify_chain(connection)
    assert json.loads(detail or "") == {
        "source": "operator",
        "note": "case 7",
        "named": 1,
        "new": 1,
        "key_sha256": HASH,
    }


def test_key_is_named_by_what_one_has(run: Run, tmp_path: Path) -> None:
    """A public key in PEM or DER, or its hash in capitals; each is the same key."""
    (tmp_path / "key.pem").write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (tmp_path / "key.der").write_bytes(spki(KEY))
    said = [
        run("add", each, "--note", "a").stdout for each in (HASH.upper(), tmp_path / "key.pem", tmp_path / "key.der")
    ]

    assert said == ["a: 1 key listed, 0 on the list already.\n"] + ["a: 0 keys listed, 1 on the list already.\n"] * 2
    assert run("show", tmp_path / "key.der").stdout.startswith(f"{HASH}  since ")


def test_list_of_hashes_goes_in_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    """As Boulder and others exchange them; a line that is none is named, and no file is read half."""
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text(f"# from a friend\n{HASH}\r\n\n  {OTHER.upper()} # theirs\n{HASH}\n")
    bad.write_text(f"{'cd' * 32}\n{OTHER}0\n")
    with pytest.raises(UnfitKeyList, match=r"bad\.txt, line 2: '(ab){32}0' is no SHA-256"):
        run("import", good, bad)
    assert run("show").stdout == "No key is known to be compromised.\n"

    assert run("import", good).stdout == "good.txt: 2 keys listed, 0 on the list already.\n"
    assert len(run("show").stdout.splitlines()) == 2
    (tmp_path / "odd.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(UnfitKeyList, match="other characters than ASCII"):
        run("import", tmp_path / "odd.txt")


def test_mistake_can_be_taken_back_and_a_proof_cannot(
    run: Run, installation: Installation, certificate: x509.Certificate, tmp_path: Path
) -> None:
    """What an operator listed goes; what its own key proved stays, and its evidence can be had."""
    run("add", OTHER, "--note", "a mistake")
    assert run("remove", OTHER).stdout == f"{OTHER} is not on the list any more.\n"
    with pytest.raises(NotFound, match="not on the list"):
        run("remove", OTHER)
    proven = csr_proof(make_csr_proof(KEY))
    with installation.database() as database:
        clock = open_clock(database)
        KeyRegister(database=database, clock=clock, audit=AuditTrail(clock)).list_proven(proven, {})
    with pytest.raises(ProvenKeyStays):
        run("remove", tmp_path / "certificate.pem")
    run("show", HASH, "--evidence", tmp_path / "evidence.der")
    assert csr_proof((tmp_path / "evidence.der").read_bytes()).sha256.hex() == HASH
    run("add", OTHER, "--note", "a mistake")
    with pytest.raises(NotFound, match="without a proof"):
        run("show", OTHER, "--evidence", tmp_path / "none.der")


def test_what_names_no_key_is_refused(run: Run, tmp_path: Path) -> None:
    """A private key first of all; and each in one sentence."""
    (tmp_path / "key.pem").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "text").write_text("hello")
    for what, says in (
        (tmp_path / "key.pem", "holds a private key"),
        (tmp_path / "text", "neither"),
        ("abc", "no file"),
    ):
        with pytest.raises(UnfitKeyList, match=says):
            run("add", what, "--note", "a")
    with pytest.raises(NotFound, match="not on the list"):
        run("show", OTHER)
    assert run("show", "--evidence", tmp_path / "e").exit_code == 2
