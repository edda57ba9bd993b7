"""Those who sign their requests: keys, certificates of every kind that may be good or bad for it, and the requests."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from keys.algorithms import verifiable
from keys.signature_algorithm import SignatureAlgorithm
from pki_revocation.encoding.declared import octets, values_of
from pki_revocation.encoding.der import bit_string, explicit, sequence
from tests.ocsp_responder import messages
from tests.pki import CertificateAuthority, name


def certificate_of(
    key: ec.EllipticCurvePrivateKey,
    authority: CertificateAuthority,
    now: datetime,
    *,
    lifetime: timedelta = timedelta(days=1),
    signs: bool | None = None,
) -> x509.Certificate:
    """A client's certificate, from an hour ago on; *signs* is its digitalSignature, None for no key usage."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(name("Asker"))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + lifetime)
    )
    if signs is not None:
        usage = x509.KeyUsage(
            digital_signature=signs,
            content_commitment=not signs,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=False,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(authority.key, hashes.SHA256())


def requestor_name(certificate: x509.Certificate) -> bytes:
    """[1] requestorName, a directoryName with the certificate's subject (RFC 6960 section 4.1.2)."""
    return explicit(1, explicit(4, certificate.subject.public_bytes()))


def signed_request(
    question: bytes,
    key: ec.EllipticCurvePrivateKey,
    certificate: x509.Certificate,
    *,
    algorithm: SignatureAlgorithm | None = None,
    named: bool = True,
    enclosed: tuple[x509.Certificate, ...] | None = None,
) -> bytes:
    """The question with its asker's name in front and signature behind it.

    Args:
        question: an unsigned request, without a requestorName.
        key: signs.
        certificate: names the requestor.
        algorithm: as the signature says that it was made; the curve's own when it is not given.
        named: whether there is a requestorName.
        enclosed: the certificates that come along; the requestor's own when it is not given.
    """
    (unsigned,) = values_of(question)
    tbs = sequence(requestor_name(certificate) if named else b"", *map(octets, values_of(octets(unsigned))))
    used = algorithm or verifiable(key.public_key())[0]
    along = (certificate,) if enclosed is None else enclosed
    listed = explicit(0, sequence(*(each.public_bytes(Encoding.DER) for each in along))) if along else b""
    return sequence(tbs, explicit(0, sequence(used.identifier, bit_string(used.sign(key, [tbs])), listed)))


PLAIN = messages.ocsp_request(messages.single(messages.cert_id()))
