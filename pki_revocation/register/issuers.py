"""Issuers in the database: each with its certificates, its journal's head and the addresses of its CRL shards.

A CA that is renewed or cross-certified keeps name and key: to relying parties it is one CA (RFC 5280 section 6.1.3),
and so it is one issuer here, with one journal and one CRL, whatever number of certificates it has.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, Row, insert, select, update

from pki_revocation.clock import Clock
from pki_revocation.database.schema import (
    crl_shards,
    issuers,
    journal_heads,
)
from pki_revocation.encoding.certificate_parts import CertificateParts, parts_of
from pki_revocation.encoding.der import bounds
from pki_revocation.errors import NotFound
from pki_revocation.model import Issuer

# rsaEncryption and id-RSASSA-PSS: an RSA key under either is the same modulus and exponent (RFC 4055 section 1.2).
_RSA = {"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"}


def add_issuer(
    connection: Connection, *, name: str, certificate: x509.Certificate, is_default: bool, clock: Clock
) -> Issuer:
    """Register a CA and open its journal."""
    der = _der(certificate)
    if is_default:
        connection.execute(update(issuers).values(is_default=False))
    now = clock.now()
    result = connection.execute(
        insert(issuers).values(name=name, certificate=der, is_default=is_default, added_at=now).returning(issuers.c.id)
    )
    issuer_id = result.scalar_one()
    connection.execute(insert(journal_heads).values(issuer_id=issuer_id, sequence=0, last_at=now))
    return Issuer(id=issuer_id, name=name, certificate_der=der, is_default=is_default)


def all_issuers(connection: Connection) -> tuple[Issuer, ...]:
    """Every issuer, in the order in which they were added."""
    return tuple(_issuer(row) for row in connection.execute(select(issuers).order_by(issuers.c.id)))


def issuer_named(connection: Connection, name: str | None) -> Issuer:
    """The issuer with this name, its own or another one of it, or the default one for None.

    Raises:
        NotFound: naming the issuers that there are.
    """
    known = all_issuers(connection)
    for issuer in known:
        if (name is None and issuer.is_default) or name in issuer.names:
            return issuer
    names = ", ".join(issuer.name for issuer in known) or "none yet: use 'pki-revocation issuer add'"
    wanted = "no default issuer" if name is None else f"no issuer {name!r}"
    message = f"There is {wanted}; there are: {names}."
    raise NotFound(message)


def issuer_with_id(connection: Connection, issuer_id: int) -> Issuer | None:
    """The issuer with this row id, or None."""
    row = connection.execute(select(issuers).where(issuers.c.id == issuer_id)).one_or_none()
    return None if row is None else _issuer(row)


def issuer_of_name_and_key(known: Iterable[Issuer], certificate: x509.Certificate) -> Issuer | None:
    """The issuer that a CA certificate is another certificate of; the earliest where several were registered.

    The name counts octet for octet, as in a CertID (RFC 6960 section 4.1.1) and in the issuer field of a CRL. Of the
    key its bits count, and for a curve which one: a key that a renewal binds to RSASSA-PSS is the same key (RFC 4055).
    """
    asked = parts_of(certificate)
    return next((each for each in known if _is_same(asked, parts_of(each.certificate_der))), None)


def add_certificate(
    connection: Connection,
    issuer: Issuer,
    certificate: x509.Certificate,
    *,
    other_name: str | None = None,
    makes_default: bool = False,
) -> Issuer:
    """Give an issuer another certificate, and perhaps another name; what hangs on it stays as it is."""
    loaded = dict.fromkeys((*issuer.certificates, certificate))
    newest, *earlier = _newest_first(loaded)
    names = (*issuer.other_names, *(() if other_name is None else (other_name,)))
    if makes_default:
        connection.execute(update(issuers).values(is_default=False))
    connection.execute(
        update(issuers)
        .where(issuers.c.id == issuer.id)
        .values(
            certificate=newest,
            earlier_certificates=b"".join(earlier) or None,
            other_names=" ".join(names) or None,
            is_default=makes_default or issuer.is_default,
        )
    )
    return Issuer(
        id=issuer.id,
        name=issuer.name,
        certificate_der=newest,
        is_default=makes_default or issuer.is_default,
        earlier_ders=tuple(earlier),
        other_names=names,
    )


def crl_shard_addresses(connection: Connection) -> dict[tuple[int, str], int]:
    """Every CRL shard, by its issuer's id and the address that certificates name."""
    rows = connection.execute(select(crl_shards.c.issuer_id, crl_shards.c.url, crl_shards.c.shard))
    return {(row.issuer_id, row.url): row.shard for row in rows}


def _issuer(row: Row[Any]) -> Issuer:
    return Issuer(
        id=row.id,
        name=row.name,
        certificate_der=row.certificate,
        is_default=row.is_default,
        earlier_ders=_one_by_one(row.earlier_certificates or b""),
        other_names=tuple((row.other_names or "").split()),
    )


def _newest_first(certificates: Iterable[x509.Certificate]) -> Sequence[bytes]:
    """Of two that begin at one moment, the one that lasts longer is the newer one."""
    ordered = sorted(certificates, key=lambda each: (each.not_valid_before_utc, each.not_valid_after_utc), reverse=True)
    return [_der(each) for each in ordered]


def _one_by_one(octets: bytes) -> tuple[bytes, ...]:
    """The certificates that lie one after the other in a column: DER says where each ends."""
    found, at = [], 0
    while at < len(octets):
        end = bounds(octets, at).end
        found.append(octets[at:end])
        at = end
    return tuple(found)


def _is_same(asked: CertificateParts, other: CertificateParts) -> bool:
    if (asked.subject, asked.key_bits) != (other.subject, other.key_bits):
        return False
    return asked.key_algorithm == other.key_algorithm or {asked.key_oid, other.key_oid} <= _RSA


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
