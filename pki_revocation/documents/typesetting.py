"""Sets a template with typst, from its folder and with its own fonts: no document depends on what a machine has."""

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pki_revocation.errors import PkiError
from pki_revocation.host.temporary_folders import temporary_folder

if TYPE_CHECKING:
    import typst

# Accessible (ISO 14289-1), and for archives with attachments (ISO 19005-3).
Standard = Literal["ua-1", "a-3a"]
_FOLDER = Path(__file__).parent


class DocumentNotSet(PkiError):
    """The typesetter refused what was to be printed, such as a character that no font has."""


def typeset(
    template: str,
    inputs: Mapping[str, str],
    *,
    standards: tuple[Standard, ...],
    timestamp: datetime,
    attachments: Mapping[str, bytes] | None = None,
    parts: Sequence[str] = (),
) -> bytes:
    """A template of this folder as a PDF; *attachments* are files beside it for as long as it takes.

    *parts* are the other files of this folder that the template imports.

    Raises:
        DocumentNotSet: when something cannot be printed.
    """
    import typst  # noqa: PLC0415 - 30 MiB, for a service that may never set a document

    with temporary_folder("document") as folder:
        main = Path(shutil.copy(_FOLDER / template, folder))
        for part in parts:
            shutil.copy(_FOLDER / part, folder)
        for name, content in (attachments or {}).items():
            # In its place: the whole folder is gone when the PDF is there.
            (folder / name).write_bytes(content)
        try:
            pdf = typst.compile(
                main,
                root=folder,
                format="pdf",
                font_paths=_fonts(),
                ignore_system_fonts=True,
                sys_inputs=dict(inputs),
                pdf_standards=[*standards],
                timestamp=timestamp,
            )
        except typst.TypstError as error:
            raise DocumentNotSet(f"The document cannot be set: {error.message}.") from None
    if not isinstance(pdf, bytes):
        raise DocumentNotSet("The document cannot be set: the typesetter gave none.")
    return pdf


@cache
def _fonts() -> "typst.Fonts":
    import typst  # noqa: PLC0415 - as above

    return typst.Fonts(include_system_fonts=False)
