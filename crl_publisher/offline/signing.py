"""Signs a CRL signing request on a machine that has the CA's key and nothing else: no installation, no database."""

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import UnreadableRequest
from keys.algorithms import algorithms_for, name_of
from keys.errors import UnusableKey
from keys.identity import Purpose, SigningIdentity, identify, subject_key_identifier
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.names import name_text, subject_text

from .signing_request import SigningRequest


def signer_of(
    request: SigningRequest, key: CertificateIssuerPrivateKeyTypes, certificate: x509.Certificate
) -> SigningIdentity:
    """The CA's identity, once key, certificate and request are known to belong together.

    The certificate must be valid when the CRL begins: an air-gapped machine's own clock proves nothing.

    Raises:
        UnusableKey: when the key and the certificate do not belong together, or may not sign CRLs.
        UnreadableRequest: when the request is for another CA, or for another kind of signature.
    """
    crl = request.unsigned()
    if request.issuer != parts_of(certificate).subject:
        raise UnreadableRequest(
            f"The request is for a CRL of {name_text(request.issuer)}, and the certificate is that of "
            f"{subject_text(certificate)}: give that CA's key and certificate."
        )
    if request.key_identifier != subject_key_identifier(certificate):
        raise UnreadableRequest(
            f"The request is for another key of {subject_text(certificate)}: give the certificate that the "
            "issuer was added or renewed with, and its key."
        )
    if request.algorithm not in [each.identifier for each in algorithms_for(certificate)]:
        raise UnreadableRequest("The request names a signature algorithm that this key may not sign with.")
    named = name_of(request.algorithm)
    return identify(key, certificate, Purpose.CRL, issuer=certificate, now=crl.this_update, signature=named)


def sign(request: SigningRequest, identity: SigningIdentity) -> bytes:
    """The signed CRL, in DER.

    Raises:
        UnusableKey: when the key gave a signature that is not right.
    """
    algorithm = next(each for each in identity.algorithms if each.identifier == request.algorithm)
    data = request.signed(algorithm.sign(identity.key, [request.to_be_signed]))
    if not parse_crl(data).is_signed_by(identity.certificate):
        raise UnusableKey("The key gave a signature that its own certificate does not verify: nothing was written.")
    return data
