"""How a relying party checks a receipt's proof: the attachments' names, and the commands that are printed.

OpenSSL alone does it, today and in years, with a root that the reader has fetched from elsewhere (`root.pem`): what is
attached is never trusted, and a forger may have made all of it.

- `openssl ocsp` is not told the issuer (`-issuer`): what that file's key has signed counts as verified, whatever
  `-CAfile` says. It gets the chain as `-verify_other`, and the reader compares the serial number.
- `openssl crl -verify` takes the key from the file that it is told, and builds no chain: so that file is verified
  first, and reduced to the certificate that was. `openssl verify -crl_check` will not do: it says 'revoked' before it
  looks at the chain's signatures.
- `-attime` checks the chain as of the moment of signing, because the responder's own certificate is valid for weeks.
"""

import base64
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.model import serial_text
from pki_revocation.proof.gathering import ReceiptEvidence

OCSP_FILE = "ocsp-response.der"
CRL_FILE = "list.crl"
CERTIFICATE_FILE = "certificate.pem"
ISSUER_FILE = "issuer.pem"
CHAIN_FILE = "chain.pem"
RECORD_FILE = "revocation.json"
STAMP_FILE = "time-stamp.tsr"
# What readers fetch themselves, and what one of the commands makes.
ROOT_FILE = "root.pem"
_FETCHED_ROOT = "root.cer"
STAMP_ROOT_FILE = "tsa-root.pem"
_CHECKED_ISSUER = "issuing-ca.pem"
_PEM_LINE = 64
_PAIRS_IN_A_LINE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Command lines, for a POSIX shell and for PowerShell alike where they are not named after one.

    No line is broken with a backslash or a backtick; empty where there is nothing to check.
    """

    fingerprint: str
    ocsp: str
    crl_posix: str
    crl_powershell: str
    stamp: str


def attachments_of(evidence: ReceiptEvidence) -> dict[str, bytes]:
    """The octets of each attachment of a receipt, by file name."""
    chain = [each.public_bytes(Encoding.PEM) for each in evidence.chain]
    files = {ISSUER_FILE: chain[0], CHAIN_FILE: b"".join(chain)}
    if evidence.certificate is not None:
        files[CERTIFICATE_FILE] = _pem(evidence.certificate)
    if evidence.ocsp is not None:
        files[OCSP_FILE] = evidence.ocsp.der
    if evidence.crl is not None and evidence.crl.der is not None:
        files[CRL_FILE] = evidence.crl.der
    if evidence.record:
        files[RECORD_FILE] = evidence.record
    if evidence.stamp is not None:
        files[STAMP_FILE] = evidence.stamp.response
    return files


def commands_for(evidence: ReceiptEvidence, serial: int) -> Commands:
    """The commands that check this proof."""
    return Commands(
        # OpenSSL 3 finds out by itself whether what it reads is PEM or DER.
        fingerprint=(
            f"openssl x509 -in {_FETCHED_ROOT} -out {ROOT_FILE}\n"
            f"openssl x509 -in {ROOT_FILE} -noout -fingerprint -sha256"
        ),
        ocsp=_ocsp_command(evidence),
        crl_posix=_crl_posix(evidence, serial),
        crl_powershell=_crl_powershell(evidence, serial),
        stamp=_stamp_command(evidence),
    )


def fingerprint_lines(certificate: x509.Certificate) -> list[str]:
    """A certificate's SHA-256 as OpenSSL prints it, in four lines of eight pairs, to be compared by eye."""
    pairs = [f"{octet:02X}" for octet in certificate.fingerprint(SHA256())]
    return [":".join(pairs[at : at + _PAIRS_IN_A_LINE]) for at in range(0, len(pairs), _PAIRS_IN_A_LINE)]


def _ocsp_command(evidence: ReceiptEvidence) -> str:
    if evidence.ocsp is None:
        return ""
    at = int(evidence.ocsp.produced_at.timestamp())
    return f"openssl ocsp -respin {OCSP_FILE} -text -CAfile {ROOT_FILE} -verify_other {CHAIN_FILE} -attime {at}"


def _crl_steps() -> tuple[str, str, str, str, str]:
    """What is done with a list, in order: each step only where the one before it succeeded."""
    return (
        f"openssl verify -CAfile {ROOT_FILE} -untrusted {CHAIN_FILE} -no_check_time {ISSUER_FILE}",
        f"openssl x509 -in {ISSUER_FILE} -out {_CHECKED_ISSUER}",
        f"openssl crl -in {CRL_FILE} -inform DER -noout -crlnumber -verify -CAfile {_CHECKED_ISSUER}",
        f"openssl dgst -sha256 {CRL_FILE}",
        f"openssl crl -in {CRL_FILE} -inform DER -noout -text |",
    )


def _crl_posix(evidence: ReceiptEvidence, serial: int) -> str:
    if evidence.crl is None:
        return ""
    *steps, listing = _crl_steps()
    if evidence.crl.der is None:
        steps.insert(0, f"curl -f -o {CRL_FILE} {evidence.crl.address}")
    # Of `-crlnumber -verify` alone the exit status tells nothing: what it prints is to be read.
    lines = [f"{step} &&" for step in steps]
    # After `&&` and `|` both shells go on with the next line.
    return "\n".join([*lines, listing, f"  grep -i -A 4 -e {serial_text(serial)}"])


def _crl_powershell(evidence: ReceiptEvidence, serial: int) -> str:
    if evidence.crl is None:
        return ""
    first, *steps, listing = _crl_steps()
    get = ""
    if evidence.crl.der is None:
        get = f"Invoke-WebRequest -UseBasicParsing -OutFile {CRL_FILE} {evidence.crl.address}\n"
    inside = [*steps, listing, f"  Select-String -Context 0,4 -Pattern '{serial_text(serial)}'"]
    body = "\n".join(f"  {each}" for each in inside)
    # Windows PowerShell 5.1 knows no `&&`.
    return f"{get}{first}; if ($?) {{\n{body}\n}}"


def _stamp_command(evidence: ReceiptEvidence) -> str:
    if evidence.stamp is None:
        return ""
    at = int(evidence.stamp.stamped_at.timestamp())
    return f"openssl ts -verify -data {RECORD_FILE} -in {STAMP_FILE} -CAfile {STAMP_ROOT_FILE} -attime {at}"


def _pem(certificate: bytes) -> bytes:
    """A certificate in PEM, octet for octet as it was issued, whatever the library makes of it (RFC 7468 section 5)."""
    body = base64.encodebytes(certificate).replace(b"\n", b"")
    lines = [body[at : at + _PEM_LINE] for at in range(0, len(body), _PEM_LINE)]
    return b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])
