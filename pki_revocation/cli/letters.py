"""`letter`: revocation codes, and the letters in which they stand."""

import json
import sys
from pathlib import Path

import click

from pki_revocation.config.installation import Installation
from pki_revocation.numbers import parse_number

from .covering import cover
from .letter_making import exit_status, json_option, language_option, make_all, opened_maker, print_option, progress_bar
from .options import by_option, installation_option


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


letter.add_command(cover)


@letter.command()
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option("--all", "every", is_flag=True, help="For every live certificate that has no code yet.")
@click.option(
    "--letters",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the letters; it is made when it is missing.",
)
@language_option
@print_option
@json_option
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
        maker = opened_maker(installation, database, language, prints=prints)
        if every:
            report = make_all(maker, letters)
        else:
            with progress_bar("Letters", len(chosen)) as progress:
                report = maker.make(chosen, letters, progress)
    click.echo(json.dumps(report.as_json()) if as_json else report.text())
    # Nothing to do is no failure: --all may be run every night.
    sys.exit(exit_status(report.made or int(every and not report.refused), len(report.refused)))


@letter.command()
@click.argument("numbers", nargs=-1, required=True, metavar="NUMBER...")
@click.option(
    "--letters",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the letters; it is made when it is missing.",
)
@by_option
@language_option
@json_option
@installation_option
def reissue(
    installation: Installation,
    *,
    numbers: tuple[str, ...],
    letters: Path,
    by: str | None,
    language: str | None,
    as_json: bool,
) -> None:
    """Make new codes and letters for these numbers: the codes that they had open nothing from then on.

    For a letter that was lost, or that others may have read. Exit status as for `letter make`.
    """
    chosen = [parse_number(number) for number in numbers]
    with installation.database() as database:
        database.check_revision()
        maker = opened_maker(installation, database, language)
        with progress_bar("Letters", len(chosen)) as progress:
            report = maker.reissue(chosen, letters, by=by, progress=progress)
    click.echo(json.dumps(report.as_json()) if as_json else report.text())
    sys.exit(exit_status(report.made, len(report.refused)))
