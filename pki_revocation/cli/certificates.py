"""`certificate` and `letter`: certificates come in, are listed, and get the letters with their number and code."""

import getpass
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.encoding.serials import from_text as serial_from_text
from pki_revocation.errors import NotFound
from pki_revocation.host.extras import require_extra
from pki_revocation.importing.importer import Importer
from pki_revocation.importing.listing import listed
from pki_revocation.importing.serial_base import SerialBase
from pki_revocation.journal import lock_head
from pki_revocation.model import serial_text
from pki_revocation.numbers import grouped, parse_number
from pki_revocation.register.barred import barred_among, lift_bars
from pki_revocation.register.issuers import issuer_named
from pki_revocation.runtime.clock_keeping import open_clock
from pki_revocation.subscribers.languages import Language

from .options import installation_option

if TYPE_CHECKING:
    from pki_revocation.documents.letters.maker import LetterMaker
    from pki_revocation.documents.letters.report import LettersReport

_NOTHING_WENT_IN = 1
_SOME_REFUSED = 3

_language_option = click.option(
    "--language",
    type=click.Choice([language.value for language in Language]),
    help="For subscribers whose own language is not registered; that of [letters] without it.",
)
_print_option = click.option(
    "--print-file/--no-print-file",
    "prints",
    default=None,
    help="Letters in one PDF for each hundred, or in a PDF each; as [letters] says without it.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")


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
@_language_option
@_print_option
@_json_option
@installation_option
def import_(  # noqa: PLR0913 - an argument for each option
    installation: Installation,
    *,
    files: tuple[Path, ...],
    issuer_name: str | None,
    letters: Path | None,
    serials: str | None,
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
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        # Letters need the pepper: better to miss it before a million rows than after.
        maker = None if letters is None else _maker(installation, database, language, prints=prints)
        importer = Importer(database=database, clock=clock, audit=AuditTrail(clock))
        with _progress("Importing", None) as progress:
            base = None if serials is None else SerialBase[serials.upper()]
            report = importer.run(files, issuer_name, progress, serials=base)
        made = None if maker is None or letters is None else _make_all(maker, letters)
    if as_json:
        click.echo(json.dumps(report.as_json() | ({} if made is None else {"letters": made.as_json()})))
    else:
        click.echo(report.text())
        if made is not None:
            click.echo(made.text())
    lettered, unlettered = (0, 0) if made is None else (made.made + len(made.manifests), len(made.refused))
    sys.exit(_exit_status(report.taken + lettered, report.refused_in_all + unlettered))


@certificate.command()
@click.argument("serials", nargs=-1, required=True, metavar="SERIAL...")
@click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
@click.option("--reason", required=True, help="Why they may come in as live, for the audit trail, such as a ticket.")
@click.option("--by", default=getpass.getuser, help="The operator, for the audit trail; the account's name without it.")
@installation_option
def unbar(
    installation: Installation, *, serials: tuple[str, ...], issuer_name: str | None, reason: str, by: str
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
            AuditTrail(clock).record(connection, "certificates.unbarred", detail, personal={"by": by})
    click.echo(f"{len(chosen):,} may come in as live now. Import {'it' if len(chosen) == 1 else 'them'} again.")


@certificate.command(name="list")
@click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many at most.")
@_json_option
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


class _LettersGroup(click.Group):
    """`letter NUMBER…` and `letter --all` mean `letter make`, which is the command that is wanted most."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in `make` where no command is named."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["make", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_LettersGroup)
def letter() -> None:
    """Revocation codes and the letters that they stand in; without a command's name, `make` is meant."""


@letter.command()
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--all", "every", is_flag=True, help="For every live certificate that has no code yet.")
@click.option(
    "--letters",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the letters; it is made when it is missing.",
)
@_language_option
@_print_option
@_json_option
@installation_option
def make(  # noqa: PLR0913 - an argument for each option
    installation: Installation,
    *,
    numbers: tuple[str, ...],
    every: bool,
    letters: Path,
    language: str | None,
    prints: bool | None,
    as_json: bool,
) -> None:
    """Make revocation codes and the letters that they stand in, for the numbers given or for --all.

    A code stands in its letter alone: it is stored as a hash, and cannot be shown again. A certificate that has
    one already, is revoked or expired gets no letter.

    Exit status: 0 when every letter was made, 3 when one was refused and the rest was made, 1 when none was made.
    """
    if every == bool(numbers):
        raise click.UsageError("Give the numbers to make letters for, or --all.")
    # Typing errors are found before anything is made.
    chosen = [parse_number(number) for number in numbers]
    with installation.database() as database:
        database.check_revision()
        maker = _maker(installation, database, language, prints=prints)
        if every:
            report = _make_all(maker, letters)
        else:
            with _progress("Letters", len(chosen)) as progress:
                report = maker.make(chosen, letters, progress)
    click.echo(json.dumps(report.as_json()) if as_json else report.text())
    # Nothing to do is no failure: --all may be run every night.
    sys.exit(_exit_status(report.made or int(every and not report.refused), len(report.refused)))


@letter.command()
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@click.option(
    "--letters",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the letters; it is made when it is missing.",
)
@click.option("--by", default=getpass.getuser, help="The operator, for the audit trail; the account's name without it.")
@_language_option
@_json_option
@installation_option
def reissue(
    installation: Installation,
    *,
    numbers: tuple[str, ...],
    letters: Path,
    by: str,
    language: str | None,
    as_json: bool,
) -> None:
    """Make new codes and letters for these numbers: the codes that they had open nothing from then on.

    For a letter that was lost, or that others may have read. Exit status as for `letter make`.
    """
    chosen = [parse_number(number) for number in numbers]
    with installation.database() as database:
        database.check_revision()
        maker = _maker(installation, database, language)
        with _progress("Letters", len(chosen)) as progress:
            report = maker.reissue(chosen, letters, by=by, progress=progress)
    click.echo(json.dumps(report.as_json()) if as_json else report.text())
    sys.exit(_exit_status(report.made, len(report.refused)))


def _serial(text: str) -> int:
    try:
        return serial_from_text(text)
    except ValueError as error:
        raise NotFound(f"{error}.") from None


def _maker(
    installation: Installation, database: Database, language: str | None, *, prints: bool | None = None
) -> "LetterMaker":
    # Certificates come in on machines that make no letters, too.
    require_extra("documents", "Making letters")
    from pki_revocation.documents.letters.bootstrap import letter_maker  # noqa: PLC0415 - behind the extra's sentence

    chosen = None if language is None else Language(language)
    return letter_maker(installation, database, open_clock(database), chosen, prints=prints)


def _make_all(maker: "LetterMaker", folder: Path) -> "LettersReport":
    with _progress("Letters", maker.waiting()) as progress:
        return maker.make_all(folder, progress)


def _exit_status(went_in: int, refused: int) -> int:
    if not went_in:
        return _NOTHING_WENT_IN
    return _SOME_REFUSED if refused else 0


@contextmanager
def _progress(label: str, length: int | None) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error, and none where that is no terminal; a million rows are not counted beforehand."""
    if not sys.stderr.isatty():
        yield None
        return
    # A bar of unknown length wants something to iterate over, and is moved by hand all the same.
    endless = itertools.repeat(None) if length is None else None
    with click.progressbar(endless, length=length, label=label, show_pos=True, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)
