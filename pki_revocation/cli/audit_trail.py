"""`audit verify`: follow the chain from its beginning; `audit show`: read what it says."""

import json
from contextlib import closing
from datetime import datetime
from itertools import islice

import click

from pki_revocation.audit import head_digest, verify_chain
from pki_revocation.audit_verification import verify_journal
from pki_revocation.clock import iso, whole_second
from pki_revocation.config.installation import Installation
from pki_revocation.errors import ImpossibleDate
from pki_revocation.register.audit_search import AuditRecord, records, subject_named

from .options import installation_option

# What stands first of a record, in this order; all that it says else follows.
_FIRST = ("reason", "channel", "reference", "issuer", "serial")
_INDENT = "    "


@click.group()
def audit() -> None:
    """The audit trail: an append-only, hash-chained record of every act."""


@audit.command()
@installation_option
def verify(installation: Installation) -> None:
    """Check that no record was changed, dropped or put in, and that the journal is what the records vouch for.

    An account that can write the whole database can also write a whole new chain: keep the digest that this prints
    elsewhere, and compare it with the same record's later.
    """
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            count = verify_chain(connection)
            rows = verify_journal(connection)
            head = head_digest(connection)
    click.echo(f"The audit chain is whole: {count} records, which vouch for {rows} journal rows.")
    click.echo(f"Record {count} has digest {head}")


@audit.command()
@click.argument("what", required=False)
@click.option("--event", help="Only these acts: a name as it is shown, or the part before its dot.")
@click.option("--since", help="Only what was recorded since: ISO 8601 with a zone.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=100, show_default=True, help="The newest, so many at most."
)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def show(
    installation: Installation, *, what: str | None, event: str | None, since: str | None, limit: int, as_json: bool
) -> None:
    """Show records, oldest first: what was done, when, when the request for it came in, and who did it.

    WHAT is a number, for all that was done for its certificate, or a revocation's reference. It shows and does not
    check: `audit verify` does.
    """
    earliest = None if since is None else _moment(since)
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            about = None if what is None else subject_named(connection, what)
            with closing(records(connection, about=about, event=event, since=earliest)) as found:
                # One more than is shown tells that there are more.
                newest = list(islice(found, limit + 1))
    shown = newest[:limit][::-1]
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in shown]))
        return
    for each in shown:
        for line in _lines(each):
            click.echo(line)
    if not shown:
        click.echo("No record is about that.")
    if len(newest) > limit:
        click.echo(f"These are the newest {limit:,}: --limit shows more.")


def _as_json(record: AuditRecord) -> dict[str, object]:
    return {
        "sequence": record.sequence,
        "at": iso(record.at),
        "event": record.event,
        "detail": record.detail,
        "personal": record.personal,
        "erased": record.is_erased,
    }


def _lines(record: AuditRecord) -> list[str]:
    personal = dict(record.personal or {})
    operator = personal.pop("operator", None) or personal.pop("by", None)
    received = personal.pop("received_at", None)
    lines = [f"{iso(record.at)}  {record.event}  (record {record.sequence:,})"]
    if operator is not None:
        lines.append(f"{_INDENT}operator: {_written(operator)}")
    if received is not None:
        lines.append(f"{_INDENT}received at: {_written(received)}")
    lines += [f"{_INDENT}{_named(key)}: {_written(value)}" for key, value in personal.items()]
    if record.is_erased:
        lines.append(f"{_INDENT}operator: erased")
    ordered = sorted(record.detail, key=lambda key: (_FIRST.index(key) if key in _FIRST else len(_FIRST), key))
    return lines + [f"{_INDENT}{_named(key)}: {_written(record.detail[key])}" for key in ordered]


def _named(key: str) -> str:
    return key.replace("_", " ")


def _written(value: object) -> str:
    """On one line, without anything that a terminal would act on."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(text)


def _moment(text: str) -> datetime:
    try:
        return whole_second(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise ImpossibleDate(
            f"--since {text!r} is no moment: write it as 2026-11-23T14:03:22Z, zone included."
        ) from None
