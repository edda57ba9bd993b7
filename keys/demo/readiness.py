"""Waits until every endpoint of the demo gives the answer that a user would get."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from keys.files.file_key import load_certificate
from pki_revocation.config.settings import LOOPBACK
from pki_revocation.errors import PkiError
from pki_revocation.host.http_client import ExchangeFailed, ExchangeLimits, exchange
from pki_revocation.runtime.service_states import supervised_services

from .ports import SERVICES, Ports

_TIMEOUT_SECONDS = 90.0
_PAUSE_SECONDS = 0.1
_LIMITS = ExchangeLimits(seconds=5, octets=64 << 20)
_OK = 200
_UNPROCESSABLE = 422


class NotReady(PkiError):
    """An endpoint did not come up in time."""


def wait_until_ready(ports: Ports, directory: Path, certificate: Path, check: Callable[[], None]) -> None:
    """Ask every endpoint until all have answered rightly.

    Args:
        ports: where they are.
        directory: the demo's, with issuer.pem.
        certificate: one that the responder must know.
        check: called between attempts; raises when waiting has become pointless.

    Raises:
        NotReady: naming the endpoint that still does not answer, and its last answer.
    """
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    for name, ask in _questions(ports, directory, certificate).items():
        while True:
            try:
                answer = ask()
            except (ExchangeFailed, ValueError) as error:
                answer = str(error)
            if answer is None:
                break
            check()
            if time.monotonic() > deadline:
                raise NotReady(
                    f"The {name} did not come up: {answer}; see {directory / 'services.log'}.{_what_ended(directory)}"
                )
            time.sleep(_PAUSE_SECONDS)


def _what_ended(directory: Path) -> str:
    """What the supervisor says of services that do not stay up."""
    return "".join(f" {state.name} {state}" for state in supervised_services(directory) if not state.is_well)


def _questions(ports: Ports, directory: Path, certificate: Path) -> dict[str, Callable[[], str | None]]:
    issuer = load_certificate(directory / "issuer.pem")
    subject = load_certificate(certificate)
    questions: dict[str, Callable[[], str | None]] = {
        "revocation page": lambda: _expect(ports.public("web"), "GET", "/revoke", _OK),
        "revocation endpoint": lambda: _expect(
            ports.public("web"), "POST", "/api/v1/revocations", _UNPROCESSABLE, json.dumps({"number": "1", "code": "1"})
        ),
        "console": lambda: _expect(ports.public("console"), "GET", "/", _OK),
        "issuing CA's CRL": lambda: _expect(ports.public("distribution"), "GET", "/crl/issuing.crl", _OK),
        "root's CRL": lambda: _expect(ports.public("distribution"), "GET", "/crl/root.crl", _OK),
        "CA certificate": lambda: _expect(ports.public("distribution"), "GET", "/aia/issuing.cer", _OK),
        "OCSP responder": lambda: _ask_ocsp(ports.public("ocsp"), issuer, subject),
    }
    for service in SERVICES:
        questions[f"readiness of {service}"] = partial(_expect, ports.operations(service), "GET", "/readyz", _OK)
    return questions


def _expect(port: int, method: str, path: str, status: int, body: str | None = None) -> str | None:
    headers = {"Content-Type": "application/json"} if body else {}
    found, content = _fetch(port, method, path, body.encode() if body else None, headers)
    return None if found == status else f"HTTP {found} {content[:200].decode('utf-8', 'replace').strip()}"


def _ask_ocsp(port: int, issuer: x509.Certificate, subject: x509.Certificate) -> str | None:
    request = ocsp.OCSPRequestBuilder().add_certificate(subject, issuer, SHA256()).build()
    headers = {"Content-Type": "application/ocsp-request"}
    status, content = _fetch(port, "POST", "/ocsp", request.public_bytes(Encoding.DER), headers)
    if status != _OK:
        return f"HTTP {status}"
    answer = ocsp.load_der_ocsp_response(content).response_status
    return None if answer is ocsp.OCSPResponseStatus.SUCCESSFUL else f"OCSP status {answer.name}"


def _fetch(port: int, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
    answer = exchange(method, f"http://{LOOPBACK}:{port}{path}", limits=_LIMITS, headers=headers, body=body)
    return answer.status, answer.body
