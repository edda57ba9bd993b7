"""`pki-revocation`: one program whose groups come from the entry-point group `pki_revocation.commands`.

A command's module is imported only when it is the one asked for, so that the subscriber's service never loads the
packages that hold keys.
"""

import os
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from pki_revocation.errors import PkiError
from pki_revocation.logs import log_to_stderr
from pki_revocation.parent_death import end_with_parent
from pki_revocation.supervisor import SUPERVISOR_VARIABLE

COMMANDS_GROUP = "pki_revocation.commands"
_PROGRAM = "pki-revocation"
# The order of a user's life with the product; whatever else is there follows by name.
_ORDER = ("demo", "init", "issuer", "certificate", "letter", "revoke", "status", "doctor", "serve", "publisher")


class LazyGroup(click.Group):
    """A group whose commands are entry points, loaded one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, without importing anything."""
        names = {point.name for point in entry_points(group=COMMANDS_GROUP)}
        ranks = {name: place for place, name in enumerate(_ORDER)}
        return sorted(names, key=lambda name: (ranks.get(name, len(_ORDER)), name))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import the one that was asked for."""
        point = _entry_point(cmd_name)
        return None if point is None else point.load()

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


def _entry_point(name: str) -> EntryPoint | None:
    return next((point for point in entry_points(group=COMMANDS_GROUP) if point.name == name), None)


@click.group(cls=LazyGroup, name=_PROGRAM, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(_PROGRAM), prog_name=_PROGRAM)
def program() -> None:
    """Certificate revocation: a letter's number and code revoke, and CRL and OCSP say so.

    Every command works on an installation: a folder named with --directory.
    """
    supervisor = os.environ.pop(SUPERVISOR_VARIABLE, None)
    if supervisor is not None:
        end_with_parent(int(supervisor))
    log_to_stderr()


def main() -> None:
    """The console script's entry."""
    program.main(prog_name=_PROGRAM)
