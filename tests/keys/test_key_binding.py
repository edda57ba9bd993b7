"""A key that its certificate binds to RSASSA-PSS signs and verifies so alone (RFC 4055 sections 1.2 and 3.1)."""

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from keys.algorithms import SignatureName, algorithm_for, algorithm_of, algorithms_for, verifiable
from keys.config import KeySettings
from keys.delegation.certificate import issue_delegate
from keys.description import describe
from keys.errors import UnusableKey
from keys.files.file_key import KeyFile, save_key
from keys.identity import Purpose, identify
from keys.keyring import Keyring
from pki_revocation.database.engine import Database
from pki_revocation.encoding.declared import octets, values_of
from pki_revocation.encoding.der import explicit, integer, object_identifier, sequence
from pki_revocation.model import Issuer
from pki_revocation.register.issuer_changes import IssuerChanges
from pki_revocation.register.issuers import all_issuers
from tests.bound_authorities import (
    PSS,
    RSA_ENCRYPTION,
    UNBOUND,
    BoundAuthority,
    delegate_extensions,
    hash_identifier,
    pss,
)
from tests.fakes import FakeClock
from tests.pki import DAY, EPOCH

KEY = rsa.generate_private_key(65537, 2048)
OTHER = rsa.generate_private_key(65537, 2048)


def signature_algorithm(certificate: x509.Certificate) -> bytes:
    """The AlgorithmIdentifier beside its signature."""
    return octets(values_of(certificate.public_bytes(Encoding.DER))[1])


ALL_PSS = tuple(f"RSASSA-PSS with SHA-{bits}" for bits in (256, 384, 512))


def shown(value: object) -> str | None:
    """A parameter's name: the end of its octets, where they differ."""
    return value.hex()[-40:] if isinstance(value, bytes) else None


@pytest.mark.parametrize(
    ("algorithm", "names"),
    [
        (RSA_ENCRYPTION, (*(f"RSA with SHA-{bits}" for bits in (256, 384, 512)), *ALL_PSS)),
        (UNBOUND, ALL_PSS),
        (pss("sha256", 32), ALL_PSS[:1]),
        (pss("sha384", 48), ALL_PSS[1:2]),
        (pss("sha512", 64), ALL_PSS[2:]),
        (pss("sha384", None), ALL_PSS[1:2]),
        (pss("sha256", None), ALL_PSS[:1]),
        (pss("sha256", 0), ALL_PSS[:1]),
        (pss("sha384", 48, null=False), ALL_PSS[1:2]),
        (pss("sha512", 64, trailer=1), ALL_PSS[2:]),
    ],
    ids=shown,
)
def test_certificate_says_how_its_key_signs(algorithm: bytes, names: tuple[str, ...]) -> None:
    """The first is what is signed with where nothing is configured; verifying takes the same and no other."""
    certificate = BoundAuthority(algorithm, KEY).certificate
    found = algorithms_for(certificate)

    assert tuple(each.name for each in found) == names
    assert verifiable(certificate) == found
    assert algorithm_for(certificate) is found[0]
    for each in algorithms_for(KEY.public_key()):
        if each.name in names:
            assert algorithm_of(each.identifier, certificate) is each
        else:
            with pytest.raises(UnusableKey, match="none that its signer's key may sign with"):
                algorithm_of(each.identifier, certificate)


@pytest.mark.parametrize(
    "algorithm",
    [
        sequence(PSS, sequence()),
        pss("sha256", 65),
        pss("sha256", 33),
        pss("sha384", 64),
        pss("sha512", 48, mask="sha384"),
        pss("sha256", 32, mask="sha512"),
        pss("sha256", 32, trailer=2),
        sequence(PSS, sequence(explicit(0, hash_identifier("sha256")))),
        sequence(
            PSS,
            sequence(
                explicit(0, hash_identifier("sha256")),
                explicit(1, sequence(object_identifier("1.2.3"), hash_identifier("sha256"))),
                explicit(2, integer(32)),
            ),
        ),
    ],
    ids=shown,
)
def test_binding_that_no_signature_here_keeps_to(algorithm: bytes) -> None:
    """SHA-1, two hashes, a longer salt or another mask: nothing is signed, and it is said why."""
    certificate = BoundAuthority(algorithm, KEY).certificate
    with pytest.raises(UnusableKey, match=r"binds its key to RSASSA-PSS.*BR 7\.1\.3\.2\.1"):
        algorithms_for(certificate)
    with pytest.raises(UnusableKey, match="binds its key"):
        identify(KEY, certificate, Purpose.CRL, issuer=certificate, now=EPOCH + DAY)


@pytest.mark.parametrize("named", [SignatureName.PKCS1, SignatureName.PKCS1_SHA384, SignatureName.PSS])
def test_setting_that_the_certificate_forbids(named: SignatureName) -> None:
    """What is configured does not win over what is certified: OpenSSL would refuse every CRL."""
    certificate = BoundAuthority(pss("sha384", 48), KEY).certificate
    with pytest.raises(UnusableKey, match=f"'{named}' is not for this key.*RSASSA-PSS with SHA-384"):
        identify(KEY, certificate, Purpose.CRL, issuer=certificate, now=EPOCH + DAY, signature=named)


def test_identity_signs_and_certifies_as_it_is_bound(tmp_path: Path, clock: FakeClock) -> None:
    """CRLs, delegates and the CA's own OCSP answers, with the hash of its parameters and nothing configured."""
    authority = BoundAuthority(pss("sha384", 48), KEY)
    issuer = Issuer(id=1, name="issuing", certificate_der=authority.certificate.public_bytes(Encoding.DER))
    save_key(KEY, tmp_path / "ca.key")
    settings = KeySettings(crl_key="ca.key", ocsp_key="ca.key", unencrypted=True)
    keyring = Keyring(settings={"issuing": settings}, directory=tmp_path, clock=clock)
    identity = keyring.crl_identity(issuer)
    delegate = issue_delegate(identity, OTHER.public_key(), now=clock.now(), lifetime=DAY)

    assert identity.algorithm.name == "RSASSA-PSS with SHA-384"
    assert identity.algorithms == keyring.ocsp_identity(issuer).algorithms == (identity.algorithm,)
    delegate.verify_directly_issued_by(authority.certificate)
    assert algorithm_of(signature_algorithm(delegate), authority.certificate) is identity.algorithm
    description = describe(KeyFile(tmp_path / "ca.key", unencrypted=True), authority.certificate)
    assert description.signs == ("RSASSA-PSS with SHA-384",)


def test_delegate_that_is_bound(clock: FakeClock) -> None:
    """An `ocsp_key` whose certificate binds it, of a CA that does not bind its own."""
    authority = BoundAuthority(RSA_ENCRYPTION, KEY)
    certificate = authority.issue(clock.now(), pss("sha512", 64), OTHER, *delegate_extensions())
    identity = identify(OTHER, certificate, Purpose.OCSP, issuer=authority.certificate, now=clock.now())

    assert [each.name for each in identity.algorithms] == ["RSASSA-PSS with SHA-512"]


def test_renewal_that_binds_the_key_takes_over(database: Database, tmp_path: Path, clock: FakeClock) -> None:
    """One RSA key under rsaEncryption, then under id-RSASSA-PSS, is one CA; it signs as the newest certificate says."""
    authority = BoundAuthority(RSA_ENCRYPTION, KEY)
    later = authority.certified(pss("sha384", 48), clock.now() + DAY, clock.now() + 900 * DAY)
    changes = IssuerChanges(clock)
    with database.write() as connection:
        changes.add(connection, authority.certificate, name="issuing", makes_default=True)
        changes.renew(connection, "issuing", later, takes_other_identifier=False)
        (issuer,) = all_issuers(connection)
    save_key(KEY, tmp_path / "ca.key")
    keyring = Keyring(
        settings={"issuing": KeySettings(crl_key="ca.key", unencrypted=True)}, directory=tmp_path, clock=clock
    )
    before = keyring.crl_identity(issuer)
    clock.advance(2 * DAY)
    after = keyring.crl_identity(issuer)

    assert (before.certificate, before.algorithm.name) == (authority.certificate, "RSA with SHA-256")
    assert (after.certificate, after.algorithm.name) == (later, "RSASSA-PSS with SHA-384")
