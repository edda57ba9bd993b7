"""How a relying party checks a receipt's proof: the attachments' names, and the commands that are printed.

OpenSSL alone does it, today and in years. `-attime` checks the chain as of the moment of signing, because the
responder's own certificate is valid for weeks; `-validity_period` lets the response be older than its nextUpdate.
"""

import base64
from dataclasses import dataclass

from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.model import serial_text
from pki_revocation.proof.gathering import ReceiptEvidence

OCSP_FILE = "ocsp-response.der"
CRL_FILE = "list.crl"
CERTIFICATE_FILE = "certificate.pem"
ISSUER_FILE = "issuer.pem"
CHAIN_FILE = "chain.pem"
_PEM_LINE = 64
# A hundred years, in seconds: longer than any receipt is checked.
_ANY_AGE = 3_155_760_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Command lines, each broken into lines that fit on paper; empty where there is nothing to check."""

    ocsp: str
    crl: str


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
    return files


def commands_for(evidence: ReceiptEvidence, serial: int) -> Commands:
    """The commands that check this proof."""
    return Commands(ocsp=_ocsp_command(evidence, serial), crl=_crl_commands(evidence, serial))


def _ocsp_command(evidence: ReceiptEvidence, serial: int) -> str:
    if evidence.ocsp is None:
        return ""
    sign = "-" if serial < 0 else ""
    by_serial = f"-serial {sign}0x{serial_text(abs(serial))}"
    which = by_serial if evidence.certificate is None else f"-cert {CERTIFICATE_FILE}"
    return (
        f"openssl ocsp -respin {OCSP_FILE} -no_nonce \\\n"
        f"  -issuer {ISSUER_FILE} {which} -CAfile {CHAIN_FILE} \\\n"
        f"  -attime {int(evidence.ocsp.produced_at.timestamp())} -validity_period {_ANY_AGE}"
    )


def _crl_commands(evidence: ReceiptEvidence, serial: int) -> str:
    if evidence.crl is None:
        return ""
    get = "" if evidence.crl.der is not None else f"curl -f -o {CRL_FILE} \\\n  {evidence.crl.address}\n"
    return (
        f"{get}openssl crl -in {CRL_FILE} -inform DER -noout -crlnumber \\\n"
        f"  -verify -CAfile {CHAIN_FILE}\n"
        f"openssl dgst -sha256 {CRL_FILE}\n"
        f"openssl crl -in {CRL_FILE} -inform DER -noout -text | \\\n"
        f"  grep -i -A 4 {'-e ' if serial < 0 else ''}{serial_text(serial)}"
    )


def _pem(certificate: bytes) -> bytes:
    """A certificate in PEM, octet for octet as it was issued, whatever the library makes of it (RFC 7468 section 5)."""
    body = base64.encodebytes(certificate).replace(b"\n", b"")
    lines = [body[at : at + _PEM_LINE] for at in range(0, len(body), _PEM_LINE)]
    return b"\n".join([b"-----BEGIN CERTIFICATE-----", *lines, b"-----END CERTIFICATE-----", b""])
