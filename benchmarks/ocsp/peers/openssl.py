"""`openssl ocsp`, which signs every answer, one connection at a time, and closes it: it is asked one after the other.

A connection on which the client sends nothing stops it for all clients, so it is never given to wrk.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.ocsp.contenders import Contender
from benchmarks.ocsp.installation import Prepared
from benchmarks.processes import SERVER_CORE, NotHere, free_port, needed, pinned
from benchmarks.wrk import Load, Plan
from keys.config import KeySettings
from ocsp_responder.bench.questions import Asking, Questions
from ocsp_responder.client.query import Question

from .asked import refuse_unless_good

_TIMEOUT_SECONDS = 10


@contextlib.contextmanager
def openssl(subject: Prepared, folder: Path) -> Iterator[Contender]:
    """`openssl ocsp` as a contender, with the same certificates, key and delegated certificate.

    Raises:
        NotHere: when openssl is not installed, or does not know the certificates.
    """
    needed(("openssl", "openssl"))
    folder.mkdir(parents=True, exist_ok=True)
    keys = subject.installation.sections(KeySettings)[subject.issuer.name]
    index, issuer, port, log = folder / "index.txt", folder / "issuer.pem", free_port(), folder / "log"
    end = (datetime.now(UTC) + timedelta(days=90)).strftime("%y%m%d%H%M%SZ")
    index.write_text("".join(f"V\t{end}\t\t{serial:X}\tunknown\t/CN={serial:x}\n" for serial in sorted(subject.about)))
    issuer.write_bytes(subject.issuer.certificate.public_bytes(Encoding.PEM))
    url = f"http://127.0.0.1:{port}/"
    command: list[str | Path] = [
        "openssl", "ocsp", "-index", index, "-CA", issuer, "-port", str(port), "-ndays", "1", "-ignore_err",
        "-rkey", subject.installation.path(keys.ocsp_key or ""),
        "-rsigner", subject.installation.path(keys.ocsp_certificate or ""),
    ]  # fmt: skip

    def plan(asking: Asking) -> Plan:
        row = Questions(subject.issuer, subject.about, asking, url)
        return Plan(host=f"127.0.0.1:{port}", requests=[row.next().request for _ in range(len(row))])

    log.unlink(missing_ok=True)
    with pinned(command, SERVER_CORE, log=log) as process:
        _wait(process, log)
        refuse_unless_good(url, Question(issuer=subject.issuer, serial=subject.about[0], nonce=None))
        yield Contender(name="openssl ocsp, one at a time", process=process, plan=plan, run=one_after_the_other)


def _wait(process: psutil.Process, log: Path) -> None:
    """Wait until its log says that it listens: to try the port would be the empty connection that stops it."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while b"aiting" not in log.read_bytes():
        if time.monotonic() > deadline or not process.is_running():
            raise NotHere("does not start")
        time.sleep(0.02)


def one_after_the_other(plan: Plan, seconds: float) -> Load:
    """A connection for each request, ended before the next is begun."""
    host, _, port = plan.host.rpartition(":")
    times: list[float] = []
    failed = 0
    begun = time.perf_counter()
    while (now := time.perf_counter()) - begun < seconds:
        request = plan.requests[(len(times) + failed) % len(plan.requests)]
        with socket.create_connection((host, int(port)), _TIMEOUT_SECONDS) as connection:
            connection.sendall(request)
            answer = b""
            while piece := connection.recv(1 << 16):
                answer += piece
        if b" 200 " in answer[:16]:
            times.append(time.perf_counter() - now)
        else:
            failed += 1
    spent = time.perf_counter() - begun
    times.sort()
    return Load(
        requests=len(times) + failed,
        rate=len(times) / spent,
        failed=failed,
        median=1000 * times[len(times) // 2],
        p99=1000 * times[len(times) * 99 // 100],
        longest=1000 * times[-1],
    )
