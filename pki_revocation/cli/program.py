"""`pki-revocation`: one program whose groups come from the entry-point group `pki_revocation.commands`.

A command's module is imported only when it is the one asked for, so that the subscriber's service never loads the
packages that hold keys; for help not even then (`help_pages`).
"""

import os
import sys
from importlib.metadata import version
from typing import Any

import click

from pki_revocation.errors import PkiError
from pki_revocation.host.extras import ExtraMissing, extra_of
from pki_revocation.host.logs import log_to_stderr
from pki_revocation.host.processes import PARENT_VARIABLE, end_with_parent

from .entry_point_group import EntryPointGroup
from .help_pages import COMMANDS_GROUP, HELP_OPTIONS

PROGRAM = "pki-revocation"
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
        except ModuleNotFoundError as error:
            extra = extra_of(error)
            if extra is None:
                raise
            raise click.ClickException(str(ExtraMissing(extra, "This command"))) from error
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error
        except Exception as error:
            if not _is_databases(error):
                raise
            first = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
            raise click.ClickException(f"The database refused: {first}") from error


def _is_databases(error: Exception) -> bool:
    """Whether it is SQLAlchemy's, which is not imported for this: without it there is no such error."""
    exceptions = sys.modules.get("sqlalchemy.exc")
    return exceptions is not None and isinstance(error, exceptions.SQLAlchemyError)


@click.group(
    cls=Program,
    commands_from=COMMANDS_GROUP,
    order=_ORDER,
    name=PROGRAM,
    context_settings={"help_option_names": [*HELP_OPTIONS]},
)
@click.version_option(version(PROGRAM), prog_name=PROGRAM)
def program() -> None:
    """Certificate revocation: a letter's number and code revoke, and CRL and OCSP say so.

    Every command works on an installation: a folder named with --directory.
    """
    parent = os.environ.pop(PARENT_VARIABLE, None)
    if parent is not None:
        end_with_parent(int(parent))
    log_to_stderr()


def main() -> None:
    """Run the command that the arguments name."""
    program.main(prog_name=PROGRAM)
