"""The options that every command has: which installation is meant."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

import click

from pki_revocation.config.installation import Installation

P = ParamSpec("P")
R = TypeVar("R")

directory_option = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="The installation's folder; the present one without it, or $PKI_REVOCATION_DIRECTORY.",
)
config_option = click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The configuration file, where it is not config.toml in the folder.",
)
by_option = click.option(
    "--by", help="The operator, for the audit trail, which has the account beside it; that account without it."
)
number_option = click.option("--number", required=True, help="The subscriber's number, from the letter.")


def installation_option(command: Callable[Concatenate[Installation, P], R]) -> Callable[P, R]:
    """Add --directory and --config to a command, and pass it the installation first."""

    @directory_option
    @config_option
    @functools.wraps(command)
    def with_installation(directory: Path | None, config: Path | None, *args: P.args, **kwargs: P.kwargs) -> R:
        return command(Installation.open(directory, config), *args, **kwargs)

    return with_installation  # type: ignore[return-value] # click passes both options by keyword, which ParamSpec cannot say
