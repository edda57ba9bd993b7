"""The extensions of requests: what each says, and that a critical one must be known (RFC 6960 sections 4.1.2, 4.4)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from cryptography import x509
from cryptography.hazmat import asn1

from pki_revocation.encoding.declared import identifier
from pki_revocation.encoding.der import DerError, sequence

from .structures import AcceptableResponses, Extension, PreferredSignatureAlgorithms, ServiceLocator

_NONCE = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.2")
# Its DER, for those who write one.
NONCE = asn1.encode_der(_NONCE)
_ACCEPTABLE_RESPONSES = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.4")
_SERVICE_LOCATOR = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.7")
_PREFERRED_SIGNATURES = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.8")
# RFC 9654 section 2.1: OCTET STRING (SIZE(1..128)).
_NONCE_OCTETS = range(1, 129)
# More kinds than there are, for each certificate as well as for the whole request.
_MOST_EXTENSIONS = 16
_MOST_LISTED = 64

_Value = TypeVar("_Value")
_Values: TypeAlias = Mapping[x509.ObjectIdentifier, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferredSignature:
    """What a client would like to be answered with, as DER (RFC 6960 section 4.4.7.1).

    *algorithm* is an AlgorithmIdentifier; *key* an SMIMECapability that the signer's key should be, or None for any.
    """

    algorithm: bytes
    key: bytes | None


def request_extensions(extensions: list[Extension]) -> tuple[bytes | None, tuple[PreferredSignature, ...]]:
    """The nonce and the preferred signature algorithms.

    Acceptable responses change nothing: id-pkix-ocsp-basic is the one type that there is, and every client must take
    it (section 4.4.3).

    Raises:
        ValueError: for what is not well-formed, said twice, or critical and not known here.
    """
    values = _known_values(extensions, {_NONCE, _ACCEPTABLE_RESPONSES, _PREFERRED_SIGNATURES})
    nonce = None
    if (value := values.get(_NONCE)) is not None:
        nonce = asn1.decode_der(bytes, value)
        if len(nonce) not in _NONCE_OCTETS:
            raise DerError(f"its nonce has {len(nonce)} octets instead of 1 to 128")
    if (value := values.get(_ACCEPTABLE_RESPONSES)) is not None:
        bounded(asn1.decode_der(AcceptableResponses, sequence(value)).oids)
    if (value := values.get(_PREFERRED_SIGNATURES)) is None:
        return nonce, ()
    listed = bounded(asn1.decode_der(PreferredSignatureAlgorithms, sequence(value)).algorithms)
    return nonce, tuple(
        PreferredSignature(algorithm=identifier(each.algorithm), key=None if each.key is None else identifier(each.key))
        for each in listed
    )


def pass_over_single_extensions(extensions: list[Extension]) -> None:
    """Check the extensions of one certificate.

    A service locator changes nothing: this responder asks no other one, so that no client can make it connect to
    anywhere (section 4.4.6).

    Raises:
        ValueError: for what is not well-formed, said twice, or critical and not known here.
    """
    value = _known_values(extensions, {_SERVICE_LOCATOR}).get(_SERVICE_LOCATOR)
    if value is not None:
        locator = asn1.decode_der(ServiceLocator, value)
        bounded(locator.issuer)
        bounded(locator.locator or [])


def bounded(values: list[_Value], most: int = _MOST_LISTED) -> list[_Value]:
    """The values of a list, which may be at most so many (RFC 9919 section 8.4).

    Raises:
        DerError: when there are more.
    """
    if len(values) > most:
        raise DerError(f"a list has more than {most} values")
    return values


def _known_values(extensions: list[Extension], known: Collection[x509.ObjectIdentifier]) -> _Values:
    """The values of the known extensions, by their OBJECT IDENTIFIERs."""
    values: dict[x509.ObjectIdentifier, bytes] = {}
    if not bounded(extensions, _MOST_EXTENSIONS):
        raise DerError("a list of extensions is empty")
    for extension in extensions:
        if extension.oid in values:
            raise DerError("it has an extension twice")
        if extension.oid in known:
            values[extension.oid] = extension.value
        elif extension.critical:
            raise DerError("it has a critical extension that is not known here")
    return values
