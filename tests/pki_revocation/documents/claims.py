"""What a PDF that claims PDF/UA-1 must be, as far as a program sees it: fonts, language, tags, tabs, files."""

import io
from collections.abc import Iterator
from itertools import filterfalse

import pikepdf
from pikepdf import Array, Dictionary, Name

_DRAWS = {"Tj", "TJ", "'", '"', "f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "Do", "sh", "INLINE IMAGE"}


def broken_claims(octets: bytes) -> list[str]:
    """Each clause of ISO 14289-1 that the document does not keep, in words; an empty list where it keeps all."""
    with pikepdf.open(io.BytesIO(octets)) as pdf:
        return [*_of_the_document(pdf), *_of_fonts(pdf), *_of_pages(pdf), *_of_files(pdf)]


def fonts_without_a_program(octets: bytes) -> list[str]:
    """The names of fonts that are not in the file, wherever in it they are named."""
    with pikepdf.open(io.BytesIO(octets)) as pdf:
        return [complaint for complaint in _of_fonts(pdf) if complaint.startswith("7.21.4.1")]


def _of_the_document(pdf: pikepdf.Pdf) -> Iterator[str]:
    root = pdf.Root
    if not str(root.get("/Lang", "")):
        yield "7.2: no language"
    if not root.get("/MarkInfo", Dictionary()).get("/Marked", False):
        yield "7.1: not marked as tagged"
    if not root.get("/StructTreeRoot", Dictionary()).get("/K"):
        yield "7.1: no tree of tags"
    if not root.get("/ViewerPreferences", Dictionary()).get("/DisplayDocTitle", False):
        yield "7.1: the title is not shown"
    metadata = pdf.open_metadata()
    if metadata.get("pdfuaid:part") != "1":
        yield "5: no PDF/UA identifier"
    if not metadata.get("dc:title"):
        yield "7.1: no title"


def _of_fonts(pdf: pikepdf.Pdf) -> Iterator[str]:
    for each in pdf.objects:
        if not isinstance(each, Dictionary) or each.get("/Type") != Name.Font or "/DescendantFonts" in each:
            if isinstance(each, Dictionary) and each.get("/Type") == Name.Font and "/ToUnicode" not in each:
                yield f"7.21.7: {each.BaseFont} does not say which letters its glyphs are"
            continue
        outline = each.get("/FontDescriptor", Dictionary())
        if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(outline.keys()):
            yield f"7.21.4.1: {each.get('/BaseFont', '?')} is not embedded"


def _of_pages(pdf: pikepdf.Pdf) -> Iterator[str]:
    for place, page in enumerate(pdf.pages, 1):
        annotations = page.obj.get("/Annots", Array())
        if len(annotations) and page.obj.get("/Tabs") != Name.S:
            yield f"7.18.3: on page {place} tabs do not follow the tags"
        # Clause 7.18.1 leaves out what lies outside the page, as a signature without a picture does.
        for each in filterfalse(_is_out_of_sight, annotations):
            if "/StructParent" not in each:
                yield f"7.18.1: on page {place} an annotation is not in the tree of tags"
            if not str(each.get("/TU", each.get("/Contents", ""))):
                yield f"7.18.1: on page {place} an annotation does not say what it is"
        depth = 0
        for step in pikepdf.parse_content_stream(page):
            match str(step.operator):
                case "BDC" | "BMC":
                    depth += 1 if depth or _is_marked([*step.operands]) else 0
                case "EMC":
                    depth -= 1
                case drawing if drawing in _DRAWS and depth == 0:
                    yield f"7.1: on page {place} something is drawn that is neither tagged nor an artifact ({drawing})"
                case _:
                    pass


def _is_marked(operands: list[object]) -> bool:
    tag, *properties = operands
    return tag == Name.Artifact or any("/MCID" in each for each in properties if isinstance(each, Dictionary))


def _is_out_of_sight(annotation: pikepdf.Object) -> bool:
    """Whether an annotation lies left of the page and below it, where every page of ours begins."""
    return all(int(edge) < 0 for edge in annotation.get("/Rect", Array([0])))


def _of_files(pdf: pikepdf.Pdf) -> Iterator[str]:
    for each in pdf.Root.get("/AF", Array()):
        for key in ("/F", "/UF", "/AFRelationship", "/Desc"):
            if key not in each:
                yield f"7.11: an attached file has no {key}"
