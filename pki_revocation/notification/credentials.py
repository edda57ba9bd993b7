"""What the mail server asks for: from the environment, or a file that only its owner reads."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pki_revocation.config.secret_files import read_private_table
from pki_revocation.errors import ConfigurationError

USERNAME_VARIABLE = "PKI_REVOCATION_SMTP_USERNAME"
PASSWORD_VARIABLE = "PKI_REVOCATION_SMTP_PASSWORD"  # noqa: S105 - the variable's name
_NAMES = ("username", "password")


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpCredentials:
    """User name and password; neither is ever shown."""

    username: str = field(repr=False)
    password: str = field(repr=False)


def load_credentials(file: Path | None, environment: Mapping[str, str] = os.environ) -> SmtpCredentials | None:
    """The credentials, or None where there are none; what the environment says wins.

    Raises:
        ConfigurationError: when the file cannot be read or others can read it, or one of the two is missing.
    """
    found = {} if file is None else read_private_table(file, _NAMES)
    for name, variable in (("username", USERNAME_VARIABLE), ("password", PASSWORD_VARIABLE)):
        if value := environment.get(variable):
            found[name] = value
    if not found:
        return None
    if found.keys() != set(_NAMES) or not all(value.isprintable() for value in found.values()):
        raise ConfigurationError("The mail server's credentials are a username and a password, each of one line.")
    return SmtpCredentials(**found)
