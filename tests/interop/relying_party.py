"""A running responder, and what somebody needs who checks certificates against it: files, addresses, revocations."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from pki_revocation.reasons import RevocationReason
from tests.conformance.scene import CLOCK, Scene
from tests.ocsp_responder import registers
from tests.pki import CertificateAuthority
from tests.vectors.authorities import ISSUING, ROOT


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """Somebody with a folder of certificates; *folder* holds root.pem and issuing.pem, the latter with an address."""

    scene: Scene
    folder: Path
    certificates: dict[str, x509.Certificate] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the CAs' certificates."""
        self.keep("root", ROOT.certificate)
        self.keep("issuing", with_address(ISSUING.certificate, ROOT, self.scene.url))

    def keep(self, name: str, certificate: x509.Certificate) -> str:
        """Write a certificate to a file; its name."""
        self.certificates[name] = certificate
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        return f"{name}.pem"

    def issued(self, name: str, *, registered: bool = True, url: str | None = None) -> str:
        """A new server certificate that names the responder, or *url*; known to the register or not; its file."""
        plain = ISSUING.issue("Zorg BV", CLOCK.now() - timedelta(days=30))
        certificate = with_address(plain, ISSUING, url or self.scene.url)
        if registered:
            with self.scene.installed.installation.database() as database:
                registers.add(database, self.scene.issuers["issuing"], CLOCK, certificate)
        return self.keep(name, certificate)

    def revoke(self, name: str, reason: RevocationReason = RevocationReason.UNSPECIFIED) -> datetime:
        """Revoke one of those; what relying parties are to be told."""
        return self.scene.revoke(self.certificates[name].serial_number, reason)


def with_address(certificate: x509.Certificate, issuer: CertificateAuthority, url: str) -> x509.Certificate:
    """The same certificate with the responder's address (RFC 5280 section 4.2.2.1), signed again."""
    builder = x509.CertificateBuilder(
        issuer_name=certificate.issuer,
        subject_name=certificate.subject,
        public_key=certificate.public_key(),
        serial_number=certificate.serial_number,
        not_valid_before=certificate.not_valid_before_utc,
        not_valid_after=certificate.not_valid_after_utc,
    )
    for extension in certificate.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    address = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))
    builder = builder.add_extension(x509.AuthorityInformationAccess([address]), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())
