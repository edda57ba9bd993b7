"""`crl request`, `crl sign` and `crl install`: CRLs of a CA whose key is on another machine, or in a safe.

`crl sign` needs this program alone, and neither an installation nor a network.
"""

import getpass
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import click

from crl_publisher import bootstrap
from crl_publisher.config import CrlSettings
from crl_publisher.crl.files import der_of
from crl_publisher.errors import UnreadableRequest
from crl_publisher.issuing.shards import scope_named
from crl_publisher.offline.alarms import ADVICE
from crl_publisher.offline.requesting import RequestedCrl
from crl_publisher.offline.signing import sign as sign_request
from crl_publisher.offline.signing import signer_of
from crl_publisher.offline.signing_request import SigningRequest
from crl_publisher.scope import FULL
from keys.algorithms import SignatureName
from keys.files.file_key import load_certificate
from keys.key_location import key_location
from keys.keyring import Keyring
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso, whole_second
from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import duration
from pki_revocation.errors import PkiError
from pki_revocation.host import durable_files
from pki_revocation.register.issuers import issuer_named
from pki_revocation.runtime.clock_keeping import open_clock

from .options import issuer_option, json_option

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_new_file = click.Path(dir_okay=False, path_type=Path)
_LONGEST_REQUEST = 200_000_000
_EXISTS = "{} exists already: name a new file."
# The command ends then: no process goes on with an outlet that takes longer.
_MIRROR_SECONDS = 60.0


class _Length(click.ParamType[timedelta]):
    """A length of time: 90d."""

    name = "length"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        try:
            return value if isinstance(value, timedelta) else duration(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


class _Moment(click.ParamType[datetime]):
    """A moment with its zone."""

    name = "moment"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return value if isinstance(value, datetime) else whole_second(datetime.fromisoformat(str(value)))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no moment: write it as 2026-11-23T14:03:22Z, zone included.", param, ctx)


@click.command()
@issuer_option
@click.option(
    "--scope", "scope_name", default=FULL.name, show_default=True, help="Which CRL: full, ca, users, shard-1."
)
@click.option("--validity", type=_Length(), help="How long it is good for, such as 90d; half a year without it.")
@click.option("--this-update", type=_Moment(), help="When it is to be signed, where that is planned; now without it.")
@click.option(
    "--signature",
    type=click.Choice([each.value for each in SignatureName]),
    help="For an RSA key; as its certificate says without it.",
)
@click.option("--last", "is_last", is_flag=True, help="The CA's last CRL, good for ever.")
@click.option("-o", "--output", type=_new_file, required=True, help="The file to write the request to.")
@json_option
@installation_option
def request(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    issuer_name: str | None,
    scope_name: str,
    validity: timedelta | None,
    this_update: datetime | None,
    signature: str | None,
    is_last: bool,
    output: Path,
    as_json: bool,
) -> None:
    """Write down what is to be signed elsewhere: the next CRL of a CA whose key is not here.

    The file is text: the facts for people, and the octets to sign. Take it to the key, run 'crl sign' there, and
    'crl install' here with what comes back.
    """
    _refuse_existing(output)
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            issuer = issuer_named(connection, issuer_name)
            scope = scope_named(connection, issuer, installation.section(CrlSettings), scope_name)
        if Keyring.open(installation, open_clock(database)).signs_crls_for(issuer):
            raise PkiError(f"The key of {issuer.name} is configured here: 'pki-revocation crl publish' signs its CRLs.")
        named = None if signature is None else SignatureName(signature)
        wanted = RequestedCrl(scope=scope, validity=validity, this_update=this_update, is_last=is_last, signature=named)
        made = bootstrap.requesting(installation, database).request(issuer, wanted)
    _write_new(output, made.to_text().encode())
    crl = made.unsigned()
    if as_json:
        answer = {
            "issuer": issuer.name,
            "scope": scope.name,
            "number": crl.number,
            "this_update": iso(crl.this_update),
            "next_update": None if crl.next_update is None else iso(crl.next_update),
            "entries": len(crl),
            "to_be_signed_sha256": made.sha256.replace(" ", ""),
            "file": str(output),
        }
        click.echo(json.dumps(answer))
        return
    for line in made.facts():
        click.echo(line)
    click.echo(f"{output} is what to take to the key of {issuer.name}.")


@click.command()
@click.argument("file", metavar="REQUEST", type=_file)
@click.option(
    "--key", required=True, help="The CA's private key: a file in PKCS#8 PEM, or the pkcs11: URI of a token's."
)
@click.option("--certificate", "certificate_file", type=_file, required=True, help="The CA's own certificate, PEM.")
@click.option("--unencrypted", is_flag=True, help="A key without a passphrase is meant.")
@click.option("--yes", is_flag=True, help="Do not ask: the facts were compared.")
@click.option("-o", "--output", type=_new_file, required=True, help="The file to write the CRL to, in DER.")
def sign(*, file: Path, key: str, certificate_file: Path, unencrypted: bool, yes: bool, output: Path) -> None:
    """Sign what 'crl request' wrote, on the machine that has the key: it needs no installation and no network.

    The passphrase comes from PKI_REVOCATION_PASSPHRASE_<FILE NAME>, or is asked for; a token's PIN comes from
    PKI_REVOCATION_PIN_<TOKEN>.
    """
    _refuse_existing(output)
    made = _request_in(file)
    certificate = load_certificate(certificate_file)
    place = key_location(key, directory=Path(), unencrypted=unencrypted, ask=_ask_for(key))
    identity = signer_of(made, place.load(), certificate)
    for line in (*made.facts(), *(f"  {entry}" for entry in made.entries())):
        click.echo(line)
    if not yes:
        click.confirm("Are these the facts that were agreed on, and shall this CRL be signed?", abort=True)
    _write_new(output, sign_request(made, identity))
    click.echo(f"{output} is signed: install it with 'pki-revocation crl install {output.name}'.")


@click.command()
@click.argument("file", type=_file)
@click.option("--issuer", "issuer_name", help="The issuer that must have signed it; any registered one without it.")
@click.option("--signature", type=_file, help="A bare signature over the octets of FILE, which is then the request.")
@json_option
@installation_option
def install(
    installation: Installation, *, file: Path, issuer_name: str | None, signature: Path | None, as_json: bool
) -> None:
    """Make a CRL public that was signed elsewhere: FILE, in DER or PEM, by 'crl sign' or any other program.

    It passes the same gate as every CRL: signature, number, times, extensions, and every revocation of the journal.
    """
    data = der_of(file) if signature is None else _request_in(file).signed(signature.read_bytes())
    with installation.database() as database:
        database.check_revision()
        done = bootstrap.installing(installation, database).install(data, issuer_name)
        # A running publisher brings it to the outlets by itself.
        if bootstrap.lease(installation, database).current_holder() is None:
            bootstrap.mirrors(installation, database).catch_up(_MIRROR_SECONDS)
    published = done.published
    if as_json:
        click.echo(json.dumps(published.as_json() | {"uncovered": done.uncovered}))
        return
    click.echo(
        f"CRL {published.number} of {published.issuer} is public: {published.entries} entries, {published.size} bytes, "
        f"until {iso(published.next_update)}."
    )
    if done.uncovered:
        click.echo(f"{done.uncovered} revocations came too late for it: {ADVICE}.", err=True)


OFFLINE_COMMANDS = (request, sign, install)


def _request_in(file: Path) -> SigningRequest:
    if file.stat().st_size > _LONGEST_REQUEST:
        raise UnreadableRequest(f"{file} is too large to be a CRL signing request.")
    try:
        return SigningRequest.from_text(file.read_text("utf-8"))
    except UnicodeDecodeError:
        raise UnreadableRequest(f"{file} is no CRL signing request: it is not text.") from None


def _ask_for(key: str) -> Callable[[], str] | None:
    """What asks the operator for the passphrase of *key*; None where the input is no terminal."""
    if not os.isatty(0):
        return None
    return lambda: getpass.getpass(f"Passphrase of {key}: ")


def _refuse_existing(path: Path) -> None:
    """Refuse a file that exists, and a folder that does not, before anything is reserved or signed."""
    if path.exists():
        raise PkiError(_EXISTS.format(path))
    if not path.parent.is_dir():
        raise PkiError(f"{path.parent} is no folder: name a file in one that there is.")


def _write_new(path: Path, data: bytes) -> None:
    """Write a new file, which an operator carries away; one that came to be there meanwhile is refused, and stays."""
    try:
        durable_files.create(path, data, mode=durable_files.BY_UMASK)
    except FileExistsError:
        raise PkiError(_EXISTS.format(path)) from None
