"""The signature of a receipt: pyHanko and OpenSSL believe it, today and in five years, and no change survives it."""

import io
import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID
from pyhanko.keys import load_certs_from_pemder_data
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator import ValidationContext

from pki_revocation.config.installation import Installation
from pki_revocation.documents.receipt_signing import ReceiptSigner
from pki_revocation.documents.verification.receipt import verify_receipt
from pki_revocation.documents.verification.verdict import Outcome
from pki_revocation.errors import ConfigurationError
from pki_revocation.proof.addresses import ServiceAddress
from pki_revocation.proof.fetching import ServiceClient
from tests.pki_revocation.documents.claims import broken_claims
from tests.receipts import Certified, Register, text_of
from tests.time_stamps import TimeStampAuthority, serving

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def register() -> Register:
    """A register at the present, which is the authority's."""
    return Register(NOW)


@pytest.fixture(scope="module")
def held(register: Register) -> Certified:
    """Its key for receipts."""
    return register.document_signer()


def signer_with(
    held: Certified, register: Register, authority: str | None = None, stamp_root: Certified | None = None
) -> ReceiptSigner:
    """Signs with a key, and has signatures stamped at an address."""
    key = held.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    client = None if authority is None else ServiceClient(ServiceAddress(public=authority, here=authority), seconds=5)
    anchors = [] if stamp_root is None else [stamp_root.certificate]
    certificates = [held.certificate, register.issuing.certificate]
    return ReceiptSigner(key, certificates, authority=client, stamp_anchors=anchors)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStampAuthority]:
    """A time-stamp authority."""
    with serving(TimeStampAuthority(tmp_path_factory.mktemp("authority") / "tsa", NOW)) as running:
        yield running


@pytest.fixture(scope="module")
def signed(register: Register, held: Certified) -> bytes:
    """A signed receipt."""
    return register.receipt(signer=signer_with(held, register))


def finding_on(pdf: bytes, register: Register) -> tuple[Outcome, str]:
    """What checking the receipt says of its signature."""
    verdict = verify_receipt(pdf, [register.root.certificate])
    (found,) = [each for each in verdict.findings if each.check == "signature"]
    return found.outcome, found.says


def converted(*certificates: Certified) -> list[object]:
    """As pyHanko takes them."""
    return [*load_certs_from_pemder_data(b"".join(each.pem for each in certificates))]


def test_signature_is_believed_by_pyhanko(signed: bytes, register: Register) -> None:
    """The whole file is covered, nothing may be added, and the key leads to the register's root."""
    (signature,) = PdfFileReader(io.BytesIO(signed)).embedded_regular_signatures
    context = ValidationContext(trust_roots=converted(register.root), allow_fetching=False)
    status = validate_pdf_signature(signature, context)

    assert status.bottom_line
    assert finding_on(signed, register) == (Outcome.OK, "The PDF is as CN=Test receipts,C=NL signed it.")


def test_signature_is_believed_by_openssl(signed: bytes, register: Register, tmp_path: Path) -> None:
    """The CMS that is in the file, over the octets that it names: `openssl cms -verify` knows no PDF."""
    with pikepdf.open(io.BytesIO(signed)) as pdf:
        value = pdf.Root.AcroForm.Fields[0].V
        begin, first, gap, second = (int(each) for each in value.ByteRange)
        (tmp_path / "signature.der").write_bytes(bytes(value.Contents).rstrip(b"\0") + b"\0\0")
    (tmp_path / "content").write_bytes(signed[begin : begin + first] + signed[gap : gap + second])
    (tmp_path / "root.pem").write_bytes(register.root.pem)
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature.der", "-content", "content"]
    command += ["-CAfile", "root.pem", "-purpose", "any", "-out", os.devnull]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)

    assert "Verification successful" in done.stderr or "CMS Verification successful" in done.stderr, done.stderr


def test_material_for_years_is_inside(register: Register, held: Certified, authority: TimeStampAuthority) -> None:
    """With a time stamp and the revocation list inside (B-LT), it holds five years on, when the signer has expired."""
    evidence = register.evidence()
    assert evidence.crl is not None
    pdf = register.receipt(evidence, signer=signer_with(held, register, authority.url, authority.root))
    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures
    roots = converted(register.root, authority.root)

    def at(moment: datetime) -> PdfSignatureStatus:
        context = ValidationContext(trust_roots=roots, allow_fetching=False, moment=moment, revocation_mode="soft-fail")
        return validate_pdf_signature(signature, context)

    # In five years the signer has expired, and its stamp has not: the signature is looked at as of the stamp's moment.
    later = at(NOW + timedelta(days=5 * 365))
    assert not later.bottom_line
    assert later.timestamp_validity is not None
    assert later.timestamp_validity.valid
    assert later.timestamp_validity.trusted
    then = at(later.timestamp_validity.timestamp)
    assert then.bottom_line
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert [bytes(each.read_bytes()) for each in opened.Root.DSS.CRLs] == [evidence.crl.der]
        assert len(opened.Root.DSS.Certs) >= 2


def test_authority_that_is_away_costs_no_signature(register: Register, held: Certified) -> None:
    """It goes without the stamp then."""
    pdf = register.receipt(signer=signer_with(held, register, "http://127.0.0.1:9/tsr"))

    assert finding_on(pdf, register)[0] is Outcome.OK


def test_signed_receipt_is_still_accessible_and_for_archives(signed: bytes) -> None:
    """What the unsigned one claims of PDF/A and PDF/UA holds for the signed one; it says whose signature it bears."""
    assert not broken_claims(signed)
    with pikepdf.open(io.BytesIO(signed)) as pdf:
        assert pdf.open_metadata().pdfa_status == "3A"
    said = " ".join(text_of(signed).split())
    assert "We have signed this file, as: CN=Test receipts, C=NL" in said


def test_change_is_found(signed: bytes, register: Register) -> None:
    """One octet of what is signed, or anything that is added after it."""
    place = signed.index(b"/Producer") + 12 if b"/Producer" in signed else 2000
    changed = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
    assert finding_on(changed, register)[0] is Outcome.WRONG

    with pikepdf.open(io.BytesIO(signed)) as pdf:
        pdf.docinfo["/Title"] = "Another title"
        out = io.BytesIO()
        pdf.save(out)
    assert finding_on(out.getvalue(), register)[0] is Outcome.WRONG


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("a subscriber's key", "is not for signing documents"),
        ("another register's key", "does not lead to a root that you trust"),
    ],
)
def test_signature_by_a_stranger_is_refused(register: Register, who: str, says: str) -> None:
    """Any subscriber of the CA has a key with a certificate of its; a forger has a whole CA."""
    if who == "a subscriber's key":
        stranger = signer_with(register.document_signer([ExtendedKeyUsageOID.SERVER_AUTH]), register)
    else:
        other = Register(NOW)
        stranger = signer_with(other.document_signer(), other)
    outcome, said = finding_on(register.receipt(signer=stranger), register)

    assert outcome is Outcome.WRONG
    assert says in said


def installation(folder: Path, text: str) -> Installation:
    """One with this [receipts]."""
    (folder / "config.toml").write_text(f"[receipts]\n{text}\n")
    return Installation.open(folder)


def test_key_with_a_passphrase_is_read_by_the_usual_places(
    register: Register, held: Certified, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """env:, file: and credential: give it; a wrong one and an open file are refused in a sentence."""
    key = tmp_path / "receipts.key"
    key.write_bytes(held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"wortel")))
    key.chmod(0o600)
    (tmp_path / "receipts.pem").write_bytes(held.pem)
    (tmp_path / "other.pem").write_bytes(register.responder.pem)
    secret = tmp_path / "passphrase"
    secret.write_text("wortel\n")
    secret.chmod(0o600)
    monkeypatch.setenv("RECEIPTS", "wortel")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    both = 'key = "receipts.key"\ncertificate = "receipts.pem"\n'
    for place in ("env:RECEIPTS", "file:passphrase", "credential:passphrase"):
        signer = ReceiptSigner.of(installation(tmp_path, f'{both}secret = "{place}"'))
        assert signer is not None
        assert signer.name == "CN=Test receipts, C=NL"

    monkeypatch.setenv("RECEIPTS", "knol")
    for text, says in (
        (f'{both}secret = "env:RECEIPTS"', "is 'secret' right"),
        (both, "is 'secret' right"),
        (f'{both}secret = "env:ABSENT"', "not set"),
        (f'{both}secret = "file:absent"', "cannot be read"),
        ('key = "receipts.key"\ncertificate = "other.pem"\nsecret = "file:passphrase"', "is not that of the key"),
        ('key = "receipts.key"\ncertificate = "absent.pem"\nsecret = "file:passphrase"', "cannot be read"),
        ('key = "receipts.key"', "go together"),
        (f'{both}secret = "wortel"', "does not stand in the configuration"),
    ):
        with pytest.raises(ConfigurationError, match=says) as refused:
            ReceiptSigner.of(installation(tmp_path, text))
        assert "wortel" not in str(refused.value).replace('"wortel"', "")
    key.chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        ReceiptSigner.of(installation(tmp_path, f'{both}secret = "file:passphrase"'))


def test_signer_that_is_not_valid_now_signs_nothing(register: Register, held: Certified) -> None:
    """The receipt is given without a signature, and says so."""
    later = Register(NOW + timedelta(days=60))
    pdf = later.receipt(signer=signer_with(held, register))

    assert "This file itself is not signed" in " ".join(text_of(pdf).split())
    assert PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures == []


def test_certificate_of_the_test_is_for_documents(held: Certified) -> None:
    """As RFC 9336 names it."""
    usages = held.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in usages] == ["1.3.6.1.5.5.7.3.36"]
