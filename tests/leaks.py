"""Looks for revocation codes where none may be: files as they lie on the disk, rows, logs, mails and addresses.

A code counts as found in upper or lower case, whole or in groups with hyphens, spaces, + or %20 between them, and also
without its check symbol: the symbols before it are what must be guessed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pki_revocation.database.engine import Database

_GROUP = 4
_BETWEEN = (b"", b"-", b" ", b"+", b"%20", b"\\n", b"\r\n", b"\n")
# One octet each of what stands between symbols or groups, UTF-16's zeroes among them.
_PASSED_OVER = b"- +\r\n\0"
# In UTF-16 too: what some programs write of text.
_ENCODINGS = ("utf-8", "utf-16-le")
_SQLITE_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table'"
_POSTGRESQL_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """Where a code stands; never which, because this is printed."""

    where: str
    form: str


def shapes(symbols: str) -> Iterator[tuple[str, bytes]]:
    """Every way in which the symbols of one code may be written, with what to call it."""
    groups = [symbols[place : place + _GROUP] for place in range(0, len(symbols), _GROUP)]
    for between in _BETWEEN:
        for case, parts in (("upper", groups), ("lower", [each.lower() for each in groups])):
            text = between.decode().join(parts)
            for encoding in _ENCODINGS:
                yield f"{case} case, {between!r} between groups, {encoding}", text.encode(encoding)


class Search:
    """A search for many codes at once."""

    def __init__(self, codes: Iterable[str]) -> None:
        """*codes* without or with their check symbols, which are left out of the search."""
        self._codes = {code[: len(code) // _GROUP * _GROUP] for code in codes}
        self._bare = [code.lower().encode() for code in self._codes]

    @cached_property
    def _forms(self) -> dict[bytes, str]:
        """Every way of writing every code: made where a code seems to stand, because it takes seconds for thousands."""
        return {octets: form for code in self._codes for form, octets in shapes(code)}

    @cached_property
    def _pattern(self) -> re.Pattern[bytes]:
        return re.compile(b"|".join(re.escape(each) for each in self._forms))

    def in_octets(self, where: str, octets: bytes) -> list[Leak]:
        """What stands in there."""
        # Thousands of forms tried at each octet take minutes: what is not there with nothing between is not there.
        bare = octets.translate(None, _PASSED_OVER).replace(b"%20", b"").replace(b"\\n", b"").lower()
        if not any(each in bare for each in self._bare):
            return []
        return [Leak(where=where, form=self._forms[found[0]]) for found in self._pattern.finditer(octets)]

    def in_folder(self, folder: Path, besides: Iterable[Path] = ()) -> list[Leak]:
        """Every file's octets and every file's name, but for those that are *besides*."""
        left_out = {each.resolve() for each in besides}
        found = []
        for path in sorted(folder.rglob("*")):
            if path.resolve() in left_out or left_out & set(path.resolve().parents):
                continue
            found += self.in_octets(f"name of {path}", str(path.relative_to(folder)).encode())
            if path.is_file() and not path.is_symlink():
                try:
                    found += self.in_octets(str(path), path.read_bytes())
                except (FileNotFoundError, PermissionError):
                    continue  # it went, or is another account's: PostgreSQL's, whose rows are looked at
        return found

    def in_database(self, database: Database) -> list[Leak]:
        """Every value of every row of every table; of a SQLite file also its octets, deleted rows and WAL included."""
        found = []
        with database.engine.connect() as connection:
            # Not what the schema says, and not reflected, which takes longer than many a test: what is there.
            for (table,) in connection.exec_driver_sql(_SQLITE_TABLES if database.is_sqlite else _POSTGRESQL_TABLES):
                for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"'):  # noqa: S608 - the database's own name
                    octets = b"\x00".join(
                        value if isinstance(value, bytes) else str(value).encode() for value in row if value is not None
                    )
                    found += self.in_octets(f"table {table}", octets)
        if database.is_sqlite:
            file = Path(str(database.url.database))
            for path in sorted(file.parent.glob(f"{file.name}*")):
                found += self.in_octets(str(path), path.read_bytes())
        return found
