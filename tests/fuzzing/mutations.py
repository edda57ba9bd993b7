"""Ways to spoil a request, each chosen by one number: octets anywhere, and DER where it hurts.

One number for each mutation keeps Hypothesis fast and lets it shrink: fewer mutations, smaller numbers.
"""

from collections.abc import Callable, Sequence

from pki_revocation.encoding.der import DerError, bounds, header

_CONSTRUCTED = 0x20
_INTERESTING_LENGTHS = (
    b"\x80", b"\x81\x05", b"\x82\0\x05", b"\x84\xff\xff\xff\xff", b"\x88" + b"\xff" * 8, b"\xff", b"\0", b"\x7f",
)  # fmt: skip
_INTERESTING_TAGS = bytes(
    (0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x10, 0x1F, 0x24, 0x30, 0x31, 0x3F, 0x80, 0xA0, 0xA1, 0xA2, 0xFF)
)


def mutate(octets: bytes, choices: Sequence[int], donors: Sequence[bytes]) -> bytes:
    """Spoil a request: a mutation for each choice, with pieces of *donors* where one is spliced in."""
    for choice in choices:
        octets = _KINDS[choice % len(_KINDS)](octets, choice // len(_KINDS), donors)
    return octets


def places(octets: bytes) -> list[tuple[int, int]]:
    """Where each value of a DER encoding begins and ends, nested ones too; none where it is no DER."""
    found: list[tuple[int, int]] = []
    waiting = [(0, len(octets))]
    while waiting:
        start, end = waiting.pop()
        while start < end:
            try:
                tag, inside, behind = bounds(octets[:end], start)
            except DerError:
                break
            found.append((start, behind))
            # OCTET STRINGs are looked into as well: extension values are DER.
            if tag & _CONSTRUCTED or (tag == 0x04 and octets[inside : inside + 1] in {b"\x04", b"\x30"}):
                waiting.append((inside, behind))
            start = behind
    return found


def _flip(octets: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    if not octets:
        return octets
    spoilt = bytearray(octets)
    spoilt[choice // 8 % len(octets)] ^= 1 << choice % 8
    return bytes(spoilt)


def _overwrite(octets: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    place, value = choice // 256 % (len(octets) + 1), choice % 256
    return octets[:place] + bytes((value,)) + octets[place + 1 :]


def _insert(octets: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    place, value = choice // 256 % (len(octets) + 1), choice % 256
    return octets[:place] + bytes((value,)) * (1 + choice % 5) + octets[place:]


def _delete(octets: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    place = choice // 8 % (len(octets) + 1)
    return octets[:place] + octets[place + 1 + choice % 8 :]


def _cut(octets: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    return octets[: choice % (len(octets) + 1)]


def _double(octets: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    start = choice % (len(octets) + 1)
    end = start + choice // 64 % 64
    return octets[:end] + octets[start:]


def _within(change: Callable[[bytes, int, Sequence[bytes]], bytes]) -> Callable[[bytes, int, Sequence[bytes]], bytes]:
    """Apply a change to one value, and write the lengths of those around it anew, so that the rest is right."""

    def changed(octets: bytes, choice: int, donors: Sequence[bytes]) -> bytes:
        found = places(octets)
        if not found:
            return octets
        start, end = found[choice % len(found)]
        return _replaced(octets, start, end, change(octets[start:end], choice // len(found), donors))

    return changed


def _replaced(octets: bytes, start: int, end: int, new: bytes) -> bytes:
    around = sorted((place for place in places(octets) if place[0] <= start and end <= place[1]), key=_size)
    result = new
    inner_start, inner_end = start, end
    for outer_start, outer_end in around:
        if (outer_start, outer_end) == (start, end):
            continue
        tag, inside, _ = bounds(octets[:outer_end], outer_start)
        content = octets[inside:inner_start] + result + octets[inner_end:outer_end]
        result = header(tag, len(content)) + content
        inner_start, inner_end = outer_start, outer_end
    return octets[:inner_start] + result + octets[inner_end:]


def _size(place: tuple[int, int]) -> int:
    return place[1] - place[0]


def _length(value: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    _tag_octet, begin, end = bounds(value)
    return value[:1] + _INTERESTING_LENGTHS[choice % len(_INTERESTING_LENGTHS)] + value[begin:end]


def _tag(value: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    return _INTERESTING_TAGS[choice % len(_INTERESTING_TAGS) :][:1] + value[1:]


def _contents(value: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    tag, begin, end = bounds(value)
    content = _flip(value[begin:end], choice, ()) if choice % 3 else value[begin:end] * (choice % 7)
    return header(tag, len(content)) + content


def _remove(value: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    return value * (choice % 4)


def _splice(value: bytes, choice: int, donors: Sequence[bytes]) -> bytes:
    donor = donors[choice % len(donors)]
    found = places(donor) or [(0, len(donor))]
    start, end = found[choice // len(donors) % len(found)]
    return donor[start:end] if choice % 2 else value + donor[start:end]


def _wrap(value: bytes, choice: int, _: Sequence[bytes]) -> bytes:
    for _depth in range(1 + choice % 4):
        value = header(_INTERESTING_TAGS[choice % len(_INTERESTING_TAGS)], len(value)) + value
    return value


_KINDS: tuple[Callable[[bytes, int, Sequence[bytes]], bytes], ...] = (
    _flip,
    _overwrite,
    _insert,
    _delete,
    _cut,
    _double,
    *(_within(each) for each in (_length, _tag, _contents, _remove, _splice, _wrap)),
)
