"""Help as pages in files beside the commands' modules, so that asking for it costs what reading a file does.

A command's module imports what the command does, which takes a second of the processor and says nothing about its
options. The pages are what the commands say of themselves: `make help-pages` writes them, and a test holds them
against the commands. Where there is none, as for a command that another distribution brings, the command itself is
asked; so it is on a terminal too narrow for the pages.
"""

import importlib.util
import shutil
from collections.abc import Sequence
from importlib.metadata import EntryPoint
from pathlib import Path

from pki_revocation.host.installed import brought

COMMANDS_GROUP = "pki_revocation.commands"
HELP_OPTIONS = ("-h", "--help")
FOLDER = "help_pages"
# What pages are written for: wider terminals get the same.
COLUMNS = 80


def stored_page(arguments: Sequence[str]) -> str | None:
    """What `pki-revocation ARGUMENTS` prints, where that is a page of help and is stored; None where not."""
    if not arguments or arguments[-1] not in HELP_OPTIONS or shutil.get_terminal_size().columns < COLUMNS:
        return None
    path = page_path(tuple(arguments[:-1]))
    return path.read_text("utf-8") if path is not None and path.is_file() else None


def page_path(words: tuple[str, ...]) -> Path | None:
    """The file of a command's page, given the words after `pki-revocation`; None for a command that does not exist.

    The program's own page lists all commands: with others than those that were there when it was written, it is none.
    """
    points = brought(COMMANDS_GROUP)
    if not words:
        return Path(__file__).parent / FOLDER / f"commands-{len(points.names)}.txt"
    folder = next((_folder(point) for point in points if point.name == words[0]), None)
    return None if folder is None else folder / f"{'.'.join(words)}.txt"


def _folder(point: EntryPoint) -> Path | None:
    """Beside the command's module, which is not imported."""
    package = importlib.util.find_spec(point.module.rpartition(".")[0])
    if package is None or not package.submodule_search_locations:
        return None
    return Path(package.submodule_search_locations[0]) / FOLDER
