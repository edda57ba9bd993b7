"""The CAs above a certificate, up to a self-signed one, as far as the register knows them.

A CA that was renewed or cross-certified has several certificates, and so several chains lead up from it: the one is
taken that ends at a root and is valid at the moment that it is to be checked for (RFC 5280 section 6.1).
"""

import warnings
from collections.abc import Iterable, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from sqlalchemy import Connection, select

from pki_revocation.database.schema import certificates
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers

# No chain in use is longer; a ring of cross-certificates ends here.
_LONGEST = 8


def chain_above(connection: Connection, issuer: Issuer, at: datetime | None = None) -> tuple[x509.Certificate, ...]:
    """The issuer's certificate and what is above it, the root last where it is known.

    Args:
        connection: to the register.
        issuer: whose chain.
        at: when the chain is to be valid; None for whenever the newest certificates are.
    """
    known = [certificate for each in all_issuers(connection) for certificate in each.certificates]
    rows = connection.execute(
        select(certificates.c.der).where(certificates.c.is_ca.is_(True), certificates.c.der.is_not(None))
    ).scalars()
    known = _valid_first([*known, *(loaded for der in rows if (loaded := _loaded(der)) is not None)], at)
    chains = [_chain(each, known) for each in _valid_first(issuer.certificates, at)]
    return next((each for each in chains if is_whole(each) and _is_valid(each, at)), chains[0])


def is_whole(chain: Sequence[x509.Certificate]) -> bool:
    """Whether a chain ends at a root: a certificate whose issuer is its subject, octet for octet."""
    return parts_of(chain[-1]).is_self_issued


def _chain(certificate: x509.Certificate, known: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    chain = [certificate]
    while not is_whole(chain) and len(chain) < _LONGEST:
        above = _issuer_of(chain[-1], known)
        if above is None or above in chain:
            break
        chain.append(above)
    return tuple(chain)


def _valid_first(found: Sequence[x509.Certificate], at: datetime | None) -> list[x509.Certificate]:
    return sorted(found, key=lambda each: not _is_valid([each], at))


def _is_valid(chain: Iterable[x509.Certificate], at: datetime | None) -> bool:
    return at is None or all(each.not_valid_before_utc <= at <= each.not_valid_after_utc for each in chain)


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
            # Names too are compared, octet for octet.
            certificate.verify_directly_issued_by(candidate)
        except (InvalidSignature, UnsupportedAlgorithm, TypeError, ValueError):
            continue
        return candidate
    return None
