"""`certificate`: certificates come in, and are listed."""

import json
import sys
from pathlib import Path

import click

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.encoding.serials import from_text as serial_from_text
from pki_revocation.errors import NotFound
from pki_revocation.host.account import claimed_by
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.listing import listed
from pki_revocation.importing.serial_base import SerialBase
from pki_revocation.journal import lock_head
from pki_revocation.model import serial_text
from pki_revocation.numbers import grouped
from pki_revocation.proof.public_crls import remember_lost
from pki_revocation.register.barred import barred_among, lift_bars
from pki_revocation.register.issuers import issuer_named
from pki_revocation.runtime.clock_keeping import open_clock

from .import_report import SHOWN, import_report, teller
from .letter_making import exit_status, json_option, language_option, make_all, opened_maker, print_option, progress_bar
from .options import by_option, installation_option


@click.group()
def certificate() -> None:
    """The certificates that can be revoked here."""


@certificate.command(name="import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--issuer", "issuer_name", help="The issuer of an index.txt's or CSV's rows; the default one without it.")
@click.option(
    "--letters",
    type=click.Path(file_okay=False, path_type=Path),
    help="Make a letter here for every live certificate that has no code yet, also from an earlier import.",
)
@click.option(
    "--serials",
    type=click.Choice([base.name.lower() for base in SerialBase]),
    help="How serials in CSV are written; without it the file shows it, hexadecimal if there is doubt.",
)
@click.option(
    "--report",
    "report_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write every refusal and remark into this file, as JSON lines, and only the first of them here.",
)
@language_option
@print_option
@json_option
@installation_option
def import_(  # noqa: PLR0913 - an argument for each option
    installation: Installation,
    *,
    files: tuple[Path, ...],
    issuer_name: str | None,
    letters: Path | None,
    serials: str | None,
    report_file: Path | None,
    language: str | None,
    prints: bool | None,
    as_json: bool,
) -> None:
    """Register certificates: PEM, DER, folders of them, an OpenSSL index.txt, or CSV with a header line.

    Certificates must be signed by a registered issuer. Revoked rows go into the journal with their own dates. Every
    live certificate gets a number, and with --letters a code and a letter. An index or CSV says what is revoked, and
    its certificates the rest, in any order and in a later run too; a row that is refused bars its serial.

    Exit status: 0 when everything went in or stands there already, 3 when something was refused and the rest went in, 1
    when nothing went in.
    """
    with import_report(report_file) as written, installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        # Letters need the pepper: better to miss it before a million rows than after.
        maker = None if letters is None else opened_maker(installation, database, language, prints=prints)
        # What this machine's published CRL lists comes in as revoked, also on a database that was put back just now.
        remember_lost(installation, database, clock, asks_public_address=False)
        importer = Importer(database=database, clock=clock, audit=AuditTrail(clock))
        with progress_bar("Importing", None) as progress:
            base = None if serials is None else SerialBase[serials.upper()]
            report = importer.run(files, issuer_name, progress, serials=base, told=teller(written))
        if written is not None:
            written.end(report)
        made = None if maker is None or letters is None else make_all(maker, letters)
    if as_json:
        click.echo(json.dumps(report.as_json() | ({} if made is None else {"letters": made.as_json()})))
    else:
        click.echo(report.text() if written is None else report.text(most=SHOWN))
        if made is not None:
            click.echo(made.text())
    lettered, unlettered = (0, 0) if made is None else (made.made + len(made.manifests), len(made.refused))
    sys.exit(exit_status(report.taken + lettered, report.refused_in_all + unlettered))


@certificate.command()
@click.argument("serials", nargs=-1, required=True, metavar="SERIAL...")
@click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
@click.option("--reason", required=True, help="Why they may come in as live, for the audit trail, such as a ticket.")
@by_option
@installation_option
def unbar(
    installation: Installation, *, serials: tuple[str, ...], issuer_name: str | None, reason: str, by: str | None
) -> None:
    """Let certificates come in as live that are barred, because a list said that they are on hold or something unclear.

    Only after the CA that issued them released the hold: relying parties may have seen them as revoked. One that is
    revoked for good needs no command: import a list that says so. `doctor` names what is barred.
    """
    if not reason.strip():
        raise click.ClickException("The audit trail wants a reason, such as a ticket: say it with --reason.")
    chosen = [_serial(text) for text in serials]
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        with database.write() as connection:
            issuer = issuer_named(connection, issuer_name)
            lock_head(connection, issuer.id)
            barred = barred_among(connection, issuer.id, chosen)
            if missing := [serial_text(serial) for serial in chosen if serial not in barred]:
                raise NotFound(f"Not barred for {issuer.name}: {', '.join(missing)}. Nothing was changed.")
            lift_bars(connection, issuer.id, chosen)
            bars = [
                {"serial": serial_text(each.serial), "kind": each.kind, "why": each.why} for each in barred.values()
            ]
            detail = {"issuer": issuer.name, "lifted": len(bars), "bars": bars, "reason": reason}
            AuditTrail(clock).record(connection, "certificates.unbarred", detail, personal=claimed_by(by, key="by"))
    click.echo(f"{len(chosen):,} may come in as live now. Import {'it' if len(chosen) == 1 else 'them'} again.")


@certificate.command(name="list")
@click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@json_option
@installation_option
def list_(installation: Installation, *, issuer_name: str | None, limit: int, as_json: bool) -> None:
    """List certificates in the order in which they came in."""
    with installation.database() as database:
        database.check_revision()
        now = open_clock(database).now()
        with database.read() as connection:
            rows = listed(connection, issuer_named(connection, issuer_name), limit)
            if as_json:
                click.echo(json.dumps([row.as_json(now) for row in rows]))
                return
            for row in rows:
                number = grouped(row.number) if row.number else "-"
                serial = serial_text(row.serial)
                click.echo(f"{number:<14}  {row.status(now):<7}  {iso(row.not_after)}  {serial}  {row.subject}")


def _serial(text: str) -> int:
    try:
        return serial_from_text(text)
    except ValueError as error:
        raise NotFound(f"{error}.") from None
