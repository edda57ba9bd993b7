"""What stands in a mail."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from pki_revocation.documents.contact import ServiceDesk as Desk
from pki_revocation.errors import ConfigurationError
from pki_revocation.model import Channel
from pki_revocation.notification.failure_texts import failures
from pki_revocation.notification.message import message
from pki_revocation.notification.revocation_texts import RevokedFacts, reason_added, revoked
from pki_revocation.notification.settings import NotificationSettings
from pki_revocation.notification.texts import Subscription, Text
from pki_revocation.reasons import RevocationReason
from pki_revocation.subscribers.channel_words import channel_in_words
from pki_revocation.subscribers.contacts import Contact, UnfitContact
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.reason_words import spoken
from pki_revocation.subscribers.wording import Term

WHEN = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
NUMBER = "123456789012"
PAGE = "https://intrekken.example/intrekken"
CERTIFICATE = Subscription(organisation="Zorg & <Zonen> BV", hosts=("zorg.example",), number=NUMBER, page=PAGE)
FACTS = RevokedFacts(
    certificate=CERTIFICATE,
    serial="0a0b0c",
    revoked_at=WHEN,
    reason=RevocationReason.KEY_COMPROMISE,
    channel=Channel.PAGE,
    reference="ABCD-EFGH",
    key_unsafe_since=WHEN - timedelta(days=3),
)
ADDED = replace(FACTS, reference="JKMN-PQRS", first_reference="ABCD-EFGH", added_at=WHEN + timedelta(hours=2))


DESK = Desk(organisation="Register <Zorg>", post="", email="ra@example.nl", phone="070 1", hours="8-18 uur")


def read(text: Text, desk: Desk = DESK) -> EmailMessage:
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


def all_texts(language: Language) -> list[Text]:
    """Every mail there is."""
    return [revoked(language, FACTS), reason_added(language, ADDED), failures(language, CERTIFICATE, WHEN)]


@pytest.mark.parametrize(
    ("language", "says"),
    [
        (Language.DUTCH, "23 november 2026 om 15:03:22 (Nederlandse tijd)"),
        (Language.ENGLISH, "23 November 2026 at 15:03:22 (Dutch time)"),
    ],
)
def test_revocation_is_told_with_its_moment(language: Language, says: str) -> None:
    """In both parts, with serial and reference."""
    for part in parts(read(revoked(language, FACTS))):
        assert says in " ".join(part.split())
        assert "2026-11-23 14:03:22" in part
        assert "0a0b0c" in part
        assert "ABCD-EFGH" in part


@pytest.mark.parametrize("language", Language)
def test_number_is_never_whole(language: Language) -> None:
    """Its last four digits tell the subscriber which, and nobody else anything."""
    for text in all_texts(language):
        mail = read(text)
        everything = mail["Subject"] + "".join(parts(mail))
        assert "9012" in everything
        for whole in (NUMBER, "1234 5678 9012", "1234", "5678"):
            assert whole not in everything


@pytest.mark.parametrize("language", Language)
def test_headers_are_those_of_mail_from_a_program(language: Language) -> None:
    """RFC 3834 section 5; Return-Path is the last server's to write, from the envelope (RFC 5321 section 4.4)."""
    mail = read(revoked(language, FACTS))

    assert mail["From"] == '"Register <Zorg>" <intrekken@ca.example>'
    assert mail["To"] == "beheer@zorg.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<abc@ca.example>"
    assert mail["Date"].datetime == WHEN
    assert mail["Content-Language"] == language.value
    assert mail["Return-Path"] is None


def test_names_are_no_markup() -> None:
    """An organisation's name is text in the HTML part."""
    _, rich = parts(read(revoked(Language.DUTCH, FACTS)))

    assert "Zorg &amp; &lt;Zonen&gt; BV" in rich
    assert "<Zonen>" not in rich


@pytest.mark.parametrize("language", Language)
def test_mail_says_who_writes_and_how_they_are_reached(language: Language) -> None:
    """At its end, with what [contact] says; where that says nothing, neither does the mail."""
    for part in parts(read(revoked(language, FACTS))):
        for said in ("070 1 (8-18 uur)", "ra@example.nl"):
            assert said in part
    plain, rich = parts(read(revoked(language, FACTS)))
    assert "Register <Zorg>" in plain.splitlines()
    assert "Register &lt;Zorg&gt;<br>" in rich


@pytest.mark.parametrize("language", Language)
def test_mail_points_at_no_way_that_is_not_there(language: Language) -> None:
    """With nothing in [contact], whom to ask instead; with a postal address alone, that address."""
    unknown = Desk(organisation="", post="", email="", phone="", hours="")
    mail = read(revoked(language, FACTS), unknown)
    assert mail["From"] == "intrekken@ca.example"
    for part in parts(mail):
        assert Term.WITHOUT_ADDRESS.in_language(language) in part
    by_post = replace(unknown, post="Register\nPostbus 1\n2500 AA Den Haag")
    for part in parts(read(revoked(language, FACTS), by_post)):
        assert "Post: Register, Postbus 1, 2500 AA Den Haag" in part
        assert Term.WITHOUT_ADDRESS.in_language(language) not in part


@pytest.mark.parametrize("language", Language)
def test_plain_text_is_broken_between_words(language: Language) -> None:
    """At 72 columns, with facts under each other; a serial number stays whole, so that it can be copied."""
    serial = "ab" * 40
    named = replace(CERTIFICATE, organisation="Coöperatie van zorgverzekeraars en zorgkantoren " * 2)
    facts, added = (replace(each, serial=serial, certificate=named) for each in (FACTS, ADDED))
    for text in (revoked(language, facts), reason_added(language, added), failures(language, named, WHEN)):
        plain, _ = parts(read(text))
        lines = plain.splitlines()
        assert [line for line in lines if len(line) > 72 and serial not in line] == []
        assert (serial in plain) == (serial in dict(text.facts).values())
        told = [line for name, _ in text.facts for line in lines if line.startswith(f"{name}:")]
        assert len(told) == len(text.facts)
        assert len({len(line) - len(line.partition(":")[2].lstrip()) for line in told}) == 1


@pytest.mark.parametrize("language", Language)
def test_every_mail_says_which_certificate_and_where_to_go(language: Language) -> None:
    """Host name, also in the subject, organisation, the page's address, and what we never ask for; in both parts."""
    for text in all_texts(language):
        mail = read(text)
        assert "zorg.example" in mail["Subject"]
        said = dict(text.facts)
        assert said[Term.SERVER.in_language(language)] == "zorg.example"
        assert said[Term.ORGANISATION.in_language(language)] == CERTIFICATE.organisation
        for part in parts(mail):
            assert PAGE in part
            assert Term.NEVER_ASKED.in_language(language) in " ".join(part.split())


@pytest.mark.parametrize("language", Language)
def test_many_host_names_are_counted_and_a_long_one_stays_out_of_the_subject(language: Language) -> None:
    """Three are named; the subject has the first one, where it is one that a list of mails can show."""
    many = replace(CERTIFICATE, hosts=tuple(f"{place}.zorg.example" for place in range(5)))
    text = failures(language, many, WHEN)
    counted = "en nog 2" if language is Language.DUTCH else "and 2 more"
    assert dict(text.facts)[Term.SERVER.in_language(language)] == (
        f"0.zorg.example, 1.zorg.example, 2.zorg.example {counted}"
    )
    assert text.subject.endswith(": 0.zorg.example")
    long = replace(CERTIFICATE, hosts=("a" * 65,))
    assert "a" * 65 not in failures(language, long, WHEN).subject
    assert "a" * 65 in dict(failures(language, long, WHEN).facts).values()


@pytest.mark.parametrize("language", Language)
def test_added_reason_has_a_mail_of_its_own(language: Language) -> None:
    """Not a second 'has been revoked': both references, the revocation's own time, and when the reason came."""
    text = reason_added(language, ADDED)
    said = {value: name for name, value in text.facts}
    dutch = language is Language.DUTCH

    assert text.subject == (
        "De reden is gewijzigd: zorg.example (JKMN-PQRS)"
        if dutch
        else "The reason has been changed: zorg.example (JKMN-PQRS)"
    )
    assert said["JKMN-PQRS"] == ("Kenmerk" if dutch else "Reference")
    assert said["ABCD-EFGH"] == ("Kenmerk van de intrekking" if dutch else "Reference of the revocation")
    assert said["2026-11-23 14:03:22"] == "In UTC"
    assert ("17:03:22" in dict(text.facts)[Term.REASON_ADDED_AT.in_language(language)]) is True
    assert ("blijft hetzelfde" if dutch else "stays the same") in text.paragraphs[0]
    assert Term.REASON_ADDED_AT.in_language(language) not in dict(revoked(language, FACTS).facts)


@pytest.mark.parametrize("language", Language)
def test_how_and_since_when_is_told(language: Language) -> None:
    """The way by which it was asked for, and the date of compromise where one was given."""
    for text in (revoked(language, FACTS), reason_added(language, ADDED)):
        said = dict(text.facts)
        assert channel_in_words(Channel.PAGE, language) in said.values()
        assert "20" in said[Term.KEY_UNSAFE_SINCE.in_language(language)]
    undated = replace(FACTS, key_unsafe_since=None, reason=RevocationReason.SUPERSEDED)
    assert Term.KEY_UNSAFE_SINCE.in_language(language) not in dict(revoked(language, undated).facts)


@pytest.mark.parametrize("language", Language)
def test_next_steps_at_a_leak_are_those_of_a_leak(language: Language) -> None:
    """Logs, other certificates with the key and the duty to report, where the key is not safe; else they only worry."""
    leaked, replaced = (
        " ".join(revoked(language, replace(FACTS, reason=reason)).paragraphs)
        for reason in (RevocationReason.KEY_COMPROMISE, RevocationReason.SUPERSEDED)
    )
    assert "72" in leaked
    assert "72" not in replaced


@pytest.mark.parametrize("language", Language)
def test_alarm_says_the_same_in_subject_and_text(language: Language) -> None:
    """'More than once' in both, and what to do when the page says to wait."""
    text = failures(language, CERTIFICATE, WHEN)
    often = "meer dan eens" if language is Language.DUTCH else "more than once"
    assert often in text.subject
    assert often in text.opening
    assert ("Wacht een kwartier" if language is Language.DUTCH else "Wait a quarter of an hour") in text.paragraphs[0]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", RevocationReason)
def test_reasons_are_in_the_words_of_the_page(language: Language, reason: RevocationReason) -> None:
    """All of them, since operators give some that no subscriber may; RFC 5280's own word stands in no mail."""
    said = dict(revoked(language, replace(FACTS, reason=reason)).facts)[Term.REASON.in_language(language)]

    assert said == spoken(reason).in_language(language)
    assert reason.token not in said


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
