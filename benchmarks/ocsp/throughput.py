"""The rows that are ratios to nginx: who takes part is the same for all of them."""

import contextlib
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import nginx
from benchmarks.campaign import Campaign
from benchmarks.figures import Cell, NotMeasured, Row
from benchmarks.processes import NotHere
from benchmarks.wrk import Plan
from ocsp_responder.bench.questions import Asking, post

from .contenders import Contender, ratios
from .installation import Prepared, prepare
from .peers import PEERS

OURS = "pki-revocation"


def measure(row: Row, asking: Asking, campaign: Campaign) -> list[Cell]:
    """One row: nginx, this responder and, where they install, the others."""
    subject = prepare(campaign.folder / "installation")
    missing: list[Cell] = []
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        contenders = [running.enter_context(_ours(subject))]
        for name, peer in PEERS.items() if campaign.peers else ():
            try:
                contenders.append(running.enter_context(peer(subject, campaign.folder / name)))
            except NotHere as error:
                missing.append(NotMeasured(row=row, who=name, why=str(error)))
        yardstick, posted = running.enter_context(_nginx(folder / "nginx", len(subject.about)))
        if asking.request is post:
            contenders.append(posted)
        return ratios(row, asking, yardstick, contenders, campaign) + missing


@contextlib.contextmanager
def _ours(subject: Prepared) -> Iterator[Contender]:
    def check() -> None:
        status = subject.status_of(subject.about[0])
        if status != "good":
            raise AssertionError(f"this responder says {status} of a certificate that is good")

    def plan(asking: Asking) -> Plan:
        return Plan(host=subject.host, requests=subject.requests(asking), nonce=asking.with_nonce)

    with subject.responder() as process:
        yield Contender(name=OURS, process=process, plan=plan, check=check)


@contextlib.contextmanager
def _nginx(folder: Path, count: int) -> Iterator[tuple[Contender, Contender]]:
    """The yardstick, a static file by GET; and what nginx, which gives no file for a POST, makes of one at its best."""
    with nginx.nginx(folder) as (process, host):

        def plan(method: str) -> Callable[[Asking], Plan]:
            return lambda _: Plan(host=host, requests=nginx.requests(host, method, count))

        yield (
            Contender(name="nginx, a static file", process=process, plan=plan("GET")),
            Contender(name="nginx, POST and a fixed body", process=process, plan=plan("POST")),
        )
