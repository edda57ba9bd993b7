"""The configuration in deploy/nginx, in a real nginx: what it serves, what it refuses, and that nothing tears."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from crl_publisher.crl.reading import parse_crl
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets import DirectoryOutlet
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.deployment.shipped_nginx import Behind, shipped_nginx

ADDRESS = "/crl/issuing.crl"


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone."""
    return sqlite_database


@pytest.fixture
def data(issuance: CrlIssuance, issuer: Issuer, public_file: Path) -> bytes:
    """A CRL that is public, and the CA's certificate."""
    issuance.prepare(issuer)
    issuance.publish(issuer)
    return public_file.read_bytes()


@pytest.fixture
def nginx(tmp_path: Path, root: Path, data: bytes) -> Iterator[int]:
    """Nginx with the configuration as it is delivered, but for the lines that are to be set; gives the CRLs' port."""
    # What the server as a whole may have set, and the configuration must not let in.
    everywhere = "open_file_cache max=100; open_file_cache_valid 1h; gzip on; gzip_types *;"
    with shipped_nginx(tmp_path, Behind(published=root), everywhere=everywhere) as running:
        yield running.crl


def ask(
    port: int, path: str, method: str = "GET", headers: dict[str, str] | None = None
) -> tuple[http.client.HTTPResponse, bytes]:
    """One request, with the path as it is written."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=120)) as connection:
        connection.request(method, path, headers={"Accept-Encoding": "gzip"} | (headers or {}))
        response = connection.getresponse()
        return response, response.read()


def test_crl_and_certificate_are_served(nginx: int, data: bytes, issuer: Issuer) -> None:
    """Every octet, with type, ETag, date, ranges and a short life in caches."""
    response, body = ask(nginx, ADDRESS)

    assert response.status == 200
    assert body == data
    assert response.headers["Content-Type"] == "application/pkix-crl"
    assert response.headers["Cache-Control"] == "max-age=5"
    assert response.headers["Content-Encoding"] is None
    assert response.headers["ETag"].startswith('"')
    assert response.headers["Last-Modified"]
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    response, body = ask(nginx, "/aia/issuing.cer")
    assert body == issuer.certificate_der
    assert response.headers["Content-Type"] == "application/pkix-cert"


def test_parts_and_deltas_are_served(nginx: int, data: bytes, root: Path) -> None:
    """As the distribution service serves them."""
    (root / "crl/issuing").mkdir()
    for path in ("issuing-delta", "issuing/7", "issuing/7-delta", "issuing/ca", "issuing/users-delta"):
        (root / f"crl/{path}.crl").write_bytes(data)

        assert ask(nginx, f"/crl/{path}.crl")[1] == data


def test_caches_and_interrupted_clients_get_what_they_ask(nginx: int, data: bytes) -> None:
    """304 by ETag and by date, HEAD, and the rest of what was cut off."""
    response, _ = ask(nginx, ADDRESS)
    etag, modified = response.headers["ETag"], response.headers["Last-Modified"]

    assert ask(nginx, ADDRESS, headers={"If-None-Match": etag})[0].status == 304
    assert ask(nginx, ADDRESS, headers={"If-Modified-Since": modified})[0].status == 304
    head, body = ask(nginx, ADDRESS, "HEAD")
    assert (head.status, head.headers["Content-Length"], body) == (200, str(len(data)), b"")
    part, body = ask(nginx, ADDRESS, headers={"Range": "bytes=10-", "If-Range": etag})
    assert (part.status, body) == (206, data[10:])


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/crl/",
        "/crl",
        "/crl/issuing",
        "/crl/other.crl",
        "/crl/.issuing.crl.lock",
        "/crl/.hidden.crl",
        "/crl/issuing/.1.crl",
        "/crl/link.crl",
        "/crl/elsewhere/1.crl",
        "/crl/folder.crl",
        "/crl/issuing.crl.bak",
        "/crl/issuing/backup.crl",
        "/crl/../revocation.db",
        "/crl/..%2f..%2frevocation.db",
        "//crl/issuing.crl",
        "/aia/issuing.crl",
    ],
)
def test_nothing_else_is_served(path: str, nginx: int, data: bytes, root: Path, tmp_path: Path) -> None:
    """No list, no hidden or half-written file, no link, no other name; and no cache keeps the refusal."""
    (root / "crl/issuing").mkdir()
    (root / "crl/folder.crl").mkdir()
    for name in ("crl/.hidden.crl", "crl/issuing/.1.crl", "crl/issuing.crl.bak", "crl/issuing/backup.crl"):
        (root / name).write_bytes(data)
    (root / "crl/link.crl").symlink_to(root / ADDRESS[1:])
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/1.crl").write_bytes(data)
    (root / "crl/elsewhere").symlink_to(tmp_path / "outside")

    response, body = ask(nginx, path)

    assert response.status in {400, 404}
    assert data not in body
    if response.status == 404:
        assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_get_405(method: str, nginx: int) -> None:
    """With those that are served."""
    response, _ = ask(nginx, ADDRESS, method)

    assert response.status == 405
    assert response.headers["Allow"] == "GET, HEAD"


def test_next_crl_is_served_at_once_with_another_etag(
    nginx: int, issuance: CrlIssuance, issuer: Issuer, public_file: Path
) -> None:
    """Nginx makes ETags of second and size: two CRLs of one second must not have the same, whatever their size."""
    for _ in range(5):
        before, _ = ask(nginx, ADDRESS)
        number = issuance.publish(issuer).number

        after, body = ask(nginx, ADDRESS, headers={"If-None-Match": before.headers["ETag"]})

        assert after.status == 200
        assert parse_crl(body).number == number
        assert after.headers["ETag"] != before.headers["ETag"]
        assert after.headers["Last-Modified"] != before.headers["Last-Modified"]


def test_replacement_in_the_middle_tears_nothing(nginx: int, outlet: DirectoryOutlet) -> None:
    """While large files replace each other, each answer is one of them, whole."""
    contents = [bytes((number,)) * (300_000 + 1000 * number) for number in range(10)]
    outlet.put("aia/large.cer", contents[0])
    stop = threading.Event()
    wrong: list[int] = []

    def replace() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            outlet.put("aia/large.cer", contents[turn % 10])

    def fetch() -> None:
        for _ in range(100):
            _, body = ask(nginx, "/aia/large.cer")
            if body not in contents:
                wrong.append(len(body))

    replacing = threading.Thread(target=replace)
    fetching = [threading.Thread(target=fetch) for _ in range(4)]
    for thread in (replacing, *fetching):
        thread.start()
    for thread in fetching:
        thread.join()
    stop.set()
    replacing.join()

    assert wrong == []
