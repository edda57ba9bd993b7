"""CRL numbers of CRLs that another product published in the CA's name: ours go on from there."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import NumberExhausted
from crl_publisher.issuing.issuance import CrlIssuance
from pki_revocation.encoding.der import object_identifier, sequence, time
from pki_revocation.model import Issuer
from tests.crl_publisher.crafted import Parts, crl_number, key_identifier
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("bits", [63, 64, 150, 158])
def test_public_number_of_any_size_is_followed_by_the_next(
    bits: int,
    issuance: CrlIssuance,
    issuer: Issuer,
    authority: CertificateAuthority,
    public_file: Path,
    clock: FakeClock,
) -> None:
    """What another product published before ours: its numbers go on (RFC 5280 section 5.2.3: 20 octets)."""
    number = (1 << bits) + 12345
    public_file.parent.mkdir(parents=True)
    public_file.write_bytes(numbered(authority, number, clock))

    first, second = issuance.publish(issuer), issuance.publish(issuer)

    assert (first.number, second.number) == (number + 1, number + 2)
    assert parse_crl(public_file.read_bytes()).number == number + 2
    assert first.as_json()["number"] == number + 1


@pytest.mark.parametrize("number", [(1 << 159) - 1, 1 << 160, 1 << 200], ids=["159 bits", "161 bits", "201 bits"])
def test_public_number_that_nothing_can_follow_is_refused(
    number: int,
    issuance: CrlIssuance,
    issuer: Issuer,
    authority: CertificateAuthority,
    public_file: Path,
    clock: FakeClock,
) -> None:
    """With one sentence; also one that no CRL of ours could have (BR 7.2.2)."""
    public_file.parent.mkdir(parents=True)
    public_file.write_bytes(numbered(authority, number, clock))

    with pytest.raises(NumberExhausted, match=r"2\^159"):
        issuance.publish(issuer)

    assert parse_crl(public_file.read_bytes()).number == number


def numbered(authority: CertificateAuthority, number: int, clock: FakeClock) -> bytes:
    """A CRL of the CA's that was made elsewhere."""
    parts = Parts(
        algorithm=sequence(object_identifier("1.2.840.10045.4.3.2")),
        issuer=authority.certificate.subject.public_bytes(),
        this_update=time(clock.now() - HOUR),
        next_update=time(clock.now() + HOUR),
        listed=b"",
        extensions=(key_identifier(authority.ski.digest), crl_number(number)),
    )
    return parts.signed_by(_Key(authority))  # type: ignore[arg-type] # it signs as an identity does


class _Key:
    def __init__(self, authority: CertificateAuthority) -> None:
        self._key = authority.key

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data, ec.ECDSA(hashes.SHA256()))
