"""How a telephone number that people write becomes one that a telephone dials."""

import pytest

from pki_revocation.documents.contact import dialling_address


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("070 000 00 00", "tel:0700000000"),
        ("+31 (0)70 - 340 60 20", "tel:+31703406020"),
        ("(070) 340.60.20", "tel:0703406020"),
        ("0800/1234 (keuze 2)", "tel:08001234"),
        ("112", "tel:112"),
        ("zie uw brief", ""),
        ("", ""),
    ],
)
def test_number_is_dialled_as_it_is_meant(written: str, dialled: str) -> None:
    """Without what separates groups, and without the zero that is left out from abroad; no number is no link."""
    assert dialling_address(written) == dialled
