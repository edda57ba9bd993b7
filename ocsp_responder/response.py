"""OCSPResponse: the signed answer, and the five octets of each refusal (RFC 6960 section 4.2, RFC 9919 section 3.2).

The builder of `cryptography` holds one SingleResponse alone, so the DER is put together here. byKey always, because
RFC 9919 section 3.2.2 asks it of new responders; no version, which DER leaves out; whole seconds; producedAt and
thisUpdate are one moment, because RFC 9919 takes Last-Modified from the one in section 6 and from the other in 7.2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import assert_never

from keys.identity import SigningIdentity
from pki_revocation.clock import iso
from pki_revocation.der import (
    bit_string,
    enumerated,
    explicit,
    extension,
    generalized_time,
    object_identifier,
    octet_string,
    sequence,
    tlv,
)
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason

from .errors import SignerUnusable
from .request import NONCE, CertId
from .status import Good, Revoked, Status, Unknown

_BASIC = object_identifier("1.3.6.1.5.5.7.48.1.1")
_SUCCESSFUL = enumerated(0)
# [0], [1] and [2] IMPLICIT of CertStatus; good and unknown are NULL.
_GOOD, _REVOKED, _UNKNOWN = 0x80, 0xA1, 0x82


class Refusal(IntEnum):
    """Why there is no signed answer, as OCSPResponseStatus numbers it (RFC 6960 section 4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when to when an answer counts."""

    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An OCSPResponse. *shared* is its validity when anybody who asks the same may be given it; else None."""

    der: bytes
    shared: Validity | None


def refusal(status: Refusal) -> Answer:
    """An unsigned answer: the status and nothing else, for nobody to keep."""
    return Answer(der=sequence(enumerated(status)), shared=None)


class AnswerSigner:
    """Signs for one issuer, with the identity that may: its delegate's, or the CA's own."""

    def __init__(self, identity: SigningIdentity, issuer: Issuer) -> None:
        """What is the same in every answer is made here, once."""
        certificate = identity.certificate
        self._identity = identity
        self._valid_from = certificate.not_valid_before_utc
        self._valid_to = certificate.not_valid_after_utc
        self._subject = certificate.subject.rfc4514_string()
        self._responder_id = explicit(2, octet_string(identity.key_hash))
        # RFC 9919 section 3.2.2: the delegate's certificate is in the answer; the CA's own, clients have.
        delegated = identity.certificate_der != issuer.certificate_der
        self._certificates = explicit(0, sequence(identity.certificate_der)) if delegated else b""

    def validity(self, moment: datetime, length: timedelta) -> Validity:
        """How long an answer of this moment counts: never beyond the signer's certificate (Mozilla MRSP 6).

        Raises:
            SignerUnusable: when that certificate is not valid at the moment.
        """
        if not self._valid_from <= moment < self._valid_to:
            raise SignerUnusable(
                f"The OCSP signer {self._subject} is valid from {iso(self._valid_from)} to {iso(self._valid_to)}."
            )
        return Validity(this_update=moment, next_update=min(moment + length, self._valid_to))

    def sign(self, answers: Sequence[tuple[CertId, Status]], validity: Validity, nonce: bytes | None) -> Answer:
        """The signed answer, with one SingleResponse for each certificate, in order (RFC 6960 section 4.2.2.3)."""
        times = generalized_time(validity.this_update) + explicit(0, generalized_time(validity.next_update))
        tbs = sequence(
            self._responder_id,
            generalized_time(validity.this_update),
            sequence(*(sequence(cert_id.raw, _cert_status(status), times) for cert_id, status in answers)),
            b"" if nonce is None else explicit(1, sequence(extension(NONCE, octet_string(nonce)))),
        )
        signature = bit_string(self._identity.sign(tbs))
        basic = sequence(tbs, self._identity.algorithm.identifier, signature, self._certificates)
        definite = not any(isinstance(status, Unknown) for _, status in answers)
        return Answer(
            der=sequence(_SUCCESSFUL, explicit(0, sequence(_BASIC, octet_string(basic)))),
            # A nonce's answer is its asker's alone; what is unknown now may be imported any moment.
            shared=validity if nonce is None and definite else None,
        )


def _cert_status(status: Status) -> bytes:
    match status:
        case Good():
            return tlv(_GOOD)
        case Unknown():
            return tlv(_UNKNOWN)
        case Revoked(revocation_date=moment, reason=reason):
            # RFC 5280 section 5.3.1: unspecified is said by leaving the reason out, here as on the CRL.
            given = b"" if reason is RevocationReason.UNSPECIFIED else explicit(0, enumerated(reason))
            return tlv(_REVOKED, generalized_time(moment), given)
        case _:
            assert_never(status)
