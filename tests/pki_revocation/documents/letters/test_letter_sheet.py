"""Where things stand on a letter's paper: address window, sender, folds; what breaks, and what is found again."""

import io
from dataclasses import replace
from typing import Any

import pypdfium2
import pytest
from pypdf import PdfReader

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.contact import ServiceDesk
from pki_revocation.documents.letters.letter import LetterContent, compile_letter, compile_print_file
from pki_revocation.documents.letters.letter_sender import LetterSender
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.wording import Term
from tests.pki_revocation.documents.letters.reading import characters
from tests.pki_revocation.documents.letters.test_letter import CONTENT, text_of

CONTACT = ContactSettings(
    organisation="Register voor Zorgcertificaten",
    email="intrekken@register.example",
    phone="070 000 00 00",
    hours="op werkdagen",
    post="Register\nPostbus 12345\n2500 AB Den Haag",
)
SENDER = LetterSender(desk=ServiceDesk.of(CONTACT, Language.DUTCH))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("has_window", [False, True])
def test_letter_says_what_to_do_when_the_page_does_not_work(language: Language, *, has_window: bool) -> None:
    """The form by its name and address, the copy, and every way that is configured, on one sheet still."""
    dutch = language is Language.DUTCH
    form = f"https://intrekken.example{language.form}"
    address = ("Lange Straat 1", "1234 AB Ergensverweg", "Nederland") if has_window else ()
    content = replace(CONTENT, language=language, form=form, sender=SENDER, address=address)
    pdf = compile_print_file([content]).pdf if has_window else compile_letter(content).pdf
    (page,) = PdfReader(io.BytesIO(pdf)).pages
    text = " ".join(page.extract_text().split())

    for expected in (
        Term.FORM.in_language(language),
        form,
        "intrekken@register.example",
        "070 000 00 00 (op werkdagen)",
        "Register, Postbus 12345, 2500 AB Den Haag",
        "een kopie van een geldig identiteitsbewijs" if dutch else "a copy of a valid proof of identity",
        "Vraag ons dan per e-mail of post" if dutch else "ask us by e-mail or post",
    ):
        assert expected in text
    links: Any = page["/Annots"]
    assert {form, "mailto:intrekken@register.example"} <= {link.get_object()["/A"]["/URI"] for link in links}


@pytest.mark.parametrize("language", Language)
def test_letter_points_at_no_address_that_is_not_there(language: Language) -> None:
    """Without [contact], it says whom to ask, and still names the form."""
    text = text_of(replace(CONTENT, language=language))

    assert Term.WITHOUT_ADDRESS.in_language(language) in text
    assert Term.FORM.in_language(language) in text
    assert "e-mail" not in text


def test_letter_says_who_sends_it() -> None:
    """At its head, but on paper that has it printed already; and above the window, where the post looks."""
    window = replace(CONTENT, address=("Postbus 123", "1234 AB  Utrecht"), sender=SENDER)

    def above_window(content: LetterContent) -> tuple[str, str]:
        """What stands above the window, and the line next to it."""
        (page,) = pypdfium2.PdfDocument(compile_letter(content).pdf)
        text, points = page.get_textpage(), 72 / 25.4
        head = text.get_text_bounded(left=115 * points, right=210 * points, top=297 * points, bottom=247 * points)
        line = text.get_text_bounded(left=20 * points, right=111 * points, top=297 * points, bottom=247 * points)
        return " ".join(head.split()), " ".join(line.split())

    head, line = above_window(window)
    assert head.startswith("Register voor Zorgcertificaten Register Postbus 12345 2500 AB Den Haag intrekken@")
    assert line == "Register voor Zorgcertificaten, Register, Postbus 12345, 2500 AB Den Haag"
    own = replace(SENDER, letterhead=False, return_address="Antwoordnummer 1, 2500 VB Den Haag")
    assert above_window(replace(window, sender=own)) == ("", "Antwoordnummer 1, 2500 VB Den Haag")
    assert above_window(replace(window, sender=LetterSender())) == ("", "")
    long = replace(SENDER, return_address="Register voor Zorgcertificaten, afdeling Retouren " * 4)
    placed = characters(compile_letter(replace(window, sender=long)).pdf)
    assert all(box[2] <= 111 and 40 < box[1] < 50 for _, box in placed if box[1] < 50 and box[0] < 110)


def test_folds_are_marked_where_the_window_needs_them() -> None:
    """At 99 and 198 mm from the top, in the margin; a letter without an address is folded as one likes."""

    def marks(content: LetterContent) -> list[int]:
        """How far from the top something dark stands in the left margin, in millimetres."""
        scale = 6
        picture = pypdfium2.PdfDocument(compile_letter(content).pdf)[0].render(scale=scale, grayscale=True).to_pil()
        margin = picture.crop((0, 0, int(12 * scale * 72 / 25.4), picture.height))
        rows = [
            row for row in range(margin.height) if margin.crop((0, row, margin.width, row + 1)).getextrema()[0] < 180
        ]
        return sorted({round(row / scale / 72 * 25.4) for row in rows})

    assert marks(replace(CONTENT, address=("Postbus 1",), sender=SENDER)) == [99, 198]
    assert marks(replace(CONTENT, sender=SENDER)) == []


@pytest.mark.parametrize("address", [(), ("Postbus 1", "1234 AB  Utrecht")])
def test_host_name_can_be_copied_and_found(address: tuple[str, ...]) -> None:
    """No character is between its letters but its own; a name that is wider than its line breaks behind a dot."""
    host = "koppelpunt-administratie.noord-holland.zorgverzekeraar.example"
    content = replace(CONTENT, hosts=(host,), subject=f"CN={host},O=Zorg,C=NL", address=address)
    pdf = compile_letter(content).pdf
    for said in (printed_text(pdf), PdfReader(io.BytesIO(pdf)).pages[0].extract_text()):
        assert host in said
        assert "\u200b" not in said
    longer = f"{'nog-een-deel.' * 9}example"
    lines = printed_text(compile_letter(replace(content, hosts=(longer,))).pdf).splitlines()
    first = next(place for place, line in enumerate(lines) if "nog-een-deel." in line)
    begun = lines[first].split()[-1]
    assert begun[-1] == "."
    assert longer.startswith(begun)
    assert longer == begun + lines[first + 1].strip()


def printed_text(pdf: bytes) -> str:
    """What Chromium's reader finds on the first page, line by line."""
    return str(pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range())


def test_address_stands_in_the_window() -> None:
    """For a window at the left: 20 to 110 mm from the left, 50 to 90 from the top, and nothing else in there."""
    address = ("t.a.v. afdeling ICT", "Postbus 123", "1234 AB  Utrecht")
    (page,) = pypdfium2.PdfDocument(compile_letter(replace(CONTENT, address=address)).pdf)
    text = page.get_textpage()
    points = 72 / 25.4
    top, bottom = 297 * points - 50 * points, 297 * points - 90 * points
    window = text.get_text_bounded(left=20 * points, right=110 * points, top=top, bottom=bottom).split("\r\n")

    assert [" ".join(line.split()) for line in window if line.strip()] == [
        CONTENT.organisation,
        *(" ".join(line.split()) for line in address),
    ]
    beside = text.get_text_bounded(left=0, right=110 * points, top=top, bottom=bottom)
    assert " ".join(beside.split()) == " ".join(" ".join(window).split())


def test_longest_address_fits_into_the_window() -> None:
    """A long name and six lines of sixty wide characters are set smaller and broken; nothing is outside the window."""
    long = replace(CONTENT, organisation="Stichting Samenwerkende " * 8, address=tuple("m" * 60 for _ in range(6)))
    pdf = compile_letter(long).pdf

    placed = [box for character, box in characters(pdf) if character == "m" and box[1] < 110]
    addresses = [box for box in placed if 50 <= box[1] <= 90]
    assert len(addresses) >= 6 * 60
    assert all(box[0] >= 25 and box[2] <= 110 for box in addresses)
    assert not [box for box in placed if 90 < box[1] < 95]


@pytest.mark.parametrize("address", [(), ("W" * 60, "Postbus 1", "1234 AB  Utrecht")])
def test_word_without_a_break_stays_on_the_paper(address: tuple[str, ...]) -> None:
    """A name of 64 wide characters without a blank goes on over the next line; no character is outside the margins."""
    wide = replace(CONTENT, organisation="W" * 64, subject=f"CN={'w' * 64},O={'W' * 64},C=NL", address=address)
    placed = characters(compile_letter(wide).pdf)

    assert sum(character == "W" for character, _ in placed) >= 64 * 3 + 60 * bool(address)
    assert all(box[0] >= 25 - 0.5 and box[2] <= 185 + 0.5 for _, box in placed)
    if address:
        assert all(box[2] <= 110 for _, box in placed if 50 <= box[1] <= 90)
