"""From the confirmation of a revocation to `revoked`, for 1,000 of them, while others load the responder.

The web service confirms; from that moment on the responder is asked, by GET and by POST in turn, in the very words that
the load keeps in its cache. An answer `good` to any such question is a failure and not a figure.
"""

import http.client
import json
import shutil
import socket
import subprocess
import time
from urllib.parse import urlsplit

from cryptography.x509 import ocsp

from benchmarks.campaign import Campaign, command
from benchmarks.figures import Cell, Figure, Row, middle
from benchmarks.processes import LOAD_CORE, SERVER_CORE, family
from benchmarks.wrk import Plan, loading
from ocsp_responder.bench.questions import CACHED_GET, get, post
from ocsp_responder.client.query import Question
from pki_revocation.model import Issuer
from tests.integration.running_demo import RunningDemo

from .installation import prepare, say

REVOCATIONS = 1000
ROW = Row(name="instancy", title="confirmation shown → revoked, 99th percentile", unit="ms", must=10, aim=3)
_TIMEOUT_SECONDS = 5
_LONGEST_LOAD = 600


def measure(campaign: Campaign) -> list[Cell]:
    """Revoke everything in an installation of its own, one after the other."""
    folder = campaign.folder / "instancy"
    shutil.rmtree(folder, ignore_errors=True)  # what is revoked stays so: every run needs new certificates
    subject = prepare(folder, REVOCATIONS)
    demo = RunningDemo(directory=folder, arguments=["--workers", "1"]).start()
    try:
        _give_cores(demo)
        plan = Plan(host=subject.host, requests=subject.requests(CACHED_GET))
        with loading(plan, _LONGEST_LOAD) as load:
            time.sleep(2)
            times, asked = _revoke_all(demo, subject.issuer, subject.url, load)
    finally:
        demo.stop()
        shutil.rmtree(folder)
    times.sort()
    beside: dict[str, float | int | str] = {
        "median ms": middle(times),
        "longest ms": times[-1],
        "questions": asked,
        "answered good": 0,
    }
    return [Figure(row=ROW, who="pki-revocation", value=times[len(times) * 99 // 100], beside=beside)]


def _give_cores(demo: RunningDemo) -> None:
    """The responder alone on its core; page, publisher and everything else on the load's."""
    for process in demo.processes():
        process.cpu_affinity([LOAD_CORE])
    for process in demo.processes():
        if "ocsp" in process.cmdline():
            for each in family(process):
                each.cpu_affinity([SERVER_CORE])


def _revoke_all(demo: RunningDemo, issuer: Issuer, url: str, load: "subprocess.Popen[str]") -> tuple[list[float], int]:
    contract = demo.contract
    confirming = _Confirming(contract["api_url"])
    asking = _Asking(url)
    times, asked = [], 0
    for place, certificate in enumerate(contract["certificates"]):
        question = Question(issuer=issuer, serial=int(certificate["serial"], 16), nonce=None)
        request = (get, post)[place % 2](url, question.der)
        if asking.status(request)[0] is not ocsp.OCSPCertStatus.GOOD:
            raise AssertionError("a certificate was not good before its revocation")
        confirmed = confirming.revoke(certificate["number"], certificate["code"])
        status, answered = asking.status(request)
        asked += 1
        if status is not ocsp.OCSPCertStatus.REVOKED:
            raise AssertionError(f"{certificate['serial']} is {status} after its revocation was confirmed")
        times.append(1000 * (answered - confirmed))
        if load.poll() is not None:
            raise AssertionError("the load ended before the revocations did")
        if (place + 1) % 100 == 0:
            say(f"{place + 1} revoked, each seen")
    return times, asked


class _Confirming:
    """The subscriber's side, on one connection."""

    def __init__(self, api_url: str) -> None:
        address = urlsplit(api_url)
        self._path = address.path
        self._connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)

    def revoke(self, number: str, code: str) -> float:
        """Revoke; the moment at which the confirmation was there."""
        body = json.dumps({"number": number, "code": code})
        self._connection.request("POST", self._path, body, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        content = response.read()
        confirmed = time.perf_counter()
        if response.status != http.client.OK:
            raise AssertionError(f"a revocation got status {response.status}: {content!r}")
        return confirmed


class _Asking:
    """The relying party's side, on one connection."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname or "", address.port or 80), _TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def status(self, request: bytes) -> tuple[ocsp.OCSPCertStatus, float]:
        """What is answered, and when it was there."""
        self._socket.sendall(request)
        received = b""
        while True:
            head, found, body = received.partition(b"\r\n\r\n")
            if found and len(body) >= _content_length(head):
                break
            piece = self._socket.recv(1 << 16)
            if not piece:
                raise AssertionError("the responder closed the connection")
            received += piece
        answered = time.perf_counter()
        return ocsp.load_der_ocsp_response(body).certificate_status, answered


def _content_length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return int(next(line for line in lines if line.startswith(b"content-length:")).partition(b":")[2])


if __name__ == "__main__":
    command({ROW.name: measure}, "figures")()
