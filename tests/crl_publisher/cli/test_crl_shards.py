"""`crl shards` as somebody types it: the shards, how full they are, and the address for the next certificates."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from crl_publisher.issuing.shards import capacity
from pki_revocation.audit import verify_chain
from pki_revocation.cli.program import program
from pki_revocation.clock import SystemClock
from pki_revocation.database.schema import audit
from tests.crl_publisher.installations import Installed, install
from tests.databases import new_sqlite
from tests.pki import CertificateAuthority

LIMIT = 10_000 + 81 * 2


@pytest.fixture
def installed(tmp_path: Path, authority: CertificateAuthority) -> Iterator[Installed]:
    """An installation on SQLite whose shards take two certificates each."""
    with new_sqlite(tmp_path / "revocation.db") as database:
        made = install(tmp_path, database, authority)
        config = made.installation.directory / "config.toml"
        text = config.read_text().replace("[distribution]", '[distribution]\npublic_url = "http://crl.example.nl/"')
        config.write_text(f"{text}\n[crl]\nsize_limit = {LIMIT}\n")
        yield made


def run(installed: Installed, *words: str) -> Result:
    """Run a command in this process."""
    return CliRunner().invoke(program, [*words, "--directory", str(installed.installation.directory)])


def shards(installed: Installed, *words: str) -> tuple[list[tuple[str, int, int]], str | None]:
    """Address, certificates and capacity of each shard, and the next address."""
    result = run(installed, "crl", "shards", "--json", *words)
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["issuer"] == "issuing"
    return [(each["url"], each["certificates"], each["capacity"]) for each in said["shards"]], said["next_url"]


def url(number: int) -> str:
    """A shard's address."""
    return f"http://crl.example.nl/crl/issuing/{number}.crl"


def test_without_shards_there_is_no_address(installed: Installed) -> None:
    """Certificates name the complete CRL then; asking adds nothing."""
    assert shards(installed) == ([], None)

    said = run(installed, "crl", "shards")

    assert said.exit_code == 0
    assert "No shards: certificates name the complete CRL of issuing. Add one with --add." in said.output


def test_next_address_is_the_first_with_room(installed: Installed) -> None:
    """And one is added when none has any: until then asking changes nothing."""
    assert capacity(LIMIT) == 2
    assert shards(installed, "--add") == ([(url(1), 0, 2)], url(1))
    installed.population.issue(shard=1)
    assert shards(installed) == ([(url(1), 1, 2)], url(1))
    installed.population.issue(shard=1)

    full = ([(url(1), 2, 2), (url(2), 0, 2)], url(2))
    assert shards(installed) == full
    assert shards(installed) == full


def test_shard_that_is_added_early_waits_for_the_first_to_be_full(installed: Installed) -> None:
    """Whoever prepares a second one does not leave the first half empty."""
    shards(installed, "--add")

    assert shards(installed, "--add") == ([(url(1), 0, 2), (url(2), 0, 2)], url(1))


def test_added_shards_are_audited_and_take_in_what_names_them(
    installed: Installed, authority: CertificateAuthority
) -> None:
    """The trail says which, and how many certificates it took in."""
    early = authority.issue("Early", SystemClock().now(), crl_url=url(1))
    file = installed.installation.directory / "early.pem"
    file.write_bytes(early.public_bytes(Encoding.PEM))
    done = run(installed, "certificate", "import", str(file))
    assert done.exit_code == 0, done.output

    assert shards(installed, "--add") == ([(url(1), 1, 2)], url(1))

    with installed.database.read() as connection:
        verify_chain(connection)
        details = connection.scalars(select(audit.c.detail).where(audit.c.event == "crl.shard-added")).all()
    assert [json.loads(detail) for detail in details] == [
        {"issuer": "issuing", "shard": 1, "url": url(1), "certificates": 1}
    ]


def test_it_says_so_in_words(installed: Installed) -> None:
    """A line for each shard, and one with the address."""
    shards(installed, "--add")

    said = run(installed, "crl", "shards").output

    assert said.splitlines() == [
        f"1  {url(1)}  0 of 2 certificates",
        f"The next certificates of issuing name {url(1)}",
    ]


def test_address_that_no_certificate_may_name_is_refused(installed: Installed) -> None:
    """With one sentence, and nothing is added."""
    config = installed.installation.directory / "config.toml"
    config.write_text(config.read_text().replace("http://crl.example.nl/", "https://crl.example.nl/"))

    said = CliRunner(catch_exceptions=True).invoke(
        program, ["crl", "shards", "--add", "--directory", str(installed.installation.directory)]
    )

    assert said.exit_code != 0
    assert "public_url must begin with http://" in said.output
    assert "Traceback" not in said.output
    config.write_text(config.read_text().replace("https://crl.example.nl/", "http://crl.example.nl/"))
    assert shards(installed) == ([], None)


def test_issuer_may_not_have_a_deltas_name(installed: Installed) -> None:
    """Its complete CRL would lie where another issuer's deltas do."""
    file = installed.installation.directory / "other.pem"
    file.write_bytes(CertificateAuthority("Other CA").certificate.public_bytes(Encoding.PEM))

    said = run(installed, "issuer", "add", str(file), "--name", "issuing-delta")

    assert said.exit_code != 0
    assert "names that end in -delta are those of delta CRLs" in said.output
