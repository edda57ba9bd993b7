"""What a CRL covers: all certificates of an issuer, a shard of them, CA certificates alone, or all the others.

A complete CRL of all of them has no issuingDistributionPoint, and so lists every revocation, those of shards too (RFC
5280 section 5.2.5). A certificate's shard is the one whose address its own CRL distribution point names. Numbers rise
per issuer and scope, and a delta shares those of its complete CRL (RFC 5280 sections 5.2.3 and 5.2.4).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation.model import Issuer, serial_text
from pki_revocation.proof.addresses import crl_path


class Part(StrEnum):
    """Which part of an issuer's certificates."""

    ALL = "full"
    SHARD = "shard"
    CA = "ca"
    USERS = "users"


@dataclass(frozen=True, slots=True)
class Scope:
    """One kind of CRL of an issuer.

    *shard* and *url* are a shard's number and the distribution point that its certificates name.
    """

    part: Part = Part.ALL
    shard: int = 0
    url: str = ""
    is_delta: bool = False

    def __post_init__(self) -> None:
        """A shard has a number and an address, and nothing else has."""
        is_right = self.shard > 0 and self.url != "" if self.part is Part.SHARD else (self.shard, self.url) == (0, "")
        if not is_right:
            message = f"{self.part.value} CRL with shard {self.shard} and address {self.url!r}"
            raise ValueError(message)

    @property
    def name(self) -> str:
        """What the record of CRLs calls it: full, shard-7, ca, users, each also with -delta behind it."""
        name = f"shard-{self.shard}" if self.part is Part.SHARD else self.part.value
        return f"{name}-delta" if self.is_delta else name

    @property
    def complete(self) -> "Scope":
        """The complete CRL's scope, of which this one may be the delta."""
        return replace(self, is_delta=False)

    @property
    def delta(self) -> "Scope":
        """The scope of the deltas to this complete CRL."""
        return replace(self, is_delta=True)

    def path(self, issuer: Issuer) -> str:
        """Where an outlet keeps this scope's CRL of an issuer: the path of its address."""
        return path_named(issuer, self.name)


FULL = Scope()
CA = Scope(Part.CA)
USERS = Scope(Part.USERS)


def path_named(issuer: Issuer, name: str) -> str:
    """The path of the scope that the record of CRLs calls *name*."""
    return crl_path(issuer.name, name)


def certificate_path(issuer: Issuer) -> str:
    """Where an outlet keeps the issuer's own certificate, for AIA caIssuers (RFC 5280 section 4.2.2.1)."""
    return f"aia/{issuer.name}.cer"


def certificate_files(issuer: Issuer, now: datetime) -> dict[str, bytes]:
    """Every file of an issuer's certificates, by its path.

    The newest one that is valid is what certificates refer to, under each of the issuer's names. Where there are
    several, each is there under its serial too: relying parties whose root is that of an older or of a
    cross-certificate want that.
    """
    newest = issuer.certificate_at(now).public_bytes(Encoding.DER)
    files = {certificate_path(issuer): newest, **{f"aia/{name}.cer": newest for name in issuer.other_names}}
    if issuer.earlier_ders:
        # No name has an underscore in it.
        for each in issuer.certificates:
            der = each.public_bytes(Encoding.DER)
            files[f"aia/{issuer.name}_{serial_text(each.serial_number)}.cer"] = der
    return files
