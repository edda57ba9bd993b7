"""The values of a SEQUENCE one after the other, and the rules of DER for what stands in requests (X.690)."""

from pki_revocation.der import NULL, OBJECT_IDENTIFIER, SEQUENCE, DerError, Element, elements, read_whole

CONTEXT_0, CONTEXT_1, CONTEXT_2 = 0xA0, 0xA1, 0xA2
_CONTINUED = 0x80


class Fields:
    """The values of one SEQUENCE, taken in their order."""

    def __init__(self, content: bytes) -> None:
        """*content* is what the SEQUENCE holds."""
        self._values = iter(tuple(elements(content)))
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


def explicit_sequence(content: bytes) -> tuple[Element, ...]:
    """The values of the SEQUENCE that an explicit tag holds.

    Raises:
        DerError: when it holds something else.
    """
    return tuple(elements(read_whole(content, SEQUENCE)))


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
    starts = [0, *(place + 1 for place, octet in enumerate(content[:-1]) if octet < _CONTINUED)]
    if not content or content[-1] & _CONTINUED or any(content[start] == _CONTINUED for start in starts):
        raise DerError("an OBJECT IDENTIFIER is empty, cut off or not minimal")
