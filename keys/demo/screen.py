"""What the demo shows: its progress, and a short table of what there is to try."""

import sys
from collections.abc import Callable
from pathlib import Path

import click

from pki_revocation.codes import grouped as grouped_code
from pki_revocation.numbers import grouped as grouped_number

from .making import LETTERS, DemoAddresses

_STEPS = 10


class Progress:
    """Tells of each step on standard error; on a terminal, every tenth of it."""

    def __call__(self, what: str, total: int) -> Callable[[int], None]:
        """Begin a step of *total* pieces; the function given back is told how many are done."""
        shown = 0
        on_terminal = sys.stderr.isatty()

        def count(done: int) -> None:
            nonlocal shown
            tenth = done * _STEPS // total
            if done == total or (tenth > shown and on_terminal):
                shown = tenth
                end = "\n" if done == total else "\r"
                click.echo(f"Making {what}: {done:,} of {total:,}{end}", nl=False, err=True)

        return count


def show_addresses(
    directory: Path, addresses: DemoAddresses, subscribers: list[dict[str, str]], *, key_type: str
) -> None:
    """The addresses, one number and code to try, and the commands that check it."""
    first = subscribers[0]
    certificate = directory / first["certificate"]
    issuer, chain = directory / "issuer.pem", directory / "chain.pem"
    ocsp_url, crl_url = addresses.of("ocsp", "/ocsp"), addresses.of("distribution", "/crl/issuing.crl")
    with_openssl = "with OpenSSL 3.5 or newer, which knows ML-DSA, " if key_type.startswith("mldsa") else ""
    lines = [
        "",
        "The demo is running: plain http, on this machine only.",
        "",
        f"  Revoke        {addresses.of('web', '/intrekken')}",
        f"  In English    {addresses.of('web', '/revoke?lang=en')}",
        f"  Console       {addresses.of('console', '/')}",
        f"  OCSP          {ocsp_url}",
        f"  CRL           {crl_url}",
        f"  Letters       {directory / 'letters'} (the first {min(LETTERS, len(subscribers))})",
        "",
        f"  Number        {grouped_number(first['number'])}",
        f"  Code          {grouped_code(first['code'])}",
        f"  Certificate   {certificate}",
        "",
        f"Check it before and after, {with_openssl}in a second terminal:",
        "",
        f"  openssl ocsp -issuer {issuer} -cert {certificate} -CAfile {chain} -url {ocsp_url}",
        f"  curl -s -o /tmp/demo.crl {crl_url} && openssl crl -in /tmp/demo.crl -CAfile {chain} -verify -noout -text",
        "",
        "Ctrl-C ends it; the same command starts it again with the same data.",
    ]
    click.echo("\n".join(lines))
