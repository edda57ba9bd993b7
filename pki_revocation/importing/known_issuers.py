"""Whose certificate is it: found by the issuer's name among those registered, and proven by the signature."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from pki_revocation.encoding.certificate_parts import issuer_of, parts_of
from pki_revocation.encoding.distribution_points import distribution_points
from pki_revocation.encoding.names import issuer_text
from pki_revocation.model import Issuer

from .candidates import CandidateRefused, RefusalKind


class KnownIssuers:
    """The registered issuers, ready to be asked a hundred thousand times."""

    def __init__(self, issuers: Sequence[Issuer], shards: Mapping[tuple[int, str], int] | None = None) -> None:
        """Read each issuer's certificates once; *shards* are CRL shards by their issuer's id and their address.

        Names are known by their octets: one that cannot be decoded is a name too, and keeps no other CA's from being
        found.
        """
        self._shards = shards or {}
        self._named: dict[bytes, list[tuple[Issuer, x509.Certificate]]] = defaultdict(list)
        # The serials of CA certificates, by the octets of the name that issued them.
        self._authorities: dict[bytes, set[int]] = defaultdict(set)
        for issuer in issuers:
            # One of them stands for all: name and key are the same.
            self._named[parts_of(issuer.certificate_der).subject].append((issuer, issuer.certificate))
            for certificate in issuer.certificates:
                self._authorities[parts_of(certificate).issuer].add(certificate.serial_number)

    def issuer_of(self, certificate: x509.Certificate) -> Issuer:
        """The issuer whose key signed this certificate; one name may have had several keys (RFC 5280 section 3.2).

        Raises:
            CandidateRefused: when no registered issuer has that name, or none of that name signed it.
        """
        try:
            named = self._named.get(issuer_of(certificate), [])
        except ValueError as error:
            raise CandidateRefused(RefusalKind.BROKEN, f"It is no certificate in DER: {error}.") from None
        for issuer, own in named:
            try:
                certificate.verify_directly_issued_by(own)
            except (InvalidSignature, UnsupportedAlgorithm, ValueError, TypeError):
                continue
            return issuer
        if named:
            names = " nor ".join(repr(issuer.name) for issuer, _ in named)
            raise CandidateRefused(RefusalKind.SIGNATURE, f"Its signature is not verified by the key of {names}.")
        raise CandidateRefused(
            RefusalKind.ISSUER,
            f"Its issuer {issuer_text(certificate)[:200]!r} is not registered: "
            "add it with 'pki-revocation issuer add'.",
        )

    def shard_of(self, issuer: Issuer, certificate: x509.Certificate) -> int:
        """The CRL shard that a certificate's distribution point names; 0 when it names none."""
        if not self._shards:
            return 0
        named = (self.shard_at(issuer.id, url) for url in distribution_points(certificate))
        return next((shard for shard in named if shard), 0)

    def shard_at(self, issuer_id: int, url: str) -> int:
        """The CRL shard of an issuer with this very address; 0 for any other address."""
        return self._shards.get((issuer_id, url), 0)

    def serials_signed_by(self, issuer: Issuer) -> frozenset[int]:
        """The serials that this issuer gave to registered issuers: CA certificates, which get no number."""
        return frozenset(self._authorities.get(parts_of(issuer.certificate_der).subject, ()))
