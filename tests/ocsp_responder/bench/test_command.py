"""`pki-revocation bench ocsp`, against a responder that really runs."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ocsp_responder.bench.command import bench
from ocsp_responder.errors import AnswerRefused
from pki_revocation.clock import SystemClock
from pki_revocation.database.engine import Database
from pki_revocation.errors import NotFound
from tests.databases import new_sqlite
from tests.ocsp_responder import registers
from tests.ocsp_responder.installations import Installed, free_ports, install, running
from tests.pki import CertificateAuthority


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """An installation with three certificates, and its responder."""
    folder = tmp_path_factory.mktemp("bench")
    database = new_sqlite(folder / "revocation.db")
    authority = CertificateAuthority("Bench CA")
    made = install(folder, database, authority)
    clock = SystemClock()
    registers.add(database, made.issuer, clock, *(authority.issue(f"Zorg {n}", clock.now()) for n in range(3)))
    with running(made):
        yield made


def run(installed: Installed, *arguments: str) -> Result:
    """A short one."""
    options = ["--directory", str(installed.installation.directory), "--seconds", "1", "--connections", "2"]
    return CliRunner().invoke(bench, [*options, *arguments])


def test_measures_the_three_ways_to_ask(installed: Installed) -> None:
    """Each gets a rate, latencies in their order, and answers that were verified."""
    result = run(installed, "--json")

    told = json.loads(result.stdout)
    assert [each["name"] for each in told["figures"]] == ["cached GET", "cached POST", "nonce, signed live"]
    assert told["certificates"] == 3
    assert told["url"] == installed.url
    assert told["machine"]["cores"] >= 1
    for each in told["figures"]:
        assert each["verified"] >= 1
        assert each["requests"] > 10
        assert 0 < each["median_ms"] <= each["p99_ms"] <= each["longest_ms"]
        assert each["per_second"] == pytest.approx(each["requests"] / each["seconds"], rel=0.01)


def test_prints_a_table_for_people(installed: Installed) -> None:
    """A line for the address, one for the machine, one for each figure."""
    result = run(installed)

    lines = result.stdout.splitlines()
    assert lines[0] == f"{installed.url}, 2 connections, 3 certificates"
    assert "Python" in lines[1]
    assert [line[:20].strip() for line in lines[3:6]] == ["cached GET", "cached POST", "nonce, signed live"]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://ocsp.example.org/ocsp", "is not on this machine's loopback"),
        ("http://192.0.2.1:80/ocsp", "is not on this machine's loopback"),
        ("http://127.0.0.1.example.org/", "is not on this machine's loopback"),
        ("ftp://127.0.0.1/ocsp", "is no http address"),
        ("127.0.0.1:8462", "is no http address"),
        ("http:///ocsp", "is no http address"),
        ("http://127.0.0.1:99999/ocsp", "is no http address"),
        ("http://127.0.0.1:abc/ocsp", "is no http address"),
        ("http://[::1/ocsp", "is no http address"),
        ("https://127.0.0.1/ocsp", "is https"),
    ],
)
def test_loads_nobody_else(installed: Installed, url: str, sentence: str) -> None:
    """A load on somebody's responder must be meant."""
    error = run(installed, "--url", url).exception

    assert isinstance(error, AnswerRefused)
    assert sentence in str(error)


def test_says_that_nobody_answers(installed: Installed) -> None:
    """A closed port, in one sentence that names it."""
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}/ocsp"

    error = run(installed, "--url", url).exception

    assert isinstance(error, AnswerRefused)
    assert str(error) == f"{url} does not answer: Connection refused."


def test_says_that_no_ocsp_is_spoken(installed: Installed) -> None:
    """Another page of the same server is no responder."""
    error = run(installed, "--url", installed.url.replace("/ocsp", "/elsewhere")).exception

    assert isinstance(error, AnswerRefused)
    assert "404" in str(error)


def test_says_that_a_server_leaves_in_the_middle(installed: Installed) -> None:
    """What closes without a word gives no figure."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/ocsp"

        def close_two() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                connection.close()

        thread = threading.Thread(target=close_two)
        thread.start()
        error = run(installed, "--url", url).exception
        thread.join()

    assert isinstance(error, AnswerRefused)
    assert "closed a connection" in str(error)


def test_needs_certificates_to_ask_about(database: Database, authority: CertificateAuthority, tmp_path: Path) -> None:
    """An empty register says what to do."""
    made = install(tmp_path, database, authority)

    error = run(made).exception

    assert isinstance(error, NotFound)
    assert "import some first" in str(error)


def test_a_wrong_signature_gives_no_figure(installed: Installed, tmp_path: Path) -> None:
    """Fast and wrong does not count: the register's issuer is another one than the responder's."""
    database = new_sqlite(tmp_path / "revocation.db")
    made = install(tmp_path, database, CertificateAuthority("Another CA"))
    clock = SystemClock()
    other = CertificateAuthority("Another CA")
    registers.add(database, made.issuer, clock, other.issue("Zorg", clock.now()))

    error = run(made, "--url", installed.url).exception

    assert isinstance(error, AnswerRefused)
