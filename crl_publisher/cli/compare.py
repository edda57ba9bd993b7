"""`crl compare`: an old CA's last CRL beside the register, before its successor is published here."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from crl_publisher import bootstrap
from crl_publisher.crl.files import der_of
from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import UnreadableCrl
from crl_publisher.gate.expected_extensions import scope_named_by
from crl_publisher.recovery.old_crl import Comparison, Difference, compare_with_old
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.encoding.serials import from_stored, from_text, text_of
from pki_revocation.errors import PkiError
from pki_revocation.register.issuers import all_issuers

from .options import json_option

_SHOWN = 100


@click.command()
@click.argument("old", metavar="OLD.crl", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--accept", "serials", multiple=True, metavar="SERIAL", help="A difference that is meant: not counted.")
@click.option(
    "--accepted",
    "decisions",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of such serials, one in a line, with the reason behind a #.",
)
@json_option
@installation_option
def compare(
    installation: Installation, *, old: Path, serials: tuple[str, ...], decisions: Path | None, as_json: bool
) -> None:
    """Say what OLD.crl, another program's last CRL in DER or PEM, lists that the register does not, and the reverse.

    With dates and reasons, and nothing is changed. Its issuer is the registered one that signed it. Exit status: 0 when
    both say the same but for what is accepted and for reasons that a CRL may not give, 1 when they differ: look into
    that before relying parties get a CRL from here.
    """
    accepted = [*map(_serial, serials), *(() if decisions is None else _decided(decisions))]
    crl = parse_crl(der_of(old))
    if crl.base_number is not None:
        raise UnreadableCrl(f"{old} is a delta CRL: give the complete one that it belongs to.")
    with installation.database() as database:
        database.check_revision()
        issuance = bootstrap.issuance(installation, database)
        with database.read() as connection:
            issuer = next((each for each in all_issuers(connection) if crl.is_of(each)), None)
            if issuer is None:
                raise UnreadableCrl(f"{old} was signed by no issuer that is registered here: add its issuer first.")
            scope = scope_named_by(crl, issuance.scopes(connection, issuer))
            found = compare_with_old(connection, issuer, crl, scope, accepted)
    idle = sorted(set(accepted) - {from_stored(each.serial) for each in found.accepted})
    if as_json:
        answer = {
            "issuer": issuer.name,
            "number": crl.number,
            "this_update": iso(crl.this_update),
            "differs": found.differs,
            "same": found.same,
            "expired": found.expired,
            "is_partial": found.is_partial,
            "only_on_old_crl": [each.as_json() for each in found.lacking],
            "only_in_register": [each.as_json() for each in found.beyond],
            "other_date_or_reason": [each.as_json() for each in found.other],
            "reason_left_out": [each.as_json() for each in found.left_out],
            "accepted": [each.as_json() for each in found.accepted],
            "accepted_without_difference": [text_of(serial) for serial in idle],
        }
        click.echo(json.dumps(answer))
    else:
        number = "without a number" if crl.number is None else str(crl.number)
        click.echo(f"CRL {number} of {issuer.name}, issued {iso(crl.this_update)}: {len(crl):,} entries")
        _tell(found)
        if idle:
            click.echo(f"Accepted, and no difference: {', '.join(map(text_of, idle))}")
    click.get_current_context().exit(int(found.differs))


def _serial(text: str) -> int:
    try:
        return from_text(text)
    except ValueError:
        raise UnreadableCrl(f"{text!r} is no serial: write it in hexadecimal, as this command prints it.") from None


def _decided(file: Path) -> Iterator[int]:
    """The serials of a file of decisions; what stands behind a # says why.

    Raises:
        PkiError: naming the line that has no serial.
    """
    try:
        lines = file.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PkiError(f"{file} cannot be read: it is to be a text in UTF-8.") from error
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if text:
            try:
                yield _serial(text)
            except UnreadableCrl as error:
                raise PkiError(f"{file}, line {number}: {error}") from None


def _tell(found: Comparison) -> None:
    click.echo(f"{found.same:,} the same here")
    _list("only on the old CRL, and not revoked here", found.lacking)
    _list("revoked here, and not on the old CRL", found.beyond)
    _list("with another date or reason", found.other)
    if found.left_out:
        _list("without a reason here, because a CRL may not give a subscriber's certificate theirs", found.left_out)
    if found.accepted:
        _list("accepted", found.accepted)
    if found.expired:
        click.echo(f"{found.expired:,} revoked here expired before the old CRL was issued, which need not list them")
    if found.is_partial:
        click.echo("The old CRL covers a part of the certificates: what is revoked here beyond it was not looked at")


def _list(what: str, differences: Sequence[Difference]) -> None:
    click.echo(f"{len(differences):,} {what}{':' if differences else ''}")
    for each in differences[:_SHOWN]:
        click.echo(f"  {each}")
    if len(differences) > _SHOWN:
        click.echo(f"  and {len(differences) - _SHOWN:,} more: --json lists them all")
