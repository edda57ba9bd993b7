"""The short way of reading the usual requests says what the long way says, whatever is wrong with them."""

import itertools

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ocsp_responder.errors import MalformedRequest
from ocsp_responder.request.certid_hashes import HASHES
from ocsp_responder.request.common_requests import match_common_request
from ocsp_responder.request.message import OcspRequest, parse_any_request, parse_request
from pki_revocation.encoding.der import NULL, tlv
from tests.campaign import examples
from tests.ocsp_responder import messages

_DIGESTS = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
_SERIALS = [b"\x05", b"\x7f", b"\x00\x80", b"\x11" * 8, b"\x00" + b"\xff" * 16, b"\x7f" * 20, b"\x00" + b"\x80" * 19]


def _request(name: str, parameters: bytes, serial: bytes, nonce: int | None) -> bytes:
    digest = bytes(range(_DIGESTS[name]))
    asked = messages.cert_id(messages.algorithm(name, parameters), digest, digest[::-1], tlv(2, serial))
    extensions = () if nonce is None else (messages.nonce(bytes(range(nonce))),)
    return messages.ocsp_request(messages.single(asked), extensions=extensions)


USUAL = [_request(*each) for each in itertools.product(HASHES.values(), [b"", tlv(NULL)], _SERIALS, [None, 16, 32])]
# Near misses, which the long way must read.
UNUSUAL = [
    _request("sha256", b"", b"\x05", 23),
    _request("sha256", b"", b"\x00" + b"\x80" * 20, None),
    _request("sha256", b"", b"\x00", None),
    _request("sha256", b"", b"\x85", 16),
    messages.ocsp_request(messages.single(messages.cert_id(name_hash=bytes(20), key_hash=bytes(20)))),
    messages.ocsp_request(messages.single(messages.cert_id()), extensions=(messages.nonce(bytes(32), critical=True),)),
    messages.ocsp_request(messages.single(messages.cert_id()), messages.single(messages.cert_id())),
    messages.ocsp_request(messages.single(messages.cert_id()), before=messages.REQUESTOR),
    messages.ocsp_request(messages.single(messages.cert_id()), after=messages.SIGNATURE),
]


def _read(data: bytes) -> OcspRequest | None:
    try:
        return parse_request(data)
    except MalformedRequest:
        return None


def _read_the_long_way(data: bytes) -> OcspRequest | None:
    try:
        return parse_any_request(data)
    except MalformedRequest:
        return None


@pytest.mark.parametrize("place", range(len(USUAL)))
def test_usual_requests_have_a_shape(place: int) -> None:
    """Each hash, with absent and NULL parameters, serials up to 20 octets, no nonce or one of 16 or 32."""
    data = USUAL[place]

    assert match_common_request(data) is not None
    assert parse_request(data) == parse_any_request(data)


@pytest.mark.parametrize("data", UNUSUAL)
def test_unusual_requests_are_read_the_long_way(data: bytes) -> None:
    """They have no shape, and are no less requests."""
    assert match_common_request(data) is None
    assert parse_request(data) == parse_any_request(data)


@pytest.mark.parametrize(
    "data",
    [_request("sha1", tlv(NULL), b"\x11" * 8, None), _request("sha256", b"", b"\x00\x80", 32)],
    ids=["SHA-1", "SHA-256 and nonce"],
)
def test_every_octet_counts(data: bytes) -> None:
    """Any one octet changed to anything, left out or doubled: both ways say the same."""
    for place, octet in itertools.product(range(len(data)), range(256)):
        changed = data[:place] + bytes([octet]) + data[place + 1 :]
        assert _read(changed) == _read_the_long_way(changed)
    for place in range(len(data)):
        for changed in (data[:place] + data[place + 1 :], data[:place] + data[place : place + 1] + data[place:]):
            assert _read(changed) == _read_the_long_way(changed)


_CHANGES = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 4), st.binary(max_size=4)), min_size=1, max_size=4)


@settings(max_examples=examples(10_000), deadline=None)
@given(original=st.sampled_from(USUAL + UNUSUAL), changes=_CHANGES)
@example(original=USUAL[0] + b"\0", changes=[])
@example(original=USUAL[1][:-1], changes=[])
def test_both_ways_say_the_same(original: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    """Requests that are cut, changed, lengthened or put together anew are read alike or refused alike."""
    data = bytearray(original)
    for place, length, put in changes:
        start = place % (len(data) + 1)
        data[start : start + length] = put

    assert _read(bytes(data)) == _read_the_long_way(bytes(data))


def test_length_must_be_the_shapes() -> None:
    """Trailing octets, or one too few, have no shape."""
    assert all(match_common_request(data + b"\0") is None for data in USUAL)
    assert all(match_common_request(data[:-1]) is None for data in USUAL)
