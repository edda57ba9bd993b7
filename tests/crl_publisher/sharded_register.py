"""A register with two shards, and certificates that name one each or none."""

from collections.abc import Sequence
from pathlib import Path

from crl_publisher.issuing.shards import add_shard, lock_shards
from crl_publisher.scope import Scope
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.publications import PUBLIC_URL
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority
from tests.pki_revocation.importing.rows import pem

SERIALS = (0x11, 0x22, 0x33)


def two_shards(database: Database, issuer: Issuer, clock: FakeClock) -> list[Scope]:
    """Two shards of the issuer, added."""
    with database.write() as connection:
        lock_shards(connection, issuer)
        return [add_shard(connection, issuer, clock, PUBLIC_URL)[0] for _ in range(2)]


def issued(folder: Path, authority: CertificateAuthority, clock: FakeClock, shards: Sequence[Scope]) -> Path:
    """The certificates: the first names the first shard, the second the second, the third none."""
    file = folder / "issued.pem"
    urls = [*(shard.url for shard in shards), None]
    file.write_bytes(
        pem(
            *(
                authority.issue("Zorg BV", clock.now(), serial=serial, crl_url=url)
                for serial, url in zip(SERIALS, urls, strict=True)
            )
        )
    )
    return file
