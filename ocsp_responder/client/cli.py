"""`pki-revocation ocsp`: what a responder says."""

import json
import secrets
from pathlib import Path

import click

from ocsp_responder.config import OcspSettings
from pki_revocation.audit import AuditTrail
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import iso
from pki_revocation.config.installation import Installation
from pki_revocation.encoding.serials import from_text
from pki_revocation.errors import NotFound
from pki_revocation.host.account import claimed_by
from pki_revocation.importing.candidates import CandidateRefused
from pki_revocation.importing.pem_der import certificate_in
from pki_revocation.model import serial_text
from pki_revocation.propagation.responders import expected, take_out
from pki_revocation.register.issuers import issuer_named
from pki_revocation.runtime.clock_keeping import open_clock

from .query import Question, ask, verify

# RFC 9654 section 2.1: clients use at least 32 octets.
_NONCE_OCTETS = 32


@click.group()
def ocsp() -> None:
    """Ask the OCSP responder, as a relying party does."""


@ocsp.command()
@click.option("--remove", "name", help="Expect this one no more: it was taken out of service.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def responders(installation: Installation, *, name: str | None, as_json: bool) -> None:
    """List the responders that are expected to run, by machine and port; `doctor` says which of them are lost.

    A responder is expected from its first start on.
    """
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        if name is not None:
            with database.write() as connection:
                if not take_out(connection, name):
                    raise NotFound(f"No responder {name!r} is expected: 'pki-revocation ocsp responders' lists them.")
                detail = {"responder": name}
                AuditTrail(clock).record(connection, "responder.taken-out", detail, personal=claimed_by(None))
        with database.read() as connection:
            known = expected(connection)
    now = clock.now()
    if as_json:
        rows = [{"name": each.name, "reported_at": iso(each.reported_at), "lost": each.is_lost(now)} for each in known]
        click.echo(json.dumps(rows))
        return
    for each in known:
        click.echo(f"{each.name}  {'lost since' if each.is_lost(now) else 'runs, heard at'} {iso(each.reported_at)}")


@ocsp.command()
@click.argument("what", metavar="SERIAL|CERTIFICATE")
@click.option("--issuer", "issuer_name", help="Whose certificate it is; the default issuer's without it.")
@click.option("--url", help="The responder's address; the configured one without it.")
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
@installation_option
def query(installation: Installation, *, what: str, issuer_name: str | None, url: str | None, as_json: bool) -> None:
    """Ask whether a certificate is revoked, over HTTP, and verify the answer.

    Name it by its serial in hexadecimal, or by its file. Ends with status 0 for any verified answer: good, revoked or
    unknown.
    """
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            issuer = issuer_named(connection, issuer_name)
        clock = open_clock(database)
    question = Question(issuer=issuer, serial=_serial(what), nonce=secrets.token_bytes(_NONCE_OCTETS))
    address = url or installation.section(OcspSettings).public_url
    found = verify(ask(address, question), question, clock.now())
    told = {
        "status": found.status,
        "serial": serial_text(question.serial),
        "issuer": issuer.name,
        "revocation_date": found.revocation_date and iso(found.revocation_date),
        "reason": found.reason,
        "this_update": iso(found.this_update),
        "next_update": found.next_update and iso(found.next_update),
        "produced_at": iso(found.produced_at),
        "signer": found.signer,
        "url": address,
    }
    if as_json:
        click.echo(json.dumps(told))
        return
    for name, value in told.items():
        if value is not None:
            click.echo(f"{name.replace('_', ' ')}: {value}")


def _serial(what: str) -> int:
    path = Path(what)
    if path.is_file():
        try:
            return certificate_in(path.read_bytes()).serial
        except CandidateRefused as refused:
            raise NotFound(f"{what} is no certificate: give a PEM or DER file. {refused}") from None
    try:
        return from_text(what)
    except ValueError:
        raise NotFound(f"{what!r} is no serial in hexadecimal, and no file.") from None
