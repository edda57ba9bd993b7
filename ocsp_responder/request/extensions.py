"""The extensions of requests: what each says, and that a critical one must be known (RFC 6960 sections 4.1.2, 4.4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pki_revocation.encoding.der import (
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    object_identifier,
    read_whole,
)

from .fields import Fields, fields_of, identifier, listed, listed_in, refuse_bad_oid

NONCE = object_identifier("1.3.6.1.5.5.7.48.1.2")
_ACCEPTABLE_RESPONSES = object_identifier("1.3.6.1.5.5.7.48.1.4")
_SERVICE_LOCATOR = object_identifier("1.3.6.1.5.5.7.48.1.7")
_PREFERRED_SIGNATURES = object_identifier("1.3.6.1.5.5.7.48.1.8")
# RFC 9654 section 2.1: OCTET STRING (SIZE(1..128)).
_NONCE_OCTETS = range(1, 129)
# More kinds than there are, for each certificate as well as for the whole request.
_MOST_EXTENSIONS = 16
_BOOLEAN, _SET = 0x01, 0x31
_TRUE = b"\xff"

_Values: TypeAlias = Mapping[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferredSignature:
    """What a client would like to be answered with, as DER (RFC 6960 section 4.4.7.1).

    *algorithm* is an AlgorithmIdentifier; *key* an SMIMECapability that the signer's key should be, or None for any.
    """

    algorithm: bytes
    key: bytes | None


def request_extensions(content: bytes) -> tuple[bytes | None, tuple[PreferredSignature, ...]]:
    """The nonce and the preferred signature algorithms out of [2] EXPLICIT Extensions.

    Acceptable responses change nothing: id-pkix-ocsp-basic is the one type that there is, and every client must take
    it (section 4.4.3).

    Raises:
        DerError: for what is not well-formed, said twice, or critical and not known here.
    """
    values = _known_values(content, {NONCE, _ACCEPTABLE_RESPONSES, _PREFERRED_SIGNATURES})
    nonce = preferred = None
    if (value := values.get(NONCE)) is not None:
        nonce = read_whole(value, OCTET_STRING)
        if len(nonce) not in _NONCE_OCTETS:
            raise DerError(f"its nonce has {len(nonce)} octets instead of 1 to 128")
    if (value := values.get(_ACCEPTABLE_RESPONSES)) is not None:
        for element in listed_in(value):
            refuse_bad_oid(_content(element, OBJECT_IDENTIFIER))
    if (value := values.get(_PREFERRED_SIGNATURES)) is not None:
        preferred = tuple(_preferred_signature(element) for element in listed_in(value))
    return nonce, preferred or ()


def pass_over_single_extensions(content: bytes) -> None:
    """Check [0] EXPLICIT Extensions of one certificate.

    A service locator changes nothing: this responder asks no other one, so that nobody can make it connect to
    anywhere (section 4.4.6).

    Raises:
        DerError: for what is not well-formed, said twice, or critical and not known here.
    """
    values = _known_values(content, {_SERVICE_LOCATOR})
    if (value := values.get(_SERVICE_LOCATOR)) is not None:
        fields = Fields(read_whole(value, SEQUENCE))
        for relative_name in listed(fields.required(SEQUENCE).content):
            _content(relative_name, _SET)
        if (locator := fields.optional(SEQUENCE)) is not None:
            for description in listed(locator.content):
                access = fields_of(description)
                refuse_bad_oid(access.required(OBJECT_IDENTIFIER).content)
                if access.anything() is None:
                    raise DerError("an AccessDescription has no location")
                access.end()
        fields.end()


def _known_values(content: bytes, known: set[bytes]) -> _Values:
    """The values of those extensions that are known, by their OBJECT IDENTIFIER's DER."""
    values: dict[bytes, bytes] = {}
    extensions = listed_in(content, _MOST_EXTENSIONS)
    if not extensions:
        raise DerError("a list of extensions is empty")
    for element in extensions:
        fields = fields_of(element)
        oid = fields.required(OBJECT_IDENTIFIER)
        refuse_bad_oid(oid.content)
        critical = fields.optional(_BOOLEAN)
        value = fields.required(OCTET_STRING).content
        fields.end()
        # DER writes TRUE as one way only, and FALSE, the default, not at all.
        if critical is not None and critical.content != _TRUE:
            raise DerError("a criticality is neither absent nor TRUE")
        if oid.raw in values:
            raise DerError("it has an extension twice")
        if oid.raw in known:
            values[oid.raw] = value
        elif critical is not None:
            raise DerError("it has a critical extension that is not known here")
    return values


def _preferred_signature(element: Element) -> PreferredSignature:
    fields = fields_of(element)
    algorithm = fields.required(SEQUENCE)
    identifier(Fields(algorithm.content))
    key = fields.optional(SEQUENCE)
    fields.end()
    if key is not None:
        identifier(Fields(key.content))
    return PreferredSignature(algorithm=algorithm.raw, key=None if key is None else key.raw)


def _content(element: Element, tag: int) -> bytes:
    if element.tag != tag:
        raise DerError(f"a value with tag {tag:#04x} is missing")
    return element.content
