"""`doctor` and the core's checks: what would fail silently, said out loud; and what a restored database lacks."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy import func, select

from pki_revocation import journal
from pki_revocation.audit import AuditBroken, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal as rows
from pki_revocation.errors import PkiError
from pki_revocation.host.account import claimed_by
from pki_revocation.host.installed import brought
from pki_revocation.propagation.responders import expected, live_responders
from pki_revocation.register.issuers import all_issuers
from pki_revocation.register.marks import MarkName, mark
from pki_revocation.runtime.clock_keeping import open_clock

from .check_result import CheckResult
from .contact_check import contact_findings
from .machine_checks import accounts, clocks, disks, proxies, services
from .options import installation_option
from .register_checks import register_findings, trusted_with_compromised_keys
from .restoration import restorations
from .secret_checks import pepper_and_codes, session_key

CHECKS_GROUP = "pki_revocation.checks"
_APPLIED_WITHIN = timedelta(seconds=5)


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--restore", is_flag=True, help="Take back what an old backup lacks, from published CRLs or FILES.")
@click.option("--yes", is_flag=True, help="With --restore: do not ask. What is revoked stays revoked.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def doctor(installation: Installation, *, files: tuple[Path, ...], restore: bool, yes: bool, as_json: bool) -> None:
    """Check the database, the journal, the audit chain, the secrets and the CRLs; exit status 1 when one is wrong.

    With --restore, after a database came back from an old backup: take revocations that public CRLs list, or those of
    FILES in DER or PEM, back into the journal. Exit status 1 when something on them stays as it is here.
    """
    if restore:
        _restore(installation, files, yes=yes, as_json=as_json)
        return
    if files:
        raise click.UsageError("Files are evidence for --restore: give that too, or no file.")
    findings = list(examine(installation))
    if as_json:
        click.echo(json.dumps([{"check": each.check, "well": each.well, "says": each.says} for each in findings]))
    else:
        for each in findings:
            click.echo(f"{'ok   ' if each.well else 'WRONG'}  {each.check}: {each.says}")
    if not all(each.well for each in findings):
        click.get_current_context().exit(1)


def _restore(installation: Installation, files: tuple[Path, ...], *, yes: bool, as_json: bool) -> None:
    with installation.database() as database:
        database.check_revision()
        found = list(restorations(installation, database, files))
        if not as_json:
            for each in found:
                for line in each.lines():
                    click.echo(line)
        changes = sum(each.changes for each in found)
        if changes and not yes:
            click.confirm(f"Write {changes} rows into the journal? This can never be undone.", abort=True, err=as_json)
        source = claimed_by(None)
        done = [(each, each.carry_out(source) if each.changes else None) for each in found]
    stays = sum(len(each.stays) for each in found)
    if as_json:
        click.echo(json.dumps([each.as_json() | {"done": sentence} for each, sentence in done]))
    else:
        _tell([sentence for _, sentence in done if sentence is not None], stays)
    if stays:
        click.get_current_context().exit(1)


def _tell(done: Sequence[str], stays: int) -> None:
    for sentence in done:
        click.echo(sentence)
    if stays:
        click.echo(f"{stays} stay as they are, and differ from what relying parties were shown: see the lines above.")
    elif not done:
        click.echo("The journal has every revocation that the public CRLs list: nothing was to be done.")


def examine(installation: Installation) -> Iterator[CheckResult]:
    """Run every check; what one needs and cannot have is a finding, not an error."""
    yield from services(installation)
    yield from (CheckResult(*finding) for finding in contact_findings(installation))
    with installation.database() as database:
        try:
            database.check_revision()
        except PkiError as error:
            yield CheckResult("database", well=False, says=str(error))
            return
        yield CheckResult("database", well=True, says=str(database))
        yield from _journal(database)
        yield from clocks(database)
        yield _audit(database)
        yield from pepper_and_codes(installation, database)
        yield session_key(installation, database)
        yield _backups(database)
        yield from accounts(installation)
        yield from proxies(installation, database)
        yield disks(installation, database)
        yield from _responders(database)
        yield from (CheckResult(*finding) for finding in register_findings(database))
        if wrong := trusted_with_compromised_keys(database, open_clock(database).now()):
            yield CheckResult("compromised keys", well=False, says=wrong)
        yield from _of_upper_packages(installation, database)


def _of_upper_packages(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """Checks come in by entry point: functions that take the installation and the database, and give findings."""
    for point in sorted(brought(CHECKS_GROUP), key=lambda point: point.name):
        try:
            yield from point.load()(installation, database)
        except PkiError as error:
            yield CheckResult(point.name, well=False, says=str(error))


def _journal(database: Database) -> Iterator[CheckResult]:
    """A gap, or a head that is not the last row's, means that rows were lost."""
    with database.read() as connection:
        for issuer in all_issuers(connection):
            count, last = connection.execute(
                select(func.count(), func.coalesce(func.max(rows.c.sequence), 0)).where(rows.c.issuer_id == issuer.id)
            ).one()
            head = journal.read_head(connection, issuer.id)
            says = f"{count} rows, last sequence {last}, head {head.sequence}"
            well = count == last == head.sequence
            yield CheckResult(
                f"journal of {issuer.name}", well, says if well else f"{says}: rows are missing, restore a backup"
            )


def _audit(database: Database) -> CheckResult:
    with database.read() as connection:
        try:
            count = verify_chain(connection)
            verify_journal(connection)
        except AuditBroken as error:
            return CheckResult("audit chain", well=False, says=str(error))
    return CheckResult(
        "audit chain", well=True, says=f"{count} records, unbroken, and the journal is what they vouch for"
    )


def _backups(database: Database) -> CheckResult:
    """When one was made last, and tried: to be looked at by people, since others may back up by other means."""
    with database.read() as connection:
        made, tried = mark(connection, MarkName.BACKUP), mark(connection, MarkName.DRILL)
    says = "'pki-revocation backup' made none yet" if made is None else f"the last one was made at {iso(made.at)}"
    trial = "none was tried yet ('restore --drill')" if tried is None else f"one was tried at {iso(tried.at)}"
    return CheckResult("backups", well=True, says=f"{says}; {trial}")


def _responders(database: Database) -> Iterator[CheckResult]:
    """Which responders are behind the journal, or cannot read it: nothing here is wrong where no responder runs."""
    now = open_clock(database).now()
    with database.read() as connection:
        for each in expected(connection):
            if each.is_lost(now):
                yield CheckResult(
                    f"OCSP responder {each.name}",
                    well=False,
                    says=f"nothing was heard of it since {iso(each.reported_at)}: start it, or, if it is gone for "
                    f"good, run 'pki-revocation ocsp responders --remove {each.name}'",
                )
        for issuer in all_issuers(connection):
            live = live_responders(connection, issuer.id, now)
            if not live:
                continue
            head = journal.read_head(connection, issuer.id)
            # What was written just now may be on its way to them.
            settled = now - head.last_at > _APPLIED_WITHIN
            behind = [each for each in live if not each.current or (settled and each.sequence < head.sequence)]
            says = f"{len(live) - len(behind)} of {len(live)} keep up with the journal, which ends at {head.sequence}"
            hosts = ", ".join(sorted({each.host for each in behind}))
            yield CheckResult(
                f"OCSP responders of {issuer.name}", not behind, f"{says}: see the log on {hosts}" if behind else says
            )
