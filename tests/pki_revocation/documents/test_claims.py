"""Letters and receipts keep what they claim: PDF/UA-1, as far as a program can see it."""

import io
from collections.abc import Callable

import pytest
from pikepdf import Array, Dictionary, Name, Pdf

from pki_revocation.documents.form import form_for
from pki_revocation.documents.letters.letter import compile_letter, compile_print_file
from pki_revocation.subscribers.languages import Language
from tests.pki_revocation.documents.claims import broken_claims
from tests.pki_revocation.documents.letters.test_letter import CONTENT
from tests.pki_revocation.documents.test_form import CONTACT


def test_letter_and_print_file_keep_them() -> None:
    """One letter, and many in one file; forms and receipts have tests of their own."""
    assert not broken_claims(compile_letter(CONTENT).pdf)
    assert not broken_claims(compile_print_file([CONTENT, CONTENT]).pdf)


def without_language(pdf: Pdf) -> None:
    """A screen reader would have to guess."""
    del pdf.Root.Lang


def without_marks(pdf: Pdf) -> None:
    """Programs would not look for tags."""
    del pdf.Root.MarkInfo


def without_tags(pdf: Pdf) -> None:
    """Nothing to read in order."""
    pdf.Root.StructTreeRoot.K = Array()


def with_loose_words(pdf: Pdf) -> None:
    """Drawn behind the tagged content, and part of nothing."""
    pdf.pages[0].contents_add(b"BT (loose) Tj ET")


def with_tabs_of_their_own(pdf: Pdf) -> None:
    """Fields in any order."""
    del pdf.pages[0].obj.Tabs


def with_a_nameless_field(pdf: Pdf) -> None:
    """A field that says nothing of itself."""
    del pdf.pages[0].obj.Annots[0].TU


def with_a_field_outside(pdf: Pdf) -> None:
    """A field that is on the page alone."""
    del pdf.pages[0].obj.Annots[0].StructParent


def with_a_file_that_is_for_nothing(pdf: Pdf) -> None:
    """An attachment of which nobody says what it is to the document."""
    pdf.Root.AF = Array([pdf.make_indirect(Dictionary(Type=Name.Filespec, F="a", UF="a", Desc="a"))])


def without_identifier(pdf: Pdf) -> None:
    """No claim."""
    with pdf.open_metadata() as metadata:
        del metadata["pdfuaid:part"]


@pytest.mark.parametrize(
    ("meddle", "clause"),
    [
        (without_language, "7.2: no language"),
        (without_marks, "7.1: not marked as tagged"),
        (without_tags, "7.1: no tree of tags"),
        (with_loose_words, "7.1: on page 1 something is drawn that is neither tagged nor an artifact (Tj)"),
        (with_tabs_of_their_own, "7.18.3: on page 1 tabs do not follow the tags"),
        (with_a_nameless_field, "7.18.1: on page 1 an annotation does not say what it is"),
        (with_a_field_outside, "7.18.1: on page 1 an annotation is not in the tree of tags"),
        (with_a_file_that_is_for_nothing, "7.11: an attached file has no /AFRelationship"),
        (without_identifier, "5: no PDF/UA identifier"),
    ],
)
def test_broken_claim_is_noticed(meddle: Callable[[Pdf], None], clause: str) -> None:
    """Without that, finding nothing would say nothing."""
    octets = io.BytesIO()
    with Pdf.open(io.BytesIO(form_for(CONTACT, Language.DUTCH))) as pdf:
        meddle(pdf)
        pdf.save(octets)
    assert broken_claims(octets.getvalue()) == [clause]
