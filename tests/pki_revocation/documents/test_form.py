"""The form for post and e-mail: fields to fill in and read back, in an order and with names for everybody."""

import io
from dataclasses import replace
from pathlib import Path

import pikepdf
import pypdf
import pytest
from pikepdf import Name
from pikepdf.form import CheckboxField, Form, RadioButtonGroup, TextField

from pki_revocation.config.settings import ContactSettings
from pki_revocation.documents.form import form_for
from pki_revocation.errors import MistypedNumber
from pki_revocation.numbers import grouped, number_at
from pki_revocation.subscribers.languages import Language
from pki_revocation.web.reason_choices import REASON_CHOICES

CONTACT = ContactSettings(
    organisation="Register voor Zorgcertificaten",
    post="Register\nPostbus 1\n2500 AA Den Haag",
    email="intrekken@register.example",
    phone="070 000 00 00",
    hours="8-18",
)
ORDER = [
    "number", "server", "serial", "organisation", "name", "role", "phone", "email", "reason", "since", "declaration",
    "copy", "place", "date", "signature",
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
                    assert annotation.Subtype == Name.Widget
                    assert annotation.P.objgen == page.objgen
        first = next(place for place, (tag, _) in enumerate(tags) if tag == "/Form")
        assert "/H2" in [tag for tag, _ in tags[:first]]


@both
def test_reasons_are_those_of_the_page(language: Language) -> None:
    """A closed list, of which one is chosen: the same as on the page, with 'I would rather not say' to begin with."""
    with opened(language) as pdf:
        (group,) = [field for field in pdf.Root.AcroForm.Fields if field.T == "reason"]
        states = [next(str(key) for key in kid.AP.N if key != "/Off") for kid in group.Kids]
        assert {state.removeprefix("/") for state in states} == {choice.value for choice in REASON_CHOICES}
        assert Name("/none") == group.V


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
