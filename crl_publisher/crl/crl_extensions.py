"""The extensions of a CRL, as DER; the gate makes its own of what it expects.

RFC 5280 section 5.2; Microsoft's Next CRL Publish (1.3.6.1.4.1.311.21.4); expiredCertsOnCRL (X.509 clause 9.5.2.8).
"""

from dataclasses import dataclass
from datetime import datetime

from crl_publisher.scope import FULL, Part, Scope
from pki_revocation.encoding.der import (
    explicit,
    extension,
    generalized_time,
    integer,
    object_identifier,
    sequence,
    time,
    tlv,
)

# BR 7.2.2; RFC 5280 section 5.2.3: 20 octets with their sign.
NUMBER_LIMIT = 1 << 159

AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
CRL_NUMBER = "2.5.29.20"
DELTA_CRL_INDICATOR = "2.5.29.27"
ISSUING_DISTRIBUTION_POINT = "2.5.29.28"
FRESHEST_CRL = "2.5.29.46"
EXPIRED_CERTS_ON_CRL = "2.5.29.60"
NEXT_CRL_PUBLISH = "1.3.6.1.4.1.311.21.4"

_KEY_IDENTIFIER_TAG = 0x80
_URI_TAG = 0x86
# onlyContainsUserCerts [1] and onlyContainsCACerts [2], both IMPLICIT BOOLEAN TRUE (RFC 5280 section 5.2.5).
_ONLY_USERS, _ONLY_CA = tlv(0x81, b"\xff"), tlv(0x82, b"\xff")


@dataclass(frozen=True, slots=True, kw_only=True)
class CrlParameters:
    """What a CRL says beside its entries.

    *base_number* makes it a delta; *freshest* is the address of the deltas to it; *next_publish* is Microsoft's word
    for when the next one comes; from *expired_kept_since* on expired certificates stay listed.
    """

    number: int
    this_update: datetime
    next_update: datetime
    scope: Scope = FULL
    base_number: int | None = None
    freshest: str | None = None
    next_publish: datetime | None = None
    expired_kept_since: datetime | None = None

    def __post_init__(self) -> None:
        """A delta names its base, and points to no fresher one (RFC 5280 sections 5.2.4 and 5.2.6)."""
        if self.scope.is_delta != (self.base_number is not None) or (self.scope.is_delta and self.freshest):
            message = f"base {self.base_number} and freshest {self.freshest} in a CRL of scope {self.scope.name}"
            raise ValueError(message)


def encoded_extensions(key_identifier: bytes, said: CrlParameters) -> bytes:
    """All of them, with the tag of crlExtensions.

    Args:
        key_identifier: the signer's own, which is all that the authority key identifier may hold (BR 7.2.2).
        said: the rest.
    """
    extensions = [
        _extension(AUTHORITY_KEY_IDENTIFIER, sequence(tlv(_KEY_IDENTIFIER_TAG, key_identifier))),
        _extension(CRL_NUMBER, integer(said.number)),
    ]
    if said.base_number is not None:
        extensions.append(_extension(DELTA_CRL_INDICATOR, integer(said.base_number), critical=True))
    if said.scope.part is not Part.ALL:
        extensions.append(_extension(ISSUING_DISTRIBUTION_POINT, _scope(said.scope), critical=True))
    if said.freshest is not None:
        extensions.append(_extension(FRESHEST_CRL, sequence(sequence(_distribution_point(said.freshest)))))
    if said.next_publish is not None:
        extensions.append(_extension(NEXT_CRL_PUBLISH, time(said.next_publish)))
    if said.expired_kept_since is not None:
        extensions.append(_extension(EXPIRED_CERTS_ON_CRL, generalized_time(said.expired_kept_since)))
    return explicit(0, sequence(*extensions))


def _scope(scope: Scope) -> bytes:
    match scope.part:
        case Part.SHARD:
            return sequence(_distribution_point(scope.url))
        case Part.CA:
            return sequence(_ONLY_CA)
        case _:
            return sequence(_ONLY_USERS)


def _distribution_point(url: str) -> bytes:
    """A distributionPoint [0], fullName [0], one uniformResourceIdentifier [6], in the address's own octets."""
    return explicit(0, explicit(0, tlv(_URI_TAG, url.encode("ascii"))))


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return extension(object_identifier(oid), value, critical=critical)
