"""`keys`: make keys, inspect them, change passphrases, log in to tokens, issue the OCSP responder's certificate."""

import json
from pathlib import Path

import click
from cryptography.hazmat.primitives.serialization import Encoding

from keys.delegation.cli import delegate, issuer_of
from keys.files.encryption import protection_of
from keys.files.file_key import KEY_TYPES, change_passphrase, load_certificate, save_key
from keys.files.passphrase_entry import new_passphrase, present_passphrase
from keys.files.private_files import read_private, write_new_file
from keys.files.secret_source import SecretSource
from pki_revocation.cli.options import config_option, directory_option, installation_option
from pki_revocation.clock import SystemClock
from pki_revocation.config.installation import Installation

from .algorithms import SignatureName
from .certificate_request import certificate_request
from .config import is_token_uri
from .description import describe, spki_sha256
from .errors import UnusableKey
from .identity import Purpose
from .installed_identities import installed_identities
from .key_location import TokenKey, key_location
from .keyring import Keyring

_secret_option = click.option(
    "--secret",
    metavar="PLACE",
    help="Where passphrase or PIN is: env:NAME, file:PATH or credential:NAME; the usual places without it.",
)


@click.group()
def keys() -> None:
    """The CA's and the OCSP responder's signing identities.

    A KEY is a file, or a key on a token by its URI, such as 'pkcs11:token=CA;object=issuing?module-path=/usr/lib/…'.
    Passphrases and PINs come from the environment, a file or a systemd credential, or are asked for.
    """


@keys.command()
@click.argument("key")
@click.option("--key-type", type=click.Choice(list(KEY_TYPES)), default="p256", show_default=True, help="What to make.")
@click.option("--unencrypted", is_flag=True, help="Leave the file without a passphrase; never a real CA's.")
@_secret_option
def generate(key: str, *, key_type: str, unencrypted: bool, secret: str | None) -> None:
    """Make a new key in a file, encrypted, or on a token, which it can never leave.

    What is there already is never overwritten.
    """
    location = key_location(key, directory=Path(), secret=secret, unencrypted=unencrypted)
    if isinstance(location, TokenKey):
        from keys.pkcs11.generation import generate_on_token  # noqa: PLC0415 - an installation without a token loads nothing for one

        made = generate_on_token(location.uri, location.token, key_type)
        location = TokenKey(made, location.pin)
        click.echo(f"Made the {made}; the token never gives it out.")
        click.echo(f"SPKI SHA-256: {spki_sha256(location.load().public_key())}")
        return
    source = SecretSource.usual("passphrase", location.path.stem)
    if secret is not None:
        source = SecretSource.named("passphrase", secret, Path())
    if location.path.exists():
        raise UnusableKey(f"The key {location.path} exists already: keys are never overwritten.")
    passphrase = None if unencrypted else new_passphrase(source, key)
    private = KEY_TYPES[key_type]()
    save_key(private, location.path, passphrase)
    click.echo(f"Made {location.path}, {'NOT ENCRYPTED' if passphrase is None else 'encrypted, scrypt'}, mode 600.")
    click.echo(f"SPKI SHA-256: {spki_sha256(private.public_key())}")
    if passphrase is not None:
        click.echo(f"For the service that uses it, {source.advice}.")


@keys.command()
@click.argument("key", required=False)
@click.option("--certificate", type=click.Path(dir_okay=False, path_type=Path), help="Say whether KEY belongs to it.")
@_secret_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@directory_option
@config_option
def inspect(
    key: str | None,
    *,
    certificate: Path | None,
    secret: str | None,
    as_json: bool,
    directory: Path | None,
    config: Path | None,
) -> None:
    """Say what a key is, or which identities an installation has and until when; never shows a secret.

    Ends with status 1 when something cannot be used.
    """
    if key is None:
        _inspect_installation(Installation.open(directory, config), as_json=as_json)
        return
    location = key_location(key, directory=Path(), secret=secret, unencrypted=True)
    described = describe(location, None if certificate is None else load_certificate(certificate))
    click.echo(json.dumps(described.as_json()) if as_json else "\n".join(described.lines()))
    if described.certificate is False or not described.signs:
        raise click.exceptions.Exit(1)


@keys.command()
@click.argument("key")
@click.option("--subject", required=True, help="The request's subject, as 'CN=Issuing CA,O=Register,C=NL'.")
@click.option(
    "--signature", type=click.Choice([each.value for each in SignatureName]), help="For RSA; pkcs1 without it."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The request's file; a new one."
)
@_secret_option
def request(key: str, *, subject: str, signature: str | None, out: Path, secret: str | None) -> None:
    """Write a certificate request (PKCS#10) for a key: the CA above it makes its certificate of that."""
    location = key_location(key, directory=Path(), secret=secret, unencrypted=True)
    named = None if signature is None else SignatureName(signature)
    made = certificate_request(location.load(), subject, named)
    write_new_file(out, made.public_bytes(Encoding.PEM))
    click.echo(f"Wrote {out}. SPKI SHA-256: {spki_sha256(location.load().public_key())}")


@keys.command(name="change-passphrase")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_secret_option
@click.option(
    "--new-secret", metavar="PLACE", help="Where the new passphrase is: env:NAME, file:PATH or credential:NAME."
)
def change_passphrase_of(file: Path, *, secret: str | None, new_secret: str | None) -> None:
    """Encrypt a key file with another passphrase, or for the first time.

    The old file stays until the new one is whole on disk and was read back. The service gets its passphrase from you.
    """
    if is_token_uri(str(file)):
        raise UnusableKey("A key on a token has no passphrase: the token's PIN is changed with its maker's tool.")
    usual = SecretSource.usual("passphrase", file.stem)
    old_source = usual if secret is None else SecretSource.named("passphrase", secret, Path())
    content = read_private(file, "key").content
    try:
        encrypted = protection_of(content).encrypted
    except UnusableKey as error:
        raise UnusableKey(f"The key {file} cannot be opened: {error}.") from error
    old = present_passphrase(old_source, str(file)) if encrypted else None
    new_source = SecretSource(what="passphrase", variable="PKI_REVOCATION_NEW_PASSPHRASE")
    if new_secret is not None:
        new_source = SecretSource.named("passphrase", new_secret, Path())
    new = new_passphrase(new_source, str(file))
    if new == old:
        raise UnusableKey(f"The new passphrase of {file} is the one that it has: nothing was changed.")
    change_passphrase(file, old, new)
    click.echo(f"{file} has a new passphrase. For the service that uses it, {usual.advice}.")


@keys.command()
@click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
@click.option("--ocsp", is_flag=True, help="The token of the OCSP key, and not the CA's.")
@installation_option
def login(installation: Installation, *, issuer_name: str | None, ocsp: bool) -> None:
    """Log in to a token once, although it says that it was given a wrong PIN.

    No service tries then, so that none locks the token. Run this when the PIN is right: a login that works clears it.
    """
    issuer = issuer_of(installation, issuer_name)
    location = Keyring.open(installation, SystemClock()).login_location(issuer, Purpose.OCSP if ocsp else Purpose.CRL)
    if not isinstance(location, TokenKey):
        raise UnusableKey("That key is in a file: only tokens have a PIN.")
    location.token.log_in()
    click.echo(f"Logged in to the {location.uri.token}: services will find it within a second.")


keys.add_command(delegate)


def _inspect_installation(installation: Installation, *, as_json: bool) -> None:
    found = list(installed_identities(installation, SystemClock()))
    if as_json:
        click.echo(json.dumps(found))
    elif not found:
        click.echo("No issuer has a key in this configuration: name one in [keys.ISSUER].")
    else:
        for each in found:
            click.echo(f"{each['issuer']}: {each.get('problem') or each['summary']}")
    if any("problem" in each for each in found):
        raise click.exceptions.Exit(1)
