"""Where a CRL's parts lie, held against asn1crypto; and the list found from the first octets alone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto.crl import CertificateList
from hypothesis import given, settings
from hypothesis import strategies as st

from crl_publisher.crl.differences import entries_of
from crl_publisher.crl.layout import layout_of, list_bounds
from crl_publisher.errors import UnreadableCrl
from pki_revocation.encoding.der import explicit, generalized_time, integer, sequence, time
from tests.campaign import examples
from tests.crl_publisher.crafted import Parts, crl_number, entry, key_identifier
from tests.pki import name

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
ALGORITHM = sequence(b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02")
PARTS = Parts(
    algorithm=ALGORITHM,
    issuer=name("Demo").public_bytes(),
    this_update=time(NOW),
    next_update=time(NOW + timedelta(days=2)),
    listed=b"",
    extensions=(key_identifier(b"x" * 20), crl_number(7)),
)


class _Unsigned:
    """Signs with nothing: what is read here is the shape."""

    def sign(self, _: bytes) -> bytes:
        return b"signature"


def crl_of(parts: Parts) -> bytes:
    """The whole CRL."""
    return parts.signed_by(_Unsigned())  # type: ignore[arg-type] # only its signature is asked of it


SHAPES = st.builds(
    lambda serials, version, next_update, extensions, this_update: (
        [entry(serial, NOW) for serial in serials],
        PARTS.changed(
            version=version,
            this_update=this_update,
            next_update=next_update,
            extensions=PARTS.extensions if extensions and version else (),
        ),
    ),
    st.lists(st.integers(1, (1 << 159) - 1), max_size=300),
    st.sampled_from([integer(1), b""]),
    st.sampled_from([b"", time(NOW), generalized_time(NOW.replace(year=2055))]),
    st.booleans(),
    st.sampled_from([time(NOW), generalized_time(NOW.replace(year=2051))]),
)


@settings(max_examples=examples(150))
@given(shape=SHAPES)
def test_parts_are_where_asn1crypto_finds_them(shape: tuple[list[bytes], Parts]) -> None:
    """With and without a version, a nextUpdate, entries and extensions, and both kinds of times."""
    entries, parts = shape
    data = crl_of(replace(parts, listed=sequence(*entries) if entries else b""))

    layout = layout_of(data)

    whole = CertificateList.load(data, strict=True)
    inner = whole["tbs_cert_list"]
    assert data[layout.signed] == inner.dump()
    assert list(entries_of(data, layout.listed)) == entries
    assert layout.has_list == bool(entries)
    assert data[layout.tail] == whole["signature_algorithm"].dump() + whole["signature"].dump()
    fields = ("version", "signature", "issuer", "this_update", "next_update")
    assert data[layout.before] == b"".join(inner[each].dump() for each in fields)
    assert data[layout.after] == inner["crl_extensions"].dump()
    # 16 KiB hold any header and any name of these.
    assert list_bounds(data[: 1 << 14], len(data)) == layout.listed
    assert layout.with_entries(entries) == data


def test_other_entries_in_the_same_frame() -> None:
    """For readers that take their time: a sample, or none."""
    entries = [entry(serial, NOW) for serial in range(1, 400)]
    data = crl_of(PARTS.changed(listed=sequence(*entries)))

    sample = CertificateList.load(layout_of(data).with_entries(entries[5:7]), strict=True)
    none = CertificateList.load(layout_of(data).with_entries(()), strict=True)

    assert [each["user_certificate"].native for each in sample["tbs_cert_list"]["revoked_certificates"]] == [6, 7]
    assert [each.native for each in none["tbs_cert_list"]["revoked_certificates"]] == []
    assert sample["tbs_cert_list"]["crl_extensions"].dump() == explicit(0, sequence(*PARTS.extensions))


def test_empty_list_is_told_from_none() -> None:
    """RFC 5280 section 5.1.2.6 forbids it, so that it must be seen."""
    empty, none = (layout_of(crl_of(PARTS.changed(listed=listed))) for listed in (sequence(), b""))

    assert (empty.has_list, empty.listed.start) == (True, empty.listed.stop)
    assert (none.has_list, none.listed.start) == (False, none.listed.stop)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"\x30",
        b"\x30\x00",
        b"\x31\x02\x30\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x02\x02\x00",
        b"\x30\x84\xff\xff\xff\xff",
        crl_of(PARTS)[:-1],
        crl_of(PARTS) + b"\0",
        sequence(sequence(integer(1), ALGORITHM)),
    ],
)
def test_what_is_no_crl_is_refused(broken: bytes) -> None:
    """With one sentence, whatever it is."""
    with pytest.raises(UnreadableCrl, match=r"\.$"):
        layout_of(broken)


@given(octets=st.binary(max_size=200), place=st.integers(0, 400))
def test_any_octets_are_read_or_refused(octets: bytes, place: int) -> None:
    """Nothing else is ever raised, for rubbish and for a CRL with rubbish in it."""
    good = crl_of(PARTS.changed(listed=sequence(*(entry(serial, NOW) for serial in (1, 2, 3)))))
    for data in (octets, good[:place] + octets + good[place + len(octets) :]):
        for reading in (lambda data=data: layout_of(data), lambda data=data: list_bounds(data, len(data))):
            try:
                reading()
            except UnreadableCrl:
                continue
