"""The letter: an accessible PDF in either language, with what it must say, and nothing that is read as markup."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from pki_revocation.documents.letters.letter import LetterContent, LetterNotSet, compile_letter, compile_print_file
from pki_revocation.subscribers.languages import Language
from tests.pki_revocation.documents.letters.reading import characters

NUMBER, CODE = "123456789012", "0123456789ABCDEFG"
CONTENT = LetterContent(
    language=Language.DUTCH,
    dated=datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC),
    organisation="Coöperatie Zorg U.A.",
    subject="CN=zorg.example,O=Coöperatie Zorg U.A.,C=NL",
    serial=0x4B1F7C83A0E95D27B6128DD0C3F4A916,
    not_before=datetime(2026, 3, 1, tzinfo=UTC),
    not_after=datetime(2029, 3, 1, 23, 59, 59, tzinfo=UTC),
    number=NUMBER,
    code=CODE,
    page="https://intrekken.example/intrekken",
    form="https://intrekken.example/formulier",
    hosts=("zorg.example",),
)


def opened(content: LetterContent) -> PdfReader:
    """The letter, as a reader opens it."""
    return PdfReader(io.BytesIO(compile_letter(content).pdf))


def text_of(content: LetterContent) -> str:
    """All text of the letter, with single spaces."""
    return " ".join(" ".join(page.extract_text() for page in opened(content).pages).split())


@pytest.mark.parametrize(
    ("language", "page", "sentences"),
    [
        (
            Language.DUTCH,
            "https://intrekken.example/intrekken",
            (
                "Overzicht bij uw bevestigingsbrief",
                "Intrekken is onherroepelijk.",
                "Uw aansprakelijkheid eindigt pas op het moment dat het certificaat is ingetrokken.",
                "Datum 23 november 2026",
                "bevestigingsbrief ‘aanvraag servercertificaat’",
                "Naam van de server zorg.example",
                "Geldig tot 2 maart 2029 om 00:59 (Nederlandse tijd)",
                "Bladzijde 1 van 1",
            ),
        ),
        (
            Language.ENGLISH,
            "https://intrekken.example/revoke",
            (
                "Overview with your confirmation letter",
                "Revoking cannot be undone.",
                "Your liability ends only at the moment when the certificate is revoked.",
                "Date 23 November 2026",
                "confirmation letter ‘application for a server certificate’",
                "Name of the server zorg.example",
                "Valid until 2 March 2029 at 00:59 (Dutch time)",
                "Page 1 of 1",
            ),
        ),
    ],
)
def test_letter_says_what_it_must(language: Language, page: str, sentences: tuple[str, ...]) -> None:
    """Number and code in groups, whose certificate it is, what revoking means, and where to go."""
    text = text_of(replace(CONTENT, language=language, page=page))

    for expected in (
        "1234 5678 9012",
        "0123-4567-89AB-CDEF-G",
        "Coöperatie Zorg U.A.",
        "4b1f7c83a0e95d27b6128dd0c3f4a916",
        page,
        *sentences,
    ):
        assert expected in text


@pytest.mark.parametrize("language", Language)
def test_letter_is_accessible(language: Language) -> None:
    """PDF/UA-1 is claimed, and what it rests on is there: tags, language, title, and every heading in order."""
    reader = opened(replace(CONTENT, language=language))
    catalogue: Any = reader.root_object

    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalogue["/Metadata"].get_data()
    assert catalogue["/MarkInfo"]["/Marked"]
    assert str(catalogue["/Lang"]).split("-")[0] == language.value
    assert catalogue["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title in {"Overzicht bij uw bevestigingsbrief", "Overview with your confirmation letter"}
    tags = list(_tags(catalogue["/StructTreeRoot"]["/K"]))
    assert [tag for tag in tags if tag.startswith("/H")] == ["/H1", "/H2", "/H2", "/H2", "/H2"]
    assert {"/P", "/L", "/LI", "/Lbl", "/LBody", "/Link"} <= set(tags)


@pytest.mark.parametrize(
    ("language", "page"),
    [(Language.DUTCH, "https://intrekken.example/intrekken"), (Language.ENGLISH, "https://intrekken.example/revoke")],
)
def test_qr_code_opens_the_page_with_the_number_and_never_the_code(language: Language, page: str) -> None:
    """Read from the printed page as a phone does; those who cannot see it are told what it is, and have the link."""
    pdf = compile_letter(replace(CONTENT, language=language, page=page)).pdf
    bitmap = pypdfium2.PdfDocument(pdf)[0].render(scale=3, grayscale=True)
    picture = memoryview(bytes(bitmap.buffer)).cast("B", (bitmap.height, bitmap.stride))

    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [f"{page}?number={NUMBER}"]
    reader = PdfReader(io.BytesIO(pdf))
    catalogue: Any = reader.root_object
    figures: list[Any] = [
        each for each in _elements(catalogue["/StructTreeRoot"]["/K"]) if str(each["/S"]) == "/Figure"
    ]
    assert len(figures) == 1
    assert "QR" in figures[0]["/Alt"]
    links: Any = reader.pages[0]["/Annots"]
    assert page in {link.get_object()["/A"]["/URI"] for link in links}


def test_print_file_is_letters_one_behind_the_other() -> None:
    """Each begins on a page of its own that is told, is in its own language, and has its own pages counted."""
    long = replace(
        CONTENT,
        number="210987654321",
        language=Language.ENGLISH,
        subject=",".join(f"OU=Department {place} of the care administration" for place in range(40)),
    )
    third = replace(CONTENT, number="333333333333", code="GFEDCBA9876543210", address=("Postbus 123",))

    printed = compile_print_file([CONTENT, long, third])

    reader = PdfReader(io.BytesIO(printed.pdf))
    texts = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert [(place.first, place.pages) for place in printed.places] == [(1, 1), (2, 2), (4, 1)]
    assert len(texts) == 4
    for page, number, counted in (
        (0, "1234 5678 9012", "Bladzijde 1 van 1"),
        (1, "2109 8765 4321", "Page 1 of 2"),
        (2, "2109 8765 4321", "Page 2 of 2"),
        (3, "3333 3333 3333", "Bladzijde 1 van 1"),
    ):
        assert number in texts[page]
        assert counted in texts[page]
    assert "0123-4567-89AB-CDEF-G" not in texts[3]
    assert "GFED-CBA9-8765-4321-0" in texts[3]
    catalogue: Any = reader.root_object
    assert b"<pdfuaid:part>1</pdfuaid:part>" in catalogue["/Metadata"].get_data()
    assert _tags(catalogue["/StructTreeRoot"]["/K"]).count("/H1") == 3


def test_print_file_for_both_sides_of_the_paper() -> None:
    """Each letter begins on an odd page, behind a blank one where that is needed: no two are on one sheet."""
    long = replace(
        CONTENT,
        number="210987654321",
        subject=",".join(f"OU=Afdeling {place} van de zorgadministratie" for place in range(40)),
    )

    printed = compile_print_file([CONTENT, long, CONTENT, replace(CONTENT, language=Language.ENGLISH)], duplex=True)

    assert [(place.first, place.pages) for place in printed.places] == [(1, 1), (3, 2), (5, 1), (7, 1)]
    texts = [page.extract_text() for page in PdfReader(io.BytesIO(printed.pdf)).pages]
    assert [bool(text.strip()) for text in texts] == [True, False, True, True, True, False, True]
    assert "Bladzijde 2 van 2" in texts[3]


def test_print_file_has_everybody_in_the_window() -> None:
    """Also whom no address is known of: the print run is folded as one."""
    printed = compile_print_file([CONTENT])
    in_window = "".join(character for character, box in characters(printed.pdf) if 50 <= box[1] <= 90)

    assert in_window == CONTENT.organisation.replace(" ", "")


def test_fonts_are_embedded() -> None:
    """No letter depends on the fonts of a machine, neither the one that sets it nor the one that prints it."""
    (page,) = opened(CONTENT).pages
    resources: Any = page["/Resources"]
    fonts = [font.get_object() for font in resources["/Font"].values()]

    names = {str(font["/BaseFont"]).split("+")[1] for font in fonts}
    assert any(name.startswith("DejaVuSansMono") for name in names)
    assert all(name.startswith(("DejaVuSansMono", "LibertinusSerif")) for name in names)
    for font in fonts:
        descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
        assert {"/FontFile2", "/FontFile3"} & set(descriptor)


def test_what_is_given_never_becomes_markup() -> None:
    """Names are set as they are, whatever they mean to the typesetter."""
    name = '#eval("1+1") *x* $y$ <z> \\ "'

    assert name in text_of(replace(CONTENT, organisation=name)).replace("”", '"').replace("“", '"')


def test_code_of_24_symbols_fits_on_its_line() -> None:
    """The longer codes stay on one line, in groups."""
    text = text_of(replace(CONTENT, code="0123456789ABCDEFGHJKMNPQR"))

    assert "0123-4567-89AB-CDEF-GHJK-MNPQ-R" in text


def test_certificate_from_an_index_has_no_beginning_and_perhaps_no_organisation() -> None:
    """What is not known is left out, and the letter is for the subject then."""
    text = text_of(replace(CONTENT, not_before=None, organisation="", subject="CN=zorg.example"))

    assert "Geldig vanaf" not in text
    assert "Organisatie" not in text
    assert "Bestemd voor CN=zorg.example" in text


@pytest.mark.parametrize(
    ("subject", "hosts", "is_shown"),
    [
        ("CN=zorg.example,O=Coöperatie Zorg U.A.,C=NL", ("zorg.example",), False),
        ("CN=zorg.example,C=NL", ("www.zorg.example", "zorg.example"), False),
        ("CN=zorg.example,OU=ICT,O=Coöperatie Zorg U.A.,C=NL", ("zorg.example",), True),
        ("CN=zorg.example,O=Another,C=NL", ("zorg.example",), True),
        ("CN=other.example,O=Coöperatie Zorg U.A.,C=NL", ("zorg.example",), True),
        ("no RFC 4514", ("no RFC 4514",), True),
    ],
)
def test_subject_stands_there_where_it_says_more(subject: str, hosts: tuple[str, ...], *, is_shown: bool) -> None:
    """Than host name and organisation, which have lines of their own: two names for one thing are one too many."""
    text = text_of(replace(CONTENT, subject=subject, hosts=hosts))

    assert ("Op naam van" in text) == is_shown
    assert (subject.replace(",", ", ") in text) == is_shown


def test_long_names_go_on_over_the_next_line_and_page() -> None:
    """Nothing runs out of the paper: a subject of a thousand characters makes a second page at most."""
    long = replace(CONTENT, subject=",".join(f"OU=Afdeling {place} van de zorgadministratie" for place in range(30)))

    assert len(opened(long).pages) == 2
    assert "OU=Afdeling 29 van de zorgadministratie" in text_of(long)


@pytest.mark.parametrize(
    ("name", "character"),
    [
        ("株式会社日本保険", "株"),
        ("中华人寿保险", "中"),
        ("한국보험", "한"),
        ("Zorg 🏥 BV", "🏥"),
    ],
    ids=["Japanese", "Chinese", "Korean", "emoji"],
)
def test_character_that_no_font_has_is_refused(name: str, character: str) -> None:
    """No box is printed in its place; the refusal names it, and the setting that helps, and never the code."""
    for content in (
        replace(CONTENT, organisation=name),
        replace(CONTENT, subject=f"CN=zorg.example,O={name}"),
        replace(CONTENT, address=(name, "1234 AB  Utrecht")),
    ):
        with pytest.raises(LetterNotSet, match=character) as refused:
            compile_letter(content)
        says = f"No font has its character {character}: put one that does into the folder of [letters] fonts."
        assert str(refused.value) == says
        assert CODE not in str(refused.value)
        assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "name", ["Ασφάλεια ΑΕ", "Страхование ООО", "ביטוח בריאות", "شركة التأمين", "Zażółć Gęślą Jaźń", "Bảo hiểm"]
)
def test_names_in_other_scripts_are_drawn(name: str) -> None:
    """Greek, Cyrillic, Hebrew, Arabic and all of Latin are in the typesetter's own fonts: each glyph is a real one."""
    (page, *_) = pypdfium2.PdfDocument(compile_letter(replace(CONTENT, organisation=name)).pdf)
    text = page.get_textpage().get_text_range()

    assert all(each in text for each in name if each.isalpha())


def test_code_is_in_no_repr() -> None:
    """A letter's content may be logged by accident; its code is not in it."""
    assert CODE not in repr(CONTENT)
    assert NUMBER in repr(CONTENT)


def test_same_content_is_the_same_document() -> None:
    """Nothing but the content goes into a letter: no time of day, no machine."""
    assert compile_letter(CONTENT) == compile_letter(CONTENT)


def _tags(node: object) -> list[str]:
    """The structure elements' types, in reading order."""
    if isinstance(node, IndirectObject):
        node = node.get_object()
    if isinstance(node, ArrayObject):
        return [tag for each in node for tag in _tags(each)]
    if isinstance(node, DictionaryObject) and "/S" in node:
        return [str(node["/S"]), *_tags(node.get("/K"))]
    return []


def _elements(node: Any) -> list[DictionaryObject]:  # noqa: ANN401 - whatever a PDF holds
    """The structure elements themselves, in reading order."""
    if isinstance(node, IndirectObject):
        node = node.get_object()
    if isinstance(node, ArrayObject):
        return [element for each in node for element in _elements(each)]
    if isinstance(node, DictionaryObject) and "/S" in node:
        return [node, *_elements(node.get("/K"))]
    return []
