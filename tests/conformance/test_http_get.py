"""RFC 6960 A.1 and RFC 9919 section 5 on GET: how clients and what stands between them write a request into a path."""

import base64
from collections.abc import Callable
from urllib.parse import quote

import pytest

from tests.conformance import answers
from tests.conformance.wire import Wire
from tests.vectors.authorities import DIFFICULT, GOOD, LONG, NEVER_ISSUED, SHORT
from tests.vectors.pieces import cert_id, nonce, request

# Three serials, so that the base64 has no, one and two `=` at its end; one with `+`, `/` and `//` inside.
_REQUESTS = {
    "no padding": request(cert_id(GOOD), extensions=(nonce(b"n" * 18),)),
    "two of padding": request(cert_id(SHORT)),
    "one of padding": request(cert_id(LONG)),
    "plus and slashes": request(cert_id(DIFFICULT)),
}


def _lower(text: str) -> str:
    return text.replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d")


def _all_encoded(text: str) -> str:
    return "".join(f"%{ord(letter):02X}" for letter in text)


# What is written behind the responder's address, from the base64.
_FORMS: dict[str, Callable[[str], str]] = {
    "raw": lambda text: f"/{text}",
    "percent-encoded": lambda text: f"/{quote(text, safe='')}",
    "percent-encoded in lower case": lambda text: f"/{_lower(quote(text, safe=''))}",
    "slashes raw, the rest encoded": lambda text: f"/{quote(text, safe='/')}",
    "every letter encoded": lambda text: f"/{_all_encoded(text)}",
    "plus that became a space": lambda text: f"/{text.replace('+', '%20')}",
    "slash in front": lambda text: f"//{text}",
    "slashes in front": lambda text: f"////{text}",
    "slash in front, percent-encoded": lambda text: f"//{quote(text, safe='')}",
    "encoded slash in front": lambda text: f"/%2F{quote(text, safe='')}",
    "base64url": lambda text: "/" + text.replace("+", "-").replace("/", "_"),
    "base64url without padding": lambda text: "/" + text.replace("+", "-").replace("/", "_").rstrip("="),
    "without padding": lambda text: f"/{text.rstrip('=')}",
    "without padding, percent-encoded": lambda text: f"/{quote(text.rstrip('='), safe='')}",
}


def encoded(octets: bytes) -> str:
    """Plain base64."""
    return base64.b64encode(octets).decode()


def test_the_requests_are_difficult() -> None:
    """All three paddings, and every letter that paths and base64 disagree about."""
    texts = {name: encoded(octets) for name, octets in _REQUESTS.items()}

    assert {len(text) - len(text.rstrip("=")) for text in texts.values()} == {0, 1, 2}
    assert "+" in texts["plus and slashes"]
    assert "//" in texts["plus and slashes"]


@pytest.mark.parametrize("octets", _REQUESTS.values(), ids=_REQUESTS)
@pytest.mark.parametrize("form", _FORMS.values(), ids=_FORMS)
def test_forms(wire: Wire, form: Callable[[str], str], octets: bytes) -> None:
    """RFC 6960 A.1: the same request in every form is answered good, and once more from what is kept."""
    target = wire.path + form(encoded(octets))

    for _ in range(2):
        assert answers.verdict(wire.ask("GET", target)) == ("good",)


@pytest.mark.parametrize("host", ["http://ocsp.example", "HTTP://OCSP.example:80"])
def test_whole_address(wire: Wire, host: str) -> None:
    """RFC 9112 section 3.2.2: a target that is an address, as proxies send it."""
    target = f"{host}{wire.path}/{quote(encoded(_REQUESTS['plus and slashes']), safe='')}"

    assert answers.verdict(wire.ask("GET", target)) == ("good",)


_TEXT = encoded(_REQUESTS["two of padding"])
_JUNK = {
    "nothing": "",
    "slashes": "///",
    "line end inside": f"{_TEXT[:20]}%0A{_TEXT[20:]}",
    "carriage return at the end": f"{_TEXT}%0D",
    "tab inside": f"{_TEXT[:20]}%09{_TEXT[20:]}",
    "space in front": f"%20{_TEXT}",
    "spaces at the end": f"{_TEXT}%20%20",
    "NUL inside": f"{_TEXT[:20]}%00{_TEXT[20:]}",
    "asterisk inside": f"{_TEXT[:20]}*{_TEXT[20:]}",
    "quotes": f"%22{_TEXT}%22",
    "padding inside": f"{_TEXT[:20]}=={_TEXT[20:]}",
    "no UTF-8": f"%FF%FE{_TEXT}",
    "foreign digits": f"{_TEXT[:20]}%D9%A3{_TEXT[20:]}",
    "encoded twice": quote(quote(_TEXT, safe=""), safe=""),
    "a percent sign alone": f"{_TEXT[:20]}%{_TEXT[20:]}",
    "one letter too many": f"{_TEXT.rstrip('=')}AAA",
    "a file": "favicon.ico",
    "a way out": "../../etc/passwd",
    "hexadecimal": _REQUESTS["two of padding"].hex(),
}


@pytest.mark.parametrize("junk", _JUNK.values(), ids=_JUNK)
def test_junk_is_malformed(wire: Wire, junk: str) -> None:
    """RFC 9919 section 5: no white space, and nothing is skipped: the five octets, and the next one is answered."""
    for _ in range(2):
        reply = wire.get(junk)
        assert answers.verdict(reply) == ("malformedRequest",)
        assert reply.header("Cache-Control") == "no-store"
    assert answers.verdict(wire.get(_TEXT)) == ("good",)


def test_address_alone(wire: Wire) -> None:
    """RFC 6960 section 2.3: no request at all is a malformed one."""
    assert answers.verdict(wire.ask("GET", wire.path)) == ("malformedRequest",)


def test_four_kilobytes(wire: Wire) -> None:
    """RFC 9110 section 15.5.15: up to 4 kB of base64 is an OCSP request, beyond it is 414; the connection may end."""
    fits = request(*(cert_id(NEVER_ISSUED + place) for place in range(28)))
    assert 3500 < len(encoded(fits)) <= 4096
    for _ in range(2):
        assert answers.verdict(wire.get(encoded(fits))) == ("unknown",) * 28

    throughout = "".join(f"%{ord(letter):02X}" for letter in encoded(fits))
    assert len(throughout) > 10_000
    assert answers.verdict(wire.get(throughout)) == ("unknown",) * 28

    for text in ("A" * 4097, "A" * 8000, "%41" * 4097, "%41" * 8000):
        with Wire(wire.url) as another:
            reply = another.get(text)
            assert reply.status == 414
            assert reply.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("path", ["/", "/elsewhere", "/ocspMFQw", "/ocs//p", "/OCSP/MFQw", "/robots.txt"])
def test_elsewhere_is_nothing(wire: Wire, path: str) -> None:
    """RFC 9110 section 15.5.5: 404, which no cache keeps."""
    reply = wire.ask("GET", path)

    assert reply.status == 404
    assert reply.header("Cache-Control") == "no-store"
