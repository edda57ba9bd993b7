"""When the distribution says that it is ready: while it serves what is public and ours, whatever else lies there."""

import os
from datetime import timedelta
from pathlib import Path

import pytest

from crl_publisher.distribution.app import readiness
from crl_publisher.errors import NotPublished
from crl_publisher.issuing.issuance import CrlIssuance
from crl_publisher.outlets.published_files import PublishedFiles
from pki_revocation.database.engine import Database
from pki_revocation.model import Issuer
from tests.fakes import FakeClock


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    """SQLite alone: what is served does not depend on the database."""
    return sqlite_database


def test_readiness_follows_what_is_public(
    root: Path, clock: FakeClock, issuance: CrlIssuance, issuer: Issuer, public_file: Path
) -> None:
    """Not before the first CRL, not with rubbish in its place, and not after it lapsed."""
    ready = readiness(root, clock, knows=lambda _: False)
    with pytest.raises(NotPublished, match="No CRL"):
        ready()
    issuance.publish(issuer)
    ready()
    clock.advance(timedelta(days=3))
    with pytest.raises(NotPublished, match="lapsed"):
        ready()
    public_file.write_bytes(b"rubbish")
    with pytest.raises(NotPublished, match="cannot be served"):
        ready()


def _put(path: Path, kind: str, data: bytes) -> None:
    path.parent.mkdir(exist_ok=True)
    match kind:
        case "link":
            path.symlink_to("issuing.crl")
        case "broken link":
            path.symlink_to("nowhere")
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "rubbish":
            path.write_bytes(data[:-1])
        case _:
            path.write_bytes(data)
            path.chmod(0)


@pytest.mark.parametrize("kind", ["link", "broken link", "folder", "pipe", "rubbish", "secret"])
@pytest.mark.parametrize("name", ["foreign", "foreign-delta", "foreign/1"])
def test_what_somebody_put_there_keeps_nothing_from_being_served(
    root: Path, clock: FakeClock, data: bytes, caplog: pytest.LogCaptureFixture, kind: str, name: str
) -> None:
    """The CRLs are served, readiness says so, the log says it once however often is asked, and doctor names it."""
    _put(root / f"crl/{name}.crl", kind, data)
    ready = readiness(root, clock, knows=lambda _: False)
    for _ in range(10):
        ready()

    said = [record for record in caplog.records if f"crl/{name}.crl" in record.getMessage()]
    assert len(said) <= 1
    (sentence,) = PublishedFiles(root).strangers(["issuing"])
    assert sentence.startswith(f"crl/{name}.crl is ")


@pytest.mark.parametrize("kind", ["link", "broken link", "folder", "pipe", "rubbish"])
@pytest.mark.parametrize("name", ["issuing", "issuing-delta", "issuing/7"])
def test_what_took_the_place_of_an_own_crl_is_said(
    root: Path, clock: FakeClock, data: bytes, public_file: Path, kind: str, name: str
) -> None:
    """Relying parties ask for it, and get nothing."""
    (root / "crl/other.crl").write_bytes(data)
    if name == "issuing":
        public_file.unlink()
    _put(root / f"crl/{name}.crl", kind, data)

    with pytest.raises(NotPublished, match=rf"crl/{name}\.crl cannot be served"):
        readiness(root, clock, knows=lambda _: False)()


def test_an_issuer_that_is_known_needs_no_certificate_beside(root: Path, clock: FakeClock, data: bytes) -> None:
    """As that of a root whose key is off-line."""
    (root / "crl/root.crl").write_bytes(data[:-1])
    readiness(root, clock, knows=lambda _: False)()

    with pytest.raises(NotPublished, match=r"crl/root\.crl cannot be served"):
        readiness(root, clock, knows=lambda path: path == "crl/root.crl")()
    assert PublishedFiles(root).strangers(["issuing", "root"]) == []


def test_strangers_alone_are_nothing_to_serve(root: Path, clock: FakeClock) -> None:
    """Which one it is, is said."""
    (root / "crl").mkdir(parents=True)
    (root / "crl/foreign.crl").symlink_to("nowhere")

    with pytest.raises(NotPublished, match=r"crl/foreign\.crl cannot be served"):
        readiness(root, clock, knows=lambda _: False)()


def test_readiness_follows_the_crls_of_parts(root: Path, clock: FakeClock, data: bytes) -> None:
    """A shard that cannot be served is as bad as a full CRL that cannot."""
    ready = readiness(root, clock, knows=lambda _: False)
    ready()
    (root / "crl" / "issuing").mkdir()
    (root / "crl" / "issuing" / "1.crl").write_bytes(data)
    ready()
    (root / "crl" / "issuing" / "2.crl").write_bytes(data[:-1])

    with pytest.raises(NotPublished, match=r"crl/issuing/2\.crl cannot be served"):
        ready()
