"""Certificates from PEM and DER files; each one's signature is verified with its issuer's key.

A PEM file may be a bundle of any length and hold keys and other things beside certificates: it is read block by
block, and what is no certificate is passed over without being kept.
"""

import warnings
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from .candidates import Candidate, CandidateRefused, PastRevocation, Refusal, RefusalKind, Source
from .known_issuers import KnownIssuers
from .subjects import from_name

_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE")
_BEGIN = tuple(b"-----BEGIN " + label + b"-----" for label in _LABELS)
# OpenSSL's own TRUSTED CERTIFICATE has more in it than a certificate, and is refused rather than passed over.
_TRUSTED = b"-----BEGIN TRUSTED CERTIFICATE-----"
_END = b"-----END "
# What the library raises for certificates that are none; names and extensions are read only when they are asked for.
_UNREADABLE = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
# More than any certificate takes, post-quantum ones too; a block that never ends must not fill the memory.
_LARGEST = 256 * 1024


def read_pem(path: Path, issuers: KnownIssuers) -> Iterator[Candidate | Refusal]:
    """Every certificate of a PEM file."""
    source = Source(path, "certificate")
    for place, block in enumerate(_blocks(path), start=1):
        try:
            yield candidate_of(certificate_from_pem(block), issuers, source, place)
        except CandidateRefused as refused:
            yield refused.at(source, place)


def read_der(path: Path, issuers: KnownIssuers) -> Iterator[Candidate | Refusal]:
    """The one certificate that a DER file is."""
    source = Source(path, "certificate")
    with path.open("rb") as file:
        octets = file.read(_LARGEST + 1)
    if len(octets) > _LARGEST:
        yield Refusal(source, None, RefusalKind.BROKEN, "It is too large for a certificate in DER.")
        return
    try:
        yield candidate_of(_loaded(octets, pem=False), issuers, source, 1)
    except CandidateRefused as refused:
        yield refused.at(source, None)


def certificate_from_pem(block: bytes) -> x509.Certificate:
    """The certificate of one PEM block.

    Raises:
        CandidateRefused: when it is none.
    """
    if block.startswith(_TRUSTED):
        raise CandidateRefused(RefusalKind.BROKEN, "It is a TRUSTED CERTIFICATE: write it anew with 'openssl x509'.")
    return _loaded(block, pem=True)


def certificate_from_der(octets: bytes) -> x509.Certificate:
    """The certificate that these octets are.

    Raises:
        CandidateRefused: when they are none.
    """
    return _loaded(octets, pem=False)


def candidate_of(
    certificate: x509.Certificate,
    issuers: KnownIssuers,
    source: Source,
    place: int,
    revocation: PastRevocation | None = None,
) -> Candidate:
    """The certificate as a candidate of the issuer that signed it.

    Raises:
        CandidateRefused: for an unknown issuer, a signature that is not verified, or contents that cannot be read.
    """
    with warnings.catch_warnings():
        # The library warns of what RFC 5280 forbids; what matters of it is refused here, by file and reason.
        warnings.simplefilter("ignore")
        try:
            issuer = issuers.issuer_of(certificate)
            subject, organisation = from_name(certificate.subject)
            return Candidate(
                source=source,
                place=place,
                issuer_id=issuer.id,
                serial=certificate.serial_number,
                subject=subject,
                organisation=organisation,
                not_before=certificate.not_valid_before_utc,
                not_after=certificate.not_valid_after_utc,
                revocation=revocation,
                for_subscriber=_is_for_subscriber(certificate),
                der=certificate.public_bytes(Encoding.DER),
                is_ca=_is_ca(certificate),
                shard=issuers.shard_of(issuer, certificate),
            )
        except _UNREADABLE as error:
            raise CandidateRefused(RefusalKind.BROKEN, f"Its contents cannot be read: {error}.") from None


def _is_for_subscriber(certificate: x509.Certificate) -> bool:
    """Neither a CA's certificate nor a delegated OCSP responder's: those are the CA's own, and no letter goes out."""
    if _is_ca(certificate):
        return False
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.OCSP_SIGNING not in usage


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _loaded(octets: bytes, *, pem: bool) -> x509.Certificate:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_pem_x509_certificate(octets) if pem else x509.load_der_x509_certificate(octets)
    except _UNREADABLE as error:
        first = (str(error).splitlines() or ["no reason given"])[0]
        raise CandidateRefused(RefusalKind.BROKEN, f"It is no certificate that can be read: {first[:200]}") from None


def _blocks(path: Path) -> Iterator[bytes]:
    """The PEM blocks that are certificates, one at a time; one that is not closed is given as far as it goes."""
    block: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        while line := file.readline(_LARGEST):
            stripped = line.strip()
            if stripped.startswith((*_BEGIN, _TRUSTED)):
                if block:
                    yield b"\n".join(block)
                block, size = [stripped], 0
            elif block:
                block.append(stripped)
                size += len(stripped)
                if stripped.startswith(_END) or size > _LARGEST:
                    yield b"\n".join(block)
                    block = []
    if block:
        yield b"\n".join(block)
