"""Kept answers: sent to the second until which they are right, found by what asks for them, and dropped with it."""

import base64
import urllib.parse
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ocsp_responder.fast_path.answer_cache import AnswerCache
from ocsp_responder.fast_path.plain_request import PlainRequests
from ocsp_responder.http.transport import HttpEndpoint
from ocsp_responder.signing.response import Answer, Validity
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer

THIS = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SECOND, MAX_AGE = timedelta(seconds=1), timedelta(minutes=5)
VALIDITY = Validity(this_update=THIS, next_update=THIS + timedelta(hours=24), refresh_at=THIS + timedelta(hours=12))
ANSWER = Answer(der=b"signed octets", shared=VALIDITY, issuer_id=1, sequence=1)
PARENT = (9, 0x99)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """Of either kind: only an issuer is taken from it."""
    return sqlite_database


@pytest.fixture
def requests(issuer: Issuer) -> PlainRequests:
    """Of the one issuer."""
    return PlainRequests(issuer)


def cache_of(issuer: Issuer, requests: PlainRequests, limit: int = 1_000_000, path: str = "/ocsp") -> AnswerCache:
    """As a worker has it, with an issuer whose own certificate is registered."""
    endpoint = HttpEndpoint(path=path, max_age=MAX_AGE)
    return AnswerCache(limit=limit, requests={issuer.id: requests}, parents={issuer.id: PARENT}, endpoint=endpoint)


def targets(request: bytes, path: str = "/ocsp") -> list[bytes]:
    """Both ways to write a GET's target."""
    encoded = base64.b64encode(request).decode()
    return [f"{path}/{encoded}".encode(), f"{path}/{urllib.parse.quote(encoded, safe='')}".encode()]


def at(moment: datetime) -> float:
    """As the cache is asked."""
    return moment.timestamp()


@pytest.mark.parametrize(
    ("refresh_at", "end"),
    [
        (THIS + timedelta(hours=12), THIS + timedelta(hours=12)),
        # What a cache keeps for max-age must end before nextUpdate does (RFC 9919 section 7.2).
        (THIS + timedelta(hours=24), THIS + timedelta(hours=24) - MAX_AGE - SECOND),
    ],
)
def test_answer_is_sent_while_it_and_its_max_age_are_right(
    refresh_at: datetime, end: datetime, issuer: Issuer, requests: PlainRequests
) -> None:
    """From thisUpdate on, to the second before it is signed anew or could outlive its nextUpdate elsewhere."""
    cache = cache_of(issuer, requests)
    request = requests.about(5)[0]
    kept = cache.put(request, replace(ANSWER, shared=replace(VALIDITY, refresh_at=refresh_at)), THIS)

    assert kept is not None
    for look in (cache.get, cache.peek):
        found = [look(request, at(moment)) for moment in (THIS - SECOND, THIS, end - SECOND, end, end + SECOND)]
        assert found == [None, kept, kept, None, None]
        assert look(b"another", at(THIS)) is None


def test_answer_is_kept_ready_to_be_sent(issuer: Issuer, requests: PlainRequests) -> None:
    """Its head without a Date, its tag with quotes, and whether it says revoked."""
    cache = cache_of(issuer, requests)
    for answer in (ANSWER, replace(ANSWER, revoked=True)):
        kept = cache.put(requests.about(5)[0], answer, THIS)
        assert kept is not None
        lines = kept.head.decode().split("\r\n")
        assert "Content-Length: 13" in lines
        assert f"ETag: {kept.etag}" in lines
        assert "Cache-Control: max-age=300, public, no-transform, must-revalidate" in lines
        assert not any(line.startswith("Date:") for line in lines)
        assert kept.etag.startswith('"')
        assert (kept.body, kept.answer, kept.revoked) == (answer.der, answer, answer.revoked)


def test_only_shared_answers_to_plain_requests_are_kept(issuer: Issuer, requests: PlainRequests) -> None:
    """Nothing else may take up room."""
    cache = cache_of(issuer, requests)
    plain = requests.about(5)[0]

    assert cache.put(plain, replace(ANSWER, shared=None), THIS) is None
    assert cache.put(plain + b"\0", ANSWER, THIS) is None
    assert len(cache) == 0
    assert cache.put(plain, ANSWER, THIS) is not None
    assert len(cache) == 1


@pytest.mark.parametrize("path", ["/ocsp", ""])
def test_get_has_two_targets(path: str, issuer: Issuer, requests: PlainRequests) -> None:
    """The base64 as it is, and percent-encoded; no third spelling takes up room."""
    cache = cache_of(issuer, requests, path=path)
    request = requests.about(5)[0]
    kept = cache.put(request, ANSWER, THIS)
    assert kept is not None
    plain, escaped = targets(request, path)
    for target in (plain, escaped, plain.rstrip(b"="), plain + b"?x", request):
        cache.alias(target, request, kept)

    assert [cache.get(each, at(THIS)) for each in (plain, escaped, request)] == [kept] * 3
    assert len(cache) == len({plain, escaped, request})


def filled(issuer: Issuer, requests: PlainRequests) -> tuple[AnswerCache, dict[int, list[bytes]]]:
    """Two certificates, each with all of its keys."""
    cache, keys = cache_of(issuer, requests), dict[int, list[bytes]]()
    for serial in (5, 6):
        keys[serial] = []
        for request in requests.about(serial):
            kept = cache.put(request, ANSWER, THIS)
            assert kept is not None
            for target in targets(request):
                cache.alias(target, request, kept)
            keys[serial] += [request, *targets(request)]
    return cache, keys


def test_change_drops_every_way_of_asking(issuer: Issuer, requests: PlainRequests) -> None:
    """About that certificate of that issuer, and no other."""
    cache, keys = filled(issuer, requests)
    both = len(cache)
    cache.drop(issuer.id + 1, [5, 6])
    cache.drop(issuer.id, [7])
    cache.drop(PARENT[0], [5])
    assert len(cache) == both

    cache.drop(issuer.id, [5])
    assert [cache.get(key, at(THIS)) for key in keys[5]] == [None] * len(keys[5])
    assert None not in [cache.get(key, at(THIS)) for key in keys[6]]
    cache.drop(issuer.id, [5, 6])
    assert len(cache) == 0


def test_change_of_the_issuer_itself_drops_all(issuer: Issuer, requests: PlainRequests) -> None:
    """A CA that is revoked may change every answer about its certificates."""
    cache, _ = filled(issuer, requests)
    cache.drop(PARENT[0], [1, PARENT[1]])
    assert len(cache) == 0
    cache, _ = filled(issuer, requests)
    cache.clear()
    assert len(cache) == 0


def test_limit_is_of_octets(issuer: Issuer, requests: PlainRequests) -> None:
    """Key, head and body, with 800 octets for what Python needs; one answer may weigh half."""
    request = requests.about(5)[0]
    kept = cache_of(issuer, requests).put(request, ANSWER, THIS)
    assert kept is not None
    weight = len(request) + len(kept.head) + len(kept.body) + 800
    for limit, held in ((2 * weight, 1), (2 * weight - 1, 0)):
        cache = cache_of(issuer, requests, limit)
        cache.put(request, ANSWER, THIS)
        assert len(cache) == held
