"""OCSPResponse: the signed answer, and the five octets of each refusal (RFC 6960 section 4.2, RFC 9919 section 3.2).

The builder of `cryptography` holds one SingleResponse alone, so the DER is put together here; by hand, because declared
to `cryptography.hazmat.asn1` it costs four times as much, and the benchmark row `nonce` pays for it. byKey always, as
RFC 9919 section 3.2.2 asks of new responders; no version, which DER leaves out; whole seconds; producedAt and
thisUpdate are one moment, because RFC 9919 takes Last-Modified from the one in section 6 and from the other in 7.2.

Most answers are made while a client waits: what is the same in all answers of a signer is made once, what is the same
in all answers of a second once a second, and headers come from small tables.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from keys.identity import SigningIdentity
from ocsp_responder.errors import SignerUnusable
from ocsp_responder.request.extensions import NONCE, PreferredSignature
from ocsp_responder.request.message import CertId
from ocsp_responder.status import Good, Revoked, Status, Unknown
from pki_revocation.clock import iso
from pki_revocation.encoding import der
from pki_revocation.encoding.der import (
    enumerated,
    explicit,
    extension,
    generalized_time,
    object_identifier,
    sequence,
    tlv,
)
from pki_revocation.encoding.names import subject_text
from pki_revocation.model import Issuer
from pki_revocation.reasons import RevocationReason

from .signature_choice import SignatureChoice

EXTENDED_REVOKE = object_identifier("1.3.6.1.5.5.7.48.1.9")
ARCHIVE_CUTOFF = object_identifier("1.3.6.1.5.5.7.48.1.6")
_BASIC = object_identifier("1.3.6.1.5.5.7.48.1.1")
_SUCCESSFUL = enumerated(0)
# [0], [1] and [2] IMPLICIT of CertStatus; good and unknown are NULL.
_GOOD, _REVOKED, _UNKNOWN = tlv(0x80), 0xA1, tlv(0x82)
_CONTEXT_0 = 0xA0
_REVOKED_ALONE = {Revoked}
_SECOND = timedelta(seconds=1)
# Of an answer about one certificate: all but signature and certificate, with SHA-512 in its CertID.
_LONGEST_REST = 480
_CERTIFICATE_HOLD = 6
# RFC 6960 section 2.2 says it in these words: certificateHold, and 1 January 1970. No certificate here is ever on hold.
_NEVER_ISSUED = tlv(
    _REVOKED, generalized_time(datetime(1970, 1, 1, tzinfo=UTC)), explicit(0, enumerated(_CERTIFICATE_HOLD))
)
_EXTENDED_REVOKE_SAID = extension(EXTENDED_REVOKE, tlv(der.NULL))

_header = lru_cache(maxsize=8192)(der.header)


class Refusal(IntEnum):
    """Why there is no signed answer, as OCSPResponseStatus numbers it (RFC 6960 section 4.2.1)."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """From when to when an answer counts, and when a cache of ours must have it signed anew."""

    this_update: datetime
    next_update: datetime
    refresh_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An OCSPResponse.

    *shared* is its validity when any client that asks the same may be given it; else None. *issuer_id* and *sequence*
    say as of which state of which journal a signed answer is; a refusal has neither. *revoked*: it says so of every
    certificate, so that no later revocation can make it wrong.
    """

    der: bytes
    shared: Validity | None
    issuer_id: int | None = None
    sequence: int | None = None
    revoked: bool = False


class SingleResponse(NamedTuple):
    """What is said of one certificate; *archive_cutoff*: since when the ended ones are still answered for."""

    cert_id: CertId
    status: Status
    archive_cutoff: datetime | None = None


def refusal(status: Refusal) -> Answer:
    """An unsigned answer: the status and nothing else, which no cache may keep."""
    return Answer(der=sequence(enumerated(status)), shared=None)


class AnswerSigner:
    """Signs for one issuer, with the identity that may: its delegate's, or the CA's own."""

    def __init__(self, identity: SigningIdentity, issuer: Issuer) -> None:
        """Encode once what is the same in every answer."""
        certificate = identity.certificate
        self.issuer_not_before = issuer.active_since
        self.issuer_id = issuer.id
        self.issuer_name = issuer.name
        self._valid_from = certificate.not_valid_before_utc
        self._valid_to = certificate.not_valid_after_utc
        self._subject = subject_text(certificate)
        self._responder_id = explicit(2, der.octet_string(identity.key_hash))
        # RFC 9919 section 3.2.2: the delegate's certificate is in the answer; the CA's own, clients have.
        delegated = certificate not in issuer.certificates
        self.certificate_sha256 = hashlib.sha256(identity.certificate_der).digest()
        self._certificates = explicit(0, sequence(identity.certificate_der)) if delegated else b""
        self._choice = SignatureChoice(identity)
        # Its key is not destroyed before the last answer that is made with this signer.
        self._lock = identity.lock
        self.may_wait = identity.may_wait
        self._latest: tuple[datetime, timedelta, timedelta | None, Validity] | None = None
        self._dates: tuple[Validity, bytes, bytes] | None = None

    @property
    def not_after(self) -> datetime:
        """When the signer's certificate ends, and with it every answer."""
        return self._valid_to

    @property
    def alarm_at(self) -> datetime:
        """Three quarters through its life: by then its successor should long have been there."""
        return self._valid_from + (self._valid_to - self._valid_from) * 3 / 4

    @property
    def name(self) -> bytes:
        """How the answers name their signer: the ResponderID."""
        return self._responder_id

    def try_key(self) -> int:
        """Sign something that is no answer, to see that the key works, how fast, and how long an answer is at most."""
        signature = self._choice.default.sign(b"how long does this key take")
        return len(signature) + len(self._certificates) + _LONGEST_REST

    def validity(self, moment: datetime, length: timedelta, refresh: timedelta | None = None) -> Validity:
        """How long an answer of this moment counts: never beyond the signer's certificate (Mozilla MRSP 6).

        Args:
            moment: thisUpdate.
            length: from there to nextUpdate.
            refresh: from there to when it must be signed anew; half of the length when it is not given.

        Raises:
            SignerUnusable: when that certificate is not valid at the moment.
        """
        latest = self._latest
        if latest is not None and latest[0] == moment and latest[1] == length and latest[2] == refresh:
            return latest[3]
        if not self._valid_from <= moment < self._valid_to:
            raise SignerUnusable(
                f"The OCSP signer {self._subject} is valid from {iso(self._valid_from)} to {iso(self._valid_to)}."
            )
        made = Validity(
            this_update=moment,
            next_update=min(moment + length, self._valid_to),
            refresh_at=min(moment + (length // _SECOND // 2 * _SECOND if refresh is None else refresh), self._valid_to),
        )
        self._latest = (moment, length, refresh, made)
        return made

    def sign(
        self,
        singles: Sequence[SingleResponse],
        validity: Validity,
        *,
        journal_sequence: int,
        nonce: bytes | None = None,
        preferred: Sequence[PreferredSignature] = (),
        extended_revoke: bool = False,
    ) -> Answer:
        """The signed answer, with one SingleResponse for each certificate, in order (RFC 6960 section 4.2.2.3).

        Args:
            singles: what is said; at least one.
            validity: from `validity`.
            journal_sequence: up to where the issuer's journal is in what is said.
            nonce: to be echoed.
            preferred: signature algorithms, in the order in which the client would like them.
            extended_revoke: say revoked, as RFC 6960 section 2.2 has it, instead of unknown.
        """
        kinds = {type(status) for _, status, _ in singles}
        unknown = Unknown in kinds
        said = _response_extensions(nonce, never_issued=unknown and extended_revoke)
        produced, times = self._dated(validity)
        listed = b"".join([_single(single, times, extended_revoke=extended_revoke) for single in singles])
        list_header = _header(der.SEQUENCE, len(listed))
        length = len(self._responder_id) + len(produced) + len(list_header) + len(listed) + len(said)
        tbs = b"".join((_header(der.SEQUENCE, length), self._responder_id, produced, list_header, listed, said))
        variant = self._choice.of(preferred)
        signature = variant.sign(tbs)
        bits = _header(der.BIT_STRING, len(signature) + 1)
        length = len(tbs) + len(variant.identifier) + len(bits) + 1 + len(signature) + len(self._certificates)
        return Answer(
            der=b"".join((_envelope(length), tbs, variant.identifier, bits, b"\0", signature, self._certificates)),
            # A nonce's answer is its asker's alone, and one that is signed as its asker prefers; what is unknown now
            # may be imported any moment.
            shared=validity if nonce is None and not unknown and variant is self._choice.default else None,
            issuer_id=self.issuer_id,
            sequence=journal_sequence,
            revoked=kinds == _REVOKED_ALONE,
        )

    def _dated(self, validity: Validity) -> tuple[bytes, bytes]:
        """The DER of producedAt, and of thisUpdate with nextUpdate as a SingleResponse has them."""
        dates = self._dates
        if dates is None or dates[0] is not validity:
            this_update = generalized_time(validity.this_update)
            dates = (validity, this_update, this_update + explicit(0, generalized_time(validity.next_update)))
            self._dates = dates
        return dates[1], dates[2]


def _single(single: SingleResponse, times: bytes, *, extended_revoke: bool) -> bytes:
    cert_id, status, archive_cutoff = single
    if isinstance(status, Good):
        said = _GOOD
    elif isinstance(status, Revoked):
        said = _revoked(status.revocation_date, status.reason)
    else:
        said = _NEVER_ISSUED if extended_revoke else _UNKNOWN
    cutoff = b"" if archive_cutoff is None else _cutoff(archive_cutoff)
    return (
        _header(der.SEQUENCE, len(cert_id.raw) + len(said) + len(times) + len(cutoff))
        + cert_id.raw
        + said
        + times
        + cutoff
    )


@lru_cache(maxsize=4096)
def _revoked(moment: datetime, reason: RevocationReason) -> bytes:
    # RFC 5280 section 5.3.1: unspecified is said by leaving the reason out, here as on the CRL.
    given = b"" if reason is RevocationReason.UNSPECIFIED else explicit(0, enumerated(reason))
    return tlv(_REVOKED, generalized_time(moment), given)


@lru_cache(maxsize=64)
def _cutoff(moment: datetime) -> bytes:
    """The DER of singleExtensions with an ArchiveCutoff of this moment (RFC 6960 section 4.4.4)."""
    return explicit(1, sequence(extension(ARCHIVE_CUTOFF, generalized_time(moment))))


def _response_extensions(nonce: bytes | None, *, never_issued: bool) -> bytes:
    if not never_issued:
        return b"" if nonce is None else _before_nonce(len(nonce)) + nonce
    echoed = b"" if nonce is None else extension(NONCE, der.octet_string(nonce))
    return explicit(1, sequence(echoed, _EXTENDED_REVOKE_SAID))


@lru_cache(maxsize=128)
def _before_nonce(octets: int) -> bytes:
    """The DER of responseExtensions up to a nonce of so many octets, which ends them."""
    return explicit(1, sequence(extension(NONCE, der.octet_string(bytes(octets)))))[:-octets]


@lru_cache(maxsize=4096)
def _envelope(length: int) -> bytes:
    """The DER of an OCSPResponse up to the contents of its BasicOCSPResponse, so many octets, which end it."""
    basic = der.header(der.SEQUENCE, length)
    octets = _BASIC + der.header(der.OCTET_STRING, len(basic) + length) + basic
    response = der.header(der.SEQUENCE, len(octets) + length) + octets
    whole = _SUCCESSFUL + der.header(_CONTEXT_0, len(response) + length) + response
    return der.header(der.SEQUENCE, len(whole) + length) + whole
