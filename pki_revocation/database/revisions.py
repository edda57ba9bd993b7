"""The revisions of the tables: which one this program wants, which one a database has, and how it gets there.

Alembic is loaded only to change tables: each service asks for both revisions when it starts, and a process that serves
has no use for a migration tool. The wanted one is the highest number among the migrations' file names.
"""

from pathlib import Path

from sqlalchemy import Connection, column, inspect, select, table

from pki_revocation.errors import StoreError

MIGRATIONS = Path(__file__).parent / "migrations"
_HERE = table("alembic_version", column("version_num"))


def wanted() -> str:
    """The revision of this program's tables."""
    return max(_known())


def refuse_newer(found: str | None, database: str) -> None:
    """Refuse tables at a revision that this program has never heard of: a newer program brought them there.

    Args:
        found: the tables' revision; None where there are none.
        database: its address without a password.

    Raises:
        StoreError: naming both revisions.
    """
    if found is not None and found not in _known():
        raise StoreError(
            f"The database {database} is newer than this program: its tables are at revision {found}, and this program "
            f"knows them up to {wanted()}. Install the program again that brought it there, or put a backup back that "
            "is older (see 'Upgrade' in docs/ca-operations.md)."
        )


def _known() -> frozenset[str]:
    return frozenset(path.name.partition("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*_*.py"))


def found(connection: Connection) -> str | None:
    """The revision of a database's tables; None where there are none."""
    if not inspect(connection).has_table(_HERE.name):
        return None
    revision: str | None = connection.execute(select(_HERE.c.version_num)).scalar_one_or_none()
    return revision


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring the tables to a revision, inside the connection's transaction."""
    from alembic import command  # noqa: PLC0415 - only a command that sets up a database loads Alembic
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
