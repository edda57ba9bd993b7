"""Tokens: shown once, kept as a hash, and dead from the moment that they are withdrawn."""

import pytest
from sqlalchemy import select

from pki_revocation.database.engine import Database
from pki_revocation.database.schema import api_tokens as table
from pki_revocation.errors import NotFound
from pki_revocation.register import api_tokens
from pki_revocation.register.api_tokens import TokenRefused
from tests.fakes import FakeClock


def test_token_opens_until_it_is_withdrawn(database: Database, clock: FakeClock) -> None:
    """Whoever has it is known by name; withdrawn, it is nobody's."""
    with database.write() as connection:
        issued, token = api_tokens.issue(connection, "ca-1", clock)
        found = api_tokens.bearer_of(connection, token)
        assert found is not None
        assert (found.name, found.id) == ("ca-1", issued.id)
        api_tokens.withdraw(connection, "ca-1", clock)
        assert api_tokens.bearer_of(connection, token) is None
        assert [each.withdrawn_at for each in api_tokens.all_tokens(connection)] == [clock.now()]


def test_no_other_token_opens(database: Database, clock: FakeClock) -> None:
    """One wrong symbol, another's public part, anything else: nobody."""
    with database.write() as connection:
        _, token = api_tokens.issue(connection, "ca-1", clock)
        _, other = api_tokens.issue(connection, "ca-2", clock)
        wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
        mixed = token[:17] + other[17:]
        for each in (wrong, mixed, token.upper(), token + "0", token[:-1], "", "prt_", f"prt_{'0' * 12}_{'0' * 64}"):
            assert api_tokens.bearer_of(connection, each) is None


def test_token_is_kept_nowhere(database: Database, clock: FakeClock) -> None:
    """Neither the secret nor anything that it can be told from stands in the database."""
    with database.write() as connection:
        _, token = api_tokens.issue(connection, "ca-1", clock)
        (row,) = connection.execute(select(table))
    secret = token.rpartition("_")[2]

    assert secret not in repr(tuple(row))
    assert bytes.fromhex(secret) != row.digest


def test_names_are_one_live_tokens_own(database: Database, clock: FakeClock) -> None:
    """A name is taken while its token lives, and free after; an odd one and an unknown one are refused."""
    with database.write() as connection:
        api_tokens.issue(connection, "ca-1", clock)
        with pytest.raises(TokenRefused, match="already"):
            api_tokens.issue(connection, "ca-1", clock)
        for name in ("", "a b", "x" * 65, "\n", "-a"):
            with pytest.raises(TokenRefused, match="will not do"):
                api_tokens.issue(connection, name, clock)
        api_tokens.withdraw(connection, "ca-1", clock)
        with pytest.raises(NotFound, match="no live token 'ca-1'"):
            api_tokens.withdraw(connection, "ca-1", clock)
        api_tokens.issue(connection, "ca-1", clock)
