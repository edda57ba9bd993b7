"""CRLs with one thing wrong: put together from parts that a test replaces, and signed all the same."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crl_publisher.crl.builder import subject_name
from crl_publisher.crl.crl_extensions import CrlParameters
from keys.identity import SigningIdentity
from pki_revocation.encoding.der import bit_string, explicit, extension, integer, object_identifier, sequence, time, tlv

AUTHORITY_KEY_IDENTIFIER = object_identifier("2.5.29.35")
CRL_NUMBER = object_identifier("2.5.29.20")
ISSUING_DISTRIBUTION_POINT = object_identifier("2.5.29.28")
REASON_CODE = object_identifier("2.5.29.21")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a CRL, each one DER; *outer_algorithm* is None for the same as inside."""

    version: bytes = integer(1)
    algorithm: bytes
    outer_algorithm: bytes | None = None
    issuer: bytes
    this_update: bytes
    next_update: bytes
    listed: bytes
    extensions: tuple[bytes, ...]

    def signed_by(self, identity: SigningIdentity) -> bytes:
        """The whole CRL with a right signature over whatever is in it."""
        inner = sequence(
            self.version,
            self.algorithm,
            self.issuer,
            self.this_update,
            self.next_update,
            self.listed,
            explicit(0, sequence(*self.extensions)) if self.extensions else b"",
        )
        return sequence(inner, self.outer_algorithm or self.algorithm, bit_string(identity.sign(inner)))

    def changed(self, **changes: Any) -> "Parts":  # noqa: ANN401 - any of the parts
        """The same with some parts replaced."""
        return replace(self, **changes)


Change = Callable[[Parts], Parts]


def parts_of(identity: SigningIdentity, parameters: CrlParameters, entries: list[bytes]) -> Parts:
    """The parts of a CRL with nothing wrong."""
    return Parts(
        algorithm=identity.algorithm.identifier,
        issuer=subject_name(identity.certificate_der),
        this_update=time(parameters.this_update),
        next_update=time(parameters.next_update),
        listed=sequence(*entries) if entries else b"",
        extensions=(key_identifier(identity.subject_key_identifier), crl_number(parameters.number)),
    )


def key_identifier(identifier: bytes) -> bytes:
    """An authorityKeyIdentifier extension."""
    return extension(AUTHORITY_KEY_IDENTIFIER, sequence(tlv(0x80, identifier)))


def crl_number(number: int, *, critical: bool = False) -> bytes:
    """A CRLNumber extension."""
    return extension(CRL_NUMBER, integer(number), critical=critical)


def entry(serial: int, revoked: datetime, *extensions: bytes) -> bytes:
    """An element of revokedCertificates."""
    return sequence(integer(serial), time(revoked), sequence(*extensions) if extensions else b"")


def reason_code(value: int, *, critical: bool = False) -> bytes:
    """A reason extension with any value."""
    return extension(REASON_CODE, tlv(0x0A, bytes((value,))), critical=critical)
