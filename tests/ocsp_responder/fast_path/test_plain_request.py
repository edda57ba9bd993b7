"""Which requests mean one certificate and nothing else."""

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from ocsp_responder.fast_path.plain_request import PlainRequests, is_plain
from ocsp_responder.request.message import parse_request
from pki_revocation.encoding.der import extension, tlv
from pki_revocation.model import Issuer
from tests.ocsp_responder import messages
from tests.pki import CertificateAuthority

AUTHORITY = CertificateAuthority("Plain CA")
ISSUER = Issuer(id=1, name="issuing", certificate_der=AUTHORITY.certificate.public_bytes(Encoding.DER))


@given(serial=st.integers(1, (1 << 159) - 1))
def test_all_of_them_are_named(serial: int) -> None:
    """Four hashes with absent and NULL parameters: each is plain, and reads as what it was made of."""
    named = PlainRequests(ISSUER).about(serial)

    asked = {
        messages.ocsp_request(messages.single(messages.cert_id_of(ISSUER, serial, name, parameters)))
        for name in ("sha1", "sha256", "sha384", "sha512")
        for parameters in (b"", tlv(0x05))
    }
    assert set(named) == asked
    assert all(is_plain(request) for request in named)
    assert {parse_request(request).cert_ids[0].serial for request in named} == {serial}


@pytest.mark.parametrize(
    "request_der",
    [
        messages.ocsp_request(messages.single(messages.cert_id()), messages.single(messages.cert_id())),
        messages.ocsp_request(messages.single(messages.cert_id()), extensions=(messages.nonce(bytes(16)),)),
        messages.ocsp_request(messages.single(messages.cert_id(), extension(messages.OF_NOBODY, b""))),
        messages.ocsp_request(messages.single(messages.cert_id()), before=messages.REQUESTOR),
        messages.ocsp_request(messages.single(messages.cert_id()), after=messages.SIGNATURE),
        messages.ocsp_request(messages.single(messages.cert_id())) + b"\0",
        b"",
        b"\x30",
    ],
    ids=["two", "nonce", "single extension", "requestor", "signature", "trailing", "nothing", "cut off"],
)
def test_anything_more_is_not_plain(request_der: bytes) -> None:
    """Each of these can be varied without end."""
    assert not is_plain(request_der)
