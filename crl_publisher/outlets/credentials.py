"""The credentials that an outlet asks a writer for: from the environment, or a file that only its owner reads."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from pki_revocation.config.secret_files import read_private_table
from pki_revocation.errors import ConfigurationError

PREFIX = "PKI_REVOCATION_OUTLET_"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletCredentials:
    """What one outlet asks for, as far as it was given; none of it is ever shown."""

    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    access_key_id: str | None = field(default=None, repr=False)
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    def authorization(self) -> str | None:
        """The header of RFC 6750 or RFC 7617; None where there is nothing to say."""
        if self.token is not None:
            return f"Bearer {self.token}"
        if self.username is None or self.password is None:
            return None
        return f"Basic {base64.b64encode(f'{self.username}:{self.password}'.encode()).decode()}"


def load_credentials(name: str, file: Path | None, environment: Mapping[str, str] = os.environ) -> OutletCredentials:
    """The credentials of the outlet called *name*; what the environment says wins.

    Raises:
        ConfigurationError: when the file cannot be read, others can read it, or it holds anything else.
    """
    known = [each.name for each in fields(OutletCredentials)]
    found = {} if file is None else read_private_table(file, known)
    for each in known:
        if value := environment.get(variable(name, each)):
            found[each] = value
    for each, value in found.items():
        if not value.isprintable():
            raise ConfigurationError(f"The {each} of outlet {name} holds a line break or another sign that none may.")
    return OutletCredentials(**found)


def variable(outlet: str, credential: str) -> str:
    """The environment's name for it: PKI_REVOCATION_OUTLET_BACKUP_TOKEN."""
    return f"{PREFIX}{re.sub('[^A-Z0-9]', '_', outlet.upper())}_{credential.upper()}"
