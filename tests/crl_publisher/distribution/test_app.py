"""The distribution service: what caches and clients need, and nothing but what was published."""

import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.http import http_date

from crl_publisher.crl.frame import Frame, read_frame
from crl_publisher.crl.reading import parse_crl
from crl_publisher.distribution.app import create_app
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet, published_files
from crl_publisher.outlets.published_files import PublishedFiles
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.crl_publisher.distribution.conftest import PROMISE, ReadingClient
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

ADDRESS = "/crl/issuing.crl"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone: what is served does not depend on the database."""
    return sqlite_database


def test_crl_is_served_as_it_was_published(
    client: FlaskClient, data: bytes, public_file: Path, clock: FakeClock
) -> None:
    """Every octet, with its type, length, ETag, date, and a freshness that keeps the publisher's promise."""
    response = client.get(ADDRESS)

    assert response.status_code == 200
    assert response.data == data
    assert response.headers["Content-Type"] == "application/pkix-crl"
    assert response.headers["Content-Length"] == str(len(data))
    assert response.headers["ETag"] == f'"{sha256(data).hexdigest()}"'
    assert response.headers["Last-Modified"] == http_date(int(public_file.stat().st_mtime))
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Cache-Control"] == "public, max-age=5"
    assert response.headers["Expires"] == http_date(clock.now() + PROMISE)


def test_ca_certificate_is_served(client: FlaskClient, data: bytes, issuer: Issuer) -> None:
    """For AIA caIssuers (RFC 5280 section 4.2.2.1)."""
    response = client.get("/aia/issuing.cer")

    assert response.data == issuer.certificate_der
    assert response.headers["Content-Type"] == "application/pkix-cert"
    assert "max-age" in response.headers["Cache-Control"]


def test_max_age_never_goes_past_next_update(client: FlaskClient, data: bytes, clock: FakeClock) -> None:
    """A cache never holds a CRL that has lapsed; the CRL itself is still served, for whoever wants to know."""
    next_update = parse_crl(data).next_update
    assert next_update is not None
    clock.advance(next_update - clock.now() - timedelta(seconds=3))
    assert client.get(ADDRESS).headers["Cache-Control"] == "public, max-age=3"
    clock.advance(timedelta(seconds=10))

    assert client.get(ADDRESS).headers["Cache-Control"] == "public, max-age=0"
    assert client.get(ADDRESS).data == data


@pytest.mark.parametrize(
    "path",
    ["issuing-delta.crl", "issuing/7.crl", "issuing/7-delta.crl", "issuing/ca.crl", "issuing/users-delta.crl"],
)
def test_crls_of_parts_and_deltas_are_served(path: str, client: FlaskClient, data: bytes, root: Path) -> None:
    """A delta beside its base, and shards and scopes in the issuer's folder."""
    (root / "crl" / "issuing").mkdir()
    (root / "crl" / path).write_bytes(data)

    response = client.get(f"/crl/{path}")

    assert response.data == data
    assert response.headers["Content-Type"] == "application/pkix-crl"


def test_crl_of_another_ca_is_not_served(client: FlaskClient, data: bytes, root: Path) -> None:
    """A file that somebody copied to the wrong place: 404 is an alarm, and a foreign CRL would pass unnoticed."""
    other = CertificateAuthority("Another CA").certificate.public_bytes(Encoding.DER)
    (root / "aia" / "other.cer").write_bytes(other)
    (root / "crl" / "other.crl").write_bytes(data)

    assert client.get("/crl/other.crl").status_code == 404
    assert client.get(ADDRESS).status_code == 200


def test_what_is_not_served_is_not_read_for_each_who_asks(
    data: bytes, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """50 MB of rubbish that many ask for cost one reading, until a while later."""
    readings: list[int] = []

    def count(stream: BinaryIO) -> Frame:
        readings.append(1)
        return read_frame(stream)

    monkeypatch.setattr(published_files, "read_frame", count)
    (root / "crl/issuing.crl").write_bytes(data[:-1])
    files = PublishedFiles(root)

    assert [files.open("crl/issuing.crl") for _ in range(5)] == [None] * 5
    assert len(readings) == 1
    monkeypatch.setattr(published_files, "_REFUSED_SECONDS", 0.0)
    assert files.open("crl/issuing.crl") is None
    assert len(readings) == 2


def test_max_age_ends_with_the_next_publication(root: Path, clock: FakeClock, data: bytes, public_file: Path) -> None:
    """Whoever knows the schedule says for each path how long a CRL is the newest."""
    asked: list[tuple[str, datetime]] = []

    def until_next(path: str, published_at: datetime) -> timedelta:
        asked.append((path, published_at))
        return timedelta(seconds=2)

    app = create_app(root, clock=clock, until_next=until_next)
    app.test_client_class = ReadingClient

    assert app.test_client().get(ADDRESS).headers["Cache-Control"] == "public, max-age=2"
    published_at = datetime.fromtimestamp(int(public_file.stat().st_mtime), UTC)
    assert asked == [("crl/issuing.crl", published_at)]


def test_long_promise_is_cut_to_five_minutes(root: Path, clock: FakeClock, data: bytes) -> None:
    """Who publishes within an hour still lets nobody cache for one."""
    app = create_app(root, clock=clock, until_next=lambda _path, _published_at: timedelta(hours=1))
    app.test_client_class = ReadingClient

    assert app.test_client().get(ADDRESS).headers["Cache-Control"] == "public, max-age=300"


def test_head_gives_the_headers_of_get(client: FlaskClient, data: bytes) -> None:
    """The same headers and no octet; a Range means nothing to it (RFC 9110 section 14.2)."""
    get, head = client.get(ADDRESS), client.head(ADDRESS, headers={"Range": "bytes=0-1"})

    assert head.status_code == 200
    assert head.data == b""
    assert dict(head.headers) == dict(get.headers)


def test_conditional_requests_get_304(client: FlaskClient, data: bytes) -> None:
    """By ETag, by a list of them, by date; another ETag or an older date gets the CRL."""
    response = client.get(ADDRESS)
    etag, modified = response.headers["ETag"], response.headers["Last-Modified"]

    for headers in ({"If-None-Match": etag}, {"If-None-Match": f'"x", {etag}'}, {"If-Modified-Since": modified}):
        same = client.get(ADDRESS, headers=headers)
        assert same.status_code == 304
        assert same.data == b""
        assert same.headers["ETag"] == etag
        assert same.headers["Cache-Control"] == "public, max-age=5"
    for headers in ({"If-None-Match": '"x"'}, {"If-Modified-Since": "Thu, 01 Jan 2026 00:00:00 GMT"}):
        assert client.get(ADDRESS, headers=headers).status_code == 200


def test_etag_changes_with_the_crl(client: FlaskClient, data: bytes, issuance: CrlIssuance, issuer: Issuer) -> None:
    """Right after the next publication the old ETag gets the new CRL."""
    etag = client.get(ADDRESS).headers["ETag"]
    number = issuance.publish(issuer).number

    response = client.get(ADDRESS, headers={"If-None-Match": etag})

    assert response.status_code == 200
    assert parse_crl(response.data).number == number


@pytest.mark.parametrize(
    ("asked", "start", "stop"), [("bytes=0-9", 0, 10), ("bytes=10-", 10, None), ("bytes=-7", -7, None)]
)
def test_range_is_served(asked: str, start: int, stop: int | None, client: FlaskClient, data: bytes) -> None:
    """A client that was cut off goes on where it was."""
    response = client.get(ADDRESS, headers={"Range": asked})

    assert response.status_code == 206
    assert response.data == data[start:stop]
    assert response.headers["Content-Range"].endswith(f"/{len(data)}")
    assert response.headers["Content-Length"] == str(len(response.data))


def test_range_of_an_older_crl_gets_the_whole_new_one(client: FlaskClient, data: bytes) -> None:
    """If-Range keeps halves of two CRLs apart."""
    response = client.get(ADDRESS, headers={"Range": "bytes=10-", "If-Range": '"of the one before"'})

    assert response.status_code == 200
    assert response.data == data


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=x"])
def test_ranges_that_are_not_served_get_the_whole(asked: str, client: FlaskClient, data: bytes) -> None:
    """Several ranges, other units and nonsense are ignored (RFC 9110 section 14.2)."""
    response = client.get(ADDRESS, headers={"Range": asked})

    assert response.status_code == 200
    assert response.data == data


def test_range_behind_the_end_is_416(client: FlaskClient, data: bytes) -> None:
    """With the length, so that the client can do better."""
    response = client.get(ADDRESS, headers={"Range": f"bytes={len(data)}-"})

    assert response.status_code == 416
    assert response.headers["Content-Range"] == f"bytes */{len(data)}"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/crl/",
        "/crl/other.crl",
        "/crl/issuing.cer",
        "/crl/issuing.crl/",
        "//crl/issuing.crl",
        "/crl/.issuing.crl.lock",
        "/crl/.issuing.crl.1.00.tmp",
        "/crl/..crl",
        "/crl/../revocation.db",
        "/crl/..%2Frevocation.db",
        "/crl/%2e%2e/aia/issuing.crl",
        "/crl/issuing.crl%00.crl",
        "/crl/issuing%0a.crl",
        "/crl/link.crl",
        "/crl/folder.crl",
        "/crl/pipe.crl",
        "/crl/torn.crl",
        "/crl/grown.crl",
        "/crl/changed.crl",
        "/crl/issuing/foreign.crl",
        "/crl/issuing/1",
        "/crl/issuing/1.cer",
        "/crl/issuing/1/2.crl",
        "/crl/issuing/.1.crl",
        "/crl/issuing/..crl",
        "/crl/issuing/%2e%2e.crl",
        "/crl/issuing/..%2Fissuing.crl",
        "/crl/elsewhere/1.crl",
        "/crl/12345678901.crl",
        "/crl/issuing/12345678901.crl",
        "/crl/rubbish.crl",
        "/aia/issuing.crl",
        "/aia/../../config.cer",
        f"/crl/{'a' * 5000}.crl",
        "/crl/ïssuing.crl",
        "/healthz",
    ],
)
def test_nothing_else_is_served(path: str, client: FlaskClient, data: bytes, root: Path) -> None:
    """No way to another folder, no hidden or half-written file, no link, nothing that is no CRL: 404, never cached."""
    (root / "crl" / ".issuing.crl.1.00.tmp").write_bytes(b"half")
    (root / "crl" / "rubbish.crl").write_bytes(b"rubbish")
    (root / "crl" / "link.crl").symlink_to(root / "crl" / "issuing.crl")
    (root / "crl" / "folder.crl").mkdir()
    os.mkfifo(root / "crl" / "pipe.crl")
    (root / "crl" / "torn.crl").write_bytes(data[:-1])
    (root / "crl" / "grown.crl").write_bytes(data + b"\0")
    shutil.copy(root / "aia" / "issuing.cer", root / "aia" / "changed.cer")
    (root / "crl" / "changed.crl").write_bytes(data.replace(b"\x02\x01\x01", b"\x02\x01\x00", 1))
    (root / "crl" / "issuing").mkdir()
    (root / "crl" / "issuing" / "foreign.crl").write_bytes(data)
    (root / "crl" / "issuing" / "12345678901.crl").write_bytes(data)
    (root / "crl" / "elsewhere").symlink_to(root / "crl" / "issuing")
    (root / "crl" / "issuing" / "1.crl").write_bytes(data)

    response = client.get(path)

    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"
    assert b"<" not in response.data


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_get_405(method: str, client: FlaskClient, data: bytes) -> None:
    """With those that are served."""
    response = client.open(ADDRESS, method=method)

    assert response.status_code == 405
    assert {each.strip() for each in response.headers["Allow"].split(",")} == {"GET", "HEAD"}


def test_replacement_in_the_middle_tears_nothing(app: Flask, outlet: DirectoryOutlet, root: Path, data: bytes) -> None:
    """While two CRLs of different lengths replace each other, each answer is one of them, with its own ETag."""
    padded = data + bytes(200_000)
    outlet.put("aia/issuing.cer", data)
    contents = {f'"{sha256(each).hexdigest()}"': each for each in (data, padded)}
    stop = threading.Event()
    wrong: list[str] = []

    def replace() -> None:
        number = 1 << 40
        while not stop.is_set():
            number += 1
            outlet.replace("aia/issuing.cer", padded if number % 2 else data, number=number, number_of=lambda _: None)

    def fetch() -> None:
        client = app.test_client()
        for _ in range(150):
            response = client.get("/aia/issuing.cer")
            if contents.get(response.headers["ETag"]) != response.data:
                wrong.append(response.headers["ETag"])

    replacing = threading.Thread(target=replace)
    fetching = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in (replacing, *fetching):
        thread.start()
    for thread in fetching:
        thread.join()
    stop.set()
    replacing.join()

    assert wrong == []


def test_replacement_is_read_once_for_all_who_ask(data: bytes, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty at once at the moment of a replacement: reading a million entries fifty times would hold up everything."""
    readings: list[int] = []

    def slow(stream: BinaryIO) -> Frame:
        readings.append(stream.seek(0, 2))
        time.sleep(0.1)
        return read_frame(stream)

    monkeypatch.setattr(published_files, "read_frame", slow)
    files = PublishedFiles(root)
    together = threading.Barrier(50)

    def ask(_: int) -> str:
        together.wait()
        found = files.open("crl/issuing.crl")
        assert found is not None
        with found.stream as stream:
            assert stream.read() == data
        return found.sha256

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(ask, range(50))) == {sha256(data).hexdigest()}

    assert readings == [len(data)]


def test_crl_of_a_renewed_ca_is_held_against_each_of_its_certificates(
    client: FlaskClient, data: bytes, root: Path, issuer: Issuer, authority: CertificateAuthority
) -> None:
    """One of them may let the key sign in another way: the CRL is its CA's under any, and under none of another CA."""
    right, wrong = issuer.certificate_der, CertificateAuthority("x").certificate.public_bytes(Encoding.DER)
    (root / "aia/issuing.cer").write_bytes(wrong)
    refused = client.get(ADDRESS).status_code
    (root / "aia/issuing_17.cer").write_bytes(wrong)
    (root / "aia/issuing_18.cer").write_bytes(right)
    (root / "crl/issuing.crl").write_bytes(data)
    served = client.get(ADDRESS)

    assert refused == 404
    assert served.data == data
    assert client.get("/aia/issuing_18.cer").data == right
    assert authority.certificate.public_bytes(Encoding.DER) == right
