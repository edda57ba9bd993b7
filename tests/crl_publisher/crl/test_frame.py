"""The frame of a CRL says what a whole reading says; what is cut, grown, loose or foreign is refused.

Held against `cryptography`, which reads the whole, and against asn1crypto, which gives the very bytes.
"""

import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from asn1crypto.crl import CertificateList
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from crl_publisher.crl.differences import entries_of
from crl_publisher.crl.frame import read_frame
from crl_publisher.errors import UnreadableCrl
from pki_revocation.encoding.der import (
    GENERALIZED_TIME,
    UTC_TIME,
    explicit,
    extension,
    generalized_time,
    integer,
    object_identifier,
    octet_string,
    sequence,
    time,
    tlv,
)
from tests.campaign import examples
from tests.crl_publisher.crafted import Parts, crl_number, entry, key_identifier
from tests.pki import EPOCH, CertificateAuthority, name

AUTHORITY = CertificateAuthority("Outlined CA")


def crl(
    entries: int = 3,
    *,
    number: int | None = 4711,
    key: CertificateIssuerPrivateKeyTypes = AUTHORITY.key,
    until: datetime = EPOCH + timedelta(days=2),
) -> bytes:
    """A CRL from the builder of `cryptography`, which is not what writes ours."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(AUTHORITY.certificate.subject)
        .last_update(EPOCH)
        .next_update(until)
    )
    for serial in range(1, entries + 1):
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(EPOCH).build()
        builder = builder.add_revoked_certificate(revoked)
    if number is not None:
        builder = builder.add_extension(x509.CRLNumber(number), critical=False)
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(Encoding.DER)


@pytest.mark.parametrize("entries", [0, 1, 2000])
@pytest.mark.parametrize("number", [None, 0, 127, 128, 2**159 - 1])
@pytest.mark.parametrize("until", [datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)])
def test_frame_agrees_with_a_whole_reading(entries: int, number: int | None, until: datetime) -> None:
    """With and without a list, a number, and a year that needs GeneralizedTime."""
    data = crl(entries, number=number, until=until)
    parsed = x509.load_der_x509_crl(data)

    frame = read_frame(BytesIO(data))

    assert frame.number == number
    assert frame.this_update == parsed.last_update_utc
    assert frame.next_update == parsed.next_update_utc == until
    assert frame.issuer == parsed.issuer.public_bytes()
    assert frame.signature == parsed.signature
    assert data[frame.signed] == parsed.tbs_certlist_bytes
    assert frame.is_signed_by(AUTHORITY.certificate, BytesIO(data))
    assert frame.has_entries is bool(entries)
    rest = x509.load_der_x509_crl(frame.without_list())
    assert len(rest) == 0
    assert list(rest.extensions) == list(parsed.extensions)
    assert rest.next_update_utc == until


def test_times_of_the_last_century_are_of_the_last_century() -> None:
    """Two digits from 50 to 68, which Python would put into the next one (RFC 5280 section 4.1.2.5.1)."""
    data = crl().replace(b"260101000000Z", b"500101000000Z")

    assert read_frame(BytesIO(data)).this_update == datetime(1950, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP256R1()),
        rsa.generate_private_key(65537, 2048),
        ed25519.Ed25519PrivateKey.generate(),
        mldsa.MLDSA65PrivateKey.generate(),
    ],
    ids=["p256", "rsa", "ed25519", "mldsa65"],
)
def test_every_kind_of_signature_is_checked(key: CertificateIssuerPrivateKeyTypes) -> None:
    """Whoever signed is recognised; one other octet in the list, and nobody is."""
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey | mldsa.MLDSA65PrivateKey) else hashes.SHA256()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name("CA"))
        .issuer_name(name("CA"))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(EPOCH)
        .not_valid_after(EPOCH + timedelta(days=1))
        .sign(key, digest)
    )
    data = crl(key=key)
    changed = data.replace(b"\x02\x01\x02", b"\x02\x01\x04")
    assert changed != data

    assert read_frame(BytesIO(data)).is_signed_by(certificate, BytesIO(data))
    assert not read_frame(BytesIO(changed)).is_signed_by(certificate, BytesIO(changed))
    assert not read_frame(BytesIO(data)).is_signed_by(CertificateAuthority("Other").certificate, BytesIO(data))


# One and the same for all examples: the signature's length is a matter of chance.
WHOLE = crl()


@given(st.data())
def test_no_piece_of_a_crl_is_one(data: st.DataObject) -> None:
    """Cut anywhere, or with anything behind it: refused."""
    cut = data.draw(st.integers(0, len(WHOLE) - 1))
    after = data.draw(st.binary(min_size=1, max_size=3))

    for octets in (WHOLE[:cut], WHOLE + after):
        with pytest.raises(UnreadableCrl):
            read_frame(BytesIO(octets))


@given(st.binary(max_size=200))
def test_nothing_else_is_a_crl(octets: bytes) -> None:
    """Whatever it is, one refusal and no other error."""
    with pytest.raises(UnreadableCrl):
        read_frame(BytesIO(octets))


@given(st.data())
def test_changed_octets_are_refused_or_not_signed(data: st.DataObject) -> None:
    """One octet of the CRL changed: no other error than the refusal, and never a signature that fits."""
    whole = bytearray(WHOLE)
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        frame = read_frame(BytesIO(bytes(whole)))
    except UnreadableCrl:
        return
    assert not frame.is_signed_by(AUTHORITY.certificate, BytesIO(bytes(whole)))


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

    frame = read_frame(BytesIO(data))

    whole = CertificateList.load(data, strict=True)
    inner = whole["tbs_cert_list"]
    assert data[frame.signed] == inner.dump()
    assert list(entries_of(data, frame.listed)) == entries
    assert frame.has_list == bool(entries)
    assert frame.tail == whole["signature_algorithm"].dump() + whole["signature"].dump()
    fields = ("version", "signature", "issuer", "this_update", "next_update")
    assert frame.before == b"".join(inner[each].dump() for each in fields)
    assert frame.after == inner["crl_extensions"].dump()
    assert frame.with_entries(entries) == data


def test_other_entries_in_the_same_frame() -> None:
    """For readers that take their time: a sample, or none."""
    entries = [entry(serial, NOW) for serial in range(1, 400)]
    data = crl_of(PARTS.changed(listed=sequence(*entries)))

    sample = CertificateList.load(read_frame(BytesIO(data)).with_entries(entries[5:7]), strict=True)
    none = CertificateList.load(read_frame(BytesIO(data)).with_entries(()), strict=True)

    assert [each["user_certificate"].native for each in sample["tbs_cert_list"]["revoked_certificates"]] == [6, 7]
    assert [each.native for each in none["tbs_cert_list"]["revoked_certificates"]] == []
    assert sample["tbs_cert_list"]["crl_extensions"].dump() == explicit(0, sequence(*PARTS.extensions))


def test_empty_list_is_told_from_none() -> None:
    """RFC 5280 section 5.1.2.6 forbids it, so that it must be seen."""
    empty, none = (read_frame(BytesIO(crl_of(PARTS.changed(listed=listed)))) for listed in (sequence(), b""))

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
        read_frame(BytesIO(broken))


@given(octets=st.binary(max_size=200), place=st.integers(0, 400))
def test_any_octets_are_read_or_refused(octets: bytes, place: int) -> None:
    """Nothing else is ever raised, for a CRL with rubbish in it."""
    good = crl_of(PARTS.changed(listed=sequence(*(entry(serial, NOW) for serial in (1, 2, 3)))))
    with contextlib.suppress(UnreadableCrl):
        read_frame(BytesIO(good[:place] + octets + good[place + len(octets) :]))


def long_form(value: bytes) -> bytes:
    """The same value with a length that is longer than it has to be (X.690 section 10.1 forbids it)."""
    return value[:1] + b"\x81" + value[1:]


def indefinite(value: bytes) -> bytes:
    """The same SEQUENCE with its end marked instead of its length given: BER, and no DER."""
    return value[:1] + b"\x80" + value[2:] + b"\0\0"


LOOSE = {
    "a long length inside": PARTS.changed(algorithm=long_form(ALGORITHM)),
    "a long length of the outer algorithm": PARTS.changed(outer_algorithm=long_form(ALGORITHM)),
    "an indefinite length": PARTS.changed(algorithm=indefinite(ALGORITHM)),
    "a long length of the version": PARTS.changed(version=long_form(integer(1))),
    "a version with a leading zero": PARTS.changed(version=b"\x02\x02\0\1"),
    "a list with an indefinite length": PARTS.changed(listed=indefinite(sequence(entry(1, NOW)))),
    "a list with a long length": PARTS.changed(listed=long_form(sequence(entry(1, NOW)))),
    "two lists": PARTS.changed(listed=sequence(entry(1, NOW)) * 2),
    "a time with a zone": PARTS.changed(this_update=tlv(UTC_TIME, b"261123140322+0100")),
    "a time without seconds": PARTS.changed(this_update=tlv(UTC_TIME, b"2611231403Z")),
    "a time with a fraction": PARTS.changed(next_update=tlv(GENERALIZED_TIME, b"20551123140322.5Z")),
    "a time that is none": PARTS.changed(this_update=tlv(UTC_TIME, b"261323140322Z")),
    "a third time": PARTS.changed(next_update=time(NOW) * 2),
    "a name that is no SEQUENCE": PARTS.changed(issuer=tlv(0x31)),
    "criticality that is said though it is FALSE": PARTS.changed(
        extensions=(sequence(object_identifier("2.5.29.20"), b"\1\1\0", octet_string(integer(7))),)
    ),
    "criticality that is neither": PARTS.changed(
        extensions=(sequence(object_identifier("2.5.29.20"), b"\1\1\1", octet_string(integer(7))),)
    ),
    "a number with a leading zero": PARTS.changed(
        extensions=(extension(object_identifier("2.5.29.20"), b"\x02\x02\0\7"),)
    ),
    "something behind the number": PARTS.changed(
        extensions=(extension(object_identifier("2.5.29.20"), integer(7) + b"\5\0"),)
    ),
    "something behind the extensions": PARTS.changed(next_update=time(NOW), extensions=(crl_number(7), b"\5\0")),
}


@pytest.mark.parametrize("case", LOOSE)
def test_what_is_not_strict_der_is_refused(case: str) -> None:
    """BER forms, and what the structure of RFC 5280 section 5.1 has no place for."""
    with pytest.raises(UnreadableCrl):
        read_frame(BytesIO(crl_of(LOOSE[case])))


def test_signature_of_broken_octets_is_refused() -> None:
    """A BIT STRING with unused bits is no signature."""
    data = crl_of(PARTS)
    place = data.rindex(b"signature") - 1
    assert data[place] == 0

    with pytest.raises(UnreadableCrl, match="whole octets"):
        read_frame(BytesIO(data[:place] + b"\1" + data[place + 1 : -1] + b"\0"))


def test_algorithm_must_be_named_alike_in_both_places() -> None:
    """Whatever the signature fits: who serves a CRL serves none whose two algorithms differ (RFC 5280 5.1.1.2)."""
    data = crl()
    other = object_identifier("1.2.840.10045.4.3.3")
    place = data.index(object_identifier("1.2.840.10045.4.3.2"))
    assert len(data[place : place + 10]) == len(other)
    # The inner one is signed, so that a CA would have to do this: the signature stands for one of its own.
    changed = data[:place] + other + data[place + 10 :]

    frame = read_frame(BytesIO(changed))

    assert frame.inner_algorithm != frame.outer_algorithm
    assert not frame.is_signed_by(AUTHORITY.certificate, BytesIO(changed))


def test_large_list_is_passed_over() -> None:
    """A frame of a large CRL reads a few kilobytes of it, wherever the list ends."""
    data = crl_of(PARTS.changed(listed=sequence(*(entry(serial, NOW) for serial in range(1, 200_000)))))
    stream = CountingStream(data)

    frame = read_frame(stream)

    assert frame.listed.stop - frame.listed.start > len(data) - 1000
    assert stream.octets < 5000


class CountingStream(BytesIO):
    """Counts what is read of it."""

    octets = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read, and count."""
        octets = super().read(size)
        self.octets += len(octets)
        return octets
