"""The keys' part of `doctor`: what ends soon, as far as this account can see, and key uses without a result."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from keys.delegation.requests import latest_delegates
from keys.files.file_key import load_certificate
from pki_revocation.cli.check_result import CheckResult
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers, issuer_of_name_and_key
from pki_revocation.runtime.clock_keeping import open_clock

from .errors import UnusableKey
from .keyring import Keyring
from .signing_audit import unfinished

# A CA's successor takes longer than a responder's.
_CA_NOTICE = timedelta(days=90)
_UNDER_WAY = timedelta(minutes=5)
_FIRST_WITHIN = timedelta(hours=1)


def check(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """One finding for each certificate that signs, and one for the trail of key uses.

    Raises:
        ConfigurationError: when [keys] is wrong.
    """
    clock = open_clock(database)
    now = clock.now()
    keyring = Keyring.open(installation, clock)
    with database.read() as connection:
        issuers = all_issuers(connection)
        left = [each for each in unfinished(connection) if now - each.at > _UNDER_WAY]
    yield from _registered_twice(issuers)
    for issuer in issuers:
        if keyring.signs_crls_for(issuer):
            last = max(each.not_valid_after_utc for each in issuer.certificates)
            yield _ends(f"CA certificate of {issuer.name}", last, now, _CA_NOTICE)
            yield from _sections(keyring, issuer)
        if keyring.answers_ocsp_for(issuer):
            yield from _delegates(database, keyring, issuer, now)
    says = "each has a result"
    if left:
        numbers = ", ".join(str(each.sequence) for each in left)
        says = f"no result follows the intents {numbers} of the audit trail: a process ended there, and may have signed"
    yield CheckResult("uses of keys", well=True, says=says)


def _delegates(database: Database, keyring: Keyring, issuer: Issuer, now: datetime) -> Iterator[CheckResult]:
    check_name = f"OCSP certificate of {issuer.name}"
    with database.read() as connection:
        registered = latest_delegates(connection, issuer)
    for each in registered:
        if each.not_after is not None and each.issued_at is not None:
            notice = (each.not_after - each.issued_at) / 4
            yield _ends(f"{check_name}, responder {each.responder.name}", each.not_after, now, notice)
    try:
        found = _here(keyring, issuer, now)
    except PkiError as error:
        if not registered:
            yield CheckResult(check_name, well=False, says=str(error))
        for each in registered:
            if each.not_after is None:
                yield CheckResult(
                    f"{check_name}, responder {each.responder.name}",
                    well=now - each.registered_at < _FIRST_WITHIN,
                    says=f"no certificate yet, registered at {iso(each.registered_at)}: do it and the publisher run?",
                )
        folder = keyring.delegates(issuer)
        # No enrolment key: none is to run here. Others' certificates say nothing of this one.
        if folder is not None and folder.enrolment.path.exists() and all(each.not_after for each in registered):
            yield CheckResult(f"{check_name}, here", well=False, says=str(error))
        return
    if found is not None:
        begin, end = found
        yield _ends(f"{check_name}, here", end, now, (end - begin) / 4)


def _registered_twice(issuers: Sequence[Issuer]) -> Iterator[CheckResult]:
    """Two issuers of one name and key, as older programs registered a renewed CA: to relying parties they are one."""
    for place, issuer in enumerate(issuers):
        other = issuer_of_name_and_key(issuers[:place], issuer.certificate)
        if other is not None:
            says = (
                f"its certificate has the name and key of {other.name!r}, and relying parties take both for one CA: "
                f"remove it while nothing hangs on it, and use 'pki-revocation issuer renew {other.name}'"
            )
            yield CheckResult(f"issuer {issuer.name}", well=False, says=says)


def _sections(keyring: Keyring, issuer: Issuer) -> Iterator[CheckResult]:
    """One CA that the configuration has two sections for: the second one would never be looked at."""
    first, *others = keyring.sections(issuer)
    if others:
        sections = ", ".join(f"[keys.{each}]" for each in others)
        says = f"[keys.{first}] counts, and {sections} of the same CA does not: leave one of them"
        yield CheckResult(f"keys of {issuer.name}", well=False, says=says)


def _here(keyring: Keyring, issuer: Issuer, now: datetime) -> tuple[datetime, datetime] | None:
    """From when to when this installation's certificate is valid; None where the CA itself signs."""
    folder = keyring.delegates(issuer)
    if folder is not None:
        current = folder.current(now)
        if current is None:
            raise UnusableKey(
                f"There is no valid certificate in {folder.path}: see 'pki-revocation keys delegate --help'."
            )
        certificate = current.certificate
    else:
        path = keyring.ocsp_certificate(issuer)
        if path is None:
            return None
        certificate = load_certificate(path)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def _ends(what: str, end: datetime, now: datetime, notice: timedelta) -> CheckResult:
    if now < end - notice:
        return CheckResult(what, well=True, says=f"valid until {iso(end)}")
    return CheckResult(
        what, well=False, says=f"{'ended' if now >= end else 'ends'} at {iso(end)}, and has no successor yet"
    )
