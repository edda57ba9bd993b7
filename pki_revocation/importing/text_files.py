"""How text comes in, whatever editor or program wrote it: one reader for index.txt, CSV and PEM.

UTF-8 with a byte-order mark or without, UTF-16 and UTF-32 as Windows writes them, and lines that end in CR, LF or both.
Octets that are no UTF-8 are kept, so that a row with a name in another encoding can still be read for what it says.
"""

import codecs
from pathlib import Path
from typing import TextIO

# UTF-32 first: its mark begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 64
# A mark may stand inside as well, where files with marks were joined; some programs leave other invisible ones.
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u200e\u200f\u2060"))


def encoding_of(head: bytes) -> str:
    """The encoding of a file that begins like this: by its mark, or by where its zeros stand."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    sample = head[:_SAMPLE]
    zeros = len(sample) // 2 if len(sample) > 1 else 1
    if sample[1::2].count(0) == zeros and not sample[::2].count(0):
        return "utf-16-le"
    if sample[::2].count(0) >= zeros and not sample[1::2].count(0):
        return "utf-16-be"
    return "utf-8-sig"


def text_of(head: bytes) -> str:
    """The beginning of a file as text, as far as it can be read."""
    return head.decode(encoding_of(head), "replace")


def open_text(path: Path, *, keep_ends: bool = False) -> TextIO:
    """The file as text, whose lines end in a line feed; as they stand with *keep_ends*.

    Octets that are no text come as surrogates (`has_octets` tells), so that no reader raises an error for them.
    """
    with path.open("rb") as file:
        encoding = encoding_of(file.read(_SAMPLE))
    wide = not encoding.startswith("utf-8")
    errors = "replace" if wide else "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline="" if keep_ends else None)


def is_cut_off(path: Path, place: int | None) -> bool:
    """Whether a line is the last one of a file, and has no end: its writer may not have come to it yet."""
    if place is None:
        return False
    with open_text(path, keep_ends=True) as file:
        last, number = "", 0
        for number, last in enumerate(file, start=1):  # noqa: B007 - the last ones are what is asked for
            pass
    return place >= number and not last.endswith(("\n", "\r"))


def has_octets(text: str) -> bool:
    """Whether there is something in a text that is none in its file's encoding."""
    return not text.isascii() and any("\udc80" <= each <= "\udcff" or each == "\ufffd" for each in text)


def with_octets_shown(text: str) -> str:
    """The same, where octets that are no UTF-8 are taken as Latin-1, as OpenSSL takes them."""
    if not has_octets(text):
        return text
    return "".join(chr(ord(each) - 0xDC00) if "\udc80" <= each <= "\udcff" else each for each in text)


def without_marks(text: str) -> str:
    """The same without characters that cannot be seen and that joined or copied files bring along."""
    return text if text.isascii() else text.translate(_INVISIBLE)
