"""Which step of `.ci/run` a test belongs to: `make test`, or `make test-long`, which repeats and takes longer.

Every test is in one of them, and property tests, which `make test` gives a tenth of their examples, are in both. What
is the store's runs on PostgreSQL 18 in `make test`, and on 16 in `make test-postgresql`.
Without `-m`, pytest runs all.
"""

from pathlib import PurePosixPath
from zlib import crc32

import pytest

LONG = "long"
STORE = "store"
# What lies in the database's own layer, or lives by its locks, transactions and snapshots: `make test` has it on both
# databases. What lies above asks for rows and gets them, and is asked on PostgreSQL in the long step.
OF_THE_STORE = (
    "tests/crl_publisher/entry_store",
    "tests/crl_publisher/issuing/test_issuance_order.py",
    "tests/crl_publisher/issuing/test_numbering.py",
    "tests/crl_publisher/issuing/test_shards.py",
    "tests/crl_publisher/recovery",
    "tests/ocsp_responder/fast_path/test_changes.py",
    "tests/ocsp_responder/fast_path/test_journal_watch.py",
    "tests/ocsp_responder/test_status.py",
    "tests/pki_revocation/database",
    "tests/pki_revocation/importing/test_batch.py",
    "tests/pki_revocation/propagation",
    "tests/pki_revocation/rate_limiting",
    "tests/pki_revocation/register",
    "tests/pki_revocation/test_audit.py",
    "tests/pki_revocation/test_audit_verification.py",
    "tests/pki_revocation/test_journal.py",
    "tests/pki_revocation/test_service.py",
    "tests/test_leaks.py",
)
STARTING_PROGRAMS = ("tests/integration", "tests/interop", "tests/conformance", "tests/fuzzing")


def mark(items: list[pytest.Item]) -> None:
    """Mark with `long` what repeats on PostgreSQL what it shows on SQLite, and with `store` what is the store's."""
    for item in items:
        if _is_on_postgresql(item) and _is_below(item, OF_THE_STORE):
            item.add_marker(STORE)
        if _repeats_on_postgresql(item) and not _is_below(item, OF_THE_STORE):
            item.add_marker(LONG)


def part(items: list[pytest.Item], chosen: str) -> list[pytest.Item]:
    """Those in one of several parts, as '2/6': whole files, each in the same part on every machine.

    A submission runs one part of the long step, by the number of commits, so that six submissions run all of it.
    """
    number, _, of = chosen.partition("/")
    return [item for item in items if crc32(_path(item).as_posix().encode()) % int(of) == int(number) - 1]


def sort(items: list[pytest.Item]) -> None:
    """Put what starts programs before what does not, and leave the order as it is beside that.

    Its tests are the longest, and wait for each other's servers: workers that begin with them share the many small
    ones evenly at the end.
    """
    items.sort(key=lambda item: not _is_below(item, STARTING_PROGRAMS))


def _is_on_postgresql(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function):
        return False
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return "postgresql" in parameters or not {"postgresql", "server"}.isdisjoint(item.fixturenames)


def _repeats_on_postgresql(item: pytest.Item) -> bool:
    if not isinstance(item, pytest.Function) or not hasattr(item, "callspec"):
        return False
    chosen = any("database" in each.args[0] for each in item.iter_markers("parametrize"))
    on_postgresql = item.callspec.params.get("database") == "postgresql"
    return on_postgresql and not chosen and "postgresql_only" not in item.fixturenames


def _is_below(item: pytest.Item, places: tuple[str, ...]) -> bool:
    return any(_path(item).is_relative_to(each) for each in places)


def _path(item: pytest.Item) -> PurePosixPath:
    return PurePosixPath(item.nodeid.partition("::")[0])
