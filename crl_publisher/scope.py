"""What a CRL covers: today always all certificates of its issuer, and so without issuingDistributionPoint.

Numbers rise per issuer and scope (RFC 5280 section 5.2.3); the name is what the table of CRLs keeps.
"""

from dataclasses import dataclass

from pki_revocation.model import Issuer


@dataclass(frozen=True, slots=True)
class Scope:
    """A scope by its name in the record."""

    name: str

    def path(self, issuer: Issuer) -> str:
        """Where an outlet keeps this scope's CRL of an issuer: the path of its address."""
        return f"crl/{issuer.name}.crl"


FULL = Scope("full")


def certificate_path(issuer: Issuer) -> str:
    """Where an outlet keeps the issuer's own certificate, for AIA caIssuers (RFC 5280 section 4.2.2.1)."""
    return f"aia/{issuer.name}.cer"
