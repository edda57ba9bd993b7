"""The receipt of a running demo: its attachments, and exactly the commands that it prints, with real openssl.

The tests share the demo of this folder, and take its certificates from 20 to 25.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from pki_revocation.cli.program import program as receipts_program
from pki_revocation.proof import listing
from tests.integration.running_demo import RunningDemo, environment, program
from tests.receipts import Shell, printed_commands, run_printed, text_of, unpack
from tests.waiting import wait_until

FILES = {"nl": "intrekkingsbewijs", "en": "revocation-receipt"}
_EXPECTED = {"certificate.pem", "chain.pem", "issuer.pem", "list.crl", "ocsp-response.der", "revocation.json"}


@pytest.fixture(scope="module")
def revoked(demo: RunningDemo, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A revocation that is on the published CRL."""
    status, answer = demo.revoke(20, reason="superseded")
    assert status == 200
    folder = tmp_path_factory.mktemp("crl")
    wait_until(lambda: "certificate revoked" in demo.verify_with_crl(20, demo.crl(folder)), 15, "the CRL")
    return answer


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes a program's clock stand five years on."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler for the clock: apt-get install gcc")
    library = tmp_path_factory.mktemp("later") / "later.so"
    source = Path(__file__).with_name("later.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True, timeout=60)
    return library


def download(demo: RunningDemo, answer: dict[str, Any], language: str) -> bytes:
    """The receipt from its address."""
    status, headers, body = demo.fetch("GET", f"{answer['receipt_url']}/{FILES[language]}.pdf")
    assert status == 200
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Cache-Control"] == "no-store"
    return body


def reader(demo: RunningDemo, folder: Path, variables: dict[str, str] | None = None) -> dict[str, str]:
    """The root that a reader has fetched from elsewhere lies in the folder; the environment of their shell."""
    shutil.copy(demo.directory / "root.pem", folder / "root.cer")
    return environment(variables)


def openssl_time(moment: str) -> str:
    """2026-11-25T09:47:54Z as openssl writes it."""
    return subprocess.run(
        ["date", "-u", "-d", moment, "+%b %e %H:%M:%S %Y GMT"], capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.mark.parametrize("shell", ["posix", "powershell"])
@pytest.mark.parametrize("when", ["now", "five years on"])
def test_printed_commands_prove_the_revocation(
    demo: RunningDemo, revoked: dict[str, Any], later: Path, tmp_path: Path, shell: Shell, when: str
) -> None:
    """What is printed, run on what is attached, shows moment and reason, today and with the clock five years on."""
    pdf = download(demo, revoked, "nl" if shell == "posix" else "en")
    assert unpack(pdf, tmp_path) == _EXPECTED
    variables = reader(demo, tmp_path, {} if when == "now" else {"LD_PRELOAD": str(later)})
    _, ocsp, crl = (run_printed(each, tmp_path, shell, variables) for each in printed_commands(pdf, shell))

    assert "Response verify OK" in ocsp.stderr
    assert f"Serial Number: {revoked['serial'].upper()}" in ocsp.stdout
    assert "Cert Status: revoked" in ocsp.stdout
    assert "Revocation Reason: superseded" in ocsp.stdout
    assert f"Revocation Time: {openssl_time(revoked['revoked_at'])}" in ocsp.stdout
    assert "WARNING" not in ocsp.stderr

    listed = crl.stdout + crl.stderr
    assert "issuer.pem: OK" in listed
    assert "verify OK" in listed
    (number,) = re.findall(r"crlNumber=(0x[0-9A-F]+)", listed)
    assert f"({number})" in text_of(pdf)
    (digest,) = re.findall(r"= ([0-9a-f]{64})$", listed, re.MULTILINE)
    assert digest in text_of(pdf)
    assert f"Revocation Date: {openssl_time(revoked['revoked_at'])}" in listed


def test_clock_of_the_test_is_really_five_years_on(
    demo: RunningDemo, revoked: dict[str, Any], later: Path, tmp_path: Path
) -> None:
    """Without -attime the same response is refused then, because its signer has expired."""
    pdf = download(demo, revoked, "en")
    unpack(pdf, tmp_path)
    variables = reader(demo, tmp_path, {"LD_PRELOAD": str(later)})
    root, ocsp, _ = printed_commands(pdf, "posix")
    run_printed(root, tmp_path, "posix", variables)
    done = run_printed(re.sub(r"-attime \d+", "", ocsp), tmp_path, "posix", variables)
    assert "certificate has expired" in done.stderr


def test_program_and_page_believe_the_receipt_and_no_changed_one(
    demo: RunningDemo, revoked: dict[str, Any], tmp_path: Path
) -> None:
    """With the root alone, outside any installation: the proof, and the demo's own signature."""
    file = tmp_path / "receipt.pdf"
    file.write_bytes(download(demo, revoked, "nl"))
    arguments: list[str | Path] = ["receipt", "verify", file, "--anchor", demo.directory / "root.pem"]
    done = program(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "signature: The PDF is as CN=Demo Register receipts" in done.stdout
    file.write_bytes(file.read_bytes().replace(b"%PDF-1.7", b"%PDF-1.6"))
    assert program(*arguments, cwd=tmp_path).returncode == 1


def test_operator_writes_the_same_receipt(demo: RunningDemo, revoked: dict[str, Any], tmp_path: Path) -> None:
    """By reference or by number, with the proof, and in one sentence what is wrong otherwise."""
    number = demo.certificate(20)["number"]
    for what in (revoked["reference"], number):
        file = tmp_path / f"{what}.pdf"
        done = program("receipt", what, "--language", "en", "--to", file, "--directory", demo.directory)
        assert done.returncode == 0, done.stderr
        assert revoked["reference"] in text_of(file.read_bytes())
        assert unpack(file.read_bytes(), tmp_path) == _EXPECTED
    unrevoked = program("receipt", demo.certificate(25)["number"], "--directory", demo.directory, cwd=tmp_path)
    assert unrevoked.returncode == 1
    assert "is not revoked" in unrevoked.stderr
    unknown = program("receipt", "AAAA-BBBB-CCCC", "--directory", demo.directory, cwd=tmp_path)
    assert (unknown.returncode, unknown.stderr.strip()) == (
        1,
        "Error: There is no revocation with reference AAAA-BBBB-CCCC.",
    )


def test_large_list_is_named_and_fetched(
    demo: RunningDemo, revoked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A CRL over the limit does not go along: number, hash and address are printed, and the commands fetch it."""
    monkeypatch.setattr(listing, "LARGEST_ATTACHED", 100)
    file = tmp_path / "receipt.pdf"
    arguments = ["receipt", revoked["reference"], "--to", str(file), "--directory", str(demo.directory)]
    done = CliRunner().invoke(receipts_program, arguments)
    assert done.exit_code == 0, done.output
    assert unpack(file.read_bytes(), tmp_path) == _EXPECTED - {"list.crl"}
    said = text_of(file.read_bytes())
    assert re.search(r"\d{10} \(0x[0-9A-F]+\)", said)
    assert re.search(r"[0-9a-f]{64}", said)
    assert demo.contract["crl_url"] in said
    if shutil.which("curl") is None:
        pytest.skip("there is no curl to fetch the list with: apt-get install curl")
    variables = reader(demo, tmp_path)
    _, _, crl = (
        run_printed(each, tmp_path, "posix", variables) for each in printed_commands(file.read_bytes(), "posix")
    )
    assert "verify OK" in crl.stderr
    assert f"Revocation Date: {openssl_time(revoked['revoked_at'])}" in crl.stdout


def test_address_of_a_receipt_is_in_no_log(demo: RunningDemo, revoked: dict[str, Any]) -> None:
    """Whoever has it may read the receipt: the services write it down nowhere."""
    download(demo, revoked, "nl")
    token = revoked["receipt_url"].rpartition("/")[2]
    assert demo.fetch("GET", f"{revoked['receipt_url']}/no-such.pdf")[0] == 404
    assert token not in (demo.directory / "services.log").read_text()


def test_maintenance_closes_and_opens_every_worker_at_once(demo: RunningDemo) -> None:
    """The very next requests, on each worker, see the fall-back page; afterwards everything works again."""
    page = demo.contract["revocation_url"]
    begun = program(
        "maintenance", "on", "--until", "2099-01-01T00:00:00Z", "--message", "x", "--directory", demo.directory
    )
    assert (begun.returncode, "more than 3 days away" in begun.stderr) == (1, True)
    until = subprocess.run(["date", "-u", "-d", "+2 hours", "+%FT%TZ"], capture_output=True, text=True, check=True)
    arguments = [
        "--until",
        until.stdout.strip(),
        "--message",
        "We vervangen een server.",
        "--message-en",
        "A new server.",
    ]
    assert program("maintenance", "on", *arguments, "--directory", demo.directory).returncode == 0
    try:
        for _ in range(20):
            status, headers, body = demo.fetch("GET", page)
            assert status == 503
            assert 7000 < int(headers["Retry-After"]) <= 7200
            assert "We vervangen een server." in body.decode()
            assert "A new server." in body.decode()
        status, problem = demo.revoke(21)
        assert (status, problem["type"]) == (503, "urn:pki-revocation:problem:maintenance")
        base = page.rpartition("/")[0]
        assert demo.fetch("GET", f"{base}/formulier")[0] == 200
        shown = program("maintenance", "show", "--json", "--directory", demo.directory)
        assert json.loads(shown.stdout)["maintenance"] is True
    finally:
        program("maintenance", "off", "--directory", demo.directory)
    assert [demo.fetch("GET", page)[0] for _ in range(20)] == [200] * 20
    assert demo.revoke(21)[0] == 200
    assert program("audit", "verify", "--directory", demo.directory).returncode == 0
