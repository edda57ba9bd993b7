"""`crl` and `publisher`: publish now, see what was published, look into a CRL, and run the publisher."""

import json
from itertools import islice
from pathlib import Path

import click

from crl_publisher import bootstrap
from crl_publisher.config import CrlSettings, DistributionSettings
from crl_publisher.crl.files import der_of
from crl_publisher.crl.reading import ParsedCrl, parse_crl
from crl_publisher.errors import NotPublished
from crl_publisher.issuing.shards import add_shard, lock_shards
from crl_publisher.issuing.shards import shards as shards_of
from crl_publisher.offline.alarms import ADVICE
from crl_publisher.offline.status import statuses
from crl_publisher.published import lately_published
from crl_publisher.scope import FULL
from crl_publisher.serve import serve
from keys.keyring import Keyring
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.encoding.names import name_text
from pki_revocation.encoding.serials import text_of_stored
from pki_revocation.model import Issuer
from pki_revocation.register.issuers import all_issuers
from pki_revocation.runtime.clock_keeping import open_clock

from .compare import compare
from .offline import OFFLINE_COMMANDS
from .options import issuer_named, issuer_option, json_option
from .outlets import outlets
from .probe import probe
from .publish import publish

_LISTED = 20
_SHOWN_ENTRIES = 10


@click.group()
def crl() -> None:
    """CRLs: publish one now, list what was published, look into one."""


@crl.command(name="list")
@issuer_option
@click.option("--scope", "scope_name", metavar="NAME", help="Of one scope alone: full, full-delta, shard-7, ca, …")
@json_option
@installation_option
def list_published(
    installation: Installation, *, issuer_name: str | None, scope_name: str | None, as_json: bool
) -> None:
    """The last CRLs that were published, the newest first."""
    with installation.database() as database:
        database.check_revision()
        issuer = issuer_named(database, issuer_name)
        with database.read() as connection:
            found = lately_published(connection, issuer, scope_name, limit=_LISTED)
    _tell_alarms(installation, issuer)
    if as_json:
        click.echo(json.dumps([each.as_json() for each in found]))
        return
    for each in found:
        click.echo(
            f"{each.number}  {each.scope}  published {iso(each.published_at)}  until {iso(each.next_update)}  "
            f"{each.entries} entries  {each.size} bytes  covers sequence {each.covers_sequence}"
        )
    if not found:
        kind = "" if scope_name is None else f" of scope {scope_name}"
        click.echo(f"No CRL{kind} of {issuer.name} has been published yet.")


@crl.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@issuer_option
@json_option
@click.option("--entries", "all_entries", is_flag=True, help="All entries, not only the first ten.")
@installation_option
def inspect(
    installation: Installation, *, file: Path | None, issuer_name: str | None, as_json: bool, all_entries: bool
) -> None:
    """Look into a CRL: FILE, in DER or PEM, or without it the one of an issuer that is public now."""
    with installation.database() as database:
        database.check_revision()
        if file is None:
            issuer = issuer_named(database, issuer_name)
            data = bootstrap.outlet(installation).fetch(FULL.path(issuer))
            if data is None:
                raise NotPublished(f"No CRL of {issuer.name} is public: run 'pki-revocation crl publish'.")
        else:
            data = der_of(file)
        found = parse_crl(data)
        with database.read() as connection:
            signer = next((each for each in all_issuers(connection) if found.is_of(each)), None)
    facts = _facts(found, signer, None if all_entries else _SHOWN_ENTRIES)
    if as_json:
        click.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        if isinstance(value, list):
            for entry in value:
                click.echo("  " + "  ".join(str(each) for each in entry.values() if each is not None))
        else:
            click.echo(f"{name.replace('_', ' ')}: {value}")


@crl.command()
@issuer_option
@json_option
@click.option("--add", is_flag=True, help="Add a shard, whether there is room in the others or not.")
@installation_option
def shards(installation: Installation, *, issuer_name: str | None, as_json: bool, add: bool) -> None:
    """The shards of an issuer, and the address to put into its next certificates.

    Without shards there is none: the complete CRL's own address serves. The first is made with --add; later ones come
    by themselves, when the others have no room left.
    """
    public_url = installation.section(DistributionSettings).public_url
    settings = installation.section(CrlSettings)
    limit, keep_expired = settings.size_limit, settings.keep_expired
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        issuer = issuer_named(database, issuer_name)
        with database.write() as connection:
            lock_shards(connection, issuer)
            found = shards_of(connection, issuer, clock.now(), limit, keep_expired=keep_expired)
            if add or (found and not any(shard.has_room for shard in found)):
                scope, named = add_shard(connection, issuer, clock, public_url)
                detail = {"issuer": issuer.name, "shard": scope.shard, "url": scope.url, "certificates": named}
                AuditTrail(clock).record(connection, "crl.shard-added", detail)
                found = shards_of(connection, issuer, clock.now(), limit, keep_expired=keep_expired)
    next_url = next((shard.scope.url for shard in found if shard.has_room), None)
    if as_json:
        rows = [
            {
                "shard": shard.scope.shard,
                "url": shard.scope.url,
                "certificates": shard.certificates,
                "capacity": shard.capacity,
            }
            for shard in found
        ]
        click.echo(json.dumps({"issuer": issuer.name, "shards": rows, "next_url": next_url}))
        return
    for shard in found:
        click.echo(f"{shard.scope.shard}  {shard.scope.url}  {shard.certificates} of {shard.capacity} certificates")
    click.echo(
        f"No shards: certificates name the complete CRL of {issuer.name}. Add one with --add."
        if next_url is None
        else f"The next certificates of {issuer.name} name {next_url}"
    )


@crl.command()
@issuer_option
@installation_option
def rebuild(installation: Installation, *, issuer_name: str | None) -> None:
    """Make the stored CRL entries of an issuer anew from the journal.

    The publisher does it by itself when the gate finds them wanting.
    """
    with installation.database() as database:
        database.check_revision()
        issuer = issuer_named(database, issuer_name)
        sequence = bootstrap.issuance(installation, database).rebuild(issuer)
    click.echo(f"The entries of {issuer.name} were made anew, up to sequence {sequence}.")


for _command in (publish, *OFFLINE_COMMANDS, probe, outlets, compare):
    crl.add_command(_command)


@click.command()
@installation_option
def publisher(installation: Installation) -> None:
    """Sign and publish CRLs: the one process that uses the CA's key."""
    serve(installation)


def _tell_alarms(installation: Installation, issuer: Issuer) -> None:
    """What is wrong with CRLs that this machine cannot sign, on standard error."""
    notice = installation.section(CrlSettings).elsewhere_notice
    with installation.database() as database:
        clock = open_clock(database)
        if Keyring.open(installation, clock).signs_crls_for(issuer):
            return
        with database.read() as connection:
            scopes = bootstrap.issuance(installation, database).scopes(connection, issuer)
            found = statuses(connection, issuer, scopes, clock.now(), notice)
    for status in found:
        for alarm in status.alarms:
            click.echo(f"ALARM: {status.scope.name} CRL: {alarm.says}: {ADVICE}", err=True)


def _facts(found: ParsedCrl, signer: Issuer | None, shown: int | None) -> dict[str, object]:
    next_update = found.next_update
    entries = [
        {
            "serial": text_of_stored(entry.serial),
            "revoked_at": iso(entry.revocation_date),
            "reason": entry.irregular or (entry.reason.token if entry.reason else None),
            "invalidity_date": iso(entry.invalidity_date) if entry.invalidity_date else None,
        }
        for entry in islice(found.entries(), shown)
    ]
    return {
        "issuer": name_text(found.frame.issuer),
        "signed_by": "no issuer that is known here" if signer is None else signer.name,
        "number": found.number,
        "this_update": iso(found.this_update),
        "next_update": iso(next_update) if next_update else None,
        "entries": len(found),
        "size": len(found.data),
        "sha256": found.sha256.hex(),
        "revoked": entries,
    }
