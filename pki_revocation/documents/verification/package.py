"""A receipt taken apart: the PDF with its attachments, or a zip that holds the attachments or the PDF.

What comes may be anything, of any length: everything is bounded before it is unpacked.
"""

import io
import zipfile
import zlib
from dataclasses import dataclass, field

from pki_revocation.errors import PkiError
from pki_revocation.host.extras import require_extra

# A receipt with a CRL of 1 MiB and its stamps; whatever is larger is none.
LARGEST = 3 * 1024 * 1024
_MOST_FILES = 16
# What reading octets that are no PDF raises beside the reader's own errors.
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, zlib.error)
_PDF, _ZIP = b"%PDF-", b"PK\x03\x04"


class NoReceipt(PkiError):
    """What was given is no receipt; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptPackage:
    """The attachments by their names, and the PDF where there is one."""

    files: dict[str, bytes] = field(repr=False)
    pdf: bytes | None = field(repr=False)


def open_package(octets: bytes) -> ReceiptPackage:
    """Take a receipt apart.

    Raises:
        NoReceipt: for anything else, and for what is too large.
        ExtraMissing: where the packages that read PDFs are not installed.
    """
    if len(octets) > LARGEST:
        raise NoReceipt("The file is too large: no receipt is larger than 3 MB.")
    if octets.startswith(_PDF):
        return ReceiptPackage(files=_attachments(octets), pdf=octets)
    if octets.startswith(_ZIP):
        files = _unzipped(octets)
        pdfs = [content for content in files.values() if content.startswith(_PDF)]
        if len(pdfs) > 1:
            raise NoReceipt("The zip holds several PDF files: give one receipt at a time.")
        # What is signed is in the PDF; what lies beside it is a copy.
        return open_package(pdfs[0]) if pdfs else ReceiptPackage(files=files, pdf=None)
    raise NoReceipt("The file is neither a PDF nor a zip: give the receipt as you downloaded it.")


def _attachments(pdf: bytes) -> dict[str, bytes]:
    require_extra("documents", "Reading a receipt")
    from pypdf import PdfReader  # noqa: PLC0415 - only what checks a receipt needs it
    from pypdf.errors import PyPdfError  # noqa: PLC0415 - as above

    try:
        named = [(str(name), contents) for name, contents in PdfReader(io.BytesIO(pdf)).attachments.items()]
        found = {name: bytes(contents[0]) for name, contents in named if contents}
    except (PyPdfError, *_UNREADABLE) as error:
        raise NoReceipt("The file says that it is a PDF, and cannot be read as one.") from error
    if len(found) > _MOST_FILES or any(len(contents) != 1 for _, contents in named):
        raise NoReceipt("The PDF holds attachments that no receipt has.")
    return found


def _unzipped(octets: bytes) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = LARGEST
    try:
        with zipfile.ZipFile(io.BytesIO(octets)) as archive:
            entries = [each for each in archive.infolist() if not each.is_dir()]
            if len(entries) > _MOST_FILES:
                raise NoReceipt("The zip holds more files than a receipt has.")
            for entry in entries:
                # No longer than it is said to be, whatever that is.
                with archive.open(entry) as file:
                    content = file.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise NoReceipt("The zip holds more than a receipt does.")
                found[entry.filename.rpartition("/")[2]] = content
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise NoReceipt("The file says that it is a zip, and cannot be read as one.") from error
    return found
