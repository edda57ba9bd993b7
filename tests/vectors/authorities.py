"""The CAs that the vectors ask about: keys from constants, so that every CertID has the same octets in each run.

Anybody can make these keys; they guard nothing. Certificates are signed deterministically (RFC 6979), so that the files
beside this one can be made anew.
"""

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.pki import EPOCH, CertificateAuthority, name

_LIFETIME = timedelta(days=3650)
_OTHER_USES = (
    "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
    "encipher_only", "decipher_only",
)  # fmt: skip


class VectorAuthority(CertificateAuthority):
    """A CA whose key comes from a number; self-signed, or issued by another one."""

    def __init__(self, common_name: str, secret: int, parent: CertificateAuthority | None = None) -> None:
        """Make its key and certificate; *secret* is its serial too."""
        super().__init__(common_name)
        self.key = ec.derive_private_key(secret, ec.SECP256R1())
        self.ski = x509.SubjectKeyIdentifier.from_public_key(self.key.public_key())
        signer = parent or self
        builder = x509.CertificateBuilder(
            issuer_name=self.certificate.subject if parent is None else parent.certificate.subject,
            subject_name=name(common_name),
            public_key=self.key.public_key(),
            serial_number=secret,
            not_valid_before=EPOCH,
            not_valid_after=EPOCH + _LIFETIME,
        )
        for extension in self.certificate.extensions:
            value = self.ski if isinstance(extension.value, x509.SubjectKeyIdentifier) else extension.value
            builder = builder.add_extension(value, extension.critical)
        if parent is not None:
            identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(parent.ski)
            builder = builder.add_extension(identifier, critical=False)
        self.certificate = builder.sign(signer.key, hashes.SHA256(), ecdsa_deterministic=True)


class Requestor:
    """Somebody who signs requests: a key that comes from a number, and a certificate for signing."""

    def __init__(self, common_name: str, secret: int, issuer: CertificateAuthority) -> None:
        """Make both; *secret* is the certificate's serial too."""
        self.key = ec.derive_private_key(secret, ec.SECP256R1())
        usage = dict.fromkeys(_OTHER_USES, False)
        self.certificate = (
            x509.CertificateBuilder(
                issuer_name=issuer.certificate.subject,
                subject_name=name(common_name),
                public_key=self.key.public_key(),
                serial_number=secret,
                not_valid_before=EPOCH,
                not_valid_after=EPOCH + _LIFETIME,
            )
            .add_extension(x509.KeyUsage(digital_signature=True, **usage), critical=True)
            .sign(issuer.key, hashes.SHA256(), ecdsa_deterministic=True)
        )


ROOT = VectorAuthority("Vector Root CA", 0x1001)
ISSUING = VectorAuthority("Vector Issuing CA", 0x1002, ROOT)
SECOND = VectorAuthority("Vector Second CA", 0x1003, ROOT)
# Registered nowhere: a stranger, and somebody with ISSUING's name and a key of their own.
FOREIGN = VectorAuthority("Vector Foreign CA", 0x1004)
NAMESAKE = VectorAuthority("Vector Issuing CA", 0x1005)
REQUESTORS_CA = VectorAuthority("Vector Requestors CA", 0x1006)
# Who sign requests: somebody under REQUESTORS_CA, and a stranger under FOREIGN.
REQUESTOR = Requestor("Vector Requestor", 0x1007, REQUESTORS_CA)
STRANGER = Requestor("Vector Stranger", 0x1008, FOREIGN)

# What ISSUING issued. `Vector.expected` is true of a responder that knows these, and nothing else of ISSUING's.
GOOD = 0x1122334455667788_99AABBCCDDEEFF01
REVOKED = 0x1122334455667788_99AABBCCDDEEFF02
# Base64 of these has `+` and `//` in it, whichever way the octets fall into groups of three.
DIFFICULT = int.from_bytes(bytes.fromhex("7f0000fbefbe00fbefbe00fbefbeffffffffff"))
SHORT = 0x05
LONG = int.from_bytes(b"\x7f" + b"\xa5" * 19)
GOOD_SERIALS = (GOOD, DIFFICULT, SHORT, LONG)
# Of SECOND and of ROOT; ROOT has also issued ISSUING and SECOND.
SECONDS_GOOD = 0x2122334455667788_99AABBCCDDEEFF01
NEVER_ISSUED = 0x7122334455667788_99AABBCCDDEEFF03
