"""cfssl with answers that were signed before: the very ones of this responder, about the same certificates."""

import base64
import contextlib
import http.client
import socket
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from benchmarks.ocsp.contenders import Contender
from benchmarks.ocsp.installation import Prepared
from benchmarks.processes import SERVER_CORE, free_port, needed, pinned, wait_for_port
from benchmarks.wrk import Plan
from ocsp_responder.bench.questions import Asking, Questions
from ocsp_responder.client.query import Question, ask

from .asked import refuse_unless_good

_TIMEOUT_SECONDS = 10


@contextlib.contextmanager
def cfssl(subject: Prepared, folder: Path) -> Iterator[Contender]:
    """`cfssl ocspserve` on the server's core. This responder must be running: its answers are taken.

    Raises:
        NotHere: when cfssl is not installed, or does not know the certificates.
    """
    needed(("cfssl", "golang-cfssl"))
    folder.mkdir(parents=True, exist_ok=True)
    questions = [Question(issuer=subject.issuer, serial=serial, nonce=None) for serial in subject.about]
    answers = folder / "answers"
    answers.write_text("\n".join(base64.b64encode(ask(subject.url, each)).decode() for each in questions) + "\n")
    port, log = free_port(), folder / "log"
    url = f"http://127.0.0.1:{port}/"
    command = ["cfssl", "ocspserve", "-loglevel", "5", "-port", str(port), "-responses", str(answers)]

    def plan(asking: Asking) -> Plan | str:
        if asking.with_nonce:
            return "it has only answers that were signed before"
        row = Questions(subject.issuer, subject.about, asking, url)
        requests = [row.next().request for _ in range(len(row))]
        status = _status_of(port, requests[0])
        if status != HTTPStatus.OK:
            return f"it answers such a request with status {status}"
        return Plan(host=f"127.0.0.1:{port}", requests=requests)

    with pinned(command, SERVER_CORE, log=log) as process:
        wait_for_port(port, process, log)
        refuse_unless_good(url, questions[0])
        yield Contender(name="cfssl, signed before", process=process, plan=plan)


def _status_of(port: int, request: bytes) -> int:
    """Debian's version takes the slash in front of a GET's base64 for a part of it."""
    with socket.create_connection(("127.0.0.1", port), _TIMEOUT_SECONDS) as connection:
        connection.sendall(request)
        response = http.client.HTTPResponse(connection)
        response.begin()
        return response.status
