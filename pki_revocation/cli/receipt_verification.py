"""`receipt verify`: whether a receipt is genuine, by the reader's own root; no installation is needed."""

import json
from pathlib import Path

import click
from cryptography import x509

from pki_revocation.documents.verification.receipt import verify_receipt
from pki_revocation.documents.verification.verdict import Outcome, Verdict
from pki_revocation.errors import PkiError
from pki_revocation.proof.certificates import read_certificates

_SIGNS = {Outcome.OK: "ok   ", Outcome.WRONG: "WRONG", Outcome.NOT_CHECKED: "-    "}


class UnfitAnchor(PkiError):
    """A file that was named as a root holds none."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--anchor",
    "anchors",
    required=True,
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Your own copy of the root certificate, fetched from the issuer and not from the receipt; may be repeated.",
)
@click.option(
    "--tsa-anchor",
    "stamp_anchors",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The root of the time-stamp service; without it the time stamp is not checked. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def verify(file: Path, *, anchors: tuple[Path, ...], stamp_anchors: tuple[Path, ...], as_json: bool) -> None:
    """Check a receipt: FILE is the PDF as it was downloaded, or a zip with its attachments.

    Neither the register's database nor a configuration is needed, and nothing is asked of any service. The exit status
    is 0 when the revocation is proven and nothing about the receipt is wrong, and 1 otherwise.
    """
    verdict = verify_receipt(file.read_bytes(), _roots(anchors), _roots(stamp_anchors))
    if as_json:
        click.echo(json.dumps(verdict.as_json()))
    else:
        _print(verdict)
    if not verdict.is_genuine:
        click.get_current_context().exit(1)


def _print(verdict: Verdict) -> None:
    for each in verdict.findings:
        click.echo(f"{_SIGNS[each.outcome]}  {each.check}: {each.says}")
    if verdict.is_genuine:
        click.echo("The revocation is proven. Compare the serial number with that of the certificate that you mean.")
    else:
        click.echo("The revocation is not proven by this file.")


def _roots(paths: tuple[Path, ...]) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for path in paths:
        try:
            found += read_certificates(path.read_bytes())
        except ValueError as error:
            raise UnfitAnchor(f"{path} is not to be used as a root: {error}.") from None
    return found
