"""The main job on the real demo: a letter's number and code revoke, and real relying-party software sees it.

The tests share the demo of this folder, of whose certificates they take the first twenty, each its own.
"""

import json
import re
import shutil
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from playwright.sync_api import Page, expect

from tests.chromium import chromium
from tests.integration.running_demo import RunningDemo, openssl, program
from tests.waiting import patience, wait_until

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
needs_chromium = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")


@pytest.fixture
def page(demo: RunningDemo) -> Iterator[Page]:
    """A browser that asks for Dutch and runs no script."""
    with chromium() as browser:
        context = browser.new_context(locale="nl-NL", java_script_enabled=False)
        yield context.new_page()


def test_contract_file_is_private_and_true(demo: RunningDemo) -> None:
    """demo.json has mode 0600, every key of the contract, and paths that are there."""
    contract = demo.contract
    expected = {
        "ready", "revocation_url", "api_url", "console_url", "ocsp_url", "crl_url", "delta_crl_url", "metrics_urls",
        "issuer", "chain", "certificates",
    }  # fmt: skip

    assert stat.S_IMODE((demo.directory / "demo.json").stat().st_mode) == 0o600
    assert contract.keys() == expected
    assert contract["ready"] is True
    assert len(contract["certificates"]) == 51
    for entry in contract["certificates"]:
        certificate = x509.load_pem_x509_certificate((demo.directory / entry["certificate"]).read_bytes())
        assert certificate.serial_number == int(entry["serial"], 16)
        assert (demo.directory / entry["key"]).is_file()
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert points[0].full_name is not None
        assert points[0].full_name[0].value == contract["crl_url"]
    for url in (contract["console_url"], *contract["metrics_urls"].values()):
        assert demo.fetch("GET", url)[0] == 200


def test_letters_for_the_first_ten(demo: RunningDemo) -> None:
    """Ten PDFs that only their owner can read."""
    names = [f"letter-{entry['number']}.pdf" for entry in demo.contract["certificates"]]
    letters = [demo.directory / "letters" / name for name in names[:10]]

    assert not any((demo.directory / "letters" / name).exists() for name in names[10:])
    assert all(letter.read_bytes().startswith(b"%PDF-") for letter in letters)
    assert {stat.S_IMODE(letter.stat().st_mode) for letter in letters} == {0o600}


def test_codes_are_not_in_the_database(demo: RunningDemo) -> None:
    """Neither as typed nor as printed; what is stored is an Argon2id hash."""
    with sqlite3.connect(demo.directory / "revocation.db") as connection:
        dump = "\n".join(connection.iterdump())
        (codes,) = connection.execute("SELECT count(*) FROM revocation_codes").fetchone()

    assert dump.count("$argon2id$") == codes >= len(demo.contract["certificates"])
    for entry in demo.contract["certificates"]:
        assert entry["code"] not in dump
        assert entry["code"].replace("-", "") not in dump


@needs_openssl
@needs_chromium
def test_page_revokes_and_relying_parties_see_it(demo: RunningDemo, page: Page, tmp_path: Path) -> None:
    """Good before; then number, code, confirmation in the browser; revoked after, in OCSP at once and in the CRL."""
    others = [1, 19]
    assert ": good" in demo.openssl_ocsp(0)
    assert ": OK" in demo.verify_with_crl(0, demo.crl(tmp_path))
    entry = demo.certificate(0)

    page.goto(demo.contract["revocation_url"])
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    page.get_by_label("Nummer").fill(entry["number"])
    page.get_by_label("Intrekkingscode").fill(entry["code"].lower())
    page.locator("#continue").click()
    expect(page.locator("#serial")).to_contain_text(re.compile(entry["serial"][:4], re.IGNORECASE))
    page.locator("#continue").click()
    page.locator("#revoke").click()

    expect(page.locator("#reference")).not_to_be_empty()
    revoked_at = page.locator("#revoked-at").get_attribute("datetime")
    assert revoked_at is not None
    said = demo.openssl_ocsp(0)
    assert ": revoked" in said
    assert "Reason" not in said
    for options in (["-no_nonce"], ["-sha256"], ["-sha256", "-no_nonce"], ["-nonce"]):
        assert ": revoked" in demo.openssl_ocsp(0, *options)
    for place in others:
        assert ": good" in demo.openssl_ocsp(place)
    wait_until(
        lambda: "certificate revoked" in demo.verify_with_crl(0, demo.crl(tmp_path)), 10, "the CRL with the revocation"
    )
    for place in others:
        assert ": OK" in demo.verify_with_crl(place, demo.crl(tmp_path))


@needs_openssl
def test_endpoint_revokes_with_a_reason_once(demo: RunningDemo, tmp_path: Path) -> None:
    """The answer has the contract's keys; the same request again has the same answer; OCSP and CRL say the same."""
    since = "2026-01-05T08:00:00Z"
    status, first = demo.revoke(2, reason="keyCompromise", key_compromised_at=since)
    assert ": revoked" in demo.openssl_ocsp(2)
    _, again = demo.revoke(2, reason="keyCompromise", key_compromised_at=since)

    assert status == 200
    contract = {"status", "serial", "issuer", "revoked_at", "reason", "reference", "sequence", "receipt_url"}
    assert first.keys() >= contract
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert again | {"repeated": False} == first
    assert first["reason"] == "keyCompromise"
    said = demo.openssl_ocsp(2)
    assert "Reason: keyCompromise" in said
    wait_until(
        lambda: "certificate revoked" in demo.verify_with_crl(2, demo.crl(tmp_path)), 10, "the CRL with the revocation"
    )
    text = openssl("crl", "-in", str(demo.crl(tmp_path)), "-noout", "-text")
    entry = text.split(first["serial"].upper(), 1)[1].split("Serial Number", 1)[0]
    assert "Key Compromise" in entry
    assert "Jan  5 08:00:00 2026 GMT" in entry


def test_receipt_address_shows_the_confirmation_again(demo: RunningDemo) -> None:
    """For whoever has the address, and never from a cache."""
    _, answer = demo.revoke(3)
    status, headers, content = demo.fetch("GET", answer["receipt_url"])

    assert status == 200
    assert answer["reference"] in content.decode()
    assert headers["Cache-Control"] == "no-store"
    assert demo.fetch("GET", answer["receipt_url"][:-3] + "AAA")[0] == 404


@needs_openssl
def test_killed_between_commit_and_answer(demo: RunningDemo, failpoints: Path) -> None:
    """The web worker dies by SIGKILL after the commit: the caller got no answer, and the revocation stands."""
    (failpoints / "revocation.committed").touch()
    before = time.time()
    with pytest.raises((OSError, AssertionError, Exception)):
        demo.revoke(4)

    assert not (failpoints / "revocation.committed").exists()
    assert ": revoked" in demo.openssl_ocsp(4)
    wait_until(lambda: _answers(demo), 30, "the page's return")
    status, answer = demo.revoke(4)
    assert status == 200
    revoked_at = time.mktime(time.strptime(answer["revoked_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert abs(revoked_at - before) < patience(10)


@needs_openssl
@pytest.mark.parametrize(("place", "failpoint"), [(5, "crl.signed"), (6, "crl.written"), (7, "crl.renamed")])
def test_publisher_killed_while_publishing(
    demo: RunningDemo, failpoints: Path, tmp_path: Path, place: int, failpoint: str
) -> None:
    """The published CRL stays whole, and the next one has a higher number and the revocation in it."""
    before = _number(demo.crl(tmp_path))
    (failpoints / failpoint).touch()
    demo.revoke(place)
    wait_until(lambda: not (failpoints / failpoint).exists(), 20, f"the kill at {failpoint}")
    whole = _number(demo.crl(tmp_path))
    assert whole >= before
    wait_until(
        lambda: "certificate revoked" in demo.verify_with_crl(place, demo.crl(tmp_path)),
        40,
        "the CRL after the restart",
    )

    assert _number(demo.crl(tmp_path)) > before
    wait_until(lambda: _is_whole(demo), 60, "the publisher's return, for those who share the demo")


def test_commands_on_the_running_demo(demo: RunningDemo) -> None:
    """status, revoke, crl publish, doctor and audit verify work beside the services."""
    entry = demo.certificate(8)
    where = ("--directory", demo.directory)
    assert json.loads(program("status", entry["serial"], "--json", *where).stdout)["status"] == "good"
    revoked = program("revoke", entry["number"], "--yes", "--json", "--reason", "superseded", *where)
    assert json.loads(revoked.stdout)["reason"] == "superseded"
    assert (
        json.loads(program("status", demo.path(entry["certificate"]), "--json", *where).stdout)["status"] == "revoked"
    )
    published = program("crl", "publish", "--json", *where)
    assert published.returncode == 0, published.stderr
    assert {"number", "size", "seconds", "cpu_seconds", "peak_memory"} <= json.loads(published.stdout).keys()
    # For a while it tells of a service that another test has killed.
    wait_until(lambda: program("doctor", *where).returncode == 0, 120, "doctor finding nothing wrong")
    assert "whole" in program("audit", "verify", *where).stdout


@needs_openssl
@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_relying_parties_page_works_as_written(demo: RunningDemo, tmp_path: Path) -> None:
    """The commands of docs/relying-parties.md, in the demo's folder, with this demo's ports and a good certificate."""
    page = (Path(__file__).parents[2] / "docs/relying-parties.md").read_text()
    # The first: the other one needs a receipt, and is run where there are some.
    block = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    base = int(demo.arguments[demo.arguments.index("--port-base") + 1])
    commands = block.replace("8462", str(base + 2)).replace("8463", str(base + 3)).replace("01.pem", "20.pem")
    shutil.copytree(demo.directory, tmp_path / "demo", ignore=shutil.ignore_patterns("*.db*", "secrets", "letters"))
    done = subprocess.run(
        ["sh", "-eu"], input=commands, cwd=tmp_path / "demo", capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "20.pem: good" in done.stdout
    assert "verify OK" in done.stderr
    assert "20.pem: OK" in done.stdout


def _is_whole(demo: RunningDemo) -> bool:
    """Whether every service's own port answers."""
    try:
        return all(demo.fetch("GET", url)[0] == 200 for url in demo.contract["metrics_urls"].values())
    except OSError:
        return False


def _answers(demo: RunningDemo) -> bool:
    try:
        return demo.fetch("GET", demo.contract["revocation_url"])[0] == 200
    except OSError:
        return False


def _number(crl: Path) -> int:
    number = x509.load_pem_x509_crl(crl.read_bytes()).extensions.get_extension_for_class(x509.CRLNumber)
    return number.value.crl_number
