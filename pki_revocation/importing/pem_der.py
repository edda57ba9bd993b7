"""Certificates from PEM and DER files; each one's signature is verified with its issuer's key.

A PEM file may be a bundle of any length and hold keys and other things beside certificates: it is read block by
block, and what is no certificate is passed over without being kept. A block counts wherever it begins, also behind
other words or the end of another block on the same line: files are joined where the last line had no end.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pki_revocation.encoding.certificate_parts import CertificateParts, parts_of
from pki_revocation.encoding.der import DerError, bounds
from pki_revocation.encoding.plain_cause import plain_cause
from pki_revocation.encoding.possession.key_forms import key_hashes
from pki_revocation.model import UNKNOWN_END

from .candidates import Candidate, CandidateRefused, PastRevocation, Refusal, RefusalKind, Source
from .known_issuers import KnownIssuers
from .subjects import from_der
from .text_files import encoding_of, open_text, without_marks

_CERTIFICATES = frozenset({"CERTIFICATE", "X509 CERTIFICATE"})
# OpenSSL's own TRUSTED CERTIFICATE has more in it than a certificate, and is refused rather than passed over.
_TRUSTED = "TRUSTED CERTIFICATE"
_CONTAINERS = frozenset({"PKCS7", "PKCS #7 SIGNED DATA", "CMS"})
_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 #]{1,40})-----")
_END = re.compile(r"-----END ([A-Z0-9 #]{1,40})-----")
# PKCS #7's signedData, and what a PKCS #12 begins with: version 3 (RFC 7292 section 4).
_PKCS7 = bytes.fromhex("06092a864886f70d010702")
_PKCS12 = bytes.fromhex("020103")
UNPACK_PKCS7 = (
    "It is a PKCS #7 container, and its certificates are not read: unpack them with 'openssl pkcs7 -print_certs'."
)
_UNPACK_PKCS12 = (
    "It is a PKCS #12 container, and its certificates are not read: unpack them with 'openssl pkcs12 -nokeys'."
)
# More than any certificate takes, post-quantum ones too; a block that never ends must not fill the memory.
LARGEST = 256 * 1024
_PIECE = 64 * 1024
# Of what is kept between two pieces, in case a marker of a block lies across their border.
_MARKER = 64


class PemBlock(NamedTuple):
    """A block of a PEM file: what its BEGIN line calls it, and what stands between it and its end."""

    label: str
    body: str


def read_pem(path: Path, issuers: KnownIssuers) -> Iterator[Candidate | Refusal]:
    """Every certificate of a PEM file; a container that may hold some is refused, so that it is not overlooked."""
    source = Source(path, "certificate")
    blocks = (each for each in blocks_of(path) if holds_certificates(each.label))
    for place, block in enumerate(blocks, start=1):
        try:
            yield candidate_of(_certificate_in(block), issuers, source, place)
        except CandidateRefused as refused:
            yield refused.at(source, place)


def read_der(path: Path, issuers: KnownIssuers) -> Iterator[Candidate | Refusal]:
    """The certificate that a DER file is, and those that stand behind it in the same file."""
    source = Source(path, "certificate")
    with path.open("rb") as file:
        octets = file.read(LARGEST + 1)
    if len(octets) > LARGEST:
        yield Refusal(source, None, RefusalKind.BROKEN, "It is too large for a certificate in DER.")
        return
    pieces = _one_after_the_other(octets)
    for place, piece in enumerate(pieces, start=1):
        try:
            yield candidate_of(certificate_from_der(piece), issuers, source, place)
        except CandidateRefused as refused:
            yield refused.at(source, place if len(pieces) > 1 else None)


def holds_certificates(label: str) -> bool:
    """Whether a block that is called so is a certificate, or a container of some."""
    return label in _CERTIFICATES or label == _TRUSTED or label in _CONTAINERS


def certificate_from_pem(text: str) -> CertificateParts:
    """The certificate of one PEM block.

    Raises:
        CandidateRefused: when it is none.
    """
    begin = _BEGIN.search(text)
    if begin is None:
        raise CandidateRefused(RefusalKind.BROKEN, "It is no certificate that can be read: it has no BEGIN line.")
    end = _END.search(text, begin.end())
    return _certificate_in(PemBlock(begin[1], text[begin.end() : end.start() if end else len(text)]))


def certificate_in(octets: bytes) -> CertificateParts:
    """The certificate that a file's octets are, in PEM of any encoding or in DER.

    Raises:
        CandidateRefused: when they are none.
    """
    text = octets.decode(encoding_of(octets), "replace")
    return certificate_from_pem(text) if "-----BEGIN" in text else certificate_from_der(octets)


def certificate_from_der(octets: bytes) -> CertificateParts:
    """The certificate that these octets are.

    Raises:
        CandidateRefused: when they are none.
    """
    try:
        return parts_of(octets)
    except DerError as error:
        if _PKCS7 in octets[:_MARKER]:
            raise CandidateRefused(RefusalKind.BROKEN, UNPACK_PKCS7) from None
        if _begins_like_pkcs12(octets):
            raise CandidateRefused(RefusalKind.BROKEN, _UNPACK_PKCS12) from None
        raise CandidateRefused(
            RefusalKind.BROKEN, f"It is no certificate that can be read: {plain_cause(error)}."
        ) from None


def candidate_of(
    certificate: CertificateParts,
    issuers: KnownIssuers,
    source: Source,
    place: int,
    revocation: PastRevocation | None = None,
) -> Candidate:
    """The certificate as a candidate of the issuer that signed it.

    Nothing but the signature decides: a name, an extension or a date that cannot be read is kept as the octets that it
    is, and its end is then unknown, so that its revocation is listed for good.

    Raises:
        CandidateRefused: for an unknown issuer, and a signature that is not verified.
    """
    issuer = issuers.signer_of(certificate)
    subject, organisation = from_der(certificate.subject)
    return Candidate(
        source=source,
        place=place,
        issuer_id=issuer.id,
        serial=certificate.serial,
        subject=subject,
        organisation=organisation,
        not_before=certificate.not_before,
        not_after=certificate.not_after or UNKNOWN_END,
        revocation=revocation,
        for_subscriber=certificate.is_for_subscriber,
        der=certificate.der,
        is_ca=certificate.is_ca,
        shard=issuers.shard_of(issuer, certificate),
        key_hashes=key_hashes(certificate.public_key),
    )


def blocks_of(path: Path) -> Iterator[PemBlock]:
    """The blocks of a PEM file, one at a time; one that is not closed is given as far as it goes."""
    with open_text(path) as file:
        rest, is_end = "", False
        while not is_end:
            piece = file.read(_PIECE)
            is_end = not piece
            rest += piece
            while begin := _BEGIN.search(rest):
                end = _END.search(rest, begin.end())
                following = _BEGIN.search(rest, begin.end())
                if end is None and following is None and not is_end and len(rest) - begin.end() <= LARGEST:
                    break
                # Up to its end, to the next block where it has none, or to the size that no certificate has.
                stop = min(each.start() for each in (end, following) if each) if end or following else len(rest)
                yield PemBlock(begin[1], rest[begin.end() : min(stop, begin.end() + LARGEST)])
                rest = rest[end.end() if end and end.start() == stop else stop :]
            if not _BEGIN.search(rest):
                rest = rest[-_MARKER:]


def _certificate_in(block: PemBlock) -> CertificateParts:
    if block.label == _TRUSTED:
        raise CandidateRefused(RefusalKind.BROKEN, "It is a TRUSTED CERTIFICATE: write it anew with 'openssl x509'.")
    if block.label in _CONTAINERS:
        raise CandidateRefused(RefusalKind.BROKEN, UNPACK_PKCS7)
    if block.label not in _CERTIFICATES:
        raise CandidateRefused(RefusalKind.BROKEN, f"It is no certificate, but a {block.label}.")
    try:
        octets = base64.b64decode("".join(without_marks(block.body).split()), validate=True)
    except (ValueError, binascii.Error):
        raise CandidateRefused(
            RefusalKind.BROKEN, "It is no certificate that can be read: what stands in the PEM block is no Base64."
        ) from None
    return certificate_from_der(octets)


def _one_after_the_other(octets: bytes) -> list[bytes]:
    """The values that a DER file is made of; all of it as one where that cannot be told."""
    pieces, at = [], 0
    try:
        while at < len(octets):
            end = bounds(octets, at).end
            pieces.append(octets[at:end])
            at = end
    except DerError:
        return [octets]
    return pieces or [octets]


def _begins_like_pkcs12(octets: bytes) -> bool:
    try:
        outer = bounds(octets)
    except DerError:
        return False
    return octets[outer.begin :].startswith(_PKCS12)
