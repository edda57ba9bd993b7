"""What is written into a CRL's extensions is what `cryptography` reads there, for each kind of CRL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto.crl import IssuingDistributionPoint
from cryptography import x509

from crl_publisher.crl.builder import build
from crl_publisher.crl.crl_extensions import EXPIRED_CERTS_ON_CRL, NEXT_CRL_PUBLISH, CrlParameters
from crl_publisher.scope import CA, FULL, USERS, Part, Scope
from keys.identity import SigningIdentity
from pki_revocation.model import Issuer
from tests.crl_publisher.population import OneKey

NOW = datetime(2026, 11, 23, 14, 3, 22, tzinfo=UTC)
URL = "http://crl.example.nl/crl/issuing/7.crl"
SHARD = Scope(Part.SHARD, shard=7, url=URL)
SAYS = CrlParameters(number=1000, this_update=NOW, next_update=NOW + timedelta(days=2))


@pytest.fixture
def identity(one_key: OneKey, issuer: Issuer) -> SigningIdentity:
    """The CA's."""
    return one_key.crl_identity(issuer)


def extensions_of(identity: SigningIdentity, said: CrlParameters) -> dict[str, tuple[bool, x509.ExtensionType]]:
    """Criticality and value of each, by its OID."""
    crl = x509.load_der_x509_crl(build(identity, said, []))
    return {each.oid.dotted_string: (each.critical, each.value) for each in crl.extensions}


def test_complete_crl_says_who_and_which(identity: SigningIdentity) -> None:
    """The key identifier alone, and the number; nothing else, least of all a distribution point (BR 7.2.2)."""
    found = extensions_of(identity, SAYS)

    assert found == {
        "2.5.29.35": (False, x509.AuthorityKeyIdentifier(identity.subject_key_identifier, None, None)),
        "2.5.29.20": (False, x509.CRLNumber(1000)),
    }


@pytest.mark.parametrize("number", [0, 127, 128, 1 << 64, (1 << 159) - 1])
def test_numbers_of_every_size(number: int, identity: SigningIdentity) -> None:
    """Up to 2^159 - 1, which takes 20 octets with its sign (RFC 5280 section 5.2.3)."""
    assert extensions_of(identity, replace(SAYS, number=number))["2.5.29.20"] == (False, x509.CRLNumber(number))


@pytest.mark.parametrize(("scope", "flag"), [(CA, "only_contains_ca_certs"), (USERS, "only_contains_user_certs")])
def test_parts_by_kind_say_what_they_contain(scope: Scope, flag: str, identity: SigningIdentity) -> None:
    """Critical, one flag, and no address (RFC 5280 section 5.2.5)."""
    critical, value = extensions_of(identity, replace(SAYS, scope=scope))["2.5.29.28"]

    assert critical
    assert isinstance(value, x509.IssuingDistributionPoint)
    flags = ("only_contains_ca_certs", "only_contains_user_certs", "only_contains_attribute_certs", "indirect_crl")
    assert [each for each in flags if getattr(value, each)] == [flag]
    assert (value.full_name, value.relative_name, value.only_some_reasons) == (None, None, None)


@pytest.mark.parametrize("scope", [SHARD, SHARD.delta])
def test_shard_names_its_address_octet_for_octet(scope: Scope, identity: SigningIdentity) -> None:
    """In the very encoding of the certificates' distribution point, also in its deltas (RFC 5280 section 5.2.5)."""
    said = replace(SAYS, scope=scope, base_number=999 if scope.is_delta else None)
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(URL)], None, None, None)
    in_certificate = x509.CRLDistributionPoints([point]).public_bytes()

    crl = x509.load_der_x509_crl(build(identity, said, []))

    extension = crl.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert extension.critical
    name = IssuingDistributionPoint.load(extension.value.public_bytes(), strict=True)["distribution_point"]
    assert name.dump() in in_certificate
    assert extension.value.full_name == [x509.UniformResourceIdentifier(URL)]
    assert not extension.value.only_contains_user_certs


def test_delta_names_its_base_critically(identity: SigningIdentity) -> None:
    """RFC 5280 section 5.2.4; and it points to no fresher one (section 5.2.6)."""
    found = extensions_of(identity, replace(SAYS, scope=FULL.delta, base_number=(1 << 150) + 1))

    assert found["2.5.29.27"] == (True, x509.DeltaCRLIndicator((1 << 150) + 1))
    assert set(found) == {"2.5.29.35", "2.5.29.20", "2.5.29.27"}


def test_complete_crl_points_to_its_deltas(identity: SigningIdentity) -> None:
    """Not critical, one address, neither reasons nor another issuer (RFC 5280 section 5.2.6)."""
    critical, value = extensions_of(identity, replace(SAYS, freshest=URL))["2.5.29.46"]

    assert not critical
    assert value == x509.FreshestCRL([x509.DistributionPoint([x509.UniformResourceIdentifier(URL)], None, None, None)])


@pytest.mark.parametrize(
    ("moment", "as_time"),
    [(NOW, b"\x17\x0d261123140322Z"), (NOW.replace(year=2050), b"\x18\x0f20501123140322Z")],
)
def test_other_extensions(moment: datetime, as_time: bytes, identity: SigningIdentity) -> None:
    """Microsoft's next publication is a Time; since when expired ones stay listed, always a GeneralizedTime."""
    found = extensions_of(identity, replace(SAYS, next_publish=moment, expired_kept_since=moment))

    for oid, value in ((NEXT_CRL_PUBLISH, as_time), (EXPIRED_CERTS_ON_CRL, f"\x18\x0f{moment:%Y%m%d%H%M%S}Z".encode())):
        assert found[oid] == (False, x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), value))
