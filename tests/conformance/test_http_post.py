"""RFC 6960 A.1 and RFC 9110 on POST: types, bodies, their limits and the ways in which they come."""

import pytest

from tests.conformance import answers
from tests.conformance.wire import TYPE, Wire, chunked, request
from tests.vectors.authorities import GOOD
from tests.vectors.make import VECTORS
from tests.vectors.pieces import cert_id
from tests.vectors.pieces import request as ocsp_request

_GOOD = ocsp_request(cert_id(GOOD))
_LIMIT = 64 * 1024

_TYPES = {
    "plain": TYPE,
    "upper case": "APPLICATION/OCSP-REQUEST",
    "mixed case": "Application/OCSP-Request",
    "charset": f"{TYPE}; charset=utf-8",
    "no space": f"{TYPE};charset=UTF-8",
    "several parameters": f'{TYPE} ; a=b; c="d;e"; f=""',
    "empty parameter": f"{TYPE};",
    "space behind": f"{TYPE}  ",
}
_OTHER_TYPES = {
    "none": None,
    "empty": "",
    "octets": "application/octet-stream",
    "form": "application/x-www-form-urlencoded",
    "parts": "multipart/form-data; boundary=x",
    "text": "text/plain",
    "answer's": "application/ocsp-response",
    "longer": f"{TYPE}s",
    "shorter": TYPE[:-1],
    "as a parameter": f"text/plain; {TYPE}",
    "no slash": "ocsp-request",
}


@pytest.mark.parametrize("content_type", _TYPES.values(), ids=_TYPES)
def test_type_in_every_spelling(wire: Wire, content_type: str) -> None:
    """RFC 9110 section 8.3.1: case is nothing, and parameters change nothing."""
    for _ in range(2):
        reply = wire.ask("POST", wire.path, f"Content-Type: {content_type}", body=_GOOD)
        assert answers.verdict(reply) == ("good",)


@pytest.mark.parametrize("content_type", _OTHER_TYPES.values(), ids=_OTHER_TYPES)
def test_other_types_are_415(wire: Wire, content_type: str | None) -> None:
    """RFC 9110 section 15.5.16: also where the very same body has just been answered; nothing keeps that."""
    assert answers.verdict(wire.post(_GOOD)) == ("good",)

    headers = [] if content_type is None else [f"Content-Type: {content_type}"]
    reply = wire.ask("POST", wire.path, *headers, body=_GOOD)

    assert reply.status == 415
    assert reply.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("target", ["/ocsp", "/ocsp/", "/ocsp//", "/ocsp/MFQw"])
def test_post_is_its_body_alone(wire: Wire, target: str) -> None:
    """RFC 6960 A.1: what a client appends to the address of a POST changes nothing."""
    for _ in range(2):
        assert answers.verdict(wire.ask("POST", target, f"Content-Type: {TYPE}", body=_GOOD)) == ("good",)


def test_no_body(wire: Wire) -> None:
    """RFC 9112 section 6.3: without a length there is no body, and that is malformed; so is an empty one."""
    for body in (None, b""):
        assert answers.verdict(wire.ask("POST", wire.path, f"Content-Type: {TYPE}", body=body)) == ("malformedRequest",)


@pytest.mark.parametrize("way", ["length", "chunks"])
def test_sixty_four_kilobytes_are_read(wire: Wire, way: str) -> None:
    """RFC 9919 section 8.4: up to there it is an OCSP request, however bad."""
    junk = b"\x30" * _LIMIT
    if way == "length":
        reply = wire.post(junk)
    else:
        wire.send(request("POST", wire.path, f"Content-Type: {TYPE}", "Transfer-Encoding: chunked"))
        wire.send(chunked(junk[:1000], junk[1000:]))
        reply = wire.reply()

    assert answers.verdict(reply) == ("malformedRequest",)
    assert answers.verdict(wire.post(_GOOD)) == ("good",)


@pytest.mark.parametrize("length", [_LIMIT + 1, 1 << 20, 1 << 40])
def test_longer_is_413_before_it_comes(wire: Wire, length: int) -> None:
    """RFC 9110 section 15.5.14: refused by its length alone, without waiting for the body."""
    wire.send(request("POST", wire.path, f"Content-Type: {TYPE}", f"Content-Length: {length}"))
    if length == _LIMIT + 1:
        wire.send(bytes(length))

    reply = wire.reply()
    assert reply.status == 413
    assert reply.header("Cache-Control") == "no-store"


def test_longer_in_chunks_is_413(wire: Wire) -> None:
    """RFC 9110 section 15.5.14: where no length says it beforehand."""
    wire.send(request("POST", wire.path, f"Content-Type: {TYPE}", "Transfer-Encoding: chunked"))
    wire.send(chunked(bytes(_LIMIT), b"0"))

    assert wire.reply().status == 413


_CHUNKED = {
    "one": chunked(_GOOD),
    "two": chunked(_GOOD[:10], _GOOD[10:]),
    "octet by octet": chunked(*(bytes((octet,)) for octet in _GOOD)),
    "extensions": chunked(_GOOD[:10], _GOOD[10:], extension=b';name="value"'),
    "trailer": chunked(_GOOD, trailer=b"X-Checksum: 1\r\n"),
    "upper case": b"%X\r\n%s\r\n0\r\n\r\n" % (len(_GOOD), _GOOD),
    "leading zeros": b"000%x\r\n%s\r\n000\r\n\r\n" % (len(_GOOD), _GOOD),
}


@pytest.mark.parametrize("body", _CHUNKED.values(), ids=_CHUNKED)
@pytest.mark.parametrize("spelling", ["chunked", "Chunked"])
def test_chunked(wire: Wire, spelling: str, body: bytes) -> None:
    """RFC 9112 section 7.1: a body in chunks, and the connection goes on."""
    head = request("POST", wire.path, f"Content-Type: {TYPE}", f"Transfer-Encoding: {spelling}")
    for _ in range(2):
        wire.send(head + body)
        assert answers.verdict(wire.reply()) == ("good",)
    assert answers.verdict(wire.post(_GOOD)) == ("good",)


def test_expect_continue(wire: Wire) -> None:
    """RFC 9110 section 10.1.1: 100 first, the body then; and a body that does not wait for it is fine too."""
    headers = (f"Content-Type: {TYPE}", "Expect: 100-continue", f"Content-Length: {len(_GOOD)}")
    wire.send(request("POST", wire.path, *headers))
    interim = wire.reply()
    assert interim.status == 100
    wire.send(_GOOD)
    assert answers.verdict(wire.reply()) == ("good",)

    wire.send(request("POST", wire.path, *headers) + _GOOD)
    reply = wire.reply()
    if reply.status == 100:
        reply = wire.reply()
    assert answers.verdict(reply) == ("good",)


def test_expect_with_what_is_refused(wire: Wire) -> None:
    """RFC 9110 section 10.1.1: whoever will be refused is told so, and never waits."""
    headers = (f"Content-Type: {TYPE}", "Expect: 100-continue", f"Content-Length: {1 << 20}")
    wire.send(request("POST", wire.path, *headers))

    assert wire.reply().status == 413


@pytest.mark.parametrize("name", ["sha512-null-revoked", "hundred", "nonce-128", "empty-list", "foreign-issuer"])
def test_bodies_in_pieces(wire: Wire, name: str) -> None:
    """RFC 9112 section 6.3: a body may come octet by octet, also one that is answered from what is kept."""
    vector = VECTORS[name]
    whole = request("POST", wire.path, f"Content-Type: {TYPE}", body=vector.request)
    for step in (1, 7, 1000):
        for place in range(0, len(whole), max(step, len(whole) // 400)):
            wire.send(whole[place : place + max(step, len(whole) // 400)])
        assert answers.verdict(wire.reply()) == vector.expected
