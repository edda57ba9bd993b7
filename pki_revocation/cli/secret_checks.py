"""`doctor` on the installation's secrets: whether they are here, and are its own."""

from collections.abc import Iterator

from sqlalchemy import func, select

from pki_revocation.codes import Pepper
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper, load_session_key
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import revocation_codes
from pki_revocation.errors import PkiError
from pki_revocation.register.own_secrets import refuse_foreign_secrets, session_key_id

from .check_result import CheckResult


def pepper_and_codes(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """Codes die silently with their pepper: a subscriber would only be told that number and code do not fit."""
    try:
        pepper: Pepper | None = load_pepper(installation)
    except PkiError as error:
        yield CheckResult("pepper", well=False, says=str(error))
        pepper = None
    with database.read() as connection:
        rows = connection.execute(
            select(revocation_codes.c.pepper_id, func.count())
            .where(revocation_codes.c.retired_at.is_(None))
            .group_by(revocation_codes.c.pepper_id)
        ).all()
    for pepper_id, count in rows:
        well = pepper is not None and pepper_id == pepper.id
        says = f"{count} codes were made with pepper {pepper_id}"
        yield CheckResult(
            "codes", well, says if well else f"{says}, which is not here: restore it, or reissue the letters"
        )
    if pepper is None or rows:
        return
    try:
        with database.read() as connection:
            refuse_foreign_secrets(connection, pepper=pepper)
    except PkiError as error:
        yield CheckResult("pepper", well=False, says=str(error))
    else:
        yield CheckResult("pepper", well=True, says=f"{pepper.id}, no code made with it yet")


def session_key(installation: Installation, database: Database) -> CheckResult:
    """Forms and receipts of one node open on no other that has another one."""
    try:
        key = load_session_key(installation)
        with database.read() as connection:
            refuse_foreign_secrets(connection, session_key=key)
    except PkiError as error:
        return CheckResult("session key", well=False, says=str(error))
    return CheckResult("session key", well=True, says=session_key_id(key))
