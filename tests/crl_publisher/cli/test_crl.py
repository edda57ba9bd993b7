"""`crl` and `publisher` as somebody types them, where no publisher runs."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import delete, func, select

from crl_publisher.crl.reading import parse_crl
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.config.sections import duration
from pki_revocation.database.schema import crl_entries, crl_stretches, leases, publication_requests
from pki_revocation.reasons import RevocationReason
from tests.crl_publisher.installations import Installed, install
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority


@pytest.fixture
def installed(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation on SQLite."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        yield install(tmp_path, database, authority)


def run(installed: Installed, *words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(program, [*words, "--directory", str(installed.installation.directory)])


def answer(installed: Installed, *words: str) -> object:
    """What a command says as JSON."""
    result = run(installed, *words, "--json")
    assert result.exit_code == 0, result.output
    value: object = json.loads(result.stdout)
    return value


def test_publish_becomes_the_publisher_where_none_runs(installed: Installed) -> None:
    """It signs under the lease, and leaves neither lease nor request behind."""
    installed.population.issue_revoked(2)

    said = answer(installed, "crl", "publish")

    assert isinstance(said, dict)
    crl = parse_crl(installed.public_file.read_bytes())
    assert (said["number"], said["entries"], said["covers_sequence"]) == (crl.number, 2, 2)
    assert said["size"] == len(crl.data)
    assert said["seconds"] >= 0
    assert said["cpu_seconds"] >= 0
    assert said["peak_memory"] > 1 << 20
    assert installed.installation.path("published/aia/issuing.cer").exists()
    with installed.database.read() as connection:
        for table in (leases, publication_requests):
            assert connection.execute(select(func.count()).select_from(table)).scalar_one() == 0


def test_publish_says_what_it_did(installed: Installed) -> None:
    """One line for people."""
    result = run(installed, "crl", "publish", "--issuer", "issuing")

    assert result.exit_code == 0
    assert "of issuing is public: 0 entries" in result.output


def test_publish_gives_up_when_the_publisher_does_not_answer(installed: Installed) -> None:
    """The lease is somebody's on another machine, who does nothing: one sentence, and the request is withdrawn."""
    with installed.database.write() as connection:
        connection.execute(
            leases.insert().values(
                name="crl-publisher", holder="elsewhere/1:1:0", until=SystemClock().now() + duration("20s")
            )
        )

    result = run(installed, "crl", "publish", "--timeout", "1")

    assert result.exit_code == 1
    assert "did not publish within 1s" in result.output
    assert not installed.public_file.exists()
    with installed.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(publication_requests)).scalar_one() == 0


def test_list_gives_the_newest_first(installed: Installed) -> None:
    """Number, times, entries, size and what each one covers."""
    assert "No CRL of issuing" in run(installed, "crl", "list").output
    numbers = []
    for _ in range(2):
        said = answer(installed, "crl", "publish")
        assert isinstance(said, dict)
        numbers.append(said["number"])

    listed = answer(installed, "crl", "list")

    assert isinstance(listed, list)
    assert [each["number"] for each in listed] == numbers[::-1]
    assert f"{numbers[0]}  full  " in run(installed, "crl", "list").output
    assert answer(installed, "crl", "list", "--scope", "full") == listed
    assert "No CRL of scope ca of issuing" in run(installed, "crl", "list", "--scope", "ca").output


@pytest.mark.parametrize("encoding", [None, Encoding.DER, Encoding.PEM])
def test_inspect_looks_into_a_crl(encoding: Encoding | None, installed: Installed, tmp_path: Path) -> None:
    """The public one, or a file in DER or PEM: who signed it, its number, and its entries."""
    (serial,) = installed.population.issue_revoked(1, reason=RevocationReason.SUPERSEDED)
    run(installed, "crl", "publish")
    words = []
    if encoding is not None:
        file = tmp_path / "some.crl"
        file.write_bytes(x509.load_der_x509_crl(installed.public_file.read_bytes()).public_bytes(encoding))
        words = [str(file)]

    facts = answer(installed, "crl", "inspect", *words)

    assert isinstance(facts, dict)
    assert facts["signed_by"] == "issuing"
    assert facts["number"] == parse_crl(installed.public_file.read_bytes()).number
    assert [(each["serial"], each["reason"]) for each in facts["revoked"]] == [(f"{serial:032x}", "superseded")]
    assert f"{serial:032x}" in run(installed, "crl", "inspect", *words).output


def test_inspect_of_what_is_no_crl_is_one_sentence(installed: Installed, tmp_path: Path) -> None:
    """Nothing published yet, a file that is not there, rubbish: never a traceback."""
    rubbish, broken = tmp_path / "rubbish.crl", tmp_path / "broken.crl"
    rubbish.write_bytes(b"rubbish")
    broken.write_text("-----BEGIN X509 CRL-----\nrubbish\n-----END X509 CRL-----\n")
    for words in ((), (str(tmp_path / "none.crl"),), (str(rubbish),), (str(broken),)):
        result = run(installed, "crl", "inspect", *words)
        assert result.exit_code == 1
        assert result.output.startswith("Error: ")
        assert len(result.output.strip().splitlines()) == 1


def test_rebuild_makes_the_entries_anew(installed: Installed) -> None:
    """What the gate's operator does when it found the store wrong."""
    installed.population.issue_revoked(2)

    assert "up to sequence 2" in run(installed, "crl", "rebuild").output


def test_unknown_issuer_is_one_sentence(installed: Installed) -> None:
    """With the names that there are."""
    result = run(installed, "crl", "publish", "--issuer", "nobody")

    assert result.exit_code == 1
    assert "issuing" in result.output


def test_status_says_in_which_crl_it_is(installed: Installed) -> None:
    """Not yet, then since when; and for a raised reason likewise."""
    (serial,) = installed.population.issue_revoked(1)
    words = ["status", f"{serial:x}"]
    assert "not in a published CRL yet" in run(installed, *words).output
    said = answer(installed, "crl", "publish")
    assert isinstance(said, dict)

    assert f"in CRL {said['number']} since {said['published_at']}" in run(installed, *words).output
    installed.population.revoke(serial, reason=RevocationReason.KEY_COMPROMISE)
    status = answer(installed, *words)
    assert isinstance(status, dict)
    assert status["crl"] == [{"scope": "full", "number": said["number"], "since": said["published_at"], "delta": False}]
    assert [each["number"] for each in status["raised_in_crl"]] == [None]


def test_last_crl_asks_first_and_ends_it(installed: Installed) -> None:
    """It can never be undone."""
    (serial,) = installed.population.issue(1)
    refused = run(installed, "crl", "publish", "--last", "--yes")
    assert refused.exit_code == 1
    assert "neither revoked nor expired" in refused.output
    installed.population.revoke(serial)
    assert run(installed, "crl", "publish", "--last").exit_code == 1
    assert not installed.public_file.exists()

    said = answer(installed, "crl", "publish", "--last", "--yes")

    assert isinstance(said, dict)
    assert said["next_update"] == "9999-12-31T23:59:59Z"
    again = run(installed, "crl", "publish")
    assert again.exit_code == 1
    assert "last one" in again.output


def test_scope_is_published_alone(installed: Installed) -> None:
    """By its name, of those that there are."""
    assert "there are: full" in run(installed, "crl", "publish", "--scope", "ca").output
    config = installed.installation.config
    config.write_text(config.read_text() + "\n[crl]\nca = true\n")

    said = answer(installed, "crl", "publish", "--scope", "ca")

    assert isinstance(said, dict)
    assert said["scope"] == "ca"
    assert installed.installation.path("published/crl/issuing/ca.crl").exists()
    assert not installed.public_file.exists()


def test_doctor_names_an_entry_store_that_lacks_entries(installed: Installed) -> None:
    """And what brings it back; the next CRL does by itself."""
    installed.population.issue_revoked(3)
    assert run(installed, "crl", "publish").exit_code == 0
    assert "entry store" not in run(installed, "doctor").output
    with installed.database.write() as connection:
        connection.execute(delete(crl_entries))
        connection.execute(delete(crl_stretches))

    told = run(installed, "doctor")

    assert told.exit_code == 1
    assert "WRONG  entry store of issuing: it has 0 entries, and the journal calls for 3" in told.output
    assert "crl rebuild --issuer issuing" in told.output
    assert run(installed, "crl", "publish").exit_code == 0
    assert "entry store" not in run(installed, "doctor").output
    assert len(parse_crl(installed.public_file.read_bytes())) == 3
