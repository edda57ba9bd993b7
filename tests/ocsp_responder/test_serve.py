"""The responder as processes: HTTP as it is spoken, and instantly right from every worker."""

import base64
import contextlib
import hashlib
import http.client
import random
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from cryptography import x509

from ocsp_responder.serve import serve
from pki_revocation.audit import AuditTrail
from pki_revocation.clock import SystemClock
from pki_revocation.codes import CodeScheme, CodeVerifier, Pepper
from pki_revocation.database.engine import Database
from pki_revocation.errors import PkiError
from pki_revocation.service import RevocationService
from tests.databases import new_sqlite
from tests.ocsp_responder import answers, messages, registers
from tests.ocsp_responder.fast_path.journals import back_up, register_serials
from tests.ocsp_responder.installations import Installed, install, running
from tests.pki import CertificateAuthority
from tests.waiting import wait_until

AUTHORITY = CertificateAuthority("Demo Zorgverzekeraars CA")
NO_WORKER = "No worker is serving: they are starting, or cannot start; the log says why.\n"
VERIFIER = CodeVerifier(Pepper.generate(), CodeScheme.KEYED_HASH)
TYPE = b"Content-Type: application/ocsp-request\r\n"


@pytest.fixture(scope="module")
def known() -> x509.Certificate:
    """A certificate that nobody revokes."""
    return AUTHORITY.issue("Zorg BV", SystemClock().now())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, known: x509.Certificate) -> Installed:
    """An installation on SQLite."""
    folder = tmp_path_factory.mktemp("ocsp")
    with new_sqlite(folder / "revocation.db") as database:
        made = install(folder, database, AUTHORITY)
        registers.add(database, made.issuer, SystemClock(), known)
    return made


@pytest.fixture(scope="module")
def served(installed: Installed) -> Iterator[Installed]:
    """The same, with a responder running."""
    with running(installed):
        yield installed


def fetch(url: str) -> http.client.HTTPResponse:
    """GET on a connection of its own."""
    address = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    connection.request("GET", address.path, headers={"Connection": "close"})
    return connection.getresponse()


def exchange(served: Installed, *parts: bytes, pause: float = 0.05) -> bytes:
    """Send octets as they are, piece by piece, and read until the server closes."""
    address = urllib.parse.urlsplit(served.url)
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=120) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)
        while piece := connection.recv(65536):
            received += piece
    return received


def body_of(received: bytes) -> bytes:
    """The body of the last answer that was received."""
    head, _, body = received.rpartition(b"\r\n\r\n")
    assert b" 200 OK\r\n" in head
    return body


def chunked(body: bytes) -> bytes:
    """In two chunks (RFC 9112 section 7.1)."""
    half = len(body) // 2
    pieces = [body[:half], body[half:], b""]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def test_ways_of_http(served: Installed, known: x509.Certificate) -> None:
    """HTTP/1.0, chunked bodies, Expect, pipelining, and slashes in front, all answered good (RFC 9112)."""
    question = messages.built(known, AUTHORITY.certificate)
    encoded = base64.b64encode(question)
    length = b"Content-Length: %d\r\n" % len(question)
    last = b"Host: x\r\nConnection: close\r\n"
    ways = {
        "HTTP/1.0 POST": [b"POST /ocsp HTTP/1.0\r\n" + TYPE + length + b"\r\n" + question],
        "HTTP/1.0 GET": [b"GET /ocsp/" + encoded + b" HTTP/1.0\r\n\r\n"],
        "RFC 9112 7.1: chunked": [
            b"POST /ocsp HTTP/1.1\r\n" + last + TYPE + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(question)
        ],
        "RFC 9110 10.1.1: Expect": [
            b"POST /ocsp HTTP/1.1\r\n" + last + TYPE + length + b"Expect: 100-continue\r\n\r\n",
            question,
        ],
        "RFC 9112 9.3.2: pipelining": [
            b"GET /ocsp/" + encoded + b" HTTP/1.1\r\nHost: x\r\n\r\n"
            b"GET /ocsp//" + encoded + b" HTTP/1.1\r\n" + last + b"\r\n"
        ],
        "slashes in front": [b"GET //ocsp///" + encoded + b" HTTP/1.1\r\n" + last + b"\r\n"],
        "RFC 9112 3.2.2: whole address": [b"GET http://x/ocsp//" + encoded + b" HTTP/1.1\r\n" + last + b"\r\n"],
        "percent-encoded": [
            b"GET /ocsp/" + urllib.parse.quote(encoded, safe="").encode() + b" HTTP/1.1\r\n" + last + b"\r\n"
        ],
    }

    for way, parts in ways.items():
        received = exchange(served, *parts)
        assert answers.statuses(body_of(received)) == [answers.GOOD], way
        # RFC 9110 section 6.6.1: one Date, the moment of sending; the server must not add its own.
        assert received.lower().count(b"\r\ndate: ") == (2 if "pipelining" in way else 1), way


def test_headers_arrive(served: Installed, known: x509.Certificate) -> None:
    """What RFC 9919 section 7.2 asks for is what the client gets (O26, O27)."""
    encoded = base64.b64encode(messages.built(known, AUTHORITY.certificate)).decode()
    response = fetch(f"{served.url}/{urllib.parse.quote(encoded, safe='')}")
    body = response.read()

    assert int(response.headers["Content-Length"]) == len(body)
    assert response.headers["Content-Type"] == "application/ocsp-response"
    assert response.headers["ETag"] == f'"{hashlib.sha256(body).hexdigest()}"'
    assert response.headers["Cache-Control"] == "max-age=300, public, no-transform, must-revalidate"
    for name in ("Date", "Expires", "Last-Modified"):
        assert len(response.headers.get_all(name, [])) == 1
        assert response.headers[name].endswith(" GMT")


@pytest.mark.parametrize(
    "parts",
    [
        [b"POST /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + TYPE + b"Content-Length: 1000000\r\n\r\n"],
        [
            b"POST /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + TYPE + b"Transfer-Encoding: chunked\r\n\r\n",
            b"10000\r\n" + b"0" * 0x10000 + b"\r\n1\r\n0\r\n0\r\n\r\n",
        ],
    ],
    ids=["by its length", "in chunks"],
)
def test_long_bodies_are_refused(served: Installed, parts: list[bytes]) -> None:
    """413, or a connection that is closed, and the next question is answered (O23)."""
    assert b" 413 " in exchange(served, *parts).split(b"\r\n")[0]


def test_hostile_bytes_do_no_harm(served: Installed, known: x509.Certificate) -> None:
    """A few hundred spoilt requests over the wire: never a 5xx, and the next good question is answered."""
    question = messages.built(known, AUTHORITY.certificate)
    chance = random.Random(5)  # noqa: S311 - the same octets in each run
    address = urllib.parse.urlsplit(served.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    for _ in range(300):
        spoilt = bytearray(question)
        for _ in range(chance.randint(1, 5)):
            spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
        if chance.random() < 0.5:
            connection.request("POST", "/ocsp", bytes(spoilt), {"Content-Type": "application/ocsp-request"})
        else:
            connection.request("GET", "/ocsp/" + urllib.parse.quote(base64.b64encode(spoilt)))
        response = connection.getresponse()
        response.read()
        assert response.status == 200
    connection.request("POST", "/ocsp", question, {"Content-Type": "application/ocsp-request"})
    assert answers.statuses(connection.getresponse().read()) == [answers.GOOD]
    connection.close()


def test_half_bodies_hold_up_nobody(served: Installed, known: x509.Certificate) -> None:
    """A hundred clients that never finish their bodies, and the next question is answered at once."""
    address = urllib.parse.urlsplit(served.url)
    with contextlib.ExitStack() as slow:
        for _ in range(100):
            connection = slow.enter_context(socket.create_connection((address.hostname, address.port), timeout=120))
            connection.sendall(b"POST /ocsp HTTP/1.1\r\nHost: x\r\n" + TYPE + b"Content-Length: 100\r\n\r\nhalf")
        time.sleep(0.2)
        asker = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        assert answers.statuses(ask(asker, messages.built(known, AUTHORITY.certificate))) == [answers.GOOD]
        asker.close()


def test_ready(served: Installed) -> None:
    """The operations port says so."""
    assert fetch(f"{served.operations_url}/readyz").status == 200


def test_stopped_writer_is_not_ready(served: Installed, known: x509.Certificate) -> None:
    """A revocation that is never finished holds the time order: operators are told, and cached answers go on."""
    question = messages.built(known, AUTHORITY.certificate)
    nonce = messages.built(known, AUTHORITY.certificate, bytes(32))
    address = urllib.parse.urlsplit(served.url)

    def said(question: bytes) -> bytes:
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        try:
            return ask(connection, question)
        finally:
            connection.close()

    assert answers.statuses(said(question)) == [answers.GOOD]
    with served.installation.database() as database, database.write() as writing:
        database.hold_commit_fence(writing, served.issuer.id, SystemClock())
        wait_until(lambda: fetch(f"{served.operations_url}/readyz").status == 503, 20, "the holder being noticed")
        assert said(nonce) == answers.TRY_LATER
        assert answers.statuses(said(question)) == [answers.GOOD]
        figure = b"\nocsp_journal_current 0.0\n"
        wait_until(lambda: figure in fetch(f"{served.operations_url}/metrics").read(), 20, "the figure")
    wait_until(lambda: fetch(f"{served.operations_url}/readyz").status == 200, 20, "the order being free")
    assert answers.statuses(said(nonce)) == [answers.GOOD]


@pytest.mark.long
def test_not_ready_without_a_worker_that_serves(
    database: Database, authority: CertificateAuthority, tmp_path: Path
) -> None:
    """Stopped, killed and started again, and one that cannot know what is good: operators read it at /readyz."""
    installed = install(tmp_path, database, authority)

    def ready() -> tuple[int, str]:
        answer = fetch(f"{installed.operations_url}/readyz")
        return answer.status, answer.read().decode()

    def workers(process: psutil.Process) -> list[psutil.Process]:
        found = process.children()
        assert len(found) == 2
        return found

    with running(installed, workers=2) as process:
        parent = psutil.Process(process.pid)
        wait_until(lambda: ready() == (200, "ready\n"), 20, "ready")
        for each in workers(parent):
            each.suspend()
        wait_until(lambda: ready() == (503, NO_WORKER), 20, "the stopped worker being missed")
        for each in workers(parent):
            each.resume()
        wait_until(lambda: ready()[0] == 200, 20, "the worker being heard again")
        for each in workers(parent):
            each.kill()
        wait_until(lambda: ready() == (503, NO_WORKER), 20, "the dead worker being missed")
        wait_until(lambda: ready()[0] == 200, 20, "another worker")

        republish = back_up(database, tmp_path / "old")
        service = RevocationService(
            database=database, clock=SystemClock(), audit=AuditTrail(SystemClock()), verifier=VERIFIER
        )
        (serial,) = register_serials(database, installed.issuer, SystemClock(), 1)
        registers.revoke(service, installed.issuer, serial)
        wait_until(lambda: applied(installed) == 1, 20, "the revocation being applied")
        republish()
        wait_until(lambda: ready()[0] == 503 and "backup" in ready()[1], 20, "the backup being noticed")


def applied(installed: Installed) -> int:
    """How far the slowest worker is, as its figures say; nothing is said of one that has just been started."""
    text = fetch(f"{installed.operations_url}/metrics").read().decode()
    lines = [each for each in text.splitlines() if each.startswith('ocsp_applied_sequence{issuer="issuing"}')]
    return int(float(lines[0].split()[-1])) if lines else -1


def test_taken_port_is_said(served: Installed) -> None:
    """One sentence, and no second responder."""
    with pytest.raises(PkiError, match="cannot listen"):
        serve(served.installation, None)


def test_ends_cleanly(database: Database, authority: CertificateAuthority, tmp_path: Path) -> None:
    """SIGTERM ends the workers with the parent, and the ports are free again."""
    installed = install(tmp_path, database, authority)
    with running(installed, workers=2) as process:
        parent = psutil.Process(process.pid)
        children = parent.children(recursive=True)
        assert len(children) == 2

    assert process.returncode == 0
    _, alive = psutil.wait_procs(children, timeout=120)
    assert alive == []
    with pytest.raises(OSError, match="refused"):
        fetch(installed.url)


def ask(connection: http.client.HTTPConnection, question: bytes) -> bytes:
    """POST on a connection that is kept."""
    connection.request("POST", "/ocsp", question, {"Content-Type": "application/ocsp-request"})
    return connection.getresponse().read()


def test_revoked_for_the_very_next_question(
    database: Database, authority: CertificateAuthority, verifier: CodeVerifier, tmp_path: Path
) -> None:
    """After revoke returned, no worker says good any more: two workers, four clients that never pause (O06)."""
    installed = install(tmp_path, database, authority)
    clock = SystemClock()
    issued = [authority.issue(f"Zorg {place}", clock.now()) for place in range(40)]
    registers.add(database, installed.issuer, clock, *issued)
    service = RevocationService(database=database, clock=clock, audit=AuditTrail(clock), verifier=verifier)
    address = urllib.parse.urlsplit(installed.url)
    questions = {each.serial_number: messages.built(each, authority.certificate) for each in issued}
    confirmed: set[int] = set()
    stop = threading.Event()

    def connect() -> http.client.HTTPConnection:
        return http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)

    def client(seed: int) -> tuple[int, list[str]]:
        chance, connection, asked, wrong = random.Random(seed), connect(), 0, []  # noqa: S311 - which certificate is asked next
        while not stop.is_set():
            serial = chance.choice(list(questions))
            revoked_before = serial in confirmed
            (status,) = answers.statuses(ask(connection, questions[serial]))
            asked += 1
            if revoked_before and status is not answers.REVOKED:
                wrong.append(f"{serial:x} is {status}")
        connection.close()
        return asked, wrong

    with running(installed, workers=2), ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(client, seed) for seed in range(4)]
        try:
            fresh = [connect() for _ in range(8)]
            for serial, question in questions.items():
                registers.revoke(service, installed.issuer, serial)
                confirmed.add(serial)
                # Eight connections, so that both workers have accepted some, but for one run in a hundred.
                assert [answers.statuses(ask(each, question)) for each in fresh] == [[answers.REVOKED]] * 8
        finally:
            stop.set()
        for each in fresh:
            each.close()
        results = [each.result() for each in clients]

    assert [wrong for _, wrong in results] == [[], [], [], []]
    assert all(asked > 20 for asked, _ in results)
