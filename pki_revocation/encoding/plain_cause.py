"""What a library says of octets that it cannot read, in words for operators.

Libraries write their parsers' states into errors ("error parsing asn1 value: ParseError { kind: UnexpectedTag { …"), or
nothing at all: neither tells an operator anything. The error itself stays the cause of what is raised, for the log.
"""

import re
from collections.abc import Mapping

_KIND = re.compile(r"kind: (\w+)")
# The kinds of the parser inside `cryptography`.
_WORDS: Mapping[str, str] = {
    "ShortData": "it is cut off",
    "ExtraData": "something stands behind it",
    "UnexpectedTag": "a part of it is of another kind than belongs there",
    "InvalidTag": "it begins with octets that begin no DER",
    "InvalidLength": "a length in it is not written as DER writes it",
    "InvalidValue": "a value in it is none that may stand there",
    "IntegerOverflow": "a number in it is too large",
    "InvalidSetOrdering": "a set in it is not in the order of DER",
    "EncodedDefault": "a default value is written out in it, which DER leaves away",
    "OidTooLong": "an object identifier in it is too long",
    "UnknownDefinedBy": "it has a part of an unknown kind",
}
_UNKNOWN = "its octets are not what they should be"
# What no sentence for people has in it: structures, paths to documentation, memory addresses, types' names.
_INTERNAL = re.compile(
    r"[{}<>]|::|https?://|\b0x[0-9a-f]{6,}\b|ParseError|object at|[a-z]+_[a-z]+|[A-Za-z]\w*\.\w+\.\w+"
)


def plain_cause(error: BaseException) -> str:
    """The cause as half a sentence, without an end; the library's own words where these are plain."""
    said = str(error).strip().partition("\n")[0].rstrip(" .:")
    found = _KIND.search(said)
    if found is not None:
        return _WORDS.get(found[1], _UNKNOWN)
    if not said or _INTERNAL.search(said):
        return _UNKNOWN
    return said
