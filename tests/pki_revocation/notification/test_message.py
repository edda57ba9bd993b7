"""What stands in a mail."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from pki_revocation.documents.contact import ServiceDesk as Desk
from pki_revocation.errors import ConfigurationError
from pki_revocation.notification import texts
from pki_revocation.notification.message import message
from pki_revocation.notification.settings import NotificationSettings
from pki_revocation.reasons import SUBSCRIBER_REASONS, RevocationReason
from pki_revocation.subscribers.contacts import Contact, UnfitContact

WHEN = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
NUMBER = "123456789012"
FACTS = texts.RevokedFacts(
    organisation="Zorg & <Zonen> BV",
    number=NUMBER,
    serial="0a0b0c",
    revoked_at=WHEN,
    reason=RevocationReason.KEY_COMPROMISE,
    reference="ABCD-EFGH",
)


DESK = Desk(organisation="Register <Zorg>", post="", email="ra@example.nl", phone="070 1", hours="8-18 uur")


def read(text: texts.Text, desk: Desk = DESK) -> EmailMessage:
    """Made, sent and read again."""
    settings = NotificationSettings(sender="intrekken@ca.example", message_id_domain="ca.example")
    made = message(text, "beheer@zorg.example", local_id="abc", told_at=WHEN, settings=settings, desk=desk)
    found = message_from_bytes(made.as_bytes(), policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Plain and HTML."""
    plain, rich = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert rich is not None
    return plain.get_content(), rich.get_content()


@pytest.mark.parametrize(
    ("language", "says"),
    [
        ("nl", "23 november 2026 om 15:03:22 (Nederlandse tijd)"),
        ("en", "23 November 2026 at 15:03:22 (Dutch time)"),
    ],
)
def test_revocation_is_told_with_its_moment(language: str, says: str) -> None:
    """In both parts, with serial and reference."""
    for part in parts(read(texts.revoked(language, FACTS))):
        assert says in part
        assert "2026-11-23 14:03:22" in part
        assert "0a0b0c" in part
        assert "ABCD-EFGH" in part


@pytest.mark.parametrize("language", ["nl", "en"])
def test_number_is_never_whole(language: str) -> None:
    """Its last four digits tell the subscriber which, and nobody else anything."""
    for text in (texts.revoked(language, FACTS), texts.failures(language, "Zorg BV", NUMBER, WHEN)):
        mail = read(text)
        everything = mail["Subject"] + "".join(parts(mail))
        assert "9012" in everything
        for whole in (NUMBER, "1234 5678 9012", "1234", "5678"):
            assert whole not in everything


@pytest.mark.parametrize("language", ["nl", "en"])
def test_headers_are_those_of_mail_from_a_program(language: str) -> None:
    """RFC 3834 section 5; Return-Path is the last server's to write, from the envelope (RFC 5321 section 4.4)."""
    mail = read(texts.revoked(language, FACTS))

    assert mail["From"] == '"Register <Zorg>" <intrekken@ca.example>'
    assert mail["To"] == "beheer@zorg.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<abc@ca.example>"
    assert mail["Date"].datetime == WHEN
    assert mail["Content-Language"] == language
    assert mail["Return-Path"] is None


def test_names_are_no_markup() -> None:
    """An organisation's name is text in the HTML part."""
    _, rich = parts(read(texts.revoked("nl", FACTS)))

    assert "Zorg &amp; &lt;Zonen&gt; BV" in rich
    assert "<Zonen>" not in rich


@pytest.mark.parametrize("language", ["nl", "en"])
def test_mail_says_who_writes_and_how_they_are_reached(language: str) -> None:
    """At its end, with what [contact] says; where that says nothing, neither does the mail."""
    for part in parts(read(texts.revoked(language, FACTS))):
        for said in ("070 1 (8-18 uur)", "ra@example.nl"):
            assert said in part
    plain, rich = parts(read(texts.revoked(language, FACTS)))
    assert "Register <Zorg>" in plain.splitlines()
    assert "Register &lt;Zorg&gt;<br>" in rich
    nobody = Desk(organisation="", post="", email="", phone="", hours="")
    mail = read(texts.revoked(language, FACTS), nobody)
    assert mail["From"] == "intrekken@ca.example"
    assert 'class="from"' not in parts(mail)[1]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_plain_text_is_broken_between_words(language: str) -> None:
    """At 72 columns, with facts under each other; a serial number stays whole, so that it can be copied."""
    serial = "ab" * 40
    facts = replace(FACTS, serial=serial, organisation="Coöperatie van zorgverzekeraars en zorgkantoren " * 2)
    for text in (texts.revoked(language, facts), texts.failures(language, facts.organisation, NUMBER, WHEN)):
        plain, _ = parts(read(text))
        lines = plain.splitlines()
        assert [line for line in lines if len(line) > 72 and serial not in line] == []
        assert (serial in plain) == (text.facts[0][0] in {"Ingetrokken op", "Revoked on"})
        named = [line for name, _ in text.facts for line in lines if line.startswith(f"{name}:")]
        assert len(named) == len(text.facts)
        assert len({len(line) - len(line.partition(":")[2].lstrip()) for line in named}) == 1


@pytest.mark.parametrize("reason", SUBSCRIBER_REASONS)
def test_reasons_are_in_words(reason: RevocationReason) -> None:
    """Those that subscribers may give, in both languages."""
    facts = texts.RevokedFacts(
        organisation="Z", number=NUMBER, serial="0a", revoked_at=WHEN, reason=reason, reference="R"
    )
    dutch, english = (dict(texts.revoked(language, facts).facts) for language in ("nl", "en"))

    assert dutch["Reden"] != english["Reason"]
    assert reason.token not in dutch["Reden"] + english["Reason"]


@pytest.mark.parametrize(
    "email", ["", "webmaster", "a@b\r\nBcc: c@d", "a@b, c@d", "<a@b>", "é@b.example", "a@b" + "c" * 260]
)
def test_contact_that_could_become_something_else_is_refused(email: str) -> None:
    """Without repeating it."""
    with pytest.raises(UnfitContact) as refused:
        Contact(email=email)

    assert not email or email not in str(refused.value)


@pytest.mark.parametrize("setting", ["sender", "return_path", "message_id_domain"])
def test_settings_that_no_mail_can_have_are_refused(setting: str) -> None:
    """When the service starts, not when the first mail is to be sent."""
    with pytest.raises(ConfigurationError, match=setting):
        NotificationSettings(**{setting: "a b\r\nc"})  # type: ignore[arg-type] # each is a text
