"""Writes every command's page of help beside its module: `python -m tests.help_pages`, or `make help-pages`."""

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from pki_revocation.cli.help_pages import COLUMNS, COMMANDS_GROUP, FOLDER, page_path
from pki_revocation.cli.program import program
from pki_revocation.host.installed import PROGRAM

Words = tuple[str, ...]
ROOT = Path(__file__).parents[1]


def commands() -> Iterator[Words]:
    """Every command and every subcommand: the words after `pki-revocation`."""
    with click.Context(program) as context:
        yield from _below(program, context, ())


def pages() -> dict[Path, str]:
    """What each page says, and where it lies; the program's own is one of them."""
    runner = CliRunner()
    # click leaves two of a terminal's columns free.
    how: dict[str, Any] = {"prog_name": PROGRAM, "terminal_width": COLUMNS - 2, "catch_exceptions": False}
    found = {}
    for words in ((), *commands()):
        path = page_path(words)
        if path is None:
            raise LookupError(words)
        found[path] = runner.invoke(program, [*words, "--help"], **how).output
    return found


def stored() -> set[Path]:
    """The pages that are there."""
    packages = {point.module.partition(".")[0] for point in entry_points(group=COMMANDS_GROUP)}
    return {page for package in packages for page in (ROOT / package).rglob(f"{FOLDER}/*.txt")}


def write() -> None:
    """Write all pages, and take away those of commands that are gone."""
    wanted = pages()
    for path in stored() - wanted.keys():
        path.unlink()
    for path, page in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(page, "utf-8")


def _below(group: click.Group, context: click.Context, above: Words) -> Iterator[Words]:
    for name in group.list_commands(context):
        words = (*above, name)
        yield words
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from _below(found, click.Context(found, parent=context), words)


if __name__ == "__main__":
    write()
