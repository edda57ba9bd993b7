"""`pki-revocation`: one program whose groups come from the entry-point group `pki_revocation.commands`.

A command's module is imported only when it is the one asked for, so that the subscriber's service never loads the
packages that hold keys.
"""

import os
from importlib.metadata import version
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from pki_revocation.errors import PkiError
from pki_revocation.host.logs import log_to_stderr
from pki_revocation.host.processes import PARENT_VARIABLE, end_with_parent

from .entry_point_group import EntryPointGroup

COMMANDS_GROUP = "pki_revocation.commands"
_PROGRAM = "pki-revocation"
# The order of a user's life with the product; whatever else is there follows by name.
_ORDER = (
    "demo",
    "init",
    "issuer",
    "certificate",
    "letter",
    "token",
    "revoke",
    "status",
    "doctor",
    "serve",
    "publisher",
)


class Program(EntryPointGroup):
    """All commands; what one of them refuses is said here."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - whatever the command gives
        """Turn every refusal into one sentence on standard error, and exit status 1."""
        try:
            return super().invoke(ctx)
        except PkiError as error:
            raise click.ClickException(str(error)) from error
        except SQLAlchemyError as error:
            first = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise click.ClickException(f"The database refused: {first}") from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error


@click.group(
    cls=Program,
    commands_from=COMMANDS_GROUP,
    order=_ORDER,
    name=_PROGRAM,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(version(_PROGRAM), prog_name=_PROGRAM)
def program() -> None:
    """Certificate revocation: a letter's number and code revoke, and CRL and OCSP say so.

    Every command works on an installation: a folder named with --directory.
    """
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is not None:
        end_with_parent(int(parent))
    log_to_stderr()


def main() -> None:
    """The console script's entry."""
    program.main(prog_name=_PROGRAM)
