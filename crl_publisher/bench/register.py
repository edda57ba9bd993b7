"""A register with as many revoked certificates as are wanted, and a CA for it, in a folder that nothing else uses."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from keys.demo.hierarchy import make_root
from keys.identity import Purpose, SigningIdentity, identify
from pki_revocation import journal
from pki_revocation.clock import Clock, SystemClock
from pki_revocation.database.bulk import bulk_insert
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import certificates
from pki_revocation.journal import NewEntry
from pki_revocation.model import Channel, EntryKind, Issuer
from pki_revocation.reasons import OPERATOR_REASONS
from pki_revocation.register.issuers import add_issuer

Tick = Callable[[float], None]
NAME = "bench"
_BATCH = 50_000
_LIFETIME = timedelta(days=365)
_COLUMNS = ("issuer_id", "serial", "subject", "organisation", "not_before", "not_after", "imported_at")
_DONE = "done"


class BenchKey:
    """The CA's key, which signs nothing but measurements."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Read what `make_register` wrote."""
        key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError(key)
        self._key = key
        self._certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
        self._clock = clock

    def crl_identity(self, issuer: Issuer) -> SigningIdentity:  # noqa: ARG002 - there is one
        """The one CA's identity, whichever issuer is named."""
        return identify(self._key, self._certificate, Purpose.CRL, issuer=self._certificate, now=self._clock.now())


def open_register(folder: Path) -> Database:
    """The database of a register."""
    return Database(f"sqlite:///{folder / 'revocation.db'}")


def make_register(folder: Path, count: int, tick: Tick = lambda _: None) -> None:
    """Make a register with *count* revoked certificates, or take the one that an earlier run left whole.

    Serials are 16 octets at random, as registers give them; each reason comes as often, and one revocation a second.

    Args:
        folder: is made, with the CA's key in it: mode 0700.
        count: how many.
        tick: is told how far it is, from 0 to 1.
    """
    done = folder / _DONE
    if done.is_file() and done.read_text() == str(count):
        tick(1)
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in folder.glob("revocation.db*"):
        each.unlink()
    clock = SystemClock()
    authority = make_root("p256", clock.now())
    # In their places: what an earlier run did not finish is made anew.
    (folder / "ca.key").write_bytes(authority.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "ca.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    with open_register(folder) as database:
        database.upgrade()
        with database.write() as connection:
            issuer = add_issuer(connection, name=NAME, certificate=authority.certificate, is_default=True, clock=clock)
        # What is measured does not depend on the serials' secrecy, and the same ones make runs alike.
        chance = random.Random(count)  # noqa: S311
        for start in range(0, count, _BATCH):
            add_revoked(database, issuer, clock, min(_BATCH, count - start), chance)
            tick((start + _BATCH) / count)
    done.write_text(str(count))


def add_revoked(database: Database, issuer: Issuer, clock: Clock, count: int, chance: random.Random) -> list[int]:
    """Register so many certificates and revoke them; give their serials in order."""
    now = clock.now()
    serials = sorted(chance.getrandbits(126) | 1 << 126 for _ in range(count))
    with database.write() as connection:
        rows = ((issuer.id, serial, "CN=bench", "Bench", now, now + _LIFETIME, now) for serial in serials)
        bulk_insert(connection, certificates, _COLUMNS, rows)
        head = journal.lock_head(connection, issuer.id)
        entries = [
            NewEntry(
                kind=EntryKind.REVOCATION,
                serial=serial,
                reason=OPERATOR_REASONS[place % len(OPERATOR_REASONS)],
                channel=Channel.IMPORT,
                revocation_date=now - timedelta(seconds=place),
            )
            for place, serial in enumerate(serials)
        ]
        journal.append(connection, head, entries, journal.moment_under_lock(head, clock))
    return serials
