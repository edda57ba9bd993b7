"""A token for each test that asks for one."""

from tests.keys.tokens import on_token

__all__ = ["on_token"]
