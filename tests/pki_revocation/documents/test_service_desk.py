"""How the service desk is named: hours in two languages, and a telephone number in a sentence."""

import pytest

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.subscribers.languages import Language


@pytest.mark.parametrize(
    ("phone", "hours", "line"),
    [
        ("070 000 00 00", "Op werkdagen van 8.00 tot 18.00 uur", "070 000 00 00 (op werkdagen van 8.00 tot 18.00 uur)"),
        ("070 000 00 00", "NL-tijd 8-18", "070 000 00 00 (NL-tijd 8-18)"),
        ("070 000 00 00", "8-18 uur", "070 000 00 00 (8-18 uur)"),
        ("070 000 00 00", "", "070 000 00 00"),
        ("", "8-18 uur", ""),
    ],
)
def test_hours_go_on_in_the_sentence(phone: str, hours: str, line: str) -> None:
    """In brackets behind the number they begin small; where there is no number, nothing is said of hours."""
    assert ServiceDesk(phone=phone, hours=hours).phone_line == line


def test_empty_lines_of_an_address_are_none() -> None:
    """As a setting of several lines may have them."""
    desk = ServiceDesk.of(ContactSettings(post="\nRegister\n\n  Postbus 1 \n"), Language.DUTCH)
    assert desk.post_lines == ["Register", "Postbus 1"]
