"""`keys delegate`: the certificates with which OCSP responders sign."""

import json
from datetime import timedelta
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keys.delegate_key_store import DelegateKeyStore
from keys.description import spki_sha256
from keys.enrolment import enrolment_key, public_half, read_public_half
from keys.files.file_key import KEY_TYPES, load_certificate
from keys.files.private_files import write_new_file
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import issuer_named
from pki_revocation.runtime.clock_keeping import open_clock

from .manual import folder_of, install_here, issue_here, request_here
from .requests import end_responder, key_digest, latest_delegates, register_responder

# Short-lived, because nocheck means that it cannot be revoked (RFC 6960 section 4.2.2.2.1).
_LONGEST_DAYS = 90
_issuer_option = click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
_new_file = click.Path(dir_okay=False, path_type=Path)
_file = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def delegate() -> None:
    """The certificates with which OCSP responders sign.

    A registered responder renews its own while the publisher runs. Where the CA's key is off-line, 'request' writes
    what to sign there, and 'install' takes the certificate back.
    """


@delegate.command()
@_issuer_option
@click.option("--name", default="responder", show_default=True, help="The responder's name, such as its machine's.")
@click.option("--key", "key_file", type=_file, help="Its public enrolment key, PEM, from 'keys delegate enrolment'.")
@click.option("--replace", is_flag=True, help="Take the name from the responder that has it with another key.")
@installation_option
def register(
    installation: Installation, *, issuer_name: str | None, name: str, key_file: Path | None, replace: bool
) -> None:
    """Let a responder ask the publisher for certificates.

    Without --key it is the one of this very installation, whose enrolment key is made when there is none. On each
    further node give it a --name of its own: with --replace the key that had the name counts no more.
    """
    issuer = issuer_of(installation, issuer_name)
    if key_file is None:
        public = public_half(enrolment_key(_prepared(folder_of(installation, issuer)).enrolment))
    else:
        public = read_public_half(key_file)
    with installation.database() as database:
        clock = open_clock(database)
        with database.write() as connection:
            register_responder(connection, issuer, name, public, clock.now(), replace=replace)
            AuditTrail(clock).record(connection, "delegate.registered", {"issuer": issuer.name, "responder": name})
    click.echo(f"The responder {name} may ask for certificates of {issuer.name}.")


@delegate.command()
@_issuer_option
@click.option("--name", required=True, help="The name under which it was registered.")
@installation_option
def unregister(installation: Installation, *, issuer_name: str | None, name: str) -> None:
    """Give a responder no certificates any more; the one it has works until it ends."""
    issuer = issuer_of(installation, issuer_name)
    with installation.database() as database:
        clock = open_clock(database)
        with database.write() as connection:
            end_responder(connection, issuer, name, clock.now())
            AuditTrail(clock).record(connection, "delegate.unregistered", {"issuer": issuer.name, "responder": name})
    click.echo(f"The responder {name} gets no more certificates of {issuer.name}.")


@delegate.command()
@_issuer_option
@click.option("-o", "--out", type=_new_file, required=True, help="The file to write the public half to, in PEM.")
@installation_option
def enrolment(installation: Installation, *, issuer_name: str | None, out: Path) -> None:
    """Write this responder's public enrolment key, for 'register --key' on the machine of the register."""
    issuer = issuer_of(installation, issuer_name)
    key = enrolment_key(_prepared(folder_of(installation, issuer)).enrolment)
    write_new_file(out, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    click.echo(f"Wrote {out}. SPKI SHA-256: {spki_sha256(key.public_key())}")


@delegate.command(name="list")
@_issuer_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@installation_option
def list_delegates(installation: Installation, *, issuer_name: str | None, as_json: bool) -> None:
    """Say which responders are registered, and until when their newest certificates are valid."""
    issuer = issuer_of(installation, issuer_name)
    with installation.database() as database, database.read() as connection:
        found = [
            {
                "responder": each.responder.name,
                "registered_at": iso(each.registered_at),
                "until": None if each.not_after is None else iso(each.not_after),
            }
            for each in latest_delegates(connection, issuer)
        ]
    if as_json:
        click.echo(json.dumps(found))
        return
    if not found:
        click.echo(f"No responder is registered for {issuer.name}: see 'pki-revocation keys delegate register --help'.")
    for each in found:
        click.echo(f"{each['responder']}: {each['until'] or 'no certificate yet'}")


@delegate.command()
@_issuer_option
@click.option(
    "--days", type=click.IntRange(1, _LONGEST_DAYS), default=14, show_default=True, help="Days of its validity."
)
@click.option(
    "--key-type",
    type=click.Choice(list(KEY_TYPES)),
    default="p256",
    show_default=True,
    help="Type of the new key; with ocsp_delegates it is ocsp_key_type.",
)
@installation_option
def issue(installation: Installation, *, issuer_name: str | None, days: int, key_type: str) -> None:
    """Make a new key for the responder, and let the CA's key sign its certificate: where one account has both.

    A running responder loads it within seconds.
    """
    certificate, where = issue_here(
        installation, issuer_of(installation, issuer_name), lifetime=timedelta(days=days), key_type=key_type
    )
    click.echo(f"Issued: {where}, valid until {iso(certificate.not_valid_after_utc)}.")


@delegate.command()
@_issuer_option
@click.option("-o", "--out", type=_new_file, required=True, help="The file to write the request to, PKCS#10 in PEM.")
@installation_option
def request(installation: Installation, *, issuer_name: str | None, out: Path) -> None:
    """Make a new key, and write the request for its certificate, for a CA whose key is elsewhere."""
    made = request_here(installation, issuer_of(installation, issuer_name))
    write_new_file(out, made.public_bytes(Encoding.PEM))
    click.echo(f"Wrote {out}. SPKI SHA-256: {key_digest(made).hex()}")
    click.echo("Take it to the CA, and its certificate to 'pki-revocation keys delegate install'.")


@delegate.command()
@click.argument("file", metavar="CERTIFICATE", type=_file)
@_issuer_option
@installation_option
def install(installation: Installation, *, file: Path, issuer_name: str | None) -> None:
    """Take the certificate of what 'request' wrote, PEM, once key, issuer, usage and nocheck are right.

    A running responder loads it within seconds, and destroys the key before it when no worker signs with that.
    """
    issuer = issuer_of(installation, issuer_name)
    certificate = load_certificate(file)
    install_here(installation, issuer, certificate)
    click.echo(f"Installed for {issuer.name}, valid until {iso(certificate.not_valid_after_utc)}.")


def issuer_of(installation: Installation, name: str | None) -> Issuer:
    """The issuer of a name, or the default one."""
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            return issuer_named(connection, name)


def _prepared(folder: DelegateKeyStore) -> DelegateKeyStore:
    folder.prepare()
    return folder
