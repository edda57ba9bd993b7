"""Whether pepper and session key are this installation's own, by the fingerprints in its database.

Codes die silently with another pepper, and with another session key a form of one node is refused by the next one and
a receipt's address leads nowhere. So the first ones that are used with a database are remembered there, and no process
works with others.
"""

import hashlib
import hmac

from sqlalchemy import Connection

from pki_revocation.clock import Clock
from pki_revocation.codes import Pepper
from pki_revocation.database.engine import Database
from pki_revocation.errors import ConfigurationError

from .live_codes import refuse_foreign_pepper
from .marks import MarkName, mark, set_first_mark

_CALLED = {MarkName.PEPPER: "pepper", MarkName.SESSION_KEY: "session key"}


def session_key_id(session_key: str) -> str:
    """The key's fingerprint, from which the key cannot be told."""
    return hmac.digest(session_key.encode(), b"pki-revocation session key id", hashlib.sha256)[:8].hex()


def confirm_secrets(
    database: Database, clock: Clock, *, pepper: Pepper | None = None, session_key: str | None = None
) -> None:
    """Refuse secrets that are not the installation's own; the first ones become its own.

    Args:
        database: of the right revision.
        clock: dates what is remembered.
        pepper: where the caller uses it.
        session_key: likewise.

    Raises:
        ConfigurationError: naming both fingerprints, and what to do.
        StoreError: when the database does not answer.
    """
    here = _fingerprints(pepper, session_key)
    with database.read() as connection:
        if pepper is not None:
            refuse_foreign_pepper(connection, pepper)
        unknown = [name for name in here if mark(connection, name) is None]
    if unknown:
        with database.write() as connection:
            for name in unknown:
                set_first_mark(connection, name, here[name], clock.now())
    with database.read() as connection:
        refuse_foreign_secrets(connection, pepper=pepper, session_key=session_key)


def refuse_foreign_secrets(
    connection: Connection, *, pepper: Pepper | None = None, session_key: str | None = None
) -> None:
    """As `confirm_secrets`, without remembering any.

    Raises:
        ConfigurationError: naming both fingerprints, and what to do.
    """
    if pepper is not None:
        refuse_foreign_pepper(connection, pepper)
    for name, value in _fingerprints(pepper, session_key).items():
        own = mark(connection, name)
        if own is not None and own.value != value:
            raise ConfigurationError(
                f"The {_CALLED[name]} here is {value}, and this installation's is {own.value}: copy it from a node "
                f"that has it, or restore it from its backup; 'pki-revocation init --replace {name}' is for one that "
                "is lost for good."
            )


def _fingerprints(pepper: Pepper | None, session_key: str | None) -> dict[MarkName, str]:
    found = {}
    if pepper is not None:
        found[MarkName.PEPPER] = pepper.id
    if session_key is not None:
        found[MarkName.SESSION_KEY] = session_key_id(session_key)
    return found
