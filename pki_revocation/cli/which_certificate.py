"""Which certificate is meant, when an operator names a file, a number or a serial on the command line."""

from pathlib import Path

from sqlalchemy import Connection

from pki_revocation.database.engine import Database
from pki_revocation.encoding.serials import from_text
from pki_revocation.errors import MistypedNumber, NotFound, PkiError
from pki_revocation.importing.candidates import CandidateRefused, RefusalKind
from pki_revocation.importing.known_issuers import KnownIssuers
from pki_revocation.importing.pem_der import certificate_in
from pki_revocation.model import IssuedCertificate
from pki_revocation.numbers import parse_number
from pki_revocation.register.certificates import certificate_with_number
from pki_revocation.register.issuers import all_issuers, issuer_named, issuer_with_id


def find_certificate(database: Database, what: str, issuer_name: str | None) -> tuple[str, int]:
    """The issuer's name and the serial: a file wins over a number, a number over a serial.

    A file's issuer is the registered one that signed it; a serial's is the one named, or the default one.

    Raises:
        NotFound: when nothing like it is registered, or it reads as none of the three.
        PkiError: when the file is no certificate, or no registered issuer signed it.
    """
    path = Path(what)
    with database.read() as connection:
        if path.is_file():
            return _from_file(connection, path)
        try:
            number = parse_number(what)
        except MistypedNumber:
            return issuer_named(connection, issuer_name).name, _serial(what)
        known = certificate_with_number(connection, number)
        if known is None:
            raise NotFound(f"There is no certificate with number {what}.")
        issuer = issuer_with_id(connection, known.issuer_id)
        if issuer is None:
            raise NotFound(f"There is no issuer of number {what}.")
        return issuer.name, known.serial


def certificate_numbered(connection: Connection, typed: str) -> IssuedCertificate:
    """The certificate with the number that the operator typed.

    Raises:
        MistypedNumber: when it is none.
        NotFound: when no certificate has it.
    """
    found = certificate_with_number(connection, parse_number(typed))
    if found is None:
        raise NotFound("There is no certificate with this number: compare it with 'pki-revocation certificate list'.")
    return found


def _from_file(connection: Connection, path: Path) -> tuple[str, int]:
    try:
        certificate = certificate_in(path.read_bytes())
        issuer = KnownIssuers(all_issuers(connection)).signer_of(certificate)
    except CandidateRefused as refused:
        if refused.kind is RefusalKind.BROKEN:
            raise PkiError(f"{path} is no certificate: give a PEM or DER file. {refused}") from None
        raise PkiError(f"{path}: {refused}") from None
    return issuer.name, certificate.serial


def _serial(text: str) -> int:
    try:
        return from_text(text)
    except ValueError:
        raise NotFound(f"{text!r} is no number, no serial in hexadecimal, and no file.") from None
