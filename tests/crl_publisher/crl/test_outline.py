"""The outline of a CRL says what a whole reading says, and refuses what is cut, grown or signed by others."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from crl_publisher.crl.outline import read_outline
from crl_publisher.errors import UnreadableCrl
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
def test_outline_agrees_with_a_whole_reading(entries: int, number: int | None, until: datetime) -> None:
    """With and without a list, a number, and a year that needs GeneralizedTime."""
    data = crl(entries, number=number, until=until)
    parsed = x509.load_der_x509_crl(data)

    outline = read_outline(BytesIO(data))

    assert outline.number == number
    assert outline.this_update == parsed.last_update_utc
    assert outline.next_update == parsed.next_update_utc == until
    assert outline.issuer == parsed.issuer.public_bytes()
    assert outline.signature == parsed.signature
    assert data[outline.signed_from : outline.signed_to] == parsed.tbs_certlist_bytes
    assert outline.is_signed_by(AUTHORITY.certificate, BytesIO(data))
    assert outline.has_entries is bool(entries)
    rest = x509.load_der_x509_crl(outline.rest)
    assert len(rest) == 0
    assert list(rest.extensions) == list(parsed.extensions)
    assert rest.next_update_utc == until


def test_times_of_the_last_century_are_of_the_last_century() -> None:
    """Two digits from 50 to 68, which Python would put into the next one (RFC 5280 section 4.1.2.5.1)."""
    data = crl().replace(b"260101000000Z", b"500101000000Z")

    assert read_outline(BytesIO(data)).this_update == datetime(1950, 1, 1, tzinfo=UTC)


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

    assert read_outline(BytesIO(data)).is_signed_by(certificate, BytesIO(data))
    assert not read_outline(BytesIO(changed)).is_signed_by(certificate, BytesIO(changed))
    assert not read_outline(BytesIO(data)).is_signed_by(CertificateAuthority("Other").certificate, BytesIO(data))


# One and the same for all examples: the signature's length is a matter of chance.
WHOLE = crl()


@given(st.data())
def test_no_piece_of_a_crl_is_one(data: st.DataObject) -> None:
    """Cut anywhere, or with anything behind it: refused."""
    cut = data.draw(st.integers(0, len(WHOLE) - 1))
    after = data.draw(st.binary(min_size=1, max_size=3))

    for octets in (WHOLE[:cut], WHOLE + after):
        with pytest.raises(UnreadableCrl):
            read_outline(BytesIO(octets))


@given(st.binary(max_size=200))
def test_nothing_else_is_a_crl(octets: bytes) -> None:
    """Whatever it is, one refusal and no other error."""
    with pytest.raises(UnreadableCrl):
        read_outline(BytesIO(octets))


@given(st.data())
def test_changed_octets_are_refused_or_not_signed(data: st.DataObject) -> None:
    """One octet of the CRL changed: no other error than the refusal, and never a signature that fits."""
    whole = bytearray(WHOLE)
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    try:
        outline = read_outline(BytesIO(bytes(whole)))
    except UnreadableCrl:
        return
    assert not outline.is_signed_by(AUTHORITY.certificate, BytesIO(bytes(whole)))
