"""The air-gapped side: nothing is signed unless key, certificate and request belong together."""

from datetime import timedelta

import pytest

from crl_publisher.crl.builder import to_be_signed
from crl_publisher.crl.crl_extensions import CrlParameters
from crl_publisher.crl.reading import parse_crl
from crl_publisher.errors import UnreadableRequest
from crl_publisher.offline.requesting import RequestedCrl, SigningRequests
from crl_publisher.offline.signing import sign, signer_of
from crl_publisher.offline.signing_request import SigningRequest
from keys.algorithms import algorithm_for
from keys.demo.hierarchy import make_root
from keys.errors import UnusableKey
from keys.files.file_key import KEY_TYPES
from pki_revocation.model import Issuer
from tests.crl_publisher.offline.ceremony import Ceremony
from tests.crl_publisher.population import Population
from tests.fakes import FakeClock
from tests.pki import CertificateAuthority


def test_signed_crl_is_the_request_and_a_signature(
    requesting: SigningRequests, issuer: Issuer, population: Population, ceremony: Ceremony
) -> None:
    """Octet for octet; OpenSSL verifies it."""
    population.issue_revoked(2)
    request = requesting.request(issuer, RequestedCrl())

    data = ceremony.sign(request)

    assert data[parse_crl(data).frame.signed] == request.to_be_signed
    (ceremony.folder / "signed.crl").write_bytes(data)
    assert "verify OK" in ceremony.openssl("crl", "-inform", "DER", "-in", "signed.crl", "-CAfile", "ca.pem", "-noout")


def test_another_authority_is_refused(requesting: SigningRequests, issuer: Issuer) -> None:
    """The request names its CA."""
    other = CertificateAuthority("Another CA")

    with pytest.raises(UnreadableRequest, match="that of CN=Another CA"):
        signer_of(requesting.request(issuer, RequestedCrl()), other.key, other.certificate)


def test_another_key_of_the_same_name_is_refused(requesting: SigningRequests, issuer: Issuer) -> None:
    """A CA that got a new key is another issuer."""
    renewed = CertificateAuthority("Demo Zorgverzekeraars CA")

    with pytest.raises(UnreadableRequest, match="another key"):
        signer_of(requesting.request(issuer, RequestedCrl()), renewed.key, renewed.certificate)


def test_key_that_is_not_the_certificates_is_refused(
    requesting: SigningRequests, issuer: Issuer, authority: CertificateAuthority
) -> None:
    """Before anything is signed."""
    with pytest.raises(UnusableKey, match="does not belong"):
        signer_of(requesting.request(issuer, RequestedCrl()), CertificateAuthority("x").key, authority.certificate)


def test_certificate_that_ended_before_the_crl_begins_is_refused(
    requesting: SigningRequests, issuer: Issuer, authority: CertificateAuthority, clock: FakeClock
) -> None:
    """By the request's own time: the machine's clock is not asked."""
    clock.advance(timedelta(days=3650))

    with pytest.raises(UnusableKey, match="not now"):
        signer_of(requesting.request(issuer, RequestedCrl()), authority.key, authority.certificate)


@pytest.mark.parametrize("key_type", KEY_TYPES)
def test_every_type_of_key_signs(key_type: str, clock: FakeClock) -> None:
    """Also those that sign the octets whole."""
    root = make_root(key_type, clock.now())
    algorithm = algorithm_for(root.key.public_key())
    said = CrlParameters(number=7, this_update=clock.now(), next_update=clock.now() + timedelta(days=90))
    request = SigningRequest(to_be_signed(root.certificate, algorithm.identifier, said, []))

    data = sign(request, signer_of(SigningRequest.from_text(request.to_text()), root.key, root.certificate))

    assert parse_crl(data).is_signed_by(root.certificate)


def test_algorithm_that_the_key_may_not_use_is_refused(clock: FakeClock, authority: CertificateAuthority) -> None:
    """BR 7.1.3.2: P-256 signs with SHA-256."""
    rsa = algorithm_for(make_root("rsa2048", clock.now()).key.public_key())
    said = CrlParameters(number=7, this_update=clock.now(), next_update=clock.now() + timedelta(days=90))
    request = SigningRequest(to_be_signed(authority.certificate, rsa.identifier, said, []))

    with pytest.raises(UnreadableRequest, match="algorithm"):
        signer_of(request, authority.key, authority.certificate)
