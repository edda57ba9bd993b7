"""What the commands share that make letters: their options, who makes them, how far they are, and the exit status."""

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database
from pki_revocation.host.extras import require_extra
from pki_revocation.runtime.clock_keeping import open_clock
from pki_revocation.subscribers.languages import Language

if TYPE_CHECKING:
    from pki_revocation.documents.letters.maker import LetterMaker
    from pki_revocation.documents.letters.report import LettersReport

_NOTHING_WENT_IN = 1
_SOME_REFUSED = 3

language_option = click.option(
    "--language",
    type=click.Choice([language.value for language in Language]),
    help="For subscribers whose own language is not registered; that of [letters] without it.",
)
print_option = click.option(
    "--print-file/--no-print-file",
    "prints",
    default=None,
    help="Letters in one PDF for each hundred, or in a PDF each; as [letters] says without it.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")


def opened_maker(
    installation: Installation, database: Database, language: str | None, *, prints: bool | None = None
) -> "LetterMaker":
    """What makes letters here, in a language and a kind of file of one's own where they are given.

    Raises:
        ExtraMissing: on a machine that makes none; certificates come in there all the same.
        PageNotPublic: while [web] public_url is none that a letter may print.
    """
    require_extra("documents", "Making letters")
    from pki_revocation.documents.letters.bootstrap import letter_maker  # noqa: PLC0415 - behind the extra's sentence

    chosen = None if language is None else Language(language)
    return letter_maker(installation, database, open_clock(database), chosen, prints=prints)


def make_all(maker: "LetterMaker", folder: Path) -> "LettersReport":
    """A letter for each live certificate that has no code yet."""
    with progress_bar("Letters", maker.waiting()) as progress:
        return maker.make_all(folder, progress)


def exit_status(went_in: int, refused: int) -> int:
    """0 when everything went in, 3 when something was refused and the rest went in, 1 when nothing went in."""
    if not went_in:
        return _NOTHING_WENT_IN
    return _SOME_REFUSED if refused else 0


@contextmanager
def progress_bar(label: str, length: int | None) -> Iterator[Callable[[int], None] | None]:
    """A bar on standard error, and none where that is no terminal; a million rows are not counted beforehand."""
    if not sys.stderr.isatty():
        yield None
        return
    # A bar of unknown length wants something to iterate over, and is moved by hand all the same.
    endless = itertools.repeat(None) if length is None else None
    with click.progressbar(endless, length=length, label=label, show_pos=True, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)
