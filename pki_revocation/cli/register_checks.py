"""What `doctor` says of the register: barred and lost serials, and certificates of which only a list or a CRL told."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates, crl_shards
from pki_revocation.model import Issuer, serial_text
from pki_revocation.register.barred import all_bars
from pki_revocation.register.compromised_keys import live_with_compromised_keys
from pki_revocation.register.issuers import all_issuers
from pki_revocation.register.lost_revocations import all_lost

_SHOWN = 10


def register_findings(database: Database) -> Iterator[tuple[str, bool, str]]:
    """For each issuer what waits for an operator: what was looked at, whether it is well, and a sentence."""
    with database.read() as connection:
        for issuer in all_issuers(connection):
            yield from _barred(connection, issuer)
            yield from _lacking(connection, issuer)
            yield from _lost(connection, issuer)


def trusted_with_compromised_keys(database: Database, now: datetime) -> str:
    """The certificates that are trusted though their keys are known to be compromised, and what to do; '' for none."""
    with database.read() as connection:
        found = live_with_compromised_keys(connection, now)
        names = {each.id: each.name for each in all_issuers(connection)} if found else {}
    if not found:
        return ""
    shown = ", ".join(f"{serial_text(each.serial)} of {names[each.issuer_id]}" for each in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
    one = len(found) == 1
    return (
        f"{len(found):,} certificate{' is' if one else 's are'} trusted though the key is known to be compromised: "
        f"{shown}{more}. Revoke {'it' if one else 'each'} within 24 hours (BR 4.9.1.1): 'pki-revocation revoke SERIAL "
        "--issuer NAME --reason keyCompromise'"
    )


def _barred(connection: Connection, issuer: Issuer) -> Iterator[tuple[str, bool, str]]:
    bars = list(all_bars(connection, issuer.id))
    if not bars:
        return
    shown = "; ".join(f"{serial_text(bar.serial)} ({bar.kind}: {bar.why})" for bar in bars[:_SHOWN])
    more = f"; and {len(bars) - _SHOWN:,} more" if len(bars) > _SHOWN else ""
    live = [serial_text(bar.serial) for bar in bars if bar.is_registered]
    also = f" Registered as live all the same: {', '.join(islice(live, _SHOWN))}." if live else ""
    says = (
        f"{len(bars):,} neither revoked nor known to be good: {shown}{more}.{also} Import a list that says what became "
        "of them, or lift the bar with 'pki-revocation certificate unbar'"
    )
    yield f"barred serials of {issuer.name}", False, says


def _lacking(connection: Connection, issuer: Issuer) -> Iterator[tuple[str, bool, str]]:
    """Where an issuer has shards, only the certificate itself says on which CRL its revocation must stand."""
    lacks = and_(certificates.c.issuer_id == issuer.id, certificates.c.der.is_(None))
    count = connection.scalar(select(func.count()).select_from(certificates).where(lacks)) or 0
    if not count:
        return
    has_shards = bool(connection.scalar(select(exists().where(crl_shards.c.issuer_id == issuer.id))))
    says = f"{count:,} came without the certificate itself: {_first(connection, lacks, count)}"
    if has_shards:
        says += "; which shard's CRL each belongs on is not known: import the certificates"
    yield f"certificates of {issuer.name}", not has_shards, says


def _lost(connection: Connection, issuer: Issuer) -> Iterator[tuple[str, bool, str]]:
    """What a service saw on a public CRL that may be no more where this command looks."""
    lost = all_lost(connection, issuer.id)
    if lost:
        source = next(iter(lost.values())).source
        says = (
            f"{len(lost):,} were on a public CRL ({source}), and are not in the journal, as after an old backup was "
            "restored: take them back with 'pki-revocation doctor --restore', from the published folder or from FILES"
        )
        yield f"lost revocations of {issuer.name}", False, says


def _first(connection: Connection, which: ColumnElement[bool], count: int) -> str:
    query = select(certificates.c.serial).where(which).order_by(certificates.c.id).limit(_SHOWN)
    shown = ", ".join(map(serial_text, connection.scalars(query)))
    return f"{shown} and {count - _SHOWN:,} more" if count > _SHOWN else shown
