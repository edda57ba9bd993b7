"""A token for each test that asks for one, and key files whose passphrases cost little."""

import pytest

from keys.files import encryption
from tests.keys.pkcs11.tokens import on_token

__all__ = ["on_token"]


@pytest.fixture
def light_key_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passphrases are stretched a thousand times less than in production, which is the matter of test_encryption."""
    monkeypatch.setattr(encryption, "_COST", 16)
