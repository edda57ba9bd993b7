"""`receipt`: a revocation's receipt with its proof, for operators; the document that subscribers download."""

import re
from pathlib import Path

import click

from pki_revocation import journal
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import Clock
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper
from pki_revocation.config.installation import Installation
from pki_revocation.config.settings import ContactSettings, WebSettings
from pki_revocation.database.engine import Database
from pki_revocation.documents.receipt import ReceiptSurroundings, receipt_name
from pki_revocation.documents.receipt_signing import ReceiptSigner, signed_receipt
from pki_revocation.errors import NotFound
from pki_revocation.host import durable_files
from pki_revocation.model import Confirmation, serial_text
from pki_revocation.proof.gathering import EvidenceCollector
from pki_revocation.proof.settings import ReceiptSettings
from pki_revocation.register.issuers import issuer_named
from pki_revocation.runtime.clock_keeping import open_clock
from pki_revocation.service import RevocationService
from pki_revocation.subscribers.languages import Language

from .options import installation_option
from .receipt_verification import verify
from .which_certificate import find_certificate

_REFERENCE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


class _ReceiptGroup(click.Group):
    """`receipt WHAT` means `receipt write WHAT`, which was the whole command once."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put in `write` where no command is named."""
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = ["write", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ReceiptGroup)
def receipt() -> None:
    """Receipts of revocations: written, and checked; without a command's name, `write` is meant."""


receipt.add_command(verify)


@receipt.command()
@click.argument("what")
@click.option("--issuer", "issuer_name", help="The issuer, for a serial; the default one without it.")
@click.option(
    "--language",
    type=click.Choice([each.value for each in Language]),
    default=Language.DUTCH.value,
    help="The receipt's language; Dutch without it.",
)
@click.option(
    "--to", type=click.Path(dir_okay=False, path_type=Path), help="The file; one with its reference without it."
)
@installation_option
def write(installation: Installation, *, what: str, issuer_name: str | None, language: str, to: Path | None) -> None:
    """Write a revocation's receipt: WHAT is a number, a reference, a serial in hexadecimal, or a certificate's file.

    The running OCSP responder signs the proof. Where it does not answer, the receipt says that it has none yet, and so
    does this command: run it again later.
    """
    chosen = Language(language)
    with installation.database() as database:
        database.check_revision()
        clock = open_clock(database)
        confirmation = _confirmation(database, clock, what, issuer_name)
        evidence = EvidenceCollector.of(installation, database).gather(confirmation)
    file = to or Path(receipt_name(confirmation, chosen))
    settings = installation.section(ReceiptSettings)
    surroundings = ReceiptSurroundings.of(
        installation.section(ContactSettings),
        installation.section(WebSettings).public_url,
        has_check=bool(settings.trust_anchors),
    )
    pdf = signed_receipt(confirmation, evidence, chosen, clock.now(), surroundings, ReceiptSigner.or_none(installation))
    durable_files.write(file, pdf, mode=0o640)
    click.echo(f"Written: {file}")
    if evidence.ocsp is None:
        click.echo(
            "It holds no OCSP response yet, because the responder gave none to rely on: run this again.", err=True
        )
    if not evidence.is_whole:
        click.echo("Its chain ends below the root: register the root with 'pki-revocation issuer add'.", err=True)


def _confirmation(database: Database, clock: Clock, what: str, issuer_name: str | None) -> Confirmation:
    # No code is given here: the service needs no pepper.
    verifier = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)
    service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
    with database.read() as connection:
        known = journal.entry_with_reference(connection, what.upper()) if _REFERENCE.fullmatch(what.upper()) else None
    if known is not None:
        return service.confirmation(known.issuer_id, known.sequence)
    if _REFERENCE.fullmatch(what.upper()) and not what.replace("-", "").isdigit():
        raise NotFound(f"There is no revocation with reference {what.upper()}.")
    issuer, serial = find_certificate(database, what, issuer_name)
    with database.read() as connection:
        entry = journal.latest_entry(connection, issuer_named(connection, issuer).id, serial)
    if entry is None:
        raise NotFound(f"The certificate with serial {serial_text(serial)} is not revoked: it has no receipt.")
    return service.confirmation(entry.issuer_id, entry.sequence)
