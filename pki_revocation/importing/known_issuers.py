"""Whose certificate is it: found by the issuer's name among those registered, and proven by the signature."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key

from pki_revocation.encoding.certificate_parts import CertificateParts, parts_of
from pki_revocation.encoding.names import name_text
from pki_revocation.encoding.signature_check import is_signature_of
from pki_revocation.model import Issuer

from .candidates import CandidateRefused, RefusalKind


@dataclass(frozen=True)
class _Known:
    """A registered issuer and its own certificate, of which nothing but name and key is asked."""

    issuer: Issuer
    own: CertificateParts

    @cached_property
    def key(self) -> object:
        """The issuer's public key; None where it is of a kind that verifies nothing here."""
        try:
            return load_der_public_key(self.own.public_key)
        except (ValueError, UnsupportedAlgorithm):
            return None

    def signed(self, certificate: CertificateParts) -> bool:
        return is_signature_of(self.key, certificate.signature, certificate.signed, certificate.algorithm)


class KnownIssuers:
    """The registered issuers, ready to be asked a hundred thousand times."""

    def __init__(self, issuers: Sequence[Issuer], shards: Mapping[tuple[int, str], int] | None = None) -> None:
        """Read each issuer's certificates once; *shards* are CRL shards by their issuer's id and their address.

        Names are known by their octets: one that cannot be decoded is a name too, and keeps no other CA's from being
        found.
        """
        self._shards = shards or {}
        self._named: dict[bytes, list[_Known]] = defaultdict(list)
        # RFC 5280 section 7.1: names that differ in their strings' types or their capitals are one name.
        self._alike: dict[str, list[_Known]] = defaultdict(list)
        # The serials of CA certificates, by the octets of the name that issued them.
        self._authorities: dict[bytes, set[int]] = defaultdict(set)
        for issuer in issuers:
            # One of its certificates stands for all: name and key are the same.
            known = _Known(issuer, parts_of(issuer.certificate_der))
            self._named[known.own.subject].append(known)
            self._alike[_folded(known.own.subject)].append(known)
            for certificate in issuer.certificates:
                own = parts_of(certificate)
                self._authorities[own.issuer].add(own.serial)

    def signer_of(self, certificate: CertificateParts) -> Issuer:
        """The issuer whose key signed this certificate; one name may have had several keys (RFC 5280 section 3.2).

        Raises:
            CandidateRefused: when no registered issuer has that name, or none of that name signed it.
        """
        named = self._named.get(certificate.issuer) or self._alike.get(_folded(certificate.issuer), [])
        for known in named:
            if known.signed(certificate):
                return known.issuer
        if named:
            names = " nor ".join(repr(known.issuer.name) for known in named)
            raise CandidateRefused(RefusalKind.SIGNATURE, f"Its signature is not verified by the key of {names}.")
        raise CandidateRefused(
            RefusalKind.ISSUER,
            f"Its issuer {name_text(certificate.issuer)[:200]!r} is not registered: "
            "add it with 'pki-revocation issuer add'.",
        )

    def shard_of(self, issuer: Issuer, certificate: CertificateParts) -> int:
        """The CRL shard that a certificate's distribution point names; 0 when it names none."""
        if not self._shards:
            return 0
        named = (self.shard_at(issuer.id, url) for url in certificate.distribution_points)
        return next((shard for shard in named if shard), 0)

    def shard_at(self, issuer_id: int, url: str) -> int:
        """The CRL shard of an issuer with this very address; 0 for any other address."""
        return self._shards.get((issuer_id, url), 0)

    def serials_signed_by(self, issuer: Issuer) -> frozenset[int]:
        """The serials that this issuer gave to registered issuers: CA certificates, which get no number."""
        return frozenset(self._authorities.get(parts_of(issuer.certificate_der).subject, ()))


def _folded(name: bytes) -> str:
    return " ".join(name_text(name).casefold().split())
