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
from io import BytesIO

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String

from pki_revocation.config.settings import ContactSettings
from pki_revocation.numbers import grouped, parse_number
from pki_revocation.subscribers.languages import Language

from .contact import ServiceDesk
from .field_font import DEFAULT_APPEARANCE, FieldFont
from .form_fields import DEFAULT_REASON, REASON, FieldKind, field_kind, tooltips
from .typesetting import typeset

_PREFIX = "field:"
# When the wording was last changed: the document's date, so that the same form has the same octets.
_REVISED = datetime(2026, 11, 25, tzinfo=UTC)
_REGIONS = {Language.DUTCH: "NL", Language.ENGLISH: "GB"}
_REQUIRED, _NO_TOGGLE_TO_OFF, _RADIO = 1 << 1, 1 << 14, 1 << 15
_NEEDED = {"number", "organisation", "name", "phone", "declaration", "copy", "date"}


def form_for(settings: ContactSettings, language: Language, number: str = "") -> bytes:
    """The form as a PDF, with the number filled in where one is given.

    Raises:
        MistypedNumber: when it is no number.
        DocumentNotSet: when an address cannot be printed.
    """
    digits = parse_number(number) if number else ""
    blank = _blank(language, json.dumps(asdict(ServiceDesk.of(settings, language))))
    return blank if not digits else _with_number(blank, grouped(digits))


@lru_cache(maxsize=4)
def _blank(language: Language, contact: str) -> bytes:
    pages = typeset(
        "form.typ",
        {"language": language.value, "region": _REGIONS[language], "contact": contact},
        standards=("ua-1",),
        timestamp=_REVISED,
    )
    with Pdf.open(BytesIO(pages)) as pdf:
        _add_fields(pdf, tooltips(language))
        return _saved(pdf)


def _with_number(blank: bytes, number: str) -> bytes:
    with Pdf.open(BytesIO(blank)) as pdf:
        (field,) = [each for each in pdf.Root.AcroForm.Fields if each.T == "number"]
        field.V = String(number)
        field.AP = Dictionary(N=FieldFont.of(pdf).appearance(pdf, field, number))
        return _saved(pdf)


def _saved(pdf: Pdf) -> bytes:
    octets = BytesIO()
    # A form with the same content has the same octets.
    pdf.save(octets, deterministic_id=True)
    return octets.getvalue()


def _add_fields(pdf: Pdf, tips: Mapping[str, str]) -> None:
    font = FieldFont.put_into(pdf)
    reasons = pdf.make_indirect(
        Dictionary(
            FT=Name.Btn,
            Ff=_RADIO | _NO_TOGGLE_TO_OFF,
            T=String(REASON),
            TU=String(tips[REASON]),
            V=Name(f"/{DEFAULT_REASON}"),
            Kids=Array(),
        )
    )
    fields = Array()
    for page, widget, name in _places(pdf):
        _become_widget(page, widget)
        widget.TU = String(tips[name])
        group, _, value = name.partition(".")
        if group == REASON:
            if len(reasons.Kids) == 0:
                fields.append(reasons)
            _become_radio(pdf, widget, value)
            widget.Parent = reasons
            reasons.Kids.append(widget)
            continue
        widget.T = String(name)
        widget.Ff = _REQUIRED if name in _NEEDED else 0
        match field_kind(name):
            case FieldKind.TICK:
                _become_tick(pdf, widget)
            case FieldKind.SIGNATURE:
                widget.FT = Name.Sig
                widget.AP = Dictionary(N=font.appearance(pdf, widget, ""))
            case FieldKind.TEXT:
                widget.FT, widget.DA, widget.V = Name.Tx, String(DEFAULT_APPEARANCE), String("")
                widget.AP = Dictionary(N=font.appearance(pdf, widget, ""))
        fields.append(widget)
    # Without NeedAppearances: every field has its appearance already, and who fills one in makes that one anew.
    pdf.Root.AcroForm = pdf.make_indirect(Dictionary(Fields=fields, DA=String(DEFAULT_APPEARANCE), DR=font.resources))
    _retag(pdf.Root.StructTreeRoot)


def _places(pdf: Pdf) -> Iterator[tuple[pikepdf.Page, pikepdf.Object, str]]:
    """The links that mark fields, in their order on the pages."""
    for page in pdf.pages:
        for annotation in page.obj.get("/Annots", Array()):
            address = str(annotation.get("/A", Dictionary()).get("/URI", ""))
            if address.startswith(_PREFIX):
                yield page, annotation, address.removeprefix(_PREFIX)


def _become_widget(page: pikepdf.Page, annotation: pikepdf.Object) -> None:
    for key in ("/A", "/Border", "/Contents"):
        if key in annotation:
            del annotation[key]
    annotation.Subtype, annotation.P = Name.Widget, page.obj
    page.obj.Tabs = Name.S


def _become_radio(pdf: Pdf, widget: pikepdf.Object, value: str) -> None:
    state = Name(f"/{value}")
    widget.AS = state if value == DEFAULT_REASON else Name.Off
    widget.MK = Dictionary(CA=String("l"))
    widget.AP = Dictionary(N=Dictionary({str(state): _mark(pdf, widget), "/Off": _mark(pdf, widget, drawn=False)}))


def _become_tick(pdf: Pdf, widget: pikepdf.Object) -> None:
    widget.FT, widget.V, widget.AS = Name.Btn, Name.Off, Name.Off
    widget.MK = Dictionary(CA=String("8"))
    widget.AP = Dictionary(N=Dictionary({"/Yes": _mark(pdf, widget), "/Off": _mark(pdf, widget, drawn=False)}))


def _mark(pdf: Pdf, widget: pikepdf.Object, *, drawn: bool = True) -> pikepdf.Object:
    """What a chosen box shows: a cross, drawn with lines so that it needs no font."""
    left, bottom, right, top = (float(each) for each in widget.Rect)
    width, height = right - left, top - bottom
    inset = width / 4
    lines = (
        f"q 1.4 w 0 G {inset} {inset} m {width - inset} {height - inset} l "
        f"{inset} {height - inset} m {width - inset} {inset} l S Q"
    )
    mark = pdf.make_stream(lines.encode() if drawn else b"")
    mark.Type, mark.Subtype, mark.BBox = Name.XObject, Name.Form, Array([0, 0, width, height])
    return mark


def _retag(element: pikepdf.Object) -> None:
    """Elements that held a link now hold a form field: Form instead of Link (ISO 14289-1 section 7.18.4)."""
    kids = element.get("/K")
    for kid in kids if isinstance(kids, Array) else [kids]:
        if not isinstance(kid, Dictionary):
            continue
        if kid.get("/Type") == Name.OBJR:
            if kid.Obj.get("/Subtype") == Name.Widget:
                element.S = Name.Form
        else:
            _retag(kid)
