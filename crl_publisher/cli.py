"""`crl` and `publisher`: publish now, see what was published, look into a CRL, and run the publisher."""

import json
import time
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import click

from keys.keyring import Keyring
from pki_revocation import register
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import SystemClock, iso
from pki_revocation.config import duration_text
from pki_revocation.database import Database
from pki_revocation.installation import Installation
from pki_revocation.lease import Lease
from pki_revocation.model import Issuer

from . import bootstrap, requests
from .config import CrlSettings, DistributionSettings
from .elsewhere.commands import ELSEWHERE
from .elsewhere.standing import standings
from .elsewhere.watch import ADVICE
from .errors import NotPublished
from .files import der_of
from .issuance import CrlIssuance
from .named_publication import scope_named
from .outlets.command import outlets
from .probe.command import probe
from .reading import ReadCrl, read_crl
from .scope import FULL, Scope
from .serve import serve
from .shards import add_shard, lock_shards
from .shards import shards as shards_of
from .store import PublishedCrl, last_published, published

_issuer_option = click.option("--issuer", "issuer_name", help="The issuer; the default one without it.")
_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
_PAUSE_SECONDS = 0.1
# Nobody runs who could go on with an outlet that takes longer.
_MIRROR_SECONDS = 60.0
_LISTED = 20
_SHOWN_ENTRIES = 10


@click.group()
def crl() -> None:
    """CRLs: publish one now, list what was published, look into one."""


@crl.command()
@_issuer_option
@_json_option
@click.option("--timeout", type=click.IntRange(min=1), default=300, show_default=True, help="Seconds to wait at most.")
@click.option("--scope", "scope_name", help="One CRL of the issuer alone: full, ca, users, shard-1, …")
@click.option("--last", "is_last", is_flag=True, help="The CA's last CRL, good for ever: no other one may follow it.")
@click.option("--yes", is_flag=True, help="With --last: do not ask. It can never be undone.")
@installation_option
def publish(  # noqa: PLR0913 - one argument for each option
    installation: Installation,
    *,
    issuer_name: str | None,
    as_json: bool,
    timeout: int,
    scope_name: str | None,
    is_last: bool,
    yes: bool,
) -> None:
    """Publish a CRL now, and return when it is public.

    The running publisher does it; where none runs, this process becomes the publisher for as long as it takes. A last
    CRL ends one scope, the complete CRL without --scope; an issuer with several ends each of them.
    """
    with installation.database() as database:
        database.check_revision()
        issuer = _issuer(database, issuer_name)
        wanted = None
        if is_last or scope_name is not None:
            issuance = bootstrap.issuance(installation, database)
            with database.read() as connection:
                wanted = scope_named(connection, issuance, issuer, scope_name or FULL.name)
        if is_last and not yes:
            click.confirm(
                f"Publish the last {scope_name or FULL.name} CRL of {issuer.name}? It is good for ever, and no other "
                "one can follow it.",
                abort=True,
                err=as_json,
            )
        answer = _published_by_whoever_may(installation, database, _Wish(issuer, wanted, is_last), timeout)
    if "error" in answer:
        raise NotPublished(str(answer["error"]))
    if as_json:
        click.echo(json.dumps(answer))
        return
    click.echo(
        f"CRL {answer['number']} of {issuer.name} is public: {answer['entries']} entries, {answer['size']} bytes, "
        f"until {answer['next_update']}, in {answer['seconds']} s."
    )


@crl.command(name="list")
@_issuer_option
@click.option("--scope", "scope_name", metavar="NAME", help="Of one scope alone: full, full-delta, shard-7, ca, …")
@_json_option
@installation_option
def list_published(
    installation: Installation, *, issuer_name: str | None, scope_name: str | None, as_json: bool
) -> None:
    """The last CRLs that were published, the newest first."""
    with installation.database() as database:
        database.check_revision()
        issuer = _issuer(database, issuer_name)
        with database.read() as connection:
            found = published(connection, issuer, scope_name, limit=_LISTED)
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
@_issuer_option
@_json_option
@click.option("--entries", "all_entries", is_flag=True, help="All entries, not only the first ten.")
@installation_option
def inspect(
    installation: Installation, *, file: Path | None, issuer_name: str | None, as_json: bool, all_entries: bool
) -> None:
    """Look into a CRL: FILE, in DER or PEM, or without it the one of an issuer that is public now."""
    with installation.database() as database:
        database.check_revision()
        if file is None:
            issuer = _issuer(database, issuer_name)
            data = bootstrap.outlet(installation).fetch(FULL.path(issuer))
            if data is None:
                raise NotPublished(f"No CRL of {issuer.name} is public: run 'pki-revocation crl publish'.")
        else:
            data = der_of(file)
        found = read_crl(data)
        with database.read() as connection:
            signer = next(
                (each for each in register.all_issuers(connection) if found.is_signed_by(each.certificate)), None
            )
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
@_issuer_option
@_json_option
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
    clock = SystemClock()
    with installation.database() as database:
        database.check_revision()
        issuer = _issuer(database, issuer_name)
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
@_issuer_option
@installation_option
def rebuild(installation: Installation, *, issuer_name: str | None) -> None:
    """Make the stored CRL entries of an issuer anew from the journal: needed only when the gate says so."""
    with installation.database() as database:
        database.check_revision()
        issuer = _issuer(database, issuer_name)
        sequence = bootstrap.issuance(installation, database).rebuild(issuer)
    click.echo(f"The entries of {issuer.name} were made anew, up to sequence {sequence}.")


for _command in (*ELSEWHERE, probe, outlets):
    crl.add_command(_command)


@click.command()
@installation_option
def publisher(installation: Installation) -> None:
    """Sign and publish CRLs: the one process that uses the CA's key."""
    serve(installation)


def _tell_alarms(installation: Installation, issuer: Issuer) -> None:
    """What is wrong with CRLs that this machine cannot sign, on standard error."""
    clock = SystemClock()
    if Keyring.open(installation, clock).signs_crls_for(issuer):
        return
    notice = installation.section(CrlSettings).elsewhere_notice
    with installation.database() as database, database.read() as connection:
        scopes = bootstrap.issuance(installation, database).scopes(connection, issuer)
        found = standings(connection, issuer, scopes, clock.now(), notice)
    for standing in found:
        for alarm in standing.alarms:
            click.echo(f"ALARM: {standing.scope.name} CRL: {alarm.says}: {ADVICE}", err=True)


class _Wish(NamedTuple):
    """Whose CRL, which one, and whether it is to be the last."""

    issuer: Issuer
    scope: Scope | None
    is_last: bool


def _published_by_whoever_may(
    installation: Installation, database: Database, wish: _Wish, timeout: int
) -> dict[str, object]:
    """Ask, and wait for the answer; take over when nobody holds the lease."""
    with database.write() as connection:
        request = requests.ask(connection, wish.issuer, SystemClock(), scope=wish.scope, is_last=wish.is_last)
    lease = bootstrap.lease(installation, database)
    give_up_at = time.monotonic() + timeout
    try:
        while time.monotonic() < give_up_at:
            with database.read() as connection:
                answer = requests.answer_to(connection, request)
            if answer is not None:
                return answer
            if lease.current_holder() is None and lease.hold():
                return _publish_here(installation, database, wish, lease)
            time.sleep(_PAUSE_SECONDS)
    finally:
        with database.write() as connection:
            requests.withdraw(connection, request)
    raise NotPublished(
        f"The publisher did not publish within {duration_text(timedelta(seconds=timeout))}: see its log."
    )


def _publish_here(installation: Installation, database: Database, wish: _Wish, lease: Lease) -> dict[str, object]:
    stopwatch = requests.Stopwatch.start()
    try:
        issuance = bootstrap.issuance(installation, database)
        issuance.prepare(wish.issuer)
        if wish.scope is not None:
            published = issuance.publish(wish.issuer, wish.scope, last=wish.is_last)
        else:
            published = _publish_all(issuance, database, wish.issuer)
        answer = stopwatch.answer(published)
        bootstrap.mirrors(installation, database).catch_up(_MIRROR_SECONDS)
        return answer
    finally:
        lease.release()


def _publish_all(issuance: CrlIssuance, database: Database, issuer: Issuer) -> PublishedCrl:
    """What the running publisher makes when somebody asks: each of the issuer's CRLs; given back is the first."""
    with database.read() as connection:
        scopes = issuance.scopes(connection, issuer)
        lasts = [last_published(connection, issuer, scope) for scope in scopes]
    # Nothing follows a last CRL; where all are that, publishing the first says so.
    due = [scope for scope, last in zip(scopes, lasts, strict=True) if last is None or not last.is_last]
    first, *others = due or scopes[:1]
    published = issuance.publish(issuer, first)
    for scope in others:
        issuance.publish(issuer, scope)
    return published


def _issuer(database: Database, name: str | None) -> Issuer:
    with database.read() as connection:
        return register.issuer_named(connection, name)


def _facts(found: ReadCrl, signer: Issuer | None, shown: int | None) -> dict[str, object]:
    next_update = found.next_update
    entries = [
        {
            "serial": entry.serial.hex(),
            "revoked_at": iso(entry.revocation_date),
            "reason": entry.reason.token if entry.reason else None,
            "invalidity_date": iso(entry.invalidity_date) if entry.invalidity_date else None,
        }
        for entry in islice(found.entries(), shown)
    ]
    return {
        "issuer": found.parsed.issuer.rfc4514_string(),
        "signed_by": "no issuer that is known here" if signer is None else signer.name,
        "number": found.number,
        "this_update": iso(found.this_update),
        "next_update": iso(next_update) if next_update else None,
        "entries": len(found),
        "size": len(found.data),
        "sha256": found.sha256.hex(),
        "revoked": entries,
    }
