"""The objects that a PDF is made of (ISO 32000-1 section 7.3), to be read and put together in few words."""

from collections.abc import Iterator
from io import BytesIO

from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    IndirectObject,
    NameObject,
    NumberObject,
    PdfObject,
    TextStringObject,
)


def opened(octets: bytes) -> PdfWriter:
    """A document, to be changed; its version and its identifier stay."""
    return PdfWriter(clone_from=BytesIO(octets), keep_initial_header=True)


def written(pdf: PdfWriter) -> bytes:
    """The document as a file: with the same content, the same octets."""
    octets = BytesIO()
    pdf.write(octets)
    return octets.getvalue()


def name(text_: str) -> NameObject:
    """A name, given without its slash."""
    return NameObject(f"/{text_}")


def text(text_: str) -> TextStringObject:
    """A text string."""
    return TextStringObject(text_)


def number(value: int) -> NumberObject:
    """An integer."""
    return NumberObject(value)


def array(*members: PdfObject) -> ArrayObject:
    """An array."""
    return ArrayObject(members)


def dictionary(**members: PdfObject) -> DictionaryObject:
    """A dictionary, of keys without their slash."""
    return put(DictionaryObject(), **members)


def put(holder: DictionaryObject, **members: PdfObject) -> DictionaryObject:
    """Set keys, given without their slash, in a dictionary; gives it."""
    for key, member in members.items():
        holder[name(key)] = member
    return holder


def at(holder: DictionaryObject, key: str) -> DictionaryObject:
    """The dictionary under a key, wherever in the file it is.

    Raises:
        TypeError: when something else is there.
    """
    return _as_dictionary(holder[key])


def elements(holder: DictionaryObject, key: str) -> Iterator[DictionaryObject]:
    """The dictionaries under a key that has one or an array of them; what is none is passed over."""
    found = holder.get(key)
    found = None if found is None else found.get_object()
    for member in found if isinstance(found, ArrayObject) else [found]:
        element = None if member is None else member.get_object()
        if isinstance(element, DictionaryObject):
            yield element


def reference(thing: PdfObject) -> IndirectObject:
    """What refers to an object that has a number of its own.

    Raises:
        TypeError: when it has none.
    """
    if thing.indirect_reference is None:
        raise TypeError(thing)
    return thing.indirect_reference


def add(pdf: PdfWriter, thing: PdfObject) -> IndirectObject:
    """Give an object a number of its own in a document."""
    return pdf._add_object(thing)  # noqa: SLF001 - how pypdf's own pages say it is done


def drawing(
    pdf: PdfWriter, commands: str, width: float, height: float, resources: DictionaryObject | None = None
) -> IndirectObject:
    """A form XObject of a size (ISO 32000-1 section 8.10), with what it draws and needs for that."""
    stream = DecodedStreamObject()
    stream.set_data(commands.encode())
    box = array(*map(FloatObject, (0, 0, width, height)))
    put(stream, Type=name("XObject"), Subtype=name("Form"), BBox=box)
    if resources is not None:
        put(stream, Resources=resources)
    return add(pdf, stream)


def size(widget: DictionaryObject) -> tuple[float, float]:
    """Width and height of an annotation."""
    left, bottom, right, top = (float(each) for each in _as_array(widget["/Rect"]))
    return right - left, top - bottom


def _as_dictionary(thing: PdfObject) -> DictionaryObject:
    found = thing.get_object()
    if not isinstance(found, DictionaryObject):
        raise TypeError(found)
    return found


def _as_array(thing: PdfObject) -> ArrayObject:
    found = thing.get_object()
    if not isinstance(found, ArrayObject):
        raise TypeError(found)
    return found
