"""The form 'Een servercertificaat intrekken door abonnee': a tagged PDF to be filled in on a screen or with a pen.

The typesetter makes tagged pages (PDF/UA-1) in which links mark where fields belong; here each link becomes a form
field (ISO 32000-1 section 12.7) in its place, on the page and in the tree of tags, so that a screen reader reads labels
and fields in the order in which they stand, and the tabulator follows the same order.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache

from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, PdfObject

from pki_revocation.config.settings import ContactSettings
from pki_revocation.numbers import grouped, parse_number
from pki_revocation.subscribers.languages import Language
from pki_revocation.subscribers.reason_words import REASON_CHOICES
from pki_revocation.subscribers.wording import terms_in

from .contact import ServiceDesk
from .field_font import DEFAULT_APPEARANCE, FieldFont
from .form_fields import REASON, FieldKind, field_kind, tooltips
from .pdf_objects import (
    add,
    array,
    at,
    dictionary,
    drawing,
    elements,
    name,
    number,
    opened,
    put,
    reference,
    size,
    text,
    written,
)
from .typesetting import typeset

_PREFIX = "field:"
# When the wording was last changed: the document's date, so that the same form has the same octets.
_REVISED = datetime(2026, 11, 30, tzinfo=UTC)
_REGIONS = {Language.DUTCH: "NL", Language.ENGLISH: "GB"}
_REQUIRED, _RADIO = 1 << 1, 1 << 15
# ISO 32000-1 section 12.7.4.2.3: of the reasons none is chosen to begin with, and none may be again.
_NOT_CHOSEN = "Off"
_NEEDED = {"number", "organisation", "name", "phone", "declaration", "copy", "date"}


def form_for(settings: ContactSettings, language: Language, number: str = "") -> bytes:
    """The form as a PDF, with the number filled in where one is given.

    Raises:
        MistypedNumber: when it is no number.
        DocumentNotSet: when an address cannot be printed.
    """
    digits = parse_number(number) if number else ""
    desk = ServiceDesk.of(settings, language)
    blank = _blank(language, json.dumps(asdict(desk) | {"phone_line": desk.phone_line}))
    return blank if not digits else _with_number(blank, grouped(digits))


@lru_cache(maxsize=4)
def _blank(language: Language, contact: str) -> bytes:
    pages = typeset(
        "form.typ",
        {
            "language": language.value,
            "region": _REGIONS[language],
            "contact": contact,
            "reasons": json.dumps([(choice.value, choice.label.in_language(language)) for choice in REASON_CHOICES]),
            "terms": json.dumps(terms_in(language)),
        },
        standards=("ua-1",),
        timestamp=_REVISED,
    )
    pdf = opened(pages)
    _add_fields(pdf, tooltips(language))
    return written(pdf)


def _with_number(blank: bytes, digits: str) -> bytes:
    pdf = opened(blank)
    form = at(pdf.root_object, "/AcroForm")
    (field,) = [each for each in elements(form, "/Fields") if each.get("/T") == "number"]
    put(field, V=text(digits), AP=dictionary(N=FieldFont.of(pdf).appearance(pdf, field, digits)))
    return written(pdf)


def _add_fields(pdf: PdfWriter, tips: Mapping[str, str]) -> None:
    font = FieldFont.put_into(pdf)
    kids = array()
    reasons = dictionary(
        FT=name("Btn"),
        Ff=number(_RADIO),
        T=text(REASON),
        TU=text(tips[REASON]),
        V=name(_NOT_CHOSEN),
        Kids=kids,
    )
    group = add(pdf, reasons)
    fields = array()
    for page, widget, place in _places(pdf):
        _become_widget(page, widget)
        put(widget, TU=text(tips[place]))
        stem, _, value = place.partition(".")
        if stem == REASON:
            if not kids:
                fields.append(group)
            _become_radio(pdf, widget, value)
            put(widget, Parent=group)
            kids.append(reference(widget))
            continue
        put(widget, T=text(place), Ff=number(_REQUIRED if place in _NEEDED else 0))
        match field_kind(place):
            case FieldKind.TICK:
                _become_tick(pdf, widget)
            case FieldKind.SIGNATURE:
                put(widget, FT=name("Sig"), AP=dictionary(N=font.appearance(pdf, widget, "")))
            case FieldKind.TEXT:
                shown = dictionary(N=font.appearance(pdf, widget, ""))
                put(widget, FT=name("Tx"), DA=text(DEFAULT_APPEARANCE), V=text(""), AP=shown)
        fields.append(reference(widget))
    # Without NeedAppearances: every field has its appearance already, and a viewer replaces that of a field filled in.
    form = dictionary(Fields=fields, DA=text(DEFAULT_APPEARANCE), DR=font.resources)
    put(pdf.root_object, AcroForm=add(pdf, form))
    _retag(at(pdf.root_object, "/StructTreeRoot"))


def _places(pdf: PdfWriter) -> Iterator[tuple[DictionaryObject, DictionaryObject, str]]:
    """The links that mark fields, in their order on the pages: page, annotation and the field's name."""
    for page in pdf.pages:
        for annotation in elements(page, "/Annots"):
            address = str(at(annotation, "/A").get("/URI", "")) if "/A" in annotation else ""
            if address.startswith(_PREFIX):
                yield page, annotation, address.removeprefix(_PREFIX)


def _become_widget(page: DictionaryObject, annotation: DictionaryObject) -> None:
    for key in ("/A", "/Border", "/Contents"):
        annotation.pop(key, None)
    put(annotation, Subtype=name("Widget"), P=reference(page))
    put(page, Tabs=name("S"))


def _become_radio(pdf: PdfWriter, widget: DictionaryObject, value: str) -> None:
    put(
        widget,
        AS=name(_NOT_CHOSEN),
        MK=dictionary(CA=text("l")),
        AP=dictionary(N=dictionary(**{value: _mark(pdf, widget), "Off": _mark(pdf, widget, drawn=False)})),
    )


def _become_tick(pdf: PdfWriter, widget: DictionaryObject) -> None:
    put(
        widget,
        FT=name("Btn"),
        V=name("Off"),
        AS=name("Off"),
        MK=dictionary(CA=text("8")),
        AP=dictionary(N=dictionary(Yes=_mark(pdf, widget), Off=_mark(pdf, widget, drawn=False))),
    )


def _mark(pdf: PdfWriter, widget: DictionaryObject, *, drawn: bool = True) -> PdfObject:
    """What a chosen box shows: a cross, drawn with lines so that it needs no font."""
    width, height = size(widget)
    inset = width / 4
    lines = (
        f"q 1.4 w 0 G {inset} {inset} m {width - inset} {height - inset} l "
        f"{inset} {height - inset} m {width - inset} {inset} l S Q"
    )
    return drawing(pdf, lines if drawn else "", width, height)


def _retag(element: DictionaryObject) -> None:
    """Elements that held a link now hold a form field: Form instead of Link (ISO 14289-1 section 7.18.4)."""
    for kid in elements(element, "/K"):
        if kid.get("/Type") == "/OBJR":
            if at(kid, "/Obj").get("/Subtype") == "/Widget":
                put(element, S=name("Form"))
        else:
            _retag(kid)
