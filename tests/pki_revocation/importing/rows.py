"""Rows of an index.txt, and certificates that no builder would make, for the import's tests."""

from collections.abc import Iterable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.encoding import der
from pki_revocation.encoding.declared import octets, values_of
from tests.pki import CertificateAuthority

SUBJECT = "/C=NL/O=Zorg BV/CN=zorg.example"


def index_row(
    serial: int | str,
    revoked: str = "",
    *,
    status: str | None = None,
    expiry: str = "271123140322Z",
    subject: str = SUBJECT,
) -> str:
    """A line of an index.txt; revoked when it has a revocation column, and valid otherwise."""
    text = serial if isinstance(serial, str) else f"{serial:X}"
    return "\t".join((status or ("R" if revoked else "V"), expiry, revoked, text, "unknown", subject)) + "\n"


def write_index(path: Path, rows: Iterable[str]) -> Path:
    """The file, and its path again."""
    path.write_text("".join(rows), "utf-8")
    return path


def with_serial(authority: CertificateAuthority, certificate: x509.Certificate, serial: bytes) -> bytes:
    """The certificate's DER with these octets for a serial, signed again by the authority."""
    fields = [octets(each) for each in values_of(certificate.tbs_certificate_bytes)]
    fields[1] = der.tlv(der.INTEGER, serial)
    contents = der.sequence(*fields)
    algorithm = octets(values_of(certificate.public_bytes(Encoding.DER))[1])
    return der.sequence(contents, algorithm, der.bit_string(authority.key.sign(contents, ec.ECDSA(hashes.SHA256()))))


def pem(*certificates: x509.Certificate) -> bytes:
    """A PEM bundle."""
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates)
