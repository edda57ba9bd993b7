"""`revoke` and `status`: what operators do for a subscriber who wrote or called."""

import json
from datetime import datetime
from pathlib import Path

import click

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import iso, whole_second
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.errors import ImpossibleDate
from pki_revocation.host.account import claimed_by
from pki_revocation.model import CertificateStatus, Channel, serial_text
from pki_revocation.proof.public_crls import remember_lost
from pki_revocation.propagation.crl_coverage import CrlCoverage, crl_coverage
from pki_revocation.reasons import OPERATOR_REASONS, RevocationReason, operator_reason
from pki_revocation.runtime.clock_keeping import open_clock
from pki_revocation.service import RevocationRequest, RevocationService

from .options import by_option, installation_option
from .supporting import supporting
from .which_certificate import find_certificate

_CHANNELS = [Channel.OPERATOR.value, Channel.POST.value, Channel.EMAIL.value]


@click.command()
@click.argument("what")
@click.option("--issuer", "issuer_name", help="The issuer, for a serial; the default one without it.")
@click.option("--reason", help=", ".join(each.token for each in OPERATOR_REASONS[1:]) + ".")
@click.option("--compromised-at", help="Since when the key is compromised: ISO 8601 with a zone.")
@click.option("--revocation-date", help="Back-date what relying parties are shown, for keyCompromise alone.")
@click.option("--channel", type=click.Choice(_CHANNELS), default=Channel.OPERATOR.value, help="How the request came.")
@click.option("--received-at", help="When the request came in, which post and email need: ISO 8601 with a zone.")
@click.option("--case", help="The request's case or ticket, for the audit trail.")
@click.option(
    "--evidence",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file that the request came with, such as a signed form: its name and SHA-256 go into the audit trail.",
)
@click.option("--older-than-certificate", is_flag=True, help="A date from before the certificate began is right.")
@by_option
@click.option("--yes", is_flag=True, help="Do not ask: a revocation can never be undone.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def revoke(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    what: str,
    issuer_name: str | None,
    reason: str | None,
    compromised_at: str | None,
    revocation_date: str | None,
    channel: str,
    received_at: str | None,
    case: str | None,
    evidence: tuple[Path, ...],
    older_than_certificate: bool,
    by: str | None,
    yes: bool,
    as_json: bool,
) -> None:
    """Revoke a certificate for good: WHAT is a number, a serial in hexadecimal, or a certificate's file."""
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        now = clock.now()
        # What this machine's published CRL lists keeps its date, also on a database that was put back just now.
        remember_lost(installation, database, clock, asks_public_address=False)
        received = _received(channel, received_at, now)
        revocation_request = RevocationRequest(
            reason=operator_reason(reason),
            channel=Channel(channel),
            compromised_at=_optional("--compromised-at", compromised_at),
            revocation_date=_optional("--revocation-date", revocation_date),
            source={
                **claimed_by(by),
                **({} if received is None else {"received_at": iso(received)}),
                **supporting(case, evidence),
            },
        )
        service = _service(database)
        issuer, serial = find_certificate(database, what, issuer_name)
        status_now = service.status(issuer, serial)
        began = status_now.certificate.not_before
        if began is not None:
            _refuse_early_request(received, began)
            # With another reason a date is refused anyway, whatever it is.
            if not older_than_certificate and revocation_request.reason is RevocationReason.KEY_COMPROMISE:
                _ask_about_early_dates(revocation_request, began, yes=yes)
        if not yes:
            subject = status_now.certificate.subject
            click.confirm(f"Revoke {subject} (serial {serial_text(serial)})? This can never be undone.", abort=True)
        confirmation = service.revoke_for_operator(issuer, serial, revocation_request)
    entry = confirmation.entry
    answer = {
        "status": "revoked",
        "serial": serial_text(serial),
        "issuer": confirmation.issuer.name,
        "revoked_at": iso(confirmation.revoked_at),
        "reason": entry.reason.token if entry.reason else None,
        "reference": entry.reference,
        "sequence": entry.sequence,
        "repeated": confirmation.repeated,
    }
    if as_json:
        click.echo(json.dumps(answer))
        return
    already = " already" if confirmation.repeated else ""
    click.echo(
        f"Revoked{already} since {answer['revoked_at']}, reference {entry.reference}, sequence {entry.sequence}."
    )


@click.command()
@click.argument("what")
@click.option("--issuer", "issuer_name", help="The issuer, for a serial; the default one without it.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def status(installation: Installation, *, what: str, issuer_name: str | None, as_json: bool) -> None:
    """Say whether a certificate is revoked: WHAT is a number, a serial in hexadecimal, or a certificate's file."""
    with installation.database() as database:
        database.check_revision()
        issuer, serial = find_certificate(database, what, issuer_name)
        found = _service(database).status(issuer, serial)
        shown_on = _coverage(database, found)
    answer = _status_answer(found)
    if as_json:
        crls = {name: [each.as_json() for each in coverage] for name, coverage in shown_on.items()}
        click.echo(json.dumps(answer | crls))
        return
    for key, value in answer.items():
        if value is not None:
            click.echo(f"{key.replace('_', ' ')}: {value}")
    for name, coverage in shown_on.items():
        for each in coverage:
            click.echo(f"{name.replace('_', ' ')}: {each}")


def _coverage(database: Database, found: CertificateStatus) -> dict[str, tuple[CrlCoverage, ...]]:
    """Since when CRLs list the revocation, and since when they show the reason that it was raised to."""
    entry = found.entry
    if entry is None:
        return {}
    with database.read() as connection:
        first = journal.first_entry(connection, entry.issuer_id, entry.serial) or entry
        shown = {"crl": crl_coverage(connection, first)}
        if first != entry:
            shown["raised_in_crl"] = crl_coverage(connection, entry)
    return shown


def _status_answer(found: CertificateStatus) -> dict[str, object]:
    entry = found.entry
    answer: dict[str, object] = {
        "status": "good" if entry is None else "revoked",
        "serial": serial_text(found.certificate.serial),
        "issuer": found.issuer.name,
        "subject": found.certificate.subject,
        "number": found.certificate.number,
        "not_after": iso(found.certificate.not_after),
    }
    if found.certificate.is_from_crl_alone:
        answer["note"] = "a CRL alone tells of this certificate: import it, and its subject and its end are known"
    if entry is not None:
        answer |= {
            "recorded_at": iso(entry.recorded_at),
            "revocation_date": iso(entry.revocation_date),
            "reason": entry.reason.token if entry.reason else None,
            "invalidity_date": iso(entry.invalidity_date) if entry.invalidity_date else None,
            "reference": entry.reference,
            "sequence": entry.sequence,
            "channel": entry.channel.value,
        }
    return answer


def _service(database: Database) -> RevocationService:
    """The service without the pepper: operators give no codes, so nothing here checks one."""
    clock = open_clock(database)
    verifier = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)
    return RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)


def _received(channel: str, received_at: str | None, now: datetime) -> datetime | None:
    """When a request by post or e-mail came in, which the 24 hours run from (EN 319 411-1 REV-6.2.4-03A)."""
    if received_at is None:
        if channel == Channel.OPERATOR.value:
            return None
        raise ImpossibleDate(
            f"A request by {channel} was received before now, and the time to act on it runs from then: say when with "
            "--received-at, as in 2026-11-23T09:15:00+01:00."
        )
    moment = _moment("--received-at", received_at)
    if moment > now:
        raise ImpossibleDate(f"--received-at {iso(moment)} lies in the future: it is {iso(now)} now.")
    return moment


def _refuse_early_request(received: datetime | None, began: datetime) -> None:
    """A request for a certificate that did not exist is a typing error, and would stand as evidence (REV-6.2.4-05A)."""
    if received is not None and received < began:
        raise ImpossibleDate(
            f"--received-at {iso(received)} lies before the certificate began, on {iso(began)}: check the year."
        )


def _ask_about_early_dates(request: RevocationRequest, began: datetime, *, yes: bool) -> None:
    """A date before the certificate began may be right, of a key that is older than it, and is public for ever."""
    dates = (("--compromised-at", request.compromised_at), ("--revocation-date", request.revocation_date))
    for option, moment in dates:
        if moment is None or moment >= began:
            continue
        sentence = f"{option} {iso(moment)} lies before the certificate began, on {iso(began)}"
        if yes:
            raise ImpossibleDate(f"{sentence}: check the year, or say with --older-than-certificate that it is right.")
        click.confirm(f"{sentence}. Is it right?", abort=True)


def _optional(option: str, text: str | None) -> datetime | None:
    return None if text is None else _moment(option, text)


def _moment(option: str, text: str) -> datetime:
    try:
        return whole_second(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ImpossibleDate(
            f"{option} {text!r} is no moment: write it as 2026-11-23T14:03:22Z, zone included."
        ) from None
