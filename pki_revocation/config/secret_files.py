"""Secrets of the installation that are kept in files: the pepper, and the key that signs web sessions and addresses.

Each can come from the environment instead, which wins, or from a folder of credentials that CREDENTIALS_DIRECTORY
names: systemd does so for a service, and an operator for a command. A file that others can read is refused.
"""

import contextlib
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Collection
from pathlib import Path

from pki_revocation.codes import Pepper
from pki_revocation.errors import ConfigurationError
from pki_revocation.host import durable_files

from .installation import Installation

FOLDER = "secrets"
PEPPER_VARIABLE = "PKI_REVOCATION_PEPPER"
SESSION_VARIABLE = "PKI_REVOCATION_SESSION_KEY"
_CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
PEPPER = "pepper"
SESSION = "session-key"
_VARIABLES = {PEPPER: PEPPER_VARIABLE, SESSION: SESSION_VARIABLE}
_SESSION_OCTETS = 32
_SESSION_KEY = re.compile(rf"[0-9a-fA-F]{{{2 * _SESSION_OCTETS},}}")


def create_secrets(directory: Path) -> None:
    """Make the secrets that are not there yet; those that are there stay as they are."""
    for name in (PEPPER, SESSION):
        create_secret(directory, name)


def create_secret(directory: Path, name: str) -> None:
    """Make one of them, unless it is there."""
    folder = directory / FOLDER
    durable_files.make_folder(folder)
    text = Pepper.generate().to_text() if name == PEPPER else secrets.token_hex(_SESSION_OCTETS)
    write_private(folder / name, text + "\n")


def has_secret(installation: Installation, name: str) -> bool:
    """Whether a secret is in one of its places, fit for use or not."""
    return bool(os.environ.get(_VARIABLES[name])) or _file_of(installation, name).is_file()


def load_pepper(installation: Installation) -> Pepper:
    """The pepper of this installation's codes.

    Raises:
        ConfigurationError: when it is missing, readable by others, or no pepper.
    """
    return Pepper.from_text(_load(installation, PEPPER))


def load_session_key(installation: Installation) -> str:
    """The key that signs web sessions, receipt addresses, and the tickets between two steps of the page.

    Raises:
        ConfigurationError: when it is missing, readable by others, or shorter than 32 octets in hexadecimal.
    """
    text = _load(installation, SESSION).strip()
    if not _SESSION_KEY.fullmatch(text):
        raise ConfigurationError(
            f"The session key is not {_SESSION_OCTETS} octets or more in hexadecimal: run 'pki-revocation init "
            f"--replace {SESSION}' for a new one; open pages then have to be begun again."
        )
    return text


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, unless it is there already; it is never half written."""
    if path.exists():
        return
    # Of two that write at once, one wins and the other's is gone.
    with contextlib.suppress(FileExistsError):
        durable_files.create(path, text.encode())


def refuse_readable_by_others(path: Path) -> None:
    """Refuse a secret's file that others than its owner can read or write.

    Raises:
        ConfigurationError: when group or others can read or write the file.
    """
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        message = f"{path} can be read by others than its owner: run 'chmod 600 {path}'."
        raise ConfigurationError(message)


def read_private_table(file: Path, known: Collection[str]) -> dict[str, str]:
    """The texts of a TOML file that only its owner reads.

    Raises:
        ConfigurationError: when it cannot be read, others can read it, or it holds anything but texts of these names.
    """
    try:
        refuse_readable_by_others(file)
        found = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(f"The credentials {file} cannot be read: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        # The parser's own words could quote a secret.
        raise ConfigurationError(f'The credentials {file} are not valid TOML: write NAME = "VALUE" lines.') from None
    for name, value in found.items():
        if name not in known or not isinstance(value, str):
            raise ConfigurationError(f"The credentials {file} may hold texts called {', '.join(known)}, and no others.")
    return found


def named_secret(place: str, installation: Installation, setting: str) -> str:
    """A secret from the place that a setting names: `env:NAME`, `file:PATH` or `credential:NAME`.

    Raises:
        ConfigurationError: when it is not there, or its file is open to others.
    """
    kind, _, name = place.partition(":")
    if kind == "env":
        value = os.environ.get(name)
        if not value:
            raise ConfigurationError(f"{setting} names the variable {name}, and it is not set.")
        return value
    folder = os.environ.get(_CREDENTIALS_VARIABLE, "")
    path = installation.path(name) if kind == "file" else Path(folder) / name
    if kind not in {"file", "credential"} or (kind == "credential" and (not folder or "/" in name)):
        raise ConfigurationError(f"{setting} names {place}, and that is not there.")
    try:
        if kind == "file":
            refuse_readable_by_others(path)
        return path.read_text("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{setting} names {path}, which cannot be read.") from None


def _load(installation: Installation, name: str) -> str:
    if value := os.environ.get(_VARIABLES[name]):
        return value
    path = _file_of(installation, name)
    if not path.is_file():
        raise ConfigurationError(missing_secret(installation, name))
    if path.parent == installation.path(FOLDER):
        refuse_readable_by_others(path)
    elif path.stat().st_mode & stat.S_IRWXO:
        # What systemd hands over may show the group's permission, for the service's own account.
        raise ConfigurationError(f"{path} can be read by every account: run 'chmod 600 {path}'.")
    return path.read_text("utf-8")


def missing_secret(installation: Installation, name: str) -> str:
    """The sentence that says where a missing secret belongs."""
    return (
        f"The secret {installation.path(FOLDER) / name} is missing: restore it from its backup, set "
        f"{_VARIABLES[name]}, hand it over as the systemd credential {name}, or name the folder that holds it with "
        f"{_CREDENTIALS_VARIABLE}."
    )


def _file_of(installation: Installation, name: str) -> Path:
    folder = os.environ.get(_CREDENTIALS_VARIABLE)
    if folder and (credential := Path(folder) / name).is_file():
        return credential
    return installation.path(FOLDER) / name
