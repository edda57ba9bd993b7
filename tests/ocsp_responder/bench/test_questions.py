"""What is asked during a measurement is what relying parties send."""

import base64
from urllib.parse import unquote

import pytest
from asn1crypto import ocsp

from ocsp_responder.bench.questions import CACHED_GET, CACHED_POST, NONCE, Asking, Questions
from ocsp_responder.request.message import parse_request
from pki_revocation.model import Issuer

URL = "http://127.0.0.1:8462/ocsp"


@pytest.mark.parametrize("asking", [CACHED_GET, CACHED_POST, NONCE], ids=lambda asking: asking.name)
def test_a_request_carries_its_question(ca: Issuer, asking: Asking) -> None:
    """HTTP around the DER of the very question, in turn about each certificate, with a Host and a right length."""
    questions = Questions(ca, (5, 7), asking, URL)
    for serial in (5, 7, 5):
        asked = questions.next()
        head, _, body = asked.request.partition(b"\r\n\r\n")
        line, *fields = head.decode().split("\r\n")
        if asking is CACHED_GET:
            assert line.startswith("GET /ocsp/")
            body = base64.b64decode(unquote(line.split()[1].removeprefix("/ocsp/")), validate=True)
        else:
            assert line == "POST /ocsp HTTP/1.1"
            assert f"Content-Length: {len(body)}" in fields

        assert "Host: 127.0.0.1:8462" in fields
        assert body == asked.question.der
        assert [each.serial for each in parse_request(body).cert_ids] == [serial]


def test_a_nonce_is_never_used_twice(ca: Issuer) -> None:
    """RFC 9654 section 2.1: 32 fresh octets in each request, read back by another parser."""
    questions = Questions(ca, (5,), NONCE, URL)
    nonces = []
    for _ in range(50):
        body = questions.next().request.partition(b"\r\n\r\n")[2]
        nonces.append(ocsp.OCSPRequest.load(body, strict=True).nonce_value.native)

    assert {len(nonce) for nonce in nonces} == {32}
    assert len(set(nonces)) == 50
