"""`doctor` and the core's checks: what would fail silently, said out loud; and what a restored database lacks."""

import getpass
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import click
from sqlalchemy import func, select

from pki_revocation import journal
from pki_revocation.audit import AuditBroken, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.clock import iso
from pki_revocation.codes import Pepper
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import load_pepper, load_session_key
from pki_revocation.config.service_accounts import ServiceAccountSettings, problems
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import journal as rows
from pki_revocation.database.schema import revocation_codes
from pki_revocation.errors import PkiError
from pki_revocation.host.disk_space import full_disks
from pki_revocation.host.installed import brought
from pki_revocation.propagation.responders import expected, live_responders
from pki_revocation.rate_limiting.proxy_sightings import ProxyTrouble, recent_sightings
from pki_revocation.rate_limiting.settings import LimitSettings
from pki_revocation.register.clock_look import clock_troubles
from pki_revocation.register.issuers import all_issuers
from pki_revocation.register.journal_heads import wrong_heads
from pki_revocation.register.marks import MarkName, mark
from pki_revocation.register.own_secrets import refuse_foreign_secrets, session_key_id
from pki_revocation.runtime.clock_keeping import open_clock, process_trouble
from pki_revocation.runtime.service_states import supervised_services

from .contact_check import contact_findings
from .options import installation_option
from .register_checks import register_findings, trusted_with_compromised_keys
from .restoration import restorations

CHECKS_GROUP = "pki_revocation.checks"
_APPLIED_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was checked, whether it is well, and what to do when it is not."""

    check: str
    well: bool
    says: str


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--restore", is_flag=True, help="Take back what an old backup lacks, from published CRLs or FILES.")
@click.option("--yes", is_flag=True, help="With --restore: do not ask. What is revoked stays revoked.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def doctor(installation: Installation, *, files: tuple[Path, ...], restore: bool, yes: bool, as_json: bool) -> None:
    """Check the database, the journal, the audit chain, the secrets and the CRLs; exit status 1 when one is wrong.

    With --restore, after a database came back from an old backup: take revocations that public CRLs list, or those of
    FILES in DER or PEM, back into the journal.
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
        source = {"operator": getpass.getuser()}
        done = [(each, each.carry_out(source) if each.changes else None) for each in found]
    if as_json:
        click.echo(json.dumps([each.as_json() | {"done": sentence} for each, sentence in done]))
        return
    for _, sentence in done:
        if sentence is not None:
            click.echo(sentence)
    if not changes:
        click.echo("The journal has every revocation that the public CRLs list: nothing was to be done.")


def examine(installation: Installation) -> Iterator[CheckResult]:
    """Run every check; what one needs and cannot have is a finding, not an error."""
    yield from _services(installation)
    yield from (CheckResult(*finding) for finding in contact_findings(installation))
    with installation.database() as database:
        try:
            database.check_revision()
        except PkiError as error:
            yield CheckResult("database", well=False, says=str(error))
            return
        yield CheckResult("database", well=True, says=str(database))
        yield from _journal(database)
        yield from _clocks(database)
        yield _audit(database)
        yield from _pepper(installation, database)
        yield _session_key(installation, database)
        yield _backups(database)
        yield from _accounts(installation)
        yield from _proxies(installation, database)
        yield _disks(installation, database)
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


def _services(installation: Installation) -> Iterator[CheckResult]:
    """Those of `serve all`, where it runs on this machine; under systemd, `systemctl` knows them."""
    states = list(supervised_services(installation.directory))
    for state in states:
        if not state.is_well:
            yield CheckResult(f"service {state.name}", well=False, says=str(state))
    if states and all(state.is_well for state in states):
        yield CheckResult("services", well=True, says=f"{len(states)} run")


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


def _clocks(database: Database) -> Iterator[CheckResult]:
    """This process's clock, each machine's, and where a journal is ahead of them."""
    clock = open_clock(database)
    own = process_trouble(clock.machine) or clock.witnesses().trouble
    with database.read() as connection:
        machines = clock_troubles(connection, clock.now())
        ahead = wrong_heads(connection, clock, certain=False)
    if own is not None:
        yield CheckResult(
            "clock",
            well=False,
            says=f"{own}: correct it, or, if it is right, say so with 'pki-revocation clock accept'",
        )
    elif not machines:
        yield CheckResult("clock", well=True, says="no second clock is known: this system has no boot clock")
    for seen, trouble in machines:
        well = not trouble
        says = f"{seen.observed_offset:+d} s from its boot clock, seen at {iso(seen.observed_at)}"
        if seen.server_offset is not None:
            says = f"{seen.server_offset:+d} s from the database server's, {says}"
        advice = "correct it, or, if it is right, run 'pki-revocation clock accept' there"
        yield CheckResult(f"clock of {seen.host}", well, says if well else f"{trouble}: {advice}")
    for issuer, last_at in ahead:
        yield CheckResult(
            f"clock of {issuer.name}",
            well=False,
            says=f"its journal has reached {iso(last_at)}, and it is {iso(clock.now())}: a clock was ahead, or this "
            "one is behind; correct it, or, if it is right, take the journal back with 'pki-revocation clock accept'",
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


def _pepper(installation: Installation, database: Database) -> Iterator[CheckResult]:
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


def _disks(installation: Installation, database: Database) -> CheckResult:
    """What is written on this machine: CRLs, and the database where it is a file."""
    folders = [installation.directory, installation.path("published")]
    if database.is_sqlite:
        folders.append(Path(str(database.url.database)).parent)
    full = full_disks(folders)
    return CheckResult("disk", not full, " ".join(full) if full else "there is room")


def _session_key(installation: Installation, database: Database) -> CheckResult:
    try:
        session_key = load_session_key(installation)
        with database.read() as connection:
            refuse_foreign_secrets(connection, session_key=session_key)
    except PkiError as error:
        return CheckResult("session key", well=False, says=str(error))
    return CheckResult("session key", well=True, says=session_key_id(session_key))


def _backups(database: Database) -> CheckResult:
    """When one was made last, and tried: to be looked at by people, since others may back up by other means."""
    with database.read() as connection:
        made, tried = mark(connection, MarkName.BACKUP), mark(connection, MarkName.DRILL)
    says = "'pki-revocation backup' made none yet" if made is None else f"the last one was made at {iso(made.at)}"
    trial = "none was tried yet ('restore --drill')" if tried is None else f"one was tried at {iso(tried.at)}"
    return CheckResult("backups", well=True, says=f"{says}; {trial}")


def _accounts(installation: Installation) -> Iterator[CheckResult]:
    """Which process could read more than it should; nothing is wrong where one account runs all of them."""
    try:
        named = installation.section(ServiceAccountSettings).by_service()
        found = list(problems(installation)) if named else []
    except PkiError as error:
        found = [str(error)]
    for sentence in found:
        yield CheckResult("accounts", well=False, says=sentence)
    if not found:
        says = "each reads what it needs" if named else "[accounts] names none, so that one may run every service"
        yield CheckResult("accounts", well=True, says=says)


def _proxies(installation: Installation, database: Database) -> Iterator[CheckResult]:
    """Without a proxy's word on where requests come from, all of its clients are one source."""
    try:
        named = installation.section(LimitSettings).trusted_proxies
    except PkiError as error:
        yield CheckResult("proxies", well=False, says=str(error))
        return
    with database.read() as connection:
        found = recent_sightings(connection, open_clock(database).now())
    # One that has been named or taken out since waits for the service's next start, and not for a day.
    standing = [each for each in found if named.trusts(each.address) is (each.trouble is ProxyTrouble.SILENT)]
    for sighting in standing:
        yield CheckResult("proxies", well=False, says=str(sighting))
    if not standing:
        says = f"[limits] trusted_proxies names {named}" if str(named) else "none is named, and none was seen"
        yield CheckResult("proxies", well=True, says=says)


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
