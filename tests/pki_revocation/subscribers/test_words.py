"""Reasons, terms and channels in words: one source, in both languages."""

import pytest

from pki_revocation.model import Channel
from pki_revocation.reasons import SUBSCRIBER_REASONS, RevocationReason
from pki_revocation.subscribers.channel_words import channel_in_words
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.reason_words import REASON_CHOICES, reason_wordings, spoken, with_token
from pki_revocation.subscribers.wording import Term, terms_in


def test_each_choice_is_one_that_subscribers_may_make() -> None:
    """BR 7.2.2: theirs alone, each of theirs, and 'no reason' last, because on paper none is chosen to begin with."""
    assert {choice.reason for choice in REASON_CHOICES} == set(SUBSCRIBER_REASONS)
    assert REASON_CHOICES[-1].reason is RevocationReason.UNSPECIFIED
    assert len({choice.value for choice in REASON_CHOICES}) == len(REASON_CHOICES)


@pytest.mark.parametrize("language", Language)
def test_no_text_says_two_things(language: Language) -> None:
    """The page looks the Dutch up by the English: one English text for two Dutch ones would lose one of them."""
    texts = [wording.in_language(language) for wording in (*reason_wordings(), *(term.value for term in Term))]
    assert all(texts)
    english = [wording.english for wording in (*reason_wordings(), *(term.value for term in Term))]
    assert len(set(english)) == len(english)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("reason", RevocationReason)
def test_every_reason_can_be_read_out(language: Language, reason: RevocationReason) -> None:
    """With RFC 5280's name behind it on receipts, but for 'no reason', which has none there."""
    words = spoken(reason).in_language(language)
    shown = with_token(reason, language)
    assert shown == (words if reason is RevocationReason.UNSPECIFIED else f"{words} ({reason.token})")


@pytest.mark.parametrize("language", Language)
def test_every_channel_has_words(language: Language) -> None:
    """None is told by the journal's own word."""
    for channel in Channel:
        assert channel_in_words(channel, language) != channel.value


def test_channel_without_words_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is added later, before it has words."""
    monkeypatch.setattr("pki_revocation.subscribers.channel_words._WORDS", {})
    assert channel_in_words(Channel.PAGE, Language.DUTCH) == "page"


def test_terms_for_templates_are_all_of_them() -> None:
    """By names that a template can write."""
    assert terms_in(Language.DUTCH)["key-unsafe-since"] == "Sleutel niet meer veilig sinds"
    assert len(terms_in(Language.ENGLISH)) == len(Term)
