"""Requests of RFC 9112 sections 3, 5, 6, 7 and 9, each with what it is: one request, or none and a refusal.

Whatever stands in a body spells a request itself: where it is answered, the body of one request was read as another.
"""

from dataclasses import dataclass

from tests.conformance.wire import chunked, request

INNER_TARGET = b"/inner"
INNER = b"GET /inner HTTP/1.1\r\nHost: b\r\n\r\n"
_LENGTH = f"Content-Length: {len(INNER)}"
_CHUNKED = "Transfer-Encoding: chunked"
_IN_CHUNKS = chunked(INNER[:9], INNER[9:])
# More digits than Python reads, with zeros in front, and without.
_DIGITS = 4301
_WISH = ("Connection: Upgrade", "Upgrade: h2c")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Octets of one request; *refused* is the status of its refusal, None where it is taken with *body*.

    *ends* says that the connection takes no further request, though this one was right.
    """

    octets: bytes
    refused: int | None = None
    method: str = "POST"
    target: bytes = b"/a"
    body: bytes = b""
    ends: bool = False


def _taken(
    octets: bytes, body: bytes = b"", *, method: str = "POST", target: bytes = b"/a", ends: bool = False
) -> Case:
    return Case(octets=octets, method=method, target=target, body=body, ends=ends)


def _refused(octets: bytes, status: int = 400) -> Case:
    return Case(octets=octets, refused=status)


def _post(*lines: str, behind: bytes = b"") -> bytes:
    return request("POST", "/a", *lines) + behind


def _line(line: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    return line + b" " + version + b"\r\nHost: a\r\n\r\n"


def _chunks(octets: bytes) -> bytes:
    return _post(_CHUNKED, behind=octets)


_REQUEST_LINES = {
    "3: an empty line in front": _taken(b"\r\n" + request("GET", "/a"), method="GET"),
    "3: a space in front": _refused(b" " + request("GET", "/a")),
    "3: a tab for a space": _refused(_line(b"GET\t/a")),
    "3: a space behind the version": _refused(b"GET /a HTTP/1.1 \r\nHost: a\r\n\r\n"),
    "3: no target": _refused(b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
    "3: a space in the target": _refused(_line(b"GET /a /b")),
    "3: a control character in the target": _refused(_line(b"GET /a\x01")),
    "3: NUL in the target": _refused(_line(b"GET /a\0")),
    "3: octets beyond ASCII in the target": _refused(_line(b"GET /\xc3\xa9")),
    "3: a bare LF behind the line": _refused(b"GET /a HTTP/1.1\nHost: a\r\n\r\n"),
    "3: a bare CR behind the line": _refused(b"GET /a HTTP/1.1\rHost: a\r\n\r\n"),
    "3: TLS": _refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
    "3.1: a method in small letters": _refused(request("get", "/a")),
    "3.1: one that is known, in small letters, with a body": _refused(_post().replace(b"POST", b"post") + INNER),
    "3.1: a method of mixed letters": _refused(request("Get", "/a")),
    "3.1: small letters behind capitals": _refused(request("GETs", "/a")),
    "3.1: a method that is no token": _refused(request("GE(T", "/a")),
    "3.1: a method that another server knows": _taken(request("PURGE", "/a"), method="PURGE"),
    "3.1: a method of one's own": _taken(request("BREW", "/a", _LENGTH) + INNER, INNER, method="BREW"),
    "3.1: a method without end": _refused(b"A" * 40 + b" /a HTTP/1.1\r\nHost: a\r\n\r\n"),
    "3.2.2: a whole address": _taken(request("GET", "http://b/a"), method="GET", target=b"http://b/a"),
    "3.2.3: a host and port, and another method": _refused(_line(b"GET a:443")),
    "3.2.3: a host and port with CONNECT": _taken(
        _line(b"CONNECT a:443") + INNER, method="CONNECT", target=b"a:443", ends=True
    ),
    "3.2.4: the server itself": _taken(_line(b"OPTIONS *"), method="OPTIONS", target=b"*"),
    "2.3: HTTP/0.9 without a version": _refused(b"GET /a\r\n\r\n"),
    "2.3: HTTP/0.9": _refused(_line(b"GET /a", b"HTTP/0.9")),
    "2.3: HTTP/1.2": _refused(_line(b"GET /a", b"HTTP/1.2")),
    "2.3: HTTP/1.10": _refused(_line(b"GET /a", b"HTTP/1.10")),
    "2.3: HTTP/11": _refused(_line(b"GET /a", b"HTTP/11")),
    "2.3: HTTP/2.0": _refused(_line(b"GET /a", b"HTTP/2.0")),
    "2.3: HTTP/3.0": _refused(_line(b"GET /a", b"HTTP/3.0")),
    "2.3: a name in small letters": _refused(_line(b"GET /a", b"http/1.1")),
    "2.3: another protocol": _refused(_line(b"GET /a", b"XTTP/1.1")),
    "RFC 9113 3.4: HTTP/2 as it begins": _refused(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
}

_FIELDS = {
    "3.2: no Host": _refused(b"GET /a HTTP/1.1\r\n\r\n"),
    "3.2: two Hosts": _refused(request("GET", "/a", "Host: b")),
    "3.2: two Hosts that agree": _refused(request("GET", "/a", "Host: ocsp.example")),
    "3.2: two Hosts in HTTP/1.0": _refused(b"GET /a HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
    "3.2: no Host in HTTP/1.0": _taken(b"GET /a HTTP/1.0\r\n\r\n", method="GET", ends=True),
    "3.2: a Host with a path": _refused(b"GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "3.2: a Host with a user": _refused(b"GET /a HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    "3.2: a Host with a space": _refused(b"GET /a HTTP/1.1\r\nHost: a b\r\n\r\n"),
    "3.2: a Host with two ports": _refused(b"GET /a HTTP/1.1\r\nHost: a:1:2\r\n\r\n"),
    "3.2: a Host with an empty label": _refused(b"GET /a HTTP/1.1\r\nHost: a..b\r\n\r\n"),
    "3.2: a Host with a label of 64": _refused(b"GET /a HTTP/1.1\r\nHost: " + b"a" * 64 + b"\r\n\r\n"),
    "3.2: a Host with a label of 63": _taken(b"GET /a HTTP/1.1\r\nHost: b." + b"a" * 63 + b".:1\r\n\r\n", method="GET"),
    "3.2: no host in Host": _taken(b"GET /a HTTP/1.1\r\nHost:\r\n\r\n", method="GET"),
    "3.2: white space around Host": _taken(b"GET /a HTTP/1.1\r\nHost: \t a \t\r\n\r\n", method="GET"),
    "5: an empty name": _refused(request("GET", "/a", ": b")),
    "5: a line without a colon": _refused(request("GET", "/a", "X")),
    "5: NUL in a name": _refused(request("GET", "/a", "X\0A: b")),
    "5: a control character in a name": _refused(request("GET", "/a", "X\x01A: b")),
    "5: a bracket in a name": _refused(request("GET", "/a", "X[A]: b")),
    "5: octets beyond ASCII in a name": _refused(b"GET /a HTTP/1.1\r\nHost: a\r\nX\xc3\xa9: b\r\n\r\n"),
    "5.1: a space before the colon": _refused(_post(f"Content-Length : {len(INNER)}", behind=INNER)),
    "5.1: a tab before the colon": _refused(_post("Transfer-Encoding\t: chunked", behind=_IN_CHUNKS)),
    "5.1: a space inside a name": _refused(request("GET", "/a", "X A: b")),
    "5.1: white space in front of the first line": _refused(b"GET /a HTTP/1.1\r\n Host: a\r\n\r\n"),
    "5.2: a folded line": _refused(request("GET", "/a", "X: b\r\n c")),
    "5.2: a line folded by a tab": _refused(request("GET", "/a", "X: b\r\n\tc")),
    "5.2: a folded length": _refused(_post(f"Content-Length:\r\n {len(INNER)}", behind=INNER)),
    "5.2: a folded coding": _refused(_post("Transfer-Encoding:\r\n chunked", behind=_IN_CHUNKS)),
    "2.2: a bare LF behind a field": _refused(b"GET /a HTTP/1.1\r\nHost: a\nX: b\r\n\r\n"),
    "2.2: a bare LF at the end": _refused(b"GET /a HTTP/1.1\r\nHost: a\r\n\n"),
    "2.2: bare LFs alone": _refused(b"GET /a HTTP/1.1\nHost: a\n\n"),
    "2.2: a bare CR in a value": _refused(request("GET", "/a", f"X: b\rContent-Length: {len(INNER)}") + INNER),
    "2.2: a bare CR behind a field": _refused(b"GET /a HTTP/1.1\r\nHost: a\r\r\n\r\n"),
    "RFC 9110 5.5: NUL in a value": _refused(request("GET", "/a", "X: b\0c")),
    "RFC 9110 5.5: a control character in a value": _refused(request("GET", "/a", "X: b\x07c")),
    "RFC 9110 5.5: octets beyond ASCII in a value": _taken(
        b"GET /a HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n", method="GET"
    ),
}  # fmt: skip

_LENGTHS = {
    "6.2: a length": _taken(_post(_LENGTH, behind=INNER), INNER),
    "6.2: none, and nothing follows": _taken(_post("Content-Length: 0")),
    "6.2: a length in a GET": _taken(request("GET", "/a", _LENGTH) + INNER, INNER, method="GET"),
    "6.2: white space around it": _taken(_post(f"Content-Length: \t{len(INNER)} \t", behind=INNER), INNER),
    "6.2: zeros in front": _taken(_post(f"Content-Length: 000{len(INNER)}", behind=INNER), INNER),
    "6.2: more zeros than Python reads": _taken(_post(f"Content-Length: {len(INNER):0{_DIGITS}}", behind=INNER), INNER),
    "6.2: zeros alone, more than Python reads": _taken(_post("Content-Length: " + "0" * _DIGITS)),
    "6.2: more digits than Python reads": _refused(_post("Content-Length: " + "9" * _DIGITS)),
    "6.2: 2**64 more than it is": _refused(_post(f"Content-Length: {2**64 + len(INNER)}", behind=INNER)),
    "6.2: 2**64 - 1": _refused(_post(f"Content-Length: {2**64 - 1}"), 413),
    "6.2: 2**63": _refused(_post(f"Content-Length: {2**63}"), 413),
    "6.2: 2**32 more than it is": _refused(_post(f"Content-Length: {2**32 + len(INNER)}", behind=INNER), 413),
    "6.2: no digits": _refused(_post("Content-Length:", behind=INNER)),
    "6.2: white space alone": _refused(_post("Content-Length:  ", behind=INNER)),
    "6.2: a plus": _refused(_post(f"Content-Length: +{len(INNER)}", behind=INNER)),
    "6.2: a minus": _refused(_post(f"Content-Length: -{len(INNER)}", behind=INNER)),
    "6.2: minus nothing": _refused(_post("Content-Length: -0", behind=INNER)),
    "6.2: in hexadecimal": _refused(_post(f"Content-Length: 0x{len(INNER):x}", behind=INNER)),
    "6.2: letters of hexadecimal": _refused(_post("Content-Length: 1f", behind=INNER)),
    "6.2: an underscore, as Python writes it": _refused(_post("Content-Length: 3_2", behind=INNER)),
    "6.2: a fraction": _refused(_post(f"Content-Length: {len(INNER)}.0", behind=INNER)),
    "6.2: digits of another script": _refused(
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: " + "\u0663\u0662".encode() + b"\r\n\r\n" + INNER
    ),
    "6.2: a form feed in front": _refused(_post(f"Content-Length:\x0c{len(INNER)}", behind=INNER)),
    "6.2: two words": _refused(_post(f"Content-Length: {len(INNER)} 0", behind=INNER)),
    "6.2: a parameter": _refused(_post(f"Content-Length: {len(INNER)};a=b", behind=INNER)),
    "6.3: two that agree": _refused(_post(_LENGTH, _LENGTH, behind=INNER)),
    "6.3: two that differ": _refused(_post("Content-Length: 0", _LENGTH, behind=INNER)),
    "6.3: two that differ, the other way": _refused(_post(_LENGTH, "Content-Length: 0", behind=INNER)),
    "6.3: a list that agrees": _refused(_post(f"Content-Length: {len(INNER)}, {len(INNER)}", behind=INNER)),
    "6.3: a list that differs": _refused(_post(f"Content-Length: 0,{len(INNER)}", behind=INNER)),
    "6.3: a list with an empty part": _refused(_post(f"Content-Length: ,{len(INNER)}", behind=INNER)),
    "5: a name with an underscore says nothing": _taken(_post(f"Content_Length: {len(INNER)}")),
}

_CODINGS = {
    "6.1: chunks": _taken(_post(_CHUNKED, behind=_IN_CHUNKS), INNER),
    "6.1: in capitals": _taken(_post("TRANSFER-ENCODING: CHUNKED", behind=_IN_CHUNKS), INNER),
    "6.1: in odd letters": _taken(_post("Transfer-Encoding: cHuNkEd", behind=_IN_CHUNKS), INNER),
    "6.1: white space around it": _taken(_post("Transfer-Encoding: \tchunked  ", behind=_IN_CHUNKS), INNER),
    "6.1: a tab behind it": _refused(_post("Transfer-Encoding: chunked\t", behind=_IN_CHUNKS)),
    "6.1: nothing": _refused(_post("Transfer-Encoding:", behind=_IN_CHUNKS)),
    "6.1: nothing, beside a length": _refused(_post("Transfer-Encoding: ", _LENGTH, behind=INNER)),
    "6.1: identity": _refused(_post("Transfer-Encoding: identity", behind=INNER)),
    "6.1: identity, beside a length": _refused(_post("Transfer-Encoding: identity", _LENGTH, behind=INNER)),
    "6.1: identity before chunks": _refused(_post("Transfer-Encoding: identity, chunked", behind=_IN_CHUNKS)),
    "6.1: chunks twice": _refused(_post("Transfer-Encoding: chunked, chunked", behind=_IN_CHUNKS)),
    "6.1: chunks in two lines": _refused(_post(_CHUNKED, _CHUNKED, behind=_IN_CHUNKS)),
    "6.1: gzip before chunks": _refused(_post("Transfer-Encoding: gzip, chunked", behind=_IN_CHUNKS)),
    "6.1: gzip before chunks, in two lines": _refused(_post("Transfer-Encoding: gzip", _CHUNKED, behind=_IN_CHUNKS)),
    "6.1: gzip behind chunks": _refused(_post("Transfer-Encoding: chunked, gzip", behind=_IN_CHUNKS)),
    "6.1: gzip behind chunks, in two lines": _refused(_post(_CHUNKED, "Transfer-Encoding: gzip", behind=_IN_CHUNKS)),
    "6.1: a letter in front": _refused(_post("Transfer-Encoding: xchunked", behind=_IN_CHUNKS)),
    "6.1: a letter behind": _refused(_post("Transfer-Encoding: chunkedx", behind=_IN_CHUNKS)),
    "6.1: a comma in front": _refused(_post("Transfer-Encoding: ,chunked", behind=_IN_CHUNKS)),
    "6.1: a comma behind": _refused(_post("Transfer-Encoding: chunked,", behind=_IN_CHUNKS)),
    "6.1: a parameter": _refused(_post("Transfer-Encoding: chunked;a=b", behind=_IN_CHUNKS)),
    "6.1: in quotes": _refused(_post('Transfer-Encoding: "chunked"', behind=_IN_CHUNKS)),
    "6.1: a vertical tab in front": _refused(_post("Transfer-Encoding:\x0bchunked", behind=_IN_CHUNKS)),
    "6.1: NUL behind": _refused(_post("Transfer-Encoding: chunked\0", behind=_IN_CHUNKS)),
    "6.1: NUL in the name": _refused(_post("Transfer-Encoding\0: chunked", behind=_IN_CHUNKS)),
    "6.1: in HTTP/1.0": _refused(b"POST /a HTTP/1.0\r\n" + _CHUNKED.encode() + b"\r\n\r\n" + _IN_CHUNKS),
    "6.1: in HTTP/1.0 that is to be kept": _refused(
        b"POST /a HTTP/1.0\r\nConnection: keep-alive\r\n" + _CHUNKED.encode() + b"\r\n\r\n" + _IN_CHUNKS
    ),
    "6.3: beside a length": _refused(_post(_CHUNKED, _LENGTH, behind=_IN_CHUNKS)),
    "6.3: beside a length in front": _refused(_post("Content-Length: 0", _CHUNKED, behind=_IN_CHUNKS)),
    "6.3: xchunked beside a length": _refused(_post("Transfer-Encoding: xchunked", _LENGTH, behind=INNER)),
    "5: a name with an underscore says nothing of chunks": _taken(_post("Transfer_Encoding: chunked")),
}

_CHUNK_SIZES = {
    "7.1: no chunk": _taken(_chunks(b"0\r\n\r\n")),
    "7.1: capitals and zeros in front": _taken(_chunks(b"000B\r\nGET / HTTP/\r\n000\r\n\r\n"), b"GET / HTTP/"),
    "7.1: more zeros than 64 bits": _taken(_chunks(b"0" * 40 + b"3\r\nabc\r\n0\r\n\r\n"), b"abc"),
    "7.1: 2**64 more than it is": _refused(_chunks(b"10000000000000003\r\nabc\r\n0\r\n\r\n")),
    "7.1: 2**64 - 1": _refused(_chunks(b"ffffffffffffffff\r\nabc\r\n0\r\n\r\n" + INNER * 2100), 413),
    "7.1: nothing": _refused(_chunks(b"\r\nabc\r\n0\r\n\r\n")),
    "7.1: a plus": _refused(_chunks(b"+3\r\nabc\r\n0\r\n\r\n")),
    "7.1: a minus": _refused(_chunks(b"-3\r\nabc\r\n0\r\n\r\n")),
    "7.1: minus one": _refused(_chunks(b"-1\r\n" + INNER)),
    "7.1: as C writes it": _refused(_chunks(b"0x3\r\nabc\r\n0\r\n\r\n")),
    "7.1: an underscore, as Python writes it": _refused(_chunks(b"0_3\r\nabc\r\n0\r\n\r\n")),
    "7.1: a space in front": _refused(_chunks(b" 3\r\nabc\r\n0\r\n\r\n")),
    "7.1: a space behind": _refused(_chunks(b"3 \r\nabc\r\n0\r\n\r\n")),
    "7.1: no number": _refused(_chunks(b"zz\r\nabc\r\n0\r\n\r\n")),
    "7.1: a comma": _refused(_chunks(b"3,3\r\nabc\r\n0\r\n\r\n")),
    "7.1: a bare LF behind the size": _refused(_chunks(b"3\nabc\r\n0\r\n\r\n")),
    "7.1: a bare CR behind the size": _refused(_chunks(b"3\rabc\r\n0\r\n\r\n")),
    "7.1: a bare LF behind the chunk": _refused(_chunks(b"3\r\nabc\n0\r\n\r\n")),
    "7.1: a bare CR behind the chunk": _refused(_chunks(b"3\r\nabc\r0\r\n\r\n")),
    "7.1: a bare LF behind the last one": _refused(_chunks(b"3\r\nabc\r\n0\n\r\n")),
    "7.1: a bare LF at the end": _refused(_chunks(b"3\r\nabc\r\n0\r\n\n")),
    "7.1: a longer chunk than it says": _refused(_chunks(b"3\r\nabcd\r\n0\r\n\r\n")),
    "7.1: a shorter chunk than it says": _refused(_chunks(b"4\r\nabc\r\n0\r\n\r\n")),
    "7.1.1: an extension": _taken(_chunks(b'3;a;b=c;d="e\\"f"\r\nabc\r\n0;g\r\n\r\n'), b"abc"),
    "7.1.1: a semicolon alone": _refused(_chunks(b"3;\r\nabc\r\n0\r\n\r\n")),
    "7.1.1: a bare LF in an extension": _refused(_chunks(b"3;a\nxx\r\nabc\r\n0\r\n\r\n")),
    "7.1.1: a bare CR in an extension": _refused(_chunks(b"3;a\rxx\r\nabc\r\n0\r\n\r\n")),
    "7.1.1: NUL in an extension": _refused(_chunks(b"3;a=\0\r\nabc\r\n0\r\n\r\n")),
    "7.1.1: a line end in quotes": _refused(_chunks(b'3;a="b\r\nabc\r\n0\r\n\r\n"\r\n')),
    "7.1.2: a trailer": _taken(_chunks(b"3\r\nabc\r\n0\r\nX-A: b\r\nHost: b\r\n\r\n"), b"abc"),
    "7.1.2: a trailer with a length": _refused(_chunks(b"3\r\nabc\r\n0\r\nContent-Length: 32\r\n\r\n" + INNER)),
    "7.1.2: a trailer with a coding": _refused(_chunks(b"3\r\nabc\r\n0\r\n" + _CHUNKED.encode() + b"\r\n\r\n")),
    "7.1.2: a trailer that wishes": _taken(
        _chunks(b"3\r\nabc\r\n0\r\n" + "\r\n".join(_WISH).encode() + b"\r\n\r\n"), b"abc"
    ),
    "7.1.2: a folded trailer": _refused(_chunks(b"3\r\nabc\r\n0\r\nX: a\r\n b\r\n\r\n")),
    "7.1.2: a trailer with a bare LF": _refused(_chunks(b"3\r\nabc\r\n0\r\nX: a\n\r\n")),
    "7.1.2: a trailer without a colon": _refused(_chunks(b"3\r\nabc\r\n0\r\n" + INNER)),
}

_WISHES = {
    "RFC 9110 7.8: no body": _taken(request("GET", "/a", *_WISH), method="GET"),
    "RFC 9110 7.8: a length": _taken(_post(*_WISH, _LENGTH, behind=INNER), INNER),
    "RFC 9110 7.8: a length in front": _taken(_post(_LENGTH, *_WISH, behind=INNER), INNER),
    "RFC 9110 7.8: a length of nothing": _taken(_post(*_WISH, "Content-Length: 0")),
    "RFC 9110 7.8: zeros alone": _taken(_post(*_WISH, "Content-Length: " + "0" * _DIGITS)),
    "RFC 9110 7.8: a length in a GET": _taken(request("GET", "/a", *_WISH, _LENGTH) + INNER, INNER, method="GET"),
    "RFC 9110 7.8: a length in a HEAD": _taken(request("HEAD", "/a", *_WISH, _LENGTH) + INNER, INNER, method="HEAD"),
    "RFC 9110 7.8: a length in a method of one's own": _taken(
        request("BREW", "/a", *_WISH, _LENGTH) + INNER, INNER, method="BREW"
    ),
    "RFC 9110 7.8: a length with white space": _taken(
        _post(*_WISH, f"Content-Length:\t{len(INNER)} \t", behind=INNER), INNER
    ),
    "RFC 9110 7.8: chunks": _taken(_post(*_WISH, _CHUNKED, behind=_IN_CHUNKS), INNER),
    "RFC 9110 7.8: chunks in front": _taken(_post(_CHUNKED, *_WISH, behind=_IN_CHUNKS), INNER),
    "RFC 9110 7.8: chunks in odd letters": _taken(
        _post(*_WISH, "transfer-encoding: Chunked ", behind=_IN_CHUNKS), INNER
    ),
    "RFC 9110 7.8: chunks and a trailer": _taken(
        _post(*_WISH, _CHUNKED, behind=chunked(INNER, trailer=b"X: y\r\n")), INNER
    ),
    "RFC 9110 7.8: as Java and curl wish": _taken(
        _post(
            "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA", "Upgrade: h2c",
            _LENGTH, behind=INNER,
        ),
        INNER,
    ),
    "RFC 9110 7.8: as browsers wish": _taken(
        request(
            "GET", "/a", "Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        ),
        method="GET",
    ),
    "RFC 9110 7.8: TLS": _taken(_post("Connection: upgrade", "Upgrade: TLS/1.0", _LENGTH, behind=INNER), INNER),
    "RFC 9110 7.8: several protocols": _taken(
        _post("Connection: Upgrade", "Upgrade: a/1, b", "Upgrade: c", _LENGTH, behind=INNER), INNER
    ),
    "RFC 9110 7.8: no protocol": _taken(_post("Connection: Upgrade", "Upgrade:", _LENGTH, behind=INNER), INNER),
    "RFC 9110 7.8: Connection says nothing of it": _taken(_post("Upgrade: h2c", _LENGTH, behind=INNER), INNER),
    "RFC 9110 7.8: Connection alone": _taken(_post("Connection: upgrade", _LENGTH, behind=INNER), INNER),
    "RFC 9110 7.8: in HTTP/1.0": _taken(
        b"POST /a HTTP/1.0\r\n" + "\r\n".join((*_WISH, _LENGTH)).encode() + b"\r\n\r\n" + INNER, INNER, ends=True
    ),
    "RFC 9110 7.8: and the connection ends": _taken(
        _post("Connection: close, Upgrade", "Upgrade: h2c", _LENGTH, behind=INNER), INNER, ends=True
    ),
    "RFC 9110 7.8: with CONNECT": _taken(
        b"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n" + "\r\n".join((*_WISH, _LENGTH)).encode() + b"\r\n\r\n" + INNER,
        INNER, method="CONNECT", target=b"a:1", ends=True,
    ),
    "RFC 9110 7.8: a whole address": _taken(
        request("POST", "http://b/a", *_WISH, _LENGTH) + INNER, INNER, target=b"http://b/a"
    ),
    "RFC 9110 7.8: beside two lengths": _refused(_post(*_WISH, "Content-Length: 0", _LENGTH, behind=INNER)),
    "RFC 9110 7.8: beside length and chunks": _refused(_post(*_WISH, _LENGTH, _CHUNKED, behind=_IN_CHUNKS)),
    "RFC 9110 7.8: beside another coding": _refused(_post(*_WISH, "Transfer-Encoding: gzip", behind=INNER)),
    "RFC 9110 7.8: beside a length too large": _refused(_post(*_WISH, "Content-Length: 99999999"), 413),
    "RFC 9110 7.8: beside chunks that are none": _refused(_post(*_WISH, _CHUNKED, behind=INNER)),
    "RFC 9110 7.8: a method in small letters": _refused(
        request("POST", "/a", *_WISH, _LENGTH).replace(b"POST", b"post") + INNER
    ),
}  # fmt: skip

_LIVES = {
    "9.3: kept": _taken(request("GET", "/a", "Connection: keep-alive"), method="GET"),
    "9.6: ended": _taken(request("GET", "/a", "Connection: close"), method="GET", ends=True),
    "9.6: ended, in capitals": _taken(request("GET", "/a", "Connection: CLOSE"), method="GET", ends=True),
    "9.6: ended, in a list": _taken(request("GET", "/a", "Connection: x, close"), method="GET", ends=True),
    "9.6: ended and kept": _taken(request("GET", "/a", "Connection: keep-alive, close"), method="GET", ends=True),
    "9.6: ended, in a second line": _taken(
        request("GET", "/a", "Connection: keep-alive", "Connection: close"), method="GET", ends=True
    ),
    "9.3: HTTP/1.0": _taken(b"GET /a HTTP/1.0\r\nHost: a\r\n\r\n", method="GET", ends=True),
    "9.3: HTTP/1.0 that is to be kept": _taken(
        b"GET /a HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", method="GET"
    ),
    "RFC 9110 10.1.1: another expectation": _refused(_post("Expect: 200-ok", _LENGTH, behind=INNER), 417),
    "RFC 9110 10.1.1: two expectations": _refused(_post("Expect: 100-continue, x", _LENGTH, behind=INNER), 417),
}

CASES: dict[str, Case] = _REQUEST_LINES | _FIELDS | _LENGTHS | _CODINGS | _CHUNK_SIZES | _WISHES | _LIVES
