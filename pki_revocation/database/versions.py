"""The least versions of the databases: what is older is refused by whatever opens it, before it reads anything.

PostgreSQL 15 is the oldest that the tests run on. SQLite needs RETURNING, which came with 3.35. Neither is asked with
a statement: a connection to PostgreSQL knows its server's version, and Python its SQLite's.
"""

from pki_revocation.errors import StoreError

LEAST_POSTGRESQL = 15
LEAST_SQLITE = (3, 35, 0)
# libpq counts 15.18 as 150018.
_MAJOR = 10_000


def refuse_old_postgresql(version: int) -> None:
    """Refuse a server by its version as libpq gives it.

    Raises:
        StoreError: when it is older than `LEAST_POSTGRESQL`.
    """
    if version < LEAST_POSTGRESQL * _MAJOR:
        raise StoreError(
            f"The database is PostgreSQL {version // _MAJOR}.{version % _MAJOR}, and this program needs "
            f"{LEAST_POSTGRESQL} or newer: upgrade the server."
        )


def refuse_old_sqlite(version: tuple[int, ...]) -> None:
    """Refuse a SQLite by its version as Python's `sqlite3.sqlite_version_info` gives it.

    Raises:
        StoreError: when it is older than `LEAST_SQLITE`.
    """
    if version < LEAST_SQLITE:
        found, least = (".".join(map(str, each)) for each in (version, LEAST_SQLITE))
        raise StoreError(
            f"This Python has SQLite {found}, and this program needs {least} or newer: run it with another Python."
        )
