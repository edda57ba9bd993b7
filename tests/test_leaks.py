"""The search for codes finds them wherever they were planted; without that, finding nothing would say nothing."""

from pathlib import Path

import pytest
from sqlalchemy import delete, insert

from pki_revocation.codes import CodeScheme, grouped, new_code
from pki_revocation.database.engine import Database
from pki_revocation.database.schema import probe_states
from tests.fakes import FakeClock
from tests.leaks import Search


@pytest.fixture(params=list(CodeScheme))
def code(request: pytest.FixtureRequest) -> str:
    """A code of each length."""
    return new_code(request.param)


@pytest.mark.leaks_on_purpose
@pytest.mark.parametrize("case", [str.upper, str.lower])
@pytest.mark.parametrize("between", ["", "-", " ", "%20", "+"])
def test_planted_code_is_found_in_a_file(tmp_path: Path, code: str, case: object, between: str) -> None:
    """In any way of writing, in the middle of other octets."""
    text = grouped(code).replace("-", between)
    planted = text.upper() if case is str.upper else text.lower()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "services.log").write_bytes(b"\x00\xff GET /revoke?code=" + planted.encode() + b" 200\n")

    leaks = Search([code]).in_folder(tmp_path)

    assert [leak.where for leak in leaks] == [str(tmp_path / "deep" / "services.log")]
    assert code not in str(leaks)


@pytest.mark.leaks_on_purpose
def test_planted_code_is_found_in_a_name(tmp_path: Path, code: str) -> None:
    """A file that is called after it."""
    (tmp_path / f"{grouped(code)}.pdf").touch()

    assert Search([code]).in_folder(tmp_path)


@pytest.mark.leaks_on_purpose
def test_code_without_its_check_symbol_is_found(tmp_path: Path, code: str) -> None:
    """The check symbol can be worked out."""
    (tmp_path / "log").write_text(code[:-1])

    assert Search([code]).in_folder(tmp_path)


@pytest.mark.leaks_on_purpose
def test_planted_code_is_found_in_a_table(database: Database, clock: FakeClock, code: str) -> None:
    """In any column of any."""
    with database.write() as connection:
        connection.execute(
            insert(probe_states).values(path="x", url=grouped(code).lower(), probed_at=clock.now(), findings="")
        )

    assert "table probe_states" in [leak.where for leak in Search([code]).in_database(database)]


@pytest.mark.leaks_on_purpose
def test_deleted_row_is_found_in_the_file(database: Database, clock: FakeClock, code: str) -> None:
    """SQLite leaves the octets of what was deleted in its file and its WAL until somebody vacuums."""
    if not database.is_sqlite:
        pytest.skip("PostgreSQL's files are its own")
    with database.write() as connection:
        connection.execute(insert(probe_states).values(path="x", url=code, probed_at=clock.now(), findings=""))
    with database.write() as connection:
        connection.execute(delete(probe_states))

    assert Search([code]).in_database(database)


def test_nothing_is_found_where_nothing_is(tmp_path: Path, code: str) -> None:
    """Another code, and a part of this one, are no leak."""
    (tmp_path / "log").write_text(f"{code[:8]} {code[::-1]} 0123-4567-89AB-CDEF")

    assert not Search([code]).in_folder(tmp_path)
