"""The font of the form's fields: in the file, with every letter that people type, whatever program they type into."""

import io
import re

import pikepdf
import pypdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from pikepdf import Pdf

from pki_revocation.documents.field_font import RESOURCE, letters
from pki_revocation.documents.form import form_for
from pki_revocation.numbers import grouped, number_at
from pki_revocation.subscribers.languages import Language
from tests.pki_revocation.documents.claims import broken_claims, fonts_without_a_program
from tests.pki_revocation.documents.test_form import CONTACT

TYPED = {
    "server": "zoë.łódź.example",
    "organisation": "Coöperatie ’t Šimić-Łukaszewicz U.A.",
    "name": "Ștefan Ångström-Dvořák Nguyễn",
    "place": "’s-Gravenhage – “Îles” € ẞ",
}
both = pytest.mark.parametrize("language", list(Language))


def typed_in_chromiums_viewer(form: bytes) -> bytes:
    """The form after somebody clicked into fields and typed: Chromium's PDF engine, key by key."""
    with pikepdf.open(io.BytesIO(form)) as pdf:
        places = {
            str(each.get("/T", "")): (page, [float(edge) for edge in each.Rect])
            for page, content in enumerate(pdf.pages)
            for each in content.obj.get("/Annots", pikepdf.Array())
        }
    document = pypdfium2.PdfDocument(form)
    document.init_forms()
    viewer = document.formenv.raw
    pages = [document[place] for place in range(len(document))]
    for name, text in TYPED.items():
        place, (left, bottom, right, top) = places[name]
        page, x, y = pages[place].raw, (left + right) / 2, (bottom + top) / 2
        pdfium.FORM_OnLButtonDown(viewer, page, 0, x, y)
        pdfium.FORM_OnLButtonUp(viewer, page, 0, x, y)
        for letter in text:
            pdfium.FORM_OnChar(viewer, page, ord(letter), 0)
        pdfium.FORM_ForceToKillFocus(viewer)
    saved = io.BytesIO()
    document.save(saved)
    return saved.getvalue()


def codes_in(pdf: Pdf) -> dict[str, bytes]:
    """The octets of each letter in the form's font, as its ToUnicode map has them (ISO 32000-1 section 9.10.3)."""
    letters_of = pdf.Root.AcroForm.DR.Font[RESOURCE].ToUnicode.read_bytes().decode("ascii")
    mapped = re.findall(r"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4})>", letters_of)
    return {chr(int(letter, 16)): bytes.fromhex(code) for code, letter in mapped}


def shown_in(pdf: Pdf, field: pikepdf.Object) -> str:
    """The text of a field's appearance, by the octets in it; a letter in any other font fails."""
    letter_of = {octets: letter for letter, octets in codes_in(pdf).items()}
    found, current = "", ""
    for step in pikepdf.parse_content_stream(field.AP.N):
        if str(step.operator) == "Tf":
            current = str(step.operands[0])
        elif str(step.operator) == "Tj":
            assert current == RESOURCE
            octets = bytes(step.operands[0])
            found += "".join(letter_of[octets[place : place + 2]] for place in range(0, len(octets), 2))
    return found


def test_font_has_every_letter_once() -> None:
    """Latin with all accents, and each letter's glyph says which letter it is (ISO 14289-1 section 7.21.7)."""
    with Pdf.open(io.BytesIO(form_for(CONTACT, Language.DUTCH))) as pdf:
        codes = codes_in(pdf)
    assert set(letters()) | {" "} <= set(codes)
    assert set("ëłšČőȘẞỹñÆØþðĳıİ’“–€") <= set(codes)
    assert len(set(codes.values())) == len(codes)


@both
@pytest.mark.parametrize("number", ["", number_at(7)])
def test_form_keeps_what_it_claims(language: Language, number: str) -> None:
    """PDF/UA-1: every font embedded, all tagged, empty or with the number; no program is told to draw it anew."""
    form = form_for(CONTACT, language, number)
    assert not broken_claims(form)
    with Pdf.open(io.BytesIO(form)) as pdf:
        assert "/NeedAppearances" not in pdf.Root.AcroForm
        for field in pdf.Root.AcroForm.Fields:
            for widget in field.get("/Kids", [field]):
                assert "/N" in widget.AP
        (field,) = [each for each in pdf.Root.AcroForm.Fields if each.T == "number"]
        assert shown_in(pdf, field) == (grouped(number) if number else "")


def test_font_that_is_not_embedded_is_noticed() -> None:
    """What the fields had before; otherwise the test above would say nothing."""
    with Pdf.open(io.BytesIO(form_for(CONTACT, Language.DUTCH))) as pdf:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        pdf.Root.AcroForm.DR.Font.Helv = pdf.make_indirect(font)
        changed = io.BytesIO()
        pdf.save(changed)
    assert fonts_without_a_program(changed.getvalue()) == ["7.21.4.1: /Helvetica is not embedded"]


@both
def test_letters_typed_in_chromiums_viewer_are_in_this_font(language: Language) -> None:
    """Polish, Czech, Romanian and Vietnamese ones and quotes beside Dutch ones, and not in whatever a machine has."""
    filled = typed_in_chromiums_viewer(form_for(CONTACT, language, number_at(7)))
    with Pdf.open(io.BytesIO(filled)) as pdf:
        fields = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
        assert {name: str(fields[name].V) for name in TYPED} == TYPED
        assert {name: shown_in(pdf, fields[name]) for name in TYPED} == TYPED
    said = drawn_on(filled)
    for text in TYPED.values():
        assert text in said


def drawn_on(form: bytes) -> str:
    """The text of all pages, with what stands in fields drawn into them."""
    document = pypdfium2.PdfDocument(form)
    document.init_forms()
    for page in [document[place] for place in range(len(document))]:
        assert pdfium.FPDFPage_Flatten(page.raw, pdfium.FLAT_NORMALDISPLAY) != pdfium.FLATTEN_FAIL
    flat = io.BytesIO()
    document.save(flat)
    return " ".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(flat.getvalue()))


def test_letters_filled_in_by_programs_are_in_this_font() -> None:
    """One program, pypdf, writes appearances itself; the other, pikepdf, leaves that to the next viewer."""
    form = form_for(CONTACT, Language.DUTCH)
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(form))
    writer.update_page_form_field_values(writer.pages[0], TYPED, auto_regenerate=False)
    filled = io.BytesIO()
    writer.write(filled)
    with Pdf.open(filled) as pdf:
        fields = {str(field.T): field for field in pdf.Root.AcroForm.Fields}
        assert {name: shown_in(pdf, fields[name]) for name in TYPED} == TYPED
