"""What the database knows of proxies through which all clients are one source, until a day after it was seen."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from pki_revocation.clock import iso
from pki_revocation.database.schema import proxy_sightings

_KEPT = timedelta(days=1)
# Nearest proxies are few; whoever can send from more private addresses makes no more rows than this.
_MOST = 50


class ProxyTrouble(Enum):
    """Why nothing is known of the clients behind a proxy.

    UNNAMED: it writes a proxy's headers, and [limits] trusted_proxies does not name it. SILENT: that names it, and it
    writes no X-Forwarded-For.
    """

    UNNAMED = "unnamed"
    SILENT = "silent"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySighting:
    """A proxy by its address, what is wrong with it, and when that was seen last."""

    address: str
    trouble: ProxyTrouble
    seen_at: datetime

    def __str__(self) -> str:
        """What is wrong, what that means, and what to do."""
        ends = (
            f"(last at {iso(self.seen_at)}), so that all clients behind it are one source, whose wrong codes keep "
            "each other out"
        )
        if self.trouble is ProxyTrouble.UNNAMED:
            return (
                f"requests come through {self.address}, which [limits] trusted_proxies does not name {ends}: name it "
                "there if it is your proxy"
            )
        return (
            f"{self.address} stands in [limits] trusted_proxies and sends no X-Forwarded-For {ends}: have it set that "
            "header to the client's address, as deploy/nginx does"
        )


def record_sighting(connection: Connection, sighting: ProxySighting) -> None:
    """Write it over what was known of that address, and delete what is no news any more."""
    table = proxy_sightings
    connection.execute(delete(table).where(table.c.seen_at < sighting.seen_at - _KEPT))
    newest = select(table.c.address).order_by(table.c.seen_at.desc(), table.c.address).limit(_MOST - 1)
    connection.execute(delete(table).where(table.c.address.not_in(newest), table.c.address != sighting.address))
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    said = {"trouble": sighting.trouble.value, "seen_at": sighting.seen_at}
    # Workers may see the same proxy in the same moment.
    statement = insert(table).values(address=sighting.address, **said)
    connection.execute(statement.on_conflict_do_update(index_elements=["address"], set_=said))


def forget_sighting(connection: Connection, address: str) -> None:
    """Delete what was known of an address: it is as it should be now."""
    connection.execute(delete(proxy_sightings).where(proxy_sightings.c.address == address))


def recent_sightings(connection: Connection, now: datetime) -> list[ProxySighting]:
    """Those of the last day, by address."""
    table = proxy_sightings
    rows = connection.execute(select(table).where(table.c.seen_at >= now - _KEPT).order_by(table.c.address))
    return [ProxySighting(address=row.address, trouble=ProxyTrouble(row.trouble), seen_at=row.seen_at) for row in rows]
