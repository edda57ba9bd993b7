"""Makes an installation: its folder, its configuration, its secrets, and its tables."""

import json
from collections.abc import Collection
from pathlib import Path

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import CONFIG_NAME, Installation
from pki_revocation.config.secret_files import (
    FOLDER,
    PEPPER,
    SESSION,
    create_secret,
    has_secret,
    load_pepper,
    load_session_key,
    missing_secret,
    write_private,
)
from pki_revocation.config.sections import read_document
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError
from pki_revocation.register.marks import MarkName, set_mark
from pki_revocation.register.own_secrets import confirm_secrets, session_key_id

FIRST_CONFIG = """\
# pki-revocation: see docs/ca-operations.md for every setting. An unknown section or key is an error.

[database]
url = "sqlite:///revocation.db"

[web]
# Where subscribers reach the page; the letter prints it, and none is made before this is an https address.
public_url = "http://127.0.0.1:8460"

# Receipts convince more with a root to check them by, and a key that signs them: see docs/ca-operations.md.
# [receipts]
# trust_anchors = ["root.pem"]
# key = "receipts/signer.key"
# certificate = "receipts/signer.pem"

# For each issuer, by the name it was added with:
# [keys.issuing]
# crl_key = "keys/issuing.key"
# ocsp_delegates = "keys/issuing-ocsp"
"""


def config_with_database(url: str) -> str:
    """The first configuration, with a database of one's own."""
    return FIRST_CONFIG.replace('"sqlite:///revocation.db"', json.dumps(url))


def set_up(directory: Path, config: str, *, replace: Collection[str] = ()) -> Installation:
    """Make an installation of a folder, or bring its database to this program's revision; what is there is kept.

    Secrets are made for a database that was never set up, and never beside those that it was set up with.

    Args:
        directory: need not be there yet.
        config: what config.toml holds where there is none.
        replace: the secrets that are lost for good, by their files' names, of which new ones are made.

    Raises:
        PkiError: when the configuration is wrong, the database does not answer is newer, or its secrets are not here.
    """
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    write_private(directory / CONFIG_NAME, config)
    read_document(directory / CONFIG_NAME)
    installation = Installation.open(directory)
    with installation.database() as database:
        _make_secrets(installation, is_new=not database.is_set_up(), replace=replace)
        database.upgrade()
        _remember_secrets(installation, database, replace)
    return installation


def _make_secrets(installation: Installation, *, is_new: bool, replace: Collection[str]) -> None:
    """Before the database is set up: a run that is killed in between finds them again."""
    if PEPPER in replace and has_secret(installation, PEPPER):
        raise ConfigurationError(
            "There is a pepper, and every code hangs on it: only one that is lost for good is replaced. Move it away "
            "if that is meant."
        )
    for name in (PEPPER, SESSION):
        if name in replace:
            (installation.path(FOLDER) / name).unlink(missing_ok=True)
        if name in replace or (is_new and not has_secret(installation, name)):
            create_secret(installation.directory, name)


def _remember_secrets(installation: Installation, database: Database, replace: Collection[str]) -> None:
    missing = [name for name in (PEPPER, SESSION) if not has_secret(installation, name)]
    if missing:
        raise ConfigurationError(
            f"The tables are at this program's revision. {missing_secret(installation, missing[0])} A second one is "
            "never made for a database that was set up before: on a further node, copy 'secrets' from the first one. "
            f"Where there is none any more, 'pki-revocation init --replace {missing[0]}' makes a new one."
        )
    pepper, session_key, clock = load_pepper(installation), load_session_key(installation), SystemClock()
    if replace:
        with database.write() as connection:
            for name, value in ((PEPPER, pepper.id), (SESSION, session_key_id(session_key))):
                if name in replace:
                    set_mark(connection, MarkName(name), value, clock.now())
                    AuditTrail(clock).record(connection, "secret.replaced", {"secret": name, "fingerprint": value})
    if PEPPER in replace:
        # The codes of the lost one are dead, and are not held against the new one here.
        confirm_secrets(database, clock, session_key=session_key)
    else:
        confirm_secrets(database, clock, pepper=pepper, session_key=session_key)
