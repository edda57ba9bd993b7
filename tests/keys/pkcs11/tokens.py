"""A token for each test that asks for one: the fixture `on_token`, which each conftest takes from here."""

import secrets
from pathlib import Path

import pytest

from keys.key_location import TokenKey
from keys.pkcs11.generation import generate_on_token
from tests.keys.pkcs11 import softhsm
from tests.keys.pkcs11.softhsm import SoftHsm


class OnToken:
    """A token with a PIN in the environment, and keys that are made when they are asked for."""

    def __init__(self, hsm: SoftHsm, label: str, pin: str) -> None:
        """It is empty."""
        self.hsm = hsm
        self.label = label
        self.pin = pin

    @property
    def variable(self) -> str:
        """Where the PIN is looked for."""
        return f"PKI_REVOCATION_PIN_{self.label.upper().replace('-', '_')}"

    def location(self, key: str, **bounds: float) -> TokenKey:
        """Where a key is."""
        return TokenKey(softhsm.parsed(self.label, key), **bounds)  # type: ignore[arg-type] # sessions or wait

    def generate(self, key_type: str, key: str | None = None, **bounds: float) -> TokenKey:
        """Make a key; it is labelled like its type where no label is given."""
        location = self.location(key or key_type, **bounds)
        generate_on_token(location.uri, location.token, key_type)
        return location


@pytest.fixture
def on_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnToken:
    """An empty token of SoftHSM's of this test's own."""
    if not softhsm.HERE:
        pytest.skip(softhsm.WHY_NOT)
    hsm = SoftHsm(tmp_path)
    label = f"test-{secrets.token_hex(8)}"
    made = OnToken(hsm, label, hsm.make_token(label))
    monkeypatch.setenv(softhsm.CONFIG_VARIABLE, str(hsm.config))
    monkeypatch.setenv(made.variable, made.pin)
    return made
