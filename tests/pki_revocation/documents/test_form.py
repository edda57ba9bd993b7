"""The form for post and e-mail: fields to fill in and read back, in an order and with names for everybody."""

import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdf
import pytest
from pikepdf import Name
from pikepdf.form import CheckboxField, Form, RadioButtonGroup, TextField
from pypdfium2 import PdfDocument

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.form import form_for
from pki_revocation.errors import MistypedNumber
from pki_revocation.numbers import grouped, number_at
from pki_revocation.subscribers import reason_words
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.wording import Term
from pki_revocation.web.reason_choices import REASON_CHOICES

CONTACT = ContactSettings(
    organisation="Register voor Zorgcertificaten",
    post="Register\nPostbus 1\n2500 AA Den Haag",
    email="intrekken@register.example",
    phone="070 000 00 00",
    hours="8-18",
)
ORDER = [
    "number", "server", "serial", "organisation", "registration", "name", "role", "phone", "email", "reason", "since",
    "declaration", "copy", "place", "date", "signature",
]  # fmt: skip
both = pytest.mark.parametrize("language", list(Language))


def opened(language: Language, number: str = "") -> pikepdf.Pdf:
    """The form, to look into."""
    return pikepdf.open(io.BytesIO(form_for(CONTACT, language, number)))


def text_of(pdf: bytes) -> str:
    """What is printed."""
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


def _structure(element: pikepdf.Object) -> list[tuple[str, pikepdf.Object | None]]:
    """The tags in reading order, with the annotation that each holds."""
    found: list[tuple[str, pikepdf.Object | None]] = []
    kids = element.get("/K")
    for kid in kids if isinstance(kids, pikepdf.Array) else [kids]:
        if isinstance(kid, pikepdf.Dictionary):
            if kid.get("/Type") == Name.OBJR:
                found.append((str(element.S), kid.Obj))
            else:
                found += [(str(kid.S), None), *_structure(kid)]
    return found


@both
def test_fields_have_names_and_say_what_belongs_into_them(language: Language) -> None:
    """Each has a name and a tooltip in the form's language (ISO 14289-1 section 7.18.1), in the order of the page."""
    with opened(language) as pdf:
        fields = list(pdf.Root.AcroForm.Fields)
        assert [str(field.T) for field in fields] == ORDER
        widgets = [kid for field in fields for kid in field.get("/Kids", [field])]
        tips = [str(each.TU) for each in [*fields, *widgets]]
        assert all(tips)
        assert ("Organisatie, verplicht" in tips) == (language is Language.DUTCH)
        assert pdf.Root.Lang in {"nl-NL", "en-GB"}
        assert str(pdf.Root.Lang).startswith(language.value)


@both
def test_tags_and_tabulator_follow_the_page(language: Language) -> None:
    """Every field is a Form element where it stands (ISO 14289-1 section 7.18.4), and tabs go by structure (7.18.3)."""
    with opened(language) as pdf:
        tags = _structure(pdf.Root.StructTreeRoot)
        held = [annotation for tag, annotation in tags if annotation is not None and tag == "/Form"]
        names = [str(each.get("/T", "reason")) for each in held]
        assert list(dict.fromkeys(names)) == ORDER
        assert names.count("reason") == len(REASON_CHOICES)
        for page in pdf.pages:
            if "/Annots" in page:
                assert page.Tabs == Name.S
                for annotation in page.Annots:
                    if annotation.Subtype == Name.Link:
                        assert f"mailto:{CONTACT.email}" == annotation.A.URI
                    else:
                        assert annotation.Subtype == Name.Widget
                        assert annotation.P.objgen == page.objgen
        first = next(place for place, (tag, _) in enumerate(tags) if tag == "/Form")
        assert "/H2" in [tag for tag, _ in tags[:first]]


@both
def test_reasons_are_those_of_the_page(language: Language) -> None:
    """A closed list in the page's words and order."""
    with opened(language) as pdf:
        (group,) = [field for field in pdf.Root.AcroForm.Fields if field.T == "reason"]
        states = [next(str(key) for key in kid.AP.N if key != "/Off") for kid in group.Kids]
        assert [state.removeprefix("/") for state in states] == [choice.value for choice in REASON_CHOICES]
        tips = [str(kid.TU) for kid in group.Kids]
    labels = [choice.label.in_language(language) for choice in reason_words.REASON_CHOICES]
    assert tips == labels
    said = text_of(form_for(CONTACT, language))
    places = [said.index(label) for label in labels]
    assert places == sorted(places)


@both
def test_no_reason_is_chosen_to_begin_with(language: Language) -> None:
    """Neither in the file nor on paper: whoever prints it and uses a pen would else have two crosses."""
    blank = form_for(CONTACT, language)
    with pikepdf.open(io.BytesIO(blank)) as pdf:
        (group,) = [field for field in pdf.Root.AcroForm.Fields if field.T == "reason"]
        assert Name.Off == group.V
        assert {str(kid.AS) for kid in group.Kids} == {"/Off"}
        # ISO 32000-1 table 226: with NoToggleToOff, a choice could not be taken back.
        assert not int(group.Ff) & 1 << 14
        boxes = [[float(each) for each in kid.Rect] for kid in group.Kids]
    page = PdfDocument(blank)[0]
    scale = 4
    picture = page.render(scale=scale, grayscale=True, may_draw_forms=True).to_pil()
    for left, bottom, right, top in boxes:
        inner = (left + 2, page.get_height() - top + 2, right - 2, page.get_height() - bottom - 2)
        darkest, _ = picture.crop(tuple(int(each * scale) for each in inner)).getextrema()
        assert darkest > 200


@both
def test_form_fits_on_one_sheet_with_room_for_the_register(language: Language) -> None:
    """A4, with an address of five lines; the register's box is for the register, and no field in it is the sender's."""
    full = replace(CONTACT, post="Register\nAfdeling Intrekkingen\nPostbus 1\n2500 AA Den Haag\nNederland")
    blank = form_for(full, language)
    (page,) = pypdf.PdfReader(io.BytesIO(blank)).pages
    assert [round(float(each) * 25.4 / 72) for each in page.mediabox[2:]] == [210, 297]
    said = text_of(blank)
    assert ("In te vullen door het register" if language is Language.DUTCH else "For the register only") in said
    office = PdfDocument(blank)[0].get_textpage()
    found = office.search("In te vullen door" if language is Language.DUTCH else "For the register").get_next()
    assert found is not None
    _, _, _, top = office.get_charbox(found[0])
    with pikepdf.open(io.BytesIO(blank)) as pdf:
        assert all(float(each.Rect[1]) > top for each in pdf.pages[0].Annots)


@both
def test_form_points_at_no_address_that_is_not_there(language: Language) -> None:
    """What is not configured is left out; with nothing at all it says whom to ask."""
    nothing = text_of(form_for(ContactSettings(), language))
    assert Term.WITHOUT_ADDRESS.in_language(language) in nothing
    by_post = text_of(form_for(ContactSettings(post="Postbus 1\n2500 AA Den Haag"), language))
    assert ("Per e-mail." if language is Language.DUTCH else "By e-mail.") not in by_post
    assert Term.WITHOUT_ADDRESS.in_language(language) not in by_post
    for said in (nothing, by_post):
        assert (
            "staat in uw bevestigingsbrief" if language is Language.DUTCH else "is in your confirmation"
        ) not in said


@both
def test_form_says_how_to_make_the_copy(language: Language) -> None:
    """As the Dutch data protection authority has it: number hidden, purpose and date on it; and a program for it."""
    said = text_of(form_for(CONTACT, language))
    for expected in ("KopieID", "BSN", "waarvoor" if language is Language.DUTCH else "what it is for"):
        assert expected in said
    assert Term.NEVER_ASKED.in_language(language) in said


@both
def test_number_is_filled_in(language: Language) -> None:
    """As it stands in the letter; without one the field is empty, and with a wrong one there is no form."""
    number = number_at(7)
    filled = pypdf.PdfReader(io.BytesIO(form_for(CONTACT, language, grouped(number))))
    assert filled.get_form_text_fields()["number"] == grouped(number)
    blank = pypdf.PdfReader(io.BytesIO(form_for(CONTACT, language)))
    assert not blank.get_form_text_fields()["number"]
    with pytest.raises(MistypedNumber):
        form_for(CONTACT, language, number[:-1] + str((int(number[-1]) + 1) % 10))


@both
def test_form_filled_by_one_program_is_read_by_another(language: Language, tmp_path: Path) -> None:
    """Text, ticks and the reason, written by pikepdf and read by pypdf, and the other way round."""
    with opened(language, number_at(3)) as pdf:
        fields = {field.fully_qualified_name: field for field in Form(pdf)}
        organisation, declaration, reason = fields["organisation"], fields["declaration"], fields["reason"]
        assert isinstance(organisation, TextField)
        assert isinstance(declaration, CheckboxField)
        assert isinstance(reason, RadioButtonGroup)
        organisation.value = "Zorg & Łódź N.V."
        declaration.checked = True
        reason.value = Name("/key-compromise")
        # Viewers are told to draw it: pikepdf itself only draws ASCII and western letters.
        assert pdf.Root.AcroForm.NeedAppearances
        pdf.save(tmp_path / "filled.pdf")
    read = pypdf.PdfReader(tmp_path / "filled.pdf").get_fields()
    assert read is not None
    assert read["organisation"]["/V"] == "Zorg & Łódź N.V."
    assert read["declaration"]["/V"] == "/Yes"
    assert read["reason"]["/V"] == "/key-compromise"

    writer = pypdf.PdfWriter(clone_from=io.BytesIO(form_for(CONTACT, language)))
    for page in writer.pages:
        if "/Annots" in page:
            writer.update_page_form_field_values(page, {"name": "A. de Vries"}, auto_regenerate=False)
    writer.write(tmp_path / "again.pdf")
    with pikepdf.open(tmp_path / "again.pdf") as pdf:
        values = {str(field.T): str(field.get("/V", "")) for field in pdf.Root.AcroForm.Fields}
    assert values["name"] == "A. de Vries"


@both
def test_form_says_where_it_goes_and_what_to_leave_out(language: Language) -> None:
    """Whose form it is, both addresses, the hint on the copy of the identity card, and that the code stays at home."""
    said = text_of(form_for(CONTACT, language))
    assert "Register voor Zorgcertificaten" in said
    assert "intrekken@register.example" in said
    assert "Postbus 1" in said
    assert ("burgerservicenummer" if language is Language.DUTCH else "citizen service number") in said
    assert ("intrekkingscode niet mee" if language is Language.DUTCH else "not send your revocation code") in said


@both
def test_declaration_is_signed_on_its_own_page(language: Language) -> None:
    """What is signed stands above the signature, on one sheet of paper, however much stands above it."""
    long = replace(CONTACT, organisation="Register voor Zorgcertificaten en wat daarbij hoort " * 4)
    with pikepdf.open(io.BytesIO(form_for(long, language))) as pdf:
        page_of = {str(each.get("/T", "")): page for page, sheet in enumerate(pdf.pages) for each in annotations(sheet)}
    assert page_of["declaration"] == page_of["copy"] == page_of["signature"]


def annotations(page: pikepdf.Page) -> list[pikepdf.Object]:
    """The fields on a page."""
    return list(page.obj.get("/Annots", pikepdf.Array()))


def test_same_form_has_the_same_octets() -> None:
    """What did not change need not be sent again by who keeps copies."""
    assert form_for(CONTACT, Language.DUTCH, number_at(1)) == form_for(CONTACT, Language.DUTCH, number_at(1))
