"""pg_dump and pg_restore, which PostgreSQL brings: those that suit the server, with no password on a command line."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy.engine import URL

from .errors import BackupFailed

# Where Debian and Red Hat keep the programs of each version, beside the ones on the path.
_PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
_PASSWORD = "password"  # noqa: S105 - a parameter's name
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


def run(name: str, url: URL, server: int, *arguments: str) -> None:
    """Run one of the programs on a database, to its end.

    Args:
        name: pg_dump or pg_restore.
        url: of the database.
        server: its major version.
        arguments: beside the database.

    Raises:
        BackupFailed: when there is no program that is new enough, or it failed; with its own first words.
    """
    address = _without_password(url).render_as_string(hide_password=False)
    ran = subprocess.run(  # noqa: S603 - a program of PostgreSQL's, with arguments of our own
        [_program(name, server), f"--dbname={address}", "--no-password", *arguments],
        env=_environment(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.strip()]
        raise BackupFailed(f"{name} failed: {said[0] if said else f'status {ran.returncode}'}.")


def read_through(dump: Path, server: int) -> None:
    """Read a dump from its beginning to its end, which decodes every row of it.

    Raises:
        BackupFailed: when it cannot be read.
    """
    program = _program("pg_restore", server)
    ran = subprocess.run([program, "--file=/dev/null", dump], capture_output=True, text=True, check=False)  # noqa: S603 - as above
    if ran.returncode:
        raise BackupFailed(f"The dump cannot be read again: {(ran.stderr.splitlines() or ['no reason given'])[0]}.")


def _without_password(url: URL) -> URL:
    # Not url.set(password=None), which changes nothing.
    return URL.create(
        "postgresql",
        username=url.username,
        host=url.host,
        port=url.port,
        database=url.database,
        query={name: value for name, value in url.query.items() if name != _PASSWORD},
    )


def _environment(url: URL) -> Mapping[str, str]:
    password = url.password or url.query.get(_PASSWORD)
    return {**os.environ, **({"PGPASSWORD": password} if isinstance(password, str) else {})}


def _program(name: str, server: int) -> str:
    """The oldest that is no older than the server: a newer dump may say what an older server does not know."""
    first = shutil.which(name)
    found = [Path(first)] if first else []
    for pattern in _PLACES:
        found += sorted(Path("/").glob(f"{pattern.lstrip('/')}/{name}"))
    versions = {_version(each): each for each in reversed(found)}
    fit = sorted(version for version in versions if version >= server)
    if not fit:
        raise BackupFailed(
            f"There is no {name} of version {server} or newer on this machine: install the client programs of "
            f"PostgreSQL {server} (on Debian: postgresql-client-{server})."
        )
    return str(versions[fit[0]])


def _version(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - as above
    match = _VERSION.search(said)
    return int(match[1]) if match else 0
