"""Where a passphrase or PIN comes from: the environment, a file, or a credential that systemd hands over.

Never a command line, where every account of the machine can read it, and never the configuration. Nothing here keeps
one, shows one, or puts one into a message.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from keys.errors import SecretMissing, UnusableKey
from pki_revocation.errors import ConfigurationError

from .private_files import read_private

CREDENTIALS = "CREDENTIALS_DIRECTORY"
_ODD = re.compile(r"[^A-Za-z0-9]")
_SECRET_LIMIT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretSource:
    """The places of one secret, which are tried in this order; *what* is `passphrase` or `PIN`."""

    what: str
    variable: str | None = None
    file: Path | None = None
    credential: str | None = None

    @classmethod
    def usual(cls, what: str, name: str) -> "SecretSource":
        """Where a secret is looked for when no setting names a place.

        PKI_REVOCATION_PASSPHRASE_ISSUING or PKI_REVOCATION_PIN_ISSUING in the environment, and then the systemd
        credential `passphrase-issuing` or `pin-issuing`.
        """
        return cls(
            what=what,
            variable=f"PKI_REVOCATION_{what.upper()}_{_ODD.sub('_', name).upper()}",
            credential=f"{what.lower()}-{_ODD.sub('-', name).lower()}",
        )

    @classmethod
    def named(cls, what: str, text: str, directory: Path) -> "SecretSource":
        """The place that a setting names: `env:NAME`, `file:PATH` or `credential:NAME`.

        Raises:
            ConfigurationError: for anything else; the text is not repeated, since it may be the secret itself.
        """
        kind, _, place = text.partition(":")
        if place and kind == "env":
            return cls(what=what, variable=place)
        if place and kind == "file":
            return cls(what=what, file=directory / place)
        if place and kind == "credential" and "/" not in place and place not in {".", ".."}:
            return cls(what=what, credential=place)
        raise ConfigurationError(
            f"A {what} does not stand in the configuration: say where it is, as env:NAME, file:PATH or credential:NAME."
        )

    def read(self) -> str:
        """The secret, as it is now.

        Raises:
            SecretMissing: when it is in none of its places, or a file that holds it is open to others.
        """
        found = (
            self._from_environment()
            or self._from_file(self.file)
            or self._from_file(self._credential_file(), by_list=True)
        )
        if not found:
            raise SecretMissing(f"There is no {self.what}: {self.advice}.")
        return found

    @property
    def advice(self) -> str:
        """A part of a sentence that tells an operator where to put the secret."""
        places = []
        if self.variable:
            places.append(f"set {self.variable}")
        if self.file:
            places.append(f"write it to {self.file}")
        if self.credential:
            places.append(f"hand it over as the systemd credential {self.credential}")
        return ", or ".join(places)

    def _from_environment(self) -> str | None:
        return os.environ.get(self.variable) if self.variable else None

    def _credential_file(self) -> Path | None:
        folder = os.environ.get(CREDENTIALS)
        return Path(folder) / self.credential if folder and self.credential else None

    def _from_file(self, path: Path | None, *, by_list: bool = False) -> str | None:
        if path is None or not os.path.lexists(path):
            return None
        try:
            text = read_private(path, f"{self.what} file", by_list=by_list).content[:_SECRET_LIMIT].decode()
        except UnusableKey as error:
            raise SecretMissing(str(error)) from error
        except UnicodeDecodeError:
            raise SecretMissing(f"The {self.what} file {path} is not text in UTF-8.") from None
        return text.removesuffix("\n").removesuffix("\r")
