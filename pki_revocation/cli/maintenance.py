"""`maintenance`: close the subscriber's page for a while, open it again, and say which it is."""

import json
from datetime import datetime

import click

from pki_revocation.audit import AuditTrail
from pki_revocation.clock import iso, whole_second
from pki_revocation.config.installation import Installation
from pki_revocation.host.account import claimed_by
from pki_revocation.register.maintenance import (
    Maintenance,
    MaintenanceRefused,
    close_page,
    current_maintenance,
    open_page,
)
from pki_revocation.runtime.clock_keeping import open_clock

from .options import installation_option


@click.group()
def maintenance() -> None:
    """Close the subscriber's page while you work on it: subscribers see how to revoke by post and e-mail instead."""


@maintenance.command()
@click.option("--until", required=True, help="When the page opens again by itself: ISO 8601 with a zone.")
@click.option("--message", required=True, help="One line in Dutch for subscribers who want to revoke.")
@click.option("--message-en", help="The same in English; the first one without it.")
@installation_option
def on(installation: Installation, *, until: str, message: str, message_en: str | None) -> None:
    """Close the page, at once and on every worker; again with another end or message changes them."""
    end = _moment(until)
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        notice = Maintenance(
            since=clock.now(), until=end, message=message.strip(), message_en=(message_en or message).strip()
        )
        with database.write() as connection:
            close_page(connection, notice)
            detail = {"until": iso(notice.until), "message": notice.message, "message_en": notice.message_en}
            AuditTrail(clock).record(connection, "maintenance.on", detail, personal=claimed_by(None))
    click.echo(f"The page is closed until {iso(notice.until)}. Open it earlier with 'pki-revocation maintenance off'.")


@maintenance.command()
@installation_option
def off(installation: Installation) -> None:
    """Open the page again, at once and on every worker."""
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        with database.write() as connection:
            was_closed = current_maintenance(connection, clock.now()) is not None
            if open_page(connection):
                AuditTrail(clock).record(connection, "maintenance.off", {}, personal=claimed_by(None))
    click.echo("The page is open again." if was_closed else "The page was open already.")


@maintenance.command()
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def show(installation: Installation, *, as_json: bool) -> None:
    """Say whether the page is closed, since when, until when, and with which message."""
    with installation.database() as database:
        database.check_revision()
        now = open_clock(database).now()
        with database.read() as connection:
            notice = current_maintenance(connection, now)
    if as_json:
        answer: dict[str, object] = {"maintenance": notice is not None}
        if notice is not None:
            answer |= {
                "since": iso(notice.since),
                "until": iso(notice.until),
                "message": notice.message,
                "message_en": notice.message_en,
            }
        click.echo(json.dumps(answer))
    elif notice is None:
        click.echo("The page is open.")
    else:
        click.echo(f"The page is closed since {iso(notice.since)} until {iso(notice.until)}: {notice.message}")


def _moment(text: str) -> datetime:
    try:
        return whole_second(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise MaintenanceRefused(
            f"--until {text!r} is no moment: write it as 2026-11-23T14:03:22Z, zone included."
        ) from None
