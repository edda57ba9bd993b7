"""What `doctor` says of security.txt: nothing wrong without one, and in time before its day passes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pki_revocation.cli.security_file_check import check
from pki_revocation.config.installation import Installation
from pki_revocation.database.engine import Database


@pytest.mark.parametrize(
    ("days", "says"),
    [
        (None, "well: there is none"),
        (-1, "wrong: counts until"),
        (0, "wrong: counts until"),
        (12, "wrong: counts until"),
        (16, "well: counts until"),
        (360, "well: counts until"),
        (370, "wrong: counts until"),
    ],
)
def test_day_of_the_security_file(tmp_path: Path, sqlite_database: Database, days: int | None, says: str) -> None:
    """By the machine's clock: a fortnight ahead is near, and over a year is far."""
    text = f'[database]\nurl = "{sqlite_database.url}"\n'
    if days is not None:
        day = datetime.now(UTC).date() + timedelta(days=days)
        text += f'[security]\ncontact = "mailto:security@register.example"\nexpires = {day}\n'
    (tmp_path / "config.toml").write_text(text)

    (found,) = check(Installation.open(tmp_path), sqlite_database)

    assert found.check == "security.txt"
    assert f"{'well' if found.well else 'wrong'}: {found.says}".startswith(says)
