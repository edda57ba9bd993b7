"""`receipt verify`: what is genuine is believed, what was changed, left out or forged is not, and anything may come."""

import contextlib
import io
import json
import os
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509

from pki_revocation.cli.program import program
from pki_revocation.documents.verification.package import LARGEST, NoReceipt
from pki_revocation.documents.verification.process import CheckFailed, verify_apart
from pki_revocation.documents.verification.receipt import verify_receipt
from pki_revocation.documents.verification.verdict import Outcome, Verdict
from tests.conftest import START
from tests.receipts import Register, certified, unpack


@pytest.fixture(scope="module")
def genuine() -> Register:
    """A register whose root is trusted."""
    return Register(START)


@pytest.fixture(scope="module")
def forger(genuine: Register) -> Register:
    """Another hierarchy with the same names, for the same certificate."""
    return Register(START, genuine.certificate)


@pytest.fixture(scope="module")
def pdf(genuine: Register) -> bytes:
    """A genuine receipt."""
    return genuine.receipt()


@pytest.fixture(scope="module")
def files(pdf: bytes, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Its attachments."""
    folder = tmp_path_factory.mktemp("attachments")
    return {each: (folder / each).read_bytes() for each in unpack(pdf, folder)}


def zipped(files: dict[str, bytes]) -> bytes:
    """The attachments as somebody zips them."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, octets in files.items():
            archive.writestr(f"receipt/{each}", octets)
    return out.getvalue()


def judged(octets: bytes, known: Register) -> Verdict:
    """By the root of a register."""
    return verify_receipt(octets, [known.root.certificate])


def outcomes(verdict: Verdict) -> dict[str, Outcome]:
    """How each check ended."""
    return {each.check: each.outcome for each in verdict.findings}


def test_genuine_receipt_is_believed(genuine: Register, pdf: bytes, files: dict[str, bytes]) -> None:
    """As a PDF, as a zip with its attachments, and as a zip with the PDF; each check is a line."""
    for octets in (pdf, zipped(files), zipped({"receipt.pdf": pdf})):
        verdict = judged(octets, genuine)
        assert verdict.is_genuine
        ok = {each for each, outcome in outcomes(verdict).items() if outcome is Outcome.OK}
        assert ok == {"root", "ocsp", "crl", "certificate", "record"}
        said = " ".join(each.says for each in verdict.findings)
        assert f"{genuine.certificate.serial_number:x}" in said
        assert "2026-11-23T14:03:22Z" in said


@pytest.mark.parametrize("direct", [False, True])
def test_forged_receipt_is_refused(genuine: Register, forger: Register, *, direct: bool) -> None:
    """Own root, own CA, own responder, or the CA in its place: nothing of it leads to the root that is trusted."""
    verdict = judged(forger.receipt(forger.evidence(direct=direct)), genuine)

    assert not verdict.is_genuine
    assert not verdict.proven
    assert (outcomes(verdict)["ocsp"], outcomes(verdict)["crl"]) == (Outcome.WRONG, Outcome.WRONG)


def _spoilt(files: dict[str, bytes], name: str) -> dict[str, bytes]:
    octets = bytearray(files[name])
    octets[-10] ^= 1
    return files | {name: bytes(octets)}


Change = Callable[[dict[str, bytes], Register], dict[str, bytes]]
# What is done to the attachments, and which check finds it.
CHANGES: dict[str, tuple[Change, str]] = {
    "response changed": (lambda files, _: _spoilt(files, "ocsp-response.der"), "ocsp"),
    "list changed": (lambda files, _: _spoilt(files, "list.crl"), "crl"),
    "forged response": (lambda files, forger: files | {"ocsp-response.der": forger.ocsp_response()}, "ocsp"),
    "forged list": (lambda files, forger: files | {"list.crl": forger.crl()}, "crl"),
    "forged issuer": (lambda files, forger: files | {"issuer.pem": forger.issuing.pem}, "ocsp"),
    "another certificate": (lambda files, forger: files | {"certificate.pem": forger.responder.pem}, "certificate"),
    "no record": (lambda files, _: files | {"revocation.json": b"{}"}, "record"),
    "another hour": (
        lambda files, _: files | {"revocation.json": files["revocation.json"].replace(b"T14:", b"T13:")},
        "record",
    ),
    "no issuer": (lambda files, _: {each: files[each] for each in files if each != "issuer.pem"}, "issuer"),
    "empty response": (lambda files, _: files | {"ocsp-response.der": b""}, "ocsp"),
    "list that is none": (lambda files, _: files | {"list.crl": b"\x30\x03\x02\x01\x01"}, "crl"),
    "issuer that is none": (lambda files, _: files | {"issuer.pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n"}, "issuer"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_is_found(genuine: Register, forger: Register, files: dict[str, bytes], change: str) -> None:
    """The check that it concerns says so, and the receipt as a whole is not believed."""
    make, wrong = CHANGES[change]
    verdict = judged(zipped(make(files, forger)), genuine)

    assert outcomes(verdict)[wrong] is Outcome.WRONG
    assert not verdict.is_genuine


def test_one_of_two_proofs_is_enough_and_none_is_not(genuine: Register, files: dict[str, bytes]) -> None:
    """A receipt of the first seconds has no CRL yet, one of an outage no response; one with neither proves nothing."""
    for name, proven in (("ocsp-response.der", True), ("list.crl", True)):
        assert judged(zipped({each: files[each] for each in files if each != name}), genuine).is_genuine is proven
    bare = {each: files[each] for each in files if each not in {"ocsp-response.der", "list.crl"}}
    assert not judged(zipped(bare), genuine).is_genuine


def test_receipt_of_before_a_raise_is_believed(genuine: Register) -> None:
    """The list may give the first reason yet, and the first row's record does for ever."""
    evidence = genuine.evidence()
    assert evidence.ocsp is not None
    older = replace(evidence.ocsp, der=genuine.ocsp_response(reason=x509.ReasonFlags.superseded))

    assert judged(genuine.receipt(replace(evidence, ocsp=older)), genuine).is_genuine


def test_leaf_in_the_place_of_a_ca_is_refused(genuine: Register, files: dict[str, bytes]) -> None:
    """A subscriber's certificate under the trusted root issues nothing."""
    leaf = certified("zorg.example", genuine.issuing, START)
    below = certified("Test Issuing CA", leaf, START, ca=True)
    register = Register(START)
    register.issuing = below
    register.responder = certified("responder", below, START)
    changed = files | {
        "issuer.pem": below.pem,
        "chain.pem": below.pem + leaf.pem + genuine.issuing.pem,
        "ocsp-response.der": register.ocsp_response(direct=True),
    }
    (finding,) = [each for each in judged(zipped(changed), genuine).findings if each.check == "ocsp"]

    assert "no CA's" in finding.says


ODD = {
    "nothing": b"",
    "a text": b"hello",
    "a PDF that is none": b"%PDF-1.7\n%%EOF",
    "half a PDF": None,
    "a zip that is none": b"PK\x03\x04" + bytes(100),
    "an empty zip": zipped({}),
    "a zip of many": zipped({str(place): b"" for place in range(20)}),
    "a zip that grows": zipped({"issuer.pem": bytes(64 * 1024 * 1024)}),
    "too large": b"%PDF-" + bytes(LARGEST),
}


@pytest.mark.parametrize("kind", ODD)
def test_anything_may_come(genuine: Register, pdf: bytes, kind: str, tmp_path: Path) -> None:
    """One sentence, or a verdict that nothing is proven; never a traceback, and the same from the process apart."""
    octets = ODD[kind]
    if octets is None:
        octets = pdf[: len(pdf) // 2]
    with contextlib.suppress(NoReceipt):
        assert not judged(octets, genuine).is_genuine
    (tmp_path / "file").write_bytes(octets)
    done = command(tmp_path / "file", genuine, tmp_path)
    assert done.exit_code == 1
    assert "Traceback" not in done.output


def command(file: Path, known: Register, folder: Path, *more: str) -> Result:
    """`receipt verify`, in a folder that is no installation."""
    (folder / "anchor.pem").write_bytes(known.root.pem)
    return CliRunner().invoke(program, ["receipt", "verify", str(file), "--anchor", str(folder / "anchor.pem"), *more])


def test_command_says_it_in_lines_and_as_json(genuine: Register, forger: Register, pdf: bytes, tmp_path: Path) -> None:
    """Exit status 0 and 1; nothing but the file and the root is needed."""
    (tmp_path / "receipt.pdf").write_bytes(pdf)
    done = command(tmp_path / "receipt.pdf", genuine, tmp_path)
    assert done.exit_code == 0, done.output
    assert [line[:5] for line in done.output.splitlines()[:5]] == ["ok   "] * 5

    refused = command(tmp_path / "receipt.pdf", forger, tmp_path, "--json")
    assert refused.exit_code == 1
    document = json.loads(refused.output)
    assert document["genuine"] is False
    assert {each["outcome"] for each in document["checks"]} >= {"wrong", "not checked"}

    (tmp_path / "anchor.pem").write_text("no certificate")
    arguments = ["receipt", "verify", str(tmp_path / "receipt.pdf"), "--anchor", str(tmp_path / "anchor.pem")]
    unfit = CliRunner().invoke(program, arguments)
    assert (unfit.exit_code, "not to be used as a root" in unfit.output) == (1, True)


def test_process_apart_says_the_same(genuine: Register, pdf: bytes) -> None:
    """It has no environment, and what it refuses comes back as one sentence."""
    assert verify_apart(pdf, [genuine.root.certificate]) == judged(pdf, genuine)
    with pytest.raises(CheckFailed, match="neither a PDF nor a zip"):
        verify_apart(b"hello", [genuine.root.certificate])


def test_process_apart_can_write_no_file(genuine: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    """And sees no secret of the service that asks: a process of the same kind shows what it may."""
    seen: list[dict[str, object]] = []
    run = subprocess.run

    def watched(command: list[str], **given: object) -> object:
        seen.append(given)
        return run(command, **given)  # type: ignore[call-overload] # passed on as they came

    monkeypatch.setattr(subprocess, "run", watched)
    monkeypatch.setenv("PKI_REVOCATION_PEPPER", "secret")
    with pytest.raises(CheckFailed):
        verify_apart(b"x", [genuine.root.certificate])

    assert seen[0]["env"] == {}
    assert "PKI_REVOCATION_PEPPER" in os.environ
