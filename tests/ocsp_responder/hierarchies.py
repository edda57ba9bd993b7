"""CAs below CAs."""

import secrets

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from tests.pki import DAY, EPOCH, CertificateAuthority, name


class Subordinate(CertificateAuthority):
    """A CA whose certificate another one issued."""

    def __init__(self, common_name: str, parent: CertificateAuthority) -> None:
        """Make its key and certificate, valid from 2026 for nine years."""
        super().__init__(common_name)
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name(common_name))
            .issuer_name(parent.certificate.subject)
            .public_key(self.key.public_key())
            .serial_number(secrets.randbits(120) | 1 << 119)
            .not_valid_before(EPOCH)
            .not_valid_after(EPOCH + 3285 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(self.ski, critical=False)
            .sign(parent.key, hashes.SHA256())
        )
