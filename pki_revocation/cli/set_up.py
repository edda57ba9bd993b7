"""`init` and `issuer`: an installation's folder, its database, and the CAs that it watches over."""

import re
from pathlib import Path

import click
from cryptography import x509

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation
from pki_revocation.config.secret_files import PEPPER, SESSION
from pki_revocation.errors import ConfigurationError, PkiError
from pki_revocation.model import serial_text
from pki_revocation.register.issuers import add_issuer, all_issuers
from pki_revocation.runtime.new_installation import FIRST_CONFIG, config_with_database, set_up

from .options import installation_option

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")


@click.command()
@click.option(
    "--directory", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="The folder to set up."
)
@click.option("--database", "url", help="Database address for a new configuration; SQLite in the folder without it.")
@click.option(
    "--replace",
    type=click.Choice([PEPPER, SESSION]),
    multiple=True,
    help="Make a new secret in place of one that is lost for good: codes die with their pepper.",
)
def init(directory: Path, url: str | None, replace: tuple[str, ...]) -> None:
    """Set up an installation, or bring its database to this program's revision.

    Makes the folder, config.toml, the secrets and the tables; what is there already stays as it is. For a database that
    was set up before, no second pepper and no second session key are made.
    """
    installation = set_up(directory, FIRST_CONFIG if url is None else config_with_database(url), replace=replace)
    click.echo(f"Ready: {installation.directory} with database {installation.database()}")
    click.echo("Back up the folder 'secrets' apart from the database: without the pepper every code is dead.")


@click.group()
def issuer() -> None:
    """The CAs whose certificates can be revoked here."""


@issuer.command(name="add")
@click.argument("certificate", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", required=True, help="Its name in addresses and commands: lower case, digits, hyphens.")
@click.option("--default", "is_default", is_flag=True, help="The issuer of commands that name none.")
@installation_option
def add(installation: Installation, certificate: Path, name: str, is_default: bool) -> None:  # noqa: FBT001 - click passes by name
    """Register a CA by its certificate, a PEM or DER file."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"The name {name!r} will not do: use lower-case letters, digits and hyphens, as in a host name."
        )
    if name.endswith("-delta"):
        # crl/<name>-delta.crl is the address of another issuer's delta CRL.
        raise ConfigurationError(f"The name {name!r} will not do: names that end in -delta are those of delta CRLs.")
    loaded = _load_ca(certificate)
    clock = SystemClock()
    with installation.database() as database:
        database.check_revision()
        with database.write() as connection:
            known = all_issuers(connection)
            if any(each.name == name or each.certificate == loaded for each in known):
                raise PkiError(f"There is an issuer {name!r}, or one with this certificate, already.")
            added = add_issuer(
                connection, name=name, certificate=loaded, is_default=is_default or not known, clock=clock
            )
            detail = {"issuer": name, "serial": serial_text(loaded.serial_number)}
            AuditTrail(clock).record(connection, "issuer.added", detail)
    default = " It is the default issuer." if added.is_default else ""
    click.echo(f"Added {name}: {loaded.subject.rfc4514_string()}.{default}")


@issuer.command(name="list")
@installation_option
def list_issuers(installation: Installation) -> None:
    """The issuers, in the order in which they were added."""
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            for each in all_issuers(connection):
                mark = " (default)" if each.is_default else ""
                click.echo(f"{each.name}{mark}: {each.certificate.subject.rfc4514_string()}")


def _load_ca(path: Path) -> x509.Certificate:
    data = path.read_bytes()
    try:
        load = x509.load_pem_x509_certificate if b"-----BEGIN" in data else x509.load_der_x509_certificate
        certificate = load(data)
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (ValueError, x509.ExtensionNotFound):
        raise PkiError(f"{path} is no CA certificate: give the PEM or DER file of one.") from None
    if not constraints.ca:
        raise PkiError(f"{path} is no CA certificate: its basic constraints say so.")
    return certificate
