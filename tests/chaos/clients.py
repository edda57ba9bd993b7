"""Subscribers who revoke, and relying parties who ask OCSP and fetch CRLs, for as long as the campaign lasts."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.chaos.history import Answered, Asked, Confirmed, Fetched, History

_TIMEOUT_SECONDS = 20.0
_PAUSE_SECONDS = 0.02
_TYPE = "application/ocsp-request"
# The latest revocations are what a stale answer would show.
_LATEST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A certificate with its issuer, and what its subscriber has on paper."""

    serial: int
    number: str
    code: str
    ocsp_request: bytes


@dataclass(kw_only=True)
class World:
    """Where everything is, who takes part, and what was seen."""

    api_url: str
    ocsp_url: str
    crl_url: str
    subjects: Sequence[Subject]
    history: History = field(default_factory=History)
    ended: threading.Event = field(default_factory=threading.Event)

    def latest(self) -> list[Subject]:
        """Those that were confirmed last."""
        serials = {each.serial for each in self.history.confirmed[-_LATEST:]}
        return [each for each in self.subjects if each.serial in serials]


def subject_of(certificate: x509.Certificate, issuer: x509.Certificate, entry: Mapping[str, str]) -> Subject:
    """A certificate of a demo's contract."""
    asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256()).build()
    return Subject(
        serial=certificate.serial_number,
        number=entry["number"],
        code=entry["code"],
        ocsp_request=asked.public_bytes(Encoding.DER),
    )


def exchange(
    method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> tuple[int, bytes]:
    """One request on a connection of its own.

    Raises:
        OSError: when there is no whole answer.
    """
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(method, address.path, body, dict(headers or {}))
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def revoke(world: World, subject: Subject) -> bool:
    """Ask once for a revocation; whether it was confirmed. What it came to without an answer is not known."""
    began = time.monotonic()
    world.history.add(Asked(serial=subject.serial, began=began))
    body = json.dumps({"number": subject.number, "code": subject.code, "reason": "superseded"}).encode()
    try:
        status, content = exchange("POST", world.api_url, body, {"Content-Type": "application/json"})
    except OSError:
        return False
    if status != HTTPStatus.OK:
        if status != HTTPStatus.SERVICE_UNAVAILABLE:
            world.history.complain(f"the API answered {status} to a right number and code: {content[:200]!r}")
        return False
    said = json.loads(content)
    revoked_at = datetime.fromisoformat(said["revoked_at"])
    world.history.add(Confirmed(serial=subject.serial, revoked_at=revoked_at, began=began, ended=time.monotonic()))
    return True


def ask(world: World, subject: Subject) -> str | None:
    """Ask OCSP once; the status, or None where there was no answer."""
    began = time.monotonic()
    try:
        status, content = exchange("POST", world.ocsp_url, subject.ocsp_request, {"Content-Type": _TYPE})
    except OSError:
        return None
    ended, received_at = time.monotonic(), datetime.now(UTC)
    if status != HTTPStatus.OK:
        world.history.complain(f"OCSP answered with HTTP status {status}: {content[:100]!r}")
        return None
    read = ocsp.load_der_ocsp_response(content)
    if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        name = read.response_status.name
        world.history.add(
            Answered(serial=subject.serial, status=name, began=began, ended=ended, received_at=received_at)
        )
        return name
    name = read.certificate_status.name.lower()
    world.history.add(
        Answered(
            serial=subject.serial,
            status=name,
            began=began,
            ended=ended,
            received_at=received_at,
            this_update=read.this_update_utc,
            revoked_at=read.revocation_time_utc,
        )
    )
    return name


def fetch(world: World) -> Fetched | None:
    """Fetch the CRL once; None where there was none, which is no relying party's answer."""
    began = time.monotonic()
    try:
        status, content = exchange("GET", world.crl_url)
    except OSError:
        return None
    ended = time.monotonic()
    if status != HTTPStatus.OK:
        # Where the file is none, or gone, nothing is served: until it is there again, which is timed.
        if status not in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.NOT_FOUND}:
            world.history.complain(f"the CRL was answered with {status}")
        return None
    try:
        crl = x509.load_der_x509_crl(content)
        number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except ValueError as error:
        world.history.complain(f"a CRL of {len(content)} octets cannot be read: {error}")
        return None
    found = Fetched(
        number=number,
        this_update=crl.last_update_utc,
        revoked_at={each.serial_number: each.revocation_date_utc for each in crl},
        began=began,
        ended=ended,
    )
    world.history.add(found)
    return found


def start(world: World, *, revoking_pause: float, askers: int, fetchers: int) -> list[threading.Thread]:
    """All of them, each in a thread; they end when the world's *ended* is set."""
    threads = [_thread(_revoke_one_after_the_other, world, revoking_pause)]
    threads += [_thread(_ask_for_ever, world, seed) for seed in range(askers)]
    threads += [_thread(_fetch_for_ever, world) for _ in range(fetchers)]
    return threads


def _thread(act: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=act, args=arguments, daemon=True)
    thread.start()
    return thread


def _revoke_one_after_the_other(world: World, pause: float) -> None:
    # The first is asked for 'good' to the end: it is what shows that answers come again.
    for subject in world.subjects[1:]:
        while not world.ended.is_set() and not revoke(world, subject):
            world.ended.wait(pause)
        if world.ended.wait(pause):
            return


def _ask_for_ever(world: World, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - which certificate is asked about next
    while not world.ended.wait(_PAUSE_SECONDS):
        latest = world.latest()
        ask(world, chance.choice(latest if latest and chance.random() < 0.5 else world.subjects))


def _fetch_for_ever(world: World) -> None:
    while not world.ended.wait(5 * _PAUSE_SECONDS):
        fetch(world)
