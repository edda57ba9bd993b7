"""`crl publish`: ask the running publisher for a CRL now, or become the publisher where none runs."""

import json
import time
from datetime import timedelta
from typing import NamedTuple

import click

from crl_publisher import bootstrap
from crl_publisher.config import CrlSettings
from crl_publisher.errors import NotPublished
from crl_publisher.issuing.shards import scope_named
from crl_publisher.publishing import requests
from crl_publisher.scope import FULL, Scope
from pki_revocation.cli.options import installation_option
from pki_revocation.config.installation import Installation
from pki_revocation.config.sections import duration_text
from pki_revocation.database.engine import Database
from pki_revocation.database.lease import Lease
from pki_revocation.model import Issuer
from pki_revocation.runtime.clock_keeping import open_clock

from .options import issuer_named, issuer_option, json_option

_PAUSE_SECONDS = 0.1
# The command ends then: no process goes on with an outlet that takes longer.
_MIRROR_SECONDS = 60.0


@click.command()
@issuer_option
@json_option
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
        issuer = issuer_named(database, issuer_name)
        wanted = None
        if is_last or scope_name is not None:
            settings = installation.section(CrlSettings)
            with database.read() as connection:
                wanted = scope_named(connection, issuer, settings, scope_name or FULL.name)
        if is_last and not yes:
            click.confirm(
                f"Publish the last {scope_name or FULL.name} CRL of {issuer.name}? It is good for ever, and no other "
                "one can follow it.",
                abort=True,
                err=as_json,
            )
        answer = _publish_by_lease_holder(installation, database, _PublicationRequest(issuer, wanted, is_last), timeout)
    if "error" in answer:
        raise NotPublished(str(answer["error"]))
    if as_json:
        click.echo(json.dumps(answer))
        return
    click.echo(
        f"CRL {answer['number']} of {issuer.name} is public: {answer['entries']} entries, {answer['size']} bytes, "
        f"until {answer['next_update']}, in {answer['seconds']} s."
    )


class _PublicationRequest(NamedTuple):
    """Whose CRL, which one, and whether it is to be the last."""

    issuer: Issuer
    scope: Scope | None
    is_last: bool


def _publish_by_lease_holder(
    installation: Installation, database: Database, wanted: _PublicationRequest, timeout: int
) -> dict[str, object]:
    """Ask, and give the publisher's answer; publish in this process when no other one holds the lease."""
    clock = open_clock(database)
    with database.write() as connection:
        request = requests.ask(connection, wanted.issuer, clock, scope=wanted.scope, is_last=wanted.is_last)
    lease = bootstrap.lease(installation, database)
    give_up_at = time.monotonic() + timeout
    try:
        while time.monotonic() < give_up_at:
            with database.read() as connection:
                answer = requests.answer_to(connection, request)
            if answer is not None:
                return answer
            if lease.current_holder() is None and lease.hold():
                _publish_here(installation, database, wanted.issuer, lease)
                continue
            time.sleep(_PAUSE_SECONDS)
    finally:
        with database.write() as connection:
            requests.withdraw(connection, request)
    raise NotPublished(
        f"The publisher did not publish within {duration_text(timedelta(seconds=timeout))}: see its log."
    )


def _publish_here(installation: Installation, database: Database, issuer: Issuer, lease: Lease) -> None:
    """Be the publisher for one look at the issuer, which answers all requests that wait; then release the lease."""
    try:
        bootstrap.publisher(installation, database, lease).attend(issuer)
        bootstrap.mirrors(installation, database).catch_up(_MIRROR_SECONDS)
    finally:
        lease.release()
