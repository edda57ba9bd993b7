"""`pki-revocation bench ocsp`: how fast the running responder answers, on the operator's machine."""

import contextlib
import ipaddress
import json
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import click

from ocsp_responder.client.query import http_address, verify
from ocsp_responder.config import OcspSettings
from ocsp_responder.errors import AnswerRefused
from pki_revocation.cli.options import installation_option
from pki_revocation.clock import SystemClock, iso
from pki_revocation.config.installation import Installation
from pki_revocation.errors import NotFound
from pki_revocation.host.machine import this_machine
from pki_revocation.register.issuers import issuer_named

from .load import Measured, measure
from .questions import ASKINGS, Asking, Questions, serials

_STEPS = 1000
# Above this share of its core the generator is as likely the limit as the responder.
_GENERATOR_LIMIT = 0.9


@click.command()
@click.option("--url", help="The responder's address; where this installation's listens, without it.")
@click.option("--elsewhere", is_flag=True, help="Allow an address that is not this machine's.")
@click.option("--issuer", "issuer_name", help="Whose certificates to ask about; the default issuer's without it.")
@click.option("--seconds", type=click.IntRange(1, 600), default=5, show_default=True, help="For each figure.")
@click.option("--connections", type=click.IntRange(1, 1000), default=32, show_default=True, help="Clients at once.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@installation_option
def bench(  # noqa: PLR0913 - one for each option
    installation: Installation,
    *,
    url: str | None,
    elsewhere: bool,
    issuer_name: str | None,
    seconds: int,
    connections: int,
    as_json: bool,
) -> None:
    """Ask a running responder as fast as it answers: GET, POST and with a nonce.

    The load comes from this process, on one core; samples of the answers are verified. Nothing is revoked.
    """
    address = url or _listening_at(installation.section(OcspSettings))
    _refuse_elsewhere(address, allowed=elsewhere)
    with installation.database() as database:
        database.check_revision()
        with database.read() as connection:
            issuer = issuer_named(connection, issuer_name)
            about = serials(connection, issuer)
    if not about:
        raise NotFound(f"The issuer {issuer.name} has no certificate to ask about: import some first.")
    clock = SystemClock()
    figures: list[tuple[Asking, Measured]] = []
    with _progress(len(ASKINGS)) as step:
        for asking in ASKINGS:
            questions = Questions(issuer, about, asking, address)
            figure = measure(address, questions, connections=connections, seconds=seconds, tick=step(asking.name))
            for asked, answer in figure.samples:
                verify(answer, asked.question, clock.now())
            figures.append((asking, figure))
    machine = this_machine()
    if as_json:
        click.echo(
            json.dumps(
                {
                    "measured_at": iso(clock.now()),
                    "machine": machine.as_dict(),
                    "url": address,
                    "connections": connections,
                    "certificates": len(about),
                    "figures": [_as_dict(asking, figure) for asking, figure in figures],
                }
            )
        )
        return
    click.echo(f"{address}, {connections} connections, {len(about)} certificates")
    click.echo(f"{machine}")
    click.echo(f"{'':20}{'answers/s':>12}{'median ms':>12}{'p99 ms':>12}{'longest ms':>12}")
    for asking, figure in figures:
        click.echo(f"{asking.name:20}{figure.rate:12,.0f}{figure.median:12.2f}{figure.p99:12.2f}{figure.longest:12.2f}")
    if any(figure.generator > _GENERATOR_LIMIT for _, figure in figures):
        click.echo("The load generator used up a core of its own: the responder may be faster than this.")


def _as_dict(asking: Asking, figure: Measured) -> dict[str, object]:
    return {
        "name": asking.name,
        "requests": figure.requests,
        "seconds": round(figure.seconds, 3),
        "per_second": round(figure.rate, 1),
        "median_ms": round(figure.median, 3),
        "p99_ms": round(figure.p99, 3),
        "longest_ms": round(figure.longest, 3),
        "generator_core_share": round(figure.generator, 2),
        "verified": len(figure.samples),
    }


def _listening_at(settings: OcspSettings) -> str:
    """The responder's own socket, not the public address, behind which a proxy or a cache may stand."""
    host = settings.host
    with contextlib.suppress(ValueError):
        found = ipaddress.ip_address(host)
        if found.is_unspecified:
            host = "127.0.0.1" if found.version == 4 else "::1"  # noqa: PLR2004 - IP's version
        host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{settings.port}{urlsplit(settings.public_url).path}"


def _refuse_elsewhere(address: str, *, allowed: bool) -> None:
    """A load on a stranger's responder is an attack; on one's own it must be meant."""
    parts = http_address(address)
    if parts.scheme != "http":
        raise AnswerRefused(f"{address} is https, which OCSP is not served by here: name an http address.")
    host = parts.hostname or ""
    try:
        here = ipaddress.ip_address(host).is_loopback
    except ValueError:
        here = host == "localhost"
    if not here and not allowed:
        raise AnswerRefused(
            f"{address} is not on this machine's loopback: where a load on it is meant, add --elsewhere."
        )


@contextlib.contextmanager
def _progress(count: int) -> Iterator[Callable[[str], Callable[[float], None]]]:
    """A bar on a terminal, on standard error; nothing elsewhere."""
    with click.progressbar(length=count * _STEPS, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        done = 0

        def step(name: str) -> Callable[[float], None]:
            nonlocal done
            start = done
            done += _STEPS
            bar.label = name

            def tick(share: float) -> None:
                bar.update(start + int(share * _STEPS) - bar.pos)

            return tick

        yield step
