"""A receipt as a zip: the PDF, and beside it the attachments, for readers whose PDF program shows none."""

import io
import zipfile

from .verification.package import open_package


def zipped_receipt(pdf: bytes, name: str) -> bytes:
    """The zip of a receipt; *name* is the PDF's.

    Raises:
        NoReceipt: for what is none.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, octets in {name: pdf, **open_package(pdf).files}.items():
            # The same octets each time: the zip's own dates say nothing.
            archive.writestr(zipfile.ZipInfo(each), octets, zipfile.ZIP_DEFLATED)
    return out.getvalue()
