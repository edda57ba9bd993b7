"""`crl request`, `crl sign` and `crl install` as people type them."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from crl_publisher.crl.reading import parse_crl
from keys.files.file_key import save_key
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock, iso
from tests.crl_publisher.installations import DIRECT, PROGRAM, Installed, install, running, status_of
from tests.crl_publisher.offline.ceremony import Ceremony
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority
from tests.power_cuts import power_cuts
from tests.waiting import wait_until


@pytest.fixture
def installed(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation that has an issuer and no key of it."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        yield keyless(install(tmp_path, database, authority))


def keyless(installed: Installed) -> Installed:
    """The same without the key and what the configuration says of it."""
    config = installed.installation.config
    lines = config.read_text().splitlines()
    left = [line for line in lines if not line.strip().startswith(("[keys", "crl_key", "unencrypted"))]
    config.write_text("\n".join(left))
    installed.installation.path("keys/issuing.pem").unlink()
    return installed


def run(installed: Installed, *words: str | Path, given: str | None = None) -> Result:
    """Run a command in this process."""
    where = [] if "sign" in words else ["--directory", str(installed.installation.directory)]
    return CliRunner().invoke(program, [*map(str, words), *where], input=given)


@pytest.fixture
def request_file(installed: Installed, tmp_path: Path) -> Path:
    """A request for a CRL with one entry."""
    installed.population.issue_revoked(1)
    file = tmp_path / "root.request"
    done = run(installed, "crl", "request", "-o", file)
    assert done.exit_code == 0, done.output
    return file


def test_whole_way(installed: Installed, request_file: Path, ceremony: Ceremony, tmp_path: Path) -> None:
    """Request here, sign there in an empty environment, install here."""
    signed = tmp_path / "root.crl"
    done = subprocess.run(
        [PROGRAM, "crl", "sign", request_file, "--key", ceremony.key, "--certificate", ceremony.certificate,
         "--unencrypted", "--yes", "-o", signed],
        cwd=ceremony.folder, env={"PATH": os.defpath}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    facts = [line for line in request_file.read_text().splitlines() if ": " in line]
    assert all(line in done.stdout for line in facts)

    answer = json.loads(run(installed, "crl", "install", signed, "--json").stdout)

    assert answer["number"] == parse_crl(installed.public_file.read_bytes()).number
    assert (answer["entries"], answer["uncovered"]) == (1, 0)
    assert "verify OK" in ceremony.openssl(
        "crl", "-inform", "DER", "-in", installed.public_file, "-CAfile", "ca.pem", "-noout"
    )


def test_signing_asks_first(installed: Installed, request_file: Path, ceremony: Ceremony, tmp_path: Path) -> None:
    """Whoever says no has signed nothing."""
    words: list[str | Path] = [
        "crl",
        "sign",
        request_file,
        "--key",
        ceremony.key,
        "--certificate",
        ceremony.certificate,
    ]
    words += ["--unencrypted", "-o", tmp_path / "root.crl"]

    refused = run(installed, *words, given="n\n")
    assert refused.exit_code == 1
    assert "SHA-256" in refused.output
    assert not (tmp_path / "root.crl").exists()
    assert run(installed, *words, given="y\n").exit_code == 0
    again = run(installed, *words, given="y\n")
    assert again.exit_code == 1
    assert "exists already" in again.output


def test_passphrase_comes_from_the_environment(
    installed: Installed, request_file: Path, ceremony: Ceremony, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never from the command line; without it, the sentence says which variable."""
    key = tmp_path / "root-2026.key"
    save_key(ceremony.authority.key, key, "geheim")
    words: list[str | Path] = [
        "crl",
        "sign",
        request_file,
        "--key",
        key,
        "--certificate",
        ceremony.certificate,
        "--yes",
    ]
    words += ["-o", tmp_path / "root.crl"]

    missing = run(installed, *words)
    assert missing.exit_code == 1
    assert "PKI_REVOCATION_PASSPHRASE_ROOT_2026" in missing.output
    monkeypatch.setenv("PKI_REVOCATION_PASSPHRASE_ROOT_2026", "wrong")
    assert "cannot be opened" in run(installed, *words).output
    monkeypatch.setenv("PKI_REVOCATION_PASSPHRASE_ROOT_2026", "geheim")
    assert run(installed, *words).exit_code == 0


def test_key_without_passphrase_must_be_meant(
    installed: Installed, request_file: Path, ceremony: Ceremony, tmp_path: Path
) -> None:
    """With --unencrypted."""
    done = run(
        installed, "crl", "sign", request_file, "--key", ceremony.key, "--certificate", ceremony.certificate,
        "--yes", "-o", tmp_path / "root.crl",
    )  # fmt: skip

    assert done.exit_code == 1
    assert "not encrypted" in done.output


def test_bare_signature_is_put_together_here(
    installed: Installed, request_file: Path, ceremony: Ceremony, tmp_path: Path
) -> None:
    """`crl install REQUEST --signature FILE`: the other side had OpenSSL alone."""
    extract = "sed '/-----BEGIN/,/-----END/!d; /-----/d' ../root.request | openssl base64 -d -out root.tbs"
    ceremony.shell(extract)
    ceremony.openssl("dgst", "-sha256", "-sign", "ca.key", "-out", "root.sig", "root.tbs")
    ceremony.openssl("dgst", "-sha256", "-sign", "ca.key", "-out", "other.sig", "ca.pem")

    wrong = run(installed, "crl", "install", request_file, "--signature", ceremony.folder / "other.sig")
    assert wrong.exit_code == 1
    assert not installed.public_file.exists()
    right = run(installed, "crl", "install", request_file, "--signature", ceremony.folder / "root.sig")
    assert right.exit_code == 0, right.output


def test_pem_is_taken(installed: Installed, ceremony: Ceremony) -> None:
    """As OpenSSL writes it."""
    ceremony.openssl_ca(7, now=SystemClock().now() - timedelta(seconds=5))

    done = run(installed, "crl", "install", ceremony.folder / "ca.crl.pem")

    assert done.exit_code == 0, done.output
    assert "CRL 7 of issuing is public" in done.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--validity", "13 months"), "no length of time"),
        (("--validity", "400d"), "365d at most"),
        (("--this-update", "tomorrow"), "no moment"),
        (("--this-update", "2026-01-01T00:00:00Z"), "past"),
        (("--scope", "everything"), "there are: full"),
        (("--issuer", "nobody"), "issuing"),
    ],
)
def test_bad_request_is_one_sentence(
    words: tuple[str, ...], sentence: str, installed: Installed, tmp_path: Path
) -> None:
    """And nothing is written."""
    done = run(installed, "crl", "request", *words, "-o", tmp_path / "root.request")

    assert done.exit_code != 0
    assert sentence in done.output
    assert "Traceback" not in done.output
    assert not (tmp_path / "root.request").exists()


def test_files_to_carry_away_survive_a_power_cut(installed: Installed, ceremony: Ceremony, tmp_path: Path) -> None:
    """Request and CRL are on disk when the commands say so: a stick is pulled out right after."""
    folder = tmp_path / "stick"
    folder.mkdir()
    words: list[str | Path] = ["--key", ceremony.key, "--certificate", ceremony.certificate, "--unencrypted", "--yes"]
    words += ["-o", folder / "root.crl"]

    asked = power_cuts(folder, lambda: run(installed, "crl", "request", "-o", folder / "root.request"))
    signed = power_cuts(folder, lambda: run(installed, "crl", "sign", folder / "root.request", *words))

    request, crl = (folder / "root.request").read_bytes(), (folder / "root.crl").read_bytes()
    assert {left.content("root.request") for left in asked.during} == {None, request}
    assert {left.content("root.request") for left in asked.ended} == {request}
    assert {left.content("root.crl") for left in signed.during} == {None, crl}
    assert {left.content("root.crl") for left in signed.ended} == {crl}


def test_file_that_came_to_be_there_meanwhile_stays(
    installed: Installed, request_file: Path, ceremony: Ceremony, tmp_path: Path
) -> None:
    """While the operator compared the facts: it is not replaced, and no draft is left beside it."""
    output = tmp_path / "signed" / "root.crl"
    output.parent.mkdir()
    words: list[str | Path] = ["--key", ceremony.key, "--certificate", ceremony.certificate, "--unencrypted"]

    def confirm(*_: object, **__: object) -> bool:
        output.write_bytes(b"another's")
        return True

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(click, "confirm", confirm)
        done = run(installed, "crl", "sign", request_file, *words, "-o", output)

    assert done.exit_code == 1
    assert "exists already: name a new file" in done.output
    assert {each.name: each.read_bytes() for each in output.parent.iterdir()} == {"root.crl": b"another's"}


def test_request_as_json(installed: Installed, tmp_path: Path) -> None:
    """What a script compares, with a ceremony's own moment."""
    planned = SystemClock().now() + timedelta(days=3)
    done = run(
        installed, "crl", "request", "--this-update", iso(planned), "--validity", "30d", "--json",
        "-o", tmp_path / "root.request",
    )  # fmt: skip

    answer = json.loads(done.stdout)
    assert answer["this_update"] == iso(planned)
    assert answer["next_update"] == iso(planned + timedelta(days=30, seconds=-1))
    assert len(answer["to_be_signed_sha256"]) == 64


def test_issuer_with_a_key_here_needs_no_request(
    tmp_path: Path, installed: Installed, authority: CertificateAuthority
) -> None:
    """Its publisher signs."""
    config = tmp_path / "config.toml"
    config.write_text(config.read_text() + '\n[keys.issuing]\ncrl_key = "keys/issuing.pem"\nunencrypted = true\n')

    done = run(installed, "crl", "request", "-o", tmp_path / "root.request")

    assert done.exit_code == 1
    assert "configured here" in done.output


def test_list_and_doctor_tell_the_alarm(
    installed: Installed, request_file: Path, ceremony: Ceremony, tmp_path: Path
) -> None:
    """On standard error, and with exit status 1."""
    assert "ALARM" in run(installed, "crl", "list").stderr
    sick = run(installed, "doctor")
    assert sick.exit_code == 1
    assert "1 revocations since" in sick.output
    run(
        installed, "crl", "sign", request_file, "--key", ceremony.key, "--certificate", ceremony.certificate,
        "--unencrypted", "--yes", "-o", tmp_path / "root.crl",
    )  # fmt: skip
    run(installed, "crl", "install", tmp_path / "root.crl")

    assert run(installed, "crl", "list").stderr == ""
    well = [line for line in run(installed, "doctor").output.splitlines() if "signed elsewhere:" in line]
    assert len(well) == 1
    assert well[0].startswith("ok")


def test_publisher_raises_the_alarm(installed: Installed, request_file: Path) -> None:
    """The process that signs the others' CRLs watches this one's, and tells whoever asks it to publish."""
    with running(installed, "publisher"):
        wait_until(lambda: status_of(installed.operations_url + "/healthz") == 200)
        wait_until(lambda: 'crl_alarm{alarm="uncovered",issuer="issuing",scope="full"} 1.0' in _metrics(installed))
        for words in (["crl", "publish"], ["crl", "publish", "--last", "--yes"]):
            asked = installed.run(*words)
            assert asked.returncode == 1
            assert "signed elsewhere" in asked.stderr


def _metrics(installed: Installed) -> str:
    with DIRECT.open(installed.operations_url + "/metrics", timeout=120) as response:
        return str(response.read().decode())
