"""Whom a letter goes to: what an address window can show, and nothing else."""

import pytest

from pki_revocation.subscribers.recipients import Recipient, UnfitRecipient


def test_what_people_write_is_tidied() -> None:
    """Blanks and empty lines are left out, and nothing at all is no recipient."""
    assert Recipient.of(" NL ", [" Postbus  1 ", "", "1234 AB  Utrecht"]) == Recipient(
        language="nl", address=("Postbus 1", "1234 AB Utrecht")
    )
    assert Recipient.of("", ["", " "]) is None


@pytest.mark.parametrize(
    ("language", "lines", "says"),
    [
        ("fr", [], "none of nl, en"),
        ("nl", ["x"] * 7, "7 lines"),
        ("nl", ["x" * 61], "over 60"),
        ("nl", ["a\u202eb"], "Line 1"),
    ],
)
def test_what_cannot_be_printed_is_refused(language: str, lines: list[str], says: str) -> None:
    """A sentence that names the line, and never repeats it."""
    with pytest.raises(UnfitRecipient, match=says):
        Recipient.of(language, lines)
