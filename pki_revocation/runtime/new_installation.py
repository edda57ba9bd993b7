"""Makes an installation: its folder, its configuration, its secrets, and its tables."""

import json
import os
from pathlib import Path

from pki_revocation.config.installation import CONFIG_NAME, Installation
from pki_revocation.config.secret_files import FOLDER, PEPPER, PEPPER_VARIABLE, create_secrets, write_private
from pki_revocation.config.sections import read_document
from pki_revocation.register.live_codes import refuse_foreign_pepper

FIRST_CONFIG = """\
# pki-revocation: see docs/ca-operations.md for every setting. An unknown section or key is an error.

[database]
url = "sqlite:///revocation.db"

[web]
# Where subscribers reach the page; the letter prints it, and none is made before this is an https address.
public_url = "http://127.0.0.1:8460"

# For each issuer, by the name it was added with:
# [keys.issuing]
# crl_key = "keys/issuing.key"
# ocsp_delegates = "keys/issuing-ocsp"
"""


def config_with_database(url: str) -> str:
    """The first configuration, with a database of one's own."""
    return FIRST_CONFIG.replace('"sqlite:///revocation.db"', json.dumps(url))


def set_up(directory: Path, config: str) -> Installation:
    """Make an installation of a folder; an existing configuration and existing secrets are kept.

    Raises:
        PkiError: when the configuration is wrong, the database does not answer, or holds codes whose pepper is gone.
    """
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    write_private(directory / CONFIG_NAME, config)
    read_document(directory / CONFIG_NAME)
    installation = Installation.open(directory)
    with installation.database() as database:
        database.upgrade()
        if not (directory / FOLDER / PEPPER).exists() and PEPPER_VARIABLE not in os.environ:
            with database.read() as connection:
                refuse_foreign_pepper(connection, None)
    create_secrets(directory)
    return installation
