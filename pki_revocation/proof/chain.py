"""The CAs above a certificate, up to a self-signed one, as far as the register knows them."""

import warnings
from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from sqlalchemy import Connection, select

from pki_revocation.database.schema import certificates
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers

# No chain in use is longer; a ring of cross-certificates ends here.
_LONGEST = 8


def chain_above(connection: Connection, issuer: Issuer) -> tuple[x509.Certificate, ...]:
    """The issuer's certificate and what is above it, the root last where it is known."""
    known = [each.certificate for each in all_issuers(connection)]
    rows = connection.execute(
        select(certificates.c.der).where(certificates.c.is_ca.is_(True), certificates.c.der.is_not(None))
    ).scalars()
    known += [loaded for der in rows if (loaded := _loaded(der)) is not None]
    chain = [issuer.certificate]
    while chain[-1].subject != chain[-1].issuer and len(chain) < _LONGEST:
        above = _issuer_of(chain[-1], known)
        if above is None or above in chain:
            break
        chain.append(above)
    return tuple(chain)


def _loaded(der: bytes) -> x509.Certificate | None:
    """A certificate; None for one that is registered although the library cannot read it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        return None


def _issuer_of(certificate: x509.Certificate, known: Iterable[x509.Certificate]) -> x509.Certificate | None:
    for candidate in known:
        try:
            if candidate.subject != certificate.issuer:
                continue
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            continue
        return candidate
    return None
