"""An installation: a folder with the configuration, the secrets, the keys and the published files of one register."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from pki_revocation.database.engine import SERVICE_PROBE_SECONDS, Database
from pki_revocation.errors import ConfigurationError

from .sections import S, load_section, read_document
from .settings import DatabaseSettings

CONFIG_NAME = "config.toml"
DIRECTORY_VARIABLE = "PKI_REVOCATION_DIRECTORY"
CONFIG_VARIABLE = "PKI_REVOCATION_CONFIG"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """The folder, the file that configures it, and what that file says."""

    directory: Path
    config: Path
    document: Mapping[str, Any]

    @classmethod
    def open(cls, directory: Path | None = None, config: Path | None = None) -> "Installation":
        """Open the folder, or the one that holds a configuration file; without either, the environment names it.

        Raises:
            ConfigurationError: when there is none, or its file is wrong.
        """
        if directory is None and config is None:
            directory = _path_from(DIRECTORY_VARIABLE)
            config = _path_from(CONFIG_VARIABLE)
        if config is None:
            directory = directory or Path()
            config = directory / CONFIG_NAME
            if not config.is_file():
                message = (
                    f"There is no {CONFIG_NAME} in {directory.resolve()}: name the installation with --directory DIR, "
                    "or make one with 'pki-revocation init --directory DIR'."
                )
                raise ConfigurationError(message)
        directory = (directory or config.parent).resolve()
        return cls(directory=directory, config=config.resolve(), document=read_document(config))

    def section(self, kind: type[S]) -> S:
        """One section's settings.

        Raises:
            ConfigurationError: when it has an unknown key or a value out of bounds.
        """
        return load_section(kind, self.document)

    def sections(self, kind: type[S]) -> dict[str, S]:
        """A table of tables, such as [keys.NAME]: the settings under each name.

        Raises:
            ConfigurationError: as for `section`.
        """
        outer = self.document.get(kind.section, {})
        if not isinstance(outer, Mapping):
            message = f"[{kind.section}] is not a table of tables: write [{kind.section}.NAME]."
            raise ConfigurationError(message)
        return {name: load_section(kind, outer, name) for name in outer}

    def path(self, relative: Path | str) -> Path:
        """A path of the configuration; a relative one is below the installation's folder."""
        return self.directory / relative

    def database(self, *, probe_after: float = SERVICE_PROBE_SECONDS) -> Database:
        """The database, not yet connected; its revision is not yet checked. *probe_after* as for `Database`.

        Raises:
            ConfigurationError: for an address that is no database's.
        """
        settings = self.section(DatabaseSettings)
        url = os.environ.get("PKI_REVOCATION_DATABASE_URL", settings.url)
        if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
            file = self.path(make_url(url).database or "revocation.db")
            return Database(make_url(url).set(database=str(file)), probe_after=probe_after)
        return Database(url, probe_after=probe_after)

    @contextmanager
    def checked_database(self) -> Iterator[Database]:
        """The database of a command, of this program's revision; closed when the block ends.

        Raises:
            ConfigurationError: for an address that is no database's.
            StoreError: when it does not answer, or is not this program's.
        """
        with self.database() as database:
            database.check_revision()
            yield database


def _path_from(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None
