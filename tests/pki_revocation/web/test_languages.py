"""Languages: every text has its Dutch, and the right one is chosen."""

from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir, extract_from_file
from babel.messages.pofile import read_po
from flask import Flask

import pki_revocation.web
from pki_revocation.reasons import RevocationReason
from pki_revocation.subscribers.languages import Language
from pki_revocation.web.languages import CATALOGUE, read_translations, shared_wordings
from pki_revocation.web.reason_choices import REASON_LABELS
from tests.pki_revocation.web.browser import Browser

WEB = Path(str(pki_revocation.web.__file__)).parent
# What checks receipts says its findings to a page and to a command: texts as second argument, and reasons as errors.
CHECKS = ("documents/verification", "proof/stamps", "proof/certificates.py", "proof/ocsp_answer.py", "proof/record.py")
CHECK_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_ok": (2,),
    "_wrong": (2,),
    "_not_checked": (2,),
    "_finding": (2,),
    "ValueError": (1,),
    "NoReceipt": (1,),
    "CheckFailed": (1,),
}
KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2), "translatable": None}


@pytest.fixture(scope="module")
def wanted() -> set[str]:
    """Every text that stands in templates and code."""
    found = extract_from_dir(
        WEB,
        [("**.py", "python"), ("templates/**.html", "jinja2")],
        {"templates/**.html": {"trimmed": "true", "newstyle_gettext": "true"}},
        keywords=KEYWORDS,
    )
    texts = {str(message) for _, _, message, _, _ in found}
    for place in CHECKS:
        path = WEB.parent / place
        for file in [path] if path.is_file() else sorted(path.glob("*.py")):
            texts |= {str(found[1]) for found in extract_from_file("python", file, keywords=CHECK_KEYWORDS)}
    return texts


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    """The Dutch texts."""
    with CATALOGUE.open("rb") as file:
        return read_po(file)


def test_every_text_has_a_dutch_one(wanted: set[str], catalogue: Catalog) -> None:
    """A text without Dutch would show in English on a Dutch page."""
    assert len(wanted) > 100
    shared = {wording.english for wording in shared_wordings()}
    own = wanted - shared
    missing = {text for text in own if (entry := catalogue.get(text)) is None or not entry.string or entry.fuzzy}
    assert missing == set()


def test_what_paper_and_mail_say_too_is_said_once(catalogue: Catalog) -> None:
    """Its Dutch stands beside its English in `subscribers`, not in the catalogue, and is what the page shows."""
    shown = read_translations()[Language.DUTCH]
    for wording in shared_wordings():
        assert catalogue.get(wording.english) is None
        assert shown.gettext(wording.english) == wording.dutch


def test_no_dutch_text_is_left_over(wanted: set[str], catalogue: Catalog) -> None:
    """What is no longer said is no longer translated."""
    assert {str(entry.id) for entry in catalogue if entry.id} - wanted == set()


def test_placeholders_are_the_same(catalogue: Catalog) -> None:
    """A Dutch text names the same values as the English one."""
    assert [error for _, errors in catalogue.check() for error in errors] == []


def test_every_reason_can_be_read_out() -> None:
    """Operators and imports give reasons that the page does not offer."""
    assert REASON_LABELS.keys() == set(RevocationReason)


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("nl", "nl"),
        ("en", "en"),
        ("en-US,en;q=0.9,nl;q=0.8", "en"),
        ("nl-BE;q=0.9,en;q=0.8", "nl"),
        ("de,fr;q=0.5", "nl"),
        ("", "nl"),
        ("*", "nl"),
        ("en-GB,nl;q=0.9", "en"),
        ("nl;q=0,en;q=0.1", "en"),
    ],
)
def test_browser_says_which_language(bare_app: Flask, asked: str, language: str) -> None:
    """Accept-Language decides, and Dutch comes first; the page says what it is in."""
    answer = Browser(bare_app, language=asked).get("/revoke")

    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["Content-Language"] == language
    assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))


def test_choice_is_remembered(bare_app: Flask) -> None:
    """The visible switch wins over the browser's wish, now and later; what is no language changes nothing."""
    visitor = Browser(bare_app, language="nl")
    assert 'href="/revoke?lang=en"' in visitor.get("/intrekken").text
    assert '<html lang="en">' in visitor.get("/revoke?lang=en").text
    assert '<html lang="en">' in visitor.get("/revoke").text
    assert '<html lang="en">' in visitor.get("/revoke?lang=xx").text
    assert '<html lang="nl">' in visitor.get("/intrekken?lang=nl").text
    assert '<html lang="nl">' in visitor.get("/nothing").text
