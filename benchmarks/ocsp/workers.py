"""What two workers have in common: how many answers there are to one question, and what signing them costs.

Each certificate is asked about over one connection after the other, so that every worker is asked, and a second time
when all is kept: what the first time cost more is signing. A key that signs slowly shows it best.
"""

import contextlib
import hashlib
import http.client
import time

import psutil

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle
from ocsp_responder.bench.questions import get
from ocsp_responder.client.query import Question

from .installation import Prepared, prepare, say

ROW = Row(name="workers", title="different answers to one question, two workers, RSA-3072", unit="", must=1, aim=1)
_WORKERS = 2
_CERTIFICATES = 100
_MOST_CONNECTIONS = 500


def measure(campaign: Campaign) -> list[Cell]:
    """The cells of two workers and, beside them, of one, which shares answers with no other."""
    subject = prepare(campaign.folder / "rsa3072", _CERTIFICATES, "--key-type", "rsa3072")
    answers, two, one = [], [], []
    for number in range(campaign.rounds):
        count, milliseconds = _asked(subject, _WORKERS)
        _, alone = _asked(subject, 1)
        answers.append(count)
        two.append(milliseconds)
        one.append(alone)
        say(f"round {number + 1}: {count:.2f} answers, {milliseconds:.2f} ms to sign them, one worker {alone:.2f} ms")
    beside: dict[str, float | int | str] = {"signing CPU ms": middle(two), "with one worker ms": middle(one)}
    return [Figure(row=ROW, who="pki-revocation", value=middle(answers), rounds=tuple(answers), beside=beside)]


def _asked(subject: Prepared, workers: int) -> tuple[float, float]:
    """Different answers for a certificate, and the processor's milliseconds for signing them."""
    with subject.responder(workers) as process, contextlib.ExitStack() as opened:
        connections = _to_every_worker(subject.host, process, opened)
        if len(connections) != workers:
            raise AssertionError(f"{len(connections)} workers listen instead of {workers}")
        found, first = _pass(subject, connections, process)
        again, second = _pass(subject, connections, process)
    if found != again:
        raise AssertionError("an answer that was kept has changed")
    return sum(map(len, found)) / len(found), (first - second) / len(found) * 1000


def _to_every_worker(
    host: str, process: psutil.Process, opened: contextlib.ExitStack
) -> list[http.client.HTTPConnection]:
    """One connection to each process that listens: the kernel chooses, so that it may take many to reach all."""
    found: dict[int, http.client.HTTPConnection] = {}
    # One worker serves in the process that was started; several are its children, and it serves nothing itself.
    serving = process.children(recursive=True) or [process]
    listening = [each for each in serving if _ports(each, psutil.CONN_LISTEN)]
    for _ in range(_MOST_CONNECTIONS):
        connection = opened.enter_context(contextlib.closing(http.client.HTTPConnection(host, timeout=60)))
        connection.connect()
        time.sleep(0.01)
        own = connection.sock.getsockname()[1]
        for each in listening:
            if own in _ports(each, psutil.CONN_ESTABLISHED):
                found.setdefault(each.pid, connection)
        if len(found) == len(listening):
            break
    return list(found.values())


def _ports(process: psutil.Process, status: str) -> set[int]:
    """The peers' ports of a process's connections in this state; 0 stands for one that has no peer."""
    connections = [each for each in process.net_connections("tcp4") if each.status == status]
    return {each.raddr[1] if len(each.raddr) else 0 for each in connections}


def _pass(
    subject: Prepared, connections: list[http.client.HTTPConnection], process: psutil.Process
) -> tuple[list[set[bytes]], float]:
    """Every certificate over every connection: the hashes of its answers, and what all of it cost in CPU seconds."""
    targets = [
        get(subject.url, Question(issuer=subject.issuer, serial=serial, nonce=None).der).split(b" ")[1].decode()
        for serial in subject.about
    ]
    found: list[set[bytes]] = [set() for _ in targets]
    before = _cpu_seconds(process)
    for connection in connections:
        for target, answers in zip(targets, found, strict=True):
            connection.request("GET", target)
            answers.add(hashlib.sha256(connection.getresponse().read()).digest())
        # What another worker signs from now on has another thisUpdate.
        time.sleep(1.1)
    return found, _cpu_seconds(process) - before


def _cpu_seconds(process: psutil.Process) -> float:
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


if __name__ == "__main__":
    command({ROW.name: measure}, "figures")()
