"""RFC 9919 sections 6 and 7.2, RFC 9110 and RFC 9111: what caches are told, and when a client has it already."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from email.utils import format_datetime, parsedate_to_datetime

import pytest

from pki_revocation.reasons import RevocationReason
from tests.conformance import answers
from tests.conformance.scene import CLOCK, Scene
from tests.conformance.wire import TYPE, Reply, Wire, several
from tests.vectors.authorities import GOOD
from tests.vectors.make import VECTORS
from tests.vectors.pieces import cert_id, request

_GOOD = VECTORS["sha256-absent-good"].request
_VALIDATORS = {"etag", "last-modified", "expires"}
_SHARED = ["good", "revoked", "sha1-null-good", "second-issuer", "sub-ca", "unknown-extension", "signed"]
_NOT_SHARED = [
    "never-issued", "serial-zero", "nonce-1", "nonce-32", "nonce-revoked", "nonce-unknown", "three-in-order",
    "foreign-issuer", "empty-list", "nonce-0", "unknown-critical-extension", "text",
]  # fmt: skip


def path(octets: bytes) -> str:
    """As a GET writes it."""
    return answers.encoded(octets)


def is_unkept(reply: Reply) -> bool:
    """Whether nobody may keep it, nor ask for it by a tag (RFC 9919 section 7.2)."""
    return reply.header("Cache-Control") == "no-store" and not _VALIDATORS & reply.names()


@pytest.mark.parametrize("name", _SHARED)
def test_headers_of_a_shared_answer(wire: Wire, name: str) -> None:
    """RFC 9919 section 7.2, exactly: from the answer's own times and octets, cold and warm, by POST and by GET."""
    for reply in answers.ask_all_ways(wire, VECTORS[name].request).all:
        (single,) = answers.read(reply.body).responses
        assert single.next_update_utc is not None
        assert reply.header("ETag") == f'"{hashlib.sha256(reply.body).hexdigest()}"'
        assert reply.header("Last-Modified") == format_datetime(single.this_update_utc, usegmt=True)
        assert reply.header("Expires") == format_datetime(single.next_update_utc, usegmt=True)
        assert reply.header("Cache-Control") == "max-age=300, public, no-transform, must-revalidate"
        assert reply.header("Content-Type") == "application/ocsp-response"
        assert reply.header("Content-Length") == str(len(reply.body))
        assert "pragma" not in reply.names()
        assert "set-cookie" not in reply.names()
        assert "vary" not in reply.names()
        date = reply.header("Date")
        assert date is not None
        assert date.endswith(" GMT")


@pytest.mark.parametrize("name", _NOT_SHARED)
def test_what_nobody_keeps(wire: Wire, name: str) -> None:
    """RFC 9919 section 7.2: a nonce's answer, an unknown serial's and a refusal, cold and warm, by POST and by GET."""
    for reply in answers.ask_all_ways(wire, VECTORS[name].request).all:
        assert is_unkept(reply)
        assert reply.header("Date") is not None


@pytest.mark.parametrize(
    "head",
    [("PUT", "/ocsp"), ("OPTIONS", "/ocsp"), ("GET", "/elsewhere"), ("POST", "/ocsp"), ("GET", "/ocsp/" + "A" * 5000)],
    ids=["405", "405 too", "404", "415", "414"],
)
def test_http_refusals_are_not_kept(wire: Wire, head: tuple[str, str]) -> None:
    """RFC 9111 section 4.2.2: some of these statuses may be kept by anybody who is not told otherwise."""
    reply = wire.ask(*head)

    assert reply.status in {404, 405, 414, 415}
    assert is_unkept(reply)


def test_date_moves_on_while_the_tag_stays(wire: Wire) -> None:
    """RFC 9110 section 6.6.1: Date is the moment of sending, also of an answer that is kept; the octets stay."""
    first = wire.get(path(_GOOD))
    time.sleep(1.1)  # Date has whole seconds
    for second in (wire.get(path(_GOOD)), wire.get(path(_GOOD), f"If-None-Match: {first.header('ETag')}")):
        dates = [parsedate_to_datetime(reply.header("Date") or "") for reply in (first, second)]
        assert dates[1] > dates[0]
        assert second.header("ETag") == first.header("ETag")
        assert second.header("Last-Modified") == first.header("Last-Modified")


_MATCHING = {
    "the tag": "{tag}",
    "weak": "W/{tag}",
    "last of a list": '"other", W/"another", {tag}',
    "first of a list": '{tag}, "other"',
    "list without spaces": '"other",{tag}',
    "any": "*",
}
_NOT_MATCHING = {
    "another": '"0000"',
    "unquoted": "{bare}",
    "upper case": '"{upper}"',
    "cut off": '"{short}"',
    "empty": "",
    "list of others": '"a", "b", W/"c"',
    "junk": '"',
}


def _written(form: str, tag: str) -> str:
    bare = tag.strip('"')
    return form.format(tag=tag, bare=bare, upper=bare.upper(), short=bare[:-1])


@pytest.mark.parametrize("form", _MATCHING.values(), ids=_MATCHING)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_not_modified(wire: Wire, method: str, form: str) -> None:
    """RFC 9110 sections 13.1.2 and 15.4.5: 304 with the headers that a 200 would have, without what tells of a body."""
    fresh = wire.get(path(_GOOD))
    condition = "If-None-Match: " + _written(form, fresh.header("ETag") or "")

    for _ in range(2):
        reply = wire.ask(method, f"{wire.path}/{path(_GOOD)}", condition)
        assert (reply.status, reply.body) == (304, b"")
        for name in ("etag", "expires", "last-modified", "cache-control"):
            assert reply.header(name) == fresh.header(name), name
        assert reply.header("Date") is not None
        assert reply.header("Content-Length") in {None, str(len(fresh.body))}
        assert "content-type" not in reply.names()
    # Nothing of a body came behind it: the next answer begins where it ended.
    assert answers.verdict(wire.get(path(_GOOD))) == ("good",)


@pytest.mark.parametrize("form", _NOT_MATCHING.values(), ids=_NOT_MATCHING)
def test_modified(wire: Wire, form: str) -> None:
    """RFC 9110 section 13.1.2: no tag of the list is this answer's, compared letter by letter."""
    fresh = wire.get(path(_GOOD))

    reply = wire.get(path(_GOOD), "If-None-Match: " + _written(form, fresh.header("ETag") or ""))

    assert answers.verdict(reply) == ("good",)
    assert reply.header("ETag") == fresh.header("ETag")


def test_two_lines_are_one_list(wire: Wire) -> None:
    """RFC 9110 section 5.3: a list may be spread over several lines."""
    tag = wire.get(path(_GOOD)).header("ETag")

    assert wire.get(path(_GOOD), 'If-None-Match: "other"', f"If-None-Match: {tag}").status == 304


@pytest.mark.parametrize("with_tag", [False, True], ids=["alone", "with another tag"])
def test_no_date_makes_a_304(wire: Wire, *, with_tag: bool) -> None:
    """RFC 9110 section 13.1.3: a status changes within a second, so a date alone never says that it did not."""
    fresh = wire.get(path(_GOOD))
    tag = ['If-None-Match: "other"'] if with_tag else []
    tomorrow = format_datetime(CLOCK.now() + timedelta(days=1), usegmt=True)

    for date in (fresh.header("Last-Modified"), tomorrow, fresh.header("Expires")):
        assert answers.verdict(wire.get(path(_GOOD), f"If-Modified-Since: {date}", *tag)) == ("good",)


def test_post_has_no_condition(wire: Wire) -> None:
    """RFC 9110 section 13.2.1: a POST selects no representation; it is answered."""
    tag = wire.get(path(_GOOD)).header("ETag")

    for condition in (f"If-None-Match: {tag}", "If-None-Match: *"):
        assert answers.verdict(wire.post(_GOOD, condition)) == ("good",)


@pytest.mark.parametrize("name", ["never-issued", "nonce-32", "foreign-issuer", "empty-list"])
def test_unkept_answers_have_no_condition(wire: Wire, name: str) -> None:
    """RFC 9110 section 13.1.2: what has no tag is sent again, also to whoever takes anything."""
    vector = VECTORS[name]

    assert answers.verdict(wire.get(path(vector.request), "If-None-Match: *")) == vector.expected


@pytest.mark.parametrize("directive", ["no-cache", "max-age=0", "no-store", "only-if-cached"])
def test_a_clients_wishes_change_nothing(wire: Wire, directive: str) -> None:
    """RFC 9111 section 5.2.1: those are for caches; the origin's answer is right already, and a tag still counts."""
    tag = wire.get(path(_GOOD)).header("ETag")
    revocation_request = f"Cache-Control: {directive}"

    assert wire.get(path(_GOOD), revocation_request).header("ETag") == tag
    assert wire.get(path(_GOOD), revocation_request, f"If-None-Match: {tag}").status == 304


def test_a_range_is_not_cut_out(wire: Wire) -> None:
    """RFC 9110 section 14.2: Range may be ignored, and half an answer is none."""
    assert answers.verdict(wire.get(path(_GOOD), "Range: bytes=0-9")) == ("good",)


def test_compression_is_not_for_these(wire: Wire) -> None:
    """RFC 9919 section 7.2: no-transform, for the origin too: the octets are the signed ones."""
    reply = wire.get(path(_GOOD), "Accept-Encoding: gzip, br", "Accept: text/html")

    assert "content-encoding" not in reply.names()
    assert answers.verdict(reply) == ("good",)


def test_revocation_within_the_second(scene: Scene) -> None:
    """RFC 9110 section 13.1.2: the tag of before is no match from the very next request on, on any worker, although
    no date has changed; the new tag matches.
    """  # noqa: D205 - one clause, two lines
    asked = request(cert_id(scene.issue()))
    target = path(asked)
    with several(scene.url, 6) as wires:
        before = [wire.get(target) for wire in wires]
        scene.revoke(int.from_bytes(_serial(asked)), RevocationReason.SUPERSEDED)
        for wire, old in zip(wires, before, strict=True):
            condition = (f"If-None-Match: {old.header('ETag')}", f"If-Modified-Since: {old.header('Last-Modified')}")
            after = wire.get(target, *condition)
            assert answers.verdict(after) == ("revoked",)
            assert wire.get(target, f"If-None-Match: {after.header('ETag')}").status == 304
            assert answers.verdict(wire.post(asked)) == ("revoked",)


def _serial(asked: bytes) -> bytes:
    # The INTEGER is the last value of a request without extensions.
    return asked[-16:]


def test_head_and_get_name_the_same_tag(wire: Wire) -> None:
    """RFC 9110 section 9.3.2: whoever asks by HEAD learns whether what they hold is current."""
    target = f"{wire.path}/{path(request(cert_id(GOOD, name='sha384')))}"

    assert wire.ask("HEAD", target).header("ETag") == wire.ask("GET", target).header("ETag")


def test_types_do_not_mix(wire: Wire) -> None:
    """RFC 9111 section 4: a body that was answered is not answered under another method or type."""
    assert answers.verdict(wire.post(_GOOD)) == ("good",)
    assert wire.ask("PUT", wire.path, f"Content-Type: {TYPE}", body=_GOOD).status == 405
    assert wire.ask("POST", wire.path, "Content-Type: text/plain", body=_GOOD).status == 415
    assert wire.ask("GET", wire.path, f"Content-Type: {TYPE}", body=_GOOD).status in {200, 400}


@contextmanager
def to_every_worker(scene: Scene) -> Iterator[list[Wire]]:
    """Connections, as many as it takes until each worker has one."""
    _, *workers = scene.workers()
    assert len(workers) > 1
    with ExitStack() as opened:
        wires: list[Wire] = []
        while not all(each.net_connections("tcp4")[1:] for each in workers):
            assert len(wires) < 500
            wires.append(opened.enter_context(Wire(scene.url)))
        yield wires


def test_one_answer_from_every_worker(scene: Scene) -> None:
    """RFC 9110 section 8.8.3, RFC 9919 section 7.2: one URL, one ETag, whichever worker answers; and a 304 for it."""
    serial = scene.issue()
    octets = request(cert_id(serial))
    for status in ("good", "revoked"):
        tags = set()
        with to_every_worker(scene) as wires:
            for place, wire in enumerate(wires):
                reply = wire.get(path(octets))
                assert answers.verdict(reply) == (status,)
                tags.add(str(reply.header("ETag")))
                assert wire.get(path(octets), f"If-None-Match: {min(tags)}").status == 304
                if place == 0:
                    # What another worker signed from now on would have another thisUpdate.
                    time.sleep(1.1)
        assert len(tags) == 1
        scene.revoke(serial)
