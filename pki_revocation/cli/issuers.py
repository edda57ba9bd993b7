"""`issuer`: the CAs whose certificates can be revoked here, their certificates and their names."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Connection

from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.encoding.names import subject_text
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import Issuer, serial_text
from pki_revocation.register.ca_certificates import load_ca_certificate
from pki_revocation.register.issuer_changes import IssuerChanges
from pki_revocation.register.issuers import all_issuers
from pki_revocation.runtime.clock_keeping import open_clock

from .options import installation_option

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_certificate_argument = click.argument("certificate", type=click.Path(dir_okay=False, path_type=Path))
_another_identifier_option = click.option(
    "--another-identifier",
    is_flag=True,
    help="Take a certificate with another subject key identifier: holders of the older one refuse the new CRLs.",
)


@click.group()
def issuer() -> None:
    """The CAs whose certificates can be revoked here."""


@issuer.command()
@_certificate_argument
@click.option("--name", required=True, help="Its name in addresses and commands: lower case, digits, hyphens.")
@click.option("--default", "is_default", is_flag=True, help="The issuer of commands that name none.")
@_another_identifier_option
@installation_option
def add(
    installation: Installation, *, certificate: Path, name: str, is_default: bool, another_identifier: bool
) -> None:
    """Register a CA by its certificate, a PEM or DER file.

    A certificate with the name and the key of a registered issuer is another one of that issuer: see `issuer renew`.
    """
    _refuse_unfit(name)
    loaded = load_ca_certificate(certificate)
    # All that is said is made before anything is written, so that what was written is said.
    subject = subject_text(loaded)
    with _changes(installation) as (changes, connection):
        added = changes.add(
            connection,
            loaded,
            name=name,
            makes_default=is_default,
            takes_other_identifier=another_identifier,
        )
    default = " It is the default issuer." if added.is_default else ""
    click.echo(f"Added {name}: {subject}.{default}")
    if added.earlier_ders:
        click.echo(_one_ca(added))


@issuer.command()
@click.argument("name")
@_certificate_argument
@_another_identifier_option
@installation_option
def renew(installation: Installation, *, name: str, certificate: Path, another_identifier: bool) -> None:
    """Give the issuer NAME another CERTIFICATE of its name and key, as after a renewal or a cross-certification.

    From its beginning on CRLs and OCSP certificates are signed under the newest one that is valid; running services
    take it up by themselves.
    """
    loaded = load_ca_certificate(certificate)
    subject = subject_text(loaded)
    with _changes(installation) as (changes, connection):
        renewed = changes.renew(connection, name, loaded, takes_other_identifier=another_identifier)
    validity = f"valid from {iso(loaded.not_valid_before_utc)} to {iso(loaded.not_valid_after_utc)}"
    click.echo(f"Renewed {renewed.name}: {subject}, serial {serial_text(loaded.serial_number)}, {validity}.")
    click.echo(_one_ca(renewed))


@issuer.command()
@click.argument("name")
@click.argument("new_name")
@installation_option
def rename(installation: Installation, *, name: str, new_name: str) -> None:
    """Give the issuer NAME the NEW_NAME, as long as nothing hangs on it: addresses of CRLs have the name in them."""
    _refuse_unfit(new_name)
    with _changes(installation) as (changes, connection):
        renamed = changes.rename(connection, name, new_name)
    click.echo(f"Renamed {name} to {renamed.name}: a section [keys.{name}] is to be called [keys.{renamed.name}].")


@issuer.command()
@click.argument("name")
@click.option("--default", "new_default", metavar="OTHER", help="The issuer that is the default one from now on.")
@installation_option
def remove(installation: Installation, *, name: str, new_default: str | None) -> None:
    """Remove the issuer NAME, as long as nothing hangs on it: no certificate, no revocation, no CRL."""
    with _changes(installation) as (changes, connection):
        removed = changes.remove(connection, name, new_default=new_default)
    click.echo(f"Removed {removed.name}: a section [keys.{removed.name}] can go too.")


@issuer.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@installation_option
def list_issuers(installation: Installation, *, as_json: bool) -> None:
    """The issuers, in the order in which they were added, and all certificates of those that have several."""
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            known = all_issuers(connection)
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in known]))
        return
    for each in known:
        for line in _lines(each):
            click.echo(line)


@contextmanager
def _changes(installation: Installation) -> Iterator[tuple[IssuerChanges, Connection]]:
    with installation.database() as database:
        database.check_revision()
        changes = IssuerChanges(open_clock(database))
        with database.write() as connection:
            yield changes, connection


def _refuse_unfit(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"The name {name!r} will not do: use lower-case letters, digits and hyphens, as in a host name."
        )
    if name.endswith("-delta"):
        # crl/<name>-delta.crl is the address of another issuer's delta CRL.
        raise ConfigurationError(f"The name {name!r} will not do: names that end in -delta are those of delta CRLs.")


def _one_ca(known: Issuer) -> str:
    also = (
        f", and commands and [keys.NAME] know it as {' and '.join(known.other_names)} too" if known.other_names else ""
    )
    count = len(known.earlier_ders) + 1
    return (
        f"{known.name} has {count} certificates with one name and key, and is one CA: it has one journal and one CRL, "
        f"crl/{known.name}.crl{also}."
    )


def _lines(known: Issuer) -> Iterator[str]:
    mark = " (default)" if known.is_default else ""
    also = f" (also {', '.join(known.other_names)})" if known.other_names else ""
    yield f"{known.name}{mark}{also}: {subject_text(known.certificate)}"
    if known.earlier_ders:
        for each in known.certificates:
            validity = f"{iso(each.not_valid_before_utc)} to {iso(each.not_valid_after_utc)}"
            yield f"  serial {serial_text(each.serial_number)}, {validity}"


def _as_json(known: Issuer) -> dict[str, object]:
    return {
        "name": known.name,
        "other_names": list(known.other_names),
        "default": known.is_default,
        "subject": subject_text(known.certificate),
        "certificates": [
            {
                "serial": serial_text(each.serial_number),
                "not_before": iso(each.not_valid_before_utc),
                "not_after": iso(each.not_valid_after_utc),
            }
            for each in known.certificates
        ],
    }
