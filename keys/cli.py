"""`keys`: look at identities, and issue the OCSP responder's certificate."""

from datetime import timedelta

import click
from cryptography.hazmat.primitives.serialization import Encoding

from pki_revocation import register
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import SystemClock, iso
from pki_revocation.installation import Installation
from pki_revocation.model import Issuer, serial_text

from .delegation import issue_delegate
from .file_key import KEY_TYPES, replace_pair
from .identity import SigningIdentity
from .keyring import Keyring

# Short-lived, because nocheck means that nobody can revoke it (RFC 6960 section 4.2.2.2.1).
_LONGEST_DAYS = 90


@click.group()
def keys() -> None:
    """The CA's and the OCSP responder's signing identities."""


@keys.command()
@installation_option
def inspect(installation: Installation) -> None:
    """Say of each issuer which identities can be used, until when; never shows a secret."""
    keyring = Keyring.open(installation, SystemClock())
    for issuer in _issuers(installation):
        for configured, load in (
            (keyring.signs_crls_for(issuer), keyring.crl_identity),
            (keyring.answers_ocsp_for(issuer), keyring.ocsp_identity),
        ):
            if configured:
                click.echo(f"{issuer.name}: {_described(load(issuer))}")


@keys.group()
def delegate() -> None:
    """The certificate with which the OCSP responder signs."""


@delegate.command()
@click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
@click.option(
    "--days", type=click.IntRange(1, _LONGEST_DAYS), default=14, show_default=True, help="How long it is valid."
)
@click.option(
    "--key-type", type=click.Choice(list(KEY_TYPES)), default="p256", show_default=True, help="Of the new key."
)
@installation_option
def issue(installation: Installation, *, issuer_name: str | None, days: int, key_type: str) -> None:
    """Make a new key for the responder, and let the CA's key sign its certificate.

    Writes the files that [keys.ISSUER] names as ocsp_key and ocsp_certificate; restart the responder afterwards.
    """
    clock = SystemClock()
    keyring = Keyring.open(installation, clock)
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            issuer = register.issuer_named(connection, issuer_name)
        authority = keyring.crl_identity(issuer)
        key_path, certificate_path = keyring.ocsp_paths(issuer)
        key = KEY_TYPES[key_type]()
        audit = AuditTrail(clock)
        with database.write() as connection:
            intent = audit.record(connection, "delegate.intended", {"issuer": issuer.name, "days": days})
        certificate = issue_delegate(authority, key.public_key(), now=clock.now(), lifetime=timedelta(days=days))
        replace_pair(key, key_path, certificate.public_bytes(Encoding.PEM), certificate_path)
        with database.write() as connection:
            detail = {"issuer": issuer.name, "serial": serial_text(certificate.serial_number), "intent": intent}
            audit.record(connection, "delegate.issued", detail)
    click.echo(f"Issued for {issuer.name}: {certificate_path}, valid until {iso(certificate.not_valid_after_utc)}.")


def _issuers(installation: Installation) -> tuple[Issuer, ...]:
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            return register.all_issuers(connection)


def _described(identity: SigningIdentity) -> str:
    certificate = identity.certificate
    return (
        f"{identity.purpose.value} with {identity.algorithm.name} by {certificate.subject.rfc4514_string()}, "
        f"serial {serial_text(certificate.serial_number)}, until {iso(certificate.not_valid_after_utc)}"
    )
