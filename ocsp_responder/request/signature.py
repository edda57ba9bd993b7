"""Who may ask, where that is restricted: whether a request's signature entitles to an answer (RFC 6960 section 4.1.2).

Entitled are the holders of the certificates in one file, and of those that a CA in that file issued directly. That is
all that is looked at: no chain is built, and nothing is fetched from anywhere, so that a request costs at most a few
signature checks. A client that is to be shut out is taken out of the file.
"""

from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from keys.algorithms import verifiable
from keys.errors import UnusableKey
from ocsp_responder.errors import SignatureRequired, Unauthorized
from pki_revocation.clock import Clock
from pki_revocation.encoding.der import explicit
from pki_revocation.errors import ConfigurationError

from .message import OcspRequest, RequestSignature

MAX_CERTIFICATES = 8
_DIRECTORY_NAME = 4
# What reading and checking a certificate from a stranger may raise, for whatever is wrong with it.
# What the library raises for octets that a client has written; not all of it is a ValueError.
_REFUSALS = (
    ValueError,
    TypeError,
    InvalidSignature,
    UnsupportedAlgorithm,
    UnusableKey,
    x509.DuplicateExtension,
    x509.InvalidVersion,
)


class Requestors:
    """The certificates whose holders may ask, and the CAs whose subjects may."""

    def __init__(self, certificates: Sequence[x509.Certificate], clock: Clock) -> None:
        """Take their own certificates, or their CAs'."""
        self._clock = clock
        self._listed = {certificate.public_bytes(Encoding.DER) for certificate in certificates}
        self._by_name: dict[bytes, list[bytes]] = {}
        self._authorities: dict[x509.Name, list[x509.Certificate]] = {}
        for certificate in certificates:
            name = explicit(_DIRECTORY_NAME, certificate.subject.public_bytes())
            self._by_name.setdefault(name, []).append(certificate.public_bytes(Encoding.DER))
            if _is_authority(certificate):
                self._authorities.setdefault(certificate.subject, []).append(certificate)

    @classmethod
    def load(cls, file: Path, clock: Clock) -> "Requestors":
        """Those whose certificates are in a PEM file.

        Raises:
            ConfigurationError: when it cannot be read, or holds no certificate.
        """
        try:
            return cls(x509.load_pem_x509_certificates(file.read_bytes()), clock)
        except OSError as error:
            raise ConfigurationError(f"[ocsp] requestors: {file} cannot be read: {error.strerror or error}.") from error
        except (ValueError, x509.InvalidVersion) as error:
            raise ConfigurationError(f"[ocsp] requestors: {file} holds no certificate in PEM, or a bad one.") from error

    def check(self, request: OcspRequest) -> None:
        """Whether this request comes from one of them.

        Raises:
            SignatureRequired: when it is not signed.
            Unauthorized: when its signature does not verify, or was made by another client.
        """
        signature = request.signature
        if signature is None:
            raise SignatureRequired("The request is not signed.")
        if request.requestor_name is None:
            raise Unauthorized("The request is signed, and names no requestor.")
        listed = self._by_name.get(request.requestor_name, ())
        if not any(
            self._signed(signature, der) for der in islice(chain(signature.certificates, listed), MAX_CERTIFICATES)
        ):
            raise Unauthorized("The request was not signed by a client that may ask.")

    def _signed(self, signature: RequestSignature, der: bytes) -> bool:
        """Whether the holder of this certificate made the signature, and may ask."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            if not (self._is_valid(certificate) and self._is_entitled(certificate, der) and _may_sign(certificate)):
                return False
            algorithm = next(each for each in verifiable(certificate) if each.identifier == signature.algorithm)
            algorithm.verify(certificate.public_key(), signature.bits, [signature.signed])
        except (*_REFUSALS, StopIteration):
            return False
        return True

    def _is_valid(self, certificate: x509.Certificate) -> bool:
        return certificate.not_valid_before_utc <= self._clock.now() <= certificate.not_valid_after_utc

    def _is_entitled(self, certificate: x509.Certificate, der: bytes) -> bool:
        return der in self._listed or any(
            self._is_valid(authority) and _issued(authority, certificate)
            for authority in self._authorities.get(certificate.issuer, ())
        )


def _is_authority(certificate: x509.Certificate) -> bool:
    """Whether a certificate is a CA's, by its basicConstraints (RFC 5280 section 4.2.1.9)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *_REFUSALS):
        return False


def _issued(authority: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Whether *authority* signed it, with a strong hash: `cryptography` refuses SHA-1 and MD5 (section 5.1)."""
    try:
        certificate.verify_directly_issued_by(authority)
    except _REFUSALS:
        return False
    return True


def _may_sign(certificate: x509.Certificate) -> bool:
    """Whether the key may sign: where its usage is restricted, digitalSignature is in it (RFC 5280 4.2.1.3)."""
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    except x509.ExtensionNotFound:
        return True
