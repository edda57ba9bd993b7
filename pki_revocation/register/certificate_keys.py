"""Which registered certificates have a key, whatever of the certificate the library can read."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.database.bulk import bulk_insert
from pki_revocation.database.schema import certificate_keys
from pki_revocation.encoding.certificate_parts import parts_of
from pki_revocation.encoding.der import DerError
from pki_revocation.encoding.possession.key_forms import key_hashes

_COLUMNS = ("key_sha256", "issuer_id", "serial")
_PORTION = 5000


def hashes_of_certificate(der: bytes) -> tuple[bytes, ...]:
    """The hashes by which a certificate's key is known; none where the octets have not the form of a certificate."""
    try:
        return key_hashes(parts_of(der).public_key)
    except DerError:
        return ()


def record_new_keys(connection: Connection, issuer_id: int, keys: Mapping[int, Collection[bytes]]) -> None:
    """Write the keys' hashes of certificates that were just registered, by their serials."""
    rows = ((digest, issuer_id, serial) for serial, hashes in keys.items() for digest in hashes)
    # In the order of the table, neighbours share its pages.
    bulk_insert(connection, certificate_keys, _COLUMNS, sorted(rows))


def record_keys(connection: Connection, issuer_id: int, keys: Mapping[int, Collection[bytes]]) -> None:
    """Write the keys' hashes of certificates that may be here already, by their serials."""
    rows = [
        {"key_sha256": digest, "issuer_id": issuer_id, "serial": serial}
        for serial, hashes in keys.items()
        for digest in hashes
    ]
    if rows:
        insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        connection.execute(insert(certificate_keys).on_conflict_do_nothing(), rows)


def certificates_with_key(connection: Connection, hashes: Collection[bytes]) -> list[tuple[int, int]]:
    """Issuer's id and serial of every certificate whose key has one of these hashes, in that order."""
    found = set[tuple[int, int]]()
    listed = list(hashes)
    for start in range(0, len(listed), _PORTION):
        columns = certificate_keys.c
        query = select(columns.issuer_id, columns.serial).where(
            columns.key_sha256.in_(listed[start : start + _PORTION])
        )
        found.update((row.issuer_id, row.serial) for row in connection.execute(query))
    return sorted(found)
