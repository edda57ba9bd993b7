"""Receipts for tests, genuine and forged: a root, an issuing CA, a responder, and the commands that a receipt prints.

`Register(now).receipt()` is what a register gives; that of another `Register` is a forgery, with all names the same and
made for a certificate that is good.
"""

import hashlib
import io
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import pikepdf
import pypdf
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from pki_revocation.documents.receipt import ALONE, ReceiptSurroundings
from pki_revocation.documents.receipt_signing import ReceiptSigner, signed_receipt
from pki_revocation.model import Channel, Confirmation, EntryKind, IssuedCertificate, Issuer, JournalEntry
from pki_revocation.proof.certificates import DOCUMENT_SIGNING
from pki_revocation.proof.gathering import ReceiptEvidence
from pki_revocation.proof.listing import CrlListing
from pki_revocation.proof.ocsp_answer import OcspAnswer
from pki_revocation.proof.record import canonical_record
from pki_revocation.proof.stamps.store import RevocationStamp
from pki_revocation.reasons import RevocationReason
from pki_revocation.subscribers.languages import Language
from tests.pki import DAY, name

YEAR = 365 * DAY
Shell = Literal["posix", "powershell"]


@dataclass(frozen=True, slots=True)
class Certified:
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)


def certified(
    common_name: str,
    by: Certified | None,
    now: datetime,
    *,
    ca: bool = False,
    usages: Sequence[x509.ObjectIdentifier] = (),
) -> Certified:
    """A key with a certificate: self-signed without *by*."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = name(common_name)
    issuer = subject if by is None else by.certificate.subject
    commits = DOCUMENT_SIGNING in usages
    # As time-stamp authorities' do.
    lives_long = ca or ExtendedKeyUsageOID.TIME_STAMPING in usages
    usage = x509.KeyUsage(not ca, commits, False, False, False, ca, ca, False, False)  # noqa: FBT003 - its nine bits
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + (10 * YEAR if lives_long else 30 * DAY))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if usages:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage(usages), critical=ExtendedKeyUsageOID.TIME_STAMPING in usages
        )
    return Certified(key, builder.sign(key if by is None else by.key, hashes.SHA256()))


class Register:
    """A register with a hierarchy of its own, in which one certificate is revoked at *now*."""

    def __init__(self, now: datetime, certificate: x509.Certificate | None = None) -> None:
        """Without a *certificate* it issues the one that it revoked; a forger takes another register's."""
        self.now = now
        self.root = certified("Test Root CA", None, now, ca=True)
        self.issuing = certified("Test Issuing CA", self.root, now, ca=True)
        self.responder = certified("Test OCSP responder", self.issuing, now, usages=[ExtendedKeyUsageOID.OCSP_SIGNING])
        self.certificate = certificate or certified("zorg.example", self.issuing, now).certificate

    @property
    def confirmation(self) -> Confirmation:
        """What the register confirms."""
        issuer = Issuer(id=1, name="issuing", certificate_der=self.issuing.certificate.public_bytes(Encoding.DER))
        certificate = IssuedCertificate(
            id=1,
            issuer_id=1,
            serial=self.certificate.serial_number,
            subject=self.certificate.subject.rfc4514_string(),
            organisation="Zorg BV",
            not_before=self.now,
            not_after=self.now + YEAR,
            number="123456789012",
        )
        entry = JournalEntry(
            issuer_id=1,
            sequence=4,
            kind=EntryKind.RAISE,
            serial=certificate.serial,
            recorded_at=self.now,
            revocation_date=self.now,
            reason=RevocationReason.KEY_COMPROMISE,
            invalidity_date=self.now - timedelta(days=3),
            channel=Channel.PAGE,
            reference="AAAA-BBBB-CCCC",
        )
        return Confirmation(issuer=issuer, certificate=certificate, entry=entry, first=entry, repeated=False)

    def ocsp_response(
        self, *, direct: bool = False, reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise
    ) -> bytes:
        """The OCSP response, signed by the responder, or by the CA itself."""
        signer = self.issuing if direct else self.responder
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=self.certificate,
                issuer=self.issuing.certificate,
                algorithm=hashes.SHA1(),  # noqa: S303 - names a certificate
                cert_status=ocsp.OCSPCertStatus.REVOKED,
                this_update=self.now,
                next_update=self.now + DAY,
                revocation_time=self.now,
                revocation_reason=reason,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        )
        if not direct:
            builder = builder.certificates([signer.certificate])
        return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)

    def crl(self, *, listed: bool = True) -> bytes:
        """The CRL that lists the certificate."""
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(self.certificate.serial_number if listed else 7)
            .revocation_date(self.now)
            .add_extension(x509.CRLReason(x509.ReasonFlags.key_compromise), critical=False)
            .build()
        )
        return (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.issuing.certificate.subject)
            .last_update(self.now)
            .next_update(self.now + 7 * DAY)
            .add_extension(x509.CRLNumber(1795900000), critical=False)
            .add_revoked_certificate(entry)
            .sign(self.issuing.key, hashes.SHA256())
            .public_bytes(Encoding.DER)
        )

    def evidence(
        self, *, direct: bool = False, stamp: RevocationStamp | None = None, is_stamped_later: bool = False,
        attached: bool = True,
    ) -> ReceiptEvidence:  # fmt: skip
        """The evidence of a receipt; *direct* where the CA itself signed the OCSP response."""
        crl = self.crl()
        return ReceiptEvidence(
            ocsp=OcspAnswer(
                der=self.ocsp_response(direct=direct),
                serial=self.certificate.serial_number,
                produced_at=self.now,
                revocation_time=self.now,
                reason="keyCompromise",
                signer="CN=Test OCSP responder",
            ),
            crl=CrlListing(
                number=1795900000,
                sha256=hashlib.sha256(crl).hexdigest(),
                address="http://crl.register.example/crl/issuing.crl",
                since=self.now,
                der=crl if attached else None,
            ),
            certificate=self.certificate.public_bytes(Encoding.DER),
            chain=(self.issuing.certificate, self.root.certificate),
            record=canonical_record(self.confirmation.issuer, self.confirmation.entry),
            stamp=stamp,
            is_stamped_later=is_stamped_later,
        )

    def receipt(
        self,
        evidence: ReceiptEvidence | None = None,
        language: Language = Language.ENGLISH,
        *,
        surroundings: ReceiptSurroundings = ALONE,
        signer: ReceiptSigner | None = None,
    ) -> bytes:
        """The PDF."""
        return signed_receipt(self.confirmation, evidence or self.evidence(), language, self.now, surroundings, signer)

    def document_signer(self, usages: Sequence[x509.ObjectIdentifier] = (DOCUMENT_SIGNING,)) -> Certified:
        """A key for signing receipts."""
        return certified("Test receipts", self.issuing, self.now, usages=usages)


def text_of(pdf: bytes) -> str:
    """Everything that a PDF says, line by line."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)


def unpack(pdf: bytes, folder: Path) -> set[str]:
    """Save the attachments, as a reader does."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        for each, attachment in document.attachments.items():
            (folder / each).write_bytes(attachment.get_file().read_bytes())
        return set(document.attachments)


def printed_commands(pdf: bytes, shell: Shell) -> list[str]:
    """The commands that check, as they are printed for a shell: one script for each box."""
    boxes: list[list[str]] = []
    for line in text_of(pdf).splitlines():
        inside = line.startswith(
            ("openssl ", "curl ", "Invoke-WebRequest ", "  openssl ", "  grep ", "    Select-String", "}")
        )
        if not inside:
            boxes.append([])
        elif not boxes:
            boxes = [[line]]
        else:
            boxes[-1].append(line)
    scripts = ["\n".join(box) for box in boxes if box]
    other = "if ($?)" if shell == "posix" else "&&"
    return [script for script in scripts if other not in script]


def run_printed(script: str, folder: Path, shell: Shell, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a printed script in a folder: in `pwsh` where it is here, else as PowerShell would."""
    if shell == "powershell" and shutil.which("pwsh"):
        command = ["pwsh", "-NoProfile", "-Command", script]
    else:
        command = ["sh", "-c", script if shell == "posix" else as_posix(script)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False, env=variables)


def as_posix(script: str) -> str:
    """What PowerShell does with a script of a receipt, in a POSIX shell's words; other scripts are refused."""
    script = re.sub(
        r"^Invoke-WebRequest -UseBasicParsing -OutFile (\S+) (\S+)$", r"curl -f -o \1 \2", script, flags=re.MULTILINE
    )
    script = re.sub(r"Select-String -Context 0,4 -Pattern '([0-9a-f-]+)'", r"grep -i -A 4 -e \1", script)
    script = re.sub(r"^(openssl .*); if \(\$\?\) \{\n((?:.*\n)*)\}$", r"if \1; then\n\2fi", script, flags=re.MULTILINE)
    assert not re.search(r"[$`{}\\]", script), script
    return script
