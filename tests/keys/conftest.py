"""A token for each test that asks for one."""

from tests.keys.pkcs11.tokens import on_token

__all__ = ["on_token"]
