"""The values of a SEQUENCE one after the other, and the rules of DER for what stands in requests (X.690).

Lists are bounded: 64 kB hold thousands of values that nobody has a use for, and reading them all would keep the others
waiting (RFC 9919 section 8.4).
"""

import re
from itertools import islice

from pki_revocation.encoding.der import NULL, OBJECT_IDENTIFIER, SEQUENCE, DerError, Element, elements, read_whole

CONTEXT_0, CONTEXT_1, CONTEXT_2 = 0xA0, 0xA1, 0xA2
MOST_LISTED = 64
# None of the SEQUENCEs that are read has more fields; what is behind them is refused without being looked at.
_MOST_FIELDS = 8
_CONTINUED = 0x80
_REDUNDANT_ARC = re.compile(rb"(?:^|[\x00-\x7f])\x80")


class Fields:
    """The values of one SEQUENCE, taken in their order."""

    def __init__(self, content: bytes) -> None:
        """*content* is what the SEQUENCE holds."""
        self._values = iter(tuple(islice(elements(content), _MOST_FIELDS)))
        self._next = next(self._values, None)

    def optional(self, tag: int) -> Element | None:
        """The next value when it has this tag."""
        found = self._next
        if found is None or found.tag != tag:
            return None
        self._next = next(self._values, None)
        return found

    def required(self, tag: int) -> Element:
        """The next value, which must have this tag.

        Raises:
            DerError: when it has not, or there is none.
        """
        found = self.optional(tag)
        if found is None:
            raise DerError(f"a value with tag {tag:#04x} is missing")
        return found

    def anything(self) -> Element | None:
        """The next value, whatever it is."""
        found, self._next = self._next, next(self._values, None)
        return found

    def end(self) -> None:
        """Nothing may follow.

        Raises:
            DerError: when something does.
        """
        if self._next is not None:
            raise DerError(f"a value with tag {self._next.tag:#04x} has no place here")


def fields_of(element: Element) -> Fields:
    """The values of an element that must be a SEQUENCE.

    Raises:
        DerError: when it is something else.
    """
    if element.tag != SEQUENCE:
        raise DerError(f"a value with tag {SEQUENCE:#04x} is missing")
    return Fields(element.content)


def listed(content: bytes, most: int = MOST_LISTED) -> tuple[Element, ...]:
    """The values of a SEQUENCE OF, which may be at most so many.

    Raises:
        DerError: when there are more.
    """
    found = tuple(islice(elements(content), most + 1))
    if len(found) > most:
        raise DerError(f"a list has more than {most} values")
    return found


def listed_in(content: bytes, most: int = MOST_LISTED) -> tuple[Element, ...]:
    """The same of the one SEQUENCE that the content is.

    Raises:
        DerError: when it is something else, or has more.
    """
    return listed(read_whole(content, SEQUENCE), most)


def identifier(fields: Fields) -> tuple[Element, Element | None]:
    """OBJECT IDENTIFIER and parameters, whatever they are, which a SEQUENCE must consist of.

    Raises:
        DerError: when it does not, or the OBJECT IDENTIFIER is none.
    """
    oid = fields.required(OBJECT_IDENTIFIER)
    refuse_bad_oid(oid.content)
    parameters = fields.anything()
    fields.end()
    if parameters is not None and parameters.tag == NULL and parameters.content:
        raise DerError("a NULL has contents")
    return oid, parameters


def integer(content: bytes) -> int:
    """An INTEGER's value; X.690 section 8.3.2: at least one octet, and never nine equal leading bits.

    Raises:
        DerError: when it is empty or not minimal.
    """
    redundant = len(content) > 1 and content[0] in {0x00, 0xFF} and content[0] >> 7 == content[1] >> 7
    if not content or redundant:
        raise DerError("an INTEGER is empty or not minimal")
    return int.from_bytes(content, signed=True)


def refuse_bad_oid(content: bytes) -> None:
    """X.690 section 8.19.2: each arc in the fewest octets, the last one complete.

    Raises:
        DerError: for anything else.
    """
    if not content or content[-1] & _CONTINUED or _REDUNDANT_ARC.search(content):
        raise DerError("an OBJECT IDENTIFIER is empty, cut off or not minimal")
